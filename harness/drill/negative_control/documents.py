"""A negative control in the search: a document less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from random import Random

from harness.base.model import IndexState
from harness.checks.evidence import Evidence
from harness.drill.negative_control.broken import CONTROL_S, Break, Broken, Target


@contextmanager
def remove(target: Target, rng: Random) -> Iterator[Broken | None]:
    """Delete a document of an index that was complete."""
    evidence, server = target.evidence, target.stack.meilisearch
    expected = {rows.index: rows.ids for rows in evidence.search.searchable if rows.imported and len(rows.ids)}
    complete = [index for index in evidence.search.actual.indexes if expected.get(index.name) == index.ids]
    if not complete:
        yield None
        return
    index = rng.choice(complete)
    key = next(islice(index.ids, rng.randrange(len(index.ids)), None))
    limit_s = CONTROL_S
    document = server.document(index.name, str(key))
    server.delete_document(index.name, str(key), timeout_s=limit_s)
    try:
        now = replace(index, ids=server.ids(index.name, index.primary_key), documents=index.documents - 1)
        yield Broken(index.name, f"document {key} deleted", "search-documents", _with(target, now))
    finally:
        server.put_document(index.name, document, timeout_s=limit_s)


def _with(target: Target, now: IndexState) -> Evidence:
    evidence = target.evidence
    actual = evidence.search.actual
    indexes = tuple(now if index.name == now.name else index for index in actual.indexes)
    return replace(evidence, search=replace(evidence.search, actual=replace(actual, indexes=indexes)))


DOCUMENTS: dict[str, Break] = {"document-deleted": remove}

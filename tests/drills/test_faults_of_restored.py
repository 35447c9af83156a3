"""Faults of the restored instance and of the source do what they say, on either runtime; each is put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from harness.artifacts.storage.names import coded
from harness.base.model import Change, FileState
from harness.base.wait import wait_until
from harness.checks.evidence import DocumentDifference
from harness.drill.steps.documents import DocumentComparison
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.injection_points import InjectionPoint
from harness.procedure.backup.scan import scan
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name
from tests.drills.conftest import Restoration

pytestmark = pytest.mark.xdist_group("restoration")


def put_in(restoration: Restoration, name: str, **options: object) -> Change:
    """Put a fault into the restored target, and return the one thing that it did."""
    drill, fault = restoration.drill, FAULTS[name]
    context = FaultContext(InjectionPoint.RESTORED, drill.plan.store.directory, drill.limits, _stack=restoration.target)
    with fault.inject(context, Random(f"1:{name}"), fault.options.model_validate(options)):
        pass
    (change,) = context.changes
    return change


def rows(restoration: Restoration, table: str) -> dict[int, tuple[Any, ...]]:
    mysql = restoration.target.mysql
    with mysql.session(database=mysql.database) as session:
        return {int(row[0]): tuple(row) for row in session.rows(f"SELECT * FROM {quote_name(table)}")}


def files(restoration: Restoration) -> dict[bytes, FileState]:
    apiary = restoration.target.apiary
    return {entry.path: entry for entry in scan(apiary.storage_host, apiary.storage_root)}


@contextmanager
def table_put_back(restoration: Restoration, table: str) -> Iterator[None]:
    mysql = restoration.target.mysql
    name, saved = quote_name(table), quote_name("saved", table)
    with mysql.session(database=mysql.database) as session:
        session.execute("SET foreign_key_checks = 0")
        for statement in (
            "CREATE DATABASE saved",
            f"CREATE TABLE {saved} LIKE {name}",
            f"INSERT INTO {saved} SELECT * FROM {name}",
        ):
            session.execute(statement)
        try:
            yield
        finally:
            for statement in (
                f"DELETE FROM {name}",
                f"INSERT INTO {name} SELECT * FROM {saved}",
                "DROP DATABASE saved",
                f"ALTER TABLE {name} AUTO_INCREMENT = {restoration.counter(table)}",
            ):
                session.execute(statement)


def differing(before: dict[Any, Any], after: dict[Any, Any]) -> set[Any]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def test_remove_row(restoration: Restoration) -> None:
    before = rows(restoration, "rsvps")
    with table_put_back(restoration, "rsvps"):
        change = put_in(restoration, "remove-row")
        after = rows(restoration, "rsvps")
    (key,) = differing(before, after)
    assert (len(after), change) == (len(before) - 1, Change("row", "rsvps", f"key {key} deleted"))


def test_replace_row(restoration: Restoration) -> None:
    before = rows(restoration, "rsvps")
    with table_put_back(restoration, "rsvps"):
        change = put_in(restoration, "replace-row")
        after = rows(restoration, "rsvps")
    old, new = sorted(differing(before, after))
    assert (len(after), after[new][1:]) == (len(before), before[old][1:])
    assert change == Change("row", "rsvps", f"key {old} is {new} now")


def test_change_cell(restoration: Restoration) -> None:
    before = rows(restoration, "majors")
    with table_put_back(restoration, "majors"):
        change = put_in(restoration, "change-cell")
        after = rows(restoration, "majors")
    (key,) = differing(before, after)
    ((old, new),) = [pair for pair in zip(before[key], after[key], strict=True) if pair[0] != pair[1]]
    assert (new, change) == (old[:-1], Change("cell", "majors.display_name", f"key {key}, its last letter taken away"))


def test_change_file(restoration: Restoration) -> None:
    """Size and times stay; putting the same fault in again puts the bit back."""
    before = files(restoration)
    change = put_in(restoration, "change-file")
    after = files(restoration)
    assert put_in(restoration, "change-file") == change
    (path,) = differing(before, after)
    assert (before[path].size_bytes, before[path].mtime_s) == (after[path].size_bytes, after[path].mtime_s)
    assert before[path].sha256 != after[path].sha256
    assert change == Change("file", coded(path), "lowest bit of its last byte flipped, size and times unchanged")
    assert files(restoration) == before


def test_remove_file(restoration: Restoration) -> None:
    """In a directory of the drill's own, so that it can be put back."""
    apiary = restoration.target.apiary
    host, root = apiary.storage_host, f"{apiary.storage_root}/own"
    assert run(host, ["sh", "-ec", 'mkdir "$1"; echo a > "$1/a"; echo b > "$1/b"', "sh", root]).exit_status == 0
    try:
        before = files(restoration)
        change = put_in(restoration, "remove-file", directory="own")
        (path,) = differing(before, files(restoration)) - {b"own"}
        assert path in (b"own/a", b"own/b")
        assert change == Change("file", coded(path), "deleted")
    finally:
        run(host, ["rm", "-r", root])


def test_change_document(restoration: Restoration) -> None:
    """One field of one document, and the drill compares it with its row."""
    server = restoration.target.meilisearch
    index = server.client().index("apiary_teams")

    def documents() -> dict[int, dict[str, Any]]:
        return {one["id"]: one for one in index.http.get(f"indexes/{index.uid}/documents?limit=1000")["results"]}

    def differences() -> dict[str, DocumentDifference]:
        mysql, prefix = restoration.target.mysql, restoration.target.apiary.search_prefix
        with mysql.session() as session:
            comparison = DocumentComparison(session, mysql.database, server, prefix)
            assert server.state(comparison.ids) == server.state(), "the ids are those that are read without comparing"
        return {difference.index: difference for difference in comparison.differences() if difference.differing}

    before = documents()
    assert differences() == {}
    change = put_in(restoration, "change-document")
    after = documents()
    found = differences()
    (key,) = differing(before, after)
    index.add_documents([before[key]], primary_key="id")
    wait_until(lambda: server.pending_tasks() == 0, what="search", timeout_s=60)
    assert after[key] == {**before[key], "name": f"{before[key]['name']}x"}
    assert change == Change("document", index.uid, f"id {key}, a letter added to name")
    (difference,) = found.values()
    assert (difference.index, difference.differing, difference.fields, list(difference.ids)) == (
        index.uid,
        1,
        ("name",),
        [key],
    )
    assert differences() == {}


def test_remove_document(restoration: Restoration) -> None:
    server = restoration.target.meilisearch
    index = server.client().index("apiary_dues_transactions")

    def documents() -> dict[int, str]:
        page = index.http.get(f"indexes/{index.uid}/documents?limit=100000")["results"]
        return {document["id"]: json.dumps(document, sort_keys=True) for document in page}

    before = documents()
    change = put_in(restoration, "remove-document")
    after = documents()
    (key,) = differing(before, after)
    index.add_documents([json.loads(before[key])], primary_key="id")
    wait_until(lambda: server.pending_tasks() == 0, what="search", timeout_s=60)
    assert (key in after, change) == (False, Change("document", index.uid, f"id {key} deleted"))
    assert documents() == before

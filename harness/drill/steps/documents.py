"""What documents of the search say, against the rows that they were made of: texts that both have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from harness.base import guide
from harness.base.model import IdSet, SearchState
from harness.checks.evidence import DocumentDifference
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.mysql_content import read_shapes

IDS_LISTED = 5
_TEXTS = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"))
_PAGE = 500
_RARE = 10
"""Where more than one text in so many differs, the application writes that field in its own way: no damage does."""


def document_differences(
    session: Session, database: str, server: MeilisearchServer, state: SearchState, prefix: str
) -> tuple[DocumentDifference, ...]:
    """Compare every document with its row, page by page; one result for each index that has any.

    A field is compared where it has the name of a text column and both hold a text. The rows are those of now,
    so the application must not be writing.

    Raises:
        ServerFailed: the search does not answer.
    """
    texts = {
        shape.name: tuple(name for name, kind in shape.columns if kind in _TEXTS)
        for shape in read_shapes(session, database)
    }
    there = {index.name for index in state.indexes}
    return tuple(
        _differences(session, database, server, prefix, model, texts[model.table])
        for model in guide.IMPORTED_MODELS
        if model.from_database and texts.get(model.table) and prefix + model.table in there
    )


def _differences(
    session: Session,
    database: str,
    server: MeilisearchServer,
    prefix: str,
    model: guide.SearchModel,
    columns: Sequence[str],
) -> DocumentDifference:
    index, key = prefix + model.table, model.primary_key
    compared, differing = Counter[str](), Counter[str]()
    ids: dict[str, list[str]] = {}
    picked = ", ".join(quote_name(name) for name in (key, *columns))
    for page in server.documents(index, (key, *columns), limit=_PAGE):
        documents = {str(document[key]): document for document in page}
        rows = session.rows(
            f"SELECT {picked} FROM {quote_name(database, model.table)}"
            f" WHERE {quote_name(key)} IN ({', '.join(['%s'] * len(documents))})",
            tuple(documents),
        )
        for name, found, same in _pairs(documents, rows, columns):
            compared[name] += 1
            if not same:
                differing[name] += 1
                listed = ids.setdefault(name, [])
                if len(listed) < IDS_LISTED:
                    listed.append(found)
    fields = tuple(sorted(name for name, count in differing.items() if count * _RARE <= compared[name]))
    named = {identifier for name in fields for identifier in ids[name]}
    return DocumentDifference(
        index=index,
        compared=sum(count for name, count in compared.items() if differing[name] * _RARE <= count),
        differing=sum(differing[name] for name in fields),
        fields=fields,
        ids=IdSet.of(sorted((int(one) if one.isdecimal() else one for one in named), key=str)),
    )


def _pairs(
    documents: dict[str, dict[str, Any]], rows: Iterator[tuple[Any, ...]], columns: Sequence[str]
) -> Iterator[tuple[str, str, bool]]:
    """Field, id, and whether document and row say the same."""
    for identifier, *values in rows:
        document = documents.get(str(identifier), {})
        for name, value in zip(columns, values, strict=True):
            told = document.get(name)
            if isinstance(told, str) and isinstance(value, str):
                yield name, str(identifier), told == value

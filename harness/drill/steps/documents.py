"""What documents of the search say, against the rows that they were made of: texts that both have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from harness.base import guide
from harness.base.aside import one_ahead
from harness.base.model import IdSet
from harness.checks.evidence import DocumentDifference
from harness.runtime.services.meilisearch import MeilisearchServer, id_of
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.mysql_content import read_shapes

IDS_LISTED = 5
_TEXTS = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"))
_PAGE = 1000
_RARE = 10
"""Where more than one text in so many differs, the application writes that field in its own way: no damage does."""


class DocumentComparison:
    """Compares every document with its row while the ids of an index are read: no document is read twice.

    A field is compared where it has the name of a text column and both hold a text. The rows are those of now,
    so the application must not be writing.
    """

    def __init__(self, session: Session, database: str, server: MeilisearchServer, prefix: str) -> None:
        self._session, self._database, self._server = session, database, server
        texts = {
            shape.name: tuple(name for name, kind in shape.columns if kind in _TEXTS)
            for shape in read_shapes(session, database)
        }
        self._models = {
            prefix + model.table: (model, texts[model.table])
            for model in guide.IMPORTED_MODELS
            if model.from_database and texts.get(model.table)
        }
        self._found: dict[str, DocumentDifference] = {}

    def ids(self, index: str, primary_key: str | None) -> IdSet:
        """The ids of an index, its documents compared on the way; for `MeilisearchServer.state`.

        Raises:
            ServerFailed: the search does not answer.
        """
        if index not in self._models or primary_key is None:
            return self._server.ids(index, primary_key)
        model, columns = self._models[index]
        tally = _FieldTally(index)

        def compared() -> Iterator[int | str]:
            for page in one_ahead(self._server.documents(index, (primary_key, *columns), limit=_PAGE)):
                documents = {str(document.get(primary_key, "")): document for document in page}
                # Of most columns, documents say nothing.
                shown = [name for name in columns if any(isinstance(document.get(name), str) for document in page)]
                if shown and primary_key == model.primary_key:
                    tally.add(_pairs(documents, self._rows(model, documents, shown), shown))
                yield from map(id_of, documents)

        found = IdSet.of(compared())
        self._found[index] = tally.difference()
        return found

    def differences(self) -> tuple[DocumentDifference, ...]:
        """One for each index that was compared, in the order in which they are imported."""
        return tuple(self._found[index] for index in self._models if index in self._found)

    def _rows(
        self, model: guide.SearchModel, keys: Collection[str], columns: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        picked = ", ".join(quote_name(name) for name in (model.primary_key, *columns))
        return self._session.rows(
            f"SELECT {picked} FROM {quote_name(self._database, model.table)}"
            f" WHERE {quote_name(model.primary_key)} IN ({', '.join(['%s'] * len(keys))})",
            tuple(keys),
        )


class _FieldTally:
    """How many texts of each field were compared and differ, and the first ids of those that do."""

    def __init__(self, index: str) -> None:
        self._index = index
        self._compared, self._differing = Counter[str](), Counter[str]()
        self._ids: dict[str, list[str]] = {}

    def add(self, pairs: Iterable[tuple[str, str, bool]]) -> None:
        """Count field, id, and whether both say the same."""
        for name, found, same in pairs:
            self._compared[name] += 1
            if not same:
                self._differing[name] += 1
                listed = self._ids.setdefault(name, [])
                if len(listed) < IDS_LISTED:
                    listed.append(found)

    def difference(self) -> DocumentDifference:
        """What is held against the search: what differs in few texts of a field."""
        compared, differing = self._compared, self._differing
        fields = tuple(sorted(name for name, count in differing.items() if count * _RARE <= compared[name]))
        named = {identifier for name in fields for identifier in self._ids[name]}
        return DocumentDifference(
            index=self._index,
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
            indexed = document.get(name)
            if isinstance(indexed, str) and isinstance(value, str):
                yield name, str(identifier), indexed == value

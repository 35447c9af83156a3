"""What documents of the search say, against the rows that they were made of: texts that both have."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.base import guide
from harness.base.background import one_ahead
from harness.base.model import IdSet
from harness.checks.evidence import DocumentDifference
from harness.runtime.services.meilisearch import MeilisearchServer, id_of
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.mysql_content import read_shapes, sum_sql

IDS_LISTED = 5
_TEXTS = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"))
_PAGE = 2000
_RARE = 10
"""Where more than one text in so many differs, the application writes that field in its own way: no damage does."""


class DocumentComparison:
    """Compares every document with its row while the ids of an index are read: no document is read twice.

    A field is compared where it has the name of a text column and both hold a text. The server digests the rows of a
    page; the rows of an index travel only from the first page on whose digest differs. They are those of now, so the
    application must not be writing.
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
            by_digest = True
            for page in one_ahead(self._server.documents(index, (primary_key, *columns), limit=_PAGE)):
                documents = {str(document.get(primary_key, "")): document for document in page}
                # Of most columns, documents say nothing.
                shown = [name for name in columns if any(isinstance(document.get(name), str) for document in page)]
                if shown and primary_key == model.primary_key:
                    same = self._same_texts(model, documents, shown) if by_digest else None
                    if same is not None:
                        tally.add_same(same)
                    else:
                        by_digest = False
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
        return self._session.rows(f"SELECT {picked} {self._with_keys(model, keys)}", tuple(keys))

    def _same_texts(
        self, model: guide.SearchModel, documents: Mapping[str, Mapping[str, Any]], columns: Sequence[str]
    ) -> Mapping[str, int] | None:
        """How many texts each field has, if the rows have the same digest as their documents; else None."""
        texts, digest = _digest(documents, columns)
        return texts if self._digest(model, documents, columns) == digest else None

    def _digest(self, model: guide.SearchModel, keys: Collection[str], columns: Sequence[str]) -> tuple[int, int]:
        """Of the rows with these keys what the function `_digest` says of their documents."""
        key, *texts = (f"CONVERT({quote_name(name)} USING utf8mb4)" for name in (model.primary_key, *columns))
        row = ", ".join([key, "'|'", *(f"IFNULL(CONCAT(CHAR_LENGTH({text}), ':', {text}), 'N')" for text in texts)])
        rows, total = self._session.row(
            f"SELECT COUNT(h), {sum_sql(1)}"
            f" FROM (SELECT SHA2(CONCAT({row}), 256) AS h {self._with_keys(model, keys)}) AS digests",
            tuple(keys),
        )
        return int(rows), int(total or 0)

    def _with_keys(self, model: guide.SearchModel, keys: Collection[str]) -> str:
        marks = ", ".join(["%s"] * len(keys))
        return f"FROM {quote_name(self._database, model.table)} WHERE {quote_name(model.primary_key)} IN ({marks})"


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

    def add_same(self, texts: Mapping[str, int]) -> None:
        """Count so many texts of each field that say what their rows say."""
        self._compared.update(texts)

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


def _digest(
    documents: Mapping[str, Mapping[str, Any]], columns: Sequence[str]
) -> tuple[dict[str, int], tuple[int, int]]:
    """How many texts each field has; how many documents, and the sum of 64 bits of the SHA-256 of each.

    A document's bytes are its key and each column as `length:text`, or `N` where it has no text.
    """
    counts, total = dict.fromkeys(columns, 0), 0
    for key, document in documents.items():
        row = f"{key}|"
        for name in columns:
            value = document.get(name)
            if isinstance(value, str):
                counts[name] += 1
                row += f"{len(value)}:{value}"
            else:
                row += "N"
        # Half of a surrogate pair is in no row: its digest is another one.
        total += int.from_bytes(hashlib.sha256(row.encode(errors="surrogatepass")).digest()[:8], "big")
    return counts, (len(documents), total)


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

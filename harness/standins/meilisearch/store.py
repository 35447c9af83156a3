"""The indexes and their documents: SQLite holds them, the engine holds what is searchable in them.

A document has a number inside its index. Listing goes by number, which is the order of first arrival, and the
number is all that the engine knows of a document.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from harness.standins.meilisearch import clock
from harness.standins.meilisearch.connections import Database
from harness.standins.meilisearch.engine import Engine
from harness.standins.meilisearch.errors import ApiError, index_not_found
from harness.standins.meilisearch.index import SCHEMA, Index, index_of
from harness.standins.meilisearch.settings import Settings, defaults

_PAGE = 500
"""Identifiers per statement: SQLite binds at most 999 in its oldest builds."""

_REMEMBERED = 100
"""Answers and ends of pages that are kept, so that the next page of either is cheap."""


class IndexStore:
    """Everything about indexes that is on disk."""

    def __init__(self, directory: Path, engine: Engine) -> None:
        self._directory = directory / "indexes"
        self._directory.mkdir(exist_ok=True)
        self._engine = engine
        self._database = Database(directory / "documents.sqlite3", SCHEMA)
        self._anchors: dict[tuple[int, str, int], int] = {}
        self._answers: dict[tuple[int, str, str, int], list[int]] = {}
        self.sweep()

    def sweep(self) -> None:
        """Remove engine directories that belong to no index: it was deleted, or its creation rolled back."""
        known = {index.directory for index in self.indexes()}
        for path in self._directory.iterdir():
            if path.name not in known:
                self._engine.drop(path)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Everything inside becomes durable at once, or not at all."""
        return self._database.write()

    # indexes

    def indexes(self) -> list[Index]:
        """Every index, by uid."""
        rows = self._database.read().execute("SELECT * FROM indexes ORDER BY uid")
        return [index_of(row) for row in rows]

    def find(self, uid: str) -> Index | None:
        row = self._database.read().execute("SELECT * FROM indexes WHERE uid = ?", (uid,)).fetchone()
        return None if row is None else index_of(row)

    def get(self, uid: str) -> Index:
        """An index. Raises ApiError: index_not_found."""
        index = self.find(uid)
        if index is None:
            raise index_not_found(uid)
        return index

    def create(self, uid: str, primary_key: str | None) -> Index:
        """Make an index. Raises ApiError: index_already_exists."""
        if self.find(uid) is not None:
            raise ApiError("index_already_exists", f"Index `{uid}` already exists.")
        now = clock.now()
        with self._database.write() as connection:
            row_id = connection.execute(
                "INSERT INTO indexes (uid, primary_key, created_at, updated_at, settings, distribution, documents, "
                "top, directory) VALUES (?, ?, ?, ?, ?, '{}', 0, 0, ?)",
                (uid, primary_key, now, now, json.dumps(defaults()), str(uuid.uuid4())),
            ).lastrowid
            connection.execute(
                f"CREATE TABLE documents_{row_id} "
                "(number INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, line BLOB NOT NULL)"
            )
        return self.get(uid)

    def delete(self, index: Index) -> None:
        """Delete an index with its documents; its files in the engine go with `sweep`, after the commit."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM indexes WHERE id = ?", (index.id,))
            connection.execute(f"DROP TABLE {index.table}")

    def update(self, index: Index, **columns: str | int | None) -> Index:
        """Change columns of an index, and the time of its last update."""
        names = [*columns, "updated_at"]
        with self._database.write() as connection:
            connection.execute(
                f"UPDATE indexes SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",
                (*columns.values(), clock.now(), index.id),
            )
            row = connection.execute("SELECT * FROM indexes WHERE id = ?", (index.id,)).fetchone()
        return index_of(row)

    def restore_dates(self, index: Index, created_at: str, updated_at: str) -> None:
        """Give an index from a dump the times that it had."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE indexes SET created_at = ?, updated_at = ? WHERE id = ?", (created_at, updated_at, index.id)
            )

    def change_settings(self, index: Index, settings: Settings) -> Index:
        """Store settings; where other fields become searchable, index every document again."""
        changed = self.update(index, settings=json.dumps(settings, ensure_ascii=False))
        if settings["searchableAttributes"] != index.settings["searchableAttributes"] and index.documents:
            self._engine.clear(self._path(index))
            rows = self._database.read().execute(f"SELECT number, line FROM {index.table} ORDER BY number")
            while page := rows.fetchmany(20_000):
                self._engine.add(
                    self._path(index), settings["searchableAttributes"], [(row[0], row[1]) for row in page]
                )
        return changed

    # documents

    def put(self, index: Index, lines: dict[str, bytes]) -> Index:
        """Add or replace documents, in the engine first: if the server dies in between, the task runs again.

        Args:
            index: the index, with its primary key known.
            lines: one line of JSON for each identifier.
        """
        counts = Counter(index.distribution)
        rows: list[tuple[int, str, bytes]] = []
        top, added = index.top, 0
        known = {row[1]: (row[0], row[2]) for row in self._rows(index, lines)} if index.documents else {}
        for identifier, line in lines.items():
            counts.update(json.loads(line).keys())
            old = known.get(identifier)
            if old is None:
                top, added, number = top + 1, added + 1, top + 1
            else:
                number = old[0]
                counts.subtract(json.loads(old[1]).keys())
            rows.append((number, identifier, line))
        self._engine.add(self._path(index), index.settings["searchableAttributes"], [(row[0], row[2]) for row in rows])
        with self._database.write() as connection:
            connection.executemany(f"INSERT OR REPLACE INTO {index.table} VALUES (?, ?, ?)", rows)
            return self.update(index, distribution=_distribution(counts), documents=index.documents + added, top=top)

    def remove(self, index: Index, identifiers: Iterable[str]) -> tuple[Index, int]:
        """Delete documents by identifier; returns how many there were."""
        rows = self._rows(index, dict.fromkeys(identifiers))
        if not rows:
            return index, 0
        counts = Counter(index.distribution)
        for row in rows:
            counts.subtract(json.loads(row[2]).keys())
        self._engine.delete(self._path(index), [row[0] for row in rows])
        with self._database.write() as connection:
            connection.executemany(f"DELETE FROM {index.table} WHERE number = ?", [(row[0],) for row in rows])
            changed = self.update(index, distribution=_distribution(counts), documents=index.documents - len(rows))
        return changed, len(rows)

    def clear(self, index: Index) -> Index:
        """Delete every document."""
        if index.documents:
            self._engine.clear(self._path(index))
        with self._database.write() as connection:
            connection.execute(f"DELETE FROM {index.table}")
            return self.update(index, distribution="{}", documents=0)

    def line(self, index: Index, identifier: str) -> bytes | None:
        row = (
            self._database.read()
            .execute(f"SELECT line FROM {index.table} WHERE document_id = ?", (identifier,))
            .fetchone()
        )
        return None if row is None else bytes(row[0])

    def numbered(self, index: Index, numbers: list[int]) -> list[bytes]:
        """Documents by number, in the order of the numbers; missing ones are left out."""
        found: dict[int, bytes] = {}
        for start in range(0, len(numbers), _PAGE):
            page = numbers[start : start + _PAGE]
            query = f"SELECT number, line FROM {index.table} WHERE number IN ({_marks(page)})"
            found.update((row[0], row[1]) for row in self._database.read().execute(query, page))
        return [found[number] for number in numbers if number in found]

    def all_lines(self, index: Index) -> Iterator[bytes]:
        """Every document, in order, in constant memory."""
        for row in self._database.read().execute(f"SELECT line FROM {index.table} ORDER BY number"):
            yield bytes(row[0])

    def page(self, index: Index, offset: int, limit: int, names: Sequence[str] | None = None) -> list[bytes]:
        """Documents from an offset.

        SQLite walks over what it has to skip. So the place where a page ended is remembered: the next page
        starts there, and reading 600,000 documents page by page does not become quadratic.

        Args:
            names: keep these fields only. They are letters, digits and underscores: SQLite picks them itself, in
                less than a fourth of the time that parsing each document takes.

        Raises:
            sqlite3.OperationalError: with `names`, a document that is nested deeper than SQLite goes.
        """
        version = index.updated_at
        after, skip = self._anchors.get((index.id, version, offset), 0), 0
        if not after:
            skip = offset
        columns = ["line"] if names is None else [f"CAST(line AS TEXT) -> '$.{name}'" for name in names]
        rows = (
            self._database.read()
            .execute(
                f"SELECT {', '.join(['number', *columns])} FROM {index.table} WHERE number > ?"
                " ORDER BY number LIMIT ? OFFSET ?",
                (after, limit, skip),
            )
            .fetchall()
        )
        if rows:
            if len(self._anchors) >= _REMEMBERED:
                self._anchors.clear()
            self._anchors[(index.id, version, offset + len(rows))] = rows[-1][0]
        if names is None:
            return [bytes(row[1]) for row in rows]
        keys = [f'"{name}":' for name in names]
        picked = ([key + value for key, value in zip(keys, row[1:], strict=True) if value is not None] for row in rows)
        return [f"{{{','.join(document)}}}".encode() for document in picked]

    def search(self, index: Index, query: str, want: int) -> list[int]:
        """The numbers of matching documents, best first, at most `want`; an empty query matches everything."""
        if not query.strip() or not index.documents:
            rows = self._database.read().execute(f"SELECT number FROM {index.table} ORDER BY number LIMIT ?", (want,))
            return [row[0] for row in rows]
        key = (index.id, index.updated_at, query, want)
        answer = self._answers.get(key)
        if answer is None:
            numbers = self._engine.search(self._path(index), query, want, index.top)
            # a number above `top` is from a batch that the server was killed in, and that was canceled then
            answer = [number for number in numbers if number <= index.top]
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[key] = answer
        return answer

    # outcomes

    def record(self, task_uid: int, outcome: dict[str, Any]) -> None:
        """Remember, in the same transaction as its effect, how a task ended."""
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", (task_uid, json.dumps(outcome)))

    def recorded(self) -> dict[int, dict[str, Any]]:
        """The outcomes that were recorded and not forgotten yet."""
        return {row[0]: json.loads(row[1]) for row in self._database.read().execute("SELECT * FROM outcomes")}

    def forget_outcomes(self) -> None:
        """Every recorded outcome has reached its task."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM outcomes")

    def stats(self, index: Index, is_indexing: bool) -> dict[str, Any]:
        """The index's part of the stats."""
        size = self._database.read().execute(f"SELECT TOTAL(LENGTH(line)) FROM {index.table}").fetchone()[0]
        return {
            "numberOfDocuments": index.documents,
            "rawDocumentDbSize": int(size),
            "avgDocumentSize": int(size / index.documents) if index.documents else 0,
            "isIndexing": is_indexing,
            "numberOfEmbeddings": 0,
            "numberOfEmbeddedDocuments": 0,
            "fieldDistribution": index.distribution,
        }

    def size_bytes(self) -> int:
        """What the data takes on disk."""
        paths = [*self._directory.rglob("*"), *self._directory.parent.glob("documents.sqlite3*")]
        return sum(path.stat().st_blocks * 512 for path in paths if path.is_file())

    def _path(self, index: Index) -> Path:
        return self._directory / index.directory

    def _rows(self, index: Index, identifiers: dict[str, Any]) -> list[sqlite3.Row]:
        wanted = list(identifiers)
        rows: list[sqlite3.Row] = []
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            query = f"SELECT number, document_id, line FROM {index.table} WHERE document_id IN ({_marks(page)})"
            rows += self._database.read().execute(query, page).fetchall()
        return rows


def _distribution(counts: Counter[str]) -> str:
    return json.dumps({name: counts[name] for name in sorted(counts) if counts[name] > 0}, ensure_ascii=False)


def _marks(values: list[Any]) -> str:
    return ",".join("?" * len(values))

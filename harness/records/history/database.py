"""The file: one SQLite database, opened only when it is certain that it is ours, whole, and not of a newer program.

A rollback journal and not a write-ahead log: writes are one small row for each drill, a copy of the file alone is
complete, and reading it needs no right to write.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from harness.base.errors import HarnessError, UsageError
from harness.base.private import private_directory, private_file
from harness.records.history.amendment import ADAPTER, FORGET, RENAME, Amendment, name_now
from harness.records.history.chain import BEGINNING, Link, broken_links, canonical, canonical_json, link
from harness.records.history.entry import Entry
from harness.records.history.filesystem import network_filesystem

FORMAT, AMENDED_FORMAT = 1, 2
"The second one from the first amendment on: a program that does not know them would read them as drills."
APPLICATION_ID = 0x41504452  # "APDR"
LOCK_TIMEOUT_S = 30.0

_MAGIC = b"SQLite format 3\0"
_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    recorded_at TEXT NOT NULL,
    how TEXT NOT NULL,
    body TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL,
    drill_id TEXT GENERATED ALWAYS AS (json_extract(body, '$.drill_id')) VIRTUAL,
    backup TEXT GENERATED ALWAYS AS (json_extract(body, '$.backup')) VIRTUAL,
    verdict TEXT GENERATED ALWAYS AS (json_extract(body, '$.verdict')) VIRTUAL,
    started_at TEXT GENERATED ALWAYS AS (json_extract(body, '$.started_at')) VIRTUAL
);
CREATE UNIQUE INDEX entries_by_drill ON entries (drill_id);
CREATE INDEX entries_by_time ON entries (started_at);
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    entries INTEGER NOT NULL,
    digest TEXT NOT NULL
);
INSERT INTO head VALUES (1, 0, '{BEGINNING}');
"""
"Search keys are computed from the entry's own bytes, so that they cannot be changed independently."

_COLUMNS = "number, recorded_at, how, body, previous, digest"


class NoHistory(UsageError):
    """There is no history yet, or not where it was looked for."""


class History:
    """Finished runs in the order in which they were recorded.

    Args:
        path: the file. It is made by the first `append`, with its directories.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry, how: str = "drill", recorded_at: datetime | None = None) -> Link | None:
        """Record a run, chained to the one before, in one transaction.

        Args:
            how: `drill` or `import`.
            recorded_at: now by default.

        Returns:
            the new row; None when this run is there already.

        Raises:
            UsageError: the file is foreign, damaged or newer; or this run is there with another result.
            HarnessError: it can't be written.
        """
        if kind := network_filesystem(self.path):
            raise UsageError(
                f"the history {self.path} is on a network file system ({kind}), where concurrent writes damage it",
                "Set APIARY_DRILL_HISTORY to a file on a local disk.",
            )
        if not self.path.exists():
            self._make()
        with self._changed() as connection:
            known = connection.execute(
                "SELECT number, json_extract(body, '$.result_sha256') FROM entries WHERE drill_id = ?",
                (entry.drill_id,),
            ).fetchone()
            if known is None:
                return self._chain(connection, how, canonical(entry), recorded_at)
        if known[1] != entry.result_sha256:
            raise UsageError(
                f"{entry.drill_id} is entry {known[0]} of the history with a different result: it was changed "
                "after recording",
                "Entries are never replaced; `apiary-drill history verify` checks the history itself.",
            )
        return None

    def amend(self, amendment: Amendment) -> tuple[Link, int]:
        """Let the drills of a name count under another one, or not at all; chained as an entry of its own.

        Returns:
            the new row, and how many drills it is about.

        Raises:
            NoHistory: the history is missing.
            UsageError: no drill counts under this name, or the file is foreign, damaged or newer.
        """
        about = sum(1 for _ in self.links(backup=amendment.name))
        if not about:
            names = sorted({each.entry().backup for each in self.links()})
            raise UsageError(
                f"the history has no drill of the backup {amendment.name!r}",
                f"Its backups: {', '.join(names) or 'none'}.",
            )
        with self._changed() as connection:
            connection.execute(f"PRAGMA user_version = {AMENDED_FORMAT}")
            body = canonical_json(ADAPTER.dump_python(amendment, mode="json"))
            return self._chain(connection, amendment.how, body), about

    def amendments(self) -> list[tuple[int, Amendment]]:
        """Every amendment with its number, in their order."""
        with self._opened() as connection:
            return self._amendments(connection)

    def chain(self) -> Iterator[Link]:
        """Every row in the order of recording, amendments and forgotten drills as well."""
        with self._opened() as connection:
            yield from map(_link, connection.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY number"))

    def links(
        self,
        *,
        backup: str | None = None,
        verdict: str | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Link]:
        """Drills by their start, newest first, under the names that they count under now.

        Args:
            until: only drills that started before.

        Raises:
            NoHistory: the history is missing.
            UsageError: the file is foreign, damaged or newer.
        """
        wanted = {
            "verdict =": verdict,
            "started_at <": until and until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = " AND ".join(["drill_id IS NOT NULL", *(f"{condition} ?" for condition in given)])
        with self._opened() as connection:
            amendments = self._amendments(connection)
            rows = connection.execute(
                f"SELECT {_COLUMNS}, backup FROM entries WHERE {where} ORDER BY started_at DESC, number DESC",
                tuple(given.values()),
            )
            named = ((row, name_now(str(row[6]), row[0], amendments)) for row in rows)
            chosen = ((row, name) for row, name in named if name is not None and backup in (None, name))
            for row, name in islice(chosen, limit):
                yield _link((*row[:6], name if name != row[6] else ""))

    def recorded(self) -> tuple[int, str]:
        """How many entries were ever recorded, and the digest of the last one."""
        with self._opened() as connection:
            return self._head(connection)

    def problems(self) -> list[str]:
        """What is not as it was recorded, one sentence each; nothing when all is well.

        Raises:
            NoHistory: the history is missing.
            UsageError: the file is foreign, damaged or newer.
        """
        with self._opened() as connection:
            connection.execute("BEGIN")  # all of one moment, while others may append
            self._must_be_whole(connection)
            rows = connection.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY number")
            return list(broken_links(map(_link, rows), *self._head(connection)))

    @contextmanager
    def _changed(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of what is done in it, or nothing."""
        with self._opened(write=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._must_be_whole(connection)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _chain(
        self, connection: sqlite3.Connection, how: str, body: bytes, recorded_at: datetime | None = None
    ) -> Link:
        entries, digest = self._head(connection)
        moment = (recorded_at or datetime.now(UTC)).isoformat(timespec="seconds")
        new = link(entries + 1, moment, how, body, digest)
        connection.execute(
            f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            (new.number, new.recorded_at, new.how, body.decode(), new.previous, new.digest),
        )
        connection.execute("UPDATE head SET entries = ?, digest = ?", (new.number, new.digest))
        return new

    def _amendments(self, connection: sqlite3.Connection) -> list[tuple[int, Amendment]]:
        rows = connection.execute(
            "SELECT number, body FROM entries WHERE how IN (?, ?) AND drill_id IS NULL ORDER BY number",
            (RENAME, FORGET),
        )
        try:
            return [(number, ADAPTER.validate_json(body)) for number, body in rows]
        except ValidationError:
            raise self._damaged("an amendment is not one") from None

    def _head(self, connection: sqlite3.Connection) -> tuple[int, str]:
        row = connection.execute("SELECT entries, digest FROM head").fetchone()
        if row is None:
            raise self._damaged("its number of entries is missing")
        return int(row[0]), str(row[1])

    def _must_be_whole(self, connection: sqlite3.Connection) -> None:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise self._damaged(str(answer))

    def _make(self) -> None:
        """Make the file under another name, and give it its own when it is whole: never over another file."""
        partial = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.partial")
        try:
            private_directory(self.path.parent)
            private_file(partial).close()
        except OSError as error:
            raise HarnessError(f"cannot write the history {self.path}: {error.strerror}") from error
        try:
            with closing(sqlite3.connect(partial)) as connection:
                connection.executescript(_SCHEMA)
            os.link(partial, self.path)
        except FileExistsError:
            pass  # another drill was faster; its file is as good
        except sqlite3.Error as error:
            raise HarnessError(f"cannot write the history {self.path}: {error}") from error
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        self._check_header()
        mode = "rw" if write or os.access(self.path, os.W_OK) else "ro"
        uri = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = EXTRA")
                yield connection
        except sqlite3.OperationalError as error:
            if str(error).startswith(("no such ", "malformed ")):
                raise self._damaged(str(error)) from error
            raise HarnessError(f"cannot {'write' if write else 'read'} the history {self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _check_header(self) -> None:
        """Look at the first bytes, which never change after the file was made."""
        try:
            if stat.S_ISFIFO(self.path.stat().st_mode):  # to open it is to wait for whoever writes into it
                raise UsageError(f"the history {self.path} is a pipe", "Set APIARY_DRILL_HISTORY to a regular file.")
            with self.path.open("rb") as file:
                header = file.read(100)
        except FileNotFoundError:
            raise NoHistory(
                f"there is no history at {self.path}",
                "The first finished drill creates it; APIARY_DRILL_HISTORY sets the location.",
            ) from None
        except OSError as error:
            raise UsageError(f"cannot read the history {self.path}: {error.strerror}") from None
        if len(header) < 100:
            raise self._damaged(f"it has {len(header)} bytes")
        # https://www.sqlite.org/fileformat2.html, "The Database Header"
        version, application = int.from_bytes(header[60:64], "big"), int.from_bytes(header[68:72], "big")
        if not header.startswith(_MAGIC) or application != APPLICATION_ID:
            raise UsageError(
                f"{self.path} is not a history of apiary-drill; it was not modified",
                "Set APIARY_DRILL_HISTORY to another file.",
            )
        if version > AMENDED_FORMAT:
            raise UsageError(
                f"the history {self.path} has format {version}, but this version reads up to {AMENDED_FORMAT}; it was "
                "not modified",
                "Use the version of apiary-drill that wrote it, or a newer one.",
            )

    def _damaged(self, how: str) -> UsageError:
        return UsageError(
            f"the history {self.path} is damaged ({how}); it was not modified",
            "Restore a copy of it, or move it away and import the runs again: `apiary-drill history import RUN_DIR…`.",
        )


def _link(row: Sequence[Any]) -> Link:
    number, recorded_at, how, body, *rest = row
    return Link(number, recorded_at, how, body.encode(), *rest)

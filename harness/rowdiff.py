"""Naming the rows that differ between two readings of a table, by primary key, in constant memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.checks.evidence import RowDifference

KEYS_LISTED = 5
_BATCH = 50_000


def differing_rows(
    expected: Iterable[tuple[str, str]], actual: Iterable[tuple[str, str]], scratch: Path
) -> RowDifference:
    """The first primary keys that are missing, extra or changed.

    Args:
        expected: pairs (primary key, digest of the row); a key comes once.
        actual: the same of the restored table.
        scratch: directory for a temporary file, a few dozen bytes a row.
    """
    with TemporaryDirectory(dir=scratch, prefix=".rows-") as directory:
        base = sqlite3.connect(Path(directory) / "rows.sqlite", isolation_level=None)
        try:
            base.execute("PRAGMA synchronous = OFF")
            for table, rows in (("expected", expected), ("actual", actual)):
                base.execute(f"CREATE TABLE {table} (place INTEGER PRIMARY KEY, key TEXT, digest TEXT)")
                stream = iter(rows)
                while batch := list(islice(stream, _BATCH)):
                    base.execute("BEGIN")
                    base.executemany(f"INSERT INTO {table} (key, digest) VALUES (?, ?)", batch)
                    base.execute("COMMIT")
                base.execute(f"CREATE INDEX {table}_key ON {table} (key, digest)")
            return RowDifference(
                missing=_keys(base, "expected", "actual", "a.key IS NULL"),
                extra=_keys(base, "actual", "expected", "a.key IS NULL"),
                changed=_keys(base, "expected", "actual", "a.digest <> e.digest"),
            )
        finally:
            base.close()


def _keys(base: sqlite3.Connection, left: str, right: str, condition: str) -> tuple[str, ...]:
    found = base.execute(
        f"SELECT e.key FROM {left} e LEFT JOIN {right} a ON a.key = e.key WHERE {condition} ORDER BY e.place LIMIT ?",
        (KEYS_LISTED,),
    )
    return tuple(key for (key,) in found)

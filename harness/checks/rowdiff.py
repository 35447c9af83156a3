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
    """The first primary keys of one table that are missing, extra or changed; see `differing_rows_of`."""
    before = (("", key, digest) for key, digest in expected)
    now = (("", key, digest) for key, digest in actual)
    return differing_rows_of(before, now, scratch).get("", RowDifference())


def differing_rows_of(
    expected: Iterable[tuple[str, str, str]], actual: Iterable[tuple[str, str, str]], scratch: Path
) -> dict[str, RowDifference]:
    """The first primary keys that are missing, extra or changed, for each table in which some are.

    Args:
        expected: (table, primary key, digest of the row); a key of a table comes once.
        actual: the same of the restored tables.
        scratch: directory for a temporary file, a few dozen bytes a row.
    """
    with TemporaryDirectory(dir=scratch, prefix=".rows-") as directory:
        base = sqlite3.connect(Path(directory) / "rows.sqlite", isolation_level=None)
        try:
            base.execute("PRAGMA synchronous = OFF")
            for table, rows in (("expected", expected), ("actual", actual)):
                base.execute(f"CREATE TABLE {table} (place INTEGER PRIMARY KEY, owner TEXT, key TEXT, digest TEXT)")
                stream = iter(rows)
                while batch := list(islice(stream, _BATCH)):
                    base.execute("BEGIN")
                    base.executemany(f"INSERT INTO {table} (owner, key, digest) VALUES (?, ?, ?)", batch)
                    base.execute("COMMIT")
                base.execute(f"CREATE INDEX {table}_key ON {table} (owner, key, digest)")
            owners = [owner for (owner,) in base.execute("SELECT owner FROM expected UNION SELECT owner FROM actual")]
            found = {
                owner: RowDifference(
                    missing=_keys(base, owner, "expected", "actual", "a.key IS NULL"),
                    extra=_keys(base, owner, "actual", "expected", "a.key IS NULL"),
                    changed=_keys(base, owner, "expected", "actual", "a.digest <> e.digest"),
                )
                for owner in owners
            }
            return {owner: difference for owner, difference in found.items() if difference != RowDifference()}
        finally:
            base.close()


def _keys(base: sqlite3.Connection, owner: str, left: str, right: str, condition: str) -> tuple[str, ...]:
    found = base.execute(
        f"SELECT e.key FROM {left} e LEFT JOIN {right} a ON a.owner = e.owner AND a.key = e.key"
        f" WHERE e.owner = ? AND {condition} ORDER BY e.place LIMIT ?",
        (owner, KEYS_LISTED),
    )
    return tuple(key for (key,) in found)

"""The tables that an Apiary expects, known without a server: from the migrations that the stand-in runs."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

from harness.artifacts.dump.inspect import inspect
from harness.artifacts.dump.model import DatabaseInfo
from harness.base import guide

_SCHEMA = ("stored.sql", "later.sql")


@cache
def expected_tables() -> tuple[str, ...]:
    """Names of the tables of a migrated Apiary; those of RoboJackets/apiary at 354ae4ba (August 2026)."""
    directory = files("harness.standins.apiary") / "schema"
    (database,) = inspect(BytesIO(b"".join((directory / name).read_bytes() for name in _SCHEMA))).databases
    return tuple(table.name for table in database.tables)


def missing_tables(database: DatabaseInfo) -> tuple[str, ...]:
    """Tables that an Apiary expects, that the script lacks, and that are not excluded as documented."""
    there = {table.name for table in database.tables if table.defined}
    return tuple(name for name in expected_tables() if name not in there and name not in guide.EXCLUDABLE_TABLES)

"""`python -m tests.standin.follow`: bring the stand-in's migrations and settings to those of a newer Apiary.

`DB_*` name the database that the newer Apiary migrated, and an account that may make another one beside it. What the
stand-in's own migrations leave there is compared with it, and the difference is appended to `schema/later.sql` under
the names of the new migrations: the first of them changes the structure, the others have nothing left to do. Changes
of rows and of roles have to be written by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.base.errors import HarnessError, UsageError
from harness.standins.apiary.config import load_config
from harness.standins.apiary.database import connect, error_text
from harness.standins.apiary.migrations import migrate, ran_migrations

HERE = Path(__file__).parents[2] / "harness" / "standins" / "apiary"
LATER = HERE / "schema" / "later.sql"
SETTINGS = HERE / "index-settings.json"

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_NAME = re.compile(r"`([^`]+)`")

Parts = dict[tuple[str, str], str]
"""The lines of a `CREATE TABLE` by kind (`column`, `index`, `foreign key`, `check`) and name, in their order."""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """One table as `SHOW CREATE TABLE` prints it: the statement, its lines, and what stands behind them."""

    statement: str
    parts: Parts
    options: str


def read_tables(connection: Connection[Cursor]) -> dict[str, ShownTable]:
    """The tables of the connection's database, but for `migrations`."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("show full tables where table_type = 'BASE TABLE'")
        for name in [str(name) for name, _ in cursor.fetchall() if name != "migrations"]:
            cursor.execute(f"show create table `{name}`")
            (row,) = cursor.fetchall()
            statement = _COUNTER.sub("", str(row[1]))
            _, *lines, options = statement.split("\n")
            parts = {_kind_and_name(line): line.strip().removesuffix(",") for line in lines}
            found[name] = ShownTable(statement, parts, options.removeprefix(") "))
    return found


def _kind_and_name(line: str) -> tuple[str, str]:
    match = _NAME.search(line)
    assert match is not None, line
    if line.lstrip().startswith("`"):
        return "column", match[1]
    if line.lstrip().startswith("CONSTRAINT"):
        return "foreign key" if " FOREIGN KEY " in line else "check", match[1]
    return "index", "PRIMARY" if "PRIMARY KEY" in line else match[1]


def statements(old: Mapping[str, ShownTable], new: Mapping[str, ShownTable]) -> Iterator[str]:
    """What makes the new tables out of the old ones. Keys and constraints that changed go before columns do."""
    yield from (f"drop table `{name}`" for name in old if name not in new)
    both = [name for name in new if name in old]
    for name in both:
        gone = [
            f"drop {kind} `{part}`" for (kind, part), line in old[name].parts.items()
            if new[name].parts.get((kind, part)) != line and (kind != "column" or (kind, part) not in new[name].parts)
        ]  # fmt: skip
        # Foreign keys first: an index that one needs can't be dropped.
        for clauses in ([c for c in gone if "foreign key" in c], [c for c in gone if "foreign key" not in c]):
            if clauses:
                yield f"alter table `{name}`\n  " + ",\n  ".join(clauses)
    yield from (new[name].statement for name in new if name not in old)
    for name in both:
        if clauses := list(_additions(old[name], new[name])):
            yield f"alter table `{name}`\n  " + ",\n  ".join(clauses)


def _additions(old: ShownTable, new: ShownTable) -> Iterator[str]:
    order = [part for part in new.parts if part in old.parts] == [part for part in old.parts if part in new.parts]
    before = "first"
    for (kind, name), line in new.parts.items():
        place = f" {before}" if kind == "column" else ""
        before = f"after `{name}`" if kind == "column" else before
        if (kind, name) not in old.parts or (kind != "column" and old.parts[kind, name] != line):
            yield f"add {line}{place}"
        elif kind == "column" and (old.parts[kind, name] != line or not order):
            yield f"modify {line}{place}"
    if new.options != old.options:
        yield new.options


def new_migrations(standin: Connection[Cursor], newer: Connection[Cursor]) -> str:
    """What has to be appended to `later.sql`, so that `migrate` makes the database of the newer Apiary.

    Args:
        standin: of a database that the stand-in migrated.
        newer: of the one that the newer Apiary migrated.
    """
    known, ran = ran_migrations(standin) or {}, ran_migrations(newer) or {}
    names = [name for name in ran if name not in known]
    changes = list(statements(read_tables(standin), read_tables(newer)))
    if not names:
        if changes:
            raise UsageError(
                f"{len(changes)} differences and no new migration: {changes[0].splitlines()[0]}",
                "Correct the migration in later.sql that should have made it.",
            )
        return ""
    changes = ["set session foreign_key_checks = 0", *changes, "set session foreign_key_checks = 1"] if changes else []
    body = "".join(f"{statement};\n" for statement in changes)
    return "".join(f"\n-- migration: {name}\n{body if name == names[0] else ''}" for name in names)


def main(argv: list[str]) -> int:
    """Append what is new, and say how much that is; 1 when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin.follow", description=__doc__)
    parser.add_argument("--settings", type=Path, help="JSON of the settings by index, as scout sends them")
    parser.add_argument("--prefix", default="apiary_", help="SCOUT_PREFIX in them")
    options = parser.parse_args(argv)
    database = load_config(os.environ, Path.cwd()).database
    scratch = f"standin_{os.getpid()}"
    newer = connect(database)
    try:
        with newer.cursor() as cursor:
            cursor.execute(f"create database `{scratch}` character set utf8mb4 collate utf8mb4_unicode_ci")
        standin = connect(replace(database, database=scratch))
        try:
            migrate(standin, lambda line: None)
            text = new_migrations(standin, newer)
        finally:
            standin.close()
            with newer.cursor() as cursor:
                cursor.execute(f"drop database `{scratch}`")
    except (HarnessError, pymysql.MySQLError) as error:
        sys.stderr.write(f"{error_text(error)}\n")
        return 1
    finally:
        newer.close()
    with LATER.open("a", encoding="utf-8") as file:
        file.write(text)
    sys.stdout.write(f"{text.count('-- migration: ')} migrations appended to {LATER}\n")
    if options.settings is not None:
        sent = json.loads(options.settings.read_text(encoding="utf-8"))
        settings = {index.removeprefix(options.prefix): value for index, value in sent.items()}
        SETTINGS.write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        sys.stdout.write(f"settings of {len(settings)} indexes written to {SETTINGS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

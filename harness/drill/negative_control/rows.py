"""Negative controls in the database: a row less, a cell changed, another row in place of one.

Where the source's digests are known, it happens in a transaction that is rolled back, and the table is digested
inside of it. For a backup from elsewhere the table is dumped again, and a dump sees only what was committed: then
nothing can be taken back, and a target that stays is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from harness.base.errors import ServerFailed
from harness.checks.evidence import Evidence, expected_tables, found_tables
from harness.drill.negative_control.broken import CONTROL_S, Break, Broken, Target
from harness.faults.damage import NUMBERS, TEXTS, change_cell, delete_row, exchange_row
from harness.procedure.restore.redump import redump_table
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.mysql_content import TableShape, read_shapes, read_table

FIRST_ROWS = 1000
"""A row is chosen among the first ones of its table: a large offset would read all that is in front of it."""

TABLES_TRIED = 10
"""A change that a constraint refuses is tried in another table."""

_Damage = Callable[[Session, str, TableShape, str, Random], str]
"""Damages the row that a condition picks; what was done, or nothing where a table has nothing to damage."""


def _remove(session: Session, table: str, shape: TableShape, where: str, rng: Random) -> str:
    return delete_row(session, table, where)


def _change(session: Session, table: str, shape: TableShape, where: str, rng: Random) -> str:
    plain = [
        column
        for column in shape.columns
        if column[1] in NUMBERS | TEXTS and column[0] not in shape.primary_key and not column[0].endswith("_id")
    ]
    return change_cell(session, table, *rng.choice(plain), where) if plain else ""


def _exchange(session: Session, table: str, shape: TableShape, where: str, rng: Random) -> str:
    if len(shape.primary_key) != 1 or dict(shape.columns)[shape.primary_key[0]] not in NUMBERS:
        return ""
    return f"{exchange_row(session, table, shape.primary_key[0], where)}: as many rows as before"


def breaking(damage: _Damage) -> Break:
    """A negative control that does this to one row."""

    @contextmanager
    def broken(target: Target, rng: Random) -> Iterator[Broken | None]:
        from_outside = target.evidence.source is None
        sampled = from_outside and target.evidence.script.sample is not None
        if sampled or (from_outside and target.kept) or target.evidence.migration is not None:
            yield None  # migrations have changed rows since they were judged; a sample may leave out the one row
            return
        mysql = target.stack.mysql
        with mysql.session(database=mysql.database, answer_s=CONTROL_S) as session:
            session.execute("SET foreign_key_checks = 0")
            broken = None
            for shape in _candidates(target.evidence, read_shapes(session, mysql.database), rng):
                if not from_outside:
                    session.execute("START TRANSACTION")
                if detail := _done(session, mysql.database, shape, damage, rng):
                    look = _dumped_again if from_outside else _digested_again
                    check = "rows-script" if from_outside else "rows-source"
                    broken = Broken(shape.name, detail, check, look(target, session, shape))
                    break
                session.execute("ROLLBACK")
            try:
                yield broken
            finally:
                session.execute("ROLLBACK")

    return broken


def _candidates(evidence: Evidence, shapes: tuple[TableShape, ...], rng: Random) -> list[TableShape]:
    """Tables whose rows all came back, in a random order; a table that differs already would prove nothing."""
    expected, actual = expected_tables(evidence), found_tables(evidence)
    fit = [
        shape
        for shape in shapes
        if shape.primary_key
        and shape.name not in evidence.excluded_tables
        and expected.get(shape.name, (0, ""))[0]
        and expected[shape.name] == actual.get(shape.name)
    ]
    return rng.sample(fit, min(TABLES_TRIED, len(fit)))


def _done(session: Session, database: str, shape: TableShape, damage: _Damage, rng: Random) -> str:
    """Do it to a random row; what was done, or nothing where this table does not let it be done."""
    table = quote_name(database, shape.name)
    columns = ", ".join(quote_name(name) for name in shape.primary_key)
    rows = int(session.value(f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT {FIRST_ROWS}) AS first_rows"))
    key = session.row(f"SELECT {columns} FROM {table} ORDER BY {columns} LIMIT 1 OFFSET {rng.randrange(rows)}")
    if not all(isinstance(value, int) for value in key):
        return ""  # a text key may be somebody's name, which no report may show
    where = " AND ".join(f"{quote_name(name)} = {value}" for name, value in zip(shape.primary_key, key, strict=True))
    try:
        what = damage(session, table, shape, where, rng)
        if not what or int(session.value("SELECT ROW_COUNT()")) != 1:
            return ""
    except ServerFailed:
        return ""  # refused by a constraint or a trigger
    named = ", ".join(f"{name}={value}" for name, value in zip(shape.primary_key, key, strict=True))
    return f"row {named} {what}"


def _digested_again(target: Target, session: Session, shape: TableShape) -> Evidence:
    evidence = target.evidence
    now = read_table(session, target.stack.mysql.database, shape)
    tables = tuple(
        replace(now, auto_increment=table.auto_increment) if table.name == shape.name else table
        for table in evidence.target.tables
    )
    return replace(evidence, target=replace(evidence.target, tables=tables))


def _dumped_again(target: Target, session: Session, shape: TableShape) -> Evidence:
    evidence = target.evidence
    now = redump_table(target.stack.mysql, target.what.script, target.what.backup.plan, shape.name)
    tables = tuple(now if table.name == shape.name else table for table in evidence.redump.tables)
    return replace(evidence, redump=replace(evidence.redump, tables=tables))


ROWS: dict[str, Break] = {
    "row-removed": breaking(_remove),
    "cell-changed": breaking(_change),
    "row-exchanged": breaking(_exchange),
}

"""A share of the rows by value, where comparing all of them would take longer than there is time for.

Every table is counted by its server. By value, the rows are compared whose keys a checksum picks: the same ones by what
the script says and by what the server is asked for, so that only they travel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from zlib import crc32

from harness.artifacts.dump.keyed_rows import Row, key_of, rows_of, value_digests
from harness.artifacts.dump.model import TableInfo
from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.values import BINARY_TYPES, TEXT_TYPES
from harness.checks.evidence import RowSample, ScriptContent, ScriptTable
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.redump import content_again, dump_again
from harness.procedure.restore.script import Script
from harness.runtime.services.mysql import MySqlServer, quote_name

_INTEGERS = frozenset(("tinyint", "smallint", "mediumint", "int", "integer", "bigint"))
_PARTS = 1_000_000


def compare_sample(
    server: MySqlServer, script: Script, plan: BackupPlan, share: float
) -> tuple[ScriptContent, ScriptContent]:
    """What the script and the restored database hold: all definitions and counts, and the digests of a share of rows.

    A table whose rows have no key that a checksum could pick is read whole.

    Args:
        share: of the rows of each table, between 0 and 1.

    Raises:
        ProcedureFailed: a dump failed or complained.
    """
    limit = max(1, round(share * _PARTS))
    again = content_again(server, script, plan, options=("--no-data",))
    there = {table.name for table in again.tables}
    keyed = {table.name: _picking(table) for table in script.database.tables if table.name in there and table.rows}
    by_picking: dict[str, list[str]] = {}
    for table, picking in keyed.items():
        by_picking.setdefault(picking, []).append(table)

    def restored() -> Iterator[Row]:
        for picking, tables in by_picking.items():
            where = (f"--where=CRC32({picking}) % {_PARTS} < {limit}",) if picking else ()
            yield from rows_of(dump_again(server, script, plan, tables, where), server.database, tables)

    compared = 0

    def written() -> Iterator[Row]:
        nonlocal compared
        for row in _picked(rows_of(open_script(script.source), script.database.name, keyed), keyed, limit):
            compared += 1
            yield row

    before, now = value_digests(written()), value_digests(restored())
    sample = RowSample(share, compared)
    rows = _counts(server, [table.name for table in again.tables])
    return (
        replace(script.content, tables=_with(script.content.tables, before), compared_as="sample", sample=sample),
        replace(
            again,
            tables=_with([replace(table, rows=rows[table.name]) for table in again.tables], now),
            compared_as="sample",
            sample=sample,
        ),
    )


def _with(tables: Iterable[ScriptTable], digests: dict[str, str]) -> tuple[ScriptTable, ...]:
    return tuple(replace(table, digest=digests.get(table.name, "")) for table in tables)


def _picking(table: TableInfo) -> str:
    """The key's text as the server says it; empty where it is not certain that the script says the same."""
    kinds = {column.name.lower(): column.base_type for column in table.columns}
    parts = []
    for name in table.primary_key:
        kind, column = kinds.get(name.lower(), ""), quote_name(name)
        if kind in TEXT_TYPES:
            parts.append(f"CONVERT({column} USING utf8mb4)")
        elif kind in BINARY_TYPES and kind != "bit":
            parts.append(f"HEX({column})")
        elif kind in _INTEGERS:
            parts.append(f"({column} + 0)")  # without the zeros of ZEROFILL
        else:
            return ""
    return f"CONCAT_WS('|', {', '.join(parts)})" if parts else ""


def _picked(rows: Iterable[Row], keyed: dict[str, str], limit: int) -> Iterator[Row]:
    for layout, row in rows:
        if not keyed[layout.table]:
            yield layout, row
        elif (key := key_of(layout, row)) is not None:
            text = "|".join(map(str, key)).encode("utf-8", "surrogateescape")
            if crc32(text) % _PARTS < limit:
                yield layout, row


def _counts(server: MySqlServer, tables: Sequence[str]) -> dict[str, int]:
    with server.session() as session:
        return {
            table: int(session.value(f"SELECT COUNT(*) FROM {quote_name(server.database, table)}")) for table in tables
        }

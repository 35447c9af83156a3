"""What a script lost before it was written, or does not say, although it loads without an error.

Pure functions of what one reading found; no server is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.artifacts.dump.encoding import MOST_COUNTED
from harness.artifacts.dump.model import ColumnInfo, DatabaseInfo, DumpInfo, ScriptFinding, TableInfo
from harness.artifacts.dump.values import TEXT_TYPES
from harness.base.guide import EXCLUDABLE_TABLES
from harness.base.model import Severity

_NAMED = 3
_FOUR_BYTES = frozenset(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030", "binary"))
"""Character sets of a connection that can carry every character (or, `binary`, every byte)."""
_WITHOUT_ROWS = frozenset(("mrg_myisam", "mrg_isam", "federated"))
"""Engines whose rows mysqldump never writes (`check_if_ignore_table` in mysqldump.cc)."""
_WITH_SECTIONS = frozenset(("mysqldump", "mariadb-dump", "mysqldump-php"))
"""Tools that open a section for the rows of every table; phpMyAdmin, for one, opens none for an empty table."""


def losses(info: DumpInfo, database: DatabaseInfo) -> tuple[ScriptFinding, ...]:
    """Everything of that kind, in one database of a script."""
    return (
        *_lossy_connection(info, database),
        *_local_times(info, database),
        *_lost_rows(info, database),
        *_twice_encoded(database),
    )


def _lossy_connection(info: DumpInfo, database: DatabaseInfo) -> Iterator[ScriptFinding]:
    """The tool's connection could not carry what its columns can hold: the server gave it `?` instead."""
    charset = info.options.charset
    if charset is None or charset in _FOUR_BYTES:
        return
    tables = [table.name for table in database.tables if any(_four_bytes(column, table) for column in table.columns)]
    if tables:
        lost = "emoji and other characters of four bytes" if charset.startswith("utf8") else "characters beyond it"
        yield ScriptFinding(
            "lossy-charset",
            Severity.WARNING,
            next((mention.line for mention in info.charsets if mention.name == charset), 1),
            charset,
            f"the dump was made over a connection in {charset}, but columns in utf8mb4 are in "
            f"{_listed(tables)}: {lost} have already become question marks",
            "Make the dump with --default-character-set=utf8mb4; the lost characters exist only at the source.",
        )


def _listed(tables: Sequence[str]) -> str:
    """The first few names, and how many there are."""
    more = f" and {len(tables) - _NAMED} more tables" if len(tables) > _NAMED else ""
    return ", ".join(tables[:_NAMED]) + more


def _four_bytes(column: ColumnInfo, table: TableInfo) -> bool:
    if column.base_type == "json":
        return True
    charset = column.charset or column.collation or table.charset or table.collation or ""
    return column.base_type in TEXT_TYPES and charset.split("_")[0] == "utf8mb4"


def _local_times(info: DumpInfo, database: DatabaseInfo) -> Iterator[ScriptFinding]:
    """TIMESTAMPs are written in the zone of the tool's session, and nothing says in which."""
    if info.options.time_zone is not None:
        return
    tables = [
        table
        for table in database.tables
        if table.rows and any(column.base_type == "timestamp" for column in table.columns)
    ]
    if tables:
        yield ScriptFinding(
            "time-zone-missing",
            Severity.WARNING,
            min(table.line for table in tables),
            "TIME_ZONE",
            "the dump sets no time zone, but TIMESTAMP columns are in "
            f"{_listed([one.name for one in tables])}: their values depend on the server that loads it",
            "Make the dump without --skip-tz-utc, or load it in a session whose time_zone is the source server's.",
        )


def _lost_rows(info: DumpInfo, database: DatabaseInfo) -> Iterator[ScriptFinding]:
    """mysqldump opens a section for the rows of every table, of empty ones too: without one, it was taken out."""
    defined = [table for table in database.tables if table.defined]
    if defined and not database.rows:
        yield ScriptFinding(
            "no-rows",
            Severity.WARNING,
            defined[0].line,
            database.name,
            f"the dump defines {len(defined)} tables but contains no rows: it restores to an empty Apiary",
            "Check the options of the dump (--no-data), and whether it was made from the right database.",
        )
    if info.tool not in _WITH_SECTIONS or not any(table.rows_section for table in defined):
        return
    for table in defined:
        if table.rows_section or table.rows or (table.engine or "").lower() in _WITHOUT_ROWS:
            continue
        accepted = table.name in EXCLUDABLE_TABLES
        yield ScriptFinding(
            "rows-section-missing",
            Severity.INFO if accepted else Severity.ERROR,
            table.line,
            table.name,
            f"the dump defines table {table.name} but has no section for its rows, unlike for other tables"
            + (": they were excluded, as the documented procedure allows" if accepted else ": its rows are lost"),
            "Take the backup again; if its rows are excluded on purpose, accept it with --accept-missing.",
        )


def _twice_encoded(database: DatabaseInfo) -> Iterator[ScriptFinding]:
    """Text that somebody read as latin1 and stored again: it restores as it is, and shows as Ã©."""
    tables = [table for table in database.tables if table.twice_encoded]
    if tables:
        count = sum(table.twice_encoded for table in tables)
        least = "at least " if any(table.twice_encoded >= MOST_COUNTED for table in tables) else ""
        values = "1 value looks" if count == 1 else f"{count:,} values look"
        yield ScriptFinding(
            "mojibake",
            Severity.WARNING,
            min(table.line for table in tables),
            database.name,
            f"{least}{values} like text that was encoded twice (é as Ã©), in {_listed([one.name for one in tables])}",
            "Compare one of them in the application. If it is correct there, make the dump again with "
            "--default-character-set=utf8mb4; if not, the source is damaged, and so is every backup of it.",
        )

"""What the tables of a database hold: counts, digests, newest rows, orphans; read inside one transaction.

The digest of a table is the sum, modulo 2**128, of 128 bits of the SHA-256 of each row. A sum does not depend
on the order of the rows, and unlike an exclusive or it is not cancelled by duplicates. The server computes
it (SHA2 is the one function of its kind that MySQL 9.7 and MariaDB share), so that no row travels.

A row's bytes are its columns in the order of their names, each one as `length:value`, NULL as `N`. Large
columns go in as their own SHA-256, because CONCAT answers NULL beyond `max_allowed_packet`. A FLOAT goes in
with the six digits that a dump carries, a -0 as 0, JSON as the text of its text (a DECIMAL in it is a DOUBLE then):
what a dump can bring back, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.base.errors import ServerFailed
from harness.base.model import IdSet, Orphans, TableState
from harness.runtime.services.mysql import Session, quote_name, server_version

_LARGE = frozenset(["tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob"])
_OPAQUE = frozenset(
    ["bit", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
     "geomcollection", "geometrycollection", "vector"]
)  # fmt: skip
_INTEGERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint"])
_FLOATS = frozenset(["float", "double"])
_BYTES = frozenset(["char", "varchar", "binary", "varbinary", "enum", "set"])
_TIMES = ("created_at", "updated_at")
_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class TableShape:
    """Columns of a table as (name, data type), sorted by name, and the columns of its primary key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    primary_key: tuple[str, ...]


def read_shapes(session: Session, database: str) -> tuple[TableShape, ...]:
    """Every base table of the database, sorted by name."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in session.rows(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
        " WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE'",
        (database,),
    ):
        columns.setdefault(table, []).append((column, str(kind).lower()))
    keys: dict[str, list[str]] = {}
    for table, column in session.rows(
        "SELECT table_name, column_name FROM information_schema.statistics"
        " WHERE table_schema = %s AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index",
        (database,),
    ):
        keys.setdefault(table, []).append(column)
    return tuple(
        TableShape(table, tuple(sorted(found)), tuple(keys.get(table, ()))) for table, found in sorted(columns.items())
    )


def read_table(session: Session, database: str, shape: TableShape, *, digest: bool = True) -> TableState:
    """Count, digest and newest time of one table, in one pass of the server over it.

    Args:
        digest: whether its rows are digested.

    Raises:
        ServerFailed: the server could not digest every row.
    """
    kinds = dict(shape.columns)
    times = [quote_name(name) for name in _TIMES if kinds.get(name) in ("timestamp", "datetime")]
    newest = "".join(f", MAX({name}) AS {name}" for name in times)
    if digest:
        row = session.row(
            f"SELECT COUNT(*), COUNT(h), {sum_sql(1)}, {sum_sql(17)}{newest}"
            f" FROM (SELECT {', '.join((f'{row_digest_sql(shape)} AS h', *times))}"
            f" FROM {quote_name(database, shape.name)}) AS digests"
        )
    else:
        row = session.row(f"SELECT COUNT(*), COUNT(*), 0, 0{newest} FROM {quote_name(database, shape.name)}")
    rows, digested = int(row[0]), int(row[1])
    if rows != digested:
        raise ServerFailed(f"MySQL could digest {digested} of {rows} rows of {shape.name}")
    total = (int(row[2] or 0) * (1 << 64) + int(row[3] or 0)) % _MODULUS
    moments = [moment.replace(tzinfo=UTC) for moment in row[4:] if isinstance(moment, datetime)]
    return TableState(
        name=shape.name, rows=rows, digest=f"{total:032x}" if digest else "", newest_at=max(moments, default=None)
    )


def read_auto_increments(session: Session, database: str) -> dict[str, int]:
    """Next AUTO_INCREMENT value by table; not the cached one, which MySQL keeps for a day."""
    if server_version(session)[0] == "MySQL":
        session.execute("SET SESSION information_schema_stats_expiry = 0")
    return {
        table: int(value)
        for table, value in session.rows(
            "SELECT table_name, auto_increment FROM information_schema.tables"
            " WHERE table_schema = %s AND auto_increment IS NOT NULL",
            (database,),
        )
    }


def sum_sql(first: int) -> str:
    """Expression for the sum of 64 bits of each digest `h`, from this one of its hexadecimal digits on (1 or 17)."""
    return f"SUM(CAST(CONV(SUBSTRING(h, {first}, 16), 16, 10) AS UNSIGNED))"


def row_digest_sql(shape: TableShape) -> str:
    """Expression for the SHA-256 (64 hexadecimal digits) of a row."""
    parts = ", '|', ".join(_column_sql(name, kind) for name, kind in shape.columns)
    return f"SHA2(CONCAT({parts}), 256)"


def _column_sql(name: str, kind: str) -> str:
    column = quote_name(name)
    if kind == "json":  # MySQL's; MariaDB's is a LONGTEXT
        return f"IFNULL(SHA2(CAST(CAST({column} AS CHAR) AS JSON), 256), 'N')"
    if kind in _LARGE:
        return f"IFNULL(SHA2({column}, 256), 'N')"
    if kind in _OPAQUE:
        return f"IFNULL(SHA2(HEX({column}), 256), 'N')"
    if kind in _BYTES:
        return f"IFNULL(CONCAT(LENGTH({column}), ':', CAST({column} AS BINARY)), 'N')"
    if kind in _FLOATS:
        return f"IF({column} = 0, '1:0', IFNULL(CONCAT(LENGTH({column}), ':', {column}), 'N'))"
    return f"IFNULL(CONCAT(LENGTH({column}), ':', {column}), 'N')"


def read_row_digests(session: Session, database: str, shape: TableShape) -> Iterator[tuple[str, str]]:
    """Pairs (primary key as JSON, 32 hexadecimal digits) of a table with a primary key, as a stream."""
    kinds = dict(shape.columns)
    keys = ", ".join(
        f"HEX({quote_name(name)})" if kinds[name] in ("binary", "varbinary") else quote_name(name)
        for name in shape.primary_key
    )
    for *key, digest in session.stream(
        f"SELECT {keys}, LEFT({row_digest_sql(shape)}, 32) FROM {quote_name(database, shape.name)}"
    ):
        yield json.dumps(key, default=str), str(digest)


def read_column_digests(session: Session, database: str, shape: TableShape) -> dict[str, tuple[str, int]]:
    """Digest of each column's values with their rows' keys, and how many are not NULL; in one pass over the table.

    A digest does not depend on the other columns, so that it stays the same when columns come or go, nor on the
    column's name. Tables without a primary key are taken as a bag of values. 64 bits: what differs is shown, not
    proven.
    """
    kinds = dict(shape.columns)
    key = ", '|', ".join(_column_sql(name, kinds[name]) for name in shape.primary_key) or "''"
    sums = ", ".join(
        f"SUM(CAST(CONV(LEFT(SHA2(CONCAT({key}, '|', {_value_sql(name, kind)}), 256), 16), 16, 10) AS UNSIGNED)),"
        f" COUNT({quote_name(name)})"
        for name, kind in shape.columns
    )
    row = session.row(f"SELECT {sums} FROM {quote_name(database, shape.name)}")
    return {
        name: (f"{int(row[at * 2] or 0) % (1 << 64):016x}", int(row[at * 2 + 1]))
        for at, (name, _) in enumerate(shape.columns)
    }


def _value_sql(name: str, kind: str) -> str:
    """A value's SHA-256, the same for a text whatever type of column holds it."""
    column = quote_name(name)
    return f"IFNULL(SHA2({f'HEX({column})' if kind in _OPAQUE else f'CAST({column} AS BINARY)'}, 256), 'N')"


def read_orphans(session: Session, database: str) -> tuple[Orphans, ...]:
    """Rows that point nowhere, for every foreign key; a key without orphans is listed with 0.

    A key into a table that does not exist counts every row that has a value in all of its columns.
    """
    tables = {
        name
        for (name,) in session.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,)
        )
    }
    keys: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for table, constraint, column, referenced, referenced_column in session.rows(
        "SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name"
        " FROM information_schema.key_column_usage"
        " WHERE table_schema = %s AND referenced_table_schema = %s"
        " ORDER BY table_name, constraint_name, ordinal_position",
        (database, database),
    ):
        keys.setdefault((table, constraint), []).append((column, referenced, referenced_column))
    found = []
    for (table, constraint), parts in keys.items():
        referenced = parts[0][1]
        filled = " AND ".join(f"c.{quote_name(part[0])} IS NOT NULL" for part in parts)
        sql = f"SELECT COUNT(*) FROM {quote_name(database, table)} c WHERE {filled}"
        if referenced in tables:
            joined = " AND ".join(f"p.{quote_name(part[2])} = c.{quote_name(part[0])}" for part in parts)
            sql += f" AND NOT EXISTS (SELECT 1 FROM {quote_name(database, referenced)} p WHERE {joined})"
        columns = tuple(part[0] for part in parts)
        found.append(Orphans(table, constraint, columns, referenced, int(session.value(sql))))
    return tuple(found)


def read_ids(session: Session, database: str, shape: TableShape, key: str) -> IdSet:
    """Primary keys of the rows that belong into the search index: of all that are not soft-deleted.

    The server finds the ranges of whole numbers itself, from MySQL 8.0 and MariaDB 10.2 on: no key travels.
    """
    kinds, column = dict(shape.columns), quote_name(key)
    rows = f"FROM {quote_name(database, shape.name)}{' WHERE deleted_at IS NULL' if 'deleted_at' in kinds else ''}"
    if kinds.get(key) in _INTEGERS:
        numbered = f"SELECT {column} AS id, CAST(ROW_NUMBER() OVER (ORDER BY {column}) AS SIGNED) AS place {rows}"
        with suppress(ServerFailed):
            ranges = session.rows(
                f"SELECT MIN(id), MAX(id) FROM ({numbered}) AS numbered GROUP BY CAST(id AS SIGNED) - place ORDER BY 1"
            )
            return IdSet(tuple((int(first), int(last)) for first, last in ranges))
    found = session.stream(f"SELECT {column} {rows} ORDER BY {column}")
    return IdSet.of(value if isinstance(value, int) else str(value) for (value,) in found)

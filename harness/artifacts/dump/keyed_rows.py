"""The rows of some tables of a script by value: named by primary key (rowdiff.py), compared, digested."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby, zip_longest
from typing import TypeAlias

from harness.artifacts.dump.ddl import TableDefinition, parse_create_table
from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.rows import Rows, Tally, hash_row
from harness.artifacts.dump.statements import Kind
from harness.artifacts.dump.tokens import starts_with
from harness.artifacts.dump.values import (
    BINARY_TYPES,
    Value,
    canonical_row,
    canonical_value,
    codec_of,
    columns_of_row,
    normal_number,
    parse_row,
    raw_values,
    read_row,
    to_utf8,
)
from harness.artifacts.dump.walk import Heads, created_database, pieces_with_tokens, used_database


class RowLayout:
    """How the rows of a table are written: what its statements list, its definition, and what their bytes mean."""

    __slots__ = ("_columns", "_defined", "_listed", "codec", "escapes", "primary_key", "table", "writing")

    def __init__(
        self,
        table: str,
        listed: tuple[str, ...] | None,
        definition: TableDefinition | None,
        codec: str | None,
        escapes: bool,
    ) -> None:
        self.table, self.codec, self.escapes = table, codec, escapes
        self.primary_key = definition.primary_key if definition is not None else ()
        self._listed, self._defined = listed, definition.columns if definition is not None else ()
        self._columns: dict[int, list[ColumnInfo | None]] = {}
        named = tuple(column.name.lower() for column in self._defined)
        self.writing = listed, named, codec, escapes
        """Rows of two layouts with the same of this mean the same if their bytes are the same."""

    def columns(self, count: int) -> list[ColumnInfo | None]:
        """The columns of a row of so many values."""
        if count not in self._columns:
            self._columns[count] = columns_of_row(count, self._listed, self._defined)
        return self._columns[count]

    def values_of(self, value: bytes, column: ColumnInfo | None) -> list[bytes]:
        """What stands for a value that is written like this: one, if it is written well."""
        return [canonical_value(read, column, self.codec) for read in read_row(value, escapes=self.escapes)]

    def canonical(self, row: bytes) -> bytes:
        """The bytes that stand for a row by value."""
        values = read_row(row, escapes=self.escapes)
        return canonical_row(values, self.columns(len(values)), self.codec)


Row: TypeAlias = tuple[RowLayout, bytes]

LONGEST_NUMBER = 66
"""Digits of a key that is a number, with its sign: DECIMAL has 65."""


def rows_of(chunks: Iterable[bytes], database: str, tables: Collection[str]) -> Iterator[Row]:
    """The rows of some tables as they are written, in the script's order; one is in memory at a time.

    Args:
        database: as the script names it; for a script that names none, any name.
    """
    current: str | None = None
    heads, rows = Heads(), Rows(hold=True)
    definitions: dict[str, TableDefinition] = {}
    layouts: dict[tuple[str, tuple[str, ...] | None, str | None, bool], RowLayout] = {}
    codec: str | None = None
    for piece, tokens in pieces_with_tokens(chunks):
        if not piece.head:
            if piece.kind is Kind.COMMENT or not tokens:
                continue
            chosen = used_database(piece, tokens)
            current = chosen if chosen is not None else created_database(tokens) or current
            found = parse_create_table(tokens)
            if found is not None and found.name in tables and (found.database or current or database) == database:
                definitions[found.name] = found
                layouts.clear()
            if starts_with(tokens, "SET", "NAMES") and len(tokens) > 2:
                codec = codec_of(tokens[2].raw)
            continue
        head = heads.of(piece)
        if head.table not in tables or (head.database or current or database) != database:
            continue
        key = head.table, head.columns, codec, not piece.mode.no_backslash_escapes
        if key not in layouts:
            layouts[key] = RowLayout(head.table, head.columns, definitions.get(head.table), *key[2:])
        layout = layouts[key]
        for row in rows.feed(piece):
            yield layout, row


def keyed_rows(chunks: Iterable[bytes], database: str, tables: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Rows as (table, primary key as JSON, digest by value), in the script's order; see `rows_of`.

    Rows of a table without a primary key are left out, and rows that don't show it.
    """
    for layout, row in rows_of(chunks, database, tables):
        if (key := key_of(layout, row)) is not None:
            yield layout.table, json.dumps(key), hash_row(layout.canonical(row)).hex()


def key_of(layout: RowLayout, row: bytes) -> list[int | str | None] | None:
    """The primary key of a row as a server's client reads it; None where there is none, or the row does not show it."""
    if not layout.primary_key:
        return None
    values = parse_row(row, escapes=layout.escapes)
    shown = {
        column.name.lower(): (value, column)
        for value, column in zip(values, layout.columns(len(values)), strict=False)
        if column is not None
    }
    key = [shown[name.lower()] for name in layout.primary_key if name.lower() in shown]
    if len(key) != len(layout.primary_key):
        return None
    return [_key_value(value, column, layout.codec) for value, column in key]


def value_digests(rows: Iterable[Row]) -> dict[str, str]:
    """Digest of each table's rows by value, whatever their order."""
    found: dict[str, Tally] = {}
    for layout, row in rows:
        found.setdefault(layout.table, Tally()).add_hashes([hash_row(layout.canonical(row))])
    return {table: tally.digest for table, tally in found.items()}


def equal_tables(expected: Iterable[Row], actual: Iterable[Row]) -> set[str]:
    """Tables of which both readings hold the same rows by value in the same order.

    Only rows that are written differently are read, and of them only the values that are. The readings go side by side,
    so both have to hold their tables in the same order: those after one that is missing are not reported.
    """
    equal: set[str] = set()
    seen: set[str] = set()
    for (table, rows), (other, others) in zip(_by_table(expected), _by_table(actual), strict=False):
        if table != other or table in seen:
            return equal - {table}
        seen.add(table)
        if all(one is not None and two is not None and _same(one, two) for one, two in zip_longest(rows, others)):
            equal.add(table)
    return equal


def _by_table(rows: Iterable[Row]) -> Iterator[tuple[str, Iterator[Row]]]:
    return groupby(rows, key=lambda row: row[0].table)


def _same(one: Row, other: Row) -> bool:
    (layout, row), (layout_now, row_now) = one, other
    alike = layout.writing == layout_now.writing
    if alike and row == row_now:
        return True
    if not alike:
        return layout.canonical(row) == layout_now.canonical(row_now)
    values, values_now = (raw_values(text, escapes=layout.escapes) for text in (row, row_now))
    return len(values) == len(values_now) and all(
        value == now
        or (column is not None and column.generated)
        or layout.values_of(value, column) == layout.values_of(now, column)
        for value, now, column in zip(values, values_now, layout.columns(len(values)), strict=True)
    )


def _key_value(value: Value, column: ColumnInfo, codec: str | None) -> int | str | None:
    """A value of a key as a server's client reads it: numbers as numbers, bytes in hexadecimal digits."""
    kind, content = value
    if kind == "null":
        return None
    if kind == "number":
        number = content if content.lstrip(b"-").isdigit() else normal_number(content)
        whole = number.lstrip(b"-").isdigit() and len(number) <= LONGEST_NUMBER
        return int(number) if whole else number.decode("ascii", "replace")
    if column.base_type in BINARY_TYPES:
        return content.hex().upper()
    return (to_utf8(content, codec) if codec is not None else content).decode("utf-8", "surrogateescape")

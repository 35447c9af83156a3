"""The rows of some tables of a script as pairs of primary key and digest, to name those that differ (rowdiff.py)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from harness.artifacts.dump.ddl import TableDefinition, parse_create_table
from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.rows import Rows, hash_row
from harness.artifacts.dump.statements import Kind
from harness.artifacts.dump.tokens import starts_with
from harness.artifacts.dump.values import (
    BINARY_TYPES,
    Value,
    canonical_row,
    codec_of,
    columns_of_row,
    normal_number,
    parse_row,
    to_utf8,
)
from harness.artifacts.dump.walk import Heads, created_database, pieces_with_tokens, used_database


def keyed_rows(chunks: Iterable[bytes], database: str, tables: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Rows as (table, primary key as JSON, digest by value), in the script's order; one is in memory at a time.

    Args:
        chunks: the script.
        database: as the script names it; for a script that names none, any name.
        tables: of which tables. Rows of a table without a primary key are left out, and rows that don't show it.
    """
    current: str | None = None
    heads, rows = Heads(), Rows(hold=True)
    definitions: dict[str, TableDefinition] = {}
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
            if starts_with(tokens, "SET", "NAMES") and len(tokens) > 2:
                codec = codec_of(tokens[2].raw)
            continue
        head = heads.of(piece)
        definition = definitions.get(head.table)
        if definition is None or not definition.primary_key or (head.database or current or database) != database:
            continue
        for row in rows.feed(piece):
            values = parse_row(row, escapes=not piece.mode.no_backslash_escapes)
            columns = columns_of_row(len(values), head.columns, definition.columns)
            shown = {
                column.name.lower(): (value, column)
                for value, column in zip(values, columns, strict=False)
                if column is not None
            }
            key = [shown[name.lower()] for name in definition.primary_key if name.lower() in shown]
            if len(key) == len(definition.primary_key):
                text = json.dumps([_key_value(value, column, codec) for value, column in key])
                yield head.table, text, hash_row(canonical_row(values, columns, codec)).hex()


def _key_value(value: Value, column: ColumnInfo, codec: str | None) -> int | str | None:
    """A value of a key as a server's client reads it: numbers as numbers, bytes in hexadecimal digits."""
    kind, content = value
    if kind == "null":
        return None
    if kind == "number":
        number = normal_number(content) if not content.isdigit() else content
        return int(number) if number.lstrip(b"-").isdigit() else number.decode("ascii", "replace")
    if column.base_type in BINARY_TYPES:
        return content.hex().upper()
    return (to_utf8(content, codec) if codec is not None else content).decode("utf-8", "surrogateescape")

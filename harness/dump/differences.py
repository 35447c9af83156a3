"""Which rows differ between two scripts, by primary key, in bounded memory.

Tables can have ten million rows. So the rows are put into buckets by a hash of their key; a bucket holds a number
and a sum, as a table's digest does. Only the rows of buckets that differ are looked at one by one, and of those no
more buckets than are needed to name the first differences.
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from harness.dump.ddl import TableDefinition, parse_create_table
from harness.dump.model import RowDifference
from harness.dump.rows import Rows, hash_row
from harness.dump.source import ScriptSource, open_script
from harness.dump.statements import Kind
from harness.dump.tokens import starts_with
from harness.dump.values import Value, canonical_row, codec_of, columns_of_row, normal_number, parse_row
from harness.dump.walk import Heads, created_database, pieces_with_tokens, used_database

_BUCKETS = 1 << 20
_MOST_ROWS = 200_000
"""Rows held at once while the differing buckets are looked at: about 60 MB."""


class KeyedRow(NamedTuple):
    """A row as its primary key and its hash.

    `key` holds the values as bytes, in the key's order; it is empty if the table has no primary key, or the row
    does not show it.
    """

    key: tuple[bytes, ...]
    digest: bytes


def iter_rows(
    source: ScriptSource,
    database: str,
    table: str,
    *,
    by_value: bool = False,
    primary_key: tuple[str, ...] | None = None,
) -> Iterator[KeyedRow]:
    """The rows of one table, in the script's order.

    Args:
        source: the script.
        database: as the script names it; for a script that names none, any name.
        table: the table's name.
        by_value: hash decoded values (values.py) instead of the text.
        primary_key: columns of the key, for a script without CREATE TABLE.

    Returns:
        Keys and hashes. One row is held in memory, whatever its size.
    """
    current: str | None = None
    heads = Heads()
    rows = Rows(hold=True)
    definition: TableDefinition | None = None
    codec: str | None = None
    for piece, tokens in pieces_with_tokens(open_script(source)):
        if not piece.head:
            if piece.kind is Kind.COMMENT or not tokens:
                continue
            chosen = used_database(piece, tokens)
            current = chosen if chosen is not None else created_database(tokens) or current
            found = parse_create_table(tokens)
            if found is not None and found.name == table and (found.database or current or database) == database:
                definition = found
            if starts_with(tokens, "SET", "NAMES") and len(tokens) > 2:
                codec = codec_of(tokens[2].raw)
            continue
        head = heads.of(piece)
        if head.table != table or (head.database or current or database) != database:
            continue
        escapes = not piece.mode.no_backslash_escapes
        wanted = primary_key if primary_key is not None else () if definition is None else definition.primary_key
        for row in rows.feed(piece):
            values = parse_row(row, escapes=escapes)
            columns = columns_of_row(len(values), head.columns, () if definition is None else definition.columns)
            names = ["" if column is None else column.name.lower() for column in columns]
            key = tuple(_key_value(values[names.index(name.lower())]) for name in wanted if name.lower() in names)
            if len(key) != len(wanted):
                key = ()
            yield KeyedRow(key, hash_row(canonical_row(values, columns, codec) if by_value else row))


def _key_value(value: Value) -> bytes:
    kind, content = value
    return normal_number(content) if kind == "number" and not content.isdigit() else content


def row_differences(
    expected: ScriptSource,
    actual: ScriptSource,
    database: str,
    table: str,
    *,
    actual_database: str | None = None,
    limit: int = 20,
    by_value: bool = False,
    primary_key: tuple[str, ...] | None = None,
) -> list[RowDifference]:
    """The first rows in which two scripts differ, by primary key.

    Each script is read twice, so both have to be files. Memory stays below about 150 MB however large they are.

    Args:
        expected: what should be there.
        actual: what is there.
        database: as the expected script names it.
        table: the table's name.
        actual_database: as the actual script names it, if that is another name.
        limit: how many differences to name.
        by_value: compare decoded values instead of text (other tool, other options).
        primary_key: columns of the key, for scripts without CREATE TABLE.

    Returns:
        At most `limit` differences, in the order of their keys; never a value that is not part of the key.
    """
    sides = ((expected, database), (actual, actual_database or database))
    sums = [_buckets(source, name, table, by_value, primary_key) for source, name in sides]
    differing = [
        index for index in range(_BUCKETS) if any(one[index] != other[index] for one, other in zip(*sums, strict=True))
    ]
    chosen: set[int] = set()
    held = 0
    for index in differing:
        held += sums[0][1][index] + sums[1][1][index]
        if len(chosen) >= limit or (chosen and held > _MOST_ROWS):
            break
        chosen.add(index)
    if not chosen:
        return []
    want, have = (
        Counter(
            row
            for row in iter_rows(source, name, table, by_value=by_value, primary_key=primary_key)
            if _bucket(row) in chosen
        )
        for source, name in sides
    )
    return _compare(want, have)[:limit]


def _bucket(row: KeyedRow) -> int:
    return zlib.crc32(b"\0".join(row.key) if row.key else row.digest) % _BUCKETS


def _buckets(
    source: ScriptSource, database: str, table: str, by_value: bool, primary_key: tuple[str, ...] | None
) -> tuple[array[int], array[int]]:
    """Per bucket the sum of the hashes' first 64 bits, and the number of rows."""
    sums = array("Q", bytes(8 * _BUCKETS))
    counts = array("L", bytes(array("L").itemsize * _BUCKETS))
    for row in iter_rows(source, database, table, by_value=by_value, primary_key=primary_key):
        index = _bucket(row)
        sums[index] = (sums[index] + int.from_bytes(row.digest[:8], "little")) & 0xFFFFFFFFFFFFFFFF
        counts[index] += 1
    return sums, counts


def _compare(want: Counter[KeyedRow], have: Counter[KeyedRow]) -> list[RowDifference]:
    missing, unexpected = want - have, have - want
    lost_keys = {row.key for row in missing if row.key}
    new_keys = {row.key for row in unexpected if row.key}
    found = [RowDifference(key, "changed") for key in lost_keys & new_keys]
    for rows, kind in ((missing, "missing"), (unexpected, "unexpected")):
        found += [
            RowDifference(row.key, kind, count)
            for row, count in rows.items()
            if not row.key or row.key not in lost_keys & new_keys
        ]
    return sorted(found, key=lambda difference: (_order(difference.key), difference.kind))


def _order(key: tuple[bytes, ...]) -> tuple[tuple[int, bytes], ...]:
    """Numbers by size, everything else by its bytes."""
    return tuple((int(part), b"") if part.isdigit() and len(part) < 20 else (1 << 70, part) for part in key)

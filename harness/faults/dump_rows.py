"""Faults of the dump's rows: one that is missing or changed, a statement that is missing, signs that were lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.artifacts.dump.statements import Piece
from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import ArtifactOptions, FaultFamily
from harness.faults.injection_points import InjectionPoint
from harness.faults.script_edit import (
    created_table,
    edit,
    is_insert,
    key_of,
    line_name,
    line_of,
    picked,
    pieces,
    rewrite,
    row_spans,
    statement_span,
    table_lines,
    table_of,
    value_spans,
    without_row,
)

FAULTS = FaultFamily("dump", InjectionPoint.ARTIFACT)

_FOUR_BYTES = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_UNFINISHED = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{0,2}\Z")
_LETTER = re.compile(rb"(?<![\\A-Za-z])[A-Za-z]")


class DumpRowOptions(ArtifactOptions):
    """`table` is the one to change; any one with rows unless it is given."""

    table: str | None = None


class DumpCellOptions(DumpRowOptions):
    """`column` is the one to change: a text that begins with a letter in some row."""

    column: str | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An INSERT of the script by its offset, and one of its rows by its number."""

    table: str
    offset: int
    row: int


def _choose(path: Path, rng: Random, table_name: str | None) -> _Chosen:
    """An INSERT with rows, and one of those that are whole in its first piece."""
    candidates = (
        _Chosen(table_of(piece), piece.offset, rng.randrange(len(spans)))
        for piece in pieces(path)
        if is_insert(piece) and table_name in (None, table_of(piece)) and (spans := row_spans(piece))
    )
    chosen = picked(candidates, rng)
    if chosen is None:
        raise HarnessError(f"the dump has no rows of {table_name or 'any table'}")
    return chosen


@FAULTS.fault("drop-row", "One row is missing from the dump.")
def drop_row(context: FaultContext, rng: Random, options: DumpRowOptions) -> None:
    path = context.backup.dump
    chosen = _choose(path, rng, options.table)

    def without(piece: Piece) -> bytes:
        if not is_insert(piece) or piece.offset != chosen.offset:
            return piece.data
        start, end = row_spans(piece)[chosen.row]
        context.changed("row", chosen.table, f"{key_of(piece.data[start:end])} removed, line {line_of(piece, start)}")
        return without_row(piece, (start, end))

    edit(path, without)


@FAULTS.fault("alter-row", "One letter of one value in the dump is changed.")
def alter_row(context: FaultContext, rng: Random, options: DumpCellOptions) -> None:
    """Change the first letter of one text."""
    path = context.backup.dump
    columns = {
        name: [line_name(line) for line in table_lines(piece)]
        for piece in pieces(path)
        if (name := created_table(piece)) is not None
    }
    spots = (
        (_Chosen(table_of(piece), piece.offset, number), at)
        for piece in pieces(path)
        if is_insert(piece) and options.table in (None, table_of(piece))
        for number, (start, end) in enumerate(row_spans(piece))
        for index, at in _letters(piece.data[start:end])
        if options.column in (None, _column(columns, table_of(piece), index))
    )
    spot = picked(spots, rng)
    if spot is None:
        raise HarnessError("the dump has no such text")
    chosen, at = spot

    def altered(piece: Piece) -> bytes:
        if not is_insert(piece) or piece.offset != chosen.offset:
            return piece.data
        start, end = row_spans(piece)[chosen.row]
        row = piece.data[start:end]
        index = next(number for number, (first, last) in enumerate(value_spans(row)) if first <= at < last)
        where = f"{chosen.table}.{_column(columns, chosen.table, index)}"
        context.changed("cell", where, f"{key_of(row)}: first letter changed, line {line_of(piece, start)}")
        letter = piece.data[start + at]
        moved = letter - 25 if letter in b"zZ" else letter + 1
        return piece.data[: start + at] + bytes([moved]) + piece.data[start + at + 1 :]

    edit(path, altered)


def _letters(row: bytes) -> Iterator[tuple[int, int]]:
    """The texts of a row that begin with a letter: number of the value, offset of the letter."""
    for index, (start, end) in enumerate(value_spans(row)):
        if row[start : start + 1] == b"'" and end - start > 3 and _LETTER.match(row, start + 1):
            yield index, start + 1


def _column(columns: dict[str, list[str]], name: str, index: int) -> str:
    known = columns.get(name, [])
    return known[index] if index < len(known) else str(index)


@FAULTS.fault("drop-insert", "One INSERT with all its rows is missing from the dump.")
def drop_insert(context: FaultContext, rng: Random, options: DumpRowOptions) -> None:
    path = context.backup.dump
    chosen = _choose(path, rng, options.table)
    dropping = False

    def without(piece: Piece) -> bytes:
        nonlocal dropping
        if piece.first and is_insert(piece) and piece.offset == chosen.offset:
            begin, end = statement_span(piece, row_spans(piece)[chosen.row])
            context.changed("statement", chosen.table, f"INSERT on line {line_of(piece, begin)} removed")
            dropping = not piece.last
            return piece.data[:begin] + (b"" if dropping else piece.data[end:])
        dropping = dropping and not piece.first
        return b"" if dropping else piece.data

    edit(path, without)


@FAULTS.fault("lose-emoji", "Every four-byte character became a question mark, as in a dump with three-byte `utf8`.")
def lose_emoji(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    path, lost = context.backup.dump, Counter[str]()

    def replaced(chunks: Iterator[bytes]) -> Iterator[bytes]:
        rest = b""
        for chunk in chunks:
            text = rest + chunk
            rest = match.group() if (match := _UNFINISHED.search(text)) else b""
            text, count = _FOUR_BYTES.subn(b"?", text[: len(text) - len(rest)])
            lost["characters"] += count
            yield text
        yield rest

    rewrite(path, replaced)
    if lost["characters"]:
        context.changed("byte", path.name, f"{lost['characters']} characters of four bytes became question marks")

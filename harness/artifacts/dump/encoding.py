"""Text of a script that is not in the encoding that the script says, or was encoded twice before it was stored."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence

from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.statements import Piece
from harness.artifacts.dump.values import TEXT_TYPES, parse_row

MOST_ROWS = 1000
"""Of a table, how many rows that are not UTF-8 are decoded: whole tables of images would take minutes."""

_PART_BYTES = 1 << 20
"""What is decoded at once: as text, it may need four times the memory."""
_DECODER = codecs.getincrementaldecoder("utf-8")

MOST_COUNTED = 10_000
"""Of a table, how many values that were encoded twice are counted: each of their rows is decoded."""

_TWICE = re.compile(
    rb"\xc3(?:"
    rb"[\x82\x83\x90]\xc2[\xa1-\xba\xbc-\xbf]"  # Â°, Ã©, Ð¿: letters of Western Europe, Cyrillic
    rb"|[\x82-\x9f]\xc2[\x80-\x9f]"  # any letter of two bytes, with a control character behind it (latin1)
    rb"|\xa2(?:\xe2\x82\xac|\xc2\x80)"  # â€: quotation marks, dashes, ellipses
    rb"|\xb0(?:\xc5\xb8|\xc2\x9f)"  # ðŸ: emoji
    rb")"
)
"""UTF-8 that was read as cp1252 or latin1 and encoded again. A capital such as Ã stands before a no-break space or a
quotation mark in healthy text (MAÇÃ »), so these do not count; it hardly stands before another sign."""


def find_bytes(
    piece: Piece, rows: Sequence[bytes], columns_of: Callable[[int], Sequence[ColumnInfo | None]]
) -> tuple[int | None, int]:
    """The line of the first text in these rows that is not UTF-8; binary values rightly are not.

    Args:
        rows: of one table, each whole.
        columns_of: the columns of a row with so many values.

    Returns:
        The line, None if there is no such text; and how many rows had to be decoded.
    """
    seen = 0
    if is_utf8(piece.data):
        return None, seen
    for row in rows:
        # Other character sets stand beside their values, as an introducer.
        if is_utf8(row) or b"_latin1" in row:
            continue
        seen += 1
        values = parse_row(row, escapes=not piece.mode.no_backslash_escapes)
        for value, column in zip(values, columns_of(len(values)), strict=False):
            if column is not None and column.base_type in TEXT_TYPES and not is_utf8(value[1]):
                return line_of(row, piece), seen
    return None, seen


def line_of(row: bytes, piece: Piece) -> int:
    """The line of a row; of a row in a later piece of a long statement, the line where that begins."""
    before = piece.data[: max(piece.data.find(row), 0)].lstrip() if piece.first else b""
    return piece.line + before.count(b"\n")


def may_be_twice_encoded(data: bytes) -> bool:
    """Whether text somewhere in these bytes looks as if it was encoded twice; costs next to nothing."""
    return not data.isascii() and _TWICE.search(data) is not None


def count_twice_encoded(
    piece: Piece, rows: Sequence[bytes], columns_of: Callable[[int], Sequence[ColumnInfo | None]]
) -> int:
    """How many values of text columns in these rows look as if they were encoded twice; see `find_bytes`."""
    count = 0
    for row in rows:
        if _TWICE.search(row) is not None:
            values = parse_row(row, escapes=not piece.mode.no_backslash_escapes)
            count += sum(
                column is not None and column.base_type in TEXT_TYPES and _TWICE.search(value[1]) is not None
                for value, column in zip(values, columns_of(len(values)), strict=False)
            )
    return count


def is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    decoder = _DECODER()
    try:
        for at in range(0, len(data), _PART_BYTES):
            decoder.decode(data[at : at + _PART_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True

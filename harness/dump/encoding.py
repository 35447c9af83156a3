"""Text of a script that is not in the encoding that the script says."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence

from harness.dump.model import ColumnInfo
from harness.dump.statements import Piece
from harness.dump.values import TEXT_TYPES, parse_row

MOST_ROWS = 1000
"""Of a table, how many rows that are not UTF-8 are decoded: whole tables of images would take minutes."""

_PART_BYTES = 1 << 20
"""What is decoded at once: as text, it may need four times the memory."""
_DECODER = codecs.getincrementaldecoder("utf-8")


def find_bytes(
    piece: Piece, rows: Sequence[bytes], columns_of: Callable[[int], Sequence[ColumnInfo | None]]
) -> tuple[int | None, int]:
    """The line of the first text in these rows that is not UTF-8; binary values rightly are not.

    Args:
        piece: where the rows stand.
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
                before = piece.data[: max(piece.data.find(row), 0)].lstrip() if piece.first else b""
                return piece.line + before.count(b"\n"), seen
    return None, seen


def is_utf8(data: bytes) -> bool:
    """Whether this is UTF-8."""
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

"""Values that are neither quoted nor a number: a tool that does not quote wrote them, or a filter took quotes out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.artifacts.dump.encoding import line_of
from harness.artifacts.dump.statements import Piece
from harness.artifacts.dump.values import read_row

CHECKED_ROWS = 1000
"""Of a table, how many rows are looked at; then one in each piece, as reading every value takes ten times as long."""

_LONGEST_ROW_BYTES = 1 << 16
_BARE = re.compile(rb"[\w\x80-\xff][\w$\x80-\xff .:/-]*", re.ASCII)
"""Words, dates, times, identifiers: `north`, `2026-11-29`, which is 1986 to a server, `02:00:03`, `9e-4f`."""
_VALUES = re.compile(rb"true|false|default|unknown|(?:current|local|utc)_?\w+|localtime", re.IGNORECASE)
"""Words that are values by themselves."""


def find_unquoted(piece: Piece, rows: Sequence[bytes]) -> int | None:
    """The line of the first of these rows that has such a value, None if there is none.

    Args:
        rows: each whole.
    """
    for row in rows:
        if len(row) > _LONGEST_ROW_BYTES:
            continue
        for value in read_row(row, escapes=not piece.mode.no_backslash_escapes):
            if isinstance(value, tuple) and value[0] == "expression" and _is_bare(value[1]):
                return line_of(row, piece)
    return None


def _is_bare(text: bytes) -> bool:
    return _BARE.fullmatch(text) is not None and _VALUES.fullmatch(text) is None

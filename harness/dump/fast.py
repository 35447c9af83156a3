"""How INSERTs are read at the speed of `bytes.count`: the proofs that make counting quotes enough.

Three facts are used, by `statements.py` for whole statements and by `rows.py` for rows.

1. A backslash matters for counting only in front of a quote. Blanking out `\\\\` first and `\\'` then leaves
   exactly the quotes that open and close strings; the length stays, so positions hold. Where no `\\'` occurs,
   there is nothing to blank out.
2. Quotes side by side (`''`) can be removed without changing, for any other byte, whether it is inside a string:
   the number of quotes before it stays odd or even. What is left after removing everything uninteresting and
   then all such pairs is tiny, and says which interesting bytes are outside of strings.
3. If no other quoting and no comment begins outside of strings, an odd number of quotes means "inside".
"""

from __future__ import annotations

import re

SHORT_STATEMENT_BYTES = 1 << 14
"""INSERTs shorter than this are taken in series, if they have the same head."""

_NAME = rb"(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[0-9A-Za-z_$\x80-\xff]+)"
INSERT_HEAD = re.compile(
    rb"(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?"
    rb"(?P<name>" + _NAME + rb"(?:\s*\.\s*" + _NAME + rb")?)"
    rb"\s*(?:\((?P<columns>\s*" + _NAME + rb"(?:\s*,\s*" + _NAME + rb")*\s*)\))?\s*VALUES?\s*\(",
    re.IGNORECASE,
)
"""An INSERT or REPLACE with values, up to the parenthesis of its first row."""

MAY_BE_INSERT = re.compile(
    rb"(?:INSERT|REPLACE)\s|(?:I(?:N(?:S(?:E(?:R(?:T)?)?)?)?)?|R(?:E(?:P(?:L(?:A(?:C(?:E)?)?)?)?)?)?)\Z", re.I
)
"""Whether an INSERT could begin here; also at the end of the buffer, in the middle of the word."""

NAME = re.compile(_NAME)


def _all_but(keep: bytes) -> bytes:
    return bytes(byte for byte in range(256) if byte not in keep)


_NOT_SPECIAL = _all_but(b"'\"`#\\")
_NOT_SPECIAL_OR_END = _all_but(b"'\"`#\\;")
_NOT_PARENTHESIS = _all_but(b"'(")


def blank_escapes(text: bytes) -> bytes:
    """Blank out escaped quotes; the length stays. `text` begins outside of an escape, and backslashes escape."""
    if text.rfind(b"\\'") < 0:  # searching backwards takes half the time here (benchmarks/dump_scan.py)
        return text
    if text.rfind(b"\\\\") >= 0:
        text = text.replace(b"\\\\", b"\0\0")
    return text.replace(b"\\'", b"\0\0")


def outside_strings(text: bytes, in_string: bool) -> bytes:
    """What is outside of strings in a text without escaped quotes; a quote stands for each string.

    Args:
        text: without escaped quotes (see `blank_escapes`).
        in_string: whether it begins inside a string.
    """
    return b"'".join(text.split(b"'")[in_string::2])


def only_strings_and_values(text: bytes, in_string: bool, *, semicolons: bool = True) -> bool:
    """Whether nothing outside of strings begins another kind of quoting, a comment or a client command.

    Args:
        text: without escaped quotes (see `blank_escapes`).
        in_string: whether it begins inside a string.
        semicolons: whether semicolons outside of strings are welcome.
    """
    for pair in (b"--", b"/*"):
        if pair[1:] in text and text.rfind(pair) >= 0:
            text = text.replace(pair, b"##")
    special = text.translate(None, _NOT_SPECIAL if semicolons else _NOT_SPECIAL_OR_END).replace(b"''", b"")
    return not special.strip(b"'") or not outside_strings(special, in_string).strip(b"'")


def parentheses_outside(text: bytes) -> tuple[int, bool]:
    """How many opening parentheses are outside of strings, and whether some are inside.

    Args:
        text: without escaped quotes, beginning outside of a string.
    """
    marks = text.translate(None, _NOT_PARENTHESIS).replace(b"''", b"")
    if b"'" not in marks:
        return len(marks), False
    return len(outside_strings(marks, in_string=False).replace(b"'", b"")), True

"""How INSERTs are read at the speed of `bytes.count`: the proofs that make counting quotes enough.

Three facts are used, by `statements.py` for whole statements and by `rows.py` for rows.

1. A backslash matters for counting only in front of a quote. Blanking out `\\\\` first and `\\'` then leaves
   exactly the quotes that open and close strings; the length stays, so positions hold. Where no `\\'` occurs,
   there is nothing to blank out; where two backslashes never stand before a quote, the first step is not needed.
2. Quotes side by side (`''`) can be removed without changing, for any other byte, whether it is inside a string:
   the number of quotes before it stays odd or even. What is left after removing everything uninteresting and
   then all such pairs is tiny, and says which interesting bytes are outside of strings.
3. If no other quoting and no comment begins outside of strings, an odd number of quotes means "inside".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

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


@cache
def _not_special(more: bytes) -> bytes:
    """What is deleted, by what is kept besides quotes and backslashes."""
    return _all_but(b"'\"`#$\\" + more)


_NOT_PARENTHESIS = _all_but(b"'\"(")
_ESCAPED_QUOTE = re.compile(rb"\\'")
_PART_BYTES = 1 << 16
"""What is split at once: a list needs many times the memory of a text that is nothing but escaped quotes."""


def blank_escapes(text: bytes) -> bytes:
    """Blank out escaped quotes; the length stays. `text` begins outside of an escape, and backslashes escape."""
    if b"\\" not in text or text.rfind(b"\\'") < 0:  # backwards takes half the time here (benchmarks/dump_scan.py)
        return text
    if text.rfind(b"\\\\'") >= 0:  # else no quote has two backslashes before it
        text = text.replace(b"\\\\", b"\0\0")
    return b"".join(map(_blank_quotes, _parts(text)))


def _blank_quotes(text: bytes) -> bytes:
    return b"\0\0".join(_ESCAPED_QUOTE.split(text))  # half the time of bytes.replace, which is slow for two bytes


def _parts(text: bytes) -> Iterator[bytes]:
    """The text in parts, none of which ends between a backslash and the quote behind it."""
    begin = 0
    while begin < len(text):
        end = begin + _PART_BYTES
        end += text[end - 1 : end + 1] == b"\\'"
        yield text[begin:end]
        begin = end


def outside_strings(text: bytes, in_string: bool) -> bytes:
    """What is outside of strings in a text without escaped quotes; a quote stands for each string.

    Args:
        text: without escaped quotes (see `blank_escapes`).
        in_string: whether it begins inside a string.
    """
    return b"'".join(text.split(b"'")[in_string::2])


def only_strings_and_values(text: bytes, in_string: bool, *, semicolons: bool = True) -> tuple[bool, bool]:
    """Whether nothing outside of strings begins another kind of quoting, a comment, an assignment or a client command.

    Args:
        text: without escaped quotes (see `blank_escapes`).
        in_string: whether it begins inside a string.
        semicolons: whether semicolons outside of strings are welcome.

    Returns:
        That, and whether the text ends inside a string (if it is so).
    """
    kept = b"" if semicolons else b";"
    pairs = _pairs(text)
    # Mostly such pairs are inside of strings, as their first bytes are then; numbers have signs, so look twice.
    special = text.translate(None, _not_special(kept + b"".join(pair[:1] for pair in pairs)))
    ends_inside = in_string ^ bool(special.count(b"'") & 1)
    outside = _outside(special, in_string)
    if pairs and outside and not outside.strip(b"-/:"):
        for pair in pairs:
            text = text.replace(pair, b"##")
        outside = _outside(text.translate(None, _not_special(kept)), in_string)
    return not outside, ends_inside


def line_breaks_of_series(text: bytes, joint: bytes) -> int:
    """How many line breaks are in a series of statements, if it is one: only strings, values and joints.

    Args:
        text: without escaped quotes, from outside of a string to outside of one.
        joint: one statement's end and another's beginning; holds one line break. Inside of a string it is harmless.

    Returns:
        Line breaks, those in strings included; -1 if something else may be there.
    """
    pairs = _pairs(text)
    table = _not_special(b";\n" + b"".join(pair[:1] for pair in pairs))
    special = text.translate(None, table)
    line_breaks = special.count(b"\n")
    if text.count(joint) == line_breaks:
        # Each line break that was kept is a joint's, so the joint's other bytes are around it.
        special = special.replace(joint.translate(None, table), b"")
        if not special.count(b"'") & 1 and not _outside(special, in_string=False):
            return line_breaks
    values = text.replace(joint, b"(")
    return line_breaks if only_strings_and_values(values, False, semicolons=False) == (True, False) else -1


def _pairs(text: bytes) -> list[bytes]:
    """The beginnings of comments, and assignments, that stand in the text, in strings or outside."""
    return [pair for pair in (b"--", b"/*", b":=") if pair[1:] in text and text.rfind(pair) >= 0]


def _outside(special: bytes, in_string: bool) -> bytes:
    """The special bytes outside of strings."""
    special = special.replace(b"''", b"")
    return special.strip(b"'") and outside_strings(special, in_string).replace(b"'", b"")


def parentheses_outside(text: bytes) -> tuple[int, bool]:
    """How many opening parentheses are outside of strings, and whether some are inside.

    Args:
        text: without escaped quotes, beginning outside of a string.

    Returns:
        -1 for the number where strings in double quotes are among them: what counts there is another quote.
    """
    marks = text.translate(None, _NOT_PARENTHESIS).replace(b"''", b"")
    outside = outside_strings(marks, in_string=False).replace(b"'", b"")
    # A quote that is left at the end opens the string in which the text ends.
    return (-1 if b'"' in outside else len(outside)), b"'" in marks.removesuffix(b"'")

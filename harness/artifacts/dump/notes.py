"""What the reader of scripts notes, and the small questions that lead there."""

from __future__ import annotations

from typing import NamedTuple

_BEHIND_DASHES = (b" ", b"\t", b"\r", b"\n", b"\f", b"\v", b"\0", b"")
MOST_NOTES = 20
"""Per statement; one is enough to refuse it."""


class ReaderNote(NamedTuple):
    """Something that the client would act on, or that two readers could understand differently.

    `code` is "client-escape" (a backslash outside a string), "computed-value" or "ambiguous"; `line` is that of the
    statement's or the comment's beginning, wherever in it this was met; `text` says what stands there.
    """

    code: str
    line: int
    text: str


DOLLAR = "a word that begins with $, which quotes text for MySQL's client from 9.0 on"
DELIMITER_INSIDE = "a line that begins with DELIMITER inside a statement, which the client joins to the next line"
NUL_INSIDE = "a NUL byte in a comment"
INSIDE = "/*! or /*+ inside a comment, or a comment that ends with /*/"
TORN = "a hint, a /*M! comment, a backslash or a letter beyond ASCII at once behind a comment"
"""The clients put a blank behind a comment; it comes one byte late in these."""
STAR_BEHIND = "*/* where a client begins another comment"
"""Behind one, the client does not see the end of the comment on the same line."""


def opens_inside(comment: bytes) -> bool:
    """Whether something seems to begin in a part of a comment, up to its end; of /*/ the client sees the beginning."""
    return b"/*!" in comment or b"/*+" in comment or comment.endswith(b"/*/")


def is_line_comment(data: bytes, at: int) -> bool:
    """Whether a comment up to the end of the line begins here, for the client: `#`, or `--` before a blank."""
    return data.startswith(b"#", at) or (data.startswith(b"--", at) and data[at + 2 : at + 3] in _BEHIND_DASHES)

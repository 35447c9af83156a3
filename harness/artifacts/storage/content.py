"""What a file's content looks like, judged while it is hashed: a whole PDF, an empty file, zeros, a web page.

What a PDF reader accepts decides, not the letter of ISO 32000: Acrobat and Poppler look for the header in the first
1,024 bytes and for `%%EOF` in the last 1,024 (PDF Reference 1.7, implementation notes 13 and 18).
"""

from __future__ import annotations

import re

EMPTY = "empty"
ZEROS = "zeros"
PDF = "pdf"
PDF_WITHOUT_END = "pdf-without-end"
HTML = "html"
OTHER = "other"

SEARCHED_BYTES = 1024
"""How far from its beginning a PDF may have its header, and from its end its end mark."""

_HEADER = re.compile(rb"%PDF-\d|%!PS-Adobe-\d\.\d PDF-\d")
_HTML = re.compile(
    rb"[\xef\xbb\xbf\s]*(?:<!--|<!doctype\s+html|<html|<head|<body|<\?xml[^>]*>\s*<(?:!doctype\s+)?html)", re.IGNORECASE
)


class FileContent:
    """Judges a file's content from its pieces; keeps two kilobytes, and reads no byte twice.

    NUL bytes behind the end mark count for nothing: file systems and tapes fill up blocks with them.
    """

    __slots__ = ("_head", "_tail", "_zeros")

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._zeros = True

    def add(self, piece: memoryview) -> None:
        """The next piece, of any size."""
        if len(self._head) < SEARCHED_BYTES:
            self._head += bytes(piece[: SEARCHED_BYTES - len(self._head)])
        last = bytes(piece[-SEARCHED_BYTES:])
        if last.count(0) == len(last):  # perhaps all of it: a hole, or what a crash left
            filled = bytes(piece).rstrip(b"\0")
            if not filled:
                return
            last = filled[-SEARCHED_BYTES:]
        self._zeros = False
        self._tail = (self._tail + last)[-SEARCHED_BYTES:]

    def verdict(self) -> str:
        """One of this module's words."""
        if not self._head:
            return EMPTY
        if self._zeros:
            return ZEROS
        if _HEADER.search(self._head):
            return PDF if b"%%EOF" in self._tail else PDF_WITHOUT_END
        return HTML if _HTML.match(self._head) else OTHER

"""The window on a script that its readers share: what was read and not handed out yet, and where in it they are."""

from __future__ import annotations

from collections.abc import Iterable

from harness.artifacts.dump import fast


class Buffer:
    """A window that slides over a stream.

    Attributes:
        data: the bytes in the window.
        start: of what was not handed out yet, in `data`.
        at: how far it was read, in `data`.
        base: offset of the window's first byte in the script.
        counted: a position in `data`, and how many new lines are known to be between it and `at`.
        mixed: the window is known to hold more than one series of short INSERTs.
        line: number of the line in which `start` lies, from 1.
        eof: nothing follows the window.
    """

    __slots__ = ("_chunks", "_without_escapes", "at", "base", "counted", "data", "eof", "line", "mixed", "start")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._without_escapes = b""
        self.data = b""
        self.start = self.at = self.base = 0
        self.line = 1
        self.counted = (0, 0)
        self.eof = self.mixed = False

    def fill(self) -> bool:
        """Read one more chunk behind what is there; False at the end."""
        if self.eof:
            return False
        chunk = next(self._chunks, b"")
        if not chunk:
            self.eof = True
            return False
        self.base += self.start
        self.data = self.data[self.start :] + chunk
        self.at -= self.start
        self.start = 0
        self._without_escapes = b""
        self.mixed = False
        return True

    def need(self, size: int) -> bool:
        """Have `size` bytes from the reading position on; False if the script ends before."""
        while self.left < size:
            if not self.fill():
                return False
        return True

    @property
    def left(self) -> int:
        """Bytes from the reading position to the end of the window."""
        return len(self.data) - self.at

    @property
    def held(self) -> int:
        """Bytes that were read and not handed out."""
        return self.at - self.start

    def take(self) -> bytes:
        """Hand out what was read."""
        data = self.data[self.start : self.at]
        begin, line_breaks = self.counted
        if begin <= self.start:
            begin, line_breaks = self.at, 0
        if self.data.find(b"\n", self.start, begin) >= 0:  # a tenth of the time of counting; mostly there is none
            line_breaks += self.data.count(b"\n", self.start, begin)
        self.line += line_breaks
        self.counted = (0, 0)
        self.start = self.at
        return data

    def position(self) -> tuple[int, int]:
        """Line and offset of the reading position."""
        return self.line + self.data.count(b"\n", self.start, self.at), self.base + self.at

    def at_end(self) -> None:
        """Take the rest of the window as read."""
        self.at = len(self.data)

    def held_without_escapes(self) -> bytes | None:
        """What was read and not handed out, with escaped quotes blanked out; None where that was not needed yet."""
        text = self._without_escapes
        return text[self.start : self.at] if text and len(text) == len(self.data) else None

    def without_escapes(self) -> bytes:
        """The window with escaped quotes blanked out, positions unchanged; made once per filling."""
        if len(self._without_escapes) != len(self.data):
            self._without_escapes = fast.blank_escapes(self.data)
        return self._without_escapes

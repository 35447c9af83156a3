"""Exact numbers of bytes out of chunks of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class ByteReader:
    """Reads a stream of chunks in pieces of the reader's choice, and counts.

    Args:
        chunks: the stream; empty chunks are fine.

    Attributes:
        offset: bytes read so far.
    """

    __slots__ = ("_at", "_buffer", "_chunks", "offset")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0
        self.offset = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes in one piece, fewer only at the end of the stream."""
        end = self._at + size
        if end <= len(self._buffer):  # nearly always: a header within a chunk
            data = self._buffer[self._at : end]
            self._at = end
            self.offset += size
            return data
        return b"".join(bytes(piece) for piece in self.pieces(size))

    def pieces(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes as views that are valid until the next one; fewer at the stream's end."""
        while size:
            if self._at == len(self._buffer) and not self._refill():
                return
            piece = memoryview(self._buffer)[self._at : self._at + size]
            self._at += len(piece)
            self.offset += len(piece)
            size -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Everything that is left, as it comes."""
        while self._at < len(self._buffer) or self._refill():
            data = self._buffer[self._at :]
            self._at = len(self._buffer)
            self.offset += len(data)
            yield data

    def _refill(self) -> bool:
        for chunk in self._chunks:
            if chunk:
                self._buffer = chunk
                self._at = 0
                return True
        return False

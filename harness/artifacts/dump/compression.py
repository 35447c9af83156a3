"""The compressions in which scripts and archives come: known by their first bytes, decoded in bounded memory."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

from harness.base.errors import BrokenArtifact, UsageError

CHUNK_BYTES = 1 << 18
"""How much is read at once. 256 KiB scanned fastest of 64 KiB to 4 MiB (two cores, 2026): it stays in the cache."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # its first byte is 0x50 to 0x5f (RFC 8878, 3.1.2)
_XZ = b"\xfd7zXZ\x00"
_BZIP2 = b"BZh"
WINDOW_BYTES = 1 << 27
"""The largest window of a zstd frame, as `zstd --long` writes it, and with the decoder's own needs that of xz (`-9` has
64 MiB), unless more is allowed. A file of 60 KB can ask for 2 GiB otherwise."""
MOST_WINDOW_BYTES = 1 << 31
"""The largest that zstd itself writes (`--long=31`)."""
INPUT_BYTES = {"zstd": 1 << 9}
"""Compressed bytes handed to a decoder at once, where it can't bound its output. A zstd block of 4 bytes can
hold 128 KiB (RFC 8878, 3.1.1.2), so 512 bytes make 16 MiB at most."""


_WANTS_MEMORY = re.compile(r"Memory usage limit|requires too much memory")
_BY_HAND = {"zstd": "zstd -d --long=31", "xz": "xz -d", "gzip": "gzip -d", "bzip2": "bzip2 -d"}


class NeedsMemory(UsageError):
    """Compressed data asks for more memory than may be used to unpack it."""


_allowed_bytes = WINDOW_BYTES


def allow_window(size_bytes: int | None) -> None:
    """Set how large the window of a compressed file may be, for the whole process (as a limit of the system's is).

    Args:
        size_bytes: `WINDOW_BYTES` to `MOST_WINDOW_BYTES`; None for the former.
    """
    global _allowed_bytes
    _allowed_bytes = size_bytes or WINDOW_BYTES


class _Decoder(Protocol):
    """One member (gzip, xz, bzip2) or frame (zstd) of a compressed file."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Bounded:
    """A decoder that gives back at most about `CHUNK_BYTES` at once, however small its input is."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._new()

    def _new(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31) if self._kind == "gzip" else None
        self._other: _Decoder | None = None
        if self._kind == "xz":
            self._other = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_allowed_bytes + WINDOW_BYTES)
        elif self._kind == "bzip2":
            self._other = bz2.BZ2Decompressor()
        elif self._kind == "zstd":
            self._other = zstandard.ZstdDecompressor(max_window_size=_allowed_bytes).decompressobj()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decode `data`, which lies inside one member; what follows the member is in `rest` afterwards."""
        self.rest = b""
        if self._zlib is not None:
            pending = data
            while True:
                out = self._zlib.decompress(pending, CHUNK_BYTES)
                if out:
                    yield out
                if self._zlib.eof:
                    self.rest = self._zlib.unused_data
                    return
                pending = self._zlib.unconsumed_tail
                if not pending and len(out) < CHUNK_BYTES:
                    return
        elif isinstance(self._other, (lzma.LZMADecompressor, bz2.BZ2Decompressor)):
            out = self._other.decompress(data, CHUNK_BYTES)
            yield out
            while not self._other.eof and not self._other.needs_input:
                out = self._other.decompress(b"", CHUNK_BYTES)
                yield out
            self.rest = self._other.unused_data
        else:
            assert self._other is not None
            yield self._other.decompress(data)
            self.rest = self._other.unused_data

    @property
    def eof(self) -> bool:
        decoder = self._zlib or self._other
        assert decoder is not None
        return bool(decoder.eof)

    def restart(self) -> None:
        self._new()


def compression(first: bytes) -> str:
    """Which one begins with these bytes; empty for none."""
    if first.startswith(_GZIP):
        return "gzip"
    if first.startswith(_ZSTD) or (first[1:4] == _ZSTD_SKIPPABLE and first[0] >> 4 == 5):
        return "zstd"
    if first.startswith(_XZ):
        return "xz"
    if first.startswith(_BZIP2) and first[3:4].isdigit():
        return "bzip2"
    return ""


def gather(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make chunks of `CHUNK_BYTES` or more: what reads them is fast on large ones only."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held.clear()
            size = 0
    if size:
        yield b"".join(held)


def decompress(raw: Iterator[bytes], kind: str, name: str) -> Iterator[bytes]:
    """Decode what may be several members one after the other.

    Args:
        raw: the compressed bytes; of zstd in chunks of `INPUT_BYTES` at most.
        name: of the file, for the error.

    Returns:
        Chunks, some of them small (see `gather`).

    Raises:
        BrokenArtifact: the data is damaged, or ends inside a member.
        UsageError: unpacking it takes more memory than a backup may ask for.
    """
    decoder = _Bounded(kind)
    offset = 0  # of the end of what was handed to the decoder
    members = 0
    inside = False
    for data in raw:
        offset += len(data)
        while data:
            if not inside and members:
                # tapes and some tools fill up with zero bytes after the last member (gzip(1), xz(1))
                data = data.lstrip(b"\0")
                if not data:
                    break
            inside = True
            try:
                for out in decoder.pieces(data):
                    if out:
                        yield out
            except (zlib.error, lzma.LZMAError, OSError, EOFError, zstandard.ZstdError) as error:
                if _WANTS_MEMORY.search(str(error)):
                    allow = (
                        "Allow more (--max-window 2G), or unpack" if _allowed_bytes < MOST_WINDOW_BYTES else "Unpack"
                    )
                    raise NeedsMemory(
                        f"{name}: its {kind} data takes more than {_allowed_bytes >> 20} MiB of memory to be unpacked",
                        f"{allow} it by hand ({_BY_HAND[kind]}), and verify the result.",
                    ) from None
                at = offset - len(data)
                raise _damaged(name, kind, at, members, str(error)) from None
            data = b""
            if decoder.eof:
                data = decoder.rest
                decoder.restart()
                members += 1
                inside = False
    if inside:
        raise BrokenArtifact(
            f"{name}: the {kind} data is truncated after {offset} bytes, inside member {members + 1}",
            "The file was truncated, or the program that wrote it was stopped: take another backup.",
        )


def _damaged(name: str, kind: str, at: int, members: int, why: str) -> BrokenArtifact:
    if members:
        hint = f"{members} complete member(s) precede it; what follows them is not {kind} data."
    else:
        hint = "The bytes were changed after writing, or the copy is incomplete."
    return BrokenArtifact(
        f"{name}: the {kind} data is damaged at or after byte {at}", hint, "Take another backup.", details=why
    )

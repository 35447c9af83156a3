"""Opening a script: plain or compressed, a file or a stream, always as a stream of bytes.

What it is decides its first bytes, never its name: backups get renamed. A compressed file that is damaged or
ends too early is a broken backup, and said as such: `gzip -t` is not a test that every cron job runs.
"""

from __future__ import annotations

import abc
import bz2
import io
import lzma
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from harness.errors import BrokenArtifact, UsageError

CHUNK_BYTES = 1 << 18
"""How much is read at once. 256 KiB scanned fastest of 64 KiB to 4 MiB (two cores, 2026): it stays in the cache."""


class Composed(abc.ABC):
    """A script that is not one file; it can be read again and again."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """What to call it in a message."""

    @property
    @abc.abstractmethod
    def files(self) -> tuple[Path, ...]:
        """The files that it is made of."""

    @abc.abstractmethod
    def chunks(self) -> Iterator[bytes]:
        """The script."""


@dataclass(frozen=True, slots=True)
class Parts(Composed):
    """Scripts that are run one after the other: what `--no-data` wrote, then what `--no-create-info` wrote."""

    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """All names."""
        return " and ".join(path.name for path in self.files)

    def chunks(self) -> Iterator[bytes]:
        """The scripts, each on a line of its own."""
        for path in self.files:
            yield from open_script(path)
            yield b"\n"


Dump = Path | Composed
"""A script that was handed in: read more than once, so no stream."""
ScriptSource = Path | BinaryIO | Composed


def files_of(dump: Dump) -> tuple[Path, ...]:
    """The files that a script is made of."""
    return dump.files if isinstance(dump, Composed) else (dump,)


_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # its first byte is 0x50 to 0x5f (RFC 8878, 3.1.2)
_XZ = b"\xfd7zXZ\x00"
_BZIP2 = b"BZh"
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|error)\b", re.IGNORECASE)
_NOT_SCRIPTS = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"PGDMP": "a dump of PostgreSQL",
    b"XBSTCK01": "a stream of XtraBackup",
    b"SQLite format 3\x00": "an SQLite database",
}


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
            self._other = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        elif self._kind == "bzip2":
            self._other = bz2.BZ2Decompressor()
        elif self._kind == "zstd":
            self._other = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()

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


_TAR_HEADER_BYTES = 512
_INPUT_BYTES = {"zstd": 1 << 9}
"""Compressed bytes handed to a decoder at once, where it can't bound its output. A zstd block of 4 bytes can
hold 128 KiB (RFC 8878, 3.1.1.2), so 512 bytes make 16 MiB at most."""


def source_name(source: ScriptSource) -> str:
    """What to call a source in a message: its path, or "standard input"."""
    if isinstance(source, Path):
        return str(source)
    if isinstance(source, Composed):
        return source.name
    name = getattr(source, "name", None)
    return str(name) if isinstance(name, (str, Path)) and name != "<stdin>" else "standard input"


def open_script(source: ScriptSource, *, read_bytes: int = CHUNK_BYTES, any_content: bool = False) -> Iterator[bytes]:
    """Read a script as chunks of bytes, decompressed where it is compressed.

    Known by their first bytes: gzip (of several members too), zstd (of several frames), xz, bzip2. Everything
    else is taken as it stands.

    Args:
        source: a file, a script made of several, or a stream that is open for reading bytes (it is not closed).
        read_bytes: how many bytes to read at once; what comes out is the same for every value.
        any_content: take it whatever it decompresses to: archives of storage are opened here too.

    Returns:
        Chunks that are not empty, in order; memory does not grow with the file.

    Raises:
        UsageError: there is no such file, it is a directory, or it is known to be something else.
        BrokenArtifact: the compressed data is damaged or ends too early, with the offset; or the script was changed
            by what it went through.
    """
    if isinstance(source, Composed):
        yield from source.chunks()
        return
    name = source_name(source)
    if not isinstance(source, Path):
        yield from _read(source, name, read_bytes, any_content)
        return
    try:
        stream = source.open("rb")
    except FileNotFoundError:
        raise UsageError(f"there is no file {name}") from None
    except IsADirectoryError:
        raise UsageError(f"{name} is a directory, not a script", "Name the script inside it.") from None
    except OSError as error:
        raise UsageError(f"{name} can't be read: {error.strerror}") from None
    with stream:
        yield from _read(stream, name, read_bytes, any_content)


def _read(stream: BinaryIO, name: str, read_bytes: int, any_content: bool) -> Iterator[bytes]:
    first = _exactly(stream, 16)
    for magic, what in _NOT_SCRIPTS.items():
        if first.startswith(magic):
            raise UsageError(f"{name} is {what}, not a script", "Hand in what mysqldump wrote.")
    kind = _compression(first)
    raw = _raw(stream, first, min(read_bytes, _INPUT_BYTES.get(kind, read_bytes)))
    chunks = raw if not kind else _gather(_decompress(raw, kind, name))
    yield from chunks if any_content else _scripts_only(chunks, name)


def _scripts_only(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Refuse at the first bytes what was packed once more, or was written by a shell that changes bytes."""
    first = next(chunks, b"")
    if len(first) < _TAR_HEADER_BYTES:
        first += next(chunks, b"")
    if first[257:262] == b"ustar":
        raise UsageError(f"{name} is a tar archive, not a script", "Unpack it, and hand in the script inside it.")
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenArtifact(
            f"{name} is in UTF-16: the shell that wrote it (PowerShell's >) changed every byte, so no client reads it",
            "Let the tool write the file itself, with --result-file.",
        )
    if b"<mysqldump" in first[:_TAR_HEADER_BYTES]:
        raise UsageError(f"{name} was made with --xml, so no client can run it", "Make the dump without --xml.")
    if _MARKUP.match(first) is not None:
        raise BrokenArtifact(
            f"{name} is an HTML or XML document, not a script: what fetched it was given a web server's answer",
            "Look into it for the reason, often a login or a missing file, and fetch the backup again.",
        )
    if _compression(first):
        raise BrokenArtifact(
            f"{name} was compressed twice: what it decompresses to is {_compression(first)} data again",
            "Take one of the two out of the pipe; this one can be unpacked by hand.",
        )
    if first:
        yield first
    del first
    yield from chunks


def _compression(first: bytes) -> str:
    if first.startswith(_GZIP):
        return "gzip"
    if first.startswith(_ZSTD) or (first[1:4] == _ZSTD_SKIPPABLE and first[0] >> 4 == 5):
        return "zstd"
    if first.startswith(_XZ):
        return "xz"
    if first.startswith(_BZIP2) and first[3:4].isdigit():
        return "bzip2"
    return ""


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end: a pipe gives what it has."""
    buffer = io.BytesIO()
    while buffer.tell() < size:
        data = stream.read(size - buffer.tell())
        if not data:
            break
        buffer.write(data)
    return buffer.getvalue()


def _raw(stream: BinaryIO, first: bytes, read_bytes: int) -> Iterator[bytes]:
    if first:
        yield first
    while data := _exactly(stream, read_bytes):
        yield data


def _gather(pieces: Iterator[bytes]) -> Iterator[bytes]:
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


def _decompress(raw: Iterator[bytes], kind: str, name: str) -> Iterator[bytes]:
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
            f"{name}: the {kind} data ends too early, after {offset} bytes, inside member {members + 1}",
            "The file was cut short, or whatever wrote it died: take another backup.",
        )


def _damaged(name: str, kind: str, at: int, members: int, why: str) -> BrokenArtifact:
    if members:
        hint = f"{members} complete member(s) come before it; what follows them is not {kind} data."
    else:
        hint = "The bytes were changed after they were written, or the copy is incomplete."
    return BrokenArtifact(
        f"{name}: the {kind} data is damaged at or after byte {at}", hint, "Take another backup.", details=why
    )

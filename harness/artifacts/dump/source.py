"""Opening a script: plain or compressed, a file or a stream, always as a stream of bytes.

What it is decides its first bytes, never its name: backups get renamed. A compressed file that is damaged or
ends too early is a broken backup, and reported as such: `gzip -t` is not a test that every cron job runs.
"""

from __future__ import annotations

import abc
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from harness.artifacts.dump.compression import CHUNK_BYTES, INPUT_BYTES, compression, decompress, gather
from harness.artifacts.dump.formats import FIRST_BYTES, other_format
from harness.base.errors import BrokenArtifact, UsageError


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

    scripts: tuple[Dump, ...]

    @property
    def name(self) -> str:
        return " and ".join(script.name for script in self.scripts)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for script in self.scripts for path in files_of(script))

    def chunks(self) -> Iterator[bytes]:
        """The scripts, each on a line of its own."""
        for script in self.scripts:
            yield from open_script(script)
            yield b"\n"


@dataclass(frozen=True, slots=True)
class Encrypted(Composed):
    """A script, or an archive of storage, that stays encrypted on disk and is decrypted each time it is read.

    Args:
        decrypted: what it holds, as a stream.
    """

    path: Path
    decrypted: Callable[[Path], Iterator[bytes]] = field(repr=False)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def chunks(self, *, any_content: bool = False) -> Iterator[bytes]:
        """The script, or whatever it is; raises as `open_script` and `decrypted` do."""
        with io.BufferedReader(ChunkStream(self.decrypted(self.path), self.name)) as stream:
            yield from open_script(stream, any_content=any_content)


class ChunkStream(io.RawIOBase):
    """Chunks as a stream that can be read."""

    def __init__(self, chunks: Iterator[bytes], name: str) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


Dump = Path | Composed
"""An existing script: read more than once, so no stream."""
ScriptSource = Path | BinaryIO | Composed


def files_of(dump: Dump) -> tuple[Path, ...]:
    """The files that a script is made of."""
    return dump.files if isinstance(dump, Composed) else (dump,)


_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<(?:!doctype|html|\?xml|error)\b|\{\s*\")", re.IGNORECASE)
_TAR_HEADER_BYTES = 512


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
        raise UsageError(f"file not found: {name}") from None
    except IsADirectoryError:
        raise UsageError(f"{name} is a directory, not an SQL dump", "Give the SQL file in it.") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    with stream:
        yield from _read(stream, name, read_bytes, any_content)


def _read(stream: BinaryIO, name: str, read_bytes: int, any_content: bool) -> Iterator[bytes]:
    first = _exactly(stream, FIRST_BYTES)
    if (other := other_format(first)) is not None and not (any_content and other.is_archive):
        raise UsageError(f"{name} {other.what}", other.remedy)
    kind = compression(first)
    raw = _raw(stream, first, min(read_bytes, INPUT_BYTES.get(kind, read_bytes)))
    chunks = raw if not kind else gather(decompress(raw, kind, name))
    yield from chunks if any_content else _scripts_only(chunks, name)


def _scripts_only(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Refuse at the first bytes what was packed once more, or was written by a shell that changes bytes."""
    first = next(chunks, b"")
    if len(first) < _TAR_HEADER_BYTES:
        first += next(chunks, b"")
    if first[257:262] == b"ustar":
        raise UsageError(f"{name} is a tar archive, not an SQL dump", "Extract it, and use the SQL file in it.")
    if (other := other_format(first[:_TAR_HEADER_BYTES], whole=len(first) < _TAR_HEADER_BYTES)) is not None:
        raise UsageError(f"{name} {other.what}", other.remedy)
    if b"<mysqldump" in first[:_TAR_HEADER_BYTES]:
        raise UsageError(f"{name} was made with --xml, so no client can run it", "Make the dump without --xml.")
    if _MARKUP.match(first) is not None:
        raise BrokenArtifact(
            f"{name} is an HTML, XML or JSON document, not a script: what fetched it was given a web server's answer",
            "Look into it for the reason, often a login or a missing file, and download the backup again.",
        )
    if compression(first):
        raise BrokenArtifact(
            f"{name} was compressed twice: decompressed, it is again {compression(first)} data",
            "Remove one of the two from the pipeline; this file can be decompressed manually.",
        )
    if first:
        yield first
    del first
    yield from chunks


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

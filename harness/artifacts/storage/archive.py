"""A storage archive as a stream of FileStates: every content hashed, constant memory, nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.artifacts.dump.compression import NeedsMemory
from harness.artifacts.dump.source import Encrypted, open_script
from harness.artifacts.storage.content import FileContent
from harness.artifacts.storage.members import CHANGED_HINT, MAGIC, MIXED_HINT, NOT_AN_ARCHIVE_HINT, Member, TarReader
from harness.artifacts.storage.safety import DEFAULT_LIMITS, ArchiveLimits, Guard, Quarantine, normalised
from harness.artifacts.storage.zipped import ZipArchive
from harness.base.errors import HarnessError, UsageError
from harness.base.model import FileState

_TWO_HINT = "The file contains two archives, and tar restores only the first: separate them."


def read_archive(
    chunks: Iterable[bytes],
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    compressed_bytes: int | None = None,
    untrusted: bool = True,
    quarantine: Quarantine | None = None,
) -> Iterator[FileState]:
    """Read a tar archive to its very end, in the order of its members.

    The root directory, where the archive has it, comes with an empty path.

    Args:
        chunks: the archive, not compressed (see `open_archive`).
        compressed_bytes: size of the compressed file, for the limit on the ratio.
        untrusted: refuse what must not be unpacked. False is for looking at a directory that is there.
        quarantine: gets links that lead out and devices; without it, they are refused at once.

    Raises:
        UsageError: this is no tar archive.
        BrokenArtifact: it is cut or damaged; says how far it could be read.
        UnsafeArtifact: it holds a member that leads out of its root, or a device, a name twice, or too much.
    """
    reader = TarReader(chunks)
    guard = Guard(limits, compressed_bytes, quarantine) if untrusted else None
    while (member := reader.next()) is not None:
        path = normalised(member.name)
        if guard is not None:
            guard.admit(member, path, reader.offset)
        yield _state(reader, member, path)
    for padding in reader.rest():
        if padding.count(0) != len(padding):
            text = padding.strip(b"\0").isascii()
            hint = _TWO_HINT if MAGIC in padding else MIXED_HINT if text else CHANGED_HINT
            raise reader.broken("data follows the end-of-archive mark", hint)
        if guard is not None:
            guard.check_ratio(reader.offset)


def _state(reader: TarReader, member: Member, path: bytes) -> FileState:
    sha256 = content = ""
    if member.kind == "file":
        digest, looked_at = hashlib.sha256(), FileContent()
        for piece in reader.content(member):
            digest.update(piece)
            looked_at.add(piece)
        sha256, content = digest.hexdigest(), looked_at.verdict()
    return FileState(
        path=path,
        kind=member.kind,
        size_bytes=member.size_bytes,
        sha256=sha256,
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        mtime_s=member.mtime_s,
        target=normalised(member.target) if member.kind == "hardlink" else member.target,
        content=content,
    )


def open_archive(path: Path | ZipArchive | Encrypted) -> Iterator[bytes]:
    """Read an archive file as a tar archive, decompressed where it is compressed; its first bytes decide, not its name.

    Raises:
        UsageError: there is no such file, or it is known to be something else.
        BrokenArtifact: the compressed data is damaged or ends too early, with the offset.
    """
    if isinstance(path, ZipArchive):
        yield from path.chunks()
        return
    if isinstance(path, Encrypted):
        yield from path.chunks(any_content=True)
        return
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise UsageError(
            f"the storage artifact {path} {what}",
            "Give the directory or the archive that contains the files of storage/app.",
        )
    try:
        yield from open_script(path, any_content=True)
    except UsageError as error:
        hints = error.hints if isinstance(error, NeedsMemory) else (NOT_AN_ARCHIVE_HINT,)
        raise UsageError(f"the storage archive cannot be read: {error.fact}", *hints) from None


def read_archive_file(
    archive: Path | ZipArchive | Encrypted,
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    quarantine: Quarantine | None = None,
) -> Iterator[FileState]:
    """Read an archive file, of any compression, as `read_archive` does; errors name the file."""
    path = archive if isinstance(archive, Path) else archive.path
    try:
        yield from read_archive(
            open_archive(archive), limits=limits, compressed_bytes=_size_of(path), quarantine=quarantine
        )
    except HarnessError as error:
        raise named(error, path) from None


def named(error: HarnessError, path: Path) -> HarnessError:
    """The same error, of an archive file."""
    if str(path) in error.fact:
        return error
    return type(error)(f"{path}: {error.fact}", *error.hints, details=error.details, causes=error.causes)


def _size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None

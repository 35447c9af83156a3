"""A storage archive as a stream of FileStates: every content hashed, constant memory, nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from harness.model import FileState
from harness.storage.members import Member, TarReader
from harness.storage.safety import DEFAULT_LIMITS, ArchiveLimits, Guard, normalised


def read_archive(
    chunks: Iterable[bytes],
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    compressed_bytes: int | None = None,
    untrusted: bool = True,
) -> Iterator[FileState]:
    """Read a tar archive to its very end, in the order of its members.

    The root directory, where the archive has it, comes with an empty path.

    Args:
        chunks: the archive, not compressed (see harness.dump for reading compressed files).
        limits: stop a bomb.
        compressed_bytes: size of the compressed file, for the limit on the ratio.
        untrusted: refuse what must not be unpacked. False is for looking at a directory that is there.

    Raises:
        UsageError: this is no tar archive.
        BrokenArtifact: it is cut or damaged; says how far it could be read.
        UnsafeArtifact: it holds a member that leads out of its root, or a device, a name twice, or too much.
    """
    reader = TarReader(chunks)
    guard = Guard(limits, compressed_bytes) if untrusted else None
    while (member := reader.next()) is not None:
        path = normalised(member.name)
        if guard is not None:
            guard.admit(member, path, reader.offset)
        yield _state(reader, member, path)
    for padding in reader.rest():
        if padding.count(0) != len(padding):
            raise reader.broken(
                "something follows the end-of-archive mark",
                "Two archives stand one behind the other, and tar restores only the first: take them apart.",
            )
        if guard is not None:
            guard.check_ratio(reader.offset)


def _state(reader: TarReader, member: Member, path: bytes) -> FileState:
    sha256 = ""
    if member.kind == "file":
        digest = hashlib.sha256()
        for piece in reader.content(member):
            digest.update(piece)
        sha256 = digest.hexdigest()
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
    )

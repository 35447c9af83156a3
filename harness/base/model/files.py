"""A storage directory as a listing of its entries."""

from __future__ import annotations

from dataclasses import dataclass, field

PRIVILEGES = 0o6000
"""The setuid and the setgid bit of a file's mode."""


@dataclass(frozen=True, slots=True)
class FileState:
    """One entry below the storage directory.

    Args:
        path: relative, as bytes, `/` between its parts, without a leading `./`.
        kind: `file`, `directory`, `symlink`, `hardlink`, or `special` for what a backup should not hold.
        size_bytes: logical size of a file (holes count), 0 for all else.
        sha256: hexadecimal digest of a file's content, empty for all else.
        mode: permission bits, such as 0o644.
        uid: numeric owner.
        gid: numeric group.
        mtime_s: modification time in whole seconds since 1970.
        target: what a link points at, as bytes; empty for all else.
        content: what a file's content looks like, a word of `harness.artifacts.storage.content`; empty where nobody
            looked. It follows from the content, and two entries that differ in it alone are equal.
    """

    path: bytes
    kind: str
    size_bytes: int
    sha256: str
    mode: int
    uid: int
    gid: int
    mtime_s: int
    target: bytes = b""
    content: str = field(default="", compare=False)

    @property
    def privileged(self) -> bool:
        """Whether it is a file that runs as its owner or group (setuid, setgid), whoever starts it."""
        return self.kind in ("file", "hardlink") and bool(self.mode & PRIVILEGES)


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Sums over a storage directory; the entries themselves stand in a sidecar, one JSON object per line."""

    files: int = 0
    directories: int = 0
    links: int = 0
    size_bytes: int = 0
    inventory: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryTotals:
    """Files below one directory of the first level, at any depth, and their bytes."""

    files: int
    size_bytes: int

"""Reading a storage directory where it is, on this machine or in a container: as an archive, or as a listing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts.dump.source import Encrypted
from harness.artifacts.storage import tar
from harness.artifacts.storage.archive import open_archive, read_archive, read_archive_file
from harness.artifacts.storage.fields import seconds
from harness.artifacts.storage.names import coded
from harness.artifacts.storage.safety import DEFAULT_LIMITS, ArchiveLimits, Quarantine
from harness.artifacts.storage.zipped import ZipArchive
from harness.base.errors import HarnessError
from harness.base.model import FileState
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import Host, run

NAMES_SHOWN = 10

END_TIMEOUT_S = 60.0
"""Between the last byte that a command wrote and its end."""

_FIND_KINDS = {b"f": "file", b"d": "directory", b"l": "symlink"}


@dataclass(frozen=True, slots=True)
class HostedDirectory:
    """A storage directory that is read where it is, such as a volume through a container.

    Args:
        root: its absolute path there.
    """

    host: Host
    root: str
    name: str


Storage = Path | ZipArchive | Encrypted | HostedDirectory
"""A storage artifact: a directory or an archive on this machine, or a directory somewhere else."""


def file_of(artifact: Storage) -> Path | None:
    """The archive file that an artifact is; None for a directory."""
    path = artifact.path if isinstance(artifact, ZipArchive | Encrypted) else artifact
    return path if isinstance(path, Path) and not path.is_dir() else None


class DirectoryReader:
    """Reads a directory through GNU tar; what tar complained of is known when its archive was read to its end.

    Args:
        excluded: directories below it that are left out.
        failure: the error to raise when tar fails; that entries changed or vanished is no failure here.
        only: one entry below it, in place of all.
        sockets: False to leave sockets out without a word; otherwise they are a failure.

    Attributes:
        changed, vanished: see `tar.Complaints`.
    """

    def __init__(
        self,
        host: Host,
        root: str,
        excluded: Sequence[str] = (),
        *,
        failure: type[HarnessError] = HarnessError,
        only: str = "",
        sockets: bool = True,
    ) -> None:
        self._host = host
        self._root = root
        self._command = tar.create_command(root, excluded, only=only, sockets=sockets)
        self._failure = failure
        self.changed: tuple[bytes, ...] = ()
        self.vanished: tuple[bytes, ...] = ()

    def chunks(self) -> Iterator[bytes]:
        """The archive, as it comes; exit status and stderr are looked at after its last byte."""
        with self._host.start(self._command, env=tar.ENVIRONMENT) as command:
            yield from command.chunks()
            ended = command.wait(END_TIMEOUT_S)
        complaints = tar.read_complaints(ended.stderr)
        explained = bool(complaints.changed or complaints.vanished)
        if complaints.others or ended.exit_status not in (0, 1) or (ended.exit_status == 1 and not explained):
            first = tar.with_codes(complaints.others[0]) if complaints.others else "no reason given"
            raise self._failure(
                f"tar could not read all of {self._root} (exit status {ended.exit_status}): {first}",
                "The user that makes the backup needs read access to everything in the storage directory.",
                details=tar.with_codes(ended.stderr),
            )
        self.changed, self.vanished = complaints.changed, complaints.vanished

    def settled_chunks(self) -> Iterator[bytes]:
        """As `chunks`, for a directory that nobody may be writing to: raises HarnessError where something moved."""
        yield from self.chunks()
        moved = [*self.changed, *self.vanished]
        if moved:
            raise HarnessError(
                f"{self._root} changed while it was being read: {shown_names(moved)}",
                "Prevent other access during the backup, and try again.",
            )


def scan(host: Host, root: str) -> Iterator[FileState]:
    """Read everything below a directory, in order, with the digest of each file; the root has an empty path.

    Raises:
        HarnessError: it is not there, can't be read, or changed while it was read.
    """
    require_directory(host, root)
    yield from read_archive(DirectoryReader(host, root).settled_chunks(), untrusted=False)


def scan_entry(host: Host, root: str, path: bytes) -> FileState | None:
    """Read one entry below a directory, with the digest of a file; None when it is not there.

    Args:
        path: of the entry, as FileState has it.
    """
    only = os.fsdecode(path)
    if run(host, ("test", "-e", f"{root}/{only}")).exit_status:
        return None
    reader = DirectoryReader(host, root, only=only)
    return next((entry for entry in read_archive(reader.settled_chunks(), untrusted=False) if entry.path == path), None)


def listing(host: Host, root: str) -> Iterator[FileState]:
    """List everything below a directory without reading a file: kinds, sizes, times; in no order.

    Modes, owners, digests and the targets of links are left empty.
    """
    argv = ("find", "-H", root, "-ignore_readdir_race", "-mindepth", "1", "-printf", r"%P\0%y\0%s\0%T@\0")
    with host.start(argv, env=tar.ENVIRONMENT) as command:
        fields: list[bytes] = []
        rest = b""
        for chunk in command.chunks():
            *complete, rest = (rest + chunk).split(b"\0")
            fields += complete
            whole = len(fields) - len(fields) % 4
            for at in range(0, whole, 4):
                yield _listed(*fields[at : at + 4])
            del fields[:whole]
        ended = command.wait(END_TIMEOUT_S)
    if ended.exit_status or ended.stderr or rest or fields:
        raise HarnessError(f"find could not list {root} (exit status {ended.exit_status})", details=ended.stderr)


def artifact_chunks(artifact: Storage) -> Iterator[bytes]:
    """A storage artifact, directory or archive file, as an uncompressed archive; sockets are no content of one."""
    if isinstance(artifact, HostedDirectory):
        return DirectoryReader(artifact.host, artifact.root, sockets=False).settled_chunks()
    if isinstance(artifact, Path) and artifact.is_dir():
        return DirectoryReader(LocalHost(), str(artifact.resolve()), sockets=False).settled_chunks()
    return open_archive(artifact)


def read_artifact(
    artifact: Storage, *, limits: ArchiveLimits = DEFAULT_LIMITS, quarantine: Quarantine | None = None
) -> Iterator[FileState]:
    """Read and validate a storage artifact, directory or archive file, to its end; nothing is written.

    In the order in which it stands there: `sorted_entries` puts it in order. What a directory has in sum is looked at
    before any of it is read.

    Args:
        quarantine: see `read_archive`.

    Raises:
        UsageError: it does not exist, or is neither.
        BrokenArtifact: it is cut or damaged.
        UnsafeArtifact: it holds what must not be unpacked.
        HarnessError: there is no room for it.
    """
    if isinstance(artifact, ZipArchive | Encrypted) or (isinstance(artifact, Path) and not artifact.is_dir()):
        yield from read_archive_file(artifact, limits=limits, quarantine=quarantine)
        return
    hosted = (
        artifact
        if isinstance(artifact, HostedDirectory)
        else HostedDirectory(LocalHost(), str(artifact.resolve()), artifact.name)
    )
    require_directory(hosted.host, hosted.root)
    limits.check_total(sum(entry.size_bytes for entry in listing(hosted.host, hosted.root)), hosted.name)
    yield from read_archive(artifact_chunks(artifact), limits=limits, quarantine=quarantine)


def require_directory(host: Host, root: str) -> None:
    """Raise HarnessError unless `root` is a directory there."""
    if run(host, ("test", "-d", root)).exit_status:
        raise HarnessError(
            f"directory {root} does not exist", "The application's storage directory must exist, even if it is empty."
        )


def shown_names(paths: Sequence[bytes]) -> str:
    """The first names for a message, and how many more there are."""
    names = ", ".join(coded(path) for path in paths[:NAMES_SHOWN])
    return names + (f" and {len(paths) - NAMES_SHOWN} more" if len(paths) > NAMES_SHOWN else "")


def _listed(path: bytes, kind: bytes, size: bytes, mtime: bytes) -> FileState:
    known = _FIND_KINDS.get(kind, "special")
    size_bytes = int(size) if known == "file" else 0
    return FileState(path, known, size_bytes, "", 0, 0, 0, seconds(mtime))

"""Restoring the storage directory: read and validate the whole artifact first, then stream it into GNU tar."""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from harness.artifacts.storage.archive import named
from harness.artifacts.storage.disk import reporting_full_disk
from harness.artifacts.storage.inside import root_inside, without_prefix
from harness.artifacts.storage.inventory import read_inventory, totals_of, write_inventory
from harness.artifacts.storage.members import TarReader
from harness.artifacts.storage.names import is_below, printable
from harness.artifacts.storage.order import pair, sorted_entries
from harness.artifacts.storage.safety import DEFAULT_LIMITS, ArchiveLimits, Quarantine, normalised
from harness.artifacts.storage.tar import ENVIRONMENT, with_codes
from harness.base.errors import BrokenArtifact, HarnessError, UsageError
from harness.base.model import PRIVILEGES, FileTotals
from harness.base.sizes import Pace
from harness.procedure.backup.scan import (
    END_TIMEOUT_S,
    Storage,
    artifact_chunks,
    file_of,
    read_artifact,
    require_directory,
)
from harness.procedure.backup.unpack import Unpacker
from harness.runtime.services.execution import Host, run


@dataclass(frozen=True, slots=True)
class CheckedStorage:
    """A storage artifact that was read to its end and found good.

    Args:
        totals: sums over what is to be restored; they name the list of files where one was asked for.
        prefix: directory of the artifact whose content is restored; empty for all of it.
        as_written: the same as the archive writes it.
        left: entries of the artifact outside of it.
        state: of an archive file when it was read: who changes it later is noticed.
        lists: of the artifact's files, and of those that the source had, where that is known; setuid and setgid bits
            that only the artifact has are not restored. None: all are.
    """

    artifact: Storage
    totals: FileTotals
    prefix: bytes = b""
    as_written: bytes = b""
    left: int = 0
    state: tuple[int, ...] = ()
    lists: tuple[Path, Path | None] | None = None


@dataclass(frozen=True, slots=True)
class StorageRestore:
    """What was restored.

    Args:
        totals: sums over the artifact; they name the list of files where one was asked for.
        owners_restored: False where tar did not run as root: then everything belongs to who ran it.
        inside: directory of the artifact whose content was restored, such as `app/storage/app`; empty for all of it.
        left: entries of the artifact outside of it.
        unprivileged: how many files lost a setuid or setgid bit that the source is not known to have had.
    """

    totals: FileTotals
    owners_restored: bool
    inside: str = ""
    left: int = 0
    unprivileged: int = 0


def check_storage(
    artifact: Storage, inventory: Path | None = None, *, limits: ArchiveLimits = DEFAULT_LIMITS
) -> CheckedStorage:
    """Read and validate a storage artifact to its end, and find what of it is the storage directory.

    Args:
        artifact: a directory, or on this machine an archive of any compression.
        inventory: write the list of the artifact's files to this path. Without it, all of the artifact is the storage
            directory.
        limits: stop a bomb, and what there is no room for.

    Raises:
        UsageError: the artifact does not exist or is no archive.
        BrokenArtifact, UnsafeArtifact, HarnessError: see `read_artifact`.
    """
    state = _state(artifact)
    if inventory is None:
        return CheckedStorage(artifact, totals_of(read_artifact(artifact, limits=limits)), state=state)
    quarantine: Quarantine = []
    entries = read_artifact(artifact, limits=limits, quarantine=quarantine)
    with reporting_full_disk(inventory), tempfile.TemporaryDirectory(prefix=".files-", dir=inventory.parent) as scratch:
        totals = write_inventory(sorted_entries(entries, Path(scratch)), inventory, content=True).totals
    prefix = _prefix(artifact, inventory)
    for path, error in quarantine:
        if is_below(path, prefix):
            where = file_of(artifact) or artifact
            raise named(error, where) if isinstance(where, Path) else error
    if not prefix:
        return CheckedStorage(artifact, totals, state=state)
    left = sum(
        not is_below(prefix, entry.path) and not is_below(entry.path, prefix) for entry in read_inventory(inventory)
    )
    return CheckedStorage(artifact, _below(inventory, prefix), prefix, _as_written(artifact, prefix), left, state)


def restore_storage(
    host: Host, root: str, checked: CheckedStorage, *, progress: Callable[[str], None] = lambda text: None
) -> StorageRestore:
    """Restore a storage artifact that was read to its end and found good; what stands in the target is deleted.

    Args:
        root: its absolute path there; it has to exist.

    Raises:
        UsageError: the target can't be used.
        BrokenArtifact: the archive was changed since it was checked.
        ProcedureFailed: tar could not unpack everything.
        HarnessError: the disk is full: inconclusive.
    """
    if not root.startswith("/") or posixpath.normpath(root).strip("/") == "":
        raise UsageError(f"cannot restore into {root!r}", "Give the storage directory by its absolute path.")
    require_directory(host, root)
    if checked.state != _state(checked.artifact):
        raise BrokenArtifact(
            f"{checked.artifact.name} changed during this drill: it differs from what was read at the start",
            "Prevent writes to a backup while it is being drilled, and try again.",
        )
    _delete_below(host, root)
    pace = Pace(checked.totals.size_bytes)
    with (
        reporting_full_disk(Path(root), lambda: checked.totals.size_bytes),
        Unpacker(host, root, inside=checked.as_written) as unpacker,
    ):
        for chunk in pace.through(artifact_chunks(checked.artifact), progress):
            unpacker.write(chunk)
        unpacker.finish()
    unprivileged = _take_privileges(host, root, checked)
    as_root = run(host, ("id", "-u")).stdout.strip() == b"0"
    inside = printable(checked.prefix) if checked.prefix else ""
    return StorageRestore(checked.totals, as_root, inside, checked.left, unprivileged)


def _state(artifact: Storage) -> tuple[int, ...]:
    """What is another one as soon as anybody writes to an archive file; nothing of a directory."""
    path = file_of(artifact)
    if path is None or not path.is_file():
        return ()
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _prefix(artifact: Storage, inventory: Path) -> bytes:
    try:
        prefix = root_inside(read_inventory(inventory))
    except UsageError as error:
        raise UsageError(f"{artifact.name}: {error.fact}", *error.hints) from None
    if prefix == b"app" and isinstance(artifact, Path) and artifact.is_dir() and artifact.resolve().name == "app":
        return b""  # storage/app that was copied into itself: that is reported (`storage-nested`), and not mended here
    return prefix


def _below(inventory: Path, prefix: bytes) -> FileTotals:
    """Make the list of files one of what stands below a directory."""
    whole = inventory.with_name(f"{inventory.name}.whole")
    inventory.rename(whole)
    try:
        return write_inventory(without_prefix(read_inventory(whole), prefix), inventory, content=True).totals
    finally:
        whole.unlink()


def _as_written(artifact: Storage, prefix: bytes) -> bytes:
    """How an archive writes the names of what stands below a directory: tar takes them by the letter.

    Raises:
        UsageError: in several ways, so that tar could not take all of them.
    """
    reader = TarReader(artifact_chunks(artifact))
    found: set[bytes] = set()
    depth = prefix.count(b"/") + 1
    while (member := reader.next()) is not None:
        if is_below(normalised(member.name), prefix):
            parts = member.name.split(b"/")
            real = [at for at, part in enumerate(parts) if part not in (b"", b".")]
            found.add(b"/".join(parts[: real[depth - 1] + 1]))
    if len(found) != 1:
        raise UsageError(
            f"{artifact.name}: the prefix {printable(prefix)} is spelled in {len(found)} ways, such as "
            f"{' and '.join(printable(name) for name in sorted(found)[:2])}",
            "Create the archive again, from the storage directory alone.",
        )
    return found.pop()


def _take_privileges(host: Host, root: str, checked: CheckedStorage) -> int:
    """Take the setuid and setgid bits from files that the source is not known to have had them."""
    if checked.lists is None:
        return 0
    unvouched = _privileges_unvouched(*checked.lists)
    if (first := next(unvouched, None)) is None:
        return 0
    count = 0
    argv = ("xargs", "-0", "chmod", "u-s,g-s", "--")
    with host.start(argv, env=ENVIRONMENT, stdin=True) as command:
        for path in chain((first,), unvouched):
            command.write(os.fsencode(root) + b"/" + path + b"\0")
            count += 1
        command.close_stdin()
        output = b"".join(command.chunks())
        ended = command.wait(END_TIMEOUT_S)
    if ended.exit_status:
        raise HarnessError(
            f"cannot remove the setuid and setgid bits of {count} files in {root}",
            details=with_codes(f"{output.decode(errors='replace')}{ended.stderr}"),
        )
    return count


def _privileges_unvouched(listed: Path, known: Path | None) -> Iterator[bytes]:
    for before, entry in pair(read_inventory(known) if known else (), read_inventory(listed)):
        had = before.mode if before else 0
        if entry is not None and entry.kind == "file" and entry.mode & PRIVILEGES & ~had:
            yield entry.path


def _delete_below(host: Host, root: str) -> None:
    completed = run(host, ("find", "-H", root, "-mindepth", "1", "-delete"), env=ENVIRONMENT)
    if completed.exit_status:
        raise HarnessError(f"cannot empty the target directory {root}", details=completed.stderr)

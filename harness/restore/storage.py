"""Restoring the storage directory: read and validate the whole artifact first, then stream it into GNU tar."""

from __future__ import annotations

import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.backup.scan import Storage, artifact_chunks, read_artifact, require_directory
from harness.backup.unpack import Unpacker
from harness.errors import HarnessError, UsageError
from harness.model import FileTotals
from harness.services.execution import Host, run
from harness.storage.disk import telling_full_disk
from harness.storage.inventory import totals_of, write_inventory
from harness.storage.order import sorted_entries
from harness.storage.safety import DEFAULT_LIMITS, ArchiveLimits
from harness.storage.tar import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class StorageRestore:
    """What was restored.

    Args:
        totals: sums over the artifact; they name the list of files where one was asked for.
        owners_restored: False where tar did not run as root: then everything belongs to who ran it.
        cleared: how many entries stood in the target before.
    """

    totals: FileTotals
    owners_restored: bool
    cleared: int = 0


def restore_storage(
    host: Host,
    root: str,
    artifact: Storage,
    *,
    clear: bool = False,
    inventory: Path | None = None,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    user: str | None = None,
) -> StorageRestore:
    """Restore a storage artifact into a directory that is empty.

    Nothing is written, and nothing cleared, before the whole artifact was read and found good.

    Args:
        host: where the target directory is.
        root: its absolute path there; it has to exist.
        artifact: a directory, or on this machine an archive of any compression.
        clear: delete what stands below the target; without it, a target that is not empty is refused.
        inventory: write the list of the artifact's files to this path.
        limits: stop a bomb.
        user: numeric id to write as, or None.

    Raises:
        UsageError: the artifact does not exist or is no archive, or the target can't be used.
        BrokenArtifact, UnsafeArtifact: see `read_archive`.
        ProcedureFailed: tar could not unpack everything.
        HarnessError: the disk is full: inconclusive.
    """
    present = _entries_below(host, root, user)
    if present and not clear:
        raise UsageError(
            f"the target directory {root} is not empty: {present} entries stand in it",
            "A restore needs an empty target: what was there before would be served next to what is restored.",
        )
    totals = _validate(artifact, inventory, limits)
    if present:
        _delete_below(host, root, user)
    with Unpacker(host, root, user=user) as unpacker:
        for chunk in artifact_chunks(artifact):
            unpacker.write(chunk)
        unpacker.finish()
    as_root = run(host, ("id", "-u"), user=user).stdout.strip() == b"0"
    return StorageRestore(totals, owners_restored=as_root, cleared=present)


def _validate(artifact: Storage, inventory: Path | None, limits: ArchiveLimits) -> FileTotals:
    entries = read_artifact(artifact, limits=limits)
    if inventory is None:
        return totals_of(entries)
    with telling_full_disk(inventory), tempfile.TemporaryDirectory(prefix=".files-", dir=inventory.parent) as scratch:
        return write_inventory(sorted_entries(entries, Path(scratch)), inventory).totals


def _entries_below(host: Host, root: str, user: str | None) -> int:
    if not root.startswith("/") or posixpath.normpath(root).strip("/") == "":
        raise UsageError(f"cannot restore into {root!r}", "Name the storage directory by its absolute path.")
    require_directory(host, root, user=user)
    argv = ("find", "-H", root, "-mindepth", "1", "-maxdepth", "1", "-printf", ".")
    completed = run(host, argv, env=ENVIRONMENT, user=user)
    if completed.exit_status:
        raise HarnessError(f"cannot look into the target directory {root}", details=completed.stderr)
    return len(completed.stdout)


def _delete_below(host: Host, root: str, user: str | None) -> None:
    completed = run(host, ("find", "-H", root, "-mindepth", "1", "-delete"), env=ENVIRONMENT, user=user)
    if completed.exit_status:
        raise HarnessError(f"cannot clear the target directory {root}", details=completed.stderr)

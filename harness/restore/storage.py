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
from harness.storage.inside import root_inside, without_prefix
from harness.storage.inventory import read_inventory, totals_of, write_inventory
from harness.storage.members import TarReader
from harness.storage.names import is_below, printable
from harness.storage.order import sorted_entries
from harness.storage.safety import DEFAULT_LIMITS, ArchiveLimits, normalised
from harness.storage.tar import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class StorageRestore:
    """What was restored.

    Args:
        totals: sums over the artifact; they name the list of files where one was asked for.
        owners_restored: False where tar did not run as root: then everything belongs to who ran it.
        cleared: how many entries stood in the target before.
        inside: directory of the artifact whose content was restored, such as `app/storage/app`; empty for all of it.
        left: entries of the artifact outside of it.
    """

    totals: FileTotals
    owners_restored: bool
    cleared: int = 0
    inside: str = ""
    left: int = 0


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
    prefix, left = b"", 0
    if inventory is not None and (prefix := _prefix(artifact, inventory)):
        left = sum(
            not is_below(prefix, entry.path) and not is_below(entry.path, prefix) for entry in read_inventory(inventory)
        )
        totals = _below(inventory, prefix)
    inside = _as_written(artifact, prefix) if prefix else b""
    if present:
        _delete_below(host, root, user)
    with Unpacker(host, root, user=user, inside=inside) as unpacker:
        for chunk in artifact_chunks(artifact):
            unpacker.write(chunk)
        unpacker.finish()
    as_root = run(host, ("id", "-u"), user=user).stdout.strip() == b"0"
    return StorageRestore(totals, as_root, cleared=present, inside=printable(prefix) if prefix else "", left=left)


def _validate(artifact: Storage, inventory: Path | None, limits: ArchiveLimits) -> FileTotals:
    entries = read_artifact(artifact, limits=limits)
    if inventory is None:
        return totals_of(entries)
    with telling_full_disk(inventory), tempfile.TemporaryDirectory(prefix=".files-", dir=inventory.parent) as scratch:
        return write_inventory(sorted_entries(entries, Path(scratch)), inventory).totals


def _prefix(artifact: Storage, inventory: Path) -> bytes:
    try:
        return root_inside(read_inventory(inventory))
    except UsageError as error:
        raise UsageError(f"{artifact.name}: {error.fact}", *error.hints) from None


def _below(inventory: Path, prefix: bytes) -> FileTotals:
    """Make the list of files one of what stands below a directory."""
    whole = inventory.with_name(f"{inventory.name}.whole")
    inventory.rename(whole)
    try:
        return write_inventory(without_prefix(read_inventory(whole), prefix), inventory).totals
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
            f"{artifact.name}: the names below {printable(prefix)} are written in {len(found)} ways, such as"
            f" {' and '.join(printable(name) for name in sorted(found)[:2])}",
            "Make the archive anew, of the storage directory alone.",
        )
    return found.pop()


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

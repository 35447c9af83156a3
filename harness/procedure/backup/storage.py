"""Backing up the storage directory: one pass through GNU tar, listed, hashed and compressed on the way.

What changed meanwhile is found by a recheck, and copied again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from harness.artifacts.storage.archive import read_archive
from harness.artifacts.storage.disk import reporting_full_disk
from harness.artifacts.storage.inventory import INVENTORY_NAME, Inventory, read_inventory, write_inventory
from harness.artifacts.storage.names import is_below
from harness.artifacts.storage.order import pair, sorted_entries
from harness.artifacts.storage.tar import excluded_path
from harness.base import guide
from harness.base.errors import ProcedureFailed, UsageError
from harness.base.model import ArtifactFile, Exclusion, FileState, FileTotals
from harness.base.private import private_file
from harness.procedure.backup.scan import DirectoryReader, listing, require_directory, shown_names
from harness.procedure.backup.unpack import Unpacker
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import Host, run

FORMS = {"tar.zst": "storage.tar.zst", "copy": "storage"}
"""Forms of the artifact, and what it is called."""

ZSTD_LEVEL = 3
ZSTD_THREADS = 2
NAMES_KEPT = 1000
"""How many names of entries that came, went or changed are kept."""


@dataclass(frozen=True, slots=True)
class StorageBackup:
    """A backup of the storage directory that is complete.

    Args:
        artifacts: the artifact (role `storage`) and its list of files (role `inventory`). Of a plain copy,
            size and digest are the sum of the files' sizes and the digest of the list.
        totals: sums over what is in it.
        inventory: path of the list of files.
        exclusions: each directory that was left out, with the number and size of the files below it.
        torn: files that changed while they were copied; they were copied again.
        appeared: entries that came while the copy was made, and are not in it.
        vanished: entries that went meanwhile; those that were there when their turn came are in it.
        attempts: how many copies were made, the last being the one that was kept.
    """

    artifacts: tuple[ArtifactFile, ...]
    totals: FileTotals
    inventory: Path
    exclusions: tuple[Exclusion, ...]
    torn: tuple[bytes, ...] = ()
    appeared: tuple[bytes, ...] = ()
    vanished: tuple[bytes, ...] = ()
    attempts: int = 1


def backup_storage(
    host: Host,
    root: str,
    destination: Path,
    *,
    form: str = "tar.zst",
    excluded: Sequence[str] = guide.EXCLUDABLE_DIRECTORIES,
    attempts: int = 3,
) -> StorageBackup:
    """Back up a storage directory, also while the app writes to it.

    The artifact and its list of files get their names when both are complete; after an error, nothing is left.

    Args:
        destination: directory on this machine that the artifact goes into.
        form: `tar.zst`, or `copy` for a plain directory.
        excluded: directories below the root to leave out.
        attempts: how many copies to make until there is one in which no file changed.

    Raises:
        UsageError: no such form, or the destination already has a backup.
        ProcedureFailed: tar failed, or files kept changing in every attempt; names them.
        UnsafeArtifact: the directory holds what a restore would refuse.
        HarnessError: there is no such directory, or the disk is full (inconclusive).
    """
    if form not in FORMS:
        raise UsageError(f"unknown storage form {form!r}", f"Forms: {', '.join(FORMS)}.")
    artifact = destination / FORMS[form]
    for path in (artifact, destination / INVENTORY_NAME):
        if path.exists():
            raise UsageError(f"{path} exists", "Give each backup its own directory.")
    names = tuple(excluded_path(name) for name in excluded)
    require_directory(host, root)
    torn: list[bytes] = []
    for attempt in range(1, attempts + 1):
        full = reporting_full_disk(destination, lambda: _size_of(host, root))
        with full, tempfile.TemporaryDirectory(prefix=".storage-", dir=destination) as folder:
            scratch = Path(folder)
            reader = DirectoryReader(host, root, names, failure=ProcedureFailed)
            copy = _COPIES[form](reader, scratch)
            changes = _recheck(listing(host, root), copy.inventory, reader, names, scratch)
            if not changes.torn:
                copy.path.rename(artifact)
                copy.inventory.path.rename(destination / INVENTORY_NAME)
                return StorageBackup(
                    artifacts=(
                        ArtifactFile("storage", artifact.name, copy.size_bytes, copy.sha256),
                        ArtifactFile("inventory", INVENTORY_NAME, copy.inventory.size_bytes, copy.inventory.sha256),
                    ),
                    totals=copy.inventory.totals,
                    inventory=destination / INVENTORY_NAME,
                    exclusions=changes.exclusions(),
                    torn=tuple(dict.fromkeys(torn)),
                    appeared=tuple(changes.appeared),
                    vanished=tuple(changes.vanished),
                    attempts=attempt,
                )
            torn += changes.torn
    raise ProcedureFailed(
        f"{len(changes.torn)} files changed while they were being copied, in the last of {attempts} attempts: "
        f"{shown_names(changes.torn)}",
        "Stop the programs that write to them, or back up with the application stopped.",
    )


def _size_of(host: Host, root: str) -> int | None:
    """Bytes of all files there, or None if that is unknown."""
    completed = run(host, ("du", "--summarize", "--bytes", root))
    return int(completed.stdout.split()[0]) if completed.exit_status == 0 else None


def discard(backup: StorageBackup) -> None:
    """Remove a backup of the storage directory, to make room for another one."""
    artifact = backup.inventory.with_name(backup.artifacts[0].name)
    if artifact.is_dir():
        shutil.rmtree(artifact)
    else:
        artifact.unlink()
    backup.inventory.unlink()


@dataclass(frozen=True, slots=True)
class _Copy:
    path: Path
    size_bytes: int
    sha256: str
    inventory: Inventory


def _copy_compressed(reader: DirectoryReader, scratch: Path) -> _Copy:
    path = scratch / FORMS["tar.zst"]
    compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, threads=ZSTD_THREADS, write_checksum=True)
    with private_file(path) as stream:
        written = _HashedWriter(stream.write)
        with compressor.stream_writer(written, closefd=False) as compressed:  # type: ignore[arg-type]
            archive = read_archive(_tee(reader.chunks(), compressed.write))
            inventory = write_inventory(archive, scratch / INVENTORY_NAME)
        stream.flush()
        os.fsync(stream.fileno())
    return _Copy(path, written.size_bytes, written.digest.hexdigest(), inventory)


def _copy_plainly(reader: DirectoryReader, scratch: Path) -> _Copy:
    path = scratch / FORMS["copy"]
    path.mkdir()
    with Unpacker(LocalHost(), str(path)) as unpacker:
        archive = read_archive(_tee(reader.chunks(), unpacker.write))
        inventory = write_inventory(archive, scratch / INVENTORY_NAME)
        unpacker.finish()
    return _Copy(path, inventory.totals.size_bytes, inventory.sha256, inventory)


_COPIES: dict[str, Callable[[DirectoryReader, Path], _Copy]] = {"tar.zst": _copy_compressed, "copy": _copy_plainly}


class _HashedWriter:
    """Counts and hashes what is written through it."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size_bytes += len(data)
        return self._write(data)


def _tee(chunks: Iterable[bytes], sink: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        sink(chunk)
        yield chunk


@dataclass(slots=True)
class _Changes:
    """What differs between the list of a copy and the directory after it; at most NAMES_KEPT names of each."""

    left_out: dict[str, list[int]]
    torn: list[bytes] = field(default_factory=list)
    appeared: list[bytes] = field(default_factory=list)
    vanished: list[bytes] = field(default_factory=list)

    def exclusions(self) -> tuple[Exclusion, ...]:
        return tuple(Exclusion("directory", name, *sums) for name, sums in self.left_out.items())

    def leave_out(self, entry: FileState) -> bool:
        """Count an entry that stands below a directory which is left out."""
        for name, sums in self.left_out.items():
            if is_below(entry.path, os.fsencode(name)):
                sums[0] += entry.kind == "file"
                sums[1] += entry.size_bytes
                return True
        return False


def _recheck(
    now: Iterable[FileState], inventory: Inventory, reader: DirectoryReader, excluded: Sequence[str], scratch: Path
) -> _Changes:
    """Compare sizes and times after the copy with those in it; believe tar where it saw a change itself."""
    changes = _Changes({name: [0, 0] for name in excluded})
    changed = set(reader.changed)
    kept = (entry for entry in now if not changes.leave_out(entry))
    copied = (entry for entry in read_inventory(inventory.path) if entry.path)
    for before, after in pair(copied, sorted_entries(kept, scratch)):
        if before is None:
            assert after is not None
            _note(changes.appeared, after.path)
        elif before.kind == "file" and (before.path in changed or _differs(before, after)):
            _note(changes.torn, before.path)
        elif after is None:
            _note(changes.vanished, before.path)
    for path in reader.vanished:
        _note(changes.vanished, path)
    return changes


def _differs(before: FileState, after: FileState | None) -> bool:
    if after is None:
        return False  # gone since: what was copied of it is whole, unless tar reports otherwise
    return (before.kind, before.size_bytes, before.mtime_s) != (after.kind, after.size_bytes, after.mtime_s)


def _note(names: list[bytes], path: bytes) -> None:
    if len(names) < NAMES_KEPT and path not in names[-1:]:
        names.append(path)

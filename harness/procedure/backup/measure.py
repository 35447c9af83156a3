"""Size and digest of an artifact as it is found, to be held against its manifest: a file, or a plain copy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.artifacts.storage.inventory import read_inventory, write_inventory
from harness.artifacts.storage.order import pair, sorted_entries
from harness.base.model import ArtifactFile, FileState
from harness.procedure.backup.manifest import measure
from harness.procedure.backup.scan import scan
from harness.runtime.process.host import LocalHost


def measure_copy(path: Path, role: str, listed: Path, scratch: Path) -> ArtifactFile:
    """Measure a plain copy of the storage directory as `backup_storage` did when it made it.

    Its size is the sum of its files' sizes, its digest that of their list. Only root can give files to others:
    where this is somebody else, the owners are taken from the list that came with the copy.

    Args:
        listed: the list that came with it.
    """
    found = sorted_entries(scan(LocalHost(), str(path.resolve())), scratch)
    if os.geteuid() != 0 and listed.is_file():
        found = _with_owners(found, read_inventory(listed))
    inventory = scratch / f".{path.name}-measured.jsonl"
    try:
        written = write_inventory(found, inventory)
    finally:
        inventory.unlink(missing_ok=True)
    return ArtifactFile(role, path.name, written.totals.size_bytes, written.sha256)


def measure_all(files: tuple[tuple[str, Path], ...], listed_roles: set[str], scratch: Path) -> tuple[ArtifactFile, ...]:
    """Measure the files of a backup; a directory only where a manifest has it."""
    listed = next((path for role, path in files if role == "inventory"), Path())
    return tuple(
        measure(path, role) if path.is_file() else measure_copy(path, role, listed, scratch)
        for role, path in files
        if path.is_file() or (path.is_dir() and role in listed_roles)
    )


def _with_owners(found: Iterator[FileState], listed: Iterator[FileState]) -> Iterator[FileState]:
    for entry, known in pair(found, listed):
        if entry is not None:
            yield replace(entry, uid=known.uid, gid=known.gid) if known is not None else entry

"""A backup on disk, as far as faults of artifacts need one."""

from datetime import UTC, datetime
from pathlib import Path

from harness.base.model import ArtifactFile, FileTotals, Manifest
from harness.procedure.backup.manifest import measure, write_manifest

_ROLES = {"database": "database", "storage": "storage", "files": "inventory"}


def a_backup(parent: Path, **files: bytes) -> Path:
    """A directory with these files, by name, and a manifest that agrees with them."""
    directory = parent / "backup"
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)
    with_manifest(directory, *(measure(directory / name, _ROLES[name.split(".")[0]]) for name in files))
    return directory


def with_manifest(directory: Path, *artifacts: ArtifactFile) -> None:
    """Write a manifest that lists these artifacts, and nothing of what is in them."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    manifest = Manifest(
        format_version=1,
        created_at=now,
        started_at=now,
        mode="hot",
        nonce="",
        database="apiary",
        artifacts=artifacts,
        components=(),
        variables={},
        same_snapshot=True,
        lock_held_s=0,
        snapshot_note="",
        tables=(),
        objects=(),
        files=FileTotals(),
        searchable=(),
        exclusions=(),
    )
    write_manifest(manifest, directory)

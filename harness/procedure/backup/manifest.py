"""The manifest: what a backup holds, written by the tool that made it (docs/manifest.md explains each field)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.base.errors import BrokenArtifact, UsageError
from harness.base.model import ArtifactFile, Manifest
from harness.base.private import whole_file

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1
_ADAPTER = TypeAdapter(Manifest)


def write_manifest(manifest: Manifest, directory: Path) -> Path:
    """Write the manifest as the last file of a backup, under its name only when it is complete on disk."""
    path = directory / MANIFEST_NAME
    with whole_file(path) as file:
        file.write(_ADAPTER.dump_json(manifest, indent=2))
    return path


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a backup directory.

    Raises:
        UsageError: there is none, or it is of another program.
        BrokenArtifact: it cannot be read, or is of a newer format.
    """
    path = directory / MANIFEST_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"no {MANIFEST_NAME} in {directory}", "Verify a backup without a manifest with --dump and --storage."
        ) from None
    try:
        version = json.loads(raw).get("format_version")
    except (ValueError, AttributeError, RecursionError):
        raise BrokenArtifact(f"{path} is not a manifest: it is not a JSON object") from None
    if version is None:
        raise UsageError(
            f"{path} is not a manifest of apiary-drill: it has no format_version",
            "Give the dump with --dump and the storage with --storage.",
        )
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BrokenArtifact(
            f"{path} has format {version!r}, but this version reads up to {FORMAT_VERSION}",
            "Use the version of apiary-drill that made this backup, or a newer one.",
        )
    try:
        return _ADAPTER.validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenArtifact(
            f"{path} is damaged: {error.error_count()} fields are invalid, the first is {where}: {first['msg']}"
        ) from None


def measure(path: Path, role: str) -> ArtifactFile:
    """Size and SHA-256 of a file, read as a stream."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ArtifactFile(role, path.name, file.tell(), digest)

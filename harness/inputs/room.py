"""How much room a restored backup takes, as far as that is known before it is read."""

from __future__ import annotations

from pathlib import Path

from harness.artifacts.dump.source import Dump, files_of
from harness.artifacts.storage.zipped import ZipArchive
from harness.base.errors import HarnessError
from harness.inputs.backup import BackupUnderTest

COMPRESSED = 6
"""How much longer a script is than its compressed file: SQL text shrinks to a sixth or less."""

TWICE = 2
"""A row in the server's files with its keys, and once more in the log of changes, against its text in the script."""


def expected_space(found: BackupUnderTest) -> int:
    """Bytes that the target's database and files will take, by the sizes of the backup's files and its manifest."""
    return TWICE * _script_bytes(found.dump) + _storage_bytes(found)


def _script_bytes(dump: Dump) -> int:
    paths = [each for each in files_of(dump) if isinstance(each, Path)]
    return sum(path.stat().st_size * (1 if path.suffix == ".sql" else COMPRESSED) for path in paths)


def _storage_bytes(found: BackupUnderTest) -> int:
    if found.manifest is not None:
        return found.manifest.files.size_bytes
    storage = found.storage
    path = storage.path if isinstance(storage, ZipArchive) else storage
    if not isinstance(path, Path):
        return 0  # on an engine, which may be elsewhere
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file() and not each.is_symlink())
    return path.stat().st_size


def beside_rows(script_bytes: int, free_bytes: int | None, place: str) -> tuple[int | None, str]:
    """The room that the rows of a script leave for the files, and what has it; before a server is started.

    Args:
        script_bytes: of the script, decompressed. Bytes take half of it at least: a dump may write them as hex digits.

    Raises:
        HarnessError: the rows alone do not fit: inconclusive.
    """
    rows = script_bytes // 2
    if free_bytes is None or rows == 0:
        return free_bytes, place
    if rows > free_bytes:
        raise HarnessError(
            f"there is no room for the database: at least {rows} bytes are needed, and {free_bytes} are free in"
            f" {place}",
            "Free space there, or use another location (docs/docker.md, APIARY_DRILL_STATE_DIR); this says "
            "nothing about the backup.",
        )
    return free_bytes - rows, f"{place} beside the rows"

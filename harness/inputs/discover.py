"""A directory that holds a backup: which of its entries is the script and which the storage, by their content."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from harness.artifacts.dump.source import Dump, files_of, open_script
from harness.artifacts.dump.tab import TabDirectory
from harness.artifacts.storage.inside import KNOWN
from harness.artifacts.storage.zipped import is_zip
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError
from harness.inputs.backup import BackupUnderTest
from harness.inputs.directories import check_directory, how_to_join
from harness.inputs.patterns import newest_first
from harness.inputs.sidecars import check_sidecars, is_sidecar
from harness.inputs.zips import find_in_zip
from harness.procedure.backup.directory import PARTIAL
from harness.procedure.backup.manifest import MANIFEST_NAME, read_manifest

T = TypeVar("T")

_NAME_BOTH = "Give the dump with --dump and the storage with --storage."
_FIRST_BYTES = 4096
_LISTED = 6
_SCRIPT_BEGINS = re.compile(
    rb"[\xef\xbb\xbf\s]*(?:--(?:\s|\Z)|/\*|(?:CREATE|INSERT|DROP|SET|USE|LOCK|REPLACE|DELIMITER) )", re.IGNORECASE
)
"A comment is `--` followed by a space: `-----BEGIN` is a key, and `---` a YAML file."

_NOT_FINISHED = frozenset((".log", ".err", ".part", ".partial", ".filepart", ".tmp"))
"""Logs, and what a copy that goes on, or ended early, leaves."""
_SIGNATURES = frozenset((".asc", ".sig", ".minisig"))
_ARCHIVE_NAME = re.compile(
    r"\.(?:tar(?:\.(?:gz|zst|xz|bz2))?|tgz|tzst|txz|tbz2?)(?:\.(?:age|gpg|pgp|asc|enc))?$", re.IGNORECASE
)
"""A file that is named like an archive but damaged from its first byte on is a broken archive, not something else."""


def find_backup(directory: Path, password: bytes | None = None) -> BackupUnderTest:
    """The one script and the one storage that a directory, or a zip archive, holds.

    A directory that holds nothing but zip archives, as spatie/laravel-backup keeps them, stands for the newest of them.

    Args:
        password: of a zip archive that is encrypted.

    Raises:
        UsageError: there is none of one kind, or several that are equally good; names them.
        BrokenArtifact: its manifest is damaged, or names files that are not there.
        UnsafeArtifact: its manifest names files that are somewhere else.
    """
    if is_zip(directory):
        return BackupUnderTest(*find_in_zip(directory, password))
    if not directory.is_dir():
        raise UsageError(f"{directory} is neither a directory nor a zip archive", _NAME_BOTH)
    if directory.name.endswith(PARTIAL):
        raise BrokenArtifact(
            f"{directory.name} is an unfinished backup",
            "Use an earlier one. It can be deleted when no backup is running.",
        )
    if (directory / MANIFEST_NAME).exists():
        manifest = read_manifest(directory)
        paths = {file.role: directory / file.name for file in manifest.artifacts}
        for path in paths.values():
            if path.parent != directory:
                raise UnsafeArtifact(f"the manifest of {directory.name} lists a file outside of the backup: {path}")
            if not path.exists():
                raise BrokenArtifact(
                    f"the backup {directory.name} does not contain {path.name}, which its manifest lists"
                )
        if missing := {"database", "storage"} - paths.keys():
            raise BrokenArtifact(f"the manifest of {directory.name} does not list a {' and no '.join(sorted(missing))}")
        return BackupUnderTest(paths["database"], paths["storage"], manifest)
    check_directory(directory)
    dumps: list[Dump] = []
    storages: list[Path] = []
    folders: list[Path] = []
    for path in _entries(directory):
        kind = _kind(path)
        if kind == "dump":
            dumps.append(TabDirectory(path) if path.is_dir() else path)
        elif kind == "storage":
            storages.append(_inner(path))
            folders += [path] if path.is_dir() else []
    if not dumps:
        dumps, holder = _deeper(folders)
        storages = [path for path in storages if path != holder] or storages
    if not dumps and (zips := _zips(directory, folders)):
        zipped = newest_first(zips, f"the newest zip archive of {directory}", directory)[0]
        check_sidecars(zipped.parent, [zipped])
        chosen = f"{zipped.name} is the newest of {len(zips)} zip archives in {directory}" if len(zips) > 1 else ""
        return replace(BackupUnderTest(*find_in_zip(zipped, password)), chosen=chosen)
    names = [str(dump.relative_to(directory)) if isinstance(dump, Path) else dump.name for dump in dumps]
    dump = _only(dumps, names, "mysqldump script", directory)
    storages = [path for path in storages if _looks_like_storage(path)] or storages
    if not storages and (zips := _zips(directory, ())):
        raise UsageError(
            f"{directory} holds no storage directory or tar archive beside {dump.name}",
            f"A zip is taken where it holds both: unpack {zips[0].name}, and name the directory with --storage.",
        )
    storage = _only(storages, [path.name for path in storages], "storage directory or archive", directory)
    check_sidecars(directory, [path for path in (*files_of(dump), storage) if path.is_file()])
    return BackupUnderTest(dump, storage)


def _entries(directory: Path) -> Iterator[Path]:
    """What a directory holds, without links to other entries, and without what belongs to them: checksums, logs."""
    paths = [path for path in sorted(directory.iterdir()) if not path.name.startswith(".")]
    real = {path.resolve() for path in paths if not path.is_symlink()}
    for path in paths:
        if path.is_symlink() and (not path.exists() or path.resolve() in real):
            continue
        signed = path.suffix in _SIGNATURES and path.with_suffix("") in paths
        if not is_sidecar(path) and path.suffix not in _NOT_FINISHED and not signed:
            yield path


def _deeper(folders: Sequence[Path]) -> tuple[list[Dump], Path | None]:
    """Scripts one or two folders deeper, as in `db-dumps/` of spatie/laravel-backup, and the folder that holds them.

    Raises:
        UsageError: several folders hold one: each may be a backup.
    """
    named = [path for path in folders if path.name == "db-dumps"]
    for group in (named, folders):
        inner = [
            path for folder in group for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink()
        ]
        for places in (group, inner):
            found = {place: scripts for place in places if (scripts := _scripts_in(place))}
            if len(found) > 1:
                raise UsageError(
                    f"{len(found)} folders hold a script of mysqldump: {', '.join(str(place) for place in found)}",
                    "Name one of them; where each holds one night, [backup] directory of apiary-drill.toml takes a "
                    "pattern, and the newest that it matches.",
                )
            for place, scripts in found.items():
                return scripts, place if place in folders else place.parent
    return [], None


def _scripts_in(place: Path) -> list[Dump]:
    check_directory(place)
    return [path for path in _entries(place) if path.is_file() and ".sql" in path.suffixes and _kind(path) == "dump"]


def _zips(directory: Path, folders: Sequence[Path]) -> list[Path]:
    """Zip archives in a directory, else in the first of its folders that has any: the package makes one of its own."""
    places = (directory, *folders)
    return next((found for place in places if (found := [path for path in _entries(place) if is_zip(path)])), [])


def _only(found: Sequence[T], names: list[str], what: str, directory: Path) -> T:
    if not found:
        raise UsageError(f"{directory} contains no {what}", _NAME_BOTH)
    if len(found) > 1:
        together = how_to_join(names) if what.endswith("script") else ""
        listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
        raise UsageError(f"{directory} contains more than one {what}: {listed}", together or _NAME_BOTH)
    return found[0]


def _kind(path: Path) -> str:
    """`dump`, `storage` or empty, by what the entry holds; its name only decides where it holds nothing."""
    if path.name.startswith("."):
        return ""
    if path.is_dir():
        return "dump" if is_tab(path) else "storage"
    named = ".sql" in path.suffixes
    otherwise = "dump" if named else "storage" if _ARCHIVE_NAME.search(path.name) else ""
    try:
        chunks = open_script(path, any_content=True)
        first = b""
        for chunk in islice(chunks, 4):
            first += chunk
            if len(first) >= _FIRST_BYTES:
                break
    except (UsageError, BrokenArtifact):
        return otherwise
    if first[257:262] == b"ustar":
        return "storage"
    return "dump" if not otherwise and _SCRIPT_BEGINS.match(first) else otherwise


def is_tab(directory: Path) -> bool:
    """Whether `mysqldump --tab` wrote a directory: a script has rows beside it."""
    names = {path.name for path in directory.iterdir()}
    return any(f"{name.removesuffix('.sql')}.txt" in names for name in names if name.endswith(".sql"))


def _inner(path: Path) -> Path:
    """`storage/app` of a `storage` that was copied with its outer directory; an `app` in an `app` is reported later."""
    inner = path / "app"
    outer = path.is_dir() and path.name != "app"
    return inner if outer and inner.is_dir() and _looks_like_storage(inner) else path


def _looks_like_storage(path: Path) -> bool:
    return path.is_file() or any(os.fsencode(entry.name) in KNOWN for entry in path.iterdir())

"""A backup: its files, where they came from, and what its manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.base.model.database import Orphans, SchemaObject, TableState
from harness.base.model.files import FileTotals
from harness.base.model.run import Component, Step
from harness.base.model.search import SearchableRows


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One file of a backup: name below the backup's directory, size and SHA-256 (hexadecimal)."""

    role: str
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a file, or a directory of files, of a backup came from: what the store reported, and what was read.

    Args:
        role: `database`, `storage`, or `backup` for both.
        location: path, URL without user, password and query, or `dump_command (restic)`; no secret is in it.
        version: the store's own: version of the object, ETag, or snapshot.
        modified_at: time of the object in its store, or of the snapshot.
        size_bytes, sha256: of what was read; empty for a directory, whose files have their own.
        checked: the digest files and the metadata that agreed with it.
        matched: how many a pattern matched; 0 where there was no pattern.
        among: the newest of these, the one that was taken first.
    """

    role: str
    location: str
    version: str = ""
    modified_at: datetime | None = None
    size_bytes: int | None = None
    sha256: str = ""
    checked: tuple[str, ...] = ()
    matched: int = 0
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a backup left out on purpose: a `table` with its rows, or a `directory` with its files."""

    kind: str
    name: str
    count: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Consistency:
    """What changed between the dump and the copy of the files, and was still so after the last attempt.

    Args:
        attempts: how often dump or files were taken, the last being the one that was kept.
        rows_of_deleted_files: rows of the dump that were gone, or referred to something else, when the files
            were copied: their files are not in the copy.
        rows_of_late_files: rows of the dump whose file came after its directory was copied.
        rows_without_file: rows whose file is not there at the source either.
        files_of_later_rows: files in the copy whose row came after the dump.
        named: the first rows and paths of each kind, in this order.
    """

    attempts: int
    rows_of_deleted_files: int = 0
    rows_of_late_files: int = 0
    rows_without_file: int = 0
    files_of_later_rows: int = 0
    named: tuple[str, ...] = ()

    @property
    def dump_is_older(self) -> bool:
        """Whether another dump, and another copy after it, could agree."""
        return bool(self.rows_of_deleted_files or self.files_of_later_rows)

    @property
    def settled(self) -> bool:
        """Whether nothing is left that taking it again could mend."""
        return not self.dump_is_older and not self.rows_of_late_files


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the backup tool wrote, as it says itself (`manifest.json`; docs/manifest.md explains it).

    Args:
        format_version: 1; a reader refuses a higher one.
        created_at: when the backup was complete.
        started_at: when it began.
        mode: `hot` (the app kept running) or `quiesced` (it was stopped).
        nonce: random text of this backup.
        database: name of the database.
        artifacts: the files, with size and digest.
        components: tools and servers that took part.
        variables: server variables that change what the script means.
        same_snapshot: True when `tables` were digested in the same consistent snapshot as the dump.
        lock_held_s: how long the global read lock was held for that, 0 when it was not taken.
        snapshot_note: in words, how the two were brought together, or why not.
        tables: rows and digest of each dumped table.
        objects: every schema object of the dumped tables and of the database.
        files: totals of the storage artifact; `files.inventory` names the artifact that lists every entry.
        searchable: rows that belong into each index.
        exclusions: what was left out, with counts.
        consistency: what dump and files disagree about; None where nobody looked.
        orphans: rows of the source that pointed nowhere already, for every foreign key.
    """

    format_version: int
    created_at: datetime
    started_at: datetime
    mode: str
    nonce: str
    database: str
    artifacts: tuple[ArtifactFile, ...]
    components: tuple[Component, ...]
    variables: Mapping[str, str]
    same_snapshot: bool
    lock_held_s: float
    snapshot_note: str
    tables: tuple[TableState, ...]
    objects: tuple[SchemaObject, ...]
    files: FileTotals
    searchable: tuple[SearchableRows, ...]
    exclusions: tuple[Exclusion, ...]
    steps: tuple[Step, ...] = ()
    consistency: Consistency | None = None
    orphans: tuple[Orphans, ...] = ()

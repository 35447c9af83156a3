"""What the checks judge: the expectation on one side, the restored instance on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harness.base.model import (
    Acceptance,
    AppState,
    ArtifactFile,
    DatabaseState,
    EgressAttempt,
    Finding,
    IdSet,
    Manifest,
    Probe,
    SearchableRows,
    SearchState,
    TableState,
    TrendEvidence,
)

UNREACHABLE = "unreachable"
"Instead of an error code of Meilisearch: no server answered."


@dataclass(frozen=True, slots=True)
class ScriptObject:
    """A schema object as a script creates it: kind, name, and a digest of its normalised text.

    `definer` is the account that it runs as, user@host; empty where the script names none, or it was left out.
    """

    kind: str
    name: str
    digest: str
    definer: str = ""


@dataclass(frozen=True, slots=True)
class ScriptTable:
    """A table's content as a script holds it: rows, and an order-independent digest of them."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class RowSample:
    """That not all rows were compared by value: which share was asked for, and how many rows that were."""

    share: float
    rows: int


@dataclass(frozen=True, slots=True)
class ScriptContent:
    """One database as a script holds it.

    `compared_as` says how rows were digested: as `text`, by `value`, or by value only those of the `sample`.
    `definers_left_out` names the accounts whose objects were loaded without their DEFINER clause.
    """

    tables: tuple[ScriptTable, ...]
    objects: tuple[ScriptObject, ...]
    compared_as: str = "text"
    definers_left_out: tuple[str, ...] = ()
    sample: RowSample | None = None


@dataclass(frozen=True, slots=True)
class RowDifference:
    """The first primary keys that differ in one table, as JSON texts; never a value."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """The files that must be there and those that are, as inventories, and what rows say of them.

    Args:
        expected: inventory of the source, or of the artifact.
        actual: inventory of the restored directory.
        references: files that rows of the restored database refer to.
        excluded: directories that the backup left out on purpose.
        owners_comparable: False where the harness could not set owners (it is not root).
        of_source: `expected` is what the source held, or what its backup tool listed; not what the artifact holds.
    """

    expected: Path
    actual: Path
    references: Path
    excluded: tuple[str, ...]
    owners_comparable: bool
    of_source: bool = False


@dataclass(frozen=True, slots=True)
class DocumentDifference:
    """Texts of one index's documents that are not those of their rows; never the texts themselves.

    Args:
        index: its name.
        compared: how many texts were compared.
        differing: how many of them differ.
        fields: the fields in which they do.
        ids: the first documents that do.
    """

    index: str
    compared: int
    differing: int = 0
    fields: tuple[str, ...] = ()
    ids: IdSet = field(default_factory=IdSet)


@dataclass(frozen=True, slots=True)
class SearchEvidence:
    """Search as it must be and as it is.

    Args:
        expected_settings: state of a search that was set up properly (the source's, or the fresh target's).
        searchable: rows of the restored database that belong into each index.
        actual: the restored search.
        probes: searches for rows that are known.
        prefix: `SCOUT_PREFIX`.
        import_complaints: how many lines `scout:import-all` wrote to stderr, while it ended with 0.
        documents: what the documents of each index say, against their rows.
        refusals: error codes of Meilisearch in these lines, each with how often it came.
    """

    expected_settings: SearchState
    searchable: tuple[SearchableRows, ...]
    actual: SearchState
    probes: tuple[Probe, ...]
    prefix: str
    import_complaints: int = 0
    documents: tuple[DocumentDifference, ...] = ()
    refusals: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RecoveryEvidence:
    """Times: `objective_s` values are None where no objective was set.

    `backup_at` is when the backup was taken, None when nothing says so; `existing`: it was not made by this drill.
    `newest_row_local` is `newest_row_at` in the application's zone, with its name; `server_time_zone` says from which
    zone of the source's server that follows, and how it is known. Every row up to `dumped_at` is in the dump; None when
    nothing says when it was made.
    """

    restore_s: float
    restore_objective_s: float | None
    newest_row_at: datetime | None
    backup_at: datetime | None
    point_objective_s: float | None
    now: datetime
    existing: bool = False
    newest_row_local: str = ""
    server_time_zone: str = ""
    dumped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArtifactEvidence:
    """The files of the artifact, as the manifest lists them and as they were read.

    Args:
        manifest_files: of the manifest; empty without one.
        actual_files: size and digest of each file as it was restored.
        nonce: random text that only this backup has, or empty.
        nonce_found: whether the restored database holds it.
        findings: what reading the script before the load had to say.
    """

    manifest_files: tuple[ArtifactFile, ...]
    actual_files: tuple[ArtifactFile, ...]
    nonce: str = ""
    nonce_found: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class MigratedTable:
    """What migrations did to one table that was there before and is there after.

    Args:
        name: table.
        key_changed: it has another primary key, so that rows can't be followed.
        lost: first primary keys (JSON) of rows that are gone.
        columns_added: names.
        columns_dropped: names, each with the number of values in it that were not NULL.
        columns_renamed: pairs (before, after) of the same values.
        columns_rewritten: columns whose values are not the same ones any more.
    """

    name: str
    key_changed: bool = False
    lost: tuple[str, ...] = ()
    columns_added: tuple[str, ...] = ()
    columns_dropped: tuple[tuple[str, int], ...] = ()
    columns_renamed: tuple[tuple[str, str], ...] = ()
    columns_rewritten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrationEvidence:
    """A newer application's migrations on the restored data; `Evidence.target` is the database before them.

    Args:
        ran: names of the migrations.
        after: the database after them.
        tables: those that are there before and after.
        added: tables that came.
        dropped: tables that went, as they were.
        accepted: tables that may lose rows.
    """

    ran: tuple[str, ...]
    after: DatabaseState
    tables: tuple[MigratedTable, ...]
    added: tuple[TableState, ...] = ()
    dropped: tuple[TableState, ...] = ()
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was gathered for the checks.

    Args:
        source: the source's database in the moment of the dump; None for a backup from elsewhere.
        fresh: the target's database, migrated and empty, before the restore: what this Apiary expects.
        target: the restored database.
        script: the artifact's content, read out of the script; `redump` the same of a dump of the target.
        excluded_tables: tables that the backup left out on purpose, or that are excluded as documented.
        rows: differing rows by table.
        app: the restored application.
        egress: attempts to get out of its network; None where the runtime cannot close it.
        trend: the last good drills of the same backup; None for generated data, and where there is no history.
        accepted: who accepts that tables are left out of the backup, and until when.
        unknown_migrations: migrations that the backup's application had run and that this one does not know.
    """

    database: str
    fresh: DatabaseState
    target: DatabaseState
    script: ScriptContent
    redump: ScriptContent
    excluded_tables: tuple[str, ...]
    files: FileEvidence
    search: SearchEvidence
    app: AppState
    recovery: RecoveryEvidence
    artifact: ArtifactEvidence
    source: DatabaseState | None = None
    manifest: Manifest | None = None
    rows: Mapping[str, RowDifference] = field(default_factory=dict)
    egress: tuple[EgressAttempt, ...] | None = None
    migration: MigrationEvidence | None = None
    trend: TrendEvidence | None = None
    unknown_migrations: tuple[str, ...] = ()
    accepted: tuple[Acceptance, ...] = ()


def expected_tables(evidence: Evidence) -> dict[str, tuple[int, str]]:
    """Rows and digest by table: the source's, where it is known, and what the script holds elsewhere."""
    if evidence.source is not None:
        left_out = set(evidence.excluded_tables)
        return {t.name: (t.rows, t.digest) for t in evidence.source.tables if t.name not in left_out}
    return {t.name: (t.rows, t.digest) for t in evidence.script.tables}


def found_tables(evidence: Evidence) -> dict[str, tuple[int, str]]:
    """The same of the restored database, as it was compared."""
    there = evidence.target.tables if evidence.source is not None else evidence.redump.tables
    return {t.name: (t.rows, t.digest) for t in there}

"""Values for the tests: each builder makes something healthy, and a test changes what it is about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.artifacts.storage.inventory import write_inventory
from harness.base.guide import IMPORTED_MODELS
from harness.base.model import (
    AppState,
    ArtifactFile,
    CheckResult,
    DatabaseState,
    DirectoryTotals,
    EgressAttempt,
    FileState,
    Finding,
    IdSet,
    IndexState,
    Orphans,
    PastDrill,
    Probe,
    SchemaObject,
    SearchableRows,
    SearchState,
    SearchTask,
    Severity,
    TableState,
    TrendEvidence,
    TrendLimits,
)
from harness.checks.evidence import (
    ArtifactEvidence,
    Evidence,
    FileEvidence,
    MigratedTable,
    MigrationEvidence,
    RecoveryEvidence,
    ScriptContent,
    ScriptObject,
    ScriptTable,
    SearchEvidence,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PREFIX = "apiary_"
PONG = Probe("ping", "/ping", "pong", "pong")
WELL = tuple(Probe("health", name, "OK", "OK") for name in ("database", "storage"))


def table(name: str = "users", rows: int = 2, digest: str = "aa", auto_increment: int | None = 3) -> TableState:
    """A table whose newest row is an hour old."""
    return TableState(name, rows, digest, auto_increment, NOW - timedelta(hours=1))


def part(kind: str, owner: str, name: str, **attributes: str) -> SchemaObject:
    """A part of a schema."""
    return SchemaObject(kind, owner, name, tuple(sorted(attributes.items())))


def database(
    *tables: TableState,
    objects: tuple[SchemaObject, ...] = (),
    variables: Mapping[str, str] | None = None,
    orphans: tuple[Orphans, ...] = (),
    definers_missing: tuple[tuple[str, str], ...] = (),
) -> DatabaseState:
    """A database of these tables."""
    return DatabaseState("apiary", tables, objects, dict(variables or {}), orphans, definers_missing)


def index(table_name: str, ids: Iterable[int | str], **settings: str) -> IndexState:
    """The index of a table; settings are JSON texts."""
    found = IdSet.of(ids)
    return IndexState(PREFIX + table_name, "id", len(found), found, tuple(sorted(settings.items())))


def search(
    *indexes: IndexState,
    bad_tasks: tuple[SearchTask, ...] = (),
    tasks: int = 11,
    not_applied: tuple[str, ...] = (),
    pending: int = 0,
) -> SearchState:
    """A search with these indexes."""
    return SearchState(indexes, bad_tasks, tasks, not_applied, pending)


def searchable(table_name: str, ids: Iterable[int | str], *, imported: bool = True) -> SearchableRows:
    """The rows of a table that belong into its index."""
    return SearchableRows(PREFIX + table_name, IdSet.of(ids), imported)


def app(
    *,
    ping: Probe = PONG,
    health: tuple[Probe, ...] = WELL,
    pending: tuple[str, ...] = (),
    decrypt: tuple[Probe, ...] = (Probe("decrypt", "users.buzzcard", "d1", "d1"),),
    downloads: tuple[Probe, ...] = (Probe("download", "resumes/a.pdf", "d2", "d2"),),
    configuration: tuple[Probe, ...] = (Probe("configuration", "APP_KEY", "as given", "as given"),),
    no_report: str = "",
    no_login: str = "",
    completed: tuple[str, ...] = (),
) -> AppState:
    """An application that is well."""
    ran = ("2014_10_12_000000_create_users_table",)
    return AppState(
        ping,
        health,
        ran,
        pending,
        decrypt,
        downloads,
        configuration,
        no_report=no_report,
        no_login=no_login,
        completed=completed,
    )


def recovery(
    *,
    restore_s: float = 12.0,
    restore_objective_s: float | None = 60.0,
    newest_row_at: datetime | None = NOW - timedelta(hours=1),
    backup_at: datetime | None = NOW,
    point_objective_s: float | None = 7200.0,
) -> RecoveryEvidence:
    """Times within their objectives."""
    return RecoveryEvidence(restore_s, restore_objective_s, newest_row_at, backup_at, point_objective_s, NOW)


def artifact_file(name: str = "apiary.sql.zst", size_bytes: int = 100, sha256: str = "aa" * 32) -> ArtifactFile:
    """One file of a backup."""
    return ArtifactFile("database", name, size_bytes, sha256)


def past_drill(
    tables: Mapping[str, int] | None = None,
    directories: Mapping[str, DirectoryTotals] | None = None,
    documents: Mapping[str, int] | None = None,
    days_ago: int = 1,
) -> PastDrill:
    """A good drill of the same backup."""
    return PastDrill(
        drill_id=f"drill-{days_ago}",
        started_at=NOW - timedelta(days=days_ago),
        recovery_time_s=10.0,
        steps={"restore-database": 2.5},
        tables={"users": 2} if tables is None else tables,
        directories=directories or {},
        documents=documents or {},
    )


def evidence(directory: Path) -> Evidence:
    """A restored instance with which every check is content; its sidecars are written into `directory`."""
    entries = [
        FileState(b"", "directory", 0, "", 0o755, 33, 33, 1000),
        FileState(b"resumes", "directory", 0, "", 0o755, 33, 33, 1000),
        FileState(b"resumes/a.pdf", "file", 5, "cc" * 32, 0o644, 33, 33, 1000),
    ]
    write_inventory(entries, directory / "source-files.jsonl")
    write_inventory(entries, directory / "target-files.jsonl")
    (directory / "references.jsonl").write_text('["resumes/a.pdf", "resumes id=1"]\n')
    objects = (
        part("column", "users", "id", type="bigint unsigned"),
        part("column", "webhook_calls", "id", type="bigint unsigned"),
        part("index", "users", "PRIMARY", columns="id", unique="yes"),
        part("trigger", "users", "users_bi", definer="root@localhost", body="d3"),
    )
    state = database(
        table("users"),
        table("webhook_calls", rows=0, digest="00", auto_increment=None),
        objects=objects,
        variables={"sql_mode": "STRICT_TRANS_TABLES", "version": "9.7.4"},
        orphans=(Orphans("users", "users_manager", ("manager_id",), "users", 0),),
    )
    proper = search(
        *(
            index(model.table, (1, 2) if model.from_database else ("ATL", "BOS"), displayedAttributes='["id"]')
            for model in IMPORTED_MODELS
        )
    )
    content = ScriptContent(
        (ScriptTable("users", 2, "ee"),),
        (ScriptObject("table", "users", "ff"), ScriptObject("trigger", "users_bi", "ee")),
    )
    return Evidence(
        database="apiary",
        fresh=state,
        target=state,
        script=content,
        redump=content,
        egress=(EgressAttempt("lookup", "example.com", False), EgressAttempt("connection", "1.1.1.1:443", False)),
        excluded_tables=("webhook_calls",),
        files=FileEvidence(
            expected=directory / "source-files.jsonl",
            actual=directory / "target-files.jsonl",
            references=directory / "references.jsonl",
            excluded=("nova-exports", "dompdf"),
            owners_comparable=True,
        ),
        search=SearchEvidence(
            expected_settings=proper,
            searchable=tuple(searchable(model.table, (1, 2)) for model in IMPORTED_MODELS if model.from_database),
            actual=proper,
            probes=(Probe("search", "apiary_users id=1", "1", "1"),),
            prefix=PREFIX,
        ),
        app=app(),
        recovery=recovery(),
        artifact=ArtifactEvidence((artifact_file(),), (artifact_file(),), nonce="0123456789abcdef", nonce_found=True),
        source=state,
        migration=MigrationEvidence(
            ("2027_01_10_000000_nothing",), state, (MigratedTable("users"), MigratedTable("webhook_calls"))
        ),
        trend=TrendEvidence(TrendLimits(), (past_drill(),)),
    )


def only(result: CheckResult) -> Finding:
    """The one finding of a check that found one thing."""
    (finding,) = result.findings
    return finding


def finding(head: str, message: str, remedy: str = "", severity: Severity = Severity.ERROR) -> Finding:
    """What a check must have found; an error unless asked otherwise.

    Args:
        head: `code | subject | expected | actual`, or the first two; None is written as such.
    """
    code, subject, *values = head.split(" | ")
    expected, actual = (None if value == "None" else value for value in values or ("None", "None"))
    return Finding(code, severity, subject, message, expected, actual, remedy)

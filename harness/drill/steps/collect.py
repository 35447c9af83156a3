"""What is gathered of the restored instance once the last step is done: the evidence for the checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.artifacts.storage.inventory import write_inventory
from harness.artifacts.storage.order import sorted_entries
from harness.base.background import Background, side_by_side
from harness.base.errors import StepFailed
from harness.base.model import (
    AppState,
    DatabaseState,
    FileTotals,
    Finding,
    Probe,
    SearchableRows,
    SearchState,
    Severity,
    Step,
)
from harness.base.timezones import earliest_moment
from harness.checks.evidence import (
    ArtifactEvidence,
    DocumentDifference,
    Evidence,
    FileEvidence,
    RecoveryEvidence,
    RowDifference,
    ScriptContent,
    SearchEvidence,
)
from harness.checks.rowdiff import differing_rows
from harness.drill.run import Run
from harness.drill.steps.collect_app import observe_app
from harness.drill.steps.collect_search import when_settled
from harness.drill.steps.documents import DocumentComparison
from harness.drill.steps.read import ReadBackup
from harness.drill.steps.release import BeforeMigrating, observe_after_migrating
from harness.drill.steps.restore import RECOVERY_STEPS, Restoration
from harness.drill.steps.target import FreshTarget
from harness.inputs.backup import BackupUnderTest, SourceView
from harness.procedure.backup.scan import scan
from harness.procedure.restore.load import complaint_findings
from harness.procedure.restore.redump import differing_rows_of_script, redump
from harness.procedure.restore.reindex import refusals
from harness.procedure.restore.sample import compare_sample
from harness.procedure.restore.script import Script
from harness.procedure.snapshot import (
    read_database,
    read_kept_row_digests,
    read_searchable,
    search_probes,
    write_references,
)
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.mysql_content import read_row_digests, read_shapes
from harness.runtime.services.stack import Stack
from harness.scenario.definition import Objectives

NONCE_TABLE = "events"
"""One of its names holds the nonce of the backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What is known before the restored instance is observed.

    Args:
        read: the backup, as it was read.
        work: the restore, and what it reported; its script is the one that was run.
        fresh: the target before the restore.
        before_migrating: the restored database before the migrations of a newer application, when they ran.
        failed: what kept the index from being rebuilt; rows and files are back all the same.
    """

    read: ReadBackup
    work: Restoration
    fresh: FreshTarget
    before_migrating: BeforeMigrating | None = None
    failed: StepFailed | None = None

    @property
    def backup(self) -> BackupUnderTest:
        return self.read.backup

    @property
    def script(self) -> Script:
        return self.work.script

    @property
    def source(self) -> SourceView | None:
        """What the source held besides its database, when this drill had one."""
        return self.backup.made.source if self.backup.made else None


def collect(run: Run, stack: Stack, restored: Restored) -> Evidence:
    """Look at the restored instance through its services' own clients.

    The application is asked last: logging in leaves a row, which must not be taken for a difference.
    """
    with side_by_side(4) as background:
        # Trying to get out waits for what never comes: everything else is observed meanwhile.
        attempts = background(stack.egress) if stack.egress is not None else None
        evidence = _collect(run, stack, restored, background)
        return replace(
            evidence,
            egress=attempts.result() if attempts is not None else None,
            trend=run.faults.trend() or restored.backup.trend,
            accepted=restored.backup.acceptances,
        )


def _collect(run: Run, stack: Stack, restored: Restored, background: Background) -> Evidence:
    """Everything but the way out: the database, its dump, the search and the files beside each other."""
    clock, directory = run.clock, run.plan.store.directory
    backup, plan, manifest = restored.backup, restored.backup.plan, restored.backup.manifest
    database = stack.mysql.database
    references, files = directory / "references.jsonl", directory / "target-files.jsonl"
    with clock.step("observe-target", "Collect evidence from the restored instance", decides=False) as note:
        searched = background(_search, stack, run.limits.search_drained_s)
        dumped = background(_dumped, run, stack, restored) if restored.before_migrating is None else None
        listed = background(_list_files, stack, files)
        with stack.mysql.session() as session:
            target = read_database(
                session,
                database,
                progress=lambda table: note.progress(f"reading {table}"),
                digests=_source(restored) is not None,  # without it the rows are compared as the second dump has them
            )
            write_references(session, database, references)
            nonce = manifest.nonce if manifest and _was_marked(backup) else ""
            nonce_found = bool(nonce) and _nonce_found(session, database, nonce)
        note.progress("files")
        note.size_bytes = listed.result().size_bytes
        note.progress("search")
        searchable, search, probes, documents = searched.result()
        note.detail = f"{sum(table.rows for table in target.tables):,} rows"
    before, migration = restored.before_migrating, None
    if before is not None:
        with clock.step("migrated", "Compare the instance before and after the migrations", decides=False):
            ran = [name for name in restored.fresh.migrations if name not in restored.script.migrations]
            migration = observe_after_migrating(stack, before, ran, backup.accepted_tables, directory)
        # What came back is judged as it came back; what became of it is judged by itself.
        target, script, again = before.database, before.script, before.again
    else:
        with clock.step("redump", "Dump the restored database again and compare it with the original dump") as note:
            assert dumped is not None, "nothing was migrated"
            script, again = dumped.result()
            note.detail = f"{sum(table.rows for table in again.tables):,} rows, compared as {again.compared_as}"
    with clock.step("rows", "Identify the rows that differ", decides=False) as note:
        rows = _row_differences(stack, restored, target, directory)
        differing = _differing_tables(script, again)
        if migration is None:
            unnamed = [table for table in differing if table not in rows]
            rows |= differing_rows_of_script(stack.mysql, restored.script, plan, unnamed, directory)
        note.detail = f"differing tables: {len(rows.keys() | set(differing))}"
    with clock.step("observe-app", "Query the restored application"):
        app = observe_app(stack, restored.read.expected_files, key_given=backup.app_key is not None)
        app = replace(_against_source(app, restored.source), prestart=restored.work.prestart)
    return Evidence(
        database=database,
        fresh=restored.fresh.database,
        target=target,
        script=script,
        redump=again,
        excluded_tables=plan.excluded_tables,
        files=FileEvidence(
            expected=restored.read.expected_files,
            actual=files,
            references=references,
            excluded=plan.excluded_directories,
            owners_comparable=(backup.keeps_owners or not restored.read.of_source)
            and (restored.work.files is None or restored.work.files.owners_restored),
            of_source=restored.read.of_source,
        ),
        search=SearchEvidence(
            expected_settings=restored.source.search if restored.source else restored.fresh.search,
            searchable=searchable,
            actual=search,
            probes=probes,
            prefix=stack.apiary.search_prefix,
            import_complaints=len(restored.work.import_complaints),
            documents=documents,
            refusals=refusals(restored.work.import_complaints),
        ),
        app=app,
        recovery=_recovery(restored, target, recovery_time_s(clock.steps), run.plan.objectives),
        artifact=ArtifactEvidence(
            manifest_files=manifest.artifacts if manifest else (),
            actual_files=run.outcome.actual_files,
            nonce=nonce,
            nonce_found=nonce_found,
            findings=_accepted(restored) + complaint_findings(restored.work.client_complaints),
        ),
        source=_source(restored),
        manifest=manifest,
        rows=rows,
        unknown_migrations=tuple(
            name for name in restored.script.migrations if name not in set(restored.fresh.recorded)
        ),
        migration=migration,
    )


def _search(
    stack: Stack, drained_s: float
) -> tuple[tuple[SearchableRows, ...], SearchState, tuple[Probe, ...], tuple[DocumentDifference, ...]]:
    """What belongs into the search, what it holds, whether it finds known rows, and what its documents say."""
    database, server, prefix = stack.mysql.database, stack.meilisearch, stack.apiary.search_prefix
    with stack.mysql.session() as session:
        searchable = read_searchable(session, database, prefix)

        def observe() -> tuple[SearchState, tuple[Probe, ...], tuple[DocumentDifference, ...]]:
            comparison = DocumentComparison(session, database, server, prefix)
            state = server.state(comparison.ids)
            return state, search_probes(session, database, server, searchable, prefix), comparison.differences()

        (state, probes, documents), pending = when_settled(server, observe, drained_s=drained_s)
    return searchable, replace(state, pending=pending), probes, documents


def _dumped(run: Run, stack: Stack, restored: Restored) -> tuple[ScriptContent, ScriptContent]:
    """The script, and the restored database as another dump says it: all of both, or a sample of the rows."""
    share, plan = run.plan.settings.sample_share, restored.backup.plan
    if share is not None:
        return compare_sample(stack.mysql, restored.script, plan, share)
    return redump(stack.mysql, restored.script, plan)


def _list_files(stack: Stack, path: Path) -> FileTotals:
    """Write the list of the files that are there now, read to their ends."""
    entries = scan(stack.apiary.storage_host, stack.apiary.storage_root)
    return write_inventory(sorted_entries(entries, path.parent), path, content=True).totals


def _source(restored: Restored) -> DatabaseState | None:
    """The source's database: as it was read, or as the manifest describes it, or unknown."""
    if restored.backup.made is not None:
        return restored.backup.made.backup.database
    manifest = restored.backup.manifest
    if manifest is None:
        return None
    return DatabaseState(
        manifest.database, manifest.tables, manifest.objects, manifest.variables, orphans=manifest.orphans
    )


def _recovery(restored: Restored, target: DatabaseState, restore_s: float, objectives: Objectives) -> RecoveryEvidence:
    """The times of the restore and of the newest row, which the application wrote in a zone of its own."""
    now, manifest, source = datetime.now(UTC), restored.backup.manifest, _source(restored)
    backup_at = manifest.created_at if manifest else None
    stored = newest_row_at(target)
    zones = restored.backup.time_zones.with_server_of(source.variables if source else None)
    newest = zones.moment(stored, min(backup_at, now) if backup_at else now) if stored else None
    return RecoveryEvidence(
        restore_s=restore_s,
        restore_objective_s=objectives.recovery_time_s,
        newest_row_at=newest.at if newest else None,
        backup_at=backup_at,
        point_objective_s=objectives.recovery_point_s,
        now=now,
        existing=restored.backup.made is None,
        newest_row_local=newest.local if newest else "",
        server_time_zone=newest.server_zone if newest else "",
        dumped_at=manifest.started_at if manifest else _dumped_at(restored.script, newest.at if newest else None),
    )


def _dumped_at(script: Script, newest_row_at: datetime | None) -> datetime | None:
    """The time in the script's last line, of which nothing says the zone: the first one that the newest row allows."""
    if script.info.finished_at is None or newest_row_at is None:
        return newest_row_at
    return earliest_moment(script.info.finished_at.replace(tzinfo=UTC), newest_row_at)


def recovery_time_s(steps: Iterable[Step]) -> float:
    """The time of stop, files, database, start and reindex, added up."""
    return sum(step.duration_s for step in steps if step.name in RECOVERY_STEPS)


def newest_row_at(state: DatabaseState) -> datetime | None:
    """The newest time in any row, as a session in UTC reads it."""
    return max((table.newest_at for table in state.tables if table.newest_at is not None), default=None)


def _was_marked(backup: BackupUnderTest) -> bool:
    """Whether the row with the nonce can be in the backup: not where its table was empty at the source already."""
    if backup.made is None:
        return True
    return any(table.name == NONCE_TABLE and table.rows for table in backup.made.backup.database.tables)


def _nonce_found(session: Session, database: str, nonce: str) -> bool:
    found = session.value(
        f"SELECT COUNT(*) FROM {quote_name(database, NONCE_TABLE)} WHERE name LIKE %s", (f"%{nonce}%",)
    )
    return int(found) > 0


def _accepted(restored: Restored) -> tuple[Finding, ...]:
    """What reading the script found; the rows of a table that may be left out whole may be left out alone."""
    return tuple(
        replace(found, severity=Severity.INFO)
        if found.code == "rows-section-missing" and found.subject in restored.backup.plan.excluded_tables
        else found
        for found in restored.script.findings
    )


def _differing_tables(script: ScriptContent, again: ScriptContent) -> list[str]:
    """Tables of the script that are there, and that hold other rows."""
    now = {table.name: table for table in again.tables}
    return [table.name for table in script.tables if table.name in now and now[table.name] != table]


def _row_differences(
    stack: Stack, restored: Restored, target: DatabaseState, directory: Path
) -> dict[str, RowDifference]:
    """The first differing keys of each table whose digest is not the source's."""
    made = restored.backup.made
    if made is None or made.backup.row_digests is None:
        return {}
    backup, digests = made.backup, made.backup.row_digests
    now = {table.name: (table.rows, table.digest) for table in target.tables}
    found: dict[str, RowDifference] = {}
    with stack.mysql.session() as session:
        for shape in read_shapes(session, stack.mysql.database):
            before = next((table for table in backup.database.tables if table.name == shape.name), None)
            if before is None or shape.name in restored.backup.plan.excluded_tables:
                continue
            if now[shape.name] == (before.rows, before.digest):
                continue
            if not shape.primary_key:
                found[shape.name] = RowDifference(note="It has no primary key, so the rows cannot be identified.")
                continue
            found[shape.name] = differing_rows(
                read_kept_row_digests(digests, shape.name),
                read_row_digests(session, stack.mysql.database, shape),
                directory,
            )
    return found


def _against_source(app: AppState, source: SourceView | None) -> AppState:
    """Expect of each encrypted value what the source's own application made of it."""
    if source is None:
        return app
    now = {probe.subject: probe for probe in app.decrypt}
    decrypt = tuple(
        replace(now[before.subject], expected=before.actual)
        if before.subject in now
        else Probe(before.name, before.subject, before.actual, "", "the value is gone")
        for before in source.app.decrypt
    )
    return replace(app, decrypt=decrypt)

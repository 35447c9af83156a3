"""The documented backup: stop the app or not, dump, copy the directory, write the manifest last.

The dump comes before the files: a row that it holds then has its file in the copy, while a file that came
later has no row yet, which harms nobody. The other way round a row would point at a file that is not there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.backup.database import DumpOutcome, backup_database
from harness.backup.manifest import FORMAT_VERSION, write_manifest
from harness.backup.plan import BackupPlan, BackupSource
from harness.backup.storage import backup_storage
from harness.clock import Clock, Note, megabytes
from harness.errors import UsageError
from harness.model import DatabaseState, Exclusion, Manifest, SearchableRows
from harness.services.mysql import Session
from harness.snapshot import read_database, read_searchable

DUMP_NAME = "database.sql.zst"


@dataclass(frozen=True, slots=True)
class Backup:
    """A complete backup.

    Args:
        directory: where it is.
        manifest: what is in it.
        database: the source's database in the moment of the dump, which includes what was left out.
        row_digests: digests of its rows, outside the artifact; None when they were not kept.
    """

    directory: Path
    manifest: Manifest
    database: DatabaseState
    row_digests: Path | None


def take_backup(
    source: BackupSource,
    plan: BackupPlan,
    directory: Path,
    clock: Clock,
    *,
    nonce: str = "",
    row_digests: Path | None = None,
) -> Backup:
    """Back up an instance into a new directory.

    The manifest is written last and under a temporary name, so that a directory without `manifest.json` is not
    a backup, whatever else is in it.

    Raises:
        UsageError: the directory exists and is not empty.
        StageFailed: a step failed; the backup is then no backup.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise UsageError(f"{directory} is not empty", "Give each backup a directory of its own.")
    except OSError as error:
        raise UsageError(f"cannot use {directory} for a backup: {error.strerror}") from error
    started_at = datetime.now(UTC)
    steps_before = len(clock.steps)
    with _stopped(source, clock, really=plan.quiesced):
        with clock.step("backup-database", "Back up the database") as note:
            dump = _dump(source, plan, directory, note, row_digests)
            note.detail = (
                f"{sum(t.rows for t in dump.reading[0].tables):,} rows, {megabytes(dump.script_bytes)} of script,"
                f" {megabytes(dump.artifact.size_bytes)} compressed; {dump.note}"
            )
        with clock.step("backup-files", "Back up the files") as note:
            files = backup_storage(
                source.storage_host,
                source.storage_root,
                directory,
                form=plan.storage_form,
                excluded=plan.excluded_directories,
            )
            note.detail = f"{files.totals.files:,} files, {megabytes(files.totals.size_bytes)}"
    database, searchable = dump.reading
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        created_at=datetime.now(UTC),
        started_at=started_at,
        mode=plan.mode,
        nonce=nonce,
        database=source.mysql.database,
        artifacts=(dump.artifact, *files.artifacts),
        components=tuple(
            replace(component, version=f"{component.version} ({dump.tool})") if component.role == "mysql" else component
            for component in source.components
        ),
        variables=database.variables,
        same_snapshot=dump.same_snapshot,
        lock_held_s=dump.lock_held_s,
        snapshot_note=dump.note,
        tables=tuple(table for table in database.tables if table.name not in plan.excluded_tables),
        objects=tuple(item for item in database.objects if item.owner not in plan.excluded_tables),
        files=files.totals,
        searchable=searchable,
        exclusions=(
            *(
                Exclusion("table", table.name, table.rows)
                for table in database.tables
                if table.name in plan.excluded_tables
            ),
            *files.exclusions,
        ),
        steps=tuple(clock.steps[steps_before:]),
    )
    write_manifest(manifest, directory)
    _make_durable(directory)
    return Backup(directory, manifest, database, row_digests)


def _dump(
    source: BackupSource, plan: BackupPlan, directory: Path, note: Note, row_digests: Path | None
) -> DumpOutcome[tuple[DatabaseState, tuple[SearchableRows, ...]]]:
    database = source.mysql.database

    def read(session: Session) -> tuple[DatabaseState, tuple[SearchableRows, ...]]:
        state = read_database(
            session,
            database,
            progress=lambda table: note.progress(f"reading {table}"),
            row_digests=row_digests,
            with_accounts=False,
        )
        return state, read_searchable(session, database, source.search_prefix)

    return backup_database(source.mysql, plan, directory / DUMP_NAME, read)


@contextmanager
def _stopped(source: BackupSource, clock: Clock, *, really: bool) -> Iterator[None]:
    """Stop the app for the block, and start it again whatever happens."""
    if not really:
        yield
        return
    if source.lifecycle is None:
        raise UsageError(
            "a quiesced backup has to stop the application, and does not know how",
            "Give --stop-command and --start-command.",
        )
    try:
        with clock.step("quiesce", "Stop the application for the backup"):
            source.lifecycle.stop()
        yield
    finally:
        with clock.step("resume", "Start the application again"):
            source.lifecycle.start()


def _make_durable(directory: Path) -> None:
    """Make the names in a directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

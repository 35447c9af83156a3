"""The documented backup: stop the app or not, dump, copy the directory, write the manifest last.

The dump comes before the files: a row that it holds then has its file in the copy, while a file that came
later has no row yet, which harms nobody. The other way round a row would point at a file that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.artifacts.storage.inventory import read_inventory
from harness.artifacts.storage.order import sorted_entries
from harness.base.clock import Clock, Note
from harness.base.errors import ProcedureFailed, StepFailed, UsageError
from harness.base.interruption import finishing
from harness.base.model import Consistency, DatabaseState, Exclusion, Manifest, SearchableRows
from harness.base.sizes import size
from harness.checks.references import read_references
from harness.procedure.backup.consistency import compare
from harness.procedure.backup.directory import new_directory
from harness.procedure.backup.manifest import FORMAT_VERSION, write_manifest
from harness.procedure.backup.mysqldump import DumpOutcome, backup_database
from harness.procedure.backup.plan import BackupPlan, BackupSource
from harness.procedure.backup.scan import listing
from harness.procedure.backup.storage import StorageBackup, backup_storage, discard
from harness.procedure.snapshot import read_database, read_searchable, write_references
from harness.runtime.services.apiary import Lifecycle
from harness.runtime.services.mysql import Session

DUMP_NAME = "database.sql.zst"

ATTEMPTS = 3
"Maximum number of attempts until dump and files agree; those of a continuously busy application never do."


@dataclass(frozen=True, slots=True)
class TakenBackup:
    """A complete backup.

    Args:
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
    while_copying: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> TakenBackup:
    """Back up an instance into a new directory.

    Everything is written into `<directory>.partial`, the manifest last, and the directory gets its name when all
    of it is on disk: there is never a directory of that name that is half a backup.

    Args:
        nonce: random text of this backup.
        row_digests: where the digests of the source's rows go, outside the artifact.
        while_copying: makes what is held while the files are copied, after each dump; for faults.

    Raises:
        UsageError: the directory exists and is not empty, or another backup is being written there.
        StepFailed: a step failed; then nothing is left. Only where the application was not started again, the
            backup is whole, and there.
    """
    with new_directory(directory) as partial:
        started_at = datetime.now(UTC)
        steps_before = len(clock.steps)
        with _stopped(source, clock, really=plan.quiesced) as resumed:
            dump, files, consistency = _take_both(source, plan, partial, clock, row_digests, while_copying)
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
                replace(component, version=f"{component.version} ({dump.tool})")
                if component.role == "mysql"
                else component
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
            consistency=consistency,
            orphans=database.orphans,
        )
        write_manifest(manifest, partial)
    if resumed.error is not None:
        raise resumed.error
    return TakenBackup(directory, manifest, database, row_digests)


_Reading = tuple[DatabaseState, tuple[SearchableRows, ...]]


def _take_both(
    source: BackupSource,
    plan: BackupPlan,
    directory: Path,
    clock: Clock,
    row_digests: Path | None,
    while_copying: Callable[[], AbstractContextManager[None]],
) -> tuple[DumpOutcome[_Reading], StorageBackup, Consistency]:
    """Dump, copy, and look at what changed in between; again, where that can mend it."""
    dump, files = None, None
    again = ""
    with TemporaryDirectory(prefix=".between-", dir=directory) as folder:
        scratch = Path(folder)
        for attempt in range(1, ATTEMPTS + 1):
            if dump is None:
                with clock.step("backup-database", f"Back up the database{again}") as note:
                    dump = _dump(source, plan, directory, note, row_digests, scratch / "in-dump")
                    note.detail = (
                        f"{sum(t.rows for t in dump.reading[0].tables):,} rows, {size(dump.script_bytes)} of"
                        f" script, {size(dump.artifact.size_bytes)} compressed; {dump.note}"
                    )
            with clock.step("backup-files", f"Back up the files{again}") as note, while_copying():
                if files is not None:
                    discard(files)
                files = backup_storage(
                    source.storage_host,
                    source.storage_root,
                    directory,
                    form=plan.storage_form,
                    excluded=plan.excluded_directories,
                )
                note.detail = f"{files.totals.files:,} files, {size(files.totals.size_bytes)}"
            with clock.step("backup-consistency", "Check what changed between dump and files") as note:
                consistency = _consistency(source, files, scratch, attempt)
                _must_be_its_directory(source, files, consistency, scratch / "in-dump")
                note.detail = ", ".join(disagreements(consistency)) or "nothing changed"
            if consistency.settled or attempt == ATTEMPTS:
                return dump, files, consistency
            again = ", again"
            if consistency.dump_is_older:
                dump = None
    raise AssertionError("the last attempt returns")


def disagreements(consistency: Consistency) -> tuple[str, ...]:
    """What dump and files disagree about, in words; empty when they agree."""
    return tuple(
        f"{count:,} {what}"
        for count, what in (
            (consistency.rows_of_deleted_files, "rows whose file was deleted after the dump"),
            (consistency.rows_of_late_files, "rows whose file was added after its directory was copied"),
            (consistency.rows_without_file, "rows whose file is missing at the source as well"),
            (consistency.files_of_later_rows, "files whose row came after the dump"),
        )
        if count
    )


def _consistency(source: BackupSource, files: StorageBackup, scratch: Path, attempt: int) -> Consistency:
    with source.mysql.session() as session:
        write_references(session, source.mysql.database, scratch / "now")
    there = sorted_entries(listing(source.storage_host, source.storage_root), scratch)
    return compare(scratch / "in-dump", scratch / "now", read_inventory(files.inventory), there, attempts=attempt)


def _must_be_its_directory(
    source: BackupSource, files: StorageBackup, consistency: Consistency, references: Path
) -> None:
    """One without any of the files that rows refer to is another directory, or is not mounted."""
    lacking = consistency.rows_of_deleted_files + consistency.rows_of_late_files + consistency.rows_without_file
    referring = sum(1 for _ in read_references(references))
    if not referring or lacking < referring:
        return
    which = "holds none" if files.totals.files else "is empty: it holds none"
    raise ProcedureFailed(
        f"the storage directory {source.storage_root} {which} of the {referring:,} files that rows refer to",
        "Give the application's storage/app directory, and check that it is mounted and readable for this account.",
    )


def _dump(
    source: BackupSource, plan: BackupPlan, directory: Path, note: Note, row_digests: Path | None, references: Path
) -> DumpOutcome[_Reading]:
    database = source.mysql.database

    def read(session: Session) -> _Reading:
        state = read_database(
            session,
            database,
            progress=lambda table: note.progress(f"reading {table}"),
            row_digests=row_digests,
            with_accounts=False,
        )
        write_references(session, database, references)
        return state, read_searchable(session, database, source.search_prefix)

    dump = backup_database(source.mysql, plan, directory / DUMP_NAME, read)
    state, searchable = dump.reading
    # Counters are in no snapshot. Where an application goes on writing, those of the dump may be further on than at
    # its beginning, which gives no key twice; what it is held against must not be.
    tables = tuple(replace(table, auto_increment=dump.counters.get(table.name)) for table in state.tables)
    return replace(dump, reading=(replace(state, tables=tables), searchable))


class _Resumed:
    """Whether the application was started again: a backup that is whole is kept although it was not."""

    def __init__(self) -> None:
        self.error: StepFailed | None = None


@contextmanager
def _stopped(source: BackupSource, clock: Clock, *, really: bool) -> Iterator[_Resumed]:
    """Stop the app for the block, and start it again whatever happens, also when it could not be stopped."""
    resumed = _Resumed()
    if not really:
        yield resumed
        return
    if source.lifecycle is None:
        raise UsageError(
            "a quiesced backup must stop the application, but no command for that was given",
            "Give --stop-command and --start-command.",
        )
    try:
        with clock.step("quiesce", "Stop the application for the backup"):
            source.lifecycle.stop()
        yield resumed
    except BaseException as first:
        with finishing():
            second = _start(source.lifecycle, clock)
        if second is not None:
            # A stopped application is worse than a missing backup, and must not hide what came before it.
            second.details = f"{second.details}\nbefore that: {first}".lstrip()
            raise second from first
        raise
    resumed.error = _start(source.lifecycle, clock)


def _start(lifecycle: Lifecycle, clock: Clock) -> StepFailed | None:
    try:
        with clock.step("resume", "Start the application again"):
            lifecycle.start()
    except StepFailed as error:
        return error
    return None

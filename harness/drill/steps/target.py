"""The target: step 1 of the guide, a running, empty instance that is proven to work; then steps 2 to 6."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.clock import Clock, Note
from harness.base.errors import ProcedureFailed, UsageError
from harness.base.model import DatabaseState, SearchState
from harness.base.settings import Limits
from harness.base.sizes import size
from harness.faults.context import ScriptStream
from harness.faults.injection_points import RESTORE_STEPS, InjectionPoint
from harness.faults.injector import Injector
from harness.procedure.restore.database import connected, run_script
from harness.procedure.restore.script import Script
from harness.procedure.restore.search import reindex
from harness.procedure.restore.storage import CheckedStorage, StorageRestore, restore_storage
from harness.procedure.snapshot import read_database
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec

MUST_BE_EMPTY = ("attendance", "events", "teams", "users")
"""Tables that no migration fills: rows in them say that the target is somebody's instance."""

RECOVERY_STEPS = ("stop", "restore-files", "restore-database", "migrate", "start", "reindex")
"""Steps 2 to 6 of the guide, as the clock names them, and the migrations of a newer application: the recovery time is
their sum."""


@dataclass(frozen=True, slots=True)
class FreshTarget:
    """The target before the restore: what this Apiary expects of a database and of a search, and its migrations.

    `migrations` are those that it has files of, `recorded` all that it counts as done.
    """

    database: DatabaseState
    search: SearchState
    migrations: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()


def prove_target(stack: Stack, limits: Limits, clock: Clock) -> FreshTarget:
    """Step 1: migrate, start, and prove that the empty instance works before anything is restored into it.

    Raises:
        UsageError: the target is not the harness's own.
        StageFailed: it does not work, or is not empty.
    """
    if not stack.owned:
        raise UsageError("the target was not started by this drill", "A restore only ever goes into its own instance.")
    with clock.step("target", "Start an empty target and prove that it works", decides=False) as note:
        note.progress("migrations")
        stack.apiary.must_artisan("migrate", "--force")
        stack.apiary.lifecycle.start()
        note.progress("empty search")
        reindex(stack, drained_s=limits.search_drained_s, progress=note.progress)
        note.progress("tables")
        with stack.mysql.session() as session:
            database = read_database(session, stack.mysql.database)
            table = quote_name(stack.mysql.database, "migrations")
            # More than `migrate:status` names: those that a schema file stands for have no file of their own.
            recorded = tuple(str(name) for (name,) in session.rows(f"SELECT migration FROM {table} ORDER BY migration"))
        _must_be_empty(database)
        ran, pending = stack.apiary.migrations()
        if pending:
            raise ProcedureFailed(f"{len(pending)} migrations are pending on the empty target")
        _must_write(stack)
        note.detail = f"{len(database.tables)} tables, migrated and empty"
        return FreshTarget(database, stack.meilisearch.state(), ran, recorded)


@dataclass(frozen=True, slots=True)
class EmptyTarget:
    """A target that was proven and whose servers have ended: their files are for copies of it."""

    spec: StackSpec
    fresh: FreshTarget


def start_copy(stack: Stack, empty: EmptyTarget, clock: Clock) -> FreshTarget:
    """Step 1 where the servers began with the files of a target that was proven: start the application."""
    with clock.step("target", "Start a copy of an empty target that was proven", decides=False) as note:
        stack.apiary.lifecycle.start()
        note.detail = f"{len(empty.fresh.database.tables)} tables, migrated and empty"
        return empty.fresh


@dataclass(frozen=True, slots=True)
class Restoration:
    """What the restore reported.

    Args:
        files: of the storage directory; None when that step was left out.
        import_complaints: lines that `scout:import-all` wrote to stderr, while it ended with 0.
        client_complaints: lines that the database's client wrote to stderr, while it ended with 0.
    """

    files: StorageRestore | None
    import_complaints: tuple[str, ...]
    client_complaints: tuple[str, ...] = ()


def restore(
    stack: Stack,
    script: Script,
    storage: CheckedStorage,
    scratch: Path,
    limits: Limits,
    clock: Clock,
    *,
    steps: Sequence[InjectionPoint] = RESTORE_STEPS,
    faults: Injector | None = None,
    before_start: Callable[[], None] = lambda: None,
) -> Restoration:
    """Steps 2 to 6 of the guide, each timed, each with its own failure.

    Args:
        script: the script, read and found fit to run.
        storage: the storage artifact, read and found good.
        scratch: the run directory.
        steps: which ones, in which order; all of them in the guide's order unless a scenario asks for another.
        faults: what the scenario puts in.
        before_start: what is done between the script and the start of the application.
    """
    files: StorageRestore | None = None
    complaints: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    faults = faults or Injector((), 0, scratch, limits)

    def stop(note: Note) -> None:
        stack.apiary.lifecycle.stop()
        with stack.mysql.session() as session:
            others = connected(session, stack.mysql.app.user)
        if others or stack.apiary.lifecycle.running():
            raise ProcedureFailed(f"the application was stopped, and still has {others} connections to the database")
        note.detail = "0 connections"

    def must_be_stopped() -> None:
        if stack.apiary.lifecycle.running():
            raise ProcedureFailed(
                "the application is running",
                "Stop it first, and keep it stopped: what it writes is mixed with the backup.",
            )

    def restore_files(note: Note) -> None:
        nonlocal files
        must_be_stopped()
        files = restore_storage(stack.apiary.storage_host, stack.apiary.storage_root, storage, clear=True)
        note.detail = f"{files.totals.files:,} files, {size(files.totals.size_bytes)}"
        if files.inside:
            note.detail += (
                f", of {files.inside} in {storage.artifact.name}; {files.left:,} entries outside of it were left out"
            )
        if files.unprivileged:
            note.detail += f"; setuid or setgid bits of {files.unprivileged:,} were not restored"

    def restore_database(note: Note) -> None:
        nonlocal said
        must_be_stopped()
        sent = _Counter(stream.through(script.chunks()), note.progress)
        said = run_script(stack.mysql, sent, packets_fit=True)
        note.detail = f"{script.rows:,} rows, {size(sent.size_bytes)} of script"

    def start(note: Note) -> None:
        stack.apiary.lifecycle.start()

    def rebuild_index(note: Note) -> None:
        nonlocal complaints
        complaints = reindex(stack, drained_s=limits.search_drained_s, progress=lambda text: tell(note, text))

    def tell(note: Note, text: str) -> None:
        note.progress(text)
        stream.told(text)

    guide_steps = {
        InjectionPoint.STOP: ("stop", "Stop the application, nobody is connected", stop),
        InjectionPoint.FILES: ("restore-files", "Restore the files", restore_files),
        InjectionPoint.DATABASE: ("restore-database", "Run the script", restore_database),
        InjectionPoint.START: ("start", "Start the application", start),
        InjectionPoint.REINDEX: ("reindex", "Rebuild the search index", rebuild_index),
    }
    stream = ScriptStream()
    for stage in steps:
        if stage is InjectionPoint.START:
            before_start()
        name, title, do = guide_steps[stage]
        with clock.step(name, title) as note, faults.around(stage, stack=stack, script=stream):
            do(note)
    return Restoration(files, complaints, said)


class _Counter:
    """Counts the bytes of a stream and tells how far it is."""

    def __init__(self, chunks: Iterable[bytes], progress: Callable[[str], None]) -> None:
        self._chunks = chunks
        self._progress = progress
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            yield chunk
            self.size_bytes += len(chunk)
            self._progress(size(self.size_bytes))


def _must_be_empty(database: DatabaseState) -> None:
    filled = {table.name: table.rows for table in database.tables if table.name in MUST_BE_EMPTY and table.rows}
    if filled:
        told = ", ".join(f"{name} has {rows} rows" for name, rows in filled.items())
        raise ProcedureFailed(
            f"the target is not empty: {told}", "Restore into a fresh instance, never over a used one."
        )


def _must_write(stack: Stack) -> None:
    """Write and remove a file in the storage directory as the app's user does."""
    probe = f"{stack.apiary.storage_root}/.drill-write-probe"
    for argv in (["touch", probe], ["rm", probe]):
        completed = run(stack.apiary.storage_host, argv, user=stack.apiary.user, timeout_s=60)
        if completed.exit_status != 0:
            raise ProcedureFailed(
                "the app's user cannot write to its storage directory: uploads would fail", details=completed.stderr
            )

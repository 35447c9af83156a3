"""The documented restore: stop, files, script, start, reindex; each timed, each with its own failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from harness.artifacts.dump.rewrite import RewriteReport
from harness.base.clock import Clock, Note
from harness.base.errors import EXIT_NOT_AS_EXPECTED, ProcedureFailed, StepFailed
from harness.base.model import Prestart
from harness.base.settings import Limits
from harness.base.sizes import Pace, size
from harness.faults.context import ScriptStream
from harness.faults.injection_points import InjectionPoint
from harness.faults.injector import Injector
from harness.inputs.room import TWICE
from harness.procedure.restore.load import connected, run_script
from harness.procedure.restore.parallel import WORTHWHILE_BYTES, NotInParallel, drop_objects, run_in_parallel
from harness.procedure.restore.prestart import prestart
from harness.procedure.restore.reindex import reindex
from harness.procedure.restore.script import Script
from harness.procedure.restore.storage import CheckedStorage, StorageRestore, restore_storage
from harness.runtime.services.stack import Stack

RECOVERY_STEPS = ("stop", "restore-files", "restore-database", "migrate", "start", "reindex")
"""The documented restore, as the clock names them, and the migrations of a newer application: the recovery time is
their sum."""


@dataclass(slots=True)
class Restoration:
    """A restore under way, and what it reported.

    Args:
        script: the script, read and found fit to run.
        storage: the storage artifact, read and found good.
        files: of the storage directory; None as long as that step was not taken.
        import_complaints: lines that `scout:import-all` wrote to stderr, while it ended with 0.
        client_complaints: lines that the database's client wrote to stderr, while it ended with 0.
        in_parallel: whether a large script is loaded over several connections, because nobody reports the time.
        migrates: whether the start runs the migrations, under the version of the backup: then it changes nothing.
        prestart: what the start ran before the application.
        stream: where a fault gets at the script while it runs.
    """

    stack: Stack
    script: Script
    storage: CheckedStorage
    limits: Limits
    files: StorageRestore | None = None
    import_complaints: tuple[str, ...] = ()
    client_complaints: tuple[str, ...] = ()
    in_parallel: bool = False
    migrates: bool = False
    prestart: Prestart | None = None
    stream: ScriptStream = field(default_factory=ScriptStream)


def stop(work: Restoration, note: Note) -> None:
    """Step 2: stop the application, and see that nobody is connected any more."""
    apiary, mysql = work.stack.apiary, work.stack.mysql
    apiary.lifecycle.stop()
    with mysql.session() as session:
        others = connected(session, mysql.app.user)
    if others or apiary.lifecycle.running():
        raise ProcedureFailed(f"the application is stopped, but {others} connections to the database remain open")
    note.detail = "0 connections"


def restore_files(work: Restoration, note: Note) -> None:
    """Step 3: put the files in the place of those that are there."""
    _must_be_stopped(work)
    apiary, storage = work.stack.apiary, work.storage
    files = work.files = restore_storage(apiary.storage_host, apiary.storage_root, storage, progress=note.progress)
    note.detail = f"{files.totals.files:,} files, {size(files.totals.size_bytes)}"
    note.size_bytes = files.totals.size_bytes
    if files.inside:
        note.detail += (
            f", of {files.inside} in {storage.artifact.name}; {files.left:,} entries outside of it were skipped"
        )
    if files.unprivileged:
        note.detail += f"; the setuid or setgid bits of {files.unprivileged:,} were not restored"


def restore_database(work: Restoration, note: Note) -> None:
    """Step 4: run the script."""
    _must_be_stopped(work)
    script_bytes = work.script.info.size_bytes
    in_parallel = work.in_parallel and script_bytes >= WORTHWHILE_BYTES
    sent_bytes, how = _load_in_parallel(work, note) if in_parallel else (0, "")
    if not sent_bytes:
        chunks = chain([drop_objects(work.script.database)] if how else [], work.script.chunks())
        pace = Pace(script_bytes)
        sent = pace.through(work.stream.through(chunks), note.progress)
        work.client_complaints = run_script(work.stack.mysql, sent, packets_fit=True, needed_bytes=TWICE * script_bytes)
        sent_bytes = pace.done_bytes
    note.detail = f"{work.script.rows:,} rows, {size(sent_bytes)} of script{how}"
    note.size_bytes = sent_bytes


def _load_in_parallel(work: Restoration, note: Note) -> tuple[int, str]:
    """Bytes that were loaded, and how; no bytes, and why, where the script has to be loaded as it stands."""
    pace = Pace(work.script.info.size_bytes)
    try:
        sent = pace.through(work.script.chunks(), note.progress)
        loaded = run_in_parallel(work.stack.mysql, sent, work.script.database)
    except NotInParallel as error:
        work.script = replace(work.script, report=RewriteReport())  # it is read once more
        return 0, f", as it stands (in parallel: {error.fact})"
    return pace.done_bytes, f", {loaded}"


def start(work: Restoration, note: Note) -> None:
    """Step 5: start the application, as production's job does."""
    apiary = work.stack.apiary

    def prepare() -> None:
        work.prestart = prestart(apiary, migrate=work.migrates)
        note.detail = "after " + ", ".join(work.prestart.ran)

    apiary.lifecycle.start(prepare=prepare)


def rebuild_index(work: Restoration, note: Note) -> None:
    """Step 6: rebuild the search index."""

    def progress(text: str) -> None:
        note.progress(text)
        work.stream.reached(text)

    work.import_complaints = reindex(work.stack, drained_s=work.limits.search_drained_s, progress=progress)


STEPS: dict[InjectionPoint, tuple[str, str, Callable[[Restoration, Note], None]]] = {
    InjectionPoint.STOP: ("stop", "Stop the application", stop),
    InjectionPoint.FILES: ("restore-files", "Restore the files", restore_files),
    InjectionPoint.DATABASE: ("restore-database", "Load the dump", restore_database),
    InjectionPoint.START: ("start", "Start the application", start),
    InjectionPoint.REINDEX: ("reindex", "Rebuild the search index", rebuild_index),
}
"""Name, title and what is done, for each step of the documented procedure."""


def restore(
    work: Restoration,
    clock: Clock,
    steps: Sequence[str],
    faults: Injector,
    before_start: Callable[[], None] = lambda: None,
) -> StepFailed | None:
    """Take these steps in this order.

    Args:
        before_start: what is done between the script and the start of the application.

    Returns:
        What kept the index from being rebuilt, if that is the procedure's failure: rows and files are back all the
        same, and what is missing among them may be why (the real application's import stops at a row whose user is
        gone). Every other failure is raised.
    """
    for point in map(InjectionPoint, steps):
        if point is InjectionPoint.START:
            before_start()
        name, title, do = STEPS[point]
        try:
            with clock.step(name, title) as note, faults.around(point, stack=work.stack, script=work.stream):
                do(work, note)
        except StepFailed as failed:
            if point is not InjectionPoint.REINDEX or failed.exit_code != EXIT_NOT_AS_EXPECTED:
                raise
            return failed
    return None


def _must_be_stopped(work: Restoration) -> None:
    if work.stack.apiary.lifecycle.running():
        raise ProcedureFailed(
            "the application is running", "Stop it first and keep it stopped: what it writes would mix with the backup."
        )

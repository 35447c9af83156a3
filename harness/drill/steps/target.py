"""The target: step 1 of the documented procedure, a running, empty instance that is proven to work."""

from __future__ import annotations

from dataclasses import dataclass

from harness.base.clock import Clock
from harness.base.errors import ProcedureFailed, UsageError
from harness.base.model import DatabaseState, SearchState
from harness.base.settings import Limits
from harness.procedure.restore.reindex import reindex
from harness.procedure.snapshot import read_database
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name
from harness.runtime.services.stack import Stack

MUST_BE_EMPTY = ("attendance", "events", "teams", "users")
"""Tables that no migration fills: rows in them say that the target is somebody's instance."""


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

    Where the data directory was prepared with the migrations, that they ran is read from the database and asked of the
    application all the same.

    Raises:
        UsageError: the target is not the harness's own.
        StepFailed: it does not work, or is not empty.
    """
    if not stack.owned:
        raise UsageError(
            "the target was not started by this drill", "A restore only goes into a target that this drill started."
        )
    with clock.step("target", "Start an empty target and test it", decides=False) as note:
        note.progress("migrations")
        stack.migrate()
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
        prepared = " when the data directory was prepared" if stack.migrated else ""
        note.detail = f"{len(database.tables)} tables, migrated{prepared}, and empty"
        return FreshTarget(database, stack.meilisearch.state(), ran, recorded)


def _must_be_empty(database: DatabaseState) -> None:
    filled = {table.name: table.rows for table in database.tables if table.name in MUST_BE_EMPTY and table.rows}
    if filled:
        contents = ", ".join(f"{name} has {rows} rows" for name, rows in filled.items())
        raise ProcedureFailed(
            f"the target is not empty: {contents}", "Restore into a fresh instance, never into one in use."
        )


def _must_write(stack: Stack) -> None:
    """Write and remove a file in the storage directory as the app's user does."""
    probe = f"{stack.apiary.storage_root}/.drill-write-probe"
    for argv in (["touch", probe], ["rm", probe]):
        completed = run(stack.apiary.storage_host, argv, user=stack.apiary.user, timeout_s=60)
        if completed.exit_status != 0:
            raise ProcedureFailed(
                "the application's account cannot write to its storage directory: uploads would fail",
                details=completed.stderr,
            )

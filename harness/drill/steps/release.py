"""Before a release: the backup of the running version under a newer application, and what its migrations do to it.

The documented restore goes into a migrated instance. Of a newer version that would hold tables and columns which its
migrations are yet to make: they would fail on them. So the target is first brought to the version of the backup,
by running only the migrations that the backup names; then come the script, the comparison, and the rest of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from harness.base.clock import Clock
from harness.base.errors import ProcedureFailed
from harness.base.expressions import migration_files_expression
from harness.base.model import DatabaseState, TableState
from harness.checks.evidence import MigratedTable, MigrationEvidence, RowDifference, ScriptContent
from harness.checks.rowdiff import differing_rows
from harness.drill.run import Run
from harness.drill.steps.restore import Restoration
from harness.drill.steps.target import FreshTarget
from harness.inputs.backup import BackupUnderTest
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.redump import redump
from harness.procedure.restore.script import Script
from harness.procedure.snapshot import read_database, read_kept_row_digests
from harness.runtime.services.mysql import Session, create_like, quote_name
from harness.runtime.services.mysql_content import TableShape, read_column_digests, read_row_digests, read_shapes
from harness.runtime.services.stack import Stack

ROWS_BEFORE = "rows-before-migrating.tsv.zst"

_ERROR = re.compile(r"SQLSTATE\[\w+\][^\n]*?\b(\d{4})\b")
"""How Laravel reports the server's error; only the number, because the rest quotes values."""

Columns = dict[str, tuple[str, int]]
"""Digest of each column's values, and how many of them are not NULL."""


@dataclass(frozen=True, slots=True)
class BeforeMigrating:
    """The restored database before the newer application's migrations ran.

    Args:
        database: all of it.
        script, again: what the script holds, and what it holds when it is dumped again.
        shapes: its tables.
        columns: of each table.
    """

    database: DatabaseState
    script: ScriptContent
    again: ScriptContent
    shapes: tuple[TableShape, ...]
    columns: dict[str, Columns]


class Release:
    """The way from the version of the backup to that of the application, where there is one to go.

    Attributes:
        before: the restored database before the migrations; None where none had to run.
    """

    def __init__(self, run: Run, backup: BackupUnderTest, work: Restoration) -> None:
        self.before: BeforeMigrating | None = None
        self._run = run
        self._work = work
        self._plan = backup.plan
        self._wanted = backup.migrate or run.plan.choices.release is not None

    def bring_to_version(self, fresh: FreshTarget) -> FreshTarget:
        """What the version of the backup expects of the empty target, which becomes one of that version."""
        migrations = self._work.script.migrations
        wanted = self._wanted and bool(migrations)
        self._wanted = wanted and not set(fresh.migrations).issubset(migrations)
        self._work.migrates = wanted and not self._wanted
        return bring_to_version(self._work.stack, migrations, fresh, self._run.clock) if self._wanted else fresh

    def migrate(self) -> None:
        """Look at what came back, and run the migrations that the backup lacks."""
        if self._wanted:
            stack, clock, directory = self._work.stack, self._run.clock, self._run.plan.store.directory
            self.before = observe_before_migrating(stack, self._work.script, self._plan, directory, clock)
            migrate(stack, clock)


def bring_to_version(stack: Stack, migrations: Collection[str], fresh: FreshTarget, clock: Clock) -> FreshTarget:
    """Make the empty target one of the version that the backup is of.

    Args:
        migrations: names of those that had run when the backup was made.

    Returns:
        What this version expects of a database.
    """
    with clock.step("version", "Bring the empty target to the version of the backup", decides=False) as note:
        stack.apiary.lifecycle.stop()
        with stack.mysql.session() as session:
            _empty(session, stack.mysql.database)
        known = [name for name in fresh.migrations if name in migrations]
        files = json.loads(stack.apiary.must_artisan("tinker", f"--execute={migration_files_expression()}").stdout)
        # On an empty database Laravel loads the stored schema first, then only what the paths name.
        stack.apiary.must_artisan("migrate", "--force", "--realpath", *(f"--path={files[name]}" for name in known))
        with stack.mysql.session() as session:
            database = read_database(session, stack.mysql.database)
        stack.apiary.lifecycle.start()
        note.detail = f"{len(known)} of {len(fresh.migrations)} migrations"
    return replace(fresh, database=database)


def _empty(session: Session, database: str) -> None:
    """Drop everything in a database that the drill made, and keep its name, character set and accounts."""
    create = create_like(session, database, database)
    session.execute(f"DROP DATABASE {quote_name(database)}")
    session.execute(create)


def observe_before_migrating(
    stack: Stack, script: Script, plan: BackupPlan, directory: Path, clock: Clock
) -> BeforeMigrating:
    """Everything that came back, before the migrations change it."""
    with clock.step("observe-restored", "Collect evidence before the migrations", decides=False) as note:
        database = stack.mysql.database
        with stack.mysql.session() as session:
            state = read_database(session, database, row_digests=directory / ROWS_BEFORE)
            shapes = read_shapes(session, database)
            columns = {shape.name: read_column_digests(session, database, shape) for shape in shapes}
        note.detail = f"{sum(table.rows for table in state.tables):,} rows"
    with clock.step("redump", "Dump the restored database again and compare it with the original dump") as note:
        expected, again = redump(stack.mysql, script, plan)
        note.detail = f"{sum(table.rows for table in again.tables):,} rows, compared as {again.compared_as}"
    return BeforeMigrating(state, expected, again, shapes, columns)


def migrate(stack: Stack, clock: Clock) -> None:
    """Run what the application has and the backup has not. Raises StepFailed: a migration failed; names it."""
    with clock.step("migrate", "Run the migrations of the newer application") as note:
        _, pending = stack.apiary.migrations()
        try:
            stack.apiary.must_artisan("migrate", "--force")
        except ProcedureFailed as error:
            _, left = stack.apiary.migrations()
            failed = left[0] if left else "unknown"
            number = _ERROR.search(error.details)
            raise ProcedureFailed(
                f"a migration failed on the data of this backup: {failed}"
                + (f", with error {number.group(1)}" if number else ""),
                "Fix it before the release: in production it would have failed and left the database partly migrated.",
                details=error.details,
            ) from error
        note.detail = f"{len(pending)} migrations"


def observe_after_migrating(
    stack: Stack, before: BeforeMigrating, ran: Collection[str], accepted: Collection[str], directory: Path
) -> MigrationEvidence:
    """What the migrations did to the restored database."""
    database = stack.mysql.database
    with stack.mysql.session() as session:
        state = read_database(session, database)
        shapes = {shape.name: shape for shape in read_shapes(session, database)}
        changed = []
        for shape in before.shapes:
            if shape.name in shapes:
                after = read_column_digests(session, database, shapes[shape.name])
                lost = _lost(session, database, shape, shapes[shape.name], before, after, directory)
                changed.append(_compared(shape, before.columns[shape.name], shapes[shape.name], after, lost))
    known = set(before.columns)
    return MigrationEvidence(
        ran=tuple(ran),
        after=state,
        tables=tuple(changed),
        added=tuple(_named(state, shapes.keys() - known)),
        dropped=tuple(_named(before.database, known - shapes.keys())),
        accepted=tuple(accepted),
    )


def _named(state: DatabaseState, names: Collection[str]) -> list[TableState]:
    return [table for table in state.tables if table.name in names]


def _lost(
    session: Session,
    database: str,
    before: TableShape,
    after: TableShape,
    held: BeforeMigrating,
    columns: Columns,
    directory: Path,
) -> RowDifference | None:
    """Keys that are gone; None where the digests of the key's own columns say that they are all there."""
    key = before.primary_key
    if not key or after.primary_key != key:
        return None
    if all(columns[name] == held.columns[before.name][name] for name in key):
        return None
    return differing_rows(
        read_kept_row_digests(directory / ROWS_BEFORE, before.name),
        read_row_digests(session, database, after),
        directory,
    )


def _compared(
    before: TableShape, then: Columns, after: TableShape, now: Columns, lost: RowDifference | None
) -> MigratedTable:
    gone, come = [name for name in then if name not in now], [name for name in now if name not in then]
    renamed = []
    for name in list(gone):
        same = next((other for other in come if now[other] == then[name] and then[name][1]), None)
        if same is not None:
            renamed.append((name, same))
            gone.remove(name)
            come.remove(same)
    return MigratedTable(
        name=before.name,
        key_changed=before.primary_key != after.primary_key,
        lost=lost.missing if lost else (),
        columns_added=tuple(come),
        columns_dropped=tuple((name, then[name][1]) for name in gone),
        columns_renamed=tuple(renamed),
        # Rows that came or went change every digest: then a column's own tells nothing.
        columns_rewritten=tuple(name for name in then if name in now and now[name] != then[name])
        if lost is None
        else (),
    )

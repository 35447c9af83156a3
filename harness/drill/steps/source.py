"""The source: an instance with generated data, and what it looks like before the backup."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.artifacts.storage.inventory import read_inventory, write_inventory
from harness.artifacts.storage.names import order_key
from harness.artifacts.storage.order import sorted_entries
from harness.base.clock import Clock
from harness.base.errors import ServerFailed, UsageError
from harness.base.model import FileState
from harness.base.settings import Limits
from harness.drill.steps.collect_app import observe_app
from harness.inputs.backup import SourceView
from harness.procedure.backup.scan import listing, scan
from harness.procedure.restore.reindex import reindex
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name
from harness.runtime.services.stack import Stack
from harness.scenario.definition import Scenario


def no_generator() -> UsageError:
    """What is reported of a drill that would need data which only the stand-in can make."""
    return UsageError(
        "the real Apiary has no generated data",
        "Use `apiary-drill verify` to restore an existing backup into it; scenarios need the stand-in.",
    )


def prepare_source(
    stack: Stack, scenario: Scenario, nonce: str, limits: Limits, clock: Clock, *, indexed: bool = True
) -> None:
    """Migrate, fill and index a source, and start its application.

    Args:
        indexed: False where nobody looks at its search, which takes most of the time.

    Raises:
        UsageError: this Apiary has no generator of data.
        StepFailed: a step of it failed.
    """
    if not stack.apiary.generator:
        raise no_generator()
    with clock.step("source", "Set up a source with generated data", decides=False) as note:
        note.progress("migrations")
        stack.migrate()
        for database in scenario.backup.further_databases:
            _make_other_database(stack, database)
        note.progress(f"data ({scenario.data.scale})")
        generated = run(
            stack.apiary.host,
            [
                *stack.apiary.generator,
                f"--scale={scenario.data.scale}",
                f"--rng-seed={scenario.data.rng_seed}",
                f"--nonce={nonce}",
                *(f"--extra={extra}" for extra in scenario.data.extras),
            ],
            user=stack.apiary.user,
            timeout_s=limits.command_s,
        )
        if generated.exit_status != 0:
            raise ServerFailed(
                f"the data generator failed with exit status {generated.exit_status}", details=generated.stderr
            )
        _hand_over(stack)
        note.progress("application")
        stack.apiary.lifecycle.start()
        if indexed:
            reindex(stack, drained_s=limits.search_drained_s, progress=note.progress)


def observe_source(stack: Stack, directory: Path, clock: Clock) -> SourceView:
    """Look at files, search and application through their own clients, before the backup."""
    with clock.step("observe-source", "Collect evidence from the source", decides=False) as note:
        note.progress("files")
        files = directory / "source-files.jsonl"
        entries = scan(stack.apiary.storage_host, stack.apiary.storage_root)
        totals = write_inventory(sorted_entries(entries, directory), files).totals
        note.progress("search")
        search = stack.meilisearch.state()
        note.progress("application")
        app = observe_app(stack)
        note.detail = f"{totals.files:,} files, {sum(len(index.ids) for index in search.indexes):,} documents"
        return SourceView(files, totals, search, app)


def settle_files(stack: Stack, view: SourceView, backed_up: Path, directory: Path) -> SourceView:
    """The files that have to come back, now that the backup is made: the application may have gone on meanwhile.

    What did not change has to be as it was seen before the backup. For what came, went or changed since, either
    moment is right, so there the backup's own list says which one it caught.

    Args:
        backed_up: inventory of the backup.
    """
    now = sorted_entries(listing(stack.apiary.storage_host, stack.apiary.storage_root), directory)
    streams = (_numbered(0, read_inventory(view.files)), _numbered(1, now), _numbered(2, read_inventory(backed_up)))

    def settled() -> Iterator[FileState]:
        merged = heapq.merge(*streams, key=lambda item: (order_key(item[1].path), item[0]))
        for _, same in itertools.groupby(merged, key=lambda item: item[1].path):
            found = dict(same)
            before, after, copied = found.get(0), found.get(1), found.get(2)
            if before is not None and (not before.path or _unchanged(before, after)):
                yield before
            elif copied is not None and (before is not None or after is not None):
                yield copied

    path = directory / "expected-files.jsonl"
    return replace(view, files=path, totals=write_inventory(settled(), path).totals)


def _numbered(number: int, entries: Iterator[FileState]) -> Iterator[tuple[int, FileState]]:
    return ((number, entry) for entry in entries)


def _unchanged(before: FileState, after: FileState | None) -> bool:
    """Whether a listing shows the same entry; it knows neither digests nor which name of a file is the link."""
    if after is None:
        return False
    if before.kind != "file" or after.kind != "file":
        return before.kind == after.kind or {before.kind, after.kind} == {"file", "hardlink"}
    return (before.size_bytes, before.mtime_s) == (after.size_bytes, after.mtime_s)


def _make_other_database(stack: Stack, database: str) -> None:
    """Another application's database on the same server, as a host of several has it."""
    name = quote_name(database)
    with stack.mysql.session() as session:
        session.execute(f"CREATE DATABASE {name}")
        session.execute(f"CREATE TABLE {name}.users (id INT PRIMARY KEY, note VARCHAR(100))")
        session.execute(f"INSERT INTO {name}.users VALUES (1, 'of another application; with ; and `users`')")


def _hand_over(stack: Stack) -> None:
    """Give the files to the app's user, as they are in production; only root can, anybody else owns them already."""
    owner = str(stack.apiary.storage_uid)
    if run(stack.apiary.storage_host, ["id", "-u"]).stdout.strip() == b"0":
        run(stack.apiary.storage_host, ["chown", "-hR", f"{owner}:{owner}", stack.apiary.storage_root])

"""Faults of the drill itself: nothing to look at, nobody who looks, servers that go away, and clocks that lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.base import guide
from harness.base.errors import HarnessError
from harness.checks import CHECKS
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.procedure.backup.manifest import write_manifest
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name

FAULTS = FaultFamily("harness")

_KEPT = ("migrations",)
"""What an instance that was only ever set up has."""


def _known(name: str) -> str:
    if name not in {check.name for check in CHECKS}:
        raise ValueError(f"there is no such check: known are {', '.join(check.name for check in CHECKS)}")
    return name


class CheckOptions(FaultOptions):
    """`checks`: names of those that do not run; none named means all."""

    checks: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], Field(strict=False)] = ()


class ServerOptions(FaultOptions):
    """`server`: which one goes away."""

    server: Literal["mysql", "meilisearch"] = "mysql"


class JumpOptions(FaultOptions):
    """`hours`: how far the clock was ahead while the backup was made."""

    hours: Annotated[int, Field(gt=0)] = 48


@FAULTS.fault("no-data", "The source is empty.", InjectionPoint.SOURCE)
def empty_source(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    mysql, apiary = context.stack.mysql, context.stack.apiary
    with context.session() as session:
        session.execute("SET foreign_key_checks = 0")
        tables = sorted(
            str(name)
            for (name,) in session.rows(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
                (mysql.database,),
            )
        )
        for name in tables:
            if name not in _KEPT:
                session.execute(f"DELETE FROM {quote_name(name)}")
    context.changed("table", mysql.database, f"{len(tables) - len(_KEPT)} tables emptied")
    emptied = run(apiary.storage_host, ["find", apiary.storage_root, "-mindepth", "1", "-delete"])
    if emptied.exit_status != 0:
        raise HarnessError("the storage directory could not be emptied", details=emptied.stderr)
    context.changed("directory", "storage/app", "emptied")
    client = context.stack.meilisearch.client()
    for model in guide.IMPORTED_MODELS:
        if model.from_database:
            client.index(context.index_uid(model.table)).delete_all_documents()
    context.settle_search()
    context.changed("index", "all", "emptied, but for what comes from the application's own data file")


@FAULTS.fault("no-checks", "Checks do not run.", InjectionPoint.JUDGING)
def drop_checks(context: FaultContext, rng: Random, options: CheckOptions) -> None:
    for name in options.checks or tuple(context.checks):
        if name not in context.checks:
            raise HarnessError(f"there is no check {name}")
        context.checks.remove(name)
        context.changed("check", name, "does not run")


@FAULTS.fault("server-dies-while-collecting", "A server goes away while evidence is collected.", InjectionPoint.COLLECT)
def server_dies(context: FaultContext, rng: Random, options: ServerOptions) -> None:
    context.stack.server_controls[options.server].kill()
    context.changed("process", options.server, "killed before evidence was collected from the restored instance")


@FAULTS.fault("step-hangs", "A server hangs, and the current step with it.", InjectionPoint.DATABASE)
def server_hangs(context: FaultContext, rng: Random, options: ServerOptions) -> Iterator[None]:
    """Let a server stand still for as long as the step lasts: only the step's limit ends it."""
    control = context.stack.server_controls[options.server]
    control.pause()
    context.changed("process", options.server, "hangs, with its connections open")
    try:
        yield
    finally:
        control.resume()


@FAULTS.fault(
    "engine-vanishes",
    "The Docker engine goes away during the drill.",
    InjectionPoint.FILES,
    InjectionPoint.DATABASE,
    InjectionPoint.COLLECT,
    runtime="docker",
)
def engine_vanishes(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    """Let the drill's own connections to the Docker engine find nobody for as long as the step lasts.

    The engine itself goes on: other drills are on it.
    """
    # Whoever only reads a scenario does not wait for the Docker SDK.
    from harness.runtime.docker.dial import cut_off
    from harness.runtime.docker.host import ContainerHost

    host = context.stack.apiary.storage_host
    if not isinstance(host, ContainerHost):
        raise HarnessError("local processes need no Docker engine", "Run it with --runtime docker.")
    with cut_off(host.client):
        context.changed("engine", "docker", f"stops responding to this drill, from {context.at} on")
        yield


@FAULTS.fault("clock-jumps", "The clock was ahead while the backup was made.", InjectionPoint.ARTIFACT)
def clock_jumps(context: FaultContext, rng: Random, options: JumpOptions) -> None:
    ahead, manifest = timedelta(hours=options.hours), context.backup.manifest
    moved = replace(manifest, started_at=manifest.started_at + ahead, created_at=manifest.created_at + ahead)
    write_manifest(moved, context.directory)
    context.changed("manifest", "manifest.json", f"its times are {options.hours} hours later")

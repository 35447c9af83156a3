"""Faults of the drill itself: nothing to look at, nobody who looks, servers that go away, and clocks that lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.base import guide
from harness.base.errors import HarnessError
from harness.checks import CHECKS
from harness.faults.fault import Fault, Options, table
from harness.faults.scene import Scene
from harness.faults.stages import Stage
from harness.procedure.backup.manifest import write_manifest
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name

_KEPT = ("migrations",)
"""What an instance that was only ever set up has."""


def _known(name: str) -> str:
    if name not in {check.name for check in CHECKS}:
        raise ValueError(f"there is no such check: known are {', '.join(check.name for check in CHECKS)}")
    return name


class CheckOptions(Options):
    """`checks`: names of those that do not run; none named means all."""

    checks: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], Field(strict=False)] = ()


class ServerOptions(Options):
    """`server`: which one goes away."""

    server: Literal["mysql", "meilisearch"] = "mysql"


class JumpOptions(Options):
    """`hours`: how far the clock was ahead while the backup was made."""

    hours: Annotated[int, Field(gt=0)] = 48


@contextmanager
def empty_source(scene: Scene, rng: Random, options: Options) -> Iterator[None]:
    """Empty the source before anybody looks at it: rows, files and documents."""
    mysql, apiary = scene.stack.mysql, scene.stack.apiary
    with mysql.session(database=mysql.database) as session:
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
    scene.changed("table", mysql.database, f"{len(tables) - len(_KEPT)} tables emptied")
    emptied = run(apiary.storage_host, ["find", apiary.storage_root, "-mindepth", "1", "-delete"])
    if emptied.exit_status != 0:
        raise HarnessError("the storage directory could not be emptied", details=emptied.stderr)
    scene.changed("directory", "storage/app", "emptied")
    client = scene.stack.meilisearch.client()
    for model in guide.IMPORTED_MODELS:
        if model.from_database:
            client.index(f"{apiary.search_prefix}{model.table}").delete_all_documents()
    scene.settle_search()
    scene.changed("index", "all", "emptied, but for what comes from the application's own data file")
    yield


@contextmanager
def drop_checks(scene: Scene, rng: Random, options: CheckOptions) -> Iterator[None]:
    """Take checks out of those that are going to run."""
    for name in options.checks or tuple(scene.checks):
        if name not in scene.checks:
            raise HarnessError(f"there is no check {name}")
        scene.checks.remove(name)
        scene.changed("check", name, "does not run")
    yield


@contextmanager
def server_dies(scene: Scene, rng: Random, options: ServerOptions) -> Iterator[None]:
    """Kill a server of the restored instance before it is looked at."""
    scene.stack.controls[options.server].kill()
    scene.changed("process", options.server, "killed before the restored instance was looked at")
    yield


@contextmanager
def server_hangs(scene: Scene, rng: Random, options: ServerOptions) -> Iterator[None]:
    """Let a server stand still for as long as the stage lasts: only the stage's limit ends it."""
    control = scene.stack.controls[options.server]
    control.pause()
    scene.changed("process", options.server, "stands still, with its connections open")
    try:
        yield
    finally:
        control.resume()


@contextmanager
def engine_vanishes(scene: Scene, rng: Random, options: Options) -> Iterator[None]:
    """Let the drill's own connections to the Docker engine find nobody for as long as the stage lasts.

    The engine itself goes on: other drills are on it.
    """
    # Whoever only reads a scenario does not wait for the Docker SDK.
    from harness.runtime.docker.dial import cut_off
    from harness.runtime.docker.host import ContainerHost

    host = scene.stack.apiary.storage_host
    if not isinstance(host, ContainerHost):
        raise HarnessError("local processes need no Docker engine", "Run it with --runtime docker.")
    with cut_off(host.client):
        scene.changed("engine", "docker", f"answers this drill no more, from the stage {scene.stage} on")
        yield


@contextmanager
def clock_jumps(scene: Scene, rng: Random, options: JumpOptions) -> Iterator[None]:
    """Let the backup say that it was made by a clock that is ahead of this one."""
    ahead, manifest = timedelta(hours=options.hours), scene.backup.manifest
    moved = replace(manifest, started_at=manifest.started_at + ahead, created_at=manifest.created_at + ahead)
    write_manifest(moved, scene.directory)
    scene.changed("manifest", "manifest.json", f"its times are {options.hours} hours later")
    yield


FAULTS: dict[str, Fault] = table(
    Fault("no-data", "itself", (Stage.SOURCE,), "The source holds nothing.", empty_source),
    Fault("no-checks", "itself", (Stage.JUDGING,), "Checks do not run.", drop_checks, CheckOptions),
    Fault("server-dies-while-looking", "itself", (Stage.LOOKING,),
          "A server goes away while the restored instance is looked at.", server_dies, ServerOptions),
    Fault("stage-hangs", "itself", (Stage.DATABASE,), "A server stands still, and with it the stage.", server_hangs,
          ServerOptions),
    Fault("engine-vanishes", "itself", (Stage.FILES, Stage.DATABASE, Stage.LOOKING),
          "The Docker engine goes away in the middle of the drill.", engine_vanishes, runtime="docker"),
    Fault("clock-jumps", "itself", (Stage.ARTIFACT,), "The clock was ahead while the backup was made.", clock_jumps,
          JumpOptions),
)  # fmt: skip

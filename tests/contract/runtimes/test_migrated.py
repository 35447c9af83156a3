"""A stack can begin with the application's schema, from a data directory that was prepared once, on either runtime."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import docker
import pytest

from harness.base.errors import ProcedureFailed
from harness.base.settings import Settings
from harness.runtime.process.programs import mysql_programs
from harness.runtime.services.stack import Stack
from tests.contract.runtimes.stacks import a_spec, runtime

pytestmark = pytest.mark.xdist_group("docker")

RELEASE = "-- migration: 2027_02_01_000000_make_prepared\ncreate table `prepared` (`id` int primary key);\n"
LATER = RELEASE + "-- migration: 2027_02_02_000000_change_prepared\nalter table `prepared` add `more` int;\n"
FAILING = RELEASE + "-- migration: 2027_02_03_000000_fail\nalter table `nowhere` add `more` int;\n"


@contextmanager
def started(
    kind: str, settings: Settings, request: pytest.FixtureRequest, logs: Path, release: str
) -> Iterator[tuple[Stack, bool]]:
    """A stack that asks for the schema of a release, and whether the migrations ran for it; its accounts work."""
    spec = a_spec(logs / secrets.token_hex(4), durable=False, migrated=True, app_env={"STANDIN_RELEASE": release})
    with runtime(kind, settings, request, spec.drill_id) as made, made.stack(spec) as stack:
        for account in (spec.admin, spec.app):
            with stack.mysql.session(account, database=spec.database) as session:
                assert session.value("SELECT CURRENT_USER()") == f"{account.user}@%"
        yield stack, (spec.logs / "migrations").is_dir()


def columns(stack: Stack) -> list[str]:
    with stack.mysql.session() as session:
        return [
            str(name)
            for (name,) in session.rows(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'apiary' AND table_name = 'prepared' ORDER BY ordinal_position"
            )
        ]


def test_processes_begin_with_it_and_damage_is_noticed(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """In a cache of its own: made by the first, changed by a migration, and given up where no server starts from it."""
    own = replace(settings, cache_dir=tmp_path / "cache", mysqld=str(mysql_programs(settings).server))
    release = tmp_path / "release.sql"
    release.write_text(RELEASE)
    start = partial(started, "process", own, request, tmp_path, str(release))
    with start() as (stack, anew):
        assert (stack.migrated, anew, columns(stack)) == (True, True, ["id"])
        stack.migrate()
        assert stack.apiary.migrations()[1] == ()
        with stack.mysql.session(stack.mysql.app, database="apiary") as session:
            session.execute("INSERT INTO prepared VALUES (7)")
    with start() as (stack, anew):
        assert (stack.migrated, anew, columns(stack)) == (True, False, ["id"])
        with stack.mysql.session() as session:
            assert session.value("SELECT COUNT(*) FROM apiary.prepared") == 0, "each server has a copy of its own"
    release.write_text(LATER)
    with start() as (stack, anew):
        assert (stack.migrated, anew, columns(stack)) == (True, True, ["id", "more"])
    entries = list((own.cache_dir / "templates").glob("*-migrated-*/data"))
    assert len(entries) == 2
    for entry in entries:  # as a failing disk does it: neither size nor time tell
        file, times = entry / "ibdata1", (entry / "ibdata1").stat()
        file.write_bytes(bytes(times.st_size))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with start() as (stack, anew):
        assert (stack.migrated, anew, columns(stack)) == (False, False, [])
        stack.migrate()
        assert columns(stack) == ["id", "more"]
    assert len(list((own.cache_dir / "templates").glob("*-migrated-*/data"))) == 1
    release.write_text(FAILING)
    with start() as (stack, _):
        assert (stack.migrated, columns(stack)) == (False, [])
        with pytest.raises(ProcedureFailed, match="`php artisan migrate --force` failed with exit status 1"):
            stack.migrate()


@pytest.mark.docker
def test_containers_begin_with_it(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The image is made once for each application and release, and by nobody who finds it there."""
    client: docker.DockerClient = request.getfixturevalue("engine")

    def prepared() -> set[str]:
        return {tag for image in client.images.list("apiary-drill/prepared") for tag in image.tags}

    with started("docker", settings, request, tmp_path, "next") as (stack, _):
        assert stack.migrated
        assert stack.apiary.migrations()[1] == ()
        with stack.mysql.session(stack.mysql.app, database="apiary") as session:
            session.execute("INSERT INTO teams (name) VALUES ('x')")
            archived = "SELECT COUNT(standin_archived_at) FROM notification_templates"
            assert session.value(archived) == 0
    before = prepared()
    with started("docker", settings, request, tmp_path, "next") as (stack, anew):
        assert (stack.migrated, anew) == (True, False)
        with stack.mysql.session() as session:
            assert session.value("SELECT COUNT(*) FROM apiary.teams") == 0, "each server has a volume of its own"
    assert prepared() == before

"""A stack can begin with the application's schema, from a data directory that was prepared once, on either runtime."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.base.errors import ProcedureFailed
from harness.base.settings import Settings
from harness.runtime.docker.mysql import prepared
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.ownership import workspace
from harness.runtime.process.programs import mysql_programs
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.stack import Stack
from tests.contract.runtimes.stacks import a_spec

pytestmark = pytest.mark.xdist_group("docker")

RELEASE = "-- migration: 2027_02_01_000000_make_prepared\ncreate table `prepared` (`id` int primary key);\n"
FAILING = RELEASE + "-- migration: 2027_02_03_000000_fail\nalter table `nowhere` add `more` int;\n"


@contextmanager
def started(settings: Settings, logs: Path, release: Path) -> Iterator[tuple[Stack, bool]]:
    """A stack that asks for the schema of a release, and whether the migrations ran for it; its accounts work."""
    spec = a_spec(logs / secrets.token_hex(4), durable=False, migrated=True, app_env={"STANDIN_RELEASE": str(release)})
    with (
        workspace(settings.state_dir, spec.drill_id) as directory,
        ProcessRuntime(settings, directory).stack(spec) as stack,
    ):
        for account in (spec.admin, spec.app):
            with stack.mysql.session(account, database=spec.database) as session:
                assert session.value("SELECT CURRENT_USER()") == f"{account.user}@%"
        yield stack, (spec.logs / "migrations").is_dir()


def tables(stack: Stack) -> list[str]:
    with stack.mysql.session() as session:
        named = (
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'apiary' AND table_name = 'prepared'"
        )
        return [str(name) for (name,) in session.rows(named)]


def test_processes_begin_with_it_and_what_is_wrong_with_it_is_noticed(settings: Settings, tmp_path: Path) -> None:
    """In a cache of its own: made by the first, not kept where migrations fail, given up where no server starts."""
    own = replace(settings, cache_dir=tmp_path / "cache", mysqld=str(mysql_programs(settings).server))
    shared, templates = settings.cache_dir / "templates", own.cache_dir / "templates"
    templates.mkdir(parents=True)
    for entry in shared.glob("mysql-*/data"):  # initialised directories are everybody's
        if "-migrated-" not in entry.parent.name:
            (templates / entry.parent.name).symlink_to(entry.parent)
    release = tmp_path / "release.sql"
    release.write_text(RELEASE)
    with started(own, tmp_path, release) as (stack, anew):
        assert (stack.migrated, anew, tables(stack)) == (False, False, []), "of use for the second who asks"
    with started(own, tmp_path, release) as (stack, anew):
        assert (stack.migrated, anew, tables(stack)) == (True, True, ["prepared"])
        stack.migrate()
        assert stack.apiary.migrations()[1] == ()
        with stack.mysql.session(stack.mysql.app, database="apiary") as session:
            session.execute("INSERT INTO prepared VALUES (7)")
    with started(own, tmp_path, release) as (stack, anew):
        assert (stack.migrated, anew, tables(stack)) == (True, False, ["prepared"])
        with stack.mysql.session() as session:
            assert session.value("SELECT COUNT(*) FROM apiary.prepared") == 0, "each server has a copy of its own"
    (entry,) = templates.glob("*-migrated-*/data")
    file, times = entry / "ibdata1", (entry / "ibdata1").stat()
    file.write_bytes(bytes(times.st_size))  # as a failing disk does it: neither size nor time tell
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with started(own, tmp_path, release) as (stack, _):
        assert (stack.migrated, tables(stack), entry.exists()) == (False, [], False)
    release.write_text(FAILING)
    runtime = ProcessRuntime(own, tmp_path)
    runtime._migrated(a_spec(tmp_path, app_env={"STANDIN_RELEASE": str(release)}), runtime._mysql["target"])
    with started(own, tmp_path, release) as (stack, anew):
        assert (stack.migrated, anew, tables(stack)) == (False, True, [])
        with pytest.raises(ProcedureFailed, match="`php artisan migrate --force` failed with exit status 1"):
            stack.migrate()
    assert list(templates.glob("*-migrated-*/data")) == []


@pytest.mark.docker
def test_its_image_is_made_once_for_each_release(
    settings: Settings, engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is used; another release asks for another one."""
    runtime, spec = DockerRuntime(settings, engine), a_spec(tmp_path, migrated=True)
    image = prepared(engine, settings, runtime._mysql["target"], spec.drill_id)
    runtime._migrated(spec, image)
    made = runtime._migrated(spec, image)
    assert made is not None
    assert made.id != image.id
    with runtime.stack(spec) as stack:
        assert stack.migrated
        assert stack.apiary.migrations()[1] == ()

    def anew(_: object) -> None:
        raise AssertionError("it is made")

    monkeypatch.setattr(runtime, "stack", anew)
    assert runtime._migrated(spec, image) == made
    other = replace(spec, app_env={"STANDIN_RELEASE": secrets.token_hex(4)})
    assert runtime._migrated(other, image) is None, "of use for the second who asks"
    with pytest.raises(AssertionError, match="it is made"):
        runtime._migrated(other, image)

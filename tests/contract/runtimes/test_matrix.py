"""What the values of a matrix mean on this machine and on the engine, and what is not available is reported at once."""

import os
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.base.errors import UsageError
from harness.base.settings import Settings, from_environment
from harness.inputs.matrix import combinations, parse_axes
from harness.runtime.docker.images import LOCAL_MARIADB, LOCAL_MEILISEARCH, LOCAL_MYSQL
from harness.runtime.process.programs import mysql_programs
from tests.commands import called
from tests.tables import over_table

pytestmark = pytest.mark.xdist_group("matrix")

PROCESS = from_environment(os.environ, runtime="process")
DOCKER = from_environment(os.environ, runtime="docker")


def resolved(settings: Settings, **axes: tuple[str, ...]) -> list[Settings]:
    return [each.settings for each in combinations(axes, settings, "test-matrix", lambda _line: None)]


def flavours(settings: Settings, *values: str) -> list[tuple[str, str]]:
    found = [mysql_programs(each) for each in resolved(settings, mysql=values)]
    return [(programs.flavour, programs.version.rpartition(".")[0]) for programs in found]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["redis=7"], "--matrix redis=7: unknown axis 'redis'"),
        (["mysql"], "--matrix mysql: a value is empty"),
        (["mysql="], "--matrix mysql=: a value is empty"),
        (["mysql=9.7,"], "--matrix mysql=9.7,: a value is empty"),
        (["mysql=9.7,8.4,9.7"], "--matrix mysql=9.7,8.4,9.7: 9.7 was given twice"),
        (["mysql=9.7", "mysql=8.4"], "--matrix mysql=8.4: the axis mysql was given twice"),
    ],
)
def test_what_is_no_axis_is_reported(options: list[str], message: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parse_axes(options)
    assert wrong.value.fact == message


def test_axes_are_multiplied() -> None:
    axes = parse_axes(["mysql=9.7, mariadb", "meilisearch=embedded"])
    assert axes == {"mysql": ("9.7", "mariadb"), "meilisearch": ("embedded",)}
    labels = [each.label for each in combinations(axes, PROCESS, "test-matrix", lambda _line: None)]
    assert labels == ["mysql 9.7, meilisearch embedded", "mysql mariadb, meilisearch embedded"]


def test_servers_of_this_machine_are_found_by_version_and_by_name() -> None:
    assert flavours(PROCESS, "9.7", "mysql", "mysql-9", "mariadb", "10.11", "mariadb:10", "mariadbd") == [
        *[("MySQL", "9.7")] * 3, *[("MariaDB", "10.11")] * 4,
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["9.70", "8.4", "mysql-10.11", "/nowhere/mysqld", "nonsense"])
def test_a_server_that_is_not_here_is_reported_with_those_that_are(value: str) -> None:
    with pytest.raises(UsageError) as wrong:
        resolved(PROCESS, mysql=(value,))
    assert wrong.value.fact.startswith(f"--matrix mysql={value} is not available: ")
    if not value.startswith("/"):
        assert "MySQL 9.7" in wrong.value.fact
        assert "MariaDB 10.11" in wrong.value.fact


def test_a_search_server_that_is_not_here_is_reported() -> None:
    with pytest.raises(UsageError) as wrong:
        resolved(PROCESS, meilisearch=("v1.48",))
    assert wrong.value.fact == "--matrix meilisearch=v1.48 is not available: no Meilisearch server at 'v1.48'"


@pytest.mark.docker
def test_images_are_found_by_version_and_by_reference(engine: docker.DockerClient) -> None:
    """A version that can't be pulled is found in the local image that has it."""
    found = resolved(DOCKER, mysql=("9.7", "mariadb:10.11", LOCAL_MYSQL), meilisearch=("embedded",))
    assert [(each.images.mysql, each.images.meilisearch) for each in found] == [
        (LOCAL_MYSQL, LOCAL_MEILISEARCH), (LOCAL_MARIADB, LOCAL_MEILISEARCH), (LOCAL_MYSQL, LOCAL_MEILISEARCH),
    ]  # fmt: skip
    assert {each.runtime for each in found} == {"docker"}


@pytest.mark.docker
@pytest.mark.parametrize("value", ["mysql=5.5.1", "meilisearch=v0.0.1"])
def test_an_image_that_can_not_be_had_is_reported(engine: docker.DockerClient, value: str) -> None:
    axis, _, version = value.partition("=")
    with pytest.raises(UsageError) as wrong:
        resolved(DOCKER, **{axis: (version,)})
    assert wrong.value.fact.startswith(f"--matrix {value} is not available: image ")
    assert "is not on the Docker engine and cannot be pulled" in wrong.value.fact


def test_automatic_is_processes_where_no_engine_answers(tmp_path: Path) -> None:
    nobody = replace(PROCESS.docker, host=f"unix://{tmp_path}/nobody.sock")
    messages: list[str] = []
    settings = replace(PROCESS, runtime="auto", docker=nobody)
    (found,) = combinations({"mysql": ("mariadb",)}, settings, "test-matrix", messages.append)
    assert (found.settings.runtime, messages) == ("process", ["runtime: local processes for all of the matrix"])
    with pytest.raises(
        UsageError, match=r"is not available: this machine has no such server.*; and in containers: no Docker engine"
    ):
        combinations({"mysql": ("8.4",)}, settings, "test-matrix", messages.append)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (a int);\n")
    (tmp_path / "app").mkdir()
    return tmp_path


@over_table(
    "arguments, message",
    [
        (["--matrix", "mysql=8.4"], "error: --matrix mysql=8.4 is not available: this machine has no such server"),
        (["--matrix", "x=1"], "error: --matrix x=1: unknown axis 'x'"),
        (["--matrix", "mysql=9.7", "--dump", "-"], "--matrix reads the dump several times"),
    ],
)
def test_the_command_tells_it_before_anything_starts(backup: Path, arguments: list[str], message: str) -> None:
    script = [] if "--dump" in arguments else ["--dump", str(backup / "a.sql")]
    process = called(
        "verify", "--runtime", "process", *script, "--storage", str(backup / "app"), *arguments,
        env={**os.environ, "APIARY_DRILL_STATE_DIR": str(backup / "state")},
    )  # fmt: skip
    assert process.returncode == 2, process.stderr
    assert message in process.stderr
    assert not (backup / "state" / "runs").exists()

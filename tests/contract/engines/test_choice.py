"""Which runtime and which images a drill takes, and that it says so in one line."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.base.errors import EXIT_INCONCLUSIVE
from harness.base.settings import DockerSettings, ImageSettings, Settings, from_environment
from harness.runtime.choice import choose_runtime
from harness.runtime.docker import client as docker_client
from harness.runtime.docker.client import EngineUnavailable
from harness.runtime.docker.images import LOCAL_MARIADB, LOCAL_MEILISEARCH, LOCAL_MYSQL
from harness.runtime.docker.labels import docker_leftovers
from tests.engines import AnotherEngine

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("other-engine")]


@pytest.fixture
def machine(tmp_path: Path) -> Settings:
    return replace(from_environment(os.environ), state_dir=tmp_path / "state")


def _choice(settings: Settings, directory: Path, dump: Path | None = None) -> tuple[str, list[str]]:
    messages: list[str] = []
    return choose_runtime(settings, directory, messages.append, dump=dump).name, messages


def test_no_engine(machine: Settings, tmp_path: Path) -> None:
    """`auto` takes processes and says why; `docker` ends with the same sentence."""
    host = f"unix://{tmp_path}/none.sock"
    settings = replace(machine, docker=DockerSettings(host=host))
    fact = f"no Docker engine answers at {host} (DOCKER_HOST): no such file or directory"
    assert _choice(settings, tmp_path) == ("process", [f"runtime: local processes, because {fact}"])
    with pytest.raises(EngineUnavailable) as caught:
        _choice(replace(settings, runtime="docker"), tmp_path)
    assert (caught.value.fact, caught.value.exit_code) == (fact, EXIT_INCONCLUSIVE)


def test_an_engine_that_hangs(machine: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that takes connections and never answers is given up in time, and reported as that."""
    monkeypatch.setattr(docker_client, "_FIRST_ANSWER_S", 1)
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        settings = replace(machine, docker=DockerSettings(host=f"unix://{path}"))
        fact = f"no Docker engine answers at unix://{path} (DOCKER_HOST): no answer within 1 s"
        assert _choice(settings, tmp_path) == ("process", [f"runtime: local processes, because {fact}"])
        with pytest.raises(EngineUnavailable) as caught:
            _choice(replace(settings, runtime="docker"), tmp_path)
        assert (caught.value.fact, caught.value.exit_code) == (fact, EXIT_INCONCLUSIVE)


def test_a_port_that_hangs(machine: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same over TCP, in the clear; with TLS already the handshake is given up."""
    monkeypatch.setattr(docker_client, "_FIRST_ANSWER_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        settings = replace(machine, docker=DockerSettings(host=host))
        fact = f"no Docker engine answers at {host} (DOCKER_HOST): no answer within 1 s"
        assert _choice(settings, tmp_path) == ("process", [f"runtime: local processes, because {fact}"])


def test_an_engine_without_images(machine: Settings, other_engine: AnotherEngine, tmp_path: Path) -> None:
    """Nothing is there and nothing can be pulled: processes, with the first image that is missing; nothing is left."""
    settings = replace(machine, docker=DockerSettings(host=other_engine.host), images=ImageSettings())
    client = other_engine.client()
    there = {tag for image in client.images.list() for tag in image.tags}
    name, messages = _choice(settings, tmp_path, _dump(tmp_path, "MariaDB", "10.6.22"))
    assert (name, messages[0]) == ("process", "pulling mariadb:10.6")
    assert len(messages) == 2
    assert messages[1].startswith(
        "runtime: local processes, because image mariadb:10.6 is not on the Docker engine and cannot be pulled: "
    )
    assert messages[1].endswith(f", and its replacement {LOCAL_MARIADB} is not on this engine")
    assert docker_leftovers(client, kept_too=True) == []
    assert {tag for image in client.images.list() for tag in image.tags} == there
    client.close()


def _dump(directory: Path, flavour: str, version: str) -> Path:
    """The beginning of a script, as the programs of either write it."""
    path = directory / f"{flavour}.sql"
    first = (
        f"-- MySQL dump 10.13  Distrib {version}, for Linux (x86_64)\n"
        if flavour == "MySQL"
        else f"-- MariaDB dump 10.19  Distrib {version}-MariaDB, for debian-linux-gnu (x86_64)\n"
    )
    server = version if flavour == "MySQL" else f"{version}-MariaDB-0+deb12u1"
    path.write_text(
        f"{first}--\n-- Host: localhost    Database: apiary\n"
        f"-- ------------------------------------------------------\n-- Server version\t{server}\n\nSELECT 1;\n"
    )
    return path


@pytest.mark.parametrize(
    ("flavour", "version", "default", "local"),
    [
        ("MySQL", "8.0.44", "mysql:8.0", LOCAL_MYSQL),
        ("MySQL", "9.7.4", "mysql:9.7", LOCAL_MYSQL),
        ("MariaDB", "10.11.14", "mariadb:10.11", LOCAL_MARIADB),
    ],
)
def test_the_image_follows_the_dump(
    flavour: str, version: str, default: str, local: str, machine: Settings, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """The series in its header is asked for first; the image built here is the next best, of the same flavour."""
    settings = replace(machine, runtime="docker", images=ImageSettings(meilisearch=LOCAL_MEILISEARCH))
    name, messages = _choice(settings, tmp_path, _dump(tmp_path, flavour, version))
    assert (name, messages[0], messages[-1]) == ("docker", f"pulling {default}", "runtime: Docker, as requested")
    assert messages[1].startswith(f"image {default} is not on the Docker engine and cannot be pulled: ")
    assert messages[1].endswith(f"; using {local} instead")


def test_a_named_image_goes_before_the_dump_s_own(
    machine: Settings, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """An operator may want to know whether the next version takes the backup."""
    images = ImageSettings(mysql=LOCAL_MYSQL, meilisearch=LOCAL_MEILISEARCH)
    name, messages = _choice(replace(machine, images=images), tmp_path, _dump(tmp_path, "MariaDB", "10.11.14"))
    assert (name, messages) == ("docker", ["runtime: Docker, because an image was given"])

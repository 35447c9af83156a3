"""Images from a registry: by tag and by digest, with the Docker client's credentials, and what can go wrong."""

import contextlib
import io
import os
import re
import socket
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import docker.errors
import pytest

from harness.base.errors import EXIT_INCONCLUSIVE, UsageError
from harness.base.settings import Settings, from_environment
from harness.runtime.docker import images as docker_images
from harness.runtime.docker.client import connect
from harness.runtime.docker.images import LOCAL_MEILISEARCH, LOCAL_STANDIN, ImageUnavailable, choose
from harness.runtime.docker.pull import pull
from tests.commands import called
from tests.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("registry")]


@pytest.fixture
def machine(tmp_path: Path) -> Settings:
    """The machine's settings, with a configuration of the Docker client that is empty."""
    config_dir = tmp_path / "docker-config"
    config_dir.mkdir()
    (config_dir / "config.json").write_text("{}")
    settings = from_environment(os.environ)
    return replace(settings, docker=replace(settings.docker, config_dir=config_dir))


@pytest.fixture
def dial(machine: Settings) -> Iterator[Callable[[], docker.DockerClient]]:
    """Connects as the configuration says at that moment; closes after the test."""
    clients = []

    def connected() -> docker.DockerClient:
        clients.append(connect(machine.docker))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


@dataclass(frozen=True)
class Pushed:
    """An image in a registry, which the engine has under another name.

    Args:
        local: its name on the engine.
        reference: in the registry, by tag.
        digest: the registry's.
    """

    registry: Registry
    local: str
    reference: str
    digest: str


@pytest.fixture(scope="session")
def pushed(registry: Registry, engine: docker.DockerClient) -> Iterator[Pushed]:
    """The stand-in in the open registry; in the private one, where access is what matters, an image of one file."""
    local = LOCAL_STANDIN if not registry.password else f"apiary-drill-test/one-file:{os.getpid()}"
    if registry.password:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("one-file"))
        name, _, tag = local.partition(":")
        engine.api.import_image_from_data(archive.getvalue(), repository=name, tag=tag)
    reference, digest = registry.push(engine, local, "restored/apiary:2026.8")
    yield Pushed(registry, local, reference, digest)
    _forget(engine, registry)
    if registry.password:
        engine.images.remove(local)


def _forget(engine: docker.DockerClient, registry: Registry) -> None:
    """Take every name of a registry away from the engine; the image stays under its own."""
    for image in engine.images.list():
        for name in (*image.tags, *(image.attrs.get("RepoDigests") or ())):
            if name.startswith(f"{registry.address}/"):
                with contextlib.suppress(docker.errors.ImageNotFound):  # a digest goes with its last tag
                    engine.images.remove(name)


def _names(engine: docker.DockerClient, registry: Registry) -> list[str]:
    return [tag for image in engine.images.list() for tag in image.tags if tag.startswith(f"{registry.address}/")]


def _log_in(registry: Registry, machine: Settings, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.docker.config_dir is not None
    if not registry.password:
        return
    if way == "config.json":
        registry.log_in(machine.docker.config_dir)
    else:
        registry.log_in_with_helper(machine.docker.config_dir, tmp_path / "bin")
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("way", ["config.json", "credential helper"])
def test_an_image_is_pulled_by_tag_and_by_digest(
    way: str,
    pushed: Pushed,
    machine: Settings,
    dial: Callable[[], docker.DockerClient],
    engine: docker.DockerClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the one that was pushed, and is reported with the registry's digest; from a private registry as well."""
    registry, reference, digest = pushed.registry, pushed.reference, pushed.digest
    _forget(engine, registry)
    _log_in(registry, machine, way, tmp_path, monkeypatch)
    client = dial()
    messages: list[str] = []
    by_tag = choose(client, reference, reference, reference, progress=messages.append)
    assert (by_tag.id, by_tag.digest) == (engine.images.get(pushed.local).id, digest)
    assert by_tag.label == f"{reference}@{digest}"
    assert messages == [f"pulling {reference}"]
    _forget(engine, registry)
    by_digest = choose(
        client, f"{reference.rpartition(':')[0]}@{digest}", reference, reference, progress=messages.append
    )
    assert (by_digest.id, by_digest.digest) == (by_tag.id, digest)
    # What is there is not pulled again.
    assert choose(client, by_digest.reference, reference, reference, progress=messages.append) == by_digest
    assert len(messages) == 2
    _forget(engine, registry)


@pytest.mark.parametrize("registry", ["private"], indirect=True)
def test_without_credentials_the_sentence_names_the_way(
    pushed: Pushed, dial: Callable[[], docker.DockerClient], engine: docker.DockerClient
) -> None:
    """One sentence, one hint, exit code 3."""
    registry, reference = pushed.registry, pushed.reference
    with pytest.raises(ImageUnavailable) as caught:
        choose(dial(), reference, reference, reference)
    message = re.escape(f"image {reference} is not on the Docker engine and cannot be pulled: ")
    assert re.fullmatch(rf"{message}.*no basic auth credentials", caught.value.fact)
    assert caught.value.hints == ("A private registry requires `docker login` once, as this user.",)
    assert caught.value.exit_code == EXIT_INCONCLUSIVE
    assert _names(engine, registry) == []


@pytest.mark.parametrize("registry", ["private"], indirect=True)
def test_a_credential_helper_that_is_not_there_is_reported(
    pushed: Pushed, machine: Settings, dial: Callable[[], docker.DockerClient], tmp_path: Path
) -> None:
    """It is not a fault of the engine, and no traceback."""
    registry, reference = pushed.registry, pushed.reference
    assert machine.docker.config_dir is not None
    registry.log_in_with_helper(machine.docker.config_dir, tmp_path / "not on the path")
    with pytest.raises(ImageUnavailable) as caught:
        choose(dial(), reference, reference, reference)
    assert caught.value.fact.startswith(f"image {reference} is not on the Docker engine and cannot be pulled: ")
    assert "docker-credential-drill not installed or not available in PATH" in caught.value.fact


@pytest.mark.parametrize("registry", ["open"], indirect=True)
def test_an_image_that_does_not_exist(registry: Registry, dial: Callable[[], docker.DockerClient]) -> None:
    """By the registry's own word."""
    asked = f"{registry.address}/nobody/has-this:1"
    with pytest.raises(ImageUnavailable) as caught:
        choose(dial(), asked, asked, asked)
    assert caught.value.fact == (
        f"image {asked} is not on the Docker engine and cannot be pulled: manifest for {asked} not found: "
        "manifest unknown: manifest unknown"
    )


def test_a_registry_that_cannot_be_reached(dial: Callable[[], docker.DockerClient]) -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        asked = f"127.0.0.1:{probe.getsockname()[1]}/apiary:1"
    with pytest.raises(ImageUnavailable) as caught:
        choose(dial(), asked, asked, asked)
    assert caught.value.fact.startswith(f"image {asked} is not on the Docker engine and cannot be pulled: ")
    assert caught.value.fact.endswith("connect: connection refused")


def test_a_registry_that_never_answers(dial: Callable[[], docker.DockerClient]) -> None:
    """The wait has a limit of ours, however long the engine would wait."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = f"127.0.0.1:{silent.getsockname()[1]}/apiary:1"
        with pytest.raises(ImageUnavailable) as caught:
            pull(dial(), asked, silence_s=1)
    assert caught.value.fact == (f"image {asked} is not on the Docker engine and cannot be pulled: no data for 1 s")


def test_the_local_image_takes_the_place_of_a_default_that_cannot_be_pulled(
    engine: docker.DockerClient, dial: Callable[[], docker.DockerClient]
) -> None:
    """It says so in a line, and the image carries it into the report."""
    default, messages = "registry.invalid/meilisearch:v1", list[str]()
    chosen = choose(dial(), None, default, LOCAL_MEILISEARCH, progress=messages.append)
    assert (chosen.id, chosen.instead_of) == (engine.images.get(LOCAL_MEILISEARCH).id, default)
    assert messages[0] == f"pulling {default}"
    assert messages[1].startswith(f"image {default} is not on the Docker engine and cannot be pulled: ")
    assert messages[1].endswith(f"; using {LOCAL_MEILISEARCH} instead")
    again = choose(dial(), None, default, LOCAL_MEILISEARCH, progress=messages.append)
    assert again == chosen
    assert messages[2:] == [f"{default} could not be pulled before; using {LOCAL_MEILISEARCH} instead"]


@pytest.mark.parametrize("registry", ["open"], indirect=True)
def test_a_default_that_can_be_pulled_is_pulled(
    pushed: Pushed, dial: Callable[[], docker.DockerClient], engine: docker.DockerClient
) -> None:
    """The local image is a stopgap, also where it is there already."""
    registry, reference = pushed.registry, pushed.reference
    _forget(engine, registry)
    chosen = choose(dial(), None, reference, LOCAL_MEILISEARCH)
    assert (chosen.reference, chosen.instead_of) == (reference, "")


def test_neither_the_default_nor_the_local_image(dial: Callable[[], docker.DockerClient]) -> None:
    """One sentence with both, and how to make one of them."""
    with pytest.raises(ImageUnavailable) as caught:
        choose(dial(), None, "registry.invalid/mysql:1", "apiary-drill/none:1")
    assert caught.value.fact.startswith(
        "image registry.invalid/mysql:1 is not on the Docker engine and cannot be pulled: "
    )
    assert caught.value.fact.endswith(", and its replacement apiary-drill/none:1 is not on this engine")
    assert caught.value.hints == ("`apiary-drill images build` builds it from Debian packages.",)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("mysql", "without a tag it means latest, which can be another image tomorrow"),
        ("registry.example.org:5000/apiary", "without a tag it means latest, which can be another image tomorrow"),
        ("mysql:latest", "latest can be another image tomorrow"),
    ],
)
def test_what_names_no_version_is_refused(reference: str, why: str, dial: Callable[[], docker.DockerClient]) -> None:
    """Before anything is pulled."""
    with pytest.raises(UsageError) as caught:
        choose(dial(), reference, reference, reference)
    assert str(caught.value) == (
        f"image {reference} has no fixed version: {why}\nHINT: Give a tag, or a digest: NAME@sha256:…"
    )


def test_no_default_is_called_latest() -> None:
    """Every reference in the table of images says its version."""
    ours = {name: value for name, value in vars(docker_images).items() if name.startswith(("DEFAULT_", "LOCAL_"))}
    assert len(ours) >= 6
    for reference in ours.values():
        assert docker_images.pinned(reference) == reference


@pytest.mark.parametrize("registry", ["open"], indirect=True)
def test_a_drill_with_an_image_that_cannot_be_had_ends_in_one_sentence(registry: Registry, tmp_path: Path) -> None:
    """On the command line: exit code 3, no traceback, no run directory that looks like a result, nothing left."""
    asked = f"{registry.address}/nobody/has-this:1"
    environment = {**os.environ, "APIARY_DRILL_STATE_DIR": str(tmp_path / "state")}
    ended = called("run", "--mysql-image", asked, env=environment)
    assert (ended.returncode, ended.stdout.splitlines()) == (EXIT_INCONCLUSIVE, [f"pulling {asked}"])
    assert ended.stderr.splitlines() == [
        f"error: image {asked} is not on the Docker engine and cannot be pulled: manifest for {asked} not "
        "found: manifest unknown: manifest unknown",
        "HINT: A private registry requires `docker login` once, as this user.",
    ]
    assert list((tmp_path / "state").rglob("result.json")) == []
    assert list((tmp_path / "state" / "drills").glob("*")) == []

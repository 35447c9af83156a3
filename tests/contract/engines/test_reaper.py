"""When testcontainers' reaper is used. That it then removes what a killed harness left is the reaper's own business."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator

import pytest

from tests.engines import AnotherEngine

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("other-engine")]

_IMAGE = "testcontainers/ryuk:0.8.1"

_ASK = """
import os, sys
from harness.runtime.docker.client import connect
from harness.runtime.docker.container import use_reaper
from harness.base.settings import from_environment
client = connect(from_environment({**os.environ, **dict(word.split("=", 1) for word in sys.argv[2:])}).docker)
print(use_reaper(client, keep=sys.argv[1] == "keep"))
client.close()
"""


def _used(engine: AnotherEngine, *words: str, keep: bool = False) -> bool:
    """What a process decides whose environment names the engine, and whose client is for what `words` name."""
    environment = {**os.environ, "DOCKER_HOST": engine.host, "RYUK_CONTAINER_IMAGE": _IMAGE}
    argv = [sys.executable, "-c", _ASK, "keep" if keep else "end", *words]
    usage = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    assert usage in ("True\n", "False\n")
    return usage == "True\n"


@pytest.fixture
def with_its_image(other_engine: AnotherEngine) -> Iterator[AnotherEngine]:
    """An image of that name, which holds one file: what is decided is decided by the name."""
    client = other_engine.client()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("one-file"))
    repository, _, tag = _IMAGE.partition(":")
    client.api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag)
    yield other_engine
    client.images.remove(_IMAGE)
    client.close()


def test_it_is_used_where_its_image_is(with_its_image: AnotherEngine) -> None:
    """On the engine that it would find itself, through a socket, for what is to go."""
    assert _used(with_its_image)


def test_it_is_off_for_what_is_kept(with_its_image: AnotherEngine) -> None:
    """It would remove a kept target as soon as the command ends."""
    assert not _used(with_its_image, keep=True)


def test_it_is_off_for_another_engine_than_the_environment_s(with_its_image: AnotherEngine) -> None:
    """It would look after the wrong one; and what is reached through TLS has no socket that it could mount."""
    tls = with_its_image.certificates.client
    assert not _used(
        with_its_image, f"DOCKER_HOST={with_its_image.tls_host}", f"DOCKER_CERT_PATH={tls}", "DOCKER_TLS_VERIFY=1"
    )


def test_it_is_off_where_its_image_is_not(other_engine: AnotherEngine) -> None:
    """Nothing is pulled for it."""
    assert not _used(other_engine)

"""Building on a real engine: nothing is made twice, and the list tells what is there."""

import os
from datetime import UTC, datetime

import docker
import pytest

from harness.base.settings import Settings, from_environment
from harness.runtime.docker.client import EngineUnavailable, connect
from harness.runtime.images.build import build_images, list_images

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


@pytest.fixture(scope="module")
def here() -> tuple[docker.DockerClient, Settings]:
    """The machine's engine."""
    settings = from_environment(os.environ)
    try:
        return connect(settings.docker), settings
    except EngineUnavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"with CI=true the Docker tests have to run: {error}")
        pytest.skip(f"LEFT OUT: {error.fact}")


def test_a_second_build_changes_nothing(here: tuple[docker.DockerClient, Settings]) -> None:
    """Cached by content: same ids, nothing built, no progress to tell."""
    client, settings = here
    first = build_images(client, settings)
    messages: list[str] = []
    second = build_images(client, settings, progress=messages.append)
    assert [info.id for info in second] == [info.id for info in first]
    assert [info.name for info in second] == ["mysql", "mariadb", "standin", "meilisearch"]
    assert messages == []
    assert not any(info.built for info in second)


def test_the_list_says_what_is_there_and_how_old(here: tuple[docker.DockerClient, Settings]) -> None:
    """With the bases, the newest first, and whether this version would make the same."""
    client, settings = here
    build_images(client, settings)
    listed = list_images(client)
    names = {info.name for info in listed}
    assert {"mysql", "mariadb", "standin", "meilisearch", "base-mysql", "base-python", "python-wheels"} <= names
    assert [info.created_at for info in listed] == sorted((info.created_at for info in listed), reverse=True)
    for info in listed:
        assert info.id.startswith("sha256:")
        assert info.size_bytes > 10**8
        assert info.created_at <= datetime.now(UTC)
    assert {info.up_to_date for info in listed if info.reference == "apiary-drill/mysql:sid"} == {True}

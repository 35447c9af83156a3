"""What tests of several kinds share: the Docker engine, and that its absence is never silent."""

from __future__ import annotations

import os

import docker
import pytest

from harness.images.build import build_images
from harness.runtimes.docker_client import EngineUnavailable, connect
from harness.settings import from_environment

LEFT_OUT = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> docker.DockerClient:
    """A client of a Docker engine that has the local images.

    Without an engine the test fails where `CI=true`, and is left out loudly everywhere else.
    """
    settings = from_environment(os.environ)
    try:
        client = connect(settings.docker)
    except EngineUnavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"with CI=true the Docker tests have to run: {error}")
        request.config.stash[LEFT_OUT] = error.fact
        pytest.skip(f"LEFT OUT: {error.fact}")
    build_images(client, settings)
    return client


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line that the Docker tests did not run: not run is never a pass."""
    reason = config.stash.get(LEFT_OUT, None)
    if reason is not None:
        terminalreporter.write_line(f"THE DOCKER TESTS WERE LEFT OUT: {reason}", red=True, bold=True)

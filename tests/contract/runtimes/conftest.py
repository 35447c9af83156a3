"""Stacks of both runtimes for the contract tests. Real servers, real containers, nothing else.

Without a Docker engine the Docker half fails where `CI=true`, and is left out loudly everywhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import docker
import pytest

from harness.images.build import build_images
from harness.runtimes.docker_client import EngineUnavailable, connect
from harness.runtimes.spec import StackSpec
from harness.settings import Settings, from_environment
from tests.contract.runtimes.stacks import Running, a_spec, killer, runtime

LEFT_OUT = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The machine's own settings, with a state directory of this session."""
    state = tmp_path_factory.mktemp("state")
    return replace(from_environment(os.environ), state_dir=state, runs_dir=state / "runs")


@pytest.fixture(scope="session")
def engine(settings: Settings, request: pytest.FixtureRequest) -> docker.DockerClient:
    """A client of a Docker engine that has the local images."""
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


@pytest.fixture(scope="session", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def running(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """One migrated stack for all tests that leave it as they found it; its app is stopped."""
    kind = str(request.param)
    spec = a_spec(tmp_path_factory.mktemp("logs"))
    with ExitStack() as stack:
        made = stack.enter_context(runtime(kind, settings, request, spec.drill_id))
        started = stack.enter_context(made.stack(spec))
        started.apiary.must_artisan("migrate", "--force")
        yield Running(kind, started, spec, killer(kind, spec, request))


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def fresh(request: pytest.FixtureRequest, settings: Settings) -> Callable[[StackSpec], object]:
    """Starts a stack of its own for a test that breaks it."""
    kind = str(request.param)

    @contextmanager
    def start(spec: StackSpec) -> Iterator[Running]:
        with runtime(kind, settings, request, spec.drill_id) as made, made.stack(spec) as started:
            yield Running(kind, started, spec, killer(kind, spec, request))

    return start

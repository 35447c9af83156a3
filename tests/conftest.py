"""What tests of several kinds share: the Docker engine, and that its absence is never silent."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from shutil import which
from typing import NoReturn

import docker
import pytest

from harness.base.errors import MissingProgram
from harness.base.settings import from_environment
from harness.runtime.docker.client import EngineUnavailable, connect
from harness.runtime.docker.images import LOCAL_MEILISEARCH, LOCAL_MYSQL, LOCAL_STANDIN
from harness.runtime.images.build import build_images
from tests.engines import AnotherEngine, Missing, another_engine
from tests.registry import Registry, running_registry
from tests.sshd import SshServer, ssh_server
from tests.stores import s3_server

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
        _leave_out(request, error.fact)
    build_images(client, settings)
    return client


@pytest.fixture(scope="session")
def other_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnotherEngine]:
    """A second engine, with a network of its own, as a remote one has; it is empty.

    What it cannot be started without fails the test where `CI=true`, and is reported loudly everywhere else.
    """
    with ExitStack() as running:
        try:
            other = running.enter_context(another_engine(tmp_path_factory.mktemp("engine")))
        except Missing as error:
            _leave_out(request, str(error))
        yield other


@pytest.fixture(scope="session")
def loaded_engine(other_engine: AnotherEngine, engine: docker.DockerClient) -> AnotherEngine:
    """The other engine, with the images of a drill."""
    other_engine.load(engine, LOCAL_MYSQL, LOCAL_MEILISEARCH, LOCAL_STANDIN)
    return other_engine


@pytest.fixture(scope="session")
def sshd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """An ssh server on loopback; where it cannot be had it is as with `other_engine`."""
    with ExitStack() as running:
        try:
            server = running.enter_context(ssh_server(tmp_path_factory.mktemp("sshd")))
        except Missing as error:
            _leave_out(request, str(error))
        yield server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an S3 server on loopback, with one bucket for each test that asks for one."""
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(scope="session", params=["open", "private"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry on loopback, for everybody or with a password; where it cannot be had it is as with `other_engine`."""
    with ExitStack() as running:
        try:
            server = running.enter_context(
                running_registry(tmp_path_factory.mktemp("registry"), private=request.param == "private")
            )
        except Missing as error:
            _leave_out(request, str(error))
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """As `pytest_runtest_call`."""
    yield from _left_out_without_its_programs(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A newcomer without root has not every program that tests run: what needs one is left out, and reported."""
    yield from _left_out_without_its_programs(item)


def _left_out_without_its_programs(item: pytest.Item) -> Iterator[None]:
    try:
        yield
    except (Missing, MissingProgram, FileNotFoundError) as error:
        no_file = isinstance(error, FileNotFoundError) and ("/" in str(error.filename) or which(str(error.filename)))
        if os.environ.get("CI") == "true" or no_file:
            raise
        pytest.skip(f"LEFT OUT: {error.fact if isinstance(error, MissingProgram) else error}")


def _leave_out(request: pytest.FixtureRequest, fact: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"with CI=true the Docker tests have to run: {fact}")
    request.config.stash[LEFT_OUT] = fact
    pytest.skip(f"LEFT OUT: {fact}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line that the Docker tests did not run: not run is never a pass."""
    reason = config.stash.get(LEFT_OUT, None)
    if reason is not None:
        terminalreporter.write_line(f"THE DOCKER TESTS WERE LEFT OUT: {reason}", red=True, bold=True)

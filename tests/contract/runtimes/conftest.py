"""Stacks of both runtimes for the contract tests. Real servers, real containers, nothing else."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from harness.base.settings import Settings, from_environment
from harness.runtime.spec import StackSpec
from tests.contract.runtimes.stacks import Running, a_spec, killer, runtime


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The machine's own settings, with a state directory of this session.

    The search server of processes is a script with the real one's name, as people install the embedded server.
    """
    state = tmp_path_factory.mktemp("state")
    settings = replace(from_environment(os.environ), state_dir=state, runs_dir=state / "runs")
    if settings.which("meilisearch") is None:
        script = state / "meilisearch"
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m harness.standins.meilisearch "$@"\n')
        script.chmod(0o755)
        settings = replace(settings, meilisearch=str(script))
    return settings


@pytest.fixture(scope="session", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def running(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """One migrated stack for all tests that leave it as they found it; its app is stopped."""
    kind = str(request.param)
    spec = a_spec(tmp_path_factory.mktemp("logs"), migrated=True)
    with ExitStack() as stack:
        made = stack.enter_context(runtime(kind, settings, request, spec.drill_id))
        started = stack.enter_context(made.stack(spec))
        started.migrate()
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

"""Stacks of both runtimes for the contract tests. Real servers, real containers, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from harness.runtimes.spec import StackSpec
from harness.settings import Settings, from_environment
from tests.contract.runtimes.stacks import Running, a_spec, killer, runtime


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The machine's own settings, with a state directory of this session."""
    state = tmp_path_factory.mktemp("state")
    return replace(from_environment(os.environ), state_dir=state, runs_dir=state / "runs")


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

"""Workers that die: whenever that is, it costs one drill each, and never the others' results."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from harness.base.settings import Settings, from_environment
from harness.runner import workers
from harness.runner.workers import Refused, drill_all
from harness.scenario.definition import Scenario

WHY = "A drill that never comes to anything, because nobody is there."


class _Killed(SpawnProcess):
    """Dies before it has read what it was given."""

    def start(self) -> None:
        super().start()
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        self.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_environment({**os.environ, "APIARY_DRILL_STATE_DIR": str(tmp_path)})


def test_a_worker_that_dies_before_it_reads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was given is reported as not drilled, and so is what nobody is left for."""
    context = multiprocessing.get_context("spawn")
    make: Callable[..., SpawnProcess] = _Killed
    monkeypatch.setattr(context, "Process", make)
    monkeypatch.setattr(workers.multiprocessing, "get_context", lambda _: context)
    wanted = [Scenario(name=f"s{number}", why=WHY) for number in range(3)]
    answers = {scenario.name: answer for scenario, answer in drill_all(wanted, settings, 2)}
    assert answers == {
        "s0": Refused("its process exited with status -9"),
        "s1": Refused("its process exited with status -9"),
        "s2": Refused("all processes that could run it have exited"),
    }

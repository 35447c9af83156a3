"""Scenarios in several processes at once: each has a batch of its own, and nothing is shared but the machine."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from harness.base.errors import EXIT_INTERRUPTED, HarnessError
from harness.base.interruption import terminable
from harness.base.model import DrillResult
from harness.base.settings import Settings
from harness.runner.batch import Batch
from harness.scenario.definition import Scenario

_END_S = 60.0
"""How long a worker that was asked to end may take for its servers; then it is killed, and the next start sweeps."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a scenario could not be drilled, in one sentence."""

    fact: str


Answer = DrillResult | Refused


def drill_all(
    scenarios: Sequence[Scenario], settings: Settings, jobs: int, *, auto: str | None = None
) -> Iterator[tuple[Scenario, Answer]]:
    """Drill all of them, `jobs` at once, in whatever order they end.

    However the block around it ends, the workers end their servers first.

    Args:
        auto: as for `Batch`.
    """
    waiting = list(scenarios)
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, tuple[BaseProcess, Scenario | None]] = {}
    try:
        for _ in range(min(jobs, len(waiting))):
            ours, theirs = context.Pipe()
            started = context.Process(target=_work, args=(theirs, settings, auto))
            started.start()
            theirs.close()
            workers[ours] = started, None
            _give(workers, ours, waiting)
        while busy := [connection for connection, (_, scenario) in workers.items() if scenario is not None]:
            for ready in wait(busy):
                assert isinstance(ready, Connection)
                process, scenario = workers[ready]
                assert scenario is not None, "only those that have one are waited for"
                try:
                    answer = ready.recv()
                except (EOFError, OSError):  # which one depends on whether it had read what it was given
                    process.join()
                    workers[ready] = process, None
                    yield scenario, Refused(f"its process exited with status {process.exitcode}")
                    continue
                _give(workers, ready, waiting)
                yield scenario, answer
        for scenario in waiting:
            yield scenario, Refused("all processes that could run it have exited")
    finally:
        _end(workers)


def _give(
    workers: dict[Connection, tuple[BaseProcess, Scenario | None]], to: Connection, waiting: list[Scenario]
) -> None:
    scenario = waiting.pop(0) if waiting else None
    workers[to] = workers[to][0], scenario
    if scenario is not None:
        with suppress(OSError):  # its process has ended: the end of its connection is what is read next
            to.send(scenario)


def _end(workers: dict[Connection, tuple[BaseProcess, Scenario | None]]) -> None:
    for connection, (process, scenario) in workers.items():
        if scenario is not None:
            process.terminate()
        with suppress(OSError):  # it is gone already
            connection.send(None)
    for process, _ in workers.values():
        process.join(_END_S)
        if process.is_alive():
            process.kill()
            process.join()


def _work(connection: Connection, settings: Settings, auto: str | None) -> None:
    """A worker: drills what it is given until it is given nothing."""
    # Ctrl-C reaches every process of a terminal; a second word would disturb the end of the servers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable(), Batch(settings, auto=auto) as batch:
            while (scenario := connection.recv()) is not None:
                try:
                    answer: Answer = batch.drill(scenario)
                except HarnessError as error:
                    answer = Refused(error.fact)
                except Exception as error:  # the other drills must not be lost to a mistake in one
                    answer = Refused(f"the harness itself failed: {type(error).__name__}: {error}")
                connection.send(answer)
    except (KeyboardInterrupt, EOFError, BrokenPipeError):
        raise SystemExit(EXIT_INTERRUPTED) from None

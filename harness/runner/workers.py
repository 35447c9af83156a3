"""Scenarios in several processes at once: each has a batch of its own, and nothing is shared but the machine.

What a batch makes once for many drills, each process makes once more: a process goes on with the kind that it has,
begins with one that no other has, and takes another one only when nothing of its own is left.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from harness.base.errors import EXIT_INTERRUPTED, HarnessError
from harness.base.interruption import finishing, terminable
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


@dataclass(slots=True)
class _WorkerProcess:
    """A process, what it is drilling (None: nothing any more), and the kinds of what it has drilled."""

    process: BaseProcess
    scenario: Scenario | None = None
    kinds: set[str] = field(default_factory=set)


def drill_all(
    scenarios: Sequence[Scenario], settings: Settings, jobs: int, *, auto: str | None = None
) -> Iterator[tuple[Scenario, Answer]]:
    """Drill all of them, `jobs` at once, in whatever order they end.

    However the block around it ends, the workers end their servers first.

    Args:
        auto: as for `Batch`.
    """

    def kind(scenario: Scenario) -> str:
        """What decides which servers a batch has to prepare for it."""
        runtime = scenario.runtime.kind
        return f"{(auto or settings.runtime) if runtime == 'any' else runtime} {scenario.runtime.flavours}"

    waiting = list(scenarios)
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, _WorkerProcess] = {}
    try:
        for _ in range(min(jobs, len(waiting))):
            ours, theirs = context.Pipe()
            started = context.Process(target=_work, args=(theirs, settings, auto))
            with finishing(), _sigint_blocked():
                started.start()
                workers[ours] = _WorkerProcess(started)
            theirs.close()
            _give(workers, ours, waiting, kind)
        while busy := [connection for connection, worker in workers.items() if worker.scenario is not None]:
            for ready in wait(busy):
                assert isinstance(ready, Connection)
                worker = workers[ready]
                scenario = worker.scenario
                assert scenario is not None, "only those that have one are waited for"
                try:
                    answer = ready.recv()
                except (EOFError, OSError):  # which one depends on whether it had read what it was given
                    worker.process.join()
                    worker.scenario = None
                    yield scenario, Refused(f"its process exited with status {worker.process.exitcode}")
                    continue
                _give(workers, ready, waiting, kind)
                yield scenario, answer
        for scenario in waiting:
            yield scenario, Refused("all processes that could run it have exited")
    finally:
        _end(workers)


def _give(
    workers: dict[Connection, _WorkerProcess], to: Connection, waiting: list[Scenario], kind: Callable[[Scenario], str]
) -> None:
    worker = workers[to]
    worker.scenario = None
    if not waiting:
        return
    taken = set().union(*(other.kinds for other in workers.values()))
    own = (each for each in waiting if kind(each) in worker.kinds)
    new = (each for each in waiting if kind(each) not in taken)
    worker.scenario = next(own, None) or next(new, waiting[0])
    waiting.remove(worker.scenario)
    worker.kinds.add(kind(worker.scenario))
    with suppress(OSError):  # its process has ended: the end of its connection is what is read next
        to.send(worker.scenario)


def _end(workers: dict[Connection, _WorkerProcess]) -> None:
    for connection, worker in workers.items():
        if worker.scenario is not None:
            worker.process.terminate()
        with suppress(OSError):  # it is gone already
            connection.send(None)
    for worker in workers.values():
        worker.process.join(_END_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Let a process that starts in the block begin with SIGINT blocked: once it is imported, `_work` ignores it."""
    resource_tracker.ensure_running()  # which unblocks it
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _work(connection: Connection, settings: Settings, auto: str | None) -> None:
    """A worker: drills what it is given until it is given nothing."""
    # Ctrl-C reaches every process of a terminal; a second word would disturb the end of the servers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
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

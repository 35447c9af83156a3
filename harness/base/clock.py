"""Timing the steps of a drill, and reporting progress to a listener."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Protocol

from harness.base.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_NOT_AS_EXPECTED,
    FaultFailed,
    StepFailed,
    StepTimedOut,
    harness_error,
)
from harness.base.model import Step
from harness.base.usage import Meter


class Listener(Protocol):
    """Who is notified of what happens while it happens; it never changes what happens."""

    def started(self, title: str) -> None:
        """A step began."""

    def progress(self, text: str) -> None:
        """The current step came this far, in words."""

    def ended(self, step: Step) -> None:
        """A step ended."""


class Silent:
    """Tells nobody."""

    def started(self, title: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def ended(self, step: Step) -> None: ...


class Clock:
    """Times steps on the monotonic clock and keeps them in order.

    Args:
        step_limit_s: how long one step may take before it is ended, or None.

    Attributes:
        steps: those that ended, the failed one last.
        meter: asked at the end of each step what was used.
    """

    def __init__(self, listener: Listener, *, step_limit_s: float | None = None) -> None:
        self.listener = listener
        self.step_limit_s = step_limit_s
        self.steps: list[Step] = []
        self.meter = Meter()

    @contextmanager
    def step(self, name: str, title: str, *, decides: bool = True) -> Iterator[Note]:
        """Time a block. An error in it becomes a StepFailed that names the step.

        Args:
            decides: False for a step that is the drill's own and not the procedure's: when it fails, the drill
                is inconclusive, whatever the cause says of itself.
        """
        self.listener.started(title)
        began_at, began = datetime.now(UTC), time.monotonic()
        note = Note(self.listener)
        failed = True
        try:
            with _limited(self.step_limit_s):
                yield note
            failed = False
        except (StepFailed, FaultFailed):
            raise
        except Exception as error:
            failure = StepFailed(name, title, harness_error(error))
            if not decides and failure.exit_code == EXIT_NOT_AS_EXPECTED:
                failure.exit_code = EXIT_INCONCLUSIVE
            raise failure from error
        finally:
            took_s = time.monotonic() - began
            used = () if failed else self.meter.lap()
            step = Step(name, title, began_at, took_s, note.detail, failed, note.size_bytes, used)
            self.steps.append(step)
            self.listener.ended(step)


@contextmanager
def _limited(limit_s: float | None) -> Iterator[None]:
    """Raise StepTimedOut in a block that takes longer, also while it waits for a server or a program.

    The timer is the kernel's own, which setting the clock does not move. It can only interrupt the main thread;
    in another one a block is judged when it ends. A timer that somebody else has set is left alone.
    """
    if limit_s is None:
        yield
        return
    began = time.monotonic()
    out_of_time = StepTimedOut(f"timed out: the step exceeded its limit of {limit_s:g} s")
    here = threading.current_thread() is threading.main_thread() and signal.getitimer(signal.ITIMER_REAL)[0] == 0

    def ring(number: int, frame: FrameType | None) -> None:
        raise out_of_time

    before = signal.signal(signal.SIGALRM, ring) if here else None
    if here:
        signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        if here:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    if time.monotonic() - began > limit_s:
        raise out_of_time


class Note:
    """What a step has to say of itself."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.detail = ""
        self.size_bytes: int | None = None

    def progress(self, text: str) -> None:
        """Tell how far the step is."""
        self._listener.progress(text)

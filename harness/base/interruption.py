"""Signals that end a command: the first one interrupts it, and what it leaves is cleaned up to the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Interruption:
    """What is known of the signals since `terminable` began; they arrive in the main thread alone."""

    def __init__(self) -> None:
        self.active = self.raised = self.waiting = False
        self.finishing = 0
        self.before: dict[signal.Signals, Any] = {}

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.finishing:
            self.waiting = True
        elif not self.raised:
            self.raised = True
            raise KeyboardInterrupt


_interruption = _Interruption()


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP interrupt the block once: a second one would leave what the first has to end.

    Once interrupted, a command hears no further one until it has reported that and ended: Python gives signals back to
    the system before that, but for those that are ignored. A signal that is ignored (nohup) stays so. For the main
    thread.
    """
    if _interruption.active:
        yield
        return
    _restore()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _interruption.active, _interruption.before = True, before
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _interruption)
        yield
    finally:
        _interruption.active = False
        if _interruption.raised:
            for number in before:
                signal.signal(number, signal.SIG_IGN)
        else:
            _restore()


def _restore() -> None:
    for number, handler in _interruption.before.items():
        signal.signal(number, handler)
    _interruption.before = {}
    _interruption.raised = _interruption.waiting = False


@contextmanager
def finishing() -> Iterator[None]:
    """Go through the block whatever signal comes meanwhile: it interrupts at the end, if none has before."""
    _interruption.finishing += 1
    try:
        yield
    finally:
        _interruption.finishing -= 1
        if _interruption.waiting and not _interruption.finishing and not _interruption.raised:
            _interruption.raised = True
            raise KeyboardInterrupt

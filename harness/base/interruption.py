"""Signals that end a command: the first one interrupts it, and what it leaves is cleaned up to the end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_AGAIN_S = 0.01
"""A callback whose errors Python ignores has ended by then."""


class _Interruption:
    """What is known of the signals since `terminable` began; they arrive in the main thread alone."""

    def __init__(self) -> None:
        self.active = self.raised = self.waiting = False
        self.finishing = 0
        self.number = signal.SIGINT
        self.before: dict[signal.Signals, Any] = {}
        self.unraisable_before: Callable[[sys.UnraisableHookArgs], Any] = sys.unraisablehook

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.number = signal.Signals(number)
        if self.finishing:
            self.waiting = True
        elif not self.raised:
            self.raised = True
            raise KeyboardInterrupt

    def unraisable(self, lost: sys.UnraisableHookArgs) -> None:
        """Send the signal once more that came during a callback whose errors Python ignores.

        Such are `__del__`, and what a weak reference calls, as Python's own import does for each module.
        """
        if self.active and self.raised and lost.exc_type is KeyboardInterrupt:
            self.raised = False
            again = threading.Timer(_AGAIN_S, signal.pthread_kill, (threading.main_thread().ident, self.number))
            again.daemon = True
            again.start()
        else:
            self.unraisable_before(lost)


_interruption = _Interruption()


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP interrupt the block once: a second one would leave what the first has to end.

    Once interrupted, a command hears no further one until it has reported that and ended: Python gives signals back to
    the system before that, but for those that are ignored. A signal that is ignored (nohup) stays so. For the main
    thread.

    Raises:
        KeyboardInterrupt: a signal came, whatever a library made of it: click exits with 1, a callback ignores it.
    """
    if _interruption.active:
        yield
        return
    _restore()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _interruption.active, _interruption.before = True, before
    _interruption.unraisable_before = sys.unraisablehook
    ended_by: BaseException | None = None
    try:
        sys.unraisablehook = _interruption.unraisable
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _interruption)
        yield
    except BaseException as error:
        ended_by = error
        raise
    finally:
        _interruption.active = False
        if sys.unraisablehook == _interruption.unraisable:
            sys.unraisablehook = _interruption.unraisable_before
        if _interruption.raised:
            for number in before:
                signal.signal(number, signal.SIG_IGN)
            if not isinstance(ended_by, KeyboardInterrupt | GeneratorExit):
                raise KeyboardInterrupt from ended_by
        else:
            _restore()


def interrupted() -> bool:
    """Whether a signal has interrupted the block of `terminable` that goes on now."""
    return _interruption.active and _interruption.raised


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

"""Doing what does not depend on each other at the same time, and something else when the time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Timer
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Background(Protocol):
    """Starts a call beside everything else; its result, or its error, is asked for later."""

    def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]: ...


@contextmanager
def side_by_side(most: int) -> Iterator[Background]:
    """Calls beside each other, at most so many; all have ended after the block.

    Where the block ends with an error, none is waited for: one of them may be waiting for the very server that is gone.
    """
    pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="background")
    try:
        yield pool.submit
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made while the one before it is worked on; None is no item."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


@contextmanager
def alarm(limit_s: float, act: Callable[[], None]) -> Iterator[Event]:
    """Do something if the block lasts longer than so many seconds; the event is set then, before it is done."""
    passed = Event()

    def ring() -> None:
        passed.set()
        act()

    timer = Timer(limit_s, ring)
    timer.daemon = True
    timer.start()
    try:
        yield passed
    finally:
        timer.cancel()

"""Work that goes on while a step of the drill runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from harness.base.errors import HarnessError


@contextmanager
def meanwhile(work: Callable[[Event], None], failed: str) -> Iterator[Future[None]]:
    """Do something in a thread of its own while the block lasts.

    Args:
        work: gets what is set at the end of the block, and ends soon after.
        failed: how the sentence begins that says that it raised an error, which is raised at the end of the block.
    """
    ended = Event()
    with ThreadPoolExecutor(max_workers=1) as thread:
        done = thread.submit(work, ended)
        try:
            yield done
        finally:
            ended.set()
            if (error := done.exception()) is not None:
                raise HarnessError(f"{failed}: {type(error).__name__}") from error

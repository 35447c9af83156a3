"""Doing things that may hang, for so long and no longer: one byte a minute outlives the time-out of any client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def run_within(tasks: Sequence[Callable[[], T]], timeout_s: float) -> list[T | None]:
    """Do all of them at once, and wait for them so long.

    A task that takes longer is left alone: its thread does not keep the program from ending. So a task may not
    leave anything behind, and has to catch what it raises.

    Returns:
        What each answered; None for those that did not in time.
    """
    answers: list[T | None] = [None] * len(tasks)

    def do(number: int) -> None:
        answers[number] = tasks[number]()

    threads = [threading.Thread(target=do, args=(number,), daemon=True) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return list(answers)

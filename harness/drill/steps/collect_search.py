"""Looking at the search once it has settled: what is asked while it works says nothing of what it will hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from harness.base.errors import WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.services.meilisearch import MeilisearchServer

T = TypeVar("T")

_QUIET_S = 2.0
"""How long nothing may come before it counts as settled: who sends one document after the other pauses between them,
and on two busy cores Meilisearch 1.50.0 takes up to 0.6 s to acknowledge one."""


def when_settled(
    server: MeilisearchServer, look: Callable[[], T], *, drained_s: float, quiet_s: float = _QUIET_S
) -> tuple[T, int]:
    """Look when no task is pending, and again if one came meanwhile or shortly after.

    The reindex has waited already. But an application that still sends, or a worker that came late, goes on after it.

    Args:
        look: asks the server what it holds.
        drained_s: how long to wait for it.
        quiet_s: how long nothing may come, from the beginning of the look.

    Returns:
        What was seen, and how many tasks were pending then or came meanwhile: 0 unless the limit was reached.

    Raises:
        ServerFailed: the server does not answer.
    """

    def settled() -> tuple[T] | None:
        if server.pending_tasks():
            return None
        before, quiet_at = server.tasks(), time.monotonic() + quiet_s
        seen = look()
        wait_until(lambda: time.monotonic() >= quiet_at, what="the quiet to last", timeout_s=quiet_s + 1)
        return (seen,) if server.tasks() == before else None

    try:
        (seen,) = wait_until(settled, what="the search to settle", timeout_s=drained_s, interval_s=0.1)
    except WaitTimeout:
        waiting, before = server.pending_tasks(), server.tasks()
        seen = look()
        # It may have been quiet in just this moment, and nothing says that it stays so.
        return seen, max(1, waiting + server.tasks() - before)
    return seen, 0

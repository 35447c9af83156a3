"""The search is looked at when it has settled, and the look says so when it never did."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from harness.drill.steps.collect_search import when_settled
from harness.runtime.services.meilisearch import MeilisearchServer


@dataclass
class Queue:
    """A server whose queue is as long, and has seen as many tasks, as these answers say; the last one stays."""

    pending: list[int]
    seen: list[int] = field(default_factory=lambda: [7])

    def pending_tasks(self) -> int:
        return self.pending.pop(0) if len(self.pending) > 1 else self.pending[0]

    def tasks(self) -> int:
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]


def looked(queue: Queue, *, drained_s: float = 60, quiet_s: float = 0) -> tuple[int, int]:
    """Which look it was that counted, and what is reported of tasks."""
    looks: Iterator[int] = iter(range(1, 100))
    return when_settled(cast("MeilisearchServer", queue), lambda: next(looks), drained_s=drained_s, quiet_s=quiet_s)


def test_a_quiet_search_is_looked_at_once() -> None:
    assert looked(Queue([0])) == (1, 0)


def test_a_task_is_waited_for() -> None:
    queue = Queue([2, 1, 0])
    assert looked(queue) == (1, 0)
    assert queue.pending == [0]


def test_what_came_while_it_was_looked_at_is_looked_at_again() -> None:
    assert looked(Queue([0], [7, 8, 8])) == (2, 0)


def test_what_comes_in_a_pause_after_the_look_is_looked_at_again() -> None:
    """Who sends one document after the other pauses between them, and a look can be shorter than a pause."""
    began = time.monotonic()
    assert looked(Queue([0], [7, 8, 8]), quiet_s=0.2) == (2, 0)
    assert time.monotonic() - began >= 0.4


def test_a_sender_that_waits_long_for_each_acknowledgement_is_outlasted() -> None:
    """A busy Meilisearch 1.50.0 took 0.6 s to acknowledge a document; 0.5 s of quiet were taken for the end."""
    sent_at, looks = time.monotonic() + 0.8, iter(range(1, 100))
    server = SimpleNamespace(pending_tasks=lambda: 0, tasks=lambda: 7 + (time.monotonic() >= sent_at))
    assert when_settled(cast("MeilisearchServer", server), lambda: next(looks), drained_s=60) == (2, 0)


def test_a_search_that_never_settles_is_looked_at_all_the_same_and_reported() -> None:
    assert looked(Queue([3]), drained_s=0) == (1, 3)
    assert looked(Queue([2], [7, 11]), drained_s=0) == (1, 6)


def test_a_search_that_is_quiet_only_when_the_limit_is_reached_is_not_believed() -> None:
    """Something came during the last look that counted, so something may come again."""
    assert looked(Queue([0], [7, 8, 8]), drained_s=0) == (2, 1)

"""What is observed of a restored instance: the application, and a search that settles."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from harness.base.errors import ServerFailed
from harness.drill.steps.collect_app import login_refused, observe_health
from harness.drill.steps.collect_search import when_settled
from harness.runtime.services.apiary import Page
from harness.runtime.services.execution import Completed
from harness.runtime.services.meilisearch import MeilisearchServer


def page(status: int, content_type: str, size_bytes: int = 9, body: bytes = b"") -> Page:
    return Page(status, content_type, size_bytes, "ab" * 32, body)


def test_what_says_that_the_visitor_was_not_let_in() -> None:
    for answer, reason in (
        (page(200, "text/html; charset=UTF-8", 0), "status 200 with an empty HTML page"),
        (page(302, "text/html"), "status 302"),
        (page(401, "text/plain"), "status 401"),
        (page(403, "application/json"), "status 403"),
        # These are the file's, or the application's, own.
        (page(200, "application/pdf", 0), ""),
        (page(200, "application/x-empty", 0), ""),
        (page(200, "text/html; charset=UTF-8", 9), ""),
        (page(404, "application/json"), ""),
        (page(500, "text/html"), ""),
        (page(503, "text/html"), ""),
    ):
        assert login_refused(answer) == reason, answer


def observed(answer: Page | ServerFailed, output: bytes) -> tuple[dict[str, str], str]:
    """The states and the reason, of an application that answers so, and whose command line says so."""

    def get(_path: str, *, timeout_s: float) -> Page:
        if isinstance(answer, ServerFailed):
            raise answer
        return answer

    apiary = SimpleNamespace(get=get, artisan=lambda *_: Completed((), 0, output, ""))
    probes, no_report = observe_health(cast(Any, SimpleNamespace(apiary=apiary)))
    return {probe.subject: probe.actual for probe in probes}, no_report


def test_a_report_is_read_and_what_is_none_is_not() -> None:
    well = b'{"cache": "OK", "storage": "PROBLEM"}'
    report = b'{"status": "PROBLEM", "cache": {"status": "OK"}, "redis": {"status": "PROBLEM", "context": {}}}'
    json, html = "application/json", "text/html; charset=UTF-8"
    for answer, output, states, reason in (
        (page(500, json, body=report), b"", {"cache": "OK", "redis": "PROBLEM"}, ""),
        (page(200, json, body=b'{"status": "OK"}'), b"", {}, ""),
        (page(500, html, body=b"<html>"), well, {"cache": "OK", "storage": "PROBLEM"}, "status 500, text/html that"),
        (
            page(500, json, body=b'{"message": "Server Error"}'),
            well,
            {"cache": "OK", "storage": "PROBLEM"},
            "status 500",
        ),
        (page(500, json, body=report[:-9]), b"", {}, "status 500, application/json that is not a JSON report"),
        (page(500, "", body=b""), b"[]", {}, "status 500, content without a type"),
        (ServerFailed("nobody answers"), b"no JSON", {}, "nobody answers"),
    ):
        got, why = observed(answer, output)
        assert got == states, answer
        assert why.startswith(reason), answer
        assert bool(why) == bool(reason), answer


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


def test_a_search_is_looked_at_when_it_has_settled() -> None:
    """Once where it is quiet, after its tasks, and again after what came while it was looked at."""
    assert looked(Queue([0])) == (1, 0)
    queue = Queue([2, 1, 0])
    assert looked(queue) == (1, 0)
    assert queue.pending == [0]
    assert looked(Queue([0], [7, 8, 8])) == (2, 0)
    # One that never settles is looked at all the same, and reported.
    assert looked(Queue([3]), drained_s=0) == (1, 3)
    assert looked(Queue([2], [7, 11]), drained_s=0) == (1, 6)
    # Something came during the last look that counted, so something may come again.
    assert looked(Queue([0], [7, 8, 8]), drained_s=0) == (2, 1)


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

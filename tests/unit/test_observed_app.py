"""What an answer of the application means: a login that failed is no damaged file, and a damaged file is no login."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from harness.base.errors import ServerFailed
from harness.drill.steps.collect_app import login_refused
from harness.drill.steps.health import observe_health
from harness.runtime.services.apiary import Page
from harness.runtime.services.execution import Completed


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

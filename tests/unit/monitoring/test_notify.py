"""Notifications and pings: sent, repeated, refused, and secret."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.model import DrillResult, Verdict
from harness.base.settings import NotificationSettings
from harness.monitoring.config import checked_ping
from harness.monitoring.notify import (
    Event,
    NotSent,
    check_urls,
    event_of,
    notify_not_started,
    notify_overdue,
    notify_result,
)
from harness.monitoring.ping import NotPinged, Signal, ping_ended, ping_started, url_for
from tests.tables import over_table
from tests.unit.monitoring.conftest import Service
from tests.unit.schema.recorded import FAILED, PASSED, recorded

BACKUP = "/srv/backups/apiary-*.sql.gz"
ALL = ("failure", "recovery", "silence")


def settings(*ports: int, on: tuple[str, ...] = ALL, timeout_s: float = 60.0) -> NotificationSettings:
    urls = tuple(f"json://user:secret-password@127.0.0.1:{port}/secret-token" for port in ports)
    return NotificationSettings(notify_urls=urls, notify_on=on, timeout_s=timeout_s)


@pytest.fixture
def bad(tmp_path: Path) -> DrillResult:
    return replace(recorded(FAILED, tmp_path / "bad").load_result(), backup=BACKUP)


@pytest.fixture
def good(tmp_path: Path) -> DrillResult:
    return replace(recorded(PASSED, tmp_path / "good").load_result(), backup=BACKUP)


@pytest.mark.parametrize(
    ("verdict", "expected", "before", "event"),
    [
        (Verdict.FAIL, Verdict.PASS, None, Event.FAILURE),
        (Verdict.FAIL, Verdict.PASS, Verdict.PASS, Event.FAILURE),
        (Verdict.FAIL, Verdict.PASS, Verdict.FAIL, Event.FAILURE),
        (Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.PASS, Event.FAILURE),
        (Verdict.PASS, Verdict.PASS, None, None),
        (Verdict.PASS, Verdict.PASS, Verdict.PASS, None),
        (Verdict.PASS, Verdict.PASS, Verdict.FAIL, Event.RECOVERY),
        (Verdict.PASS, Verdict.PASS, Verdict.INCONCLUSIVE, Event.RECOVERY),
        (Verdict.FAIL, Verdict.FAIL, None, None),
        (Verdict.PASS, Verdict.FAIL, None, Event.FAILURE),
        (Verdict.INCONCLUSIVE, Verdict.FAIL, None, Event.FAILURE),
    ],
)
def test_what_is_news(
    good: DrillResult, verdict: Verdict, expected: Verdict, before: Verdict | None, event: Event | None
) -> None:
    """A negative control that comes out as it should is none."""
    assert event_of(replace(good, verdict=verdict, expected_verdict=expected), before) is event


def test_a_negative_control_that_passes_is_news_one_more_good_drill_is_none_and_long_texts_are_cut(
    service: Service, good: DrillResult, bad: DrillResult
) -> None:
    for before in (None, Verdict.PASS):
        notify_result(good, before, settings(service.port))
    assert service.requests == []
    notify_result(replace(good, expected_verdict=Verdict.FAIL), None, settings(service.port))
    notify_result(replace(bad, reasons=("x" * 10_000,)), None, settings(service.port))
    control, long = service.messages()
    assert control["title"] == "PASS instead of FAIL: restore drill of /srv/backups/apiary-*.sql.gz"
    assert long["message"].splitlines()[0] == "x" * 299 + "…"


def test_a_failure_is_reported_with_what_decided_it(service: Service, bad: DrillResult) -> None:
    notify_result(bad, Verdict.PASS, settings(service.port))
    (message,) = service.messages()
    assert (message["title"], message["type"]) == ("FAIL: restore drill of /srv/backups/apiary-*.sql.gz", "failure")
    lines = message["message"].splitlines()
    assert lines[:5] == list(bad.reasons[:5])
    assert lines[5:] == [
        f"… and {len(bad.reasons) - 5} more.",
        "Recovery time 3 s.",
        "14 errors, 0 warnings. The previous drill was PASS.",
        "Drill 20261122T223700Z-verify-a04187, started 2026-11-22 22:37 UTC.",
    ]


def test_a_recovery_is_reported(service: Service, good: DrillResult) -> None:
    notify_result(good, Verdict.FAIL, settings(service.port))
    (message,) = service.messages()
    assert (message["title"], message["type"]) == (
        "PASS again: restore drill of /srv/backups/apiary-*.sql.gz",
        "success",
    )
    assert message["message"] == (
        "Recovery time 12 s.\n"
        "0 errors, 2 warnings. The previous drill was FAIL.\n"
        "Drill 20261123T002231Z-documented-34852b, started 2026-11-23 00:22 UTC."
    )


def test_silence_is_reported_and_a_drill_that_could_not_begin(service: Service) -> None:
    """A backup that is not where it should be is what a scheduled drill is for."""
    notify_overdue(["apiary: the last passed drill was 101 days ago"], settings(service.port))
    notify_overdue(["one: never", "two: never"], settings(service.port))
    notify_overdue([], settings(service.port))
    notify_not_started("verify", "backups/2* matches nothing", settings(service.port))
    assert [(each["title"], each["message"]) for each in service.messages()] == [
        ("1 backup has no recent passed restore drill", "apiary: the last passed drill was 101 days ago"),
        ("2 backups have no recent passed restore drill", "one: never\ntwo: never"),
        ("restore drill did not start: verify", "backups/2* matches nothing"),
    ]


def test_only_what_was_asked_for_is_reported(service: Service, bad: DrillResult, good: DrillResult) -> None:
    for on, title in ((("failure",), "FAIL:"), (("recovery",), "PASS again:"), (("silence",), "1 backup")):
        service.requests.clear()
        notifications = settings(service.port, on=on)
        notify_result(bad, None, notifications)
        notify_result(good, Verdict.FAIL, notifications)
        notify_overdue(["apiary: never"], notifications)
        (message,) = service.messages()
        assert message["title"].startswith(title)


def body_of(result: DrillResult, notifications: NotificationSettings) -> str:
    with pytest.raises(NotSent) as caught:
        notify_result(result, None, notifications)
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_a_service_that_refuses_is_reported_and_the_others_are_reached(
    service: Service, closed_port: int, bad: DrillResult
) -> None:
    assert body_of(bad, settings(service.port, closed_port)) == (
        "1 of 2 notifications could not be sent: number 2 (JSON) was rejected or could not be reached"
    )
    assert len(service.requests) == 1
    service.statuses = [500]
    assert body_of(bad, settings(service.port)) == (
        "1 of 1 notifications could not be sent: number 1 (JSON) was rejected or could not be reached"
    )


def test_a_service_that_never_answers_is_left_alone(service: Service, bad: DrillResult) -> None:
    service.silent = True
    assert body_of(bad, settings(service.port, service.port, timeout_s=0.5)) == (
        "2 of 2 notifications could not be sent: number 1 (JSON) did not finish within 0.5 s;"
        " number 2 (JSON) did not finish within 0.5 s"
    )


def test_another_service_gets_it_in_its_own_form(service: Service, bad: DrillResult) -> None:
    url = f"xml://127.0.0.1:{service.port}/x"
    notify_result(bad, None, NotificationSettings(notify_urls=(url,), notify_on=ALL))
    ((method, path, body),) = service.requests
    assert (method, path) == ("POST", "/x")
    assert "<Subject>FAIL: restore drill of /srv/backups/apiary-*.sql.gz</Subject>" in body


def test_nothing_is_printed_or_logged_with_a_secret_in_it(
    service: Service,
    closed_port: int,
    bad: DrillResult,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Also with everything logged that libraries can log of their own accord."""
    service.statuses = [500]
    notifications = settings(service.port, closed_port)
    with caplog.at_level(logging.WARNING):
        body_of(bad, notifications)
        with pytest.raises(UsageError):
            check_urls(["nonsense://secret-token"])
    captured = capfd.readouterr()
    assert "secret" not in captured.out + captured.err + caplog.text + repr(notifications)


def test_a_url_that_is_none_is_reported_by_its_number(closed_port: int) -> None:
    check_urls([f"json://127.0.0.1:{closed_port}/secret-token"])
    for wrong in ("nonsense://secret-token", "secret-token", "mailto://", ""):
        with pytest.raises(UsageError) as caught:
            check_urls([f"json://127.0.0.1:{closed_port}/", wrong])
        assert str(caught.value) == (
            "notify.urls: number 2 of 2 is not a URL that apprise supports\n"
            "HINT: See its documentation for the services and the form of their URLs."
        )


def ping_settings(
    port: int, style: str = "plain", timeout_s: float = 60.0, path: str = "/secret-uuid"
) -> NotificationSettings:
    return NotificationSettings(ping=f"http://127.0.0.1:{port}{path}", ping_style=style, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("style", "good", "paths"),
    [
        ("plain", True, ["/secret-uuid"]),
        ("plain", False, []),
        ("healthchecks", True, ["/secret-uuid/start", "/secret-uuid"]),
        ("healthchecks", False, ["/secret-uuid/start", "/secret-uuid/fail"]),
    ],
)
def test_what_a_switch_is_given(service: Service, style: str, good: bool, paths: list[str]) -> None:
    """Only a good drill keeps a plain switch quiet: for the others the silence is the message."""
    ping_started(ping_settings(service.port, style))
    ping_ended(ping_settings(service.port, style), good=good)
    assert [(method, path) for method, path, _ in service.requests] == [("GET", path) for path in paths]


def test_without_a_url_nobody_is_asked() -> None:
    ping_started(NotificationSettings(ping_style="healthchecks"))
    ping_ended(NotificationSettings(), good=True)


@over_table(
    "url, signal, wanted",
    [
        ("https://example.org/u", Signal.GOOD, "https://example.org/u"),
        ("https://example.org/u", Signal.FAIL, "https://example.org/u/fail"),
        ("https://example.org/u/", Signal.START, "https://example.org/u/start"),
        ("https://example.org/u?rid=1&x=y", Signal.FAIL, "https://example.org/u/fail?rid=1&x=y"),
        ("https://example.org/push?status=up", Signal.GOOD, "https://example.org/push?status=up"),
    ],
)
def test_a_signal_goes_behind_the_path(url: str, signal: Signal, wanted: str) -> None:
    assert url_for(url, signal) == wanted


def notified(notifications: NotificationSettings) -> str:
    with pytest.raises(NotPinged) as caught:
        ping_ended(notifications, good=True)
    return str(caught.value)


def test_a_server_that_stumbles_is_asked_again(service: Service, closed_port: int) -> None:
    """One that keeps failing is reported, and at once where asking again is no use, or nobody is there."""
    service.statuses = [500, 503]
    ping_ended(ping_settings(service.port), good=True)
    assert service.paths == ["/secret-uuid"] * 3
    for status, requests in ((500, 3), (404, 1)):
        service.requests.clear()
        service.statuses = [status] * 10
        assert notified(ping_settings(service.port)) == f"the dead man's switch answered {status}"
        assert len(service.requests) == requests
    assert notified(ping_settings(closed_port)) == "the dead man's switch could not be reached"


def test_a_server_that_never_answers_is_left_alone(service: Service) -> None:
    service.silent = True
    assert notified(ping_settings(service.port, timeout_s=0.3)) == "the dead man's switch did not answer within 0.3 s"


def test_a_server_that_answers_a_byte_at_a_time_is_left_alone(service: Service) -> None:
    """Each byte is in time, and all of them never are."""
    service.dripping = True
    assert notified(ping_settings(service.port, timeout_s=0.5)) == "the dead man's switch did not answer within 0.5 s"


@over_table("url", ["", "example.org/u", "ftp://example.org/", "https://", "http://[::1", "https://h:99999/"])
def test_what_cannot_be_asked_for_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_ping(url, "--ping")
    assert str(caught.value) == "--ping: not a URL that starts with https:// or http://"
    assert "secret" not in repr(ping_settings(1))

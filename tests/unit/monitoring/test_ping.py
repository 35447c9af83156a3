"""The dead man's switch is asked for after a good drill, within its time, and never shows its URL."""

from __future__ import annotations

import pytest

from harness.base.errors import UsageError
from harness.base.settings import NotificationSettings
from harness.monitoring.config import checked_ping
from harness.monitoring.ping import NotPinged, Signal, ping_ended, ping_started, url_for
from tests.tables import over_table
from tests.unit.monitoring.conftest import Service


def settings(
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
    ping_started(settings(service.port, style))
    ping_ended(settings(service.port, style), good=good)
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


def test_a_server_that_stumbles_is_asked_again(service: Service) -> None:
    service.statuses = [500, 503]
    ping_ended(settings(service.port), good=True)
    assert service.paths == ["/secret-uuid"] * 3


def notified(notifications: NotificationSettings) -> str:
    with pytest.raises(NotPinged) as caught:
        ping_ended(notifications, good=True)
    return str(caught.value)


def test_a_server_that_keeps_failing_is_reported(service: Service) -> None:
    service.statuses = [500] * 10
    assert notified(settings(service.port)) == "the dead man's switch answered 500"
    assert len(service.requests) == 3


def test_an_answer_that_is_no_use_asking_again_is_reported_at_once(service: Service) -> None:
    service.statuses = [404]
    assert notified(settings(service.port)) == "the dead man's switch answered 404"
    assert len(service.requests) == 1


def test_nobody_there(closed_port: int) -> None:
    assert notified(settings(closed_port)) == "the dead man's switch could not be reached"


def test_a_server_that_never_answers_is_left_alone(service: Service) -> None:
    service.silent = True
    assert notified(settings(service.port, timeout_s=0.3)) == "the dead man's switch did not answer within 0.3 s"


def test_a_server_that_answers_a_byte_at_a_time_is_left_alone(service: Service) -> None:
    """Each byte is in time, and all of them never are."""
    service.dripping = True
    assert notified(settings(service.port, timeout_s=0.5)) == "the dead man's switch did not answer within 0.5 s"


@over_table("url", ["", "example.org/u", "ftp://example.org/", "https://", "http://[::1", "https://h:99999/"])
def test_what_cannot_be_asked_for_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_ping(url, "--ping")
    assert str(caught.value) == "--ping: not a URL that starts with https:// or http://"


def test_the_url_is_not_in_what_is_logged_of_settings() -> None:
    assert "secret" not in repr(settings(1))

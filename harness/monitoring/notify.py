"""Notifications: when somebody has to know, what they read, and sending it through apprise."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.base.errors import HarnessError, UsageError
from harness.base.model import DrillResult, Severity, Verdict
from harness.base.printable import printable_words
from harness.base.settings import NotificationSettings
from harness.monitoring.bounded import run_within

if TYPE_CHECKING:
    from apprise import NotifyBase

_LISTED = 5
_LONGEST = 300


class Event(StrEnum):
    """What somebody is notified of."""

    FAILURE = "failure"
    RECOVERY = "recovery"
    SILENCE = "silence"


class NotSent(HarnessError):
    """A notification could not be sent; the verdict stays what it is."""


def event_of(result: DrillResult, before: Verdict | None) -> Event | None:
    """What a finished drill is to somebody who waits for news; None for one more good drill.

    A negative control is good when it comes out as its scenario expects.

    Args:
        before: what the drill of the same backup before this one came to, or None if there was none.
    """
    if result.verdict is not result.expected_verdict:
        return Event.FAILURE
    return Event.RECOVERY if before not in (None, result.expected_verdict) else None


def check_urls(urls: Sequence[str]) -> None:
    """Whether apprise knows each of them; asked before a drill starts.

    Raises:
        UsageError: one is not a URL; it is named by its number, since it may hold a password.
    """
    for number, url in enumerate(urls, 1):
        if _service(url) is None:
            raise UsageError(
                f"notify.urls: number {number} of {len(urls)} is not a URL that apprise supports",
                "See its documentation for the services and the form of their URLs.",
            )


def notify_result(result: DrillResult, before: Verdict | None, notifications: NotificationSettings) -> None:
    """Tell of a finished drill, if it is an event that has to be sent.

    Raises:
        NotSent: not everybody could be notified.
    """
    event = event_of(result, before)
    if event is not None:
        verdict = f"{result.verdict} again" if event is Event.RECOVERY else str(result.verdict)
        if event is Event.FAILURE and result.expected_verdict is not Verdict.PASS:
            verdict += f" instead of {result.expected_verdict}"
        title = f"{verdict}: restore drill of {_short(result.backup or result.scenario)}"
        _notify(event, title, _text(result, before), notifications)


def notify_not_started(what: str, fact: str, notifications: NotificationSettings) -> None:
    """Tell that a drill could not even begin: for whoever waits for it, that is a failure.

    Args:
        what: the command.
        fact: why, in one sentence.

    Raises:
        NotSent: not everybody could be notified.
    """
    _notify(Event.FAILURE, f"restore drill did not start: {_short(what)}", _short(fact), notifications)


def notify_overdue(backups: Sequence[str], notifications: NotificationSettings) -> None:
    """Tell that good drills have stopped coming.

    Args:
        backups: a sentence for each backup whose last good drill is too old.

    Raises:
        NotSent: not everybody could be notified.
    """
    if backups:
        count = "1 backup has" if len(backups) == 1 else f"{len(backups)} backups have"
        _notify(Event.SILENCE, f"{count} no recent passed restore drill", _listed(backups), notifications)


def _notify(event: Event, title: str, body: str, notifications: NotificationSettings) -> None:
    if not notifications.notify_urls or event not in notifications.notify_on:
        return
    services = [_service(url) for url in notifications.notify_urls]
    kind = "success" if event is Event.RECOVERY else "failure"
    sent = run_within([_sender(service, title, body, kind) for service in services], notifications.timeout_s)
    if failed := [
        f"number {number}{'' if service is None else f' ({service.service_name})'}"
        + (
            f" did not finish within {notifications.timeout_s:g} s"
            if answer is None
            else " was rejected or could not be reached"
        )
        for number, (service, answer) in enumerate(zip(services, sent, strict=True), 1)
        if not answer
    ]:
        raise NotSent(f"{len(failed)} of {len(services)} notifications could not be sent: {'; '.join(failed)}")


def _sender(service: NotifyBase | None, title: str, body: str, kind: str) -> Callable[[], bool]:
    def send() -> bool:
        if service is None:
            return False
        try:
            return bool(service.notify(body=body, title=title, notify_type=kind, body_format="text"))
        except Exception:  # whatever a service's plug-in raises: its text may hold the URL
            return False

    return send


def _service(url: str) -> NotifyBase | None:
    """The service of a URL. What apprise logs is kept back: it names hosts, and of what is no URL, all."""
    from apprise import Apprise, AppriseAsset

    logging.getLogger("apprise").disabled = True
    asset = AppriseAsset(app_id="apiary-drill", app_desc="restore drills", secure_logging=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of modules that its plug-ins import: nothing that an operator could change
        return Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _text(result: DrillResult, before: Verdict | None) -> str:
    counted = {
        severity: sum(finding.severity is severity for finding in result.findings)
        for severity in (Severity.ERROR, Severity.WARNING)
    }
    lines = [_listed(result.reasons)] if result.reasons else []
    if result.recovery_time_s is not None:
        lines.append(f"Recovery time {result.recovery_time_s:.0f} s.")
    lines.append(
        f"{counted[Severity.ERROR]} errors, {counted[Severity.WARNING]} warnings."
        + (f" The previous drill was {before}." if before is not None else "")
    )
    lines.append(f"Drill {result.drill_id}, started {result.started_at:%Y-%m-%d %H:%M} UTC.")
    return "\n".join(lines)


def _listed(lines: Sequence[str]) -> str:
    more = [f"… and {len(lines) - _LISTED} more."] if len(lines) > _LISTED else []
    return "\n".join([*(_short(line) for line in lines[:_LISTED]), *more])


def _short(text: str) -> str:
    text = printable_words(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

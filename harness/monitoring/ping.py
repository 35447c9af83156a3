"""A dead man's switch: asking for a URL after a good drill. When the requests stop, the service behind it rings."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from harness.base.errors import HarnessError
from harness.base.settings import NotificationSettings
from harness.monitoring.bounded import run_within

RETRIES = 2
_RETRIED = (429, 500, 502, 503, 504)


class Signal(StrEnum):
    """What the switch receives; the value is what healthchecks appends to the URL (https://healthchecks.io/docs/)."""

    START = "/start"
    GOOD = ""
    FAIL = "/fail"


class NotPinged(HarnessError):
    """The dead man's switch could not be reached; the verdict stays what it is."""


def ping_started(notifications: NotificationSettings) -> None:
    """Say that a drill begins, to a switch that knows what that means. Raises NotPinged."""
    if notifications.ping and notifications.ping_style == "healthchecks":
        _ping(notifications.ping, Signal.START, notifications.timeout_s)


def ping_ended(notifications: NotificationSettings, *, good: bool) -> None:
    """Say how a drill ended: a good one to every switch, a bad one to a switch that knows what that means.

    Args:
        good: it came out as it should. One that could not begin did not.

    Raises:
        NotPinged: it could not be reached.
    """
    if notifications.ping is None:
        return
    if good:
        _ping(notifications.ping, Signal.GOOD, notifications.timeout_s)
    elif notifications.ping_style == "healthchecks":
        _ping(notifications.ping, Signal.FAIL, notifications.timeout_s)


def url_for(url: str, signal: Signal) -> str:
    """The URL for a signal: appended to the path, with the query where it was."""
    if signal is Signal.GOOD:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + signal))


def _ping(url: str, signal: Signal, timeout_s: float) -> None:
    (problem,) = run_within([lambda: _request(url_for(url, signal), timeout_s)], timeout_s)
    if problem is None:
        problem = f"did not answer within {timeout_s:g} s"
    if problem:
        raise NotPinged(f"the dead man's switch {problem}")


def _request(url: str, timeout_s: float) -> str:
    """Ask for it, again if that may help. Returns what went wrong, never with the URL in it, or an empty text."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    from harness import __version__

    retry = Retry(total=RETRIES, backoff_factor=0.2, status_forcelist=_RETRIED, raise_on_status=False)
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            headers = {"User-Agent": f"apiary-drill/{__version__}"}
            # Streamed: what it says is of no interest, and may be endless.
            with session.get(url, timeout=timeout_s, stream=True, headers=headers) as answer:
                return "" if answer.ok else f"answered {answer.status_code}"
    except requests.Timeout:
        return f"did not answer within {timeout_s:g} s"
    except requests.exceptions.SSLError:
        return "does not have a certificate that this machine trusts"
    except requests.ConnectionError:
        return "could not be reached"
    except (requests.RequestException, ValueError) as error:
        return f"could not be requested: {type(error).__name__}"

"""The application: its artisan commands, its storage directory, its pages.

Nothing here knows whether it talks to the stand-in or to the real image; what differs between the two is in
the profiles at the end of this file.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import requests
import urllib3

from harness.base.errors import ProcedureFailed, ServerFailed, WaitTimeout
from harness.base.limits import Limits, option_for
from harness.runtime.services.artisan_errors import cause_of
from harness.runtime.services.execution import Completed, Host, run

REQUEST_TIMEOUT_S = 10.0
"""Pages take some tenths of a second on the real application; behind one that waits for itself none ever comes."""

_READING = ("--version", "migrate:status", "tinker")
"""Commands that only read, as the harness calls them."""

STANDIN_NAME = "Apiary stand-in"
"""What the stand-in's `php artisan --version` says; Laravel's says `Laravel Framework`."""

_DOWNLOAD_CHUNK_BYTES = 1 << 16
_KEPT_BYTES = 1 << 18
"""The report of `/health` holds the stack trace of each check that failed."""


class Lifecycle(Protocol):
    """Starting and stopping the application, as its runtime does it."""

    def start(self) -> None:
        """Start it and wait until `/ping` answers."""

    def stop(self) -> None:
        """Stop it and wait until it is gone."""

    def running(self) -> bool:
        """Whether it runs now."""


class OwnLifecycle(Lifecycle, Protocol):
    """The same of an application that this drill runs itself."""

    def start(self, environment: Mapping[str, str] | None = None, prepare: Callable[[], None] | None = None) -> None:
        """Start it and wait until `/ping` answers.

        Args:
            environment: is added to its own, this once.
            prepare: is called before, when commands already run where the application is about to.
        """


@dataclass(frozen=True, slots=True)
class Apiary:
    """An Apiary instance.

    Args:
        url: address for the harness.
        host: where `php artisan` runs, with the environment of the app.
        php: how PHP is called there.
        user: numeric user that the commands run as, or None for the one that is there.
        storage_host: where tar runs on the storage directory, also while the app is stopped.
        storage_root: `storage/app` as the storage host sees it.
        storage_uid: owner that the app's files have to have.
        generator: command that fills a stand-in with data; empty for an image that has none.
        limits: how long its commands may take.
        completed: variables of the login that its environment file lacked and the runtime added.
        password: what it asks each request for (HTTP Basic, any name); empty where it asks for none.
        overrides: variables that artisan commands get in place of the app's own: for faults, and for nothing else.
    """

    url: str
    host: Host
    php: tuple[str, ...]
    user: str | None
    storage_host: Host
    storage_root: str
    storage_uid: int
    search_prefix: str
    lifecycle: OwnLifecycle
    generator: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    completed: tuple[str, ...] = ()
    password: str = field(default="", repr=False)
    overrides: dict[str, str] = field(default_factory=dict)

    def artisan(self, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
        """Run `php artisan …` and return how it ended, whatever the exit status is.

        Raises:
            WaitTimeout: it took longer than its limit, which is smaller for a command that only reads.
        """
        limit = "answer_s" if arguments[0] in _READING else "command_s"
        try:
            return run(
                self.host,
                (*self.php, "artisan", *arguments),
                env={**self.overrides, **(env or {})},
                user=self.user,
                timeout_s=getattr(self.limits, limit),
                what=f"`php artisan {arguments[0]}`",
            )
        except WaitTimeout as error:
            raise WaitTimeout(error.fact, f"Allow it more time with {option_for(limit)}.") from error

    def must_artisan(self, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
        """Run `php artisan …`. Raises ProcedureFailed with the cause when it fails, and WaitTimeout."""
        completed = self.artisan(*arguments, env=env)
        if completed.exit_status != 0:
            raise artisan_failed(arguments, completed)
        return completed

    def framework(self) -> tuple[str, str] | None:
        """What `php artisan --version` says: name and version; None where it says nothing that can be read."""
        completed = self.artisan("--version")
        text = re.sub(r"\x1b\[[0-9;]*m", "", completed.stdout.decode("utf-8", "replace"))
        found = re.search(rf"^(Laravel|{STANDIN_NAME})(?: Framework)? v?(\d+(?:\.\w+)*)", text, re.MULTILINE)
        return (found[1], found[2]) if completed.exit_status == 0 and found else None

    def get(self, path: str, *, timeout_s: float = REQUEST_TIMEOUT_S) -> Page:
        """Fetch a page without logging in; the body is digested as it comes and not kept beyond 256 KiB.

        Raises:
            ServerFailed: nobody answers.
        """
        session = requests.Session()
        session.auth = ("drill", self.password) if self.password else None
        return fetch(session, self.url + path, timeout_s=timeout_s, whole_s=self.limits.answer_s)

    def ping(self) -> bool:
        """Whether `/ping` answers `pong`."""
        try:
            page = self.get("/ping", timeout_s=5)
        except ServerFailed:
            return False
        return page.status == 200 and page.beginning.strip() == b"pong"

    def migrations(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the migrations that ran and of those that are pending, as `migrate:status` tells."""
        output = self.must_artisan("migrate:status").stdout.decode("utf-8", "replace")
        ran: list[str] = []
        pending: list[str] = []
        for line in re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines():
            match = re.match(r"\s*(\d{4}_\S+)\s.*?(Ran|Pending)\s*$", line)
            if match:
                (ran if match.group(2) == "Ran" else pending).append(match.group(1))
        return tuple(ran), tuple(pending)


def artisan_failed(arguments: Sequence[str], completed: Completed) -> ProcedureFailed:
    """The error of an artisan command that failed, with its cause."""
    output = completed.stdout.decode("utf-8", "replace")
    cause = cause_of(completed.stderr, output)
    return ProcedureFailed(
        f"`php artisan {' '.join(arguments[:2])}{(' …' if arguments[2:] else '')}` failed with exit "
        f"status {completed.exit_status}" + (f": {cause.rstrip('.')}" if cause else ""),
        details=completed.stderr + output,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the app: status, type, size and SHA-256 of the body, and its first 256 KiB."""

    status: int
    content_type: str
    size_bytes: int
    sha256: str
    beginning: bytes


def fetch(session: requests.Session, url: str, *, timeout_s: float, whole_s: float = Limits().answer_s) -> Page:
    """Fetch a URL as a stream, without following redirects.

    Args:
        timeout_s: how long nothing may come.
        whole_s: how long all of it may take, also where it comes byte by byte.
    """
    deadline = time.monotonic() + whole_s
    try:
        with session.get(url, timeout=timeout_s, stream=True, allow_redirects=False) as answer:
            digest = hashlib.sha256()
            size = 0
            beginning = b""
            # What has come, however little: a whole chunk of a page that drips would take hours.
            while chunk := answer.raw.read1(_DOWNLOAD_CHUNK_BYTES, decode_content=True):
                if time.monotonic() > deadline:
                    raise ServerFailed(f"Apiary at {url} did not complete its answer within {whole_s:g} s")
                digest.update(chunk)
                size += len(chunk)
                beginning += chunk[: _KEPT_BYTES - len(beginning)]
            content_type = answer.headers.get("Content-Type", "")
            return Page(answer.status_code, content_type, size, digest.hexdigest(), beginning)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        late = isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError)
        waited = f" within {timeout_s:g} s" if late else f": {type(error).__name__}"
        raise ServerFailed(f"Apiary at {url} does not answer{waited}") from error

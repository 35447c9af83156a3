"""Asking the application: whether it is well, whether it can decrypt, whether it serves a file unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from harness.artifacts.storage.inventory import read_inventory
from harness.base.errors import HarnessError
from harness.base.expressions import CONFIGURED, health_expression, state_expression
from harness.base.model import AppState, Probe
from harness.checks.encrypted import NOT_READABLE
from harness.procedure.snapshot import encrypted_values
from harness.runtime.services.apiary import Page
from harness.runtime.services.mysql import quote_name
from harness.runtime.services.stack import Stack

DOWNLOADS = 3
"""Resumes fetched through the application."""

_WELL = "OK"
HEALTH_TIMEOUT_S = 10.0
"""It took 2.5 s on the real application with four workers; with one it never comes."""

_NOT_LET_IN = (HTTPStatus.FOUND, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def observe_app(stack: Stack, files: Path | None = None, *, key_given: bool = True) -> AppState:
    """Everything that the application says of itself.

    Args:
        key_given: False where its `APP_KEY` is one that the harness made up, which proves nothing.
        files: inventory of the storage directory as it must be, which a download is compared with; without it
            neither downloads nor health are asked for. A download logs in, which leaves a row: look at the database
            before.
    """
    ran, pending = stack.apiary.migrations()
    with stack.mysql.session() as session:
        encrypted = tuple(encrypted_values(session, stack.mysql.database))
    decrypt, configuration = _state(stack, encrypted if key_given else ())
    ping = _ping(stack)
    downloads, no_login = _downloads(stack, files) if files is not None else ((), "")
    health, no_report = observe_health(stack) if files is not None else ((), "")
    return AppState(
        ping=ping,
        health=health,
        migrations_ran=ran,
        migrations_pending=pending,
        decrypt=tuple(decrypt),
        not_decrypted=() if key_given else tuple(column for column, _ in encrypted),
        configuration=tuple(configuration),
        downloads=downloads,
        no_report=no_report,
        no_login=no_login,
        completed=stack.apiary.completed,
    )


def _ping(stack: Stack) -> Probe:
    try:
        page = stack.apiary.get("/ping")
    except HarnessError as error:
        return Probe("ping", "/ping", "pong", "", error.fact)
    if page.status != HTTPStatus.OK:
        maintenance = ", as in maintenance mode" if page.status == HTTPStatus.SERVICE_UNAVAILABLE else ""
        return Probe("ping", "/ping", "pong", "", f"status {page.status}{maintenance}")
    return Probe("ping", "/ping", "pong", "pong" if page.beginning.strip() == b"pong" else "another text")


def _state(stack: Stack, encrypted: Sequence[tuple[str, str]]) -> tuple[list[Probe], list[Probe]]:
    """What the application makes of encrypted values, as pairs (column, payload), and of its environment.

    Returns:
        A probe for each column, of which only a digest comes out, and one for each variable: none if it did not answer.
    """
    expression = state_expression([payload for _, payload in encrypted])
    answer = stack.apiary.artisan("tinker", f"--execute={expression}").stdout
    try:
        state = json.loads(answer)
        digests, stale = list(zip(encrypted, state["digests"], strict=True)), state["differs"]
    except (ValueError, KeyError, TypeError):
        digests, stale = [(each, None) for each in encrypted], None
    decrypt = []
    for (column, _), digest in digests:
        # What must come out is the plain text itself: its digest at the source, or any digest at all.
        text = digest if isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) else ""
        decrypt.append(Probe("decrypt", column, text, text, "" if text else NOT_READABLE))
    return decrypt, [
        Probe("configuration", name, "as in the environment", "another" if name in stale else "as in the environment")
        for name in (CONFIGURED if stale is not None else ())
    ]


def _downloads(stack: Stack, files: Path) -> tuple[tuple[Probe, ...], str]:
    """Fetch resumes through the app and compare their digests with the inventory's.

    Returns:
        The probes, and why the login failed (empty when it did not): then there are none.
    """
    with stack.mysql.session() as session:
        tables = {name for (name,) in session.rows(f"SHOW TABLES FROM {quote_name(stack.mysql.database)}")}
        if not {"resumes", "users"} <= tables:
            return (), ""
        owners = list(
            session.rows(
                f"SELECT u.id, u.uid FROM {quote_name(stack.mysql.database, 'resumes')} r"
                f" JOIN {quote_name(stack.mysql.database, 'users')} u ON u.id = CAST(r.user_id AS UNSIGNED)"
                " WHERE u.deleted_at IS NULL ORDER BY r.id LIMIT %s",
                (DOWNLOADS,),
            )
        )
    wanted = {f"resumes/{uid}.pdf".encode(): f"/users/{user_id}/resume" for user_id, uid in owners}
    probes: list[Probe] = []
    for entry in read_inventory(files):
        if entry.path not in wanted:
            continue
        path = wanted.pop(entry.path)
        try:
            page = stack.apiary.get(path)
        except HarnessError as error:
            # Whoever does not answer once would be waited for three times.
            return (*probes, Probe("download", path, entry.sha256, "", error.fact)), ""
        if refusal := login_refused(page):
            return (), refusal
        problem = "" if page.status == HTTPStatus.OK else f"status {page.status}"
        probes.append(Probe("download", path, entry.sha256, "" if problem else page.sha256, problem))
    probes += [Probe("download", path, "a file", "", "the file is not there") for path in wanted.values()]
    return tuple(probes), ""


def login_refused(page: Page) -> str:
    """Why a page says that the visitor was not let in, or empty: then the file decides.

    The CAS client ends a request that it cannot serve silently: 200, `text/html`, nothing in it (APIARY.md).
    """
    if page.status in _NOT_LET_IN:
        return f"status {page.status}"
    if page.status == HTTPStatus.OK and page.size_bytes == 0 and page.content_type.startswith("text/html"):
        return "status 200 with an empty HTML page"
    return ""


def observe_health(stack: Stack) -> tuple[tuple[Probe, ...], str]:
    """Ask for the state of each health check.

    Ask last: with a single worker `/health` waits for itself, and every request after it waits as well.

    Returns:
        One probe for each check that gave a status, and why `/health` gave no report (empty when it did).
    """
    try:
        page = stack.apiary.get("/health", timeout_s=HEALTH_TIMEOUT_S)
    except HarnessError as error:
        return _one_by_one(stack), error.fact
    if (states := _report(page)) is not None:
        return _probes(states), ""
    kind = page.content_type.partition(";")[0] or "content without a type"
    return _one_by_one(stack), f"status {page.status}, {kind} that is not a JSON report"


def _report(page: Page) -> dict[str, str] | None:
    """The state of each check: `{"status": …, "<check>": {"status": …, "message": …}}`; its messages are left out."""
    try:
        report = json.loads(page.beginning)
    except ValueError:
        return None
    if not isinstance(report, dict) or "status" not in report:
        return None
    return {name: str(part["status"]) for name, part in report.items() if isinstance(part, dict) and "status" in part}


def _one_by_one(stack: Stack) -> tuple[Probe, ...]:
    """The checks that can hold in a closed network, run by the application's own command line; none if it fails."""
    try:
        states = json.loads(stack.apiary.artisan("tinker", f"--execute={health_expression()}").stdout)
    except (HarnessError, ValueError):
        return ()
    return _probes(states) if isinstance(states, dict) else ()


def _probes(states: dict[str, str]) -> tuple[Probe, ...]:
    return tuple(Probe("health", name, _WELL, str(state)) for name, state in states.items())

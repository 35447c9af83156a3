"""Asking the application: whether it is well, whether it can decrypt, whether it serves a file unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from harness.checks.encrypted import NOT_READABLE
from harness.errors import HarnessError
from harness.expressions import CONFIGURED, decrypt_digest_expression, stale_configuration_expression
from harness.model import AppState, Probe
from harness.services.mysql import quote_name
from harness.services.stack import Stack
from harness.snapshot import encrypted_values
from harness.storage.inventory import read_inventory

DOWNLOADS = 3
"""Resumes fetched through the application."""


def observe_app(stack: Stack, files: Path | None = None, *, key_given: bool = True) -> AppState:
    """Everything that the application says of itself.

    Args:
        key_given: False where its `APP_KEY` is one that the harness made up, which proves nothing.
        files: inventory of the storage directory as it must be, which a download is compared with; without it
            nothing is downloaded. A download logs in, which leaves a row: look at the database before.
    """
    ran, pending = stack.apiary.migrations()
    with stack.mysql.session() as session:
        encrypted = tuple(encrypted_values(session, stack.mysql.database))
    return AppState(
        ping=_ping(stack),
        health=_health(stack),
        migrations_ran=ran,
        migrations_pending=pending,
        decrypt=tuple(_decrypt(stack, encrypted)) if key_given else (),
        not_decrypted=() if key_given else tuple(column for column, _ in encrypted),
        configuration=tuple(_configuration(stack)),
        downloads=tuple(_downloads(stack, files)) if files is not None else (),
    )


def _ping(stack: Stack) -> Probe:
    answers = stack.apiary.ping()
    return Probe("ping", "/ping", "pong", "pong" if answers else "", "" if answers else "no answer")


def _health(stack: Stack) -> Probe:
    try:
        page = stack.apiary.get("/health")
    except HarnessError as error:
        return Probe("health", "/health", "200", "", error.fact)
    return Probe("health", "/health", "200", str(page.status), "" if page.status == 200 else _unwell(page.beginning))


def _unwell(body: bytes) -> str:
    """The names of the checks that failed, as the health page lists them; not their messages.

    The page is ans-group/laravel-health-check's: `{"status": …, "<check>": {"status": …, "message": …}}`.
    """
    try:
        report = json.loads(body)
        failed = [name for name, told in report.items() if isinstance(told, dict) and told.get("status") != "OK"]
    except (ValueError, AttributeError):
        return "it does not say what is wrong"
    return f"not well: {', '.join(failed)}" if failed else "it names no failed check"


def _decrypt(stack: Stack, values: Sequence[tuple[str, str]]) -> list[Probe]:
    """Decrypt one value of each encrypted column, as pairs (column, payload), in the app; only a digest comes out."""
    probes = []
    for label, payload in values:
        completed = stack.apiary.artisan("tinker", f"--execute={decrypt_digest_expression(payload)}")
        digest = completed.stdout.decode("utf-8", "replace").strip()
        works = completed.exit_status == 0 and re.fullmatch(r"[0-9a-f]{64}", digest) is not None
        # What must come out is the plain text itself: its digest at the source, or any digest at all.
        probes.append(
            Probe("decrypt", label, digest if works else "", digest if works else "", "" if works else NOT_READABLE)
        )
    return probes


def _configuration(stack: Stack) -> list[Probe]:
    """Whether the application uses what its environment says; none where it did not tell."""
    completed = stack.apiary.artisan("tinker", f"--execute={stale_configuration_expression()}")
    told = re.fullmatch(r"differs:([A-Z_,]*)", completed.stdout.decode("utf-8", "replace").strip())
    if completed.exit_status != 0 or told is None:
        return []
    stale = told[1].split(",")
    return [
        Probe("configuration", name, "as in the environment", "another" if name in stale else "as in the environment")
        for name in CONFIGURED
    ]


def _downloads(stack: Stack, files: Path) -> list[Probe]:
    """Fetch resumes through the app and compare their digests with the inventory's."""
    with stack.mysql.session() as session:
        tables = {name for (name,) in session.rows(f"SHOW TABLES FROM {quote_name(stack.mysql.database)}")}
        if not {"resumes", "users"} <= tables:
            return []
        owners = list(
            session.rows(
                f"SELECT u.id, u.uid FROM {quote_name(stack.mysql.database, 'resumes')} r"
                f" JOIN {quote_name(stack.mysql.database, 'users')} u ON u.id = CAST(r.user_id AS UNSIGNED)"
                " WHERE u.deleted_at IS NULL ORDER BY r.id LIMIT %s",
                (DOWNLOADS,),
            )
        )
    wanted = {f"resumes/{uid}.pdf".encode(): user_id for user_id, uid in owners}
    probes = []
    for entry in read_inventory(files):
        if entry.path in wanted:
            path = f"/users/{wanted[entry.path]}/resume"
            try:
                page = stack.apiary.get(path)
            except HarnessError as error:
                probes.append(Probe("download", path, entry.sha256, "", error.fact))
                continue
            told = "" if page.status == 200 else f"status {page.status}"
            probes.append(Probe("download", path, entry.sha256, page.sha256 if page.status == 200 else "", told))
    missing = set(wanted) - {entry.path for entry in read_inventory(files)}
    probes += [
        Probe("download", f"/users/{wanted[path]}/resume", "a file", "", "the file is not there") for path in missing
    ]
    return probes

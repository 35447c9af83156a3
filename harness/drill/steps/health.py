"""The application's health checks, one by one: as `/health` reports them, or run by `tinker` where it does not."""

from __future__ import annotations

import json

from harness.base.errors import HarnessError
from harness.base.expressions import health_expression
from harness.base.model import Probe
from harness.runtime.services.apiary import Page
from harness.runtime.services.stack import Stack

WELL = "OK"

TIMEOUT_S = 10.0
"""It took 2.5 s on the real application with four workers; with one it never comes."""


def observe_health(stack: Stack) -> tuple[tuple[Probe, ...], str]:
    """Ask for the state of each health check.

    Ask last: with a single worker `/health` waits for itself, and every request after it waits as well.

    Returns:
        One probe for each check that gave a status, and why `/health` gave no report (empty when it did).
    """
    try:
        page = stack.apiary.get("/health", timeout_s=TIMEOUT_S)
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
    return tuple(Probe("health", name, WELL, str(state)) for name, state in states.items())

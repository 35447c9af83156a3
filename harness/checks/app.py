"""The application: whether it answers, and whether it agrees with the database that it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.base.expressions import HEALTH_CHECKS
from harness.base.model import AppState, CheckResult, EgressAttempt, Finding, Severity
from harness.checks.collector import Collector
from harness.checks.search import check_probes

_BESIDE = {
    "http": "frontend assets",
    "package-security": "the internet",
    "horizon": "Horizon and Redis",
    "redis": "Redis",
    "scheduler": "the scheduler",
}
"""Checks of `/health` that need what production runs beside the application or what a closed network lacks."""


def check_answers(app: AppState) -> CheckResult:
    """`/ping` answers, and the health checks that can hold in a disposable target hold."""
    found = Collector("app-answers", "The application answers and its health checks pass")
    found.compared = 1
    if app.ping.error or app.ping.expected != app.ping.actual:
        found.add(
            "app-ping",
            app.ping.subject,
            f"{app.ping.subject} of the restored application does not answer as it should"
            + (f": {app.ping.error}." if app.ping.error else "."),
            expected=app.ping.expected,
            actual=app.ping.actual or "nothing",
        )
    failed = []
    for probe in app.health:
        if probe.subject not in HEALTH_CHECKS:
            failed += [probe.subject] if probe.actual != probe.expected else []
            continue
        found.compared += 1
        if probe.actual != probe.expected:
            found.add(
                "app-health",
                probe.subject,
                f"The restored application's own health check of its {probe.subject} fails.",
                expected=probe.expected,
                actual=probe.actual,
            )
    _tell_unproven(found, app, failed)
    return found.result()


def _tell_unproven(found: Collector, app: AppState, failed: Sequence[str]) -> None:
    """Name the health checks that nothing can be concluded from."""
    if not failed and not app.no_report:
        return
    names = failed or list(_BESIDE)
    needs = ", ".join(f"{name} ({_BESIDE[name]})" if name in _BESIDE else name for name in names)
    message = f"Health checks that need what a disposable target lacks are not judged: {needs}."
    if app.no_report:
        run = ", ".join(probe.subject for probe in app.health)
        instead = f"Its checks {run} were run one by one." if run else "Its checks could not be run one by one either."
        message = f"/health gave no report ({app.no_report}). {instead} {message}"
    found.add(
        "app-health-unproven",
        "/health",
        message,
        severity=Severity.INFO,
        remedy="Ask /health of the instance in production: it says nothing of the backup.",
    )


def check_downloads(app: AppState) -> CheckResult:
    """A resume downloaded through the application is the file that was backed up, where the login lets the drill in."""
    found = check_probes(
        "downloads",
        "A resume downloaded through the application is the file that was backed up",
        "download",
        app.downloads,
        "{subject} does not come back through the application as it was backed up.",
    )
    if app.completed:
        found = replace(found, evidence=(*found.evidence, ("added for the login", ", ".join(app.completed))))
    if not app.no_login:
        return found
    told = Finding(
        code="download-unproven",
        severity=Severity.INFO,
        subject="/users/{id}/resume",
        message=f"The login did not let the drill in ({app.no_login}): that the application serves files is not"
        " proven. The files themselves were compared in the storage directory.",
        remedy="The drill sets CAS_MASQUERADE, CAS_HOSTNAME and CAS_REAL_HOSTS; a configuration that is cached in the"
        " image wins over them: run `php artisan config:clear` there.",
    )
    return replace(found, findings=(*found.findings, told))


def check_configuration(app: AppState) -> CheckResult:
    """The application uses what its environment says: a cached configuration wins over it, and can be of another."""
    found = Collector("configuration", "The application uses the configuration that it was given")
    found.compared = len(app.configuration)
    if not app.configuration:
        found.unknown = "the application did not say what it uses"
    for probe in app.configuration:
        if probe.expected != probe.actual:
            found.add(
                "config-stale",
                probe.subject,
                f"The application uses another {probe.subject} than its environment says: a cached configuration wins.",
                expected=probe.expected,
                actual=probe.actual,
                remedy="Run `php artisan config:clear` or `config:cache` where the application runs, then drill again.",
            )
    return found.result()


def check_migrations(app: AppState, unknown: Sequence[str] = ()) -> CheckResult:
    """Every migration that the application knows has run on the restored database, and no other.

    Args:
        app: what `migrate:status` says.
        unknown: migrations of the backup that this application does not know. A warning: an application is known
            to work with a few columns too many, and names of migrations have been changed after they ran.
    """
    found = Collector("migrations", "The restored database has the structure that the application expects")
    found.compared = len(app.migrations_ran) + len(app.migrations_pending)
    if app.migrations_pending:
        found.add(
            "migrations-pending",
            "migrations",
            f"{len(app.migrations_pending)} migrations have not run on the restored database, the first is"
            f" {app.migrations_pending[0]}: the application is newer than the backup.",
            expected=0,
            actual=len(app.migrations_pending),
            remedy="Restore into the version that made the backup, or drill the newer one with --migrate.",
        )
    if unknown:
        found.add(
            "migrations-unknown",
            "migrations",
            f"The backup has run {len(unknown)} migrations that this application does not know, the first is"
            f" {unknown[0]}: the application is older than the backup.",
            severity=Severity.WARNING,
            expected=0,
            actual=len(unknown),
            remedy="Restore into the version that made the backup.",
        )
    found.evidence("migrations that ran", len(app.migrations_ran))
    return found.result()


def check_egress(attempts: Sequence[EgressAttempt]) -> CheckResult:
    """A restored application has no way out: it would send mail and call payment services."""
    found = Collector("network-isolation", "The restored application cannot reach anybody outside")
    found.compared = sum(1 for attempt in attempts if not attempt.unknown)
    for attempt in attempts:
        if attempt.reached:
            found.add(
                "egress",
                attempt.target,
                f"From inside the restored application a {attempt.kind} of {attempt.target} worked.",
                expected="no answer",
                actual=attempt.detail,
                remedy="Stop the restored copy at once: it can send mail and call payment services.",
            )
    told = [attempt.unknown for attempt in attempts if attempt.unknown]
    if told:
        found.unknown = told[0]
    found.evidence("attempts", len(attempts))
    return found.result()

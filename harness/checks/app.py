"""The application: whether it answers, and whether it agrees with the database that it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.base.expressions import HEALTH_CHECKS
from harness.base.model import AppState, CheckResult, EgressAttempt, Finding, Prestart, Severity
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
    found = Collector("app-answers", "The application answers and reports healthy")
    found.compared = 1
    if not app.ping.answered:
        found.add(
            "app-ping",
            app.ping.subject,
            f"{app.ping.subject} of the restored application does not answer as expected"
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
    _report_unproven(found, app, failed)
    return found.result()


def _report_unproven(found: Collector, app: AppState, failed: Sequence[str]) -> None:
    """Name the health checks that nothing can be concluded from."""
    if not failed and not app.no_report:
        return
    names = failed or list(_BESIDE)
    needs = ", ".join(f"{name} ({_BESIDE[name]})" if name in _BESIDE else name for name in names)
    message = f"Health checks that depend on what a disposable target lacks are skipped: {needs}."
    if app.no_report:
        run = ", ".join(probe.subject for probe in app.health)
        instead = f"Its checks {run} were run one by one." if run else "Its checks could not be run one by one either."
        message = f"/health returned no report ({app.no_report}). {instead} {message}"
    found.add(
        "app-health-unproven",
        "/health",
        message,
        severity=Severity.INFO,
        remedy="Check /health of the production instance: this says nothing about the backup.",
    )


def check_downloads(app: AppState) -> CheckResult:
    """A resume downloaded through the application is the file that was backed up, where the login lets the drill in."""
    found = check_probes(
        "downloads",
        "Files download through the application unchanged",
        "download",
        app.downloads,
        "{subject} was not returned by the application as it was backed up.",
    )
    if app.completed:
        found = replace(found, evidence=(*found.evidence, ("added for the login", ", ".join(app.completed))))
    if not app.no_login:
        return found
    finding = Finding(
        code="download-unproven",
        severity=Severity.INFO,
        subject="/users/{id}/resume",
        message=f"The drill could not log in ({app.no_login}), so file downloads through the application were not "
        "verified. The files themselves were compared in the storage directory.",
        remedy="The drill sets CAS_MASQUERADE, CAS_HOSTNAME and CAS_REAL_HOSTS; a cached configuration in the "
        "image overrides them: run `php artisan config:clear` there.",
    )
    return replace(found, findings=(*found.findings, finding))


def check_configuration(app: AppState) -> CheckResult:
    """The application uses what its environment says: a cached configuration wins over it, and can be of another."""
    found = Collector("configuration", "The application uses the configuration it was given")
    found.compared = len(app.configuration)
    if not app.configuration:
        found.unknown = "the application did not report its configuration"
    if app.prestart is not None:
        _report_prestart(found, app.prestart)
    for probe in app.configuration:
        if probe.expected != probe.actual:
            found.add(
                "config-stale",
                probe.subject,
                f"The application uses a different {probe.subject} than its environment says: a cached "
                "configuration overrides it.",
                expected=probe.expected,
                actual=probe.actual,
                remedy="Run `php artisan config:clear` or `config:cache` where the application runs, then drill again.",
            )
    return found.result()


def _report_prestart(found: Collector, prestart: Prestart) -> None:
    """Say what ran before the application, and name what proves nothing."""
    found.evidence("before the start", ", ".join(prestart.ran))
    if prestart.failed:
        found.evidence("before the start, not proven", ", ".join(prestart.failed))
    for command in prestart.unknown:
        found.add(
            "prestart-command-unknown",
            command,
            f"The application has no command `{command}`, which production's start of the job runs: it was left out.",
            severity=Severity.INFO,
            remedy="Compare the prestart script of the job with what this version of the application has.",
        )


def check_migrations(app: AppState, unknown: Sequence[str] = ()) -> CheckResult:
    """Every migration that the application knows has run on the restored database, and no other.

    Args:
        unknown: migrations of the backup that this application does not know. A warning: an application is known
            to work with a few columns too many, and names of migrations have been changed after they ran.
    """
    found = Collector("migrations", "The database schema matches the application version")
    found.compared = len(app.migrations_ran) + len(app.migrations_pending)
    if app.migrations_pending:
        found.add(
            "migrations-pending",
            "migrations",
            f"{len(app.migrations_pending)} migrations have not run on the restored database, the first is "
            f"{app.migrations_pending[0]}: the application is newer than the backup.",
            expected=0,
            actual=len(app.migrations_pending),
            remedy="Restore into the version that made the backup, or drill the newer version with --migrate.",
        )
    if unknown:
        found.add(
            "migrations-unknown",
            "migrations",
            f"The backup contains {len(unknown)} migrations that this application does not know, the first is "
            f"{unknown[0]}: the application is older than the backup.",
            severity=Severity.WARNING,
            expected=0,
            actual=len(unknown),
            remedy="Restore into the version that made the backup.",
        )
    found.evidence("migrations that ran", len(app.migrations_ran))
    return found.result()


def check_egress(attempts: Sequence[EgressAttempt]) -> CheckResult:
    """A restored application has no way out: it would send mail and call payment services."""
    found = Collector("network-isolation", "Network isolation: no outbound access")
    found.compared = sum(1 for attempt in attempts if not attempt.unknown)
    for attempt in attempts:
        if attempt.reached:
            found.add(
                "egress",
                attempt.target,
                f"From inside the restored application, a {attempt.kind} of {attempt.target} succeeded.",
                expected="no answer",
                actual=attempt.detail,
                remedy="Stop the restored instance now: it can send mail and call payment services.",
            )
    unknown = [attempt.unknown for attempt in attempts if attempt.unknown]
    if unknown:
        found.unknown = unknown[0]
    found.evidence("attempts", len(attempts))
    return found.result()

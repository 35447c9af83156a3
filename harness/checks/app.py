"""The application: whether it answers, and whether it agrees with the database that it got."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checks.collector import Collector
from harness.model import AppState, CheckResult, EgressAttempt, Severity


def check_answers(app: AppState) -> CheckResult:
    """`/ping` answers, and `/health` says that all it depends on is well."""
    found = Collector("app-answers", "The application answers and says that it is well")
    for code, probe in (("app-ping", app.ping), ("app-health", app.health)):
        found.compared += 1
        if probe.error or probe.expected != probe.actual:
            found.add(
                code,
                probe.subject,
                f"{probe.subject} of the restored application does not answer as it should"
                + (f": {probe.error}." if probe.error else "."),
                expected=probe.expected,
                actual=probe.actual or "nothing",
            )
    return found.result()


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
    found = Collector("no-way-out", "The restored application cannot reach anybody outside")
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

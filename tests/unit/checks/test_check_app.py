"""The checks on the application: nothing where it is well, and one finding for each thing that is not."""

from __future__ import annotations

from harness.checks.app import check_answers, check_configuration, check_egress, check_migrations
from harness.model import EgressAttempt, Probe, Severity
from tests.unit.checks.builders import app, finding, only


def test_an_application_that_is_well() -> None:
    result = check_answers(app())
    assert (result.check, result.findings, result.compared) == ("app-answers", (), 2)


def test_ping_that_answers_with_something_else() -> None:
    assert only(check_answers(app(ping=Probe("ping", "/ping", "pong", "502")))) == finding(
        "app-ping", "/ping", "/ping of the restored application does not answer as it should.", "pong", "502"
    )


def test_health_that_does_not_answer() -> None:
    health = Probe("health", "/health", "200", "", "connection refused")
    assert only(check_answers(app(health=health))) == finding(
        "app-health",
        "/health",
        "/health of the restored application does not answer as it should: connection refused.",
        "200",
        "nothing",
    )


def test_an_application_that_uses_what_it_was_given() -> None:
    result = check_configuration(app())
    assert (result.check, result.findings, result.compared, result.unknown) == ("configuration", (), 1, "")


def test_a_cached_configuration_that_wins_over_the_environment() -> None:
    result = check_configuration(
        app(
            configuration=(
                Probe("configuration", "APP_KEY", "as in the environment", "another"),
                Probe("configuration", "DB_HOST", "as in the environment", "as in the environment"),
            )
        )
    )
    assert only(result) == finding(
        "config-stale",
        "APP_KEY",
        "The application uses another APP_KEY than its environment says: a cached configuration wins.",
        "as in the environment",
        "another",
        "Run `php artisan config:clear` or `config:cache` where the application runs, then drill again.",
    )
    assert result.compared == 2


def test_an_application_that_does_not_say_what_it_uses() -> None:
    result = check_configuration(app(configuration=()))
    assert (result.findings, result.unknown) == ((), "the application did not say what it uses")


def test_migrations_that_all_ran() -> None:
    result = check_migrations(app())
    assert (result.check, result.findings, result.compared) == ("migrations", (), 1)
    assert result.evidence == (("migrations that ran", "1"),)


def test_an_application_that_is_newer_than_the_backup() -> None:
    result = check_migrations(app(pending=("2026_01_01_000000_add_a", "2026_02_01_000000_add_b")))
    assert only(result) == finding(
        "migrations-pending",
        "migrations",
        "2 migrations have not run on the restored database, the first is 2026_01_01_000000_add_a: the application"
        " is newer than the backup.",
        "0",
        "2",
        "Restore into the version that made the backup, or drill the newer one with --migrate.",
    )
    assert result.compared == 3


def test_an_application_that_is_older_than_the_backup() -> None:
    """A warning: names of migrations have been changed after they ran, and then nothing is wrong."""
    result = check_migrations(app(), ("2027_01_01_000000_add_c", "2027_02_01_000000_add_d"))
    assert only(result) == finding(
        "migrations-unknown",
        "migrations",
        "The backup has run 2 migrations that this application does not know, the first is"
        " 2027_01_01_000000_add_c: the application is older than the backup.",
        "0",
        "2",
        "Restore into the version that made the backup.",
        Severity.WARNING,
    )


def test_an_application_without_a_way_out() -> None:
    result = check_egress((EgressAttempt("lookup", "example.com", False),))
    assert (result.check, result.findings, result.compared, result.unknown) == ("no-way-out", (), 1, "")


def test_an_application_that_reaches_somebody() -> None:
    attempt = EgressAttempt("connection", "1.1.1.1:443", True, detail="exit status 0")
    assert only(check_egress((attempt,))) == finding(
        "egress",
        "1.1.1.1:443",
        "From inside the restored application a connection of 1.1.1.1:443 worked.",
        "no answer",
        "exit status 0",
        "Stop the restored copy at once: it can send mail and call payment services.",
    )


def test_attempts_that_could_not_be_made_prove_nothing() -> None:
    result = check_egress((EgressAttempt("lookup", "example.com", False, unknown="getent could not run: gone"),))
    assert (result.compared, result.findings, result.unknown) == (0, (), "getent could not run: gone")

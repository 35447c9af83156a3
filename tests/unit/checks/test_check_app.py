"""The checks on the application and its encrypted values: one finding for each thing that is not well."""

from dataclasses import replace

from harness.base.model import EgressAttempt, Prestart, Probe, Severity
from harness.checks.app import check_answers, check_configuration, check_downloads, check_egress, check_migrations
from harness.checks.encrypted import NOT_READABLE, check_encrypted_values
from tests.unit.checks.builders import app, finding, only


def health(**states: str) -> tuple[Probe, ...]:
    return tuple(Probe("health", name.replace("_", "-"), "OK", state) for name, state in states.items())


def test_an_application_that_is_well() -> None:
    result = check_answers(app())
    assert (result.check, result.findings, result.compared) == ("app-answers", (), 3)


def test_ping_that_answers_with_something_else() -> None:
    assert only(check_answers(app(ping=Probe("ping", "/ping", "pong", "502")))) == finding(
        "app-ping | /ping | pong | 502", "/ping of the restored application does not answer as expected."
    )


def test_a_health_check_of_what_the_drill_provides_fails() -> None:
    for name in ("cache", "database", "log", "migration", "storage"):
        result = check_answers(app(health=health(**{"storage": "OK", "scheduler": "OK", name: "PROBLEM"})))
        assert only(result) == finding(
            f"app-health | {name} | OK | PROBLEM", f"The restored application's own health check of its {name} fails."
        )


def test_health_checks_that_cannot_hold_in_a_closed_network_are_not_judged() -> None:
    result = check_answers(app(health=health(database="OK", http="PROBLEM", package_security="PROBLEM", queue="BAD")))
    finding = only(result)
    assert (finding.code, finding.severity, finding.subject) == ("app-health-unproven", Severity.INFO, "/health")
    assert finding.message == (
        "Health checks that depend on what a disposable target lacks are skipped: http (frontend assets), "
        "package-security (the internet), queue."
    )
    assert result.compared == 2


def test_health_that_gives_no_report() -> None:
    finding = only(check_answers(app(no_report="status 500, text/html that is not a JSON report")))
    assert (finding.code, finding.severity) == ("app-health-unproven", Severity.INFO)
    assert finding.message.startswith(
        "/health returned no report (status 500, text/html that is not a JSON report). Its checks database, storage "
        "were run one by one. Health checks that "
    )
    assert all(f"{name} (" in finding.message for name in ("http", "package-security", "horizon", "redis", "scheduler"))
    silent = only(check_answers(app(health=(), no_report="no answer")))
    assert "could not be run one by one either." in silent.message
    broken = check_answers(app(health=health(database="PROBLEM"), no_report="no answer"))
    assert [(each.code, each.severity) for each in broken.findings] == [
        ("app-health", Severity.ERROR),
        ("app-health-unproven", Severity.INFO),
    ]


def test_downloads_that_come_back_and_one_that_does_not() -> None:
    well = check_downloads(app(completed=("CAS_HOSTNAME",)))
    assert (well.check, well.findings, well.compared) == ("downloads", (), 1)
    assert well.evidence[-1] == ("added for the login", "CAS_HOSTNAME")
    other = Probe("download", "/users/1/resume", "d2", "d3")
    assert only(check_downloads(app(downloads=(other,)))) == finding(
        "download | /users/1/resume | d2 | d3",
        "/users/1/resume was not returned by the application as it was backed up.",
    )


def test_a_login_that_does_not_let_the_drill_in() -> None:
    result = check_downloads(app(downloads=(), no_login="status 200 with an empty HTML page"))
    finding = only(result)
    assert (finding.code, finding.severity, result.compared) == ("download-unproven", Severity.INFO, 0)
    assert finding.message.startswith("The drill could not log in (status 200 with an empty HTML page), so ")
    assert "config:clear" in finding.remedy


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
        "config-stale | APP_KEY | as in the environment | another",
        "The application uses a different APP_KEY than its environment says: a cached configuration overrides it.",
        "Run `php artisan config:clear` or `config:cache` where the application runs, then drill again.",
    )
    assert result.compared == 2


def test_what_ran_before_the_application_is_reported() -> None:
    """Settings that are the drill's own are no finding; a command that this application lacks is named."""
    healthy = Prestart(("config:cache", "migrate --force"), failed=("config:validate",))
    result = check_configuration(replace(app(), prestart=healthy))
    assert (result.findings, result.unknown) == ((), "")
    assert result.evidence == (
        ("before the start", "config:cache, migrate --force"),
        ("before the start, not proven", "config:validate"),
    )
    finding = only(check_configuration(replace(app(), prestart=Prestart((), unknown=("responsecache:clear",)))))
    assert (finding.code, finding.severity, finding.subject) == (
        "prestart-command-unknown",
        Severity.INFO,
        "responsecache:clear",
    )
    assert finding.message.startswith("The application has no command `responsecache:clear`, which production's start")


def test_an_application_that_does_not_say_what_it_uses() -> None:
    result = check_configuration(app(configuration=()))
    assert (result.findings, result.unknown) == ((), "the application did not report its configuration")


def test_migrations_that_all_ran() -> None:
    result = check_migrations(app())
    assert (result.check, result.findings, result.compared) == ("migrations", (), 1)
    assert result.evidence == (("migrations that ran", "1"),)


def test_an_application_that_is_newer_than_the_backup() -> None:
    result = check_migrations(app(pending=("2026_01_01_000000_add_a", "2026_02_01_000000_add_b")))
    assert only(result) == finding(
        "migrations-pending | migrations | 0 | 2",
        "2 migrations have not run on the restored database, the first is 2026_01_01_000000_add_a: the application"
        " is newer than the backup.",
        "Restore into the version that made the backup, or drill the newer version with --migrate.",
    )
    assert result.compared == 3


def test_an_application_that_is_older_than_the_backup() -> None:
    """A warning: names of migrations have been changed after they ran, and then nothing is wrong."""
    result = check_migrations(app(), ("2027_01_01_000000_add_c", "2027_02_01_000000_add_d"))
    assert only(result) == finding(
        "migrations-unknown | migrations | 0 | 2",
        "The backup contains 2 migrations that this application does not know, the first is "
        "2027_01_01_000000_add_c: the application is older than the backup.",
        "Restore into the version that made the backup.",
        Severity.WARNING,
    )


def test_an_application_without_outbound_access() -> None:
    result = check_egress((EgressAttempt("lookup", "example.com", False),))
    assert (result.check, result.findings, result.compared, result.unknown) == ("network-isolation", (), 1, "")


def test_an_application_that_reaches_somebody() -> None:
    attempt = EgressAttempt("connection", "1.1.1.1:443", True, detail="exit status 0")
    assert only(check_egress((attempt,))) == finding(
        "egress | 1.1.1.1:443 | no answer | exit status 0",
        "From inside the restored application, a connection of 1.1.1.1:443 succeeded.",
        "Stop the restored instance now: it can send mail and call payment services.",
    )


def test_attempts_that_could_not_be_made_prove_nothing() -> None:
    result = check_egress((EgressAttempt("lookup", "example.com", False, unknown="getent could not run: gone"),))
    assert (result.compared, result.findings, result.unknown) == (0, (), "getent could not run: gone")


READ = Probe("decrypt", "users.token", "d1", "d1")


def unreadable(column: str, expected: str = "") -> Probe:
    return Probe("decrypt", column, expected, "", NOT_READABLE)


def test_values_that_can_be_read() -> None:
    result = check_encrypted_values(app(decrypt=(READ,)))
    assert (result.check, result.findings, result.compared) == ("encrypted-values", (), 1)
    assert result.evidence == (("tried", "1"), ("readable", "1"))


def test_a_single_value_that_cannot_be_read_is_named() -> None:
    """Of one value alone nobody can say whether the key or the value is wrong."""
    for values in ((unreadable("users.token", "d1"),), (READ, unreadable("users.token", "d1"))):
        assert only(check_encrypted_values(app(decrypt=values))) == finding(
            "decrypt | users.token | d1 | nothing",
            "An encrypted value of users.token cannot be decrypted with this APP_KEY (not readable).",
        )


def test_values_that_are_gone_do_not_speak_against_the_key() -> None:
    gone = tuple(Probe("decrypt", f"users.{name}", "d1", "", "the value is gone") for name in "ab")
    assert [item.code for item in check_encrypted_values(app(decrypt=gone)).findings] == ["decrypt", "decrypt"]


def test_a_key_that_reads_none_of_several_values_is_another_instances() -> None:
    both = (unreadable("users.a"), unreadable("users.b"))
    assert only(check_encrypted_values(app(decrypt=both))) == finding(
        "app-key-mismatch | APP_KEY | 2 readable | 0 readable",
        "The APP_KEY does not belong to this backup: it decrypts none of the 2 values that were tried (users.a, "
        "users.b).",
        "Use the APP_KEY that the instance had at the time of the backup.",
    )


def test_without_a_key_nothing_is_proven_and_nothing_is_broken() -> None:
    without = replace(app(decrypt=()), not_decrypted=tuple(f"users.{name}" for name in "abcdefg"))
    assert only(check_encrypted_values(without)) == finding(
        "app-key-not-given | APP_KEY",
        "Not verified: no APP_KEY was given, so the encrypted values of users.a, users.b, users.c, users.d, "
        "users.e and 2 more were not decrypted.",
        "Give a file with the APP_KEY of the backed-up instance: `--app-key-file FILE`. The key is not in the "
        "backup, and without it these values are lost.",
        Severity.WARNING,
    )
    assert check_encrypted_values(app(decrypt=())).findings == ()

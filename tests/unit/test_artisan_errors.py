"""Errors of programs: artisan's and MySQL's, in one sentence."""

import sys
from pathlib import Path

import pytest

from harness.base.errors import ProcedureFailed, ServerFailed, WaitTimeout, excerpt
from harness.runtime.services.artisan_errors import cause_of, start_failed
from harness.runtime.services.mysql import error_text
from harness.runtime.services.mysql_errors import disk_full, without_values
from tests.tables import over_table
from tests.unit.runtimes.test_components import application

FRAMES = "\n".join(f"#{number} /app/vendor/laravel/framework/src/Pipeline.php(209): handle()" for number in range(60))


def logged(message: str) -> str:
    """As Laravel's log and Symfony's console write it with LOG_CHANNEL=stderr."""
    head = f'[2026-11-29 10:00:00] production.ERROR: {message} {{"exception":"[object] (Error(code: 0): {message} at'
    return f'{head} /app/x.php:1)\n[stacktrace]\n{FRAMES}\n"}}\n\nIn Connection.php line 829:\n\n  {message}  \n\n'


SQL = " (Connection: mysql, SQL: insert into `users` (`gt_email`) values (ann@example.edu))"

CAUSES = (
    (
        logged("SQLSTATE[HY000] [2002] Connection refused (Connection: mysql, SQL: select 1)"),
        "SQLSTATE[HY000] 2002: Connection refused",
    ),
    (
        logged(f"SQLSTATE[42S02]: Base table or view not found: 1146 Table 'apiary.gone' doesn't exist{SQL}"),
        "SQLSTATE[42S02]: Base table or view not found: 1146: Table 'apiary.gone' doesn't exist",
    ),
    (
        logged(f"SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry 'ann' for key 'uid'{SQL}"),
        "SQLSTATE[23000]: Integrity constraint violation: 1062: Duplicate entry '…'",
    ),
    (logged('No user "Ann Burdell" with ann@example.edu'), "No user '…' with '…'"),
    (
        "\nIn StartCommand.php line 12:\n\n  The process \"'mysql' --user='ann'\" failed.\n\n",
        "The process '…' failed.",
    ),
    (
        "\n   \x1b[41m RuntimeException \x1b[49m\n\n  Unsupported cipher or incorrect key length.\n\n  at x.php:1\n",
        "RuntimeException: Unsupported cipher or incorrect key length.",
    ),
    ("  ERROR  Illuminate\\Database\\QueryException: SQLSTATE[HY000] [1146] Table 'a.b' doesn't exist\n",
     "Illuminate\\Database\\QueryException: SQLSTATE[HY000] 1146: Table 'a.b' doesn't exist"),
    ("", ""),
    ("x" * 400, "x" * 300 + "…"),
)  # fmt: skip


def test_the_cause_is_found_and_quotes_nothing() -> None:
    for stderr, cause in CAUSES:
        assert cause_of(stderr) == cause
        assert cause_of("", stderr) == cause, "some write it to stdout"


def test_the_first_and_the_last_lines_are_shown() -> None:
    lines = [f"line {number}" for number in range(100)]
    shown = excerpt("\n".join(lines)).splitlines()
    assert shown == [*lines[:15], "… 60 lines left out …", *lines[75:]]
    assert excerpt("\n".join(lines[:41])) == "\n".join(lines[:41])


def test_a_failed_command_says_why_and_keeps_all_of_it(tmp_path: Path) -> None:
    php = tmp_path / "php"
    (tmp_path / "output").write_text(CAUSES[0][0])
    php.write_text(f'#!/bin/sh\necho "Running migrations."\ncat {tmp_path}/output >&2\nexit 1\n')
    php.chmod(0o755)
    with pytest.raises(ProcedureFailed) as caught:
        application(php).must_artisan("migrate", "--force")
    cause = "SQLSTATE[HY000] 2002: Connection refused"
    assert caught.value.fact == f"`php artisan migrate --force` failed with exit status 1: {cause}"
    assert caught.value.details == CAUSES[0][0] + "Running migrations.\n"
    assert (
        str(caught.value).splitlines()[1].startswith("[2026-11-29 10:00:00] production.ERROR: SQLSTATE[HY000] [2002]")
    )
    assert "lines left out" in str(caught.value)
    assert sys.getsizeof(str(caught.value)) < 6000


def test_an_application_that_does_not_start_names_the_cause_of_its_log() -> None:
    log = f"the end of the log:\nSomething first.\n{CAUSES[0][0]}"
    failed = start_failed(ServerFailed("Apiary failed with exit status 1", "Look.", details=log))
    assert isinstance(failed, ServerFailed)
    assert (failed.fact, failed.hints, failed.details) == (
        f"Apiary failed with exit status 1: {CAUSES[0][1]}",
        ("Look.",),
        log,
    )
    silent = WaitTimeout("timed out", details="the end of the log:\nServer running on [http://0.0.0.0:8000].\n")
    assert start_failed(silent) is silent


@over_table(
    "code, message, expected",
    [
        (1146, "Table 'apiary.users' doesn't exist", "Table 'apiary.users' doesn't exist"),
        (1062, "Duplicate entry 'ann@example.org' for key 'users.gt_email'", "Duplicate entry '…'"),
        (1367, "Illegal double value 'Ann' found during parsing", "Illegal double value '…' found during parsing"),
        (1690, "BIGINT value is out of range in '(7 - 8)'", "BIGINT value is out of range in '…'"),
        (1644, "Ann Burdell may not do that", "a trigger or routine rejected a row"),
        (9999, "An error of tomorrow quotes 'Ann's'", "An error of tomorrow quotes '…"),
        (9999, "An error of tomorrow quotes 'Ann", "An error of tomorrow quotes '…"),
    ],
)
def test_a_message_that_is_not_known_to_quote_names_only_is_reported_without_quotes(
    code: int, message: str, expected: str
) -> None:
    assert error_text(Exception(code, message)) == f"ERROR {code}: {expected}"


def test_each_message_of_several_is_judged_by_its_own_code() -> None:
    text = (
        "ERROR 1146 (42S02) at line 1: Table 'a' is gone\nERROR 1062 (23000) at line 2: Duplicate 'Ann\nof Atlanta' x\n"
    )
    assert without_values(text) == (
        "ERROR 1146 (42S02) at line 1: Table 'a' is gone\nERROR 1062 (23000) at line 2: Duplicate '…' x\n"
    )


def test_a_full_disk_is_named_where_its_place_is_known() -> None:
    message = disk_full("ERROR 1114", "the volume apiary-drill-x-target-mysql")
    assert message.fact == (
        "the disk of the target is full (the volume apiary-drill-x-target-mysql): this says nothing about the backup"
    )
    assert disk_full(needed_bytes=2_000_000).hints[0].startswith("Make room for about 2.0 MB of database and run")
    assert disk_full().fact == "the disk of the target is full: this says nothing about the backup"
    assert message.exit_code == 3

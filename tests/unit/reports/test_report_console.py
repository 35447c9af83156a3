"""The console: what a tired person sees while a drill runs and when it has ended."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import BrokenArtifact, StepFailed
from harness.base.model import CheckResult, Component, DrillResult, Finding, Severity, Step, Verdict
from harness.drill.result import result_of
from harness.records.run_directory import RunDirectory
from harness.reports.console import ConsoleProgress, print_failure, print_summary
from harness.reports.failure import failure_text
from harness.reports.terminal import Terminal
from harness.scenario.expectation import Expected
from tests.tables import over_table
from tests.unit.checks.builders import finding

STARTED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOST = finding("row-count | users | 2 | 1", "Table users has 1 rows, the source had 2.", "Look at the dump.")
NOTED = finding("orphans-accepted | attendance | 0 | 7", "7 rows.", severity=Severity.WARNING)


def shown(result: DrillResult) -> list[str]:
    """The lines of the summary on a terminal of 120 columns without colours; the width of the gaps is not looked at."""
    console = Terminal(file=io.StringIO(), width=120, color_system=None)
    print_summary(console, result, "/runs/one")
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def result(*checks: CheckResult) -> DrillResult:
    return replace(
        result_of(checks, None),
        duration_s=34.56,
        components=(
            Component("source mysql", "MariaDB", "10.11.19", "/usr/sbin/mariadbd", False, ("That MySQL takes it.",)),
            Component("source meilisearch", "Meilisearch", "1.20.0", "/usr/bin/meilisearch", True),
        ),
        recovery_time_s=12.34,
        recovery_point_at=STARTED_AT,
        unproven=("That MySQL takes it.", "Always one.", "Always two."),
    )


def check(name: str, compared: int, *findings: Finding, suppressed: int = 0, unknown: str = "") -> CheckResult:
    return CheckResult(name, f"Title of {name}", compared, findings, suppressed, unknown)


def test_a_pass_fits_on_a_screen_and_says_what_was_not_proven() -> None:
    assert shown(result(check("rows", 21_000), check("orphans", 5, NOTED))) == [
        "",
        "source mysql MariaDB 10.11.19 stand-in",
        "source meilisearch Meilisearch 1.20.0",
        "Compared Check",
        "✓ 21,000 Title of rows",
        "✓ 5 Title of orphans (1 warning)",
        "Findings",
        "Severity Code Findings",
        "warning orphans-accepted 7 rows.",
        "",
        "PASS The backup restores: every check passed.",
        "drill 34.6 s; recovery time (RTO) 12.3 s, production-like durability; newest row 2026-11-22 12:00:00 UTC.",
        "Not verified: That MySQL takes it.",
        "Details: /runs/one",
    ]


def test_a_fail_says_why_in_the_words_of_the_findings() -> None:
    """Findings that are not listed are not counted as errors."""
    lines = shown(result(check("rows", 2, LOST, NOTED, suppressed=3)))
    assert "✗ 2 Title of rows (1 error, 1 warning, 3 more)" in lines
    assert "error row-count Table users has 1 rows, the source had 2. Look at the dump." in lines
    verdict = lines.index("FAIL The backup does not restore correctly.")
    assert lines[verdict + 1] == "Table users has 1 rows, the source had 2."
    assert "✓ 2 Title of rows (1 warning, 3 more)" in shown(result(check("rows", 2, NOTED, suppressed=3)))


def test_for_cron_a_failure_is_one_line_for_each_thing_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure(replace(result(check("rows", 2, LOST, NOTED)), scenario="documented"), "/runs/one")
    assert capsys.readouterr().out.splitlines() == [
        "FAIL  Generated data, scenario documented: The backup does not restore correctly.",
        "row-count  Table users has 1 rows, the source had 2. Look at the dump.",
        "Report: /runs/one/report.html",
    ]


def test_inconclusive_is_neither_and_says_what_could_not_be_determined() -> None:
    lines = shown(result(check("rows", 0, unknown="there was nothing to compare")))
    assert "? 0 Title of rows (inconclusive: there was nothing to compare)" in lines
    verdict = lines.index("INCONCLUSIVE The drill could not determine whether the backup restores.")
    assert lines[verdict + 1] == "Title of rows: there was nothing to compare."


def test_many_reasons_and_findings_are_counted_beyond_the_first() -> None:
    findings = [replace(LOST, subject=f"t{number}", message=f"Finding {number}.", remedy="") for number in range(20)]
    lines = shown(result(check("rows", 2, *findings, suppressed=7)))
    assert "✗ 2 Title of rows (20 errors, 7 more)" in lines
    assert [line for line in lines if line.startswith("error ")] == [
        f"error row-count Finding {number}." for number in range(12)
    ]
    assert "… and 8 more in the run directory" in lines
    reasons = lines.index("FAIL The backup does not restore correctly.") + 1
    assert lines[reasons : reasons + 4] == ["Finding 0.", "Finding 1.", "Finding 2.", "… and 17 more reasons."]


def test_an_error_that_ended_the_drill_is_reported_with_its_hints() -> None:
    error = StepFailed("read", "Read the backup", BrokenArtifact("the dump is truncated", "Take the backup again."))
    lines = shown(result_of((), error))
    assert "error step-read Read the backup: the dump is truncated. Take the backup again." in lines
    assert lines[-5:] == [
        "FAIL The backup does not restore correctly.",
        "Read the backup: the dump is truncated.",
        "drill 0.0 s.",
        "HINT: Take the backup again.",
        "Details: /runs/one",
    ]


def test_names_that_look_like_markup_are_shown_as_they_are() -> None:
    odd = replace(LOST, subject="[red]", message="File resumes/[red]x[/].pdf is gone.", remedy="")
    lines = shown(replace(result(check("[bold]", 1, odd)), hints=("Look at [1].",)))
    assert "error row-count File resumes/[red]x[/].pdf is gone." in lines
    assert "File resumes/[red]x[/].pdf is gone." in lines
    assert "✗ 1 Title of [bold] (1 error)" in lines
    assert "HINT: Look at [1]." in lines


@over_table("verdict", list(Verdict))
def test_every_verdict_has_its_sentence(verdict: Verdict) -> None:
    lines = shown(replace(result(check("rows", 1)), verdict=verdict))
    assert len([line for line in lines if line.startswith(f"{verdict} ") and line.endswith(".")]) == 1


def test_progress_is_one_line_a_step_and_on_a_terminal_shows_how_far_it_is() -> None:
    def written(**options: Any) -> str:
        console = Terminal(file=io.StringIO(), width=120, **options)
        progress = ConsoleProgress(console)
        progress.started("Load the dump")
        progress.progress("10 [MB]")
        progress.ended(Step("script", "Run the [script]", STARTED_AT, 1.234, "2 rows, [3] files"))
        progress.ended(Step("files", "Restore the files", STARTED_AT, 100.0, failed=True))
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    lines = "✓    1.23 s  Run the [script]  2 rows, [3] files\n✗  100.00 s  Restore the files\n"
    assert written() == lines
    text = written(force_terminal=True, color_system=None)
    assert "Load the dump: 10 [MB]" in text
    assert all(f"{line}\n" in text for line in lines.splitlines())


def test_the_file_with_all_output_is_named_where_there_is_one(tmp_path: Path) -> None:
    """On the console, and in what a test runner shows in place of a traceback."""
    failed = result_of(
        (),
        StepFailed(
            "start", "Start the application", BrokenArtifact("`php artisan migrate` failed with exit status 1: why")
        ),
    )
    for store in (None, RunDirectory(tmp_path)):
        if store is not None:
            store.save_details("all of it")
        console = Terminal(file=io.StringIO(), width=120, color_system=None)
        print_summary(console, failed, str(tmp_path))
        assert isinstance(console.file, io.StringIO)
        for text in (console.file.getvalue(), failure_text(failed, Expected(verdict=Verdict.PASS), tmp_path)):
            assert "`php artisan migrate` failed with exit status 1: why" in text
            assert (f"Output at the failure: {tmp_path}/logs/error.txt" in text) is (store is not None)

"""Exercises over a period: which drills count, and the command that documents them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from harness.base.errors import UsageError
from harness.base.model import Severity, Verdict
from harness.cli.command_line import main
from harness.records.history.database import History
from harness.records.history.exercise import (
    MET,
    MISSED,
    NO_OBJECTIVE,
    NOT_COUNTED,
    Chain,
    Exercise,
    FamilyResult,
    Known,
    exercise_of,
)
from harness.records.history.period import Period, days, quarter
from harness.records.history.scorecard import ScorecardSummary
from tests.tables import over_table
from tests.unit.history.quarter import drill, quarter_of_drills

GENERATED = "generated data: documented"
KNOWN = Known(
    faults={"source": ("lost-row", "stale"), "dump": ("cut",)},
    scenarios=("cut", "documented", "medium", "stale"),
    configured=("production",),
)
CHAIN = Chain(20, "ab" * 32, ())


def of(
    text: str = "2026Q4", known: Known = KNOWN, scorecard: ScorecardSummary | None = None, drills: object = None
) -> Exercise:
    entries = quarter_of_drills() if drills is None else drills
    return exercise_of(entries, *quarter(text), known, scorecard, CHAIN)  # type: ignore[arg-type]


def test_the_drills_of_the_period_and_no_others() -> None:
    """The first and the last moment are in it."""
    found = of()
    assert [(series.backup, len(series.drills)) for series in found.series] == [
        ("production", 6), ("staging", 3), (GENERATED, 3),
    ]  # fmt: skip
    assert [str(drilled.entry.started_at)[:10] for drilled in found.drills][0::11] == ["2026-10-05", "2026-12-21"]
    assert found.drills_before == 4
    first, last = {"hour": 0}, {"hour": 23, "minute": 59, "second": 59}
    days_of = {"2026-10-01": first, "2026-12-31": last, "2027-01-01": first, "2026-09-30": last}
    drills = [(drill(day), at) for day, at in days_of.items()]
    moments = [replace(each, started_at=each.started_at.replace(**at)) for each, at in drills]
    assert [drilled.entry for drilled in of(drills=moments).drills] == moments[:2]


def test_controls_are_apart() -> None:
    """Their verdicts and findings are on purpose."""
    found = of()
    assert [(entry.expected, entry.verdict) for entry in found.controls] == [
        (Verdict.FAIL, Verdict.FAIL), (Verdict.FAIL, Verdict.FAIL), (Verdict.FAIL, Verdict.PASS),
    ]  # fmt: skip
    assert not any(drilled.entry.control for drilled in found.drills)


def test_objectives_are_met_missed_or_not_measured() -> None:
    production, staging, generated = of().series
    assert [drilled.time_met for drilled in production.drills] == [MET, MET, MISSED, NOT_COUNTED, MET, MET]
    assert [drilled.point_met for drilled in production.drills] == [MET, MET, MET, NOT_COUNTED, MET, MISSED]
    assert [drilled.time_met for drilled in staging.drills] == [MET, NOT_COUNTED, MET], "it lost rows"
    assert {drilled.time_met for drilled in generated.drills} == {NO_OBJECTIVE}


def test_configured_objectives_hold_for_backups_that_had_none() -> None:
    without = [replace(entry, recovery_time_objective_s=None) for entry in quarter_of_drills()]
    known = replace(KNOWN, time_objective_s=1810.0, point_objective_s=1.0)
    production, _, generated = of(known=known, drills=without).series
    assert [drilled.time_met for drilled in production.drills] == [MET, MET, MISSED, NOT_COUNTED, MISSED, MISSED]
    assert production.drills[0].point_met == MET, "its own objective of a day goes before the configured one"
    assert {drilled.time_met for drilled in generated.drills} == {NO_OBJECTIVE}
    assert {drilled.time_met for drilled in of(drills=without).series[0].drills} == {NO_OBJECTIVE}


def test_findings_over_the_whole_history() -> None:
    found = {(seen.backup, seen.code): seen for seen in of().findings}
    orphans = found["production", "orphans-accepted"]
    assert (orphans.first.started_at.isoformat()[:10], orphans.last.started_at.isoformat()[:10]) == (
        "2026-07-06", "2026-12-21",
    )  # fmt: skip
    assert (orphans.drills, orphans.open, orphans.new_in(of().period)) == (5, True, False)
    shrank = found["production", "table-shrank"]
    assert (shrank.drills, shrank.open, shrank.new_in(of().period)) == (2, True, True)
    slow = found["production", "recovery-time"]
    assert (slow.drills, slow.open, slow.new_in(of().period)) == (1, False, False)
    assert not found["staging", "row-count"].open
    severities = [seen.severity for seen in of().findings]
    assert severities == sorted(severities, key=list(Severity).index), "the worst first"


def test_findings_that_are_gone_are_those_of_the_period_before() -> None:
    drills = [entry for entry in quarter_of_drills() if "2026-11-02" not in entry.started_at.isoformat()]
    assert [(seen.backup, seen.code) for seen in of(drills=drills).gone] == [("production", "recovery-time")]
    assert of("2027Q1").gone[0].last.started_at.isoformat()[:10] == "2026-11-02"
    later = of("2027Q1", drills=[*drills[:4], drills[-1]])
    assert later.gone == (), "nothing was drilled in the period before"


def test_each_backup_is_compared_with_its_last_good_drill_before() -> None:
    production, staging, _ = of().series
    assert production.good is not None
    assert production.before is not None
    assert (production.good.started_at.isoformat()[:10], production.before.started_at.isoformat()[:10]) == (
        "2026-12-21", "2026-09-07",
    )  # fmt: skip
    assert staging.before is None
    assert (staging.latest.verdict, staging.good) == (Verdict.PASS, staging.latest)


def test_what_was_drilled_and_what_was_not() -> None:
    assert of().not_drilled == ("archive of 2024",)
    assert of(known=replace(KNOWN, configured=("nightly",))).not_drilled == ("archive of 2024", "nightly")
    assert of().scenarios == (("documented", 3), ("lost-row", 3))
    assert of().scenarios_left == ("medium",)
    empty = of("2025Q1")
    assert (empty.drills, empty.controls, empty.findings, empty.not_drilled) == ((), (), (), ("production",))


@over_table(
    "outcomes, families",
    [
        (None, (FamilyResult("source", (), ("lost-row",), ("stale",)), FamilyResult("dump", (), (), ("cut",)))),
        (
            {"cut": ("dump", "detected"), "stale": ("source", "not detected")},
            (FamilyResult("source", (), ("lost-row", "stale"), ()), FamilyResult("dump", ("cut",), (), ())),
        ),
    ],
)
def test_failure_modes_by_the_scorecard_and_the_controls(
    outcomes: dict[str, tuple[str, str]] | None, families: tuple[FamilyResult, ...]
) -> None:
    """A control that came out wrong is reported, whatever the scorecard or another control says."""
    scorecard = None if outcomes is None else ScorecardSummary("score.json", "", outcomes)
    assert of(scorecard=scorecard).families == families
    noticed = [entry for entry in quarter_of_drills() if "2026-12-15" not in entry.started_at.isoformat()]
    assert of(drills=noticed).families[0] == FamilyResult("source", ("lost-row",), (), ("stale",))


CONFIG = """
[backup]
name = "production"
directory = "backups/*"

[exercise]
organisation = "RoboJackets"
systems = ["Apiary"]
owners = ["Head of IT"]
scorecard = "score.json"
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History(tmp_path / "state" / "history.sqlite3")
    for entry in quarter_of_drills():
        history.append(entry)
    return history


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    runner = CliRunner(env={"APIARY_DRILL_HISTORY": str(tmp_path / "state" / "history.sqlite3")})
    return lambda *arguments: runner.invoke(main, ["exercise", *map(str, arguments)])


def test_all_formats_are_written(command: Callable[..., Result], history: History) -> None:
    answer = command("--quarter", "2026Q4")
    assert (answer.exit_code, answer.output) == (
        0,
        "written: exercise-2026Q4.html\nwritten: exercise-2026Q4.pdf\nwritten: exercise-2026Q4.md\n",
    )
    assert sorted(path.name for path in Path().iterdir()) == [
        "exercise-2026Q4.html", "exercise-2026Q4.md", "exercise-2026Q4.pdf",
    ]  # fmt: skip
    assert PdfReader("exercise-2026Q4.pdf").metadata is not None
    digest = history.recorded()[1]
    assert digest in Path("exercise-2026Q4.html").read_text()
    assert digest in Path("exercise-2026Q4.md").read_text()


def test_a_period_of_days_and_one_format(command: Callable[..., Result], history: History, tmp_path: Path) -> None:
    answer = command("--from", "2026-10-01", "--to", "2026-10-31", "--format", "markdown", "--out", tmp_path)
    path = tmp_path / "exercise-2026-10-01-to-2026-10-31.md"
    assert (answer.exit_code, answer.output) == (0, f"written: {path}\n")
    text = path.read_text()
    assert "# Disaster-recovery exercise, 2026-10-01 to 2026-10-31\n" in text
    assert "**5 drills of 2 backups and of generated data: 4 passed, 1 failed.**" in text


def test_the_configuration_names_people_systems_and_the_scorecard(
    command: Callable[..., Result], history: History
) -> None:
    Path("apiary-drill.toml").write_text(CONFIG)
    Path("score.json").write_text(json.dumps([{"fault": "lost-row", "family": "source", "outcome": "detected"}]))
    assert command("--quarter", "2026Q4", "--format", "markdown").exit_code == 0
    text = Path("exercise-2026Q4.md").read_text()
    assert text.startswith("RoboJackets\n")
    assert "- **Systems** Apiary\n- **Owners** Head of IT\n" in text
    assert "Proven by the scorecard score.json, and by the drills of this period." in text
    Path("score.json").unlink()
    answer = command("--quarter", "2026Q4")
    assert answer.exit_code == 2
    assert "error: cannot read the scorecard " in answer.output


def test_an_empty_period_says_so_and_without_a_history_there_is_no_document(
    command: Callable[..., Result], history: History
) -> None:
    answer = command("--quarter", "2025Q1")
    empty = "no drill started between 2025-01-01 and 2025-03-31: nothing to report\n"
    assert (answer.exit_code, answer.output) == (1, empty)
    assert list(Path().iterdir()) == []
    history.path.unlink()
    answer = command("--quarter", "2026Q4")
    assert answer.exit_code == 2
    assert "error: there is no history at " in answer.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --quarter, or --from and --to"),
        (["--quarter", "2026Q4", "--from", "2026-10-01"], "give either --quarter, or --from and --to"),
        (["--from", "2026-10-01"], "--from and --to must be given together"),
        (["--from", "2026-10-01", "--to", "31.12.2026"], "'31.12.2026' does not match the format '%Y-%m-%d'"),
        (["--from", "2026-10-02", "--to", "2026-10-01"], "the period ends on 2026-10-01, before its first day"),
        (["--quarter", "2026Q7"], "'2026Q7' is not a quarter"),
        (["--quarter", "2026Q4", "--out", "nowhere"], "Directory 'nowhere' does not exist"),
        (["--quarter", "2026Q4", "--format", "word"], "'word' is not one of 'html', 'pdf', 'markdown'"),
    ],
)
def test_bad_usage(command: Callable[..., Result], history: History, arguments: list[str], message: str) -> None:
    answer = command(*arguments)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.split())


def test_a_quarter_and_the_one_before() -> None:
    period, before = quarter("2026Q4")
    assert period == Period(date(2026, 10, 1), date(2026, 12, 31), "2026Q4")
    assert before == Period(date(2026, 7, 1), date(2026, 9, 30), "2026Q3")
    first, last_year = quarter("2026q1")
    assert (first.first, first.last) == (date(2026, 1, 1), date(2026, 3, 31))
    assert (last_year.first, last_year.last, last_year.name) == (date(2025, 10, 1), date(2025, 12, 31), "2025Q4")


def test_both_days_are_in_the_period() -> None:
    period, before = days(date(2026, 10, 1), date(2026, 10, 10))
    assert period.since == datetime(2026, 10, 1, tzinfo=UTC)
    assert period.until == datetime(2026, 10, 11, tzinfo=UTC)
    assert (period.name, before.name) == ("2026-10-01 to 2026-10-10", "2026-09-21 to 2026-09-30")
    one, yesterday = days(date(2026, 3, 1), date(2026, 3, 1))
    assert (one.first, one.last, yesterday.first) == (date(2026, 3, 1), date(2026, 3, 1), date(2026, 2, 28))


def test_what_is_no_quarter_and_a_period_that_ends_before_it_begins_are_refused() -> None:
    for text in ("2026", "2026Q5", "2026Q0", "Q4", "26Q4", "2026 Q4", "0026Q1", ""):
        with pytest.raises(UsageError) as wrong:
            quarter(text)
        assert str(wrong.value) == f"{text!r} is not a quarter\nHINT: Write the year, Q, and 1 to 4, such as 2026Q4."
    with pytest.raises(UsageError) as wrong:
        days(date(2026, 10, 2), date(2026, 10, 1))
    assert str(wrong.value) == "the period ends on 2026-10-01, before its first day 2026-10-02"

"""What a period's drills say together: counted, compared with before, and with what was broken on purpose apart."""

from __future__ import annotations

from dataclasses import replace

from harness.base.model import Severity, Verdict
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
from harness.records.history.period import quarter
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
    found = of()
    assert [series.backup for series in found.series] == ["production", "staging", GENERATED]
    assert [len(series.drills) for series in found.series] == [6, 3, 3]
    assert [drilled.entry.started_at.isoformat()[:10] for drilled in found.drills][0::11] == [
        "2026-10-05",
        "2026-12-21",
    ]
    assert found.drills_before == 4


def test_the_first_and_the_last_moment_are_in_the_period() -> None:
    drills = [drill("2026-10-01"), drill("2026-12-31"), drill("2027-01-01"), drill("2026-09-30")]
    moments = [
        replace(drills[0], started_at=drills[0].started_at.replace(hour=0)),
        replace(drills[1], started_at=drills[1].started_at.replace(hour=23, minute=59, second=59)),
        replace(drills[2], started_at=drills[2].started_at.replace(hour=0)),
        replace(drills[3], started_at=drills[3].started_at.replace(hour=23, minute=59, second=59)),
    ]
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


def test_what_was_not_drilled() -> None:
    assert of().not_drilled == ("archive of 2024",)
    assert of(known=replace(KNOWN, configured=("nightly",))).not_drilled == ("archive of 2024", "nightly")


def test_scenarios_that_were_run_and_those_that_were_not() -> None:
    assert of().scenarios == (("documented", 3), ("lost-row", 3))
    assert of().scenarios_left == ("medium",)


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


def test_a_period_without_drills_is_empty() -> None:
    found = of("2025Q1")
    assert (found.drills, found.controls, found.findings, found.not_drilled) == ((), (), (), ("production",))

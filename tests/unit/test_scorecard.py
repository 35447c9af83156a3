"""The scorecard: outcomes, families, sole_detectors of checks, and what it says of all of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from harness.base.model import Change, CheckResult, DrillResult, Finding, InjectedFault, Severity, Verdict
from harness.checks import CHECKS
from harness.drill.result import result_of
from harness.faults import FAMILIES
from harness.records.history.scorecard import read_scorecard
from harness.reports.scorecard import drill_line, render_markdown, sentence_of
from harness.runner.scorecard import (
    FAULT_FREE,
    PROCEDURE,
    Outcome,
    Scorecard,
    ScoredDrill,
    SoleDetectors,
    family_of,
    not_drilled,
    outcome_of,
    scored,
    sole_detectors,
    without_check,
)
from harness.scenario.definition import FaultChoice, Scenario
from harness.scenario.expectation import Expected, ExpectedFinding
from tests.tables import over_table

LOST = Finding("row-count", Severity.ERROR, "users", "A row is gone.")
OTHER = Finding("file-missing", Severity.ERROR, "a.pdf", "A file is gone.")
REMARK = Finding("orphans-accepted", Severity.WARNING, "attendance", "Accepted.")


def result(*checks: CheckResult, change: bool = True, at: str = "artifact") -> DrillResult:
    made = InjectedFault("drop-row", at, (Change("row", "users", "left out"),) if change else ())
    return replace(result_of(checks, None), drill_id="run", duration_s=2.0, faults=(made,))


def check(name: str, *findings: Finding, unknown: str = "") -> CheckResult:
    return CheckResult(name, name, 1, findings=findings, unknown=unknown)


def scenario(name: str = "drop-row", *, verdict: Verdict = Verdict.FAIL, faults: tuple[str, ...] = ("drop-row",),
             finding: tuple[str, ...] = ("row-count",)) -> Scenario:  # fmt: skip
    return Scenario(
        name=name,
        why="To see how drills are scored.",
        fault=tuple(FaultChoice(name=fault) for fault in faults),
        expected=Expected(verdict=verdict, finding=tuple(ExpectedFinding(code=code) for code in finding)),
    )


FAIL, HEALTHY = scenario().expected, Expected()


@over_table(
    "expected, came, outcome",
    [
        (FAIL, result(check("rows-source", LOST)), Outcome.DETECTED),
        (FAIL, result(check("rows-source")), Outcome.NOT_DETECTED),
        (FAIL, result(check("files", OTHER)), Outcome.WRONG_REASON),
        (FAIL, result(check("rows-source", LOST), check("files", OTHER)), Outcome.WRONG_REASON),
        (FAIL, result(check("rows-source", unknown="it crashed")), Outcome.WRONG_REASON),
        (HEALTHY, result(check("rows-source")), Outcome.PASSED),
        (HEALTHY, result(check("rows-source", REMARK)), Outcome.PASSED),
        (HEALTHY, result(check("rows-source", LOST)), Outcome.FALSE_POSITIVE),
        (HEALTHY, result(check("rows-source", unknown="it crashed")), Outcome.FALSE_POSITIVE),
        (HEALTHY.model_copy(update={"finding": FAIL.finding}), result(check("files")), Outcome.WRONG_REASON),
    ],
)
def test_an_outcome_is_what_came_against_what_was_expected(
    expected: Expected, came: DrillResult, outcome: Outcome
) -> None:
    assert outcome_of(expected, came) is outcome


def test_a_family_is_that_of_the_first_fault() -> None:
    assert family_of(scenario()) == "dump"
    assert family_of(scenario("documented", faults=())) == PROCEDURE
    assert family_of(scenario("fault-free-7", faults=("link-in-storage",))) == FAULT_FREE
    assert family_of(scenario("clean-up")) == "dump"  # somebody's own


def test_without_a_check_its_findings_and_its_verdict_are_gone() -> None:
    """What was inconclusive goes with its check; a fault without effect stays so."""
    came = result(check("rows-source", LOST), check("files", OTHER))
    less = without_check(came, "files")
    assert (less.verdict, less.findings) == (Verdict.FAIL, (LOST,))
    assert without_check(less, "rows-source").verdict is Verdict.INCONCLUSIVE, "no check is left"
    assert without_check(came, "orphans") is came
    came = result(check("files"), check("recovery-point", unknown="a clock is wrong"))
    assert [finding.code for finding in came.findings] == ["check-inconclusive"]
    less = without_check(came, "recovery-point")
    assert (less.verdict, less.findings) == (Verdict.PASS, ())
    came = replace(result(check("rows-source", LOST), change=False), verdict=Verdict.INCONCLUSIVE)
    assert without_check(came, "rows-source").verdict is Verdict.INCONCLUSIVE


def test_a_sole_detector_is_as_expected_with_the_check_and_not_without_it() -> None:
    drilled = [
        (scenario("one"), result(check("rows-source", LOST), check("files"))),
        # Both checks find it, so that neither is missed.
        (scenario("both"), result(check("rows-source", LOST), check("rows-script", LOST))),
        # Not as expected: it shows nothing.
        (scenario("wrong"), result(check("files", OTHER))),
        # What was done to the judging says nothing of a check.
        (scenario("harness"), result(check("orphans", LOST), at="judging")),
    ]
    found = {each.check: each.scenarios for each in sole_detectors(drilled)}
    assert found["rows-source"] == ("one",)
    assert found["rows-script"] == found["files"] == found["orphans"] == ()
    assert list(found) == [each.name for each in CHECKS if each.needs != "egress"]
    closed = sole_detectors([(scenario(), result(check("rows-source", LOST), check("network-isolation")))])
    assert "network-isolation" in {each.check for each in closed}, "it counts where a drill had one"


def card(*drills: ScoredDrill, checks: tuple[SoleDetectors, ...] = (), whole: bool = True) -> Scorecard:
    return Scorecard(
        1, datetime(2026, 11, 28, 12, tzinfo=UTC), 60.0, "process", ("MySQL 9.7.4",), 2, whole, drills, checks,
        left_out=("egress",),
    )  # fmt: skip


GOOD = (
    scored(scenario(), result(check("rows-source", LOST))),
    scored(scenario("documented", verdict=Verdict.PASS, faults=(), finding=()), result(check("rows-source"))),
)
DETECTED = (SoleDetectors("rows-source", ("drop-row",)),)


def test_all_is_well() -> None:
    good = card(*GOOD, checks=DETECTED)
    assert good.as_expected
    assert sentence_of(good) == (
        "1 of 1 faults detected for the expected reason; 0 of 1 healthy backups with a false positive; "
        "1 of 1 checks shown failing."
    )
    assert [family.family for family in good.families] == ["dump", PROCEDURE]
    assert (good.total.drills, good.total.duration_s) == (2, 4.0)
    assert drill_line(GOOD[0]) == "✓ detected         2.0 s  drop-row"


@over_table(
    "wrong, sentence",
    [
        (
            scored(scenario("alter-row"), result(check("rows-source"))),
            "1 of 2 faults detected for the expected reason; 0 of 1 healthy backups with a false positive;",
        ),
        (
            scored(scenario("medium", verdict=Verdict.PASS, faults=(), finding=()), result(check("files", OTHER))),
            "1 of 1 faults detected for the expected reason; 1 of 2 healthy backups with a false positive;",
        ),
        (
            not_drilled(scenario("alter-row"), "no Docker engine answers"),
            "1 of 2 faults detected for the expected reason; 0 of 1 healthy backups with a false positive;",
        ),
    ],
)
def test_one_thing_that_is_wrong_spoils_it(wrong: ScoredDrill, sentence: str) -> None:
    spoiled = card(*GOOD, wrong, checks=DETECTED)
    assert not spoiled.as_expected
    assert spoiled.wrong == (wrong,)
    assert sentence_of(spoiled) == f"{sentence} 1 of 1 checks shown failing."
    assert f"`{wrong.name}`: {wrong.outcome}." in render_markdown(spoiled)


def test_a_check_that_nothing_shows_red_spoils_a_whole_scorecard() -> None:
    """Nothing drilled is not good; the page names every fault and every check."""
    checks = (*DETECTED, SoleDetectors("files", ()))
    assert not card(*GOOD, checks=checks).as_expected
    assert sentence_of(card(*GOOD, checks=checks)).endswith("1 of 2 checks shown failing (not shown: files).")
    assert card(*GOOD, checks=checks, whole=False).as_expected
    assert not card().as_expected
    text = render_markdown(card(*GOOD, checks=checks))
    assert "| `drop-row` | dump | FAIL | detected | 2.0 |" in text
    assert "| `rows-source` | `drop-row` |\n| `files` | – |" in text
    assert "Left out, because they need another runtime: egress." in text


def test_the_exercise_reads_what_the_command_writes(tmp_path: Path) -> None:
    """The JSON is read by `apiary-drill exercise`: by fault, with its family and its outcome."""
    missed = scored(scenario("alter-row"), result(check("rows-source")))
    harmless = scenario("gtid-line", verdict=Verdict.PASS, faults=("gtid-line",), finding=())
    healthy = scored(harmless, result(check("files")))
    path = tmp_path / "scorecard.json"
    path.write_bytes(TypeAdapter(Scorecard).dump_json(card(*GOOD, missed, healthy)))
    read = read_scorecard(path)
    assert {name: read.detects(name) for name in ("drop-row", "alter-row", "gtid-line", "unheard-of")} == {
        "drop-row": True, "alter-row": False, "gtid-line": True, "unheard-of": None,
    }  # fmt: skip
    assert read.made_at.startswith("2026-11-28T12:00:00")
    assert {family for family, _ in read.outcomes.values()} <= {*FAMILIES, PROCEDURE}
    assert json.loads(path.read_text())["left_out"] == ["egress"]

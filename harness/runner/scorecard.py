"""The scorecard: which faults the drill noticed, for the right reason, and which healthy backups it called broken.

Everything here is computed from results of drills; nothing is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from harness.base.model import DrillResult, Verdict
from harness.checks import CHECKS
from harness.checks.verdict import decide
from harness.faults import FAMILIES, FAULTS
from harness.faults.injection_points import InjectionPoint
from harness.scenario.definition import Scenario
from harness.scenario.expectation import Expected

FORMAT_VERSION = 1

PROCEDURE = "procedure"
"Family of scenarios without a fault: the documented procedure, other servers, omitted steps."

FAULT_FREE = "fault-free"
"Family of fault-free drills, each with its own data and choices."


class Outcome(StrEnum):
    """What came of one drill, against what its scenario expects."""

    DETECTED = "detected"
    NOT_DETECTED = "not detected"
    WRONG_REASON = "detected for another reason"
    PASSED = "passed"
    FALSE_POSITIVE = "false positive"
    NOT_DRILLED = "not drilled"


GOOD = (Outcome.DETECTED, Outcome.PASSED)


@dataclass(frozen=True, slots=True)
class ScoredDrill:
    """One line of a scorecard.

    Args:
        name: of the scenario; the one that shows a fault is called like it.
        family: of its first fault, or `procedure`, or `fault-free`.
        faults: what was put in.
        expected: the verdict that it has to come to.
        verdict: what it came to; None where it could not be drilled.
        outcome: the two compared, with the findings.
        duration_s: of the drill; a backup that several share is not in it.
        drill_id: name of the run, also of its directory.
        unmet: one sentence for each thing that is not as expected.
    """

    name: str
    family: str
    faults: tuple[str, ...]
    expected: Verdict
    verdict: Verdict | None
    outcome: Outcome
    duration_s: float
    drill_id: str
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SoleDetectors:
    """Scenarios that would not be as expected if a check were taken out of the table; none: nothing shows it red."""

    check: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FamilyScore:
    """One family's drills, counted by outcome, and their seconds added up."""

    family: str
    counts: dict[Outcome, int]
    duration_s: float

    @property
    def drills(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All of it.

    Args:
        format_version: 1.
        made_at: when the last drill ended, UTC.
        duration_s: from the beginning to the end; less than the drills added up where several ran at once.
        runtime: what the drills ran on that may run on any, such as `docker`, or `auto (docker)` where it was chosen.
        servers: what the drills ran on, such as `MySQL 9.7.4`.
        jobs: how many drills ran at once.
        whole: False when certain scenarios were asked for: then checks without a sole detector mean nothing.
        drills: one for each scenario.
        checks: one for each check.
        left_out: scenarios that need another runtime.
    """

    format_version: int
    made_at: datetime
    duration_s: float
    runtime: str
    servers: tuple[str, ...]
    jobs: int
    whole: bool
    drills: tuple[ScoredDrill, ...]
    checks: tuple[SoleDetectors, ...]
    left_out: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[FamilyScore, ...]:
        """In the order of a drill; what breaks nothing comes last."""
        found = [(name, [drill for drill in self.drills if drill.family == name]) for name in FAMILY_ORDER]
        return tuple(_family(name, drills) for name, drills in found if drills)

    @property
    def total(self) -> FamilyScore:
        return _family("total", self.drills)

    @property
    def wrong(self) -> tuple[ScoredDrill, ...]:
        """Drills that are not as they should be."""
        return tuple(drill for drill in self.drills if drill.outcome not in GOOD)

    @property
    def unshown(self) -> tuple[str, ...]:
        """Checks that no drill of a whole scorecard has shown red."""
        return tuple(each.check for each in self.checks if not each.scenarios) if self.whole else ()

    @property
    def as_expected(self) -> bool:
        """Every fault detected for the right reason, no false positive, and every check shown red."""
        return bool(self.drills) and not self.wrong and not self.unshown


FAMILY_ORDER = (*FAMILIES, PROCEDURE, FAULT_FREE)


def family_of(scenario: Scenario) -> str:
    if re.fullmatch(rf"{FAULT_FREE}-\d+", scenario.name):
        return FAULT_FREE
    return FAULTS[scenario.fault[0].name].family if scenario.fault else PROCEDURE


def scored(scenario: Scenario, result: DrillResult) -> ScoredDrill:
    return replace(
        not_drilled(scenario, ""),
        verdict=result.verdict,
        outcome=outcome_of(scenario.expected, result),
        duration_s=result.duration_s,
        drill_id=result.drill_id,
        unmet=scenario.expected.unmet(result),
    )


def not_drilled(scenario: Scenario, reason: str) -> ScoredDrill:
    """A line for what could not even begin."""
    return ScoredDrill(
        name=scenario.name,
        family=family_of(scenario),
        faults=tuple(choice.name for choice in scenario.fault),
        expected=scenario.expected.verdict,
        verdict=None,
        outcome=Outcome.NOT_DRILLED,
        duration_s=0.0,
        drill_id="",
        unmet=(reason,),
    )


def outcome_of(expected: Expected, result: DrillResult) -> Outcome:
    """What came, against what was expected.

    A fault that only ended in another verdict or with other findings was noticed for the wrong reason: whoever
    reads that report looks for the damage in the wrong place.
    """
    healthy = expected.verdict is Verdict.PASS
    if not expected.unmet(result):
        return Outcome.PASSED if healthy else Outcome.DETECTED
    if result.verdict is Verdict.PASS:
        return Outcome.WRONG_REASON if healthy else Outcome.NOT_DETECTED
    return Outcome.FALSE_POSITIVE if healthy else Outcome.WRONG_REASON


def without_check(result: DrillResult, name: str) -> DrillResult:
    """The result that a drill would have had without one check: checks are judged each for itself."""
    gone = next((check for check in result.checks if check.check == name), None)
    if gone is None:
        return result
    checks = tuple(check for check in result.checks if check is not gone)
    findings = [each for each in result.findings if (each.code, each.subject) != ("check-inconclusive", name)]
    for finding in gone.findings:
        findings.remove(finding)  # once: another check may say the same
    decided_elsewhere = result.error or any(not fault.changes for fault in result.faults)
    verdict = result.verdict if decided_elsewhere else decide(checks)[0]
    return replace(result, checks=checks, findings=tuple(findings), verdict=verdict)


def sole_detectors(drilled: Iterable[tuple[Scenario, DrillResult]]) -> tuple[SoleDetectors, ...]:
    """For each check the scenarios that are as expected with it and not without it.

    What was done to the judging itself says nothing of a check. The closed network, which local processes cannot
    have, is left out where no drill had one.
    """
    pairs = [
        (scenario, result)
        for scenario, result in drilled
        if not any(fault.at == InjectionPoint.JUDGING for fault in result.faults)
        and not scenario.expected.unmet(result)
    ]
    ran = {check.check for _, result in pairs for check in result.checks}
    return tuple(
        SoleDetectors(
            check.name,
            tuple(
                scenario.name
                for scenario, result in pairs
                if scenario.expected.unmet(without_check(result, check.name))
            ),
        )
        for check in CHECKS
        if check.name in ran or check.needs != "egress"
    )


def _family(name: str, drills: Sequence[ScoredDrill]) -> FamilyScore:
    counts = {outcome: sum(drill.outcome is outcome for drill in drills) for outcome in Outcome}
    return FamilyScore(name, counts, sum(drill.duration_s for drill in drills))

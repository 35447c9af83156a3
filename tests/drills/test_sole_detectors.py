"""Taking any one check out of the table lets something pass unnoticed: each is taken out in turn.

Where a scorecard was just made (`APIARY_DRILL_SCORECARD`, its directory: CI), its drills are judged again from their
evidence; what it did not show, and everything elsewhere, is drilled as local processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.model import DrillResult
from harness.base.settings import Settings
from harness.checks import CHECKS
from harness.checks.verdict import judge
from harness.drill.result import result_of
from harness.records.run_directory import RunDirectory
from harness.runner.batch import Batch
from harness.runner.covering import covering, leaves_evidence, read_card
from harness.runner.scorecard import GOOD, Outcome, Scorecard, outcome_of, sole_detectors, without_check
from harness.scenario.definition import Scenario, load_all, shipped

pytestmark = pytest.mark.xdist_group("sole_detectors")

MADE = os.environ.get("APIARY_DRILL_SCORECARD")
CARD = Path(__file__).parents[2] / ".ci/scorecard.json"

Drilled = tuple[Scenario, DrillResult, Path]


def detectors(card: Scorecard, scenarios: dict[str, Scenario], chosen: set[str]) -> dict[str, str]:
    """For each check one scenario that is not as expected without it: as few as possible, of those `chosen` if any."""
    judged = {name for name, scenario in scenarios.items() if leaves_evidence(scenario)}
    found: dict[str, str] = {}
    for each in sorted(card.checks, key=lambda each: len(chosen & judged & set(each.scenarios))):
        able = [name for name in each.scenarios if name in judged]
        able = [name for name in able if name in chosen] or able
        if able:
            found[each.check] = next((name for name in able if name in found.values()), able[0])
    return found


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Scenario]:
    """What is shipped, at the smallest scale."""
    return {each.name: each.with_data(scale="tiny") for each in load_all(shipped().values())}


@pytest.fixture(scope="session")
def drilled_once(settings: Settings, scenarios: dict[str, Scenario]) -> Iterator[Callable[[str], Drilled]]:
    """The drill that shows a check, from the scorecard that was made, or drilled now, each only once."""
    card = read_card(CARD)
    wanted = detectors(card, scenarios, {each.name for each in covering(scenarios.values(), card)})
    made = read_card(Path(MADE, "scorecard.json")) if MADE else None
    shown = detectors(made, scenarios, set(scenarios)) if made else {}
    results: dict[str, Drilled] = {}

    def once(check: str) -> Drilled:
        if made is not None and MADE and check in shown:
            (drill_id,) = (drill.drill_id for drill in made.drills if drill.name == shown[check])
            return scenarios[shown[check]], RunDirectory(Path(MADE, drill_id)).load_result(), Path(MADE, drill_id)
        name = wanted[check]
        scenario = scenarios[name]
        if name not in results:
            result = (contained if scenario.runtime.kind == "docker" else batch).drill(scenario)
            results[name] = scenario, result, settings.runs_dir / result.drill_id
        return results[name]

    with Batch(replace(settings, runtime="process")) as batch, Batch(replace(settings, runtime="docker")) as contained:
        yield once


@pytest.mark.parametrize(
    "check", [pytest.param(each.name, marks=pytest.mark.docker if each.needs == "egress" else ()) for each in CHECKS]
)
def test_without_a_check_the_scorecard_falls(
    request: pytest.FixtureRequest, check: str, drilled_once: Callable[[str], Drilled]
) -> None:
    """With all checks it is as expected; judged again from the same evidence without this one, it is not."""
    if not MADE and "docker" in {mark.name for mark in request.node.iter_markers()}:
        request.getfixturevalue("engine")
    scenario, result, directory = drilled_once(check)
    assert scenario.expected.unmet(result) == ()
    assert {each.check: each.scenarios for each in sole_detectors([(scenario, result)])}[check] == (scenario.name,)
    evidence = RunDirectory(directory).load_evidence()
    fewer = result_of(judge(evidence, [each for each in CHECKS if each.name != check]), None)
    without = outcome_of(scenario.expected, replace(fewer, faults=result.faults))
    assert without not in GOOD
    assert without in (Outcome.NOT_DETECTED, Outcome.WRONG_REASON)
    # What the scorecard says without judging anything again is the same.
    assert outcome_of(scenario.expected, without_check(result, check)) is without

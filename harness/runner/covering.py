"""Which scenarios are enough: the fewest that together cover what the whole scorecard does."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.base.errors import UsageError
from harness.checks import CHECKS
from harness.runner.scorecard import Scorecard, family_of
from harness.scenario.definition import Scenario


def read_card(path: Path) -> Scorecard:
    """A scorecard as `apiary-drill score --json` writes it. Raises UsageError."""
    try:
        return TypeAdapter(Scorecard).validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the scorecard {path}: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(
            f"{path} is not a scorecard: {error.errors()[0]['msg']}", "`apiary-drill score --json` writes one."
        ) from None


def covering(scenarios: Iterable[Scenario], card: Scorecard, *, checks_as_processes: bool = False) -> list[Scenario]:
    """The scenarios that cover, by an earlier scorecard, every check, family, injection point and pair of servers.

    One after the other, always the one that covers most of what is still open for its seconds; then those go, longest
    first, that the later ones made superfluous. A scenario that the scorecard does not know, or knows as other than it
    should be, is always among them.

    Args:
        checks_as_processes: what is drilled for the sake of a check alone, which judges evidence of either runtime
            alike, is drilled as local processes, unless only a container shows it.
    """
    wanted = list(scenarios)
    seconds = {drill.name: drill.duration_s for drill in card.drills if drill not in card.wrong}
    known = seconds.keys() | set(card.left_out)
    covers = {each.name: _covered(each, card) for each in wanted if each.name in seconds}
    always = {each.name: _covered(each, card) for each in wanted if each.name not in known}
    chosen = set(always)
    if checks_as_processes:
        apart = {("check", check.name) for check in CHECKS if check.needs != "egress"}
        chosen |= _fewest({name: things - apart for name, things in covers.items()}, always, seconds)
        always |= {name: covers[name] for name in chosen if name in covers}
    moved = _fewest(covers, always, seconds) - chosen
    return [
        each.as_processes() if checks_as_processes and each.name in moved else each
        for each in wanted
        if each.name in chosen | moved
    ]


def _fewest(
    covers: Mapping[str, set[Hashable]], always: Mapping[str, set[Hashable]], seconds: Mapping[str, float]
) -> set[str]:
    """Names that cover everything together with those that are there always."""
    covered = set().union(*always.values())
    chosen: set[str] = set()
    while open_ := {name: things - covered for name, things in covers.items() if things - covered}:
        best = max(sorted(open_), key=lambda name: len(open_[name]) / max(seconds[name], 1.0))
        chosen.add(best)
        covered |= covers[best]
    for name in sorted(chosen, key=lambda name: -seconds[name]):
        if covers[name] <= set().union(*always.values(), *(covers[other] for other in chosen - {name})):
            chosen.remove(name)
    return chosen


def leaves_evidence(scenario: Scenario) -> bool:
    """Whether its drill comes to judging: one that ends with the step that failed shows a check without evidence."""
    expected = (*scenario.expected.finding, *scenario.expected.also)
    return not any(finding.code.startswith("step-") for finding in expected)


def _covered(scenario: Scenario, card: Scorecard) -> set[Hashable]:
    """A check is covered by what leaves evidence of it, which is judged again without it."""
    judged = leaves_evidence(scenario)
    return {
        ("family", family_of(scenario)),
        ("servers", scenario.runtime.source, scenario.runtime.target),
        *(("injection point", planned.at) for planned in scenario.planned()),
        *(("check", each.check) for each in card.checks if judged and scenario.name in each.scenarios),
    }

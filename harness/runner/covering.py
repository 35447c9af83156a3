"""Which scenarios are enough: the fewest that together cover what the whole scorecard does."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.base.errors import UsageError
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


def covering(scenarios: Iterable[Scenario], card: Scorecard) -> list[Scenario]:
    """The scenarios that cover, by an earlier scorecard, every check, family, injection point and pair of servers.

    One after the other, always the one that covers most of what is still open for its seconds; then those go, longest
    first, that the later ones made superfluous. A scenario that the scorecard does not know, or knows as other than it
    should be, is always among them.
    """
    seconds = {drill.name: drill.duration_s for drill in card.drills if drill not in card.wrong}
    known = seconds.keys() | set(card.left_out)
    wanted = list(scenarios)
    chosen = {each.name for each in wanted if each.name not in known}
    covers = {each.name: _covered(each, card) for each in wanted if each.name in seconds}
    covered = {thing for each in wanted if each.name in chosen for thing in _covered(each, card)}
    while open_ := {name: things - covered for name, things in covers.items() if things - covered}:
        best = max(sorted(open_), key=lambda name: len(open_[name]) / max(seconds[name], 1.0))
        chosen.add(best)
        covered |= covers[best]
    for name in sorted(chosen & covers.keys(), key=lambda name: -seconds[name]):
        others = [covers.get(each.name) or _covered(each, card) for each in wanted if each.name in chosen - {name}]
        if covers[name] <= set().union(*others):
            chosen.remove(name)
    return [each for each in wanted if each.name in chosen]


def _covered(scenario: Scenario, card: Scorecard) -> set[Hashable]:
    return {
        ("family", family_of(scenario)),
        ("servers", scenario.runtime.source, scenario.runtime.target),
        *(("injection point", planned.at) for planned in scenario.planned()),
        *(("check", each.check) for each in card.checks if scenario.name in each.scenarios),
    }

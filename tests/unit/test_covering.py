"""The scenarios that are enough for CI: what they cover, by the scorecard that stands beside CI's script."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.checks import CHECKS
from harness.runner.covering import covering, read_card
from harness.runner.scorecard import Outcome, Scorecard, family_of
from harness.scenario import definition as scenario
from harness.scenario.definition import Scenario
from tests.tables import over_table

CARD = Path(__file__).parents[2] / ".ci/scorecard.json"


@pytest.fixture(scope="module")
def shipped() -> list[Scenario]:
    return scenario.load_all(scenario.shipped().values())


def test_the_card_of_ci_is_whole_and_as_it_should_be(shipped: list[Scenario]) -> None:
    """A check that it does not know would be covered by nobody; a scenario that it does not know is always drilled."""
    card = read_card(CARD)
    assert card.as_expected
    assert [each.check for each in card.checks] == [check.name for check in CHECKS]
    names = {each.name for each in shipped}
    assert {drill.name for drill in card.drills} | set(card.left_out) <= names


def covered_by(card: Scorecard, *scenarios: Scenario) -> set[object]:
    """Checks, families, injection points and pairs of servers."""
    names = {each.name for each in scenarios}
    found: set[object] = {("check", each.check) for each in card.checks if names & set(each.scenarios)}
    for each in scenarios:
        found |= {("family", family_of(each)), ("servers", each.runtime.source, each.runtime.target)}
        found |= {("injection point", planned.at) for planned in each.planned()}
    return found


def test_every_check_family_injection_point_and_pair_of_servers_is_covered_and_no_drill_is_too_many(
    shipped: list[Scenario],
) -> None:
    card = read_card(CARD)
    chosen = covering(shipped, card)
    whole = covered_by(card, *(each for each in shipped if each.name not in card.left_out))
    assert whole >= {("check", each.check) for each in card.checks}
    assert covered_by(card, *chosen) == whole
    known = {drill.name for drill in card.drills}
    for one in chosen:
        others = [each for each in chosen if each is not one]
        assert one.name not in known or covered_by(card, *others) < whole, one.name


def test_it_is_a_third_of_them_at_most_and_the_cheaper_one_where_two_cover_as_much(shipped: list[Scenario]) -> None:
    card = read_card(CARD)
    known = {drill.name for drill in card.drills}
    chosen = {each.name for each in covering(shipped, card)}
    assert len(chosen & known) * 3 < len(known)
    two = [each for each in shipped if each.name in ("alter-row", "drop-row")]
    for dear, cheap in (("alter-row", "drop-row"), ("drop-row", "alter-row")):
        drills = tuple(replace(drill, duration_s=9999.0) if drill.name == dear else drill for drill in card.drills)
        assert [each.name for each in covering(two, replace(card, drills=drills, checks=()))] == [cheap]


def test_what_the_card_does_not_know_or_knows_as_wrong_is_always_drilled(shipped: list[Scenario]) -> None:
    card = read_card(CARD)
    left_out = next(drill for drill in card.drills if drill.name == "drop-row")
    assert "drop-row" not in {each.name for each in covering(shipped, card)}
    others = tuple(drill for drill in card.drills if drill is not left_out)
    wrong = replace(left_out, outcome=Outcome.NOT_DETECTED)
    for drills in (others, (*others, wrong)):
        assert "drop-row" in {each.name for each in covering(shipped, replace(card, drills=drills))}


@over_table("content", [b"[]", b"{", json.dumps({"drills": []}).encode()])
def test_a_file_that_is_no_scorecard_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a scorecard: "):
        read_card(path)
    with pytest.raises(UsageError, match=r"cannot read the scorecard .*: No such file or directory"):
        read_card(tmp_path / "gone.json")

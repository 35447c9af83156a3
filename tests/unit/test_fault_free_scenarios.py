"""Clean drills differ from each other, are the same each time, and expect a PASS."""

from __future__ import annotations

from harness.base.model import Verdict
from harness.faults import FAULTS
from harness.scenario.definition import SUFFIX, Scenario
from harness.scenario.fault_free import fault_free_scenarios
from harness.standins.apiary.generate.extras import EXTRAS


def test_the_same_number_is_the_same_drill() -> None:
    first, again = list(fault_free_scenarios(20)), list(fault_free_scenarios(20))
    assert first == again
    assert list(fault_free_scenarios(5, first=16)) == first[15:]


def test_they_differ() -> None:
    """In their data, in how the backup is taken, and in what is unusual."""
    many = list(fault_free_scenarios(200))
    assert len({each.data.rng_seed for each in many}) == 200
    assert len({each.backup.model_dump_json() for each in many}) > 100
    assert {each.backup.mode for each in many} == {"hot", "quiesced"}
    assert {extra for each in many for extra in each.data.extras} == set(EXTRAS)
    assert {choice.name for each in many for choice in each.fault} == {
        name for name, fault in FAULTS.items() if fault.family == "edge-case"
    }


def test_they_can_be_used_and_must_pass() -> None:
    for each in fault_free_scenarios(50):
        assert Scenario.model_validate(each.model_dump(mode="json")) == each
        assert each.expected.verdict is Verdict.PASS
        assert len(each.planned()) == len(each.fault)
        assert f"{each.name}{SUFFIX}".startswith("fault-free-")

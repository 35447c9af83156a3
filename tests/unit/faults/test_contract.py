"""Every fault has a scenario of its name and a test; every scenario can be used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from click.testing import CliRunner

from harness.base.model import Verdict
from harness.cli.main import main
from harness.faults import FAMILIES, FAULTS
from harness.faults.fault import Fault
from harness.faults.injection_points import InjectionPoint
from harness.scenario.definition import Scenario, load, shipped
from tests.tables import over_table

ROOT = Path(__file__).parents[3]
SCENARIOS = {name: load(path) for name, path in shipped().items()}
TESTS = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}


@over_table("fault", FAULTS.values())
def test_a_fault_has_a_scenario_and_a_test(fault: Fault) -> None:
    assert fault.name in SCENARIOS, f"scenarios/{fault.name}.drill.toml is missing"
    assert fault.name in {choice.name for choice in SCENARIOS[fault.name].fault}
    held = SCENARIOS[fault.name].expected.change or any(f'"{fault.name}"' in text for text in TESTS.values())
    assert held, f"nothing holds {fault.name} to what it does: no test names it, and its scenario expects no change"


def test_names_are_there_once_and_in_the_family_of_their_file() -> None:
    names = [name for family in FAMILIES.values() for name in family]
    assert sorted(names) == sorted(set(names))
    for family, members in FAMILIES.items():
        assert {fault.family for fault in members.values()} <= {family}
        assert all(name == fault.name for name, fault in members.items())


@over_table("fault", FAULTS.values())
def test_a_fault_is_one_sentence_and_its_options_have_defaults(fault: Fault) -> None:
    assert re.fullmatch(r"[A-Z`].*\.", fault.summary)
    assert "|" not in fault.summary
    assert re.fullmatch(r"[a-z][a-z0-9-]*", fault.name)
    assert fault.injection_points
    assert fault.options.model_validate({}) is not None


@over_table("scenario", SCENARIOS.values())
def test_a_scenario_with_a_fault_says_what_must_be_found(scenario: Scenario) -> None:
    """One that expects a failure without naming a finding would be green for the wrong reason."""
    if scenario.expected.verdict is not Verdict.PASS:
        usual = Scenario(name="x", why=scenario.why)
        servers = scenario.runtime.source, scenario.runtime.target
        assert scenario.fault or scenario.restore != usual.restore or len(set(servers)) > 1, "what is to fail?"
        assert scenario.expected.finding, "name the finding that must come"
    assert len(scenario.why.split()) > 15


def test_the_command_lists_every_fault_with_its_injection_point_and_its_summary() -> None:
    listed = " ".join(CliRunner().invoke(main, ["faults"]).output.split())
    for fault in FAULTS.values():
        assert f"{fault.name} {fault.injection_point} {fault.summary}"[:60] in listed, fault.name


def test_every_injection_point_is_explained() -> None:
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    points = page.partition("## Injection points")[2].partition("\n## ")[0]
    assert {point for point in InjectionPoint if f"`{point}`" not in points} == set()


def test_no_fault_sleeps_or_reaches_for_the_clock() -> None:
    """Faults wait with wait_until, and choose with the random numbers that they are given."""
    for path in (ROOT / "harness/faults").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("time.sleep", "random.random", "random.choice", "random.randrange"), (
                    path
                )

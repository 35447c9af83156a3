"""The scorecards in docs/scorecard.md, one for each runtime: what is shipped, and that nothing went unnoticed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.base.model import Verdict
from harness.checks import CHECKS
from harness.runner.batch import runs_on
from harness.runner.scorecard import Outcome
from harness.scenario import definition as scenario
from harness.scenario.definition import Scenario

PAGE = Path(__file__).parents[2] / "docs" / "scorecard.md"
HEADING = {"docker": "In containers", "process": "As local processes"}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Scenario]:
    return {name: scenario.load(path) for name, path in scenario.shipped().items()}


def section(runtime: str) -> str:
    (text,) = re.findall(rf"^## {HEADING[runtime]}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return str(text)


@pytest.mark.parametrize("runtime", HEADING)
def test_each_scenario_is_one_that_is_shipped_and_as_expected(runtime: str, shipped: dict[str, Scenario]) -> None:
    """One that is newer than the page is drilled by CI; the page has it when it is made anew."""
    rows = re.findall(r"^\| `([\w-]+)` \| \w+ \| (\w+) \| ([\w ]+) \| [\d.]+ \|$", section(runtime), re.MULTILINE)
    assert len(rows) > 100
    for name, expected, outcome in rows:
        assert runs_on(shipped[name], runtime)
        assert expected == shipped[name].expected.verdict, name
        assert outcome == (Outcome.PASSED if expected == Verdict.PASS else Outcome.DETECTED), name


@pytest.mark.parametrize("runtime", HEADING)
def test_every_check_would_be_missed(runtime: str, shipped: dict[str, Scenario]) -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ((?:`[\w-]+`(?:, )?)+) \|$", section(runtime), re.MULTILINE)
    assert [name for name, _ in rows] == [
        check.name for check in CHECKS if runtime == "docker" or not check.needs_closed_network
    ]
    assert {name for _, names in rows for name in re.findall(r"[\w-]+", names)} <= set(shipped)

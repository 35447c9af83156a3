"""Every shipped scenario with a fault: the drill says what the scenario expects, and nothing that misleads."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.model import DrillResult
from harness.scenario import Scenario, load, shipped

SCENARIOS = {name: scenario for name, path in shipped().items() if (scenario := load(path)).fault}

AT_THE_SOURCE = {
    "drop-routine": [
        "function drill_fault_double: made at the source",
        r"function drill_fault_double: statement on line \d+ left out",
        "manifest manifest.json: sealed again: sizes and digests of the files as they are now",
    ],
    "old-dump": [
        r"row rsvps: 5 rows made after the dump that is handed in, keys beyond \d+",
        r"file database.sql.zst: replaced by the dump taken before these rows, sha256 [0-9a-f]{64}",
        "manifest manifest.json: sealed again: sizes and digests of the files as they are now",
    ],
}
"""What faults say that they did which no other test puts in, because they need a source."""


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_fault_is_found_for_the_right_reason(scenario: Scenario, drilled: Callable[[Scenario], DrillResult]) -> None:
    result = drilled(scenario)
    assert scenario.expected.unmet(result) == ()
    assert all(fault.changes for fault in result.faults)
    told = [f"{change.kind} {change.subject}: {change.detail}" for fault in result.faults for change in fault.changes]
    for line, pattern in zip(told, AT_THE_SOURCE.get(scenario.name, ()), strict=scenario.name in AT_THE_SOURCE):
        assert re.fullmatch(pattern, line), line

"""Every shipped scenario with a fault, or a step left out: the drill says what is expected, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.model import DrillResult
from harness.scenario import Scenario, load, shipped

SCENARIOS = {
    name: scenario
    for name, path in shipped().items()
    if (scenario := load(path)).fault or scenario.data.scale == "tiny"
}

WHAT_THEY_SAY = {
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
    "writer-during-backup": [r"row teams, team_user: \d+ transactions while the backup was made"],
    "alter-during-dump": ["column users.drill_added: added while the dump was under way"],
    "broken-view": ["view drill_labels: its column drill_parts.label dropped"],
    "upload-in-between": [r"file resumes/~[0-9a-f]+\.pdf: uploaded after the dump, with a row for user \d+"],
    "file-growing": [r"file resumes/~[0-9a-f]+\.pdf: \d+ bytes appended while files were copied"],
    "link-in-storage": [r"link ~[0-9a-f]+: added, points at ~[0-9a-f]+\.txt"],
    "mysql-killed": ["process mysql: killed after 100000 bytes of the script"],
    "mysql-restarted": ["process mysql: killed and started again after 100000 bytes of the script"],
    "connection-cut": [r"connection \w+: cut after 100000 bytes of the script"],
    "app-writes-during-restore": [r"process apiary: started after 100000 bytes of the script; a visitor got \d+"],
    "disk-full": ["disk storage/app: on a file system of 65536 bytes"],
    "target-not-empty": ["table leftover: added with 2 rows"],
    "privilege-missing-at-target": [r"privilege TRIGGER: taken from \w+"],
}
"""What faults say that they did which no other test puts in, because they need servers in the middle of something."""


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_fault_is_found_for_the_right_reason(scenario: Scenario, drilled: Callable[[Scenario], DrillResult]) -> None:
    result = drilled(scenario)
    assert scenario.expected.unmet(result) == ()
    assert all(fault.changes for fault in result.faults)
    told = [f"{change.kind} {change.subject}: {change.detail}" for fault in result.faults for change in fault.changes]
    for line, pattern in zip(told, WHAT_THEY_SAY.get(scenario.name, ()), strict=scenario.name in WHAT_THEY_SAY):
        assert re.fullmatch(pattern, line), line

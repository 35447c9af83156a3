"""Every shipped scenario with a fault, or a step left out: the drill says what is expected, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.checks import CHECKS
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
    "meilisearch-down": ["process meilisearch: killed before the reindex"],
    "meilisearch-slow": ["process meilisearch: stood still for 5 s at the beginning of the reindex"],
    "meilisearch-killed": ["process meilisearch: killed when the import had sent everything"],
    "meilisearch-restarted": ["process meilisearch: killed and started again when the import had sent everything"],
    "search-payload-limit": ["process meilisearch: started again with a payload limit of 1000 bytes"],
    "wrong-search-key": [
        "variable MEILISEARCH_KEY: another one for the application's commands, from the reindex on",
    ],
    "no-queue-worker": ["variable QUEUE_CONNECTION: database, from the reindex on; no worker runs"],
    "other-search-prefix": ["variable SCOUT_PREFIX: elsewhere_, from the reindex on"],
    "stale-documents": [r"document apiary_events: ids \d+ to \d+ added, which have no row"],
    "search-task-failed": [r"task apiary_events: task \d+ adds a document with an id that is none"],
    "search-settings-not-synced": ["index apiary_events: settings as of an index that none were ever sent to"],
    "model-not-imported": ["index apiary_events: deleted after the reindex, as if its model were not imported"],
    "wrong-app-key": ["variable APP_KEY: another one for the application's commands, from its start on"],
    "stale-config-cache": ["configuration APP_KEY: cached with another value than the environment has"],
    "newer-app": ["variable STANDIN_RELEASE: next for the application's commands, from its start on"],
    "egress": ["network example.com: found as 192.0.2.1 from inside the application's network"],
    "app-does-not-start": ["port apiary: taken by another process while the application starts"],
    "no-data": [
        r"table apiary: \d+ tables emptied",
        "directory storage/app: emptied",
        "index all: emptied, but for what comes from the application's own data file",
    ],
    "no-checks": [f"check {check.name}: does not run" for check in CHECKS],
    "server-dies-while-looking": ["process mysql: killed before the restored instance was looked at"],
    "stage-hangs": ["process mysql: stands still, with its connections open"],
    "clock-jumps": ["manifest manifest.json: its times are 48 hours later"],
}
"""What faults say that they did which no other test puts in, because they need servers in the middle of something."""


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=name, marks=pytest.mark.docker if scenario.runtime.kind == "docker" else ())
        for name, scenario in SCENARIOS.items()
    ],
)
def test_a_fault_is_found_for_the_right_reason(scenario: Scenario, drilled: Callable[[Scenario], DrillResult]) -> None:
    result = drilled(scenario)
    assert scenario.expected.unmet(result) == ()
    assert all(fault.changes for fault in result.faults)
    told = [f"{change.kind} {change.subject}: {change.detail}" for fault in result.faults for change in fault.changes]
    for line, pattern in zip(told, WHAT_THEY_SAY.get(scenario.name, ()), strict=scenario.name in WHAT_THEY_SAY):
        assert re.fullmatch(pattern, line), line

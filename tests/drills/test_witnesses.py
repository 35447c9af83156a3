"""Taking any one check out of the table lets something pass unnoticed: each is taken out in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.batch import Batch
from harness.checks import CHECKS
from harness.model import DrillResult
from harness.result import result_of
from harness.scenario import Scenario, find, load
from harness.scorecard import GOOD, Outcome, outcome_of, without_check, witnesses
from harness.settings import Settings
from harness.store import Store
from harness.verdict import judge

pytestmark = pytest.mark.xdist_group("witnesses")

WITNESS = {
    "artifact": "drop-row-after-backup",
    "script": "gtid-line",
    "table-set": "drop-table",
    "rows-source": "drop-row",
    "rows-script": "remove-row-from-elsewhere",
    "structure": "drop-default",
    "keys": "drop-index",
    "programs": "remove-trigger",
    "objects-script": "remove-trigger",
    "expected-objects": "drop-index-from-elsewhere",
    "auto-increment": "old-dump",
    "excluded-tables": "remove-excluded-table",
    "orphans": "parent-row-lost",
    "definers": "definer-gone",
    "server-variables": "other-server-settings",
    "files": "directory-missing",
    "file-references": "directory-missing",
    "search-indexes": "model-not-imported",
    "search-documents": "model-not-imported",
    "search-packaged": "packaged-document-lost",
    "search-settings": "search-settings-not-synced",
    "search-tasks": "search-task-failed",
    "search-probes": "model-not-imported",
    "app-answers": "left-in-maintenance",
    "configuration": "stale-config-cache",
    "migrations": "newer-app",
    "release": "next-release",
    "no-way-out": "egress",
    "encrypted-values": "wrong-app-key",
    "downloads": "directory-missing",
    "recovery-point": "stale-source",
    "recovery-time": "restore-too-slow",
    "trend": "lost-upstream",
}
"""For each check a scenario that is not as expected without it; `apiary-drill score` lists all of them."""


@pytest.fixture(scope="session")
def drilled_once(settings: Settings) -> Callable[[str], tuple[Scenario, DrillResult]]:
    """Drills a shipped scenario at the smallest scale, each only once."""
    batch, contained = (Batch(replace(settings, runtime=runtime)) for runtime in ("process", "docker"))
    results: dict[str, tuple[Scenario, DrillResult]] = {}

    def once(name: str) -> tuple[Scenario, DrillResult]:
        if name not in results:
            tiny = load(find(name)).with_data(scale="tiny")
            results[name] = tiny, (contained if tiny.runtime.kind == "docker" else batch).drill(tiny)
        return results[name]

    return once


def test_every_check_has_one() -> None:
    assert list(WITNESS) == [check.name for check in CHECKS]


@pytest.mark.parametrize(
    "check",
    [pytest.param(name, marks=pytest.mark.docker if name == "no-way-out" else ()) for name in WITNESS],
)
def test_without_a_check_the_scorecard_falls(
    request: pytest.FixtureRequest,
    check: str,
    drilled_once: Callable[[str], tuple[Scenario, DrillResult]],
    settings: Settings,
) -> None:
    """With all checks it is as expected; judged again from the same evidence without this one, it is not."""
    if check == "no-way-out":
        request.getfixturevalue("engine")
    scenario, result = drilled_once(WITNESS[check])
    assert scenario.expected.unmet(result) == ()
    assert {each.check: each.scenarios for each in witnesses([(scenario, result)])}[check] == (scenario.name,)
    evidence = Store(settings.runs_dir / result.drill_id).load_evidence()
    fewer = result_of(judge(evidence, [each for each in CHECKS if each.name != check]), None)
    without = outcome_of(scenario.expected, replace(fewer, faults=result.faults))
    assert without not in GOOD
    assert without in (Outcome.NOT_DETECTED, Outcome.WRONG_REASON)
    # What the scorecard says without judging anything again is the same.
    assert outcome_of(scenario.expected, without_check(result, check)) is without

"""The negative control: everything that it can break is found, mended again, and a check that is blind is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.base.model import NegativeControl, Verdict
from harness.checks import CHECKS
from harness.checks.evidence import Evidence
from harness.checks.verdict import judge
from harness.drill.negative_control import CONTROLS, control, rows
from harness.drill.negative_control.broken import Target
from harness.drill.result import result_of
from harness.runtime.services.mysql import quote_name
from tests.drills.conftest import Restoration

pytestmark = pytest.mark.xdist_group("restoration")


@pytest.fixture(scope="session")
def evidence(restoration: Restoration) -> Evidence:
    """What a drill found in the restored target."""
    return restoration.look()


@pytest.fixture
def target(restoration: Restoration, evidence: Evidence) -> Target:
    drill = restoration.drill
    return Target(restoration.target, restoration.what, evidence, drill.plan.store.directory, drill.limits, kept=True)


def test_what_is_broken_is_found_and_mended_again(restoration: Restoration, target: Target) -> None:
    """A kept target is as it was: looking at it again after all of them finds nothing."""
    results = judge(target.evidence)
    for name in CONTROLS:
        made = control(target, results, CHECKS, 7, [name])
        assert (made.name, made.note) == (name, "")
        assert made.found_as in (
            "row-count", "content-digest", "file-checksum", "file-missing", "index-document-missing",
        ), name  # fmt: skip
    assert restoration.errors() == (Verdict.PASS, [])


def test_the_same_number_breaks_the_same(target: Target) -> None:
    """What the report says of the choice is enough to repeat it."""
    first, second = (control(target, (), CHECKS, 12, ["row-removed"]) for _ in range(2))
    assert replace(first, duration_s=0) == replace(second, duration_s=0)


def test_a_blind_check_is_noticed(target: Target) -> None:
    """Without the check that has to find it, a PASS becomes INCONCLUSIVE and says why."""
    results = judge(target.evidence)
    blind = [check for check in CHECKS if check.name != "rows-source"]
    made = control(target, results, blind, 7, ["row-removed"])
    assert made.found_as == ""
    result = result_of(results, None, negative_control=made)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.findings[0].code == "negative-control-undetected"
    assert result.reasons[0].startswith(f"After the verdict, {made.subject} was damaged deliberately (row id=")


def test_what_differed_already_is_not_taken_for_found(target: Target) -> None:
    """A table that a check has complained of is not chosen: it would be found whatever happens."""
    source = target.evidence.source
    assert source is not None
    others = replace(source, tables=tuple(replace(table, digest="0" * 32) for table in source.tables))
    made = control(replace(target, evidence=replace(target.evidence, source=others)), (), CHECKS, 7, ["row-removed"])
    assert made == NegativeControl(note="the target has nothing to change", rng_seed=7)


def test_a_trigger_that_waits_costs_a_minute_and_not_the_verdict(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is ended at the server as well, and something else is broken in its place."""
    monkeypatch.setattr(rows, "CONTROL_S", 1.0)
    source, mysql = target.evidence.source, target.stack.mysql
    assert source is not None
    users = replace(source, tables=tuple(table for table in source.tables if table.name == "users"))
    narrowed = replace(target, evidence=replace(target.evidence, source=users))
    trigger, results = quote_name(mysql.database, "waits"), judge(target.evidence)
    with mysql.session(database=mysql.database) as session:
        session.execute(f"CREATE TRIGGER {trigger} BEFORE DELETE ON users FOR EACH ROW SET @waited = SLEEP(100000)")
        try:
            alone = control(narrowed, results, CHECKS, 7, ["row-removed"])
            made = control(narrowed, results, CHECKS, 7, ["row-removed", "file-taken-away"])
            again = control(narrowed, results, CHECKS, 8, ["row-removed", "file-taken-away"])
        finally:
            session.execute(f"DROP TRIGGER {trigger}")
    assert alone.note == "row-removed failed: timed out after 1 s waiting for MySQL to answer DELETE"
    assert result_of(results, None, negative_control=alone).verdict is Verdict.INCONCLUSIVE
    for each in (made, again):
        assert (each.name, each.found_as) == ("file-taken-away", "file-missing")
    assert result_of(results, None, negative_control=made).verdict is Verdict.PASS


def test_a_server_that_is_gone_is_no_silence(target: Target) -> None:
    """A control that cannot be made is not a control that was passed."""
    away = replace(target.stack.meilisearch, url="http://127.0.0.1:9")
    made = control(replace(target, stack=replace(target.stack, meilisearch=away)), (), CHECKS, 7, ["document-deleted"])
    assert made.note.startswith("it failed: Meilisearch at http://127.0.0.1:9 does not answer")
    passed = result_of(judge(target.evidence), None, negative_control=made)
    assert passed.verdict is Verdict.INCONCLUSIVE

"""Faults in a real drill: where they are injected, their failures, killed servers, and steps that are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event

import pytest

from harness.base.errors import ServerFailed
from harness.base.model import DrillResult, Severity, Verdict
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.fault import Fault, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec
from harness.scenario.definition import Scenario, find, load

pytestmark = pytest.mark.xdist_group("injection")

Drilled = Callable[[Scenario], DrillResult]


@contextmanager
def note_points(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    context.changed("point", context.at, "entered")
    yield
    context.changed("point", context.at, "left")


@contextmanager
def kill_in_the_middle(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    def kill() -> None:
        context.stack.server_controls["mysql"].kill()
        context.changed("process", "mysql", f"killed after {context.script.sent_bytes} bytes")

    context.script.when_sent(100_000, kill)
    yield


@contextmanager
def restart_both(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    for name in ("mysql", "meilisearch"):
        control = context.stack.server_controls[name]
        control.pause()
        control.resume()
        control.kill()
        control.restart()
        context.changed("process", name, "killed and restarted")
    yield


@contextmanager
def hang(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    context.changed("process", "restore", "stands still")
    Event().wait(600)
    yield


@contextmanager
def break_down(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    raise ZeroDivisionError("content of a row")
    yield


@contextmanager
def keep_from_indexing(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    context.give_app(DB_PORT="none")
    context.changed("variable", "DB_PORT", "none, for the reindex")
    try:
        yield
    finally:
        context.give_app(DB_PORT=str(context.stack.mysql.port))


OWN = {
    fault.name: fault
    for fault in (
        Fault("points", "harness", tuple(InjectionPoint), "Notes.", note_points),
        Fault("killed", "harness", (InjectionPoint.DATABASE,), "Kills.", kill_in_the_middle),
        Fault("restarted", "harness", (InjectionPoint.TARGET,), "Restarts.", restart_both),
        Fault("hangs", "harness", (InjectionPoint.FILES,), "Hangs.", hang),
        Fault("no-index", "harness", (InjectionPoint.REINDEX,), "Fails.", keep_from_indexing),
        Fault("breaks", "harness", (InjectionPoint.FILES,), "Breaks.", break_down),
    )
}


def scenario(**more: object) -> Scenario:
    return Scenario.model_validate(
        {"name": "injection", "why": "To see how faults are put in.", "data": {"scale": "tiny"}, **more}
    )


@pytest.fixture(autouse=True)
def _own_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, fault in OWN.items():
        monkeypatch.setitem(FAULTS, name, fault)


def errors(result: DrillResult) -> list[tuple[str, str]]:
    return [(found.code, found.subject) for found in result.findings if found.severity is Severity.ERROR]


def test_every_injection_point_is_entered_and_left_and_servers_come_back_with_their_data(drilled: Drilled) -> None:
    """A drill with a fault at each injection point passes as long as none does harm; so it does when both servers are
    killed and started again before anything is restored."""
    points = [{"name": "points", "at": point.value} for point in InjectionPoint]
    result = drilled(scenario(fault=[*points, {"name": "restarted"}]))
    assert {
        fault.at: [change.detail for change in fault.changes] for fault in result.faults if fault.name == "points"
    } == {point: ["entered", "left"] for point in InjectionPoint}
    assert len(result.faults) == len(points) + 1
    assert (result.verdict, errors(result)) == ("PASS", [])


def test_a_step_that_hangs_is_inconclusive(drilled: Drilled) -> None:
    result = drilled(scenario(fault=[{"name": "hangs"}], limits={"step_s": 30}))
    assert (result.verdict, errors(result)) == ("INCONCLUSIVE", [("step-restore-files", "restore-files")])
    assert result.reasons == ("Restore the files: timed out: the step exceeded its limit of 30 s.",)


def test_a_fault_that_breaks_is_not_the_backups_failure(drilled: Drilled) -> None:
    result = drilled(scenario(fault=[{"name": "breaks"}, {"name": "points", "at": "collect"}]))
    assert (result.verdict, errors(result)) == ("INCONCLUSIVE", [("fault-failed", "breaks")])
    assert result.reasons[0].startswith("Fault breaks: ZeroDivisionError at test_injection.py:")
    assert "content" not in result.error


def test_a_server_that_is_killed_is_no_bad_backup_and_a_fault_behind_it_is_not_reached(drilled: Drilled) -> None:
    result = drilled(scenario(fault=[{"name": "killed"}, {"name": "points", "at": "collect"}]))
    assert result.verdict == "INCONCLUSIVE"
    assert result.faults[0].changes[0].detail == "killed after 100000 bytes"
    assert "Load the dump: MySQL exited unexpectedly, with status -9." in result.reasons
    assert errors(result) == [("fault-without-effect", "points"), ("step-restore-database", "restore-database")]


def test_a_step_that_is_left_out_is_missed(drilled: Drilled) -> None:
    result = drilled(scenario(restore={"steps": ["stop", "database", "start", "reindex"]}))
    assert result.verdict == "FAIL"
    assert {code for code, _ in errors(result)} <= {"file-missing", "file-reference-missing", "download"}
    assert [step.name for step in result.steps if step.name.startswith("restore-")] == ["restore-database"]


def test_rows_and_files_are_judged_although_the_index_could_not_be_rebuilt(drilled: Drilled) -> None:
    """What is missing among them may be why: the real application's import stops at a row whose user is gone."""
    lost = {"name": "remove-row", "at": "restored", "options": {"table": "rsvps"}}
    result = drilled(scenario(fault=[{"name": "no-index"}, lost]))
    assert (result.verdict, errors(result)[0]) == ("FAIL", ("step-reindex", "reindex"))
    assert ("row-count", "rsvps") in errors(result)
    assert "DB_PORT is" in result.reasons[0]
    assert {check.check for check in result.checks} >= {"rows-source", "files", "file-references"}


def test_other_servers_at_both_ends(drilled: Drilled) -> None:
    """A dump of MySQL goes into MariaDB only if the scenario says so; the report names both."""
    result = drilled(scenario(runtime={"source": "mariadb", "target": "mariadb"}))
    assert {part.name for part in result.components if part.role.endswith(" mysql")} == {"MariaDB"}
    assert (result.verdict, errors(result)) == ("PASS", [])


def test_what_was_found_is_reported_although_the_target_cannot_be_ended(
    drilled: Drilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst wins: rows that are missing do not come back because an engine goes away afterwards."""
    stack_of = ProcessRuntime.stack

    @contextmanager
    def ends_badly(runtime: ProcessRuntime, spec: StackSpec) -> Iterator[Stack]:
        with stack_of(runtime, spec) as stack:
            yield stack
        if spec.role == "target":
            raise ServerFailed("the engine went away")

    monkeypatch.setattr(ProcessRuntime, "stack", ends_badly)
    result = drilled(load(find("remove-row")))
    assert result.verdict is Verdict.FAIL
    assert {"step-destroy-target", "row-count"} <= {finding.code for finding in result.findings}
    assert len(result.checks) > 20
    healthy = drilled(load(find("sandbox-line")))
    assert (healthy.verdict, healthy.reasons) == (Verdict.INCONCLUSIVE, ("Destroy the target: the engine went away.",))

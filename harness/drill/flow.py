"""The whole flow of a drill: a plan in, a result out, on one screen.

    source ─► data ─► evidence ─► backup ─► source destroyed
                                 │ artifact, manifest, and what the source held
                                 ▼
    target, empty and proven ─► stop ─► files ─► script ─► start ─► reindex ─► evidence ─► checks ─► verdict

Only what the source held and the artifact cross from the first half to the second: the source is gone before
the target exists, so that a restore cannot lean on it. `verify` is the second half alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from harness.artifacts.storage.inventory import INVENTORY_NAME
from harness.base.model import DrillResult, Manifest
from harness.checks import CHECKS
from harness.checks.verdict import judge
from harness.drill.negative_control import run_negative_control
from harness.drill.plan import DrillPlan
from harness.drill.run import Run
from harness.drill.steps.collect import Restored, collect
from harness.drill.steps.empty_target import EmptyTarget, start_copy
from harness.drill.steps.read import read_backup
from harness.drill.steps.release import Release
from harness.drill.steps.restore import Restoration, restore
from harness.drill.steps.source import observe_source, prepare_source, settle_files
from harness.drill.steps.target import prove_target
from harness.faults.injection_points import InjectionPoint
from harness.inputs.backup import LOCATION, BackupUnderTest, Location, Made, SourceView
from harness.procedure.backup.plan import BackupSource
from harness.procedure.backup.take import take_backup
from harness.procedure.restore.script import check_compatibility
from harness.runtime.services.stack import Stack
from harness.runtime.spec import new_app_key
from harness.scenario.definition import Scenario


def run_scenario(run: Run, scenario: Scenario) -> DrillResult:
    """Generate, back up, destroy, restore, prove: all that the plan of a scenario says."""
    return _drilled(run, lambda: back_up(run, scenario))


def run_on(run: Run, backup: BackupUnderTest) -> DrillResult:
    """The second half, on a copy of a backup that another drill made (for many faults of one backup)."""

    def copied() -> BackupUnderTest:
        with run.clock.step("copy", "Copy the backup", decides=False):
            return backup.copied_to(run.plan.store.path("backup"))

    return _drilled(run, copied)


def verify(run: Run, backup: BackupUnderTest) -> DrillResult:
    """The second half, on a backup that was made elsewhere."""
    if backup.location is not None:
        run.plan.store.save(LOCATION, Location, backup.location)
    return _drilled(run, lambda: backup)


def _drilled(run: Run, backup: Callable[[], BackupUnderTest]) -> DrillResult:
    with run.concluded(), restored(run, backup()) as (target, what):
        if what.failed is not None:
            run.fail(what.failed)
        with run.faults.around(InjectionPoint.COLLECT, stack=target):
            evidence = collect(run, target, what)
        run.plan.store.save_evidence(evidence)
        names = [check.name for check in CHECKS]
        with run.faults.around(InjectionPoint.JUDGING, checks=names):
            run.outcome.results = judge(evidence, left_out={check.name for check in CHECKS}.difference(names))
        run.outcome.evidence = evidence
        if not run.plan.faults and what.failed is None:
            run.outcome.negative_control = run_negative_control(run, target, what, evidence)
    return run.result()


def back_up(run: Run, scenario: Scenario) -> BackupUnderTest:
    """The first half: a source with data, its backup, and the source destroyed."""
    store, clock, around = run.plan.store, run.clock, run.faults.around
    nonce, plan, app_key = secrets.token_hex(8), scenario.backup.plan(), new_app_key()
    directory = store.path("backup")
    with run.stack("source", app_key) as source:
        prepare_source(source, scenario, nonce, run.limits, clock)
        with around(InjectionPoint.SOURCE, stack=source, directory=directory):
            view = observe_source(source, store.directory, clock)
            store.save("source", SourceView, view)
            with around(InjectionPoint.BACKUP, stack=source, directory=directory):
                backup = take_backup(
                    BackupSource.of(source),
                    plan,
                    directory,
                    clock,
                    nonce=nonce,
                    row_digests=store.path("source-rows.tsv.zst"),
                    while_copying=lambda: around(InjectionPoint.DUMP_AND_FILES, stack=source, directory=directory),
                )
            view = settle_files(source, view, directory / INVENTORY_NAME, store.directory)
            store.save("source", SourceView, view)
        store.save("backup", Manifest, backup.manifest)
    return BackupUnderTest.of_drill(Made(backup, plan, view), app_key)


@contextmanager
def restored(run: Run, backup: BackupUnderTest) -> Iterator[tuple[Stack, Restored]]:
    """The second half up to the last step of the documented procedure: a target into which the backup was restored."""
    clock, choices, around = run.clock, run.plan.choices, run.faults.around
    with around(InjectionPoint.ARTIFACT, directory=backup.directory):
        pass
    read = read_backup(run, backup)
    with run.stack("target", backup.app_key or new_app_key(), backup.previous_keys) as target:
        proven = run.plan.begin_with.get("target")
        fresh = start_copy(target, proven, clock) if proven else prove_target(target, run.limits, clock)
        with clock.step("compare", "Check the dump against the target server"):
            script = check_compatibility(read.script, target.mysql)
            script = replace(script, as_it_stands=choices.as_it_stands)
        in_parallel = run.plan.settings.fast and not (run.plan.faults or choices.as_it_stands)
        work = Restoration(target, script, read.storage, run.limits, in_parallel=in_parallel)
        release = Release(run, read.backup, work)
        fresh = release.bring_to_version(fresh)
        with around(InjectionPoint.TARGET, stack=target):
            failed = restore(work, clock, choices.steps, run.faults, before_start=release.migrate)
        with around(InjectionPoint.RESTORED, stack=target):
            pass
        yield target, Restored(read, work, fresh, release.before, failed)


def prove_empty_target(plan: DrillPlan) -> EmptyTarget:
    """A target that is migrated and proven once, for others to begin with its servers' files."""
    run, spec = Run(plan), replace(plan.stack("target", new_app_key()), for_copies=True)
    with plan.runtime.stack(spec) as target:
        return EmptyTarget(spec, prove_target(target, run.limits, run.clock))

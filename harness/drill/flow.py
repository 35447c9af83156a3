"""The whole flow of a drill, on one screen.

    source ─► data ─► look ─► backup ─► source destroyed
                                 │ artifact, manifest, and what the source held
                                 ▼
    target, empty and proven ─► stop ─► files ─► script ─► start ─► reindex ─► look ─► checks ─► verdict

Only what the source held and the artifact cross from the first half to the second: the source is gone before
the target exists, so that a restore cannot lean on it. `verify` is the second half alone.
"""

from __future__ import annotations

import resource
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.artifacts.storage.inventory import INVENTORY_NAME
from harness.artifacts.storage.safety import ArchiveLimits
from harness.base.clock import Clock, Listener
from harness.base.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_USAGE,
    BrokenArtifact,
    FaultFailed,
    HarnessError,
    ServerFailed,
    StageFailed,
    UsageError,
    WaitTimeout,
    harness_error,
)
from harness.base.model import (
    ArtifactFile,
    CheckResult,
    Component,
    DrillResult,
    Manifest,
    NegativeControl,
    Provenance,
    Verdict,
)
from harness.base.private import private_file
from harness.base.settings import Settings
from harness.base.wait import wait_until
from harness.checks import CHECKS, Check
from harness.checks.artifact import check_artifact
from harness.checks.evidence import ArtifactEvidence, Evidence
from harness.checks.recovery import recovery_point_s
from harness.checks.verdict import judge
from harness.drill.handover import HandedIn, HandedOver
from harness.drill.negative_control import control
from harness.drill.negative_control.touched import Target
from harness.drill.result import ALWAYS_UNPROVEN, NOT_WANTED, result_of
from harness.drill.steps.collect import Restored, collect
from harness.drill.steps.release import BeforeMigrating, bring_to_version, look_before_migrating, migrate
from harness.drill.steps.source import SourceView, observe_source, prepare_source, settle_files
from harness.drill.steps.target import EmptyTarget, prove_target, restore, start_copy
from harness.faults.injection_points import RESTORE_STEPS, InjectionPoint
from harness.faults.injector import Injector
from harness.inputs.identity import backup_of_scenario
from harness.procedure.backup.manifest import measure
from harness.procedure.backup.measure import measure_all
from harness.procedure.backup.plan import BackupSource
from harness.procedure.backup.take import take_backup
from harness.procedure.restore.script import check_compatibility, read_script
from harness.procedure.restore.storage import check_storage
from harness.records.run_directory import Store
from harness.runtime.services.stack import Stack
from harness.runtime.spec import Runtime, StackSpec, new_app_key
from harness.scenario.definition import Objectives, Scenario

EXIT_REPORT_S = 3.0
"""How long to wait for the news that a server has ended; Docker's came within a second of the broken connection."""


class Drill:
    """One run: its name, its directory, its clock, its runtime, and the faults that its scenario asks for."""

    def __init__(self, drill_id: str, runtime: Runtime, settings: Settings, store: Store, listener: Listener) -> None:
        self.target: Stack | None = None
        self.drill_id = drill_id
        self.runtime = runtime
        self.store = store
        self.limits = settings.limits
        self.standin_release = settings.standin_release
        self.fast = settings.fast
        self.clock = Clock(listener, stage_limit_s=self.limits.stage_s)
        self.components: list[Component] = []
        self.objectives = Objectives()
        self.promised: tuple[ArtifactFile, ...] = ()
        self.measured: tuple[ArtifactFile, ...] = ()
        self.manifest_file: tuple[ArtifactFile, ...] = ()
        self.backup_name = ""
        self.provenance: tuple[Provenance, ...] = ()
        self.steps: tuple[InjectionPoint, ...] = RESTORE_STEPS
        self.as_it_stands = False
        self.from_elsewhere = self.migrates = False
        self.faults = Injector((), 0, store.directory, self.limits)
        self.begin_with: dict[str, EmptyTarget] = {}
        self.expected = Verdict.PASS
        self.control = settings.negative_control
        self.keep = False
        self.started_at = datetime.now(UTC)
        self._began = time.monotonic()

    def follow(self, scenario: Scenario) -> None:
        """Take over what a scenario says of objectives, limits, steps and faults."""
        self.objectives, self.backup_name = scenario.objectives, backup_of_scenario(scenario.name)
        self.expected = scenario.expected.verdict
        self.limits = scenario.limits.over(self.limits)
        self.clock.stage_limit_s = self.limits.stage_s
        self.steps, self.as_it_stands = scenario.restore.stages, scenario.restore.as_it_stands
        self.from_elsewhere = scenario.restore.evidence == "artifact"
        self.standin_release = scenario.restore.release or self.standin_release
        self.migrates = scenario.restore.release is not None
        self.faults = Injector(scenario.planned(), scenario.data.rng_seed, self.store.directory, self.limits)

    def run(self, scenario: Scenario) -> DrillResult:
        """Generate, back up, destroy, restore, prove."""
        self.follow(scenario)
        app_key = new_app_key()
        with self._judged(scenario.name, scenario.why) as outcome:
            self._prove(self.back_up(scenario, app_key), app_key, outcome)
        return outcome.result

    def run_on(self, handed: HandedOver, app_key: str, scenario: Scenario) -> DrillResult:
        """The second half of a run, on a copy of a backup that another drill made (for many faults of one backup)."""
        self.follow(scenario)
        with self._judged(scenario.name, scenario.why) as outcome:
            with self.clock.step("copy", "Copy the backup", decides=False):
                handed = handed.copied_to(self.store.path("backup"))
            self._prove(handed, app_key, outcome)
        return outcome.result

    def verify(self, handed_in: HandedIn, objectives: Objectives, purpose: str) -> DrillResult:
        """Restore a backup that was made elsewhere, and prove that all of it is back."""
        self.objectives, self.backup_name, self.provenance = objectives, handed_in.name, handed_in.provenance
        with self._judged("verify", purpose) as outcome:
            self._prove(HandedOver.from_outside(handed_in), handed_in.app_key, outcome)
        return outcome.result

    def back_up(self, scenario: Scenario, app_key: str) -> HandedOver:
        """The first half: a source with data, its backup, and the source destroyed."""
        nonce, plan = secrets.token_hex(8), scenario.backup.plan()
        directory, around = self.store.path("backup"), self.faults.around
        with self._stack("source", app_key) as source:
            prepare_source(source, scenario, nonce, self.limits, self.clock)
            with around(InjectionPoint.SOURCE, stack=source, directory=directory):
                view = observe_source(source, self.store.directory, self.clock)
                self.store.save("source", SourceView, view)
                with around(InjectionPoint.BACKUP, stack=source, directory=directory):
                    backup = take_backup(
                        BackupSource.of(source),
                        plan,
                        directory,
                        self.clock,
                        nonce=nonce,
                        row_digests=self.store.path("source-rows.tsv.zst"),
                        while_copying=lambda: around(InjectionPoint.DUMP_AND_FILES, stack=source, directory=directory),
                    )
                view = settle_files(source, view, directory / INVENTORY_NAME, self.store.directory)
                self.store.save("source", SourceView, view)
            self.store.save("backup", Manifest, backup.manifest)
        return HandedOver.from_backup(backup, plan, view)

    @contextmanager
    def restored(self, handed: HandedOver, app_key: str | None) -> Iterator[tuple[Stack, Restored]]:
        """The second half up to the last step of the guide: a target into which the backup was restored.

        Args:
            app_key: `APP_KEY` of the instance that was backed up; None gives the target one of its own.
        """
        limits, clock, around = self.limits, self.clock, self.faults.around
        with around(InjectionPoint.ARTIFACT, directory=handed.directory):
            pass
        with clock.step("read", "Read the backup before anything of it runs") as note, _own_fault(handed):
            handed = handed.as_from_elsewhere(app_key) if self.from_elsewhere else handed.as_found()
            self.promised = handed.manifest.artifacts if handed.manifest else ()
            # Before it is read: the report of a backup that cannot be read still says which one it was.
            self.measured = measure_all(handed.files, {file.role for file in self.promised}, self.store.directory)
            if handed.manifest_file is not None:
                self.manifest_file = (measure(handed.manifest_file, "manifest"),)
            self.limits = limits = limits.for_backup(sum(file.size_bytes for file in self.measured))
            self.clock.stage_limit_s = limits.stage_s
            handed.must_be_complete()
            source_files = handed.source.files if handed.source else self._listed(handed)
            script = read_script(handed.dump, handed.database, allowed=handed.allowed, progress=note.progress)
            note.progress("files")
            inventory, room = self.store.path("artifact-files.jsonl"), self.runtime.room()
            limits_of_files = ArchiveLimits.of(handed.max_storage_bytes).within(*room)
            checked = check_storage(handed.storage, inventory, limits=limits_of_files)
            storage = replace(checked, lists=(inventory, source_files))
            note.detail = f"{len(script.database.tables)} tables, {script.rows:,} rows; {storage.totals.files:,} files"
        with self._stack("target", app_key or new_app_key()) as target:
            empty = self.begin_with.get("target")
            fresh = start_copy(target, empty, clock) if empty else prove_target(target, limits, clock)
            with clock.step("compare", "Compare the script with the server that it will run on"):
                script = replace(check_compatibility(script, target.mysql), as_it_stands=self.as_it_stands)
            pending = set(fresh.migrations) - set(script.migrations)
            newer = (handed.migrate or self.migrates) and script.migrations and pending
            before: BeforeMigrating | None = None

            def to_the_newer_version() -> None:
                nonlocal before
                if newer:
                    before = look_before_migrating(target, script, handed.plan, self.store.directory, clock)
                    migrate(target, clock)

            if newer:
                fresh = bring_to_version(target, script.migrations, fresh, clock)
            with around(InjectionPoint.TARGET, stack=target):
                restoration = restore(
                    target,
                    script,
                    storage,
                    self.store.directory,
                    limits,
                    clock,
                    steps=self.steps,
                    faults=self.faults,
                    before_start=to_the_newer_version,
                )
            with around(InjectionPoint.RESTORED, stack=target):
                pass
            yield (
                target,
                Restored(
                    script=script,
                    restoration=restoration,
                    expected_files=source_files or inventory,
                    of_source=source_files is not None,
                    owners_kept=handed.keeps_owners,
                    measured=self.measured,
                    fresh=fresh,
                    plan=handed.plan,
                    backup=handed.backup,
                    source=handed.source,
                    manifest=handed.manifest,
                    before_migrating=before,
                    accepted=handed.accepted,
                    app_key_given=app_key is not None,
                    time_zones=handed.time_zones,
                ),
            )

    def _listed(self, handed: HandedOver) -> Path | None:
        """The backup's own list of files, kept beside the others of this run: reports tell names by it."""
        listed = handed.listed_files(self.measured)
        if listed is None:
            return None
        kept = self.store.path("source-files.jsonl")
        with listed.open("rb") as source, private_file(kept) as target:
            shutil.copyfileobj(source, target)
        return kept

    def empty_target(self, release: str | None) -> EmptyTarget:
        """A target that is migrated and proven once, for others to begin with its servers' files."""
        self.standin_release = release or self.standin_release
        spec = replace(self._spec("target", new_app_key()), for_copies=True)
        with self.runtime.stack(spec) as target:
            return EmptyTarget(spec, prove_target(target, self.limits, self.clock))

    def _prove(self, handed: HandedOver, app_key: str | None, outcome: _Outcome) -> None:
        with self.restored(handed, app_key) as (target, what):
            with self.faults.around(InjectionPoint.COLLECT, stack=target):
                evidence = collect(target, what, self.objectives, self.store.directory, self.clock, limits=self.limits)
            evidence = replace(evidence, trend=self.faults.trend() or handed.trend)
            self.store.save_evidence(evidence)
            names = [check.name for check in CHECKS]
            with self.faults.around(InjectionPoint.JUDGING, checks=names):
                outcome.results = judge(evidence, left_out={check.name for check in CHECKS}.difference(names))
                checks = [check for check in CHECKS if check.name in names]
            outcome.evidence = evidence
            if not self.faults.planned:
                outcome.control = self._control(target, what, evidence, outcome.results, checks)

    def _control(
        self,
        target: Stack,
        what: Restored,
        evidence: Evidence,
        results: Sequence[CheckResult],
        checks: Sequence[Check],
    ) -> NegativeControl:
        """Break something small after the verdict, and see whether the checks find it."""
        if not self.control:
            return NegativeControl(note=NOT_WANTED)
        with self.clock.step("control", "Break something small, and see whether it is found", decides=False) as note:
            broken = Target(target, what, evidence, self.store.directory, self.limits, self.keep)
            made = control(broken, results, checks, secrets.randbits(32))
            note.detail = f"{made.name} in {made.subject}: {made.found_as or 'not found'}" if made.name else made.note
        return made

    @contextmanager
    def _stack(self, role: str, app_key: str) -> Iterator[Stack]:
        """A running stack, its start and its end timed."""
        spec = self._spec(role, app_key)
        if empty := self.begin_with.get(role):
            spec = spec.as_copy_of(empty.spec)
        with ExitStack() as running, _first_error_first(running):
            with self.clock.step(f"start-{role}", f"Start the servers of the {role}", decides=False) as note:
                stack = running.enter_context(self.runtime.stack(spec))
                note.detail = ", ".join(f"{part.name} {part.version}" for part in stack.components)
            self.components += [replace(part, role=f"{role} {part.role}") for part in stack.components]
            if role == "target":
                self.target = stack
            try:
                yield stack
            except StageFailed as error:
                # What failed is often only the first to notice that a server is gone.
                if died := _obituary(stack, error):
                    fact, _, log = died.partition("\n")
                    raise StageFailed(error.stage, ServerFailed(fact, details=f"{log}\n{error}")) from error
                raise
            with self.clock.step(f"destroy-{role}", f"Destroy the {role}", decides=False):
                running.close()

    def _spec(self, role: str, app_key: str) -> StackSpec:
        release = self.standin_release if role == "target" else None
        return StackSpec(
            role=role,
            drill_id=self.drill_id,
            logs=self.store.logs / role,
            app_key=app_key,
            app_env={"STANDIN_RELEASE": release} if release else {},
            durable=role == "target" and not self.fast,
            limits=self.limits,
        )

    @contextmanager
    def _judged(self, name: str, purpose: str) -> Iterator[_Outcome]:
        """Turn what happens in the block into a result that is written whatever happens."""
        outcome = _Outcome()
        try:
            yield outcome
        except Exception as error:
            told = harness_error(error)
            if told.exit_code == EXIT_USAGE:
                raise
            outcome.error = told if isinstance(told, StageFailed | FaultFailed) else StageFailed("drill", told)
        if outcome.error is not None:
            if outcome.error.details:
                self.store.save_details(outcome.error.details)
            if self.promised and not outcome.results:
                # What is known of the files is told, although nothing else could be judged.
                outcome.results = (check_artifact(ArtifactEvidence(self.promised, self.measured)),)
        outcome.result = self._result(name, purpose, outcome)
        self.store.save_result(outcome.result)

    def _result(self, name: str, purpose: str, outcome: _Outcome) -> DrillResult:
        evidence = outcome.evidence
        return replace(
            result_of(outcome.results, outcome.error, self.faults.without_effect(), outcome.control),
            drill_id=self.drill_id,
            scenario=name,
            mode="fast" if self.fast else "faithful",
            purpose=" ".join(purpose.split()),
            started_at=self.started_at,
            duration_s=time.monotonic() - self._began,
            components=tuple(self.components),
            steps=tuple(self.clock.steps),
            recovery_time_s=evidence.recovery.restore_s if evidence else None,
            recovery_point_at=evidence.recovery.newest_row_at if evidence else None,
            recovery_point_local=evidence.recovery.newest_row_local if evidence else "",
            recovery_time_objective_s=self.objectives.recovery_time_s,
            recovery_point_objective_s=self.objectives.recovery_point_s,
            recovery_point_s=recovery_point_s(evidence.recovery) if evidence else None,
            backup_at=evidence.recovery.backup_at if evidence else None,
            artifacts=(*self.measured, *self.manifest_file),
            backup=self.backup_name,
            expected_verdict=self.expected,
            # Linux tells the peak in units of 1,024 bytes (getrusage(2)).
            peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            unproven=(*dict.fromkeys(text for part in self.components for text in part.unproven), *ALWAYS_UNPROVEN),
            faults=self.faults.injected,
            provenance=self.provenance,
        )


def _obituary(stack: Stack, error: StageFailed) -> str:
    """What became of a server, when one is gone; an engine may know of its end a moment after its clients do."""
    if error.exit_code != EXIT_INCONCLUSIVE:
        return stack.exit_report()
    try:
        return wait_until(lambda: stack.exit_report() or None, what="the end of a server", timeout_s=EXIT_REPORT_S)
    except (WaitTimeout, ServerFailed):
        return ""  # nobody can say: with an engine that is gone, nobody can be asked


@contextmanager
def _first_error_first(running: ExitStack) -> Iterator[None]:
    """Tell what ended the drill, also where the cleaning up then fails: it does so when an engine is gone."""
    try:
        yield
    except HarnessError as first:
        try:
            running.__exit__(type(first), first, first.__traceback__)
        except HarnessError as second:
            first.details = f"{first.details}\nand then: {second}".lstrip()
        raise


@contextmanager
def _own_fault(handed: HandedOver) -> Iterator[None]:
    """What cannot be used of a backup that this drill made itself is broken: nobody named a wrong file."""
    try:
        yield
    except UsageError as error:
        if handed.backup is None or error.exit_code != EXIT_USAGE:
            raise
        raise BrokenArtifact(error.fact, details=error.details, causes=error.causes) from error


class _Outcome:
    """What a drill came to."""

    def __init__(self) -> None:
        self.evidence: Evidence | None = None
        self.control: NegativeControl | None = None
        self.results: tuple[CheckResult, ...] = ()
        self.error: StageFailed | FaultFailed | None = None
        self.result: DrillResult


def new_drill_id(name: str) -> str:
    """A name for a run that sorts by time and is nobody else's."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}"

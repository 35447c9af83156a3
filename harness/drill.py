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
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness import guide
from harness.backup.manifest import measure
from harness.backup.plan import BackupPlan, BackupSource
from harness.backup.scan import Storage
from harness.backup.take import Backup, take_backup
from harness.checks.evidence import Evidence, TrendEvidence
from harness.checks.recovery import recovery_point_s
from harness.clock import Clock, Listener
from harness.dump.source import Dump, files_of
from harness.errors import EXIT_USAGE, HarnessError, ServerFailed, StageFailed
from harness.history.identity import backup_of_scenario
from harness.model import (
    ArtifactFile,
    CheckResult,
    Component,
    DrillResult,
    Finding,
    Manifest,
    Severity,
    Verdict,
)
from harness.restore.script import check_compatibility, read_script
from harness.runtimes.spec import Runtime, StackSpec, new_app_key
from harness.scenario import Objectives, Scenario
from harness.services.stack import Stack
from harness.settings import Settings
from harness.stages.collect import Restored, collect
from harness.stages.source import SourceView, observe_source, prepare_source
from harness.stages.target import prove_target, restore
from harness.store import RESULT_VERSION, Store
from harness.verdict import decide, findings_of, judge

ALWAYS_UNPROVEN = (
    "That the backup can be reached and read on the day it is needed: this drill read it from this machine.",
    "That the people on call find the keys (APP_KEY, passport keys) and the guide without help.",
)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A backup that was handed in.

    Args:
        dump: the script.
        storage: directory or archive of the storage directory, or a directory that is read somewhere else.
        database: name of the database in the script, when it holds several.
        manifest: the manifest of this tool that came with it.
        app_key: `APP_KEY` of the instance that was backed up, so that encrypted values can be read.
        accepted_tables: tables that the operator leaves out of the dump besides those of the guide.
        allowed: codes of unsafe statements that the operator allows by name.
        name: of the backup, the same from one drill to the next.
        trend: the last good drills of the same backup.
    """

    dump: Dump
    storage: Storage
    database: str | None = None
    manifest: Manifest | None = None
    app_key: str | None = None
    accepted_tables: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()
    name: str = ""
    trend: TrendEvidence | None = None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """All that crosses from the first half to the second."""

    dump: Dump
    storage: Storage
    database: str | None
    plan: BackupPlan
    files: tuple[tuple[str, Path], ...]
    manifest: Manifest | None = None
    backup: Backup | None = None
    source: SourceView | None = None
    allowed: frozenset[str] = frozenset()
    trend: TrendEvidence | None = None

    @classmethod
    def from_backup(cls, backup: Backup, plan: BackupPlan, source: SourceView) -> HandedOver:
        artifacts = {file.role: backup.directory / file.name for file in backup.manifest.artifacts}
        return cls(
            dump=artifacts["database"],
            storage=artifacts["storage"],
            database=backup.manifest.database,
            plan=plan,
            files=tuple(artifacts.items()),
            manifest=backup.manifest,
            backup=backup,
            source=source,
        )

    @classmethod
    def from_outside(cls, handed_in: HandedIn) -> HandedOver:
        files = [("database", path) for path in files_of(handed_in.dump)]
        if isinstance(handed_in.storage, Path):
            files.append(("storage", handed_in.storage))
        manifest = handed_in.manifest
        if manifest is None:
            # What the guide allows to leave out may be missing; every file that is there must come back.
            plan = BackupPlan(
                excluded_tables=(*guide.EXCLUDABLE_TABLES, *handed_in.accepted_tables), excluded_directories=()
            )
        else:
            plan = BackupPlan(
                excluded_tables=tuple(left.name for left in manifest.exclusions if left.kind == "table"),
                excluded_directories=tuple(left.name for left in manifest.exclusions if left.kind == "directory"),
            )
            directory = files_of(handed_in.dump)[0].parent
            files += [(file.role, directory / file.name) for file in manifest.artifacts]
        return cls(
            dump=handed_in.dump,
            storage=handed_in.storage,
            database=handed_in.database or (manifest.database if manifest else None),
            plan=plan,
            files=tuple({path: (role, path) for role, path in files}.values()),
            manifest=manifest,
            allowed=handed_in.allowed,
            trend=handed_in.trend,
        )


class Drill:
    """One run: its name, its directory, its clock, its runtime."""

    def __init__(self, drill_id: str, runtime: Runtime, settings: Settings, store: Store, listener: Listener) -> None:
        self.target: Stack | None = None
        self.drill_id = drill_id
        self.runtime = runtime
        self.settings = settings
        self.store = store
        self.clock = Clock(listener)
        self.components: list[Component] = []
        self.objectives = Objectives()
        self.measured: tuple[ArtifactFile, ...] = ()
        self.backup_name = ""
        self.started_at = datetime.now(UTC)
        self._began = time.monotonic()

    def run(self, scenario: Scenario) -> DrillResult:
        """Generate, back up, destroy, restore, prove."""
        app_key = new_app_key()
        self.objectives, self.backup_name = scenario.objectives, backup_of_scenario(scenario.name)
        with self._judged(scenario.name, scenario.why) as outcome:
            handed = self.back_up(scenario, app_key)
            outcome.evidence = self._prove(handed, app_key)
        return outcome.result

    def verify(self, handed_in: HandedIn, objectives: Objectives, purpose: str) -> DrillResult:
        """Restore a backup that was made elsewhere, and prove that all of it is back."""
        self.objectives, self.backup_name = objectives, handed_in.name
        with self._judged("verify", purpose) as outcome:
            app_key = handed_in.app_key or new_app_key()
            outcome.evidence = self._prove(HandedOver.from_outside(handed_in), app_key)
        return outcome.result

    def back_up(self, scenario: Scenario, app_key: str) -> HandedOver:
        """The first half: a source with data, its backup, and the source destroyed."""
        nonce, plan = secrets.token_hex(8), scenario.backup.plan()
        with self._stack("source", app_key) as source:
            prepare_source(source, scenario, nonce, self.settings.limits, self.clock)
            view = observe_source(source, self.store.directory, self.clock)
            self.store.save("source", SourceView, view)
            backup = take_backup(
                BackupSource.of(source),
                plan,
                self.store.path("backup"),
                self.clock,
                nonce=nonce,
                row_digests=self.store.path("source-rows.tsv.zst"),
            )
            self.store.save("backup", Manifest, backup.manifest)
        return HandedOver.from_backup(backup, plan, view)

    @contextmanager
    def restored(self, handed: HandedOver, app_key: str) -> Iterator[tuple[Stack, Restored]]:
        """The second half up to the last step of the guide: a target into which the backup was restored."""
        limits, clock = self.settings.limits, self.clock
        with clock.step("read", "Read the backup before anything of it runs") as note:
            # Before it is read: the report of a backup that cannot be read still says which one it was.
            self.measured = tuple(measure(path, role) for role, path in handed.files if path.is_file())
            script = read_script(handed.dump, handed.database, allowed=handed.allowed, progress=note.progress)
            note.detail = f"{len(script.database.tables)} tables, {script.rows:,} rows"
        with self._stack("target", app_key) as target:
            fresh = prove_target(target, limits, clock)
            with clock.step("compare", "Compare the script with the server that it will run on"):
                script = check_compatibility(script, target.mysql)
            inventory = self.store.path("artifact-files.jsonl")
            restoration = restore(target, script, handed.storage, inventory, limits, clock)
            yield (
                target,
                Restored(
                    script=script,
                    restoration=restoration,
                    expected_files=handed.source.files if handed.source else inventory,
                    measured=self.measured,
                    fresh=fresh,
                    plan=handed.plan,
                    backup=handed.backup,
                    source=handed.source,
                    manifest=handed.manifest,
                ),
            )

    def _prove(self, handed: HandedOver, app_key: str) -> Evidence:
        with self.restored(handed, app_key) as (target, what):
            evidence = collect(target, what, self.objectives, self.store.directory, self.clock)
        evidence = replace(evidence, trend=handed.trend)
        self.store.save_evidence(evidence)
        return evidence

    @contextmanager
    def _stack(self, role: str, app_key: str) -> Iterator[Stack]:
        """A running stack, its start and its end timed."""
        spec = StackSpec(role=role, drill_id=self.drill_id, logs=self.store.logs / role, app_key=app_key)
        with ExitStack() as running:
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
                if died := stack.obituary():
                    fact, _, log = died.partition("\n")
                    raise StageFailed(error.stage, ServerFailed(fact, details=f"{log}\n{error}")) from error
                raise
            with self.clock.step(f"destroy-{role}", f"Destroy the {role}", decides=False):
                running.close()

    @contextmanager
    def _judged(self, name: str, purpose: str) -> Iterator[_Outcome]:
        """Turn what happens in the block into a result that is written whatever happens."""
        outcome = _Outcome()
        try:
            yield outcome
        except StageFailed as error:
            if error.exit_code == EXIT_USAGE:
                raise
            outcome.error = error
        except HarnessError as error:
            outcome.error = StageFailed("drill", error)
        if outcome.error is not None and outcome.error.details:
            self.store.save_details(outcome.error.details)
        results = judge(outcome.evidence) if outcome.evidence is not None else ()
        outcome.result = self._result(name, purpose, outcome, results)
        self.store.save_result(outcome.result)

    def _result(self, name: str, purpose: str, outcome: _Outcome, results: Sequence[CheckResult]) -> DrillResult:
        evidence = outcome.evidence
        result = result_of(results, outcome.error)
        return replace(
            result,
            drill_id=self.drill_id,
            scenario=name,
            purpose=" ".join(purpose.split()),
            started_at=self.started_at,
            duration_s=time.monotonic() - self._began,
            components=tuple(self.components),
            steps=tuple(self.clock.steps),
            recovery_time_s=evidence.recovery.restore_s if evidence else None,
            recovery_point_at=evidence.recovery.newest_row_at if evidence else None,
            recovery_time_objective_s=self.objectives.recovery_time_s,
            recovery_point_objective_s=self.objectives.recovery_point_s,
            recovery_point_s=recovery_point_s(evidence.recovery) if evidence else None,
            backup_at=evidence.recovery.backup_at if evidence else None,
            artifacts=self.measured,
            backup=self.backup_name,
            # Linux tells the peak in units of 1,024 bytes (getrusage(2)).
            peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            unproven=(*dict.fromkeys(text for part in self.components for text in part.unproven), *ALWAYS_UNPROVEN),
        )


def judge_again(store: Store) -> DrillResult:
    """Judge a run again from what its stages wrote, without starting anything."""
    before = store.load_result()
    if before.error:
        return before
    results = judge(store.load_evidence())
    again = result_of(results, None)
    return replace(before, verdict=again.verdict, reasons=again.reasons, checks=again.checks, findings=again.findings)


def result_of(results: Sequence[CheckResult], error: StageFailed | None) -> DrillResult:
    """A result with its verdict; what describes the run is filled in by the caller."""
    verdict, reasons = decide(results)
    findings = findings_of(results)
    if error is not None:
        verdict = Verdict.FAIL if error.exit_code == 1 else Verdict.INCONCLUSIVE
        reasons = (f"{error.fact[:1].upper()}{error.fact[1:]}.",)
        findings = (
            Finding(
                code=f"stage-{error.stage}",
                severity=Severity.ERROR,
                subject=error.stage,
                message=reasons[0],
                remedy=" ".join(error.hints),
            ),
            *findings,
        )
    return DrillResult(
        format_version=RESULT_VERSION,
        drill_id="",
        scenario="",
        purpose="",
        mode="faithful",
        started_at=datetime.now(UTC),
        duration_s=0.0,
        verdict=verdict,
        reasons=reasons,
        components=(),
        steps=(),
        checks=tuple(results),
        findings=findings,
        # Its details are lines of logs, which may quote a row: they stay in the run directory.
        error="" if error is None else "\n".join([error.fact, *(f"HINT: {hint}" for hint in error.hints)]),
        hints=() if error is None else error.hints,
    )


class _Outcome:
    """What a drill came to."""

    def __init__(self) -> None:
        self.evidence: Evidence | None = None
        self.error: StageFailed | None = None
        self.result: DrillResult


def new_drill_id(name: str) -> str:
    """A name for a run that sorts by time and is nobody else's."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}"


def exit_code(result: DrillResult, expected: Verdict = Verdict.PASS, expected_findings: Sequence[str] = ()) -> int:
    """0 as expected, 1 not as expected, 3 inconclusive; an expected verdict that is met is always 0."""
    codes = {finding.code for finding in result.findings}
    if result.verdict is expected and codes >= set(expected_findings):
        return 0
    return 3 if result.verdict is Verdict.INCONCLUSIVE else 1

"""A drill while it runs: its clock, its faults, its servers, and what it has come to so far."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from harness.base.clock import Clock
from harness.base.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_USAGE,
    FaultFailed,
    HarnessError,
    ServerFailed,
    StepFailed,
    WaitTimeout,
    harness_error,
)
from harness.base.limits import Limits
from harness.base.model import ArtifactFile, CheckResult, Component, DrillResult, NegativeControl
from harness.base.usage import of_harness
from harness.base.wait import wait_until
from harness.checks.artifact import check_artifact
from harness.checks.evidence import ArtifactEvidence, Evidence, RowSample
from harness.checks.recovery import recovery_point_s
from harness.drill.plan import DrillPlan
from harness.drill.result import ALWAYS_UNPROVEN, result_of
from harness.faults.injector import Injector
from harness.runtime.process.usage import CHILDREN
from harness.runtime.services.stack import Stack

EXIT_REPORT_S = 3.0
"""How long to wait for the news that a server has exited; Docker's came within a second of the broken connection."""


@dataclass(slots=True)
class Progress:
    """What a drill has come to: its result is made of this, however far it came.

    Args:
        manifest_files, actual_files: files of the backup, as its manifest names them and as they were found.
    """

    components: list[Component] = field(default_factory=list)
    manifest_files: tuple[ArtifactFile, ...] = ()
    actual_files: tuple[ArtifactFile, ...] = ()
    manifest_file: tuple[ArtifactFile, ...] = ()
    evidence: Evidence | None = None
    results: tuple[CheckResult, ...] = ()
    negative_control: NegativeControl | None = None
    error: StepFailed | FaultFailed | None = None


class Run:
    """One run of a plan.

    Attributes:
        target: the restored instance, once it runs.
    """

    def __init__(self, plan: DrillPlan) -> None:
        limits = plan.settings.limits
        self.plan = plan
        self.clock = Clock(plan.listener, step_limit_s=limits.step_s)
        self.faults = Injector(plan.faults, plan.rng_seed, plan.store.directory, limits)
        self.outcome = Progress()
        self.target: Stack | None = None
        self._began_at, self._began = datetime.now(UTC), time.monotonic()

    @property
    def limits(self) -> Limits:
        """How long things may take: more with a large backup, once it was measured."""
        limits = self.plan.settings.limits
        return limits.for_backup(sum(file.size_bytes for file in self.outcome.actual_files))

    def note_files(self, files: tuple[ArtifactFile, ...]) -> None:
        """Note the backup's files as they were found: steps that read all of them get more time."""
        self.outcome.actual_files = files
        self.clock.step_limit_s = self.limits.step_s

    @contextmanager
    def stack(self, role: str, app_key: str, previous_keys: str = "") -> Iterator[Stack]:
        """A running stack, its start and its end timed."""
        spec = replace(self.plan.stack(role, app_key, previous_keys), limits=self.limits)
        if empty := self.plan.begin_with.get(role):
            spec = spec.as_copy_of(empty.spec)
        with ExitStack() as running, _first_error_first(running):
            with self.clock.step(f"start-{role}", f"Start the servers of the {role}", decides=False) as note:
                stack = running.enter_context(self.plan.runtime.stack(spec))
                running.enter_context(self.clock.meter.watching(stack.usage, new=True))
                note.detail = ", ".join(f"{part.name} {part.version}" for part in stack.components)
            self.outcome.components += [replace(part, role=f"{role} {part.role}") for part in stack.components]
            if role == "target":
                self.target = stack
            try:
                yield stack
            except StepFailed as error:
                # What failed is often only the first to notice that a server is gone.
                if died := _exit_report(stack, error):
                    fact, _, log = died.partition("\n")
                    raise StepFailed(error.step, error.title, ServerFailed(fact, details=f"{log}\n{error}")) from error
                raise
            with self.clock.step(f"destroy-{role}", f"Destroy the {role}", decides=False):
                running.close()

    @contextmanager
    def concluded(self) -> Iterator[None]:
        """Keep what ends the block early, as a part of the result; only bad usage passes through."""
        try:
            with self.clock.meter.watching(of_harness, CHILDREN.used):
                yield
        except Exception as error:
            failure = harness_error(error)
            if failure.exit_code == EXIT_USAGE:
                raise
            if self.outcome.error is None:  # what failed first is why
                self.fail(
                    failure if isinstance(failure, StepFailed | FaultFailed) else StepFailed("drill", "", failure)
                )

    def fail(self, error: StepFailed | FaultFailed) -> None:
        """Note what failed; what is found after that is reported beside it."""
        self.outcome.error = error
        if error.details:
            self.plan.store.save_details(error.details)

    def result(self) -> DrillResult:
        """What the drill came to; also written to its run directory."""
        plan, found = self.plan, self.outcome
        if found.error is not None and found.manifest_files and not found.results:
            # What is known of the files is reported, although nothing else could be judged.
            found.results = (check_artifact(ArtifactEvidence(found.manifest_files, found.actual_files)),)
        recovery = found.evidence.recovery if found.evidence else None
        sample = found.evidence.script.sample if found.evidence else None
        result = replace(
            result_of(found.results, found.error, self.faults.without_effect(), found.negative_control),
            drill_id=plan.drill_id,
            scenario=plan.scenario,
            mode="fast" if plan.settings.fast else "faithful",
            purpose=" ".join(plan.purpose.split()),
            started_at=self._began_at,
            duration_s=time.monotonic() - self._began,
            components=tuple(found.components),
            steps=tuple(self.clock.steps),
            recovery_time_s=recovery.restore_s if recovery else None,
            recovery_point_at=recovery.newest_row_at if recovery else None,
            recovery_point_local=recovery.newest_row_local if recovery else "",
            recovery_time_objective_s=plan.objectives.recovery_time_s,
            recovery_point_objective_s=plan.objectives.recovery_point_s,
            recovery_point_s=recovery_point_s(recovery) if recovery else None,
            backup_at=recovery.backup_at if recovery else None,
            artifacts=(*found.actual_files, *found.manifest_file),
            backup=plan.backup_name,
            expected_verdict=plan.expected,
            # Linux tells the peak in units of 1,024 bytes (getrusage(2)).
            peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            sample_share=sample.share if sample else None,
            unproven=(
                *_left_out(sample),
                *dict.fromkeys(text for part in found.components for text in part.unproven),
                *ALWAYS_UNPROVEN,
            ),
            faults=self.faults.injected,
            provenance=plan.provenance,
            origin=plan.origin(),
            accepted=plan.acceptances,
        )
        plan.store.save_result(result)
        return result


def _left_out(sample: RowSample | None) -> tuple[str, ...]:
    """What a sample did not compare."""
    if sample is None:
        return ()
    return (
        f"Rows by value: {sample.rows:,} rows were compared with the dump, a sample ({sample.share:.4g}). "
        "Of all other rows only the number was compared with it.",
    )


def _exit_report(stack: Stack, error: StepFailed) -> str:
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

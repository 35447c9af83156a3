"""From what a drill saw to its result: the verdict, the exit code, and judging a run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from harness.base.errors import EXIT_NOT_AS_EXPECTED, FaultFailed, StepFailed
from harness.base.model import CheckResult, DrillResult, Finding, NegativeControl, Severity, Verdict
from harness.checks.verdict import decide, findings_of, judge
from harness.faults.injection_points import InjectionPoint
from harness.records.run_directory import RESULT_VERSION, RunDirectory
from harness.scenario.expectation import Expected

NOT_WANTED = "disabled"
"Note of the negative control when a drill was started without it."

ALWAYS_UNPROVEN = (
    "That the backup is accessible when it is needed: this drill read it from this machine.",
    "That the people on call find the keys (APP_KEY, Passport keys) and the procedure without help.",
)


def result_of(
    results: Sequence[CheckResult],
    error: StepFailed | FaultFailed | None,
    without_effect: Sequence[Finding] = (),
    negative_control: NegativeControl | None = None,
) -> DrillResult:
    """A result with its verdict; what describes the run is filled in by the caller.

    Args:
        results: of the checks that could be made.
        without_effect: faults that changed nothing: whatever was found, it proves nothing.
        negative_control: what was broken after the verdict; checks that did not find it cannot vouch for a PASS.
    """
    verdict, reasons = decide(results)
    findings = (*findings_of(results), *_inconclusive(results))
    if error is not None:
        failure = (f"{error.fact[:1].upper()}{error.fact[1:]}.",)
        broken = error.exit_code == EXIT_NOT_AS_EXPECTED or (verdict is Verdict.FAIL and isinstance(error, StepFailed))
        reasons = failure + (reasons if broken and verdict is Verdict.FAIL else ())
        verdict = Verdict.FAIL if broken else Verdict.INCONCLUSIVE
        causes = (Finding(cause.code, Severity.ERROR, cause.subject, cause.message) for cause in error.causes)
        findings = (_finding(error, failure[0]), *causes, *findings)
    if without_effect and not isinstance(error, FaultFailed):
        verdict = Verdict.INCONCLUSIVE
        reasons = (*(finding.message for finding in without_effect), *reasons)
        findings = (*without_effect, *findings)
    if negative_control is not None and verdict is Verdict.PASS and (missed := _missed(negative_control)) is not None:
        verdict, reasons = Verdict.INCONCLUSIVE, (missed.message,)
        findings = (missed, *findings)
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
        negative_control=negative_control,
    )


def _missed(control: NegativeControl) -> Finding | None:
    """A finding when the negative control was not found, or could not be made; one that nobody wanted is none."""
    if control.found_as or control.note == NOT_WANTED:
        return None
    if control.note:
        message = f"The negative control {control.name or 'of this drill'} could not run: {control.note}."
    else:
        message = (
            f"After the verdict, {control.subject} was damaged deliberately ({control.detail}), and the check "
            f"{control.check} did not detect it: its result for this backup is not reliable."
        )
    return Finding(
        code="negative-control-undetected",
        severity=Severity.ERROR,
        subject=control.subject or control.name or "control",
        message=message,
        expected="found",
        actual="not detected",
        remedy="Report this as a bug: the checks of this version are not reliable.",
    )


def _inconclusive(results: Sequence[CheckResult]) -> tuple[Finding, ...]:
    """A finding for each check that was inconclusive: pipelines match on the code."""
    return tuple(
        Finding("check-inconclusive", Severity.WARNING, result.check, f"{result.title}: {result.unknown}.")
        for result in results
        if result.unknown
    )


def _finding(error: StepFailed | FaultFailed, message: str) -> Finding:
    code, subject = (
        ("fault-failed", error.fault) if isinstance(error, FaultFailed) else (f"step-{error.step}", error.step)
    )
    return Finding(code, Severity.ERROR, subject, message, remedy=" ".join(error.hints))


def judge_again(store: RunDirectory) -> DrillResult:
    """Judge a run again from what its steps wrote, without starting anything."""
    before = store.load_result()
    # Without effect, nothing was proven; and what was done to the judging itself cannot be done again.
    final = any(not fault.changes or fault.at == InjectionPoint.JUDGING for fault in before.faults)
    if before.error or final:
        return before
    results = judge(store.load_evidence())
    again = result_of(results, None, negative_control=before.negative_control)
    return replace(before, verdict=again.verdict, reasons=again.reasons, checks=again.checks, findings=again.findings)


def exit_code(result: DrillResult, expected: Expected | None = None) -> int:
    """0 as expected, 1 not as expected, 3 inconclusive; what is expected and comes is always 0.

    Args:
        expected: of the scenario; None for a drill that has to pass.
    """
    wanted = Verdict.PASS if expected is None else expected.verdict
    if result.verdict is not wanted:
        return 3 if result.verdict is Verdict.INCONCLUSIVE else 1
    return 1 if expected is not None and expected.unmet(result) else 0

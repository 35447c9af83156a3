"""From check results to one verdict: the worst wins, and no evidence is never a pass."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from harness.base.model import CheckResult, Finding, Severity, Verdict
from harness.checks import CHECKS, Check
from harness.checks.evidence import Evidence

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def judge(
    evidence: Evidence, checks: Sequence[Check] = CHECKS, *, left_out: Collection[str] = ()
) -> tuple[CheckResult, ...]:
    """Run every check that applies; one that crashes, or is left out, is inconclusive, and says so.

    Args:
        left_out: names of checks that do not run.
    """
    results = []
    for check in checks:
        if not check.applies(evidence):
            continue
        if check.name in left_out:
            results.append(CheckResult(check.name, check.name, 0, unknown="the check did not run"))
            continue
        began = time.monotonic()
        try:
            result = check.judge(evidence)
        except Exception as error:  # a check that crashes must not take the others' results with it
            result = CheckResult(
                check.name, check.name, 0, unknown=f"the check crashed: {type(error).__name__}: {error}"
            )
        proven = result.compared or any(finding.severity is Severity.ERROR for finding in result.findings)
        if check.required and not proven and not result.unknown:
            result = replace(result, unknown="there was nothing to compare")
        results.append(replace(result, duration_s=time.monotonic() - began))
    return tuple(results)


def decide(results: Sequence[CheckResult]) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, and one sentence for each thing that decided it."""
    errors = [finding for finding in findings_of(results) if finding.severity is Severity.ERROR]
    if errors:
        return Verdict.FAIL, tuple(finding.message for finding in errors)
    unknown = tuple(f"{result.title}: {result.unknown}." for result in results if result.unknown)
    if unknown:
        return Verdict.INCONCLUSIVE, unknown
    if not results:
        return Verdict.INCONCLUSIVE, ("No check ran.",)
    return Verdict.PASS, ()


def findings_of(results: Iterable[CheckResult]) -> tuple[Finding, ...]:
    """All findings, worst first, in the order of the checks."""
    found = [finding for result in results for finding in result.findings]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))

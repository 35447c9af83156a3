"""What did not come as a scenario expects it, as plain text: for a test runner's report, in place of a traceback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.base.errors import ERROR_DETAILS
from harness.base.model import DrillResult
from harness.base.printable import printable
from harness.scenario.expectation import Expected

_LISTED = 15


def failure_text(result: DrillResult, expected: Expected, run_dir: Path) -> str:
    """Verdict, what is not as expected, what was broken on purpose, what was found, and where all of it is."""
    return "\n".join(printable(line) for line in _lines(result, expected, run_dir))


def _lines(result: DrillResult, expected: Expected, run_dir: Path) -> Iterator[str]:
    yield f"{result.scenario}: {result.verdict}, expected {expected.verdict}"
    yield from _listed("Not as expected", expected.unmet(result))
    yield from _listed("Reason: " + result.verdict, result.reasons)
    for fault in result.faults:
        yield from _listed(
            f"Fault injected at {fault.at}: {fault.name}", [str(change) for change in fault.changes] or ["nothing"]
        )
    found = [f"{each.severity} {each.code} {each.subject}: {each.message}" for each in result.findings]
    yield from _listed("Findings", found or ["none"])
    if result.error and (output := run_dir / "logs" / ERROR_DETAILS).exists():
        yield f"Output at the failure: {output}"
    yield f"Run directory: {run_dir}"
    yield f"  apiary-drill report {run_dir}"


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{title}:"
    yield from (f"  {line}" for line in lines[:_LISTED])
    if len(lines) > _LISTED:
        yield f"  … and {len(lines) - _LISTED} more"

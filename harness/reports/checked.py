"""What was checked, and what came of it: only checks that judged something count as having run."""

from __future__ import annotations

from collections.abc import Sequence

from harness.base.model import CheckResult, DrillResult, Severity
from harness.reports.document import Column, Facts, Fold, Grid, Paragraph, Section
from harness.reports.words import counted


def ran(checks: Sequence[CheckResult]) -> int:
    """How many of them judged something."""
    return sum(1 for check in checks if check.compared and not check.unknown)


def state_of(check: CheckResult) -> str:
    """What one check came to, in a word or two."""
    errors = sum(1 for finding in check.findings if finding.severity is Severity.ERROR)
    if errors:
        return counted(errors, "error")
    if check.unknown:
        return f"inconclusive: {check.unknown}"
    if not check.compared:
        return "nothing to judge"
    warnings = sum(1 for finding in check.findings if finding.severity is Severity.WARNING)
    notes = len(check.findings) - warnings
    words = ["ok", *([counted(warnings, "warning")] if warnings else ()), *([counted(notes, "note")] if notes else ())]
    return ", ".join(words)


def checks_section(result: DrillResult) -> Section:
    """Each check with how much it compared; its figures are folded away."""
    if not result.checks:
        none = Paragraph("No check ran: the drill ended before the checks.")
        return Section("checks", "What was checked", (none,))
    rows = tuple((check.title, f"{check.compared:,}", state_of(check)) for check in result.checks)
    marked = frozenset(
        number
        for number, check in enumerate(result.checks)
        if check.unknown or any(finding.severity is Severity.ERROR for finding in check.findings)
    )
    columns = (Column("What must hold"), Column("Compared", number=True), Column("Result"))
    grid = Grid("Checks", columns, rows, marked, frozenset({0, 2}))
    figures = tuple(
        (check.check, "; ".join(f"{label} {value}" for label, value in check.evidence))
        for check in result.checks
        if check.evidence and check.check not in _ELSEWHERE
    )
    if not figures:
        return Section("checks", "What was checked", (grid,))
    fold = Fold("Figures of the checks", (Facts(figures, compact=True),), counted(len(figures), "check"))
    return Section("checks", "What was checked", (grid, fold))


_ELSEWHERE = ("artifact", "recovery-point", "recovery-time")
"""Their figures are the checksums, under the evidence, and the objectives."""

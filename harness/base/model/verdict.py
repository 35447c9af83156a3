"""What a drill says, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a drill says; the worst wins, and no evidence is never a pass."""

    PASS = "PASS"  # noqa: S105 (a verdict, not a password)
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"


class Severity(StrEnum):
    """How much a finding weighs: only an error turns a verdict to FAIL."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, described so that a tired operator understands it at 3 a.m.

    Args:
        code: stable name, such as `row-count`; pipelines match on it.
        severity: see Severity.
        subject: what it is about: a table, a path, an index.
        message: one sentence with the values in it.
        expected: what should have been there, as a count, a size, a digest or a name.
        actual: what was there.
        remedy: what to do about it, one sentence; empty when the message says it all.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    expected: str | None = None
    actual: str | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check saw.

    Args:
        check: name of the check in the table of checks.
        title: what it proves, for people.
        compared: how many things were compared; with 0 the check proves nothing.
        findings: the first of what it found; `suppressed` counts those that are not listed.
        unknown: why the check is inconclusive, or empty. An inconclusive check is never a pass.
        evidence: a few measured figures for the report, in reading order.
        duration_s: how long the check took.
    """

    check: str
    title: str
    compared: int
    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    unknown: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    duration_s: float = 0.0

"""Collecting findings with a limit per code and severity, so that a million differences stay readable and small."""

from __future__ import annotations

from harness.base.model import CheckResult, Finding, Severity

LISTED_PER_CODE = 20
"Maximum number of findings of one code and severity that are listed; the rest are counted."


class Collector:
    """Gathers what one check finds and turns it into its result."""

    def __init__(self, check: str, title: str) -> None:
        self._check = check
        self._title = title
        self._findings: list[Finding] = []
        self._listed: dict[tuple[str, Severity], int] = {}
        self._suppressed = 0
        self._evidence: list[tuple[str, str]] = []
        self.compared = 0
        self.unknown = ""

    def add(
        self,
        code: str,
        subject: str,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        expected: object = None,
        actual: object = None,
        remedy: str = "",
    ) -> None:
        """Add a finding; `expected` and `actual` are counts, sizes, digests or names."""
        # By severity as well: a limit that warnings used up must not hide an error, which decides the verdict.
        listed = self._listed.get((code, severity), 0)
        if listed >= LISTED_PER_CODE:
            self._suppressed += 1
            return
        self._listed[code, severity] = listed + 1
        self._findings.append(
            Finding(
                code=code,
                severity=severity,
                subject=subject,
                message=message,
                expected=None if expected is None else str(expected),
                actual=None if actual is None else str(actual),
                remedy=remedy,
            )
        )

    def evidence(self, label: str, value: object) -> None:
        """Add a measured figure for the report."""
        self._evidence.append((label, str(value)))

    def result(self) -> CheckResult:
        return CheckResult(
            check=self._check,
            title=self._title,
            compared=self.compared,
            findings=tuple(self._findings),
            suppressed=self._suppressed,
            unknown=self.unknown,
            evidence=tuple(self._evidence),
        )


def shortened(text: str) -> str:
    """A long value for a finding: its beginning, and how long it is."""
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"

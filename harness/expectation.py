"""What a scenario expects of its drill, and whether that is what came."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from harness.model import DrillResult, Finding, Severity, Verdict


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ExpectedFinding(_Closed):
    """A finding by its code, and by its subject where that matters; `*` in a subject stands for anything."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    subject: Annotated[str, Field(min_length=1)] | None = None

    def fits(self, finding: Finding) -> bool:
        """Whether this is that finding."""
        if finding.code != self.code:
            return False
        if self.subject is None:
            return True
        pattern = ".*".join(re.escape(part) for part in self.subject.split("*"))
        return re.fullmatch(pattern, finding.subject, re.DOTALL) is not None

    def __str__(self) -> str:
        return self.code if self.subject is None else f"{self.code} of {self.subject}"


class Expected(_Closed):
    """The verdict and the findings that make a scenario green.

    Every `finding` has to come, of whatever severity. No other finding of severity `error` may come, except for
    those that `also` names: one cause may rightly have several.
    """

    verdict: Verdict = Field(default=Verdict.PASS, strict=False)
    finding: tuple[ExpectedFinding, ...] = Field(default=(), strict=False)
    also: tuple[ExpectedFinding, ...] = Field(default=(), strict=False)

    def unmet(self, result: DrillResult) -> tuple[str, ...]:
        """One sentence for each thing that is not as expected; empty when all of it is."""
        told = []
        if result.verdict is not self.verdict:
            told.append(f"The verdict is {result.verdict}, expected was {self.verdict}.")
        told += [
            f"The expected finding {wanted} did not come."
            for wanted in self.finding
            if not any(wanted.fits(finding) for finding in result.findings)
        ]
        told += [
            f"The finding {finding.code} of {finding.subject} was not expected: {finding.message}"
            for finding in result.findings
            if finding.severity is Severity.ERROR
            and not any(known.fits(finding) for known in (*self.finding, *self.also))
        ]
        return tuple(told)

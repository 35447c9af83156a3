"""What a scenario expects of its drill, and whether that is what came."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from harness.base.model import DrillResult, Finding, Severity, Verdict
from harness.base.toml_files import ClosedModel


class ExpectedFinding(ClosedModel):
    """A finding by its code, and by its subject and its message where they matter; `*` in them stands for anything.

    A step of the procedure can fail for many reasons under one code: there, `says` holds the reason.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    subject: Annotated[str, Field(min_length=1)] | None = None
    says: Annotated[str, Field(min_length=1)] | None = None

    def fits(self, finding: Finding) -> bool:
        """Whether this is that finding."""
        wanted = ((self.subject, finding.subject), (self.says, finding.message))
        return finding.code == self.code and all(pattern is None or _fits(pattern, text) for pattern, text in wanted)

    def __str__(self) -> str:
        text = self.code if self.subject is None else f"{self.code} of {self.subject}"
        return text if self.says is None else f"{text}, which says {self.says!r},"


class Expected(ClosedModel):
    """The verdict and the findings that make a scenario green.

    Every `finding` has to come, of whatever severity. No other finding of severity `error` may come, except for
    those that `also` names: one cause may rightly have several. Where `change` says what the faults did, in the
    words of the report (`*` stands for anything), they did each of these, and nothing else.
    """

    verdict: Verdict = Field(default=Verdict.PASS, strict=False)
    finding: tuple[ExpectedFinding, ...] = Field(default=(), strict=False)
    also: tuple[ExpectedFinding, ...] = Field(default=(), strict=False)
    change: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), strict=False)

    def unmet(self, result: DrillResult) -> tuple[str, ...]:
        """One sentence for each thing that is not as expected; empty when all of it is."""
        unmet = []
        if result.verdict is not self.verdict:
            unmet.append(f"The verdict is {result.verdict}, expected {self.verdict}.")
        unmet += [
            f"The expected finding {wanted} is missing."
            for wanted in self.finding
            if not any(wanted.fits(finding) for finding in result.findings)
        ]
        unmet += [
            f"The finding {finding.code} of {finding.subject} is unexpected: {finding.message}"
            for finding in result.findings
            if finding.severity is Severity.ERROR
            and not any(known.fits(finding) for known in (*self.finding, *self.also))
        ]
        unmet += self._otherwise(result) if self.change else []
        return tuple(unmet)

    def _otherwise(self, result: DrillResult) -> list[str]:
        """What the faults did otherwise than it is expected."""
        did = [str(change) for fault in result.faults for change in fault.changes]
        unmet = [
            f"The expected change {wanted!r} was not made."
            for wanted in self.change
            if not any(_fits(wanted, line) for line in did)
        ]
        unmet += [f"The change {line!r} is unexpected." for line in did if not any(_fits(w, line) for w in self.change)]
        return unmet


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is as the pattern says; `*` stands for anything."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, text, re.DOTALL) is not None

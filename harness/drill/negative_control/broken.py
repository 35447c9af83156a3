"""What a negative control is made of: one small thing that is broken, looked at again, and what must be found."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.base.settings import Limits
from harness.checks.evidence import Evidence
from harness.drill.steps.collect import Restored
from harness.runtime.services.stack import Stack

CONTROL_S = 60.0
"Time limit of one change, in seconds; a change that cannot be made is replaced by another."


@dataclass(frozen=True, slots=True)
class Target:
    """The restored target, and what was found when it was looked at.

    Args:
        evidence: of the drill itself; it is never changed.
        kept: the target stays for people to look at: whatever is broken has to be mended again.
    """

    stack: Stack
    what: Restored
    evidence: Evidence
    directory: Path
    limits: Limits
    kept: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that was broken.

    Args:
        subject: table, path or index: what a finding has to name.
        detail: what was done; a key, an offset, an id, never content.
        check: name of the check that has to notice.
        evidence: the drill's evidence, with what was broken read again in place of the old.
    """

    subject: str
    detail: str
    check: str
    evidence: Evidence


Break = Callable[[Target, Random], AbstractContextManager[Broken | None]]
"""Breaks something and looks again; None where this target has nothing of the kind. Left, it has mended it again
as far as `kept` asks for it."""

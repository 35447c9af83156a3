"""The register of actions: who answers for an open finding, by when, and the decision. A TOML file that people edit.

    [[action]]
    backup = "production"
    finding = "table-shrank"
    subject = "rsvps"
    owner = "Head of IT"
    due = 2027-01-31
    decision = "Ask the treasurer whether the events of 2024 were deleted on purpose."

An action is open as long as the latest drill of its backup has the finding; nobody closes it by hand.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from harness.base.errors import UsageError
from harness.base.toml_files import ClosedModel
from harness.records.history.exercise import FindingHistory

FILE_NAME = "actions.toml"
_Word = Annotated[str, Field(min_length=1)]


class Action(ClosedModel):
    """What was decided about one finding of one backup."""

    backup: _Word
    finding: _Word
    subject: str = ""
    owner: str = ""
    due: date | None = None
    decision: str = ""

    def about(self, seen: FindingHistory) -> bool:
        """Whether it is about this finding; without a subject it is about all of its code."""
        return (self.backup, self.finding) == (seen.backup, seen.code) and self.subject in ("", seen.subject)


class _Register(ClosedModel):
    action: tuple[Action, ...] = Field(default=(), strict=False)


def read_actions(path: Path) -> tuple[Action, ...]:
    """Read the register.

    Raises:
        UsageError: there is no such file, or it is not a register: with every error, and where it is.
    """
    try:
        return _Register.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).action
    except OSError as error:
        raise UsageError(f"cannot read the register {path}: {error.strerror}") from None
    except ValidationError as error:
        wrong = [f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise UsageError(f"{path} is not a register of actions", details="\n".join(wrong)) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None


def stubs(findings: Iterable[FindingHistory]) -> str:
    """Entries to fill in, one for each finding."""
    # A string of JSON is one of TOML as well.
    return "".join(
        f"\n[[action]]\nbackup = {json.dumps(seen.backup)}\nfinding = {json.dumps(seen.code)}\n"
        f"subject = {json.dumps(seen.subject)}\n"
        f'owner = ""\n# due = {seen.last.started_at.year + 1}-01-31\ndecision = ""\n'
        for seen in findings
    )

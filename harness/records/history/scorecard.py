"""The scorecard: which faults the drill is known to detect, read from the JSON that `apiary-drill score` writes.

Only the names, the families and the outcomes are read, wherever the file keeps them, so that it may say more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import UsageError

DETECTED = frozenset(("detected", "passed"))
"""What is harmless on purpose is dealt with as it should be when it passes."""


@dataclass(frozen=True, slots=True)
class ScorecardSummary:
    """What a scorecard says.

    Args:
        name: of its file.
        made_at: when, as it says itself, or empty.
        outcomes: by fault: its family and the outcome.
    """

    name: str
    made_at: str
    outcomes: Mapping[str, tuple[str, str]]

    def detects(self, fault: str) -> bool | None:
        """Whether a fault was detected; None where the scorecard does not speak of it."""
        if fault not in self.outcomes:
            return None
        return self.outcomes[fault][1].lower() in DETECTED


def read_scorecard(path: Path) -> ScorecardSummary:
    """Read a scorecard. Raises UsageError: there is no such file, or it names no fault with an outcome."""
    try:
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the scorecard {path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"the scorecard {path} is not valid JSON: {error}") from None
    outcomes = {name: (family, outcome) for family, name, outcome in _outcomes(raw, "")}
    if not outcomes:
        raise UsageError(
            f"the scorecard {path} names no fault with an outcome", "`apiary-drill score --json` writes one."
        )
    fields = raw if isinstance(raw, dict) else {}
    times = (fields.get(key) for key in ("made_at", "finished_at", "started_at"))
    made_at = next((time for time in times if isinstance(time, str)), "")
    return ScorecardSummary(path.name, made_at, outcomes)


def _outcomes(raw: object, family: str) -> Iterator[tuple[str, str, str]]:
    """Family, name and outcome of everything that has a name and an outcome, however deep it stands."""
    if isinstance(raw, list):
        for each in raw:
            yield from _outcomes(each, family)
    elif isinstance(raw, dict):
        within = raw.get("family") if isinstance(raw.get("family"), str) else family
        name = raw.get("fault", raw.get("name"))
        outcome = raw.get("outcome", raw.get("result"))
        if isinstance(name, str) and isinstance(outcome, str):
            yield str(within), name, outcome
            return
        for key, value in raw.items():
            inner = within or (name if isinstance(name, str) else "")
            yield from _outcomes(value, inner if key in ("faults", "families") or inner else str(key))

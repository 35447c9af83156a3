"""Earlier drills of the same backup: what it is compared with, and what a report draws beside its own figures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from harness.base.errors import UsageError
from harness.base.model import DrillResult, TrendEvidence, TrendLimits
from harness.records.history.database import History, NoHistory
from harness.records.history.entry import Entry
from harness.records.run_directory import RunDirectory

RECENT = "recent"
DRILLS = 11
"""Earlier drills that are kept; with this one they are twelve."""


def good_drills(history: History, backup: str, drills: int) -> list[Entry]:
    """The last good drills of a backup that has figures, newest first.

    Args:
        drills: at most so many.

    Raises:
        NoHistory: the history is missing.
        UsageError: the file is foreign, damaged or newer.
    """
    entries = (link.entry() for link in history.links(backup=backup, verdict="PASS"))
    return list(islice((entry for entry in entries if entry.good and entry.tables), drills))


def drills_before(history: History, result: DrillResult) -> Iterator[Entry]:
    """Drills of the same backup before this one, newest first, without those in which something was broken on purpose.

    Raises:
        NoHistory: the history is missing.
        UsageError: the file is foreign, damaged or newer.
    """
    entries = (link.entry() for link in history.links(backup=result.backup, until=result.started_at))
    return (entry for entry in entries if entry.drill_id != result.drill_id and not entry.control)


def baseline(history: History, backup: str, limits: TrendLimits) -> TrendEvidence:
    """The evidence for the check `trend`; without a history, it is the first drill."""
    try:
        past = good_drills(history, backup, limits.drills)
    except NoHistory:
        past = []
    return TrendEvidence(limits, tuple(entry.past() for entry in past))


def keep_recent(run_dir: Path, history: History, result: DrillResult) -> None:
    """Write `recent.json` into a run's directory, so that its report can be made without the history later.

    Raises:
        UsageError: the history is foreign, damaged or newer.
    """
    try:
        found = tuple(islice(drills_before(history, result), DRILLS))
    except NoHistory:
        return
    RunDirectory(run_dir).save(RECENT, tuple[Entry, ...], found[::-1])


def recent_drills(run_dir: Path) -> tuple[Entry, ...]:
    """What `keep_recent` wrote, the oldest first; empty where it did not, or where it cannot be read."""
    try:
        return RunDirectory(run_dir).load(RECENT, tuple[Entry, ...])
    except UsageError:
        return ()

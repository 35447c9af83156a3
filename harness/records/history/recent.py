"""The last drills of a backup: a report draws their figures as a small line beside this drill's own."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from harness.base.errors import UsageError
from harness.base.model import DrillResult
from harness.records.history.baseline import drills_before
from harness.records.history.database import History, NoHistory
from harness.records.history.entry import Entry
from harness.records.run_directory import RunDirectory

RECENT = "recent"
DRILLS = 11
"""Earlier drills that are kept; with this one they are twelve."""


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

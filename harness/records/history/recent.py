"""The last drills of a backup: a report draws their figures as a small line beside this drill's own."""

from __future__ import annotations

from pathlib import Path

from harness.base.errors import UsageError
from harness.base.model import DrillResult
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
    found: list[Entry] = []
    try:
        for link in history.links(backup=result.backup, until=result.started_at):
            entry = link.entry()
            if entry.drill_id != result.drill_id and not entry.control:
                found.append(entry)
            if len(found) == DRILLS:
                break
    except NoHistory:
        return
    RunDirectory(run_dir).save(RECENT, tuple[Entry, ...], tuple(reversed(found)))


def recent_drills(run_dir: Path) -> tuple[Entry, ...]:
    """What `keep_recent` wrote, the oldest first; empty where it did not, or where it cannot be read."""
    try:
        return RunDirectory(run_dir).load(RECENT, tuple[Entry, ...])
    except UsageError:
        return ()

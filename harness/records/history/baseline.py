"""What a backup is compared with: the last good drills of the same one."""

from __future__ import annotations

from harness.base.model import TrendEvidence, TrendLimits
from harness.records.history.database import History, NoHistory
from harness.records.history.entry import Entry


def good_drills(history: History, backup: str, drills: int) -> list[Entry]:
    """The last good drills of a backup that has figures, newest first.

    Args:
        drills: at most so many.

    Raises:
        NoHistory: there is none.
        UsageError: the file is foreign, damaged or newer.
    """
    found: list[Entry] = []
    for link in history.links(backup=backup, verdict="PASS"):
        entry = link.entry()
        if entry.good and entry.tables:
            found.append(entry)
        if len(found) == drills:
            break
    return found


def baseline(history: History, backup: str, limits: TrendLimits) -> TrendEvidence:
    """The evidence for the check `trend`; without a history, it is the first drill."""
    try:
        past = good_drills(history, backup, limits.drills)
    except NoHistory:
        past = []
    return TrendEvidence(limits, tuple(entry.past() for entry in past))

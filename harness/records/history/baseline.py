"""What a backup is compared with: earlier drills of the same one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from harness.base.model import DrillResult, TrendEvidence, TrendLimits
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
    entries = (link.entry() for link in history.links(backup=backup, verdict="PASS"))
    return list(islice((entry for entry in entries if entry.good and entry.tables), drills))


def drills_before(history: History, result: DrillResult) -> Iterator[Entry]:
    """Drills of the same backup before this one, newest first, without those in which something was broken on purpose.

    Raises:
        NoHistory: there is none.
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

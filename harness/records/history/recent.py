"""The figures of the last drills of a backup: what a report draws as a small line beside this drill's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.base.errors import UsageError
from harness.base.model import DrillResult, Severity, Verdict
from harness.records.history.database import History, NoHistory
from harness.records.history.entry import Entry
from harness.records.run_directory import RunDirectory

RECENT = "recent"
DRILLS = 11
"""Earlier drills that are kept; with this one they are twelve."""


@dataclass(frozen=True, slots=True)
class RecentDrill:
    """One earlier drill of the same backup, whatever came out of it.

    Args:
        started_at: its beginning, UTC.
        verdict: what came out.
        recovery_time_s, recovery_point_s: seconds, or None where they were not measured.
        rows, files, documents: as they came back.
        errors, warnings: how many findings there were.
    """

    started_at: datetime
    verdict: Verdict
    recovery_time_s: float | None
    recovery_point_s: float | None
    rows: int
    files: int
    documents: int
    errors: int
    warnings: int


def keep_recent(run_dir: Path, history: History, result: DrillResult) -> None:
    """Write `recent.json` into a run's directory, so that its report can be made without the history later.

    Raises:
        UsageError: the history is foreign, damaged or newer.
    """
    found: list[RecentDrill] = []
    try:
        for link in history.links(backup=result.backup, until=result.started_at):
            entry = link.entry()
            if entry.drill_id != result.drill_id and not entry.control:
                found.append(_recent(entry))
            if len(found) == DRILLS:
                break
    except NoHistory:
        return
    RunDirectory(run_dir).save(RECENT, tuple[RecentDrill, ...], tuple(reversed(found)))


def recent_drills(run_dir: Path) -> tuple[RecentDrill, ...]:
    """What `keep_recent` wrote, the oldest first; empty where it did not, or where it cannot be read."""
    try:
        return RunDirectory(run_dir).load(RECENT, tuple[RecentDrill, ...])
    except UsageError:
        return ()


def _recent(entry: Entry) -> RecentDrill:
    counted = {
        severity: sum(finding.count for finding in entry.findings if finding.severity is severity)
        for severity in Severity
    }
    return RecentDrill(
        started_at=entry.started_at,
        verdict=entry.verdict,
        recovery_time_s=entry.recovery_time_s,
        recovery_point_s=entry.recovery_point_s,
        rows=sum(entry.tables.values()),
        files=sum(directory.files for directory in entry.directories.values()),
        documents=sum(entry.documents.values()),
        errors=counted[Severity.ERROR],
        warnings=counted[Severity.WARNING],
    )

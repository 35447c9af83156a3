"""Is every backup still drilled, and with success? Silence is the failure that nobody sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.base.model import Verdict
from harness.records.history.entry import Entry

CLOCK_TOLERANCE_S = 300
"""A drill that begins so far in the future is taken for clocks that differ a little."""


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """One backup.

    Args:
        backup: its name.
        generated: True for drills with generated data.
        ok: whether its last good drill is recent enough.
        message: one sentence.
        good: the last good drill, or None.
        age_s: how long ago that one began.
        latest: the last drill of all, or None where it was never drilled.
        since: how many drills after the last good one were not good.
    """

    backup: str
    generated: bool
    ok: bool
    message: str
    good: Entry | None
    age_s: float | None
    latest: Entry | None
    since: int


def status_of(
    entries: Iterable[Entry], now: datetime, max_age_s: float, wanted: Sequence[str] = ()
) -> tuple[BackupStatus, ...]:
    """Every backup with its last good drill, those that need somebody first.

    Args:
        entries: newest first. Negative controls say nothing of a backup and are left out.
        max_age_s: how old the last good drill may be.
        wanted: only these, and one that was never drilled is not ok; all that were ever drilled, where it is empty.
    """
    drills: dict[str, list[Entry]] = {name: [] for name in wanted}
    for entry in entries:
        if not entry.control and (not wanted or entry.backup in drills):
            drills.setdefault(entry.backup, []).append(entry)
    found = [_status(name, each, now, max_age_s) for name, each in drills.items()]
    return tuple(sorted(found, key=lambda each: (each.ok, each.generated)))


def _status(backup: str, drills: Sequence[Entry], now: datetime, max_age_s: float) -> BackupStatus:
    latest = drills[0] if drills else None
    good = next((entry for entry in drills if entry.verdict is Verdict.PASS), None)
    since = drills.index(good) if good is not None else len(drills)
    age_s = (now - good.started_at).total_seconds() if good is not None else None
    ok = age_s is not None and -CLOCK_TOLERANCE_S <= age_s <= max_age_s
    if latest is None:
        message = "never drilled"
    elif good is None or age_s is None:
        which = "its only drill" if since == 1 else f"none of its {since:,} drills passed; the latest"
        message = f"{which}, of {_day(latest)}, is {latest.verdict}"
    else:
        if age_s < -CLOCK_TOLERANCE_S:
            message = (
                f"the last passed drill started {in_words(-age_s)} in the future, on {_day(good)}: a clock is wrong"
            )
        else:
            message = f"the last passed drill was {in_words(max(age_s, 0))} ago, on {_day(good)}"
            message += "" if ok else f": more than {in_words(max_age_s)}"
        if since:
            message += f"; {_drills(since)} since then did not pass"
    generated = latest is not None and latest.generated
    return BackupStatus(backup, generated, ok, message, good, age_s, latest, since)


def _drills(count: int) -> str:
    return f"{count:,} drill{'' if count == 1 else 's'}"


def _day(entry: Entry) -> str:
    return f"{entry.started_at:%Y-%m-%d %H:%M} UTC"


_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def in_words(seconds: float) -> str:
    """A duration for people, in the largest unit of which there are two or more: 45 seconds, 36 hours, 100 days."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), _UNITS[-1])
    count = int(seconds // size)
    return f"{count:,} {unit}{'' if count == 1 else 's'}"

"""Recovery time over the drills as a line, on a scale of its own, with its objective."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil, log10

from harness.base.model import Verdict
from harness.records.history.exercise import Series
from harness.records.history.period import Period
from harness.reports.document import Block, Line, Point, Weeks
from harness.reports.words import counted, seconds, span

Measured = tuple[datetime, float | None, bool]
"""A drill's beginning, its recovery time in seconds, and whether it passed."""


def recovery_chart(backup: str, drills: Sequence[Measured], objective_s: float | None) -> Iterator[Block]:
    """A chart where two or more drills measured a time.

    Args:
        backup: whose, in words.
        drills: the oldest first.
        objective_s: what recovery may take, or None.
    """
    known = [(at, value, passed) for at, value, passed in drills if value is not None]
    if len(known) < 2:
        return
    times = [value for _, value, _ in known]
    first, last = known[0][0], known[-1][0]
    length_s = (last - first).total_seconds() or 1.0
    top, step = _scale(max(times))
    if objective_s is not None and objective_s <= 2 * max(times):
        top = max(top, objective_s * 1.1)
    points = tuple(Point((at - first).total_seconds() / length_s, value, passed) for at, value, passed in known)
    failed = sum(1 for point in points if not point.passed)
    description = (
        f"Recovery time of {counted(len(known), 'drill')}, the latest last: between {seconds(min(times))} and"
        f" {seconds(max(times))}, the latest {seconds(times[-1])}."
    )
    yield Line(
        title=f"Recovery time over the drills of {backup}",
        description=description + (f" A ring marks {counted(failed, 'drill')} that did not pass." if failed else ""),
        points=points,
        top=top,
        ticks=tuple((step * number, span(round(step * number, 1))) for number in range(1, int(top / step) + 1)),
        first=f"{first:%Y-%m-%d}",
        last=f"{last:%Y-%m-%d}",
        limit=objective_s,
        limit_text="" if objective_s is None else f"objective {span(objective_s)}",
    )


def weeks_chart(series: Series, period: Period) -> Weeks:
    """One cell for each week of the period: how many drills passed of how many, coloured by the worst."""
    weeks = ((period.last - period.first).days // 7) + 1
    found: list[list[Verdict]] = [[] for _ in range(weeks)]
    for drilled in series.drills:
        found[(drilled.entry.started_at.date() - period.first).days // 7].append(drilled.entry.verdict)
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    cells = tuple(
        (min(week, key=order.index), f"{week.count(Verdict.PASS)}/{len(week)}") if week else (None, "–")
        for week in found
    )
    without = sum(1 for week in found if not week)
    return Weeks(
        title=f"Drills of {series.backup} by week",
        description=f"{counted(weeks, 'week')}: {series.passed} of {counted(len(series.drills), 'drill')} passed, and"
        f" {counted(without, 'week')} had none.",
        cells=cells,
        first=f"{period.first}",
        last=f"{period.last}",
    )


def _scale(highest: float) -> tuple[float, float]:
    """The end of a scale and the distance of its lines: two or three lines with round numbers."""
    if highest <= 0:
        return 1.0, 0.5
    for unit in (1, 60, 3600):
        for times in (1, 2, 5, 10, 15, 20, 30):
            if highest / (unit * times) <= 3 and highest >= unit:
                return unit * times * ceil(highest * 1.05 / (unit * times)), float(unit * times)
    power = 10.0 ** int(log10(highest / 3) // 1)
    step = next(power * times for times in (1, 2, 5, 10) if highest / (power * times) <= 3)
    return step * ceil(highest * 1.05 / step), step

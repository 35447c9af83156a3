"""What changed since the last period: counts, findings, times, versions and sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.base.model import Severity
from harness.records.history.entry import Entry
from harness.records.history.exercise import Exercise, Series
from harness.reports.document import Block, Bullets, Column, Grid, Paragraph
from harness.reports.exercise_register import in_words
from harness.reports.words import counted, seconds

_LISTED = 15


def changes(exercise: Exercise) -> Iterator[Block]:
    """The section's blocks."""
    before = exercise.before
    yield Paragraph(
        f"The previous period, {before.first} to {before.last}, had "
        f"{counted(exercise.drills_before, 'drill')}; this one had {counted(len(exercise.drills), 'drill')}."
    )
    new = [seen for seen in exercise.findings if seen.new_in(exercise.period) and seen.severity is not Severity.INFO]
    gone = [seen for seen in exercise.gone if seen.severity is not Severity.INFO]
    lines = [f"New: {in_words(seen)}" for seen in new] + [f"No longer found: {in_words(seen)}" for seen in gone]
    for series in exercise.series:
        lines += _of_series(series)
    yield Bullets(tuple(lines)) if lines else Paragraph("No findings were added or resolved.")
    for series in exercise.series:
        if not series.latest.generated:  # how much is generated is a choice of the scenario
            yield from _sizes(series)


def _of_series(series: Series) -> Iterator[str]:
    good, before = series.good, series.before
    if good is None or before is None:
        return
    yield from times_changed(series)
    old, new = _versions(before), _versions(good)
    for role in sorted(old.keys() & new.keys()):
        if old[role] != new[role]:
            yield f"{series.backup}: {role} was {old[role]}, is {new[role]}"


def times_changed(series: Series) -> Iterator[str]:
    """The recovery time of the last good drill, and of the last one before the period."""
    good, before = series.good, series.before
    if good is None or before is None or good.recovery_time_s is None or before.recovery_time_s is None:
        return
    yield (
        f"{series.backup}: recovery time {seconds(before.recovery_time_s)} on {before.started_at:%Y-%m-%d},"
        f" {seconds(good.recovery_time_s)} on {good.started_at:%Y-%m-%d}"
    )


def _versions(entry: Entry) -> Mapping[str, str]:
    return {part.role: f"{part.name} {part.version}" for part in entry.components}


def _sizes(series: Series) -> Iterator[Block]:
    good = series.good
    if good is None or not good.tables:
        return
    before = series.before
    earlier: Mapping[str, int] = before.tables if before is not None else {}
    if before is None:
        return
    names = sorted(good.tables.keys() | earlier.keys())
    differing = [(name, earlier.get(name, 0), good.tables.get(name, 0)) for name in names]
    differing = [each for each in differing if each[1] != each[2]]
    differing.sort(key=lambda each: (-abs(each[2] - each[1]), each[0]))
    if not differing:
        yield Paragraph(f"{series.backup}: every table has as many rows as in the last passed drill before the period.")
        return
    yield Grid(
        f"Rows by table: {series.backup}, {before.started_at:%Y-%m-%d} and {good.started_at:%Y-%m-%d}",
        (Column("Table", code=True), Column("Before", number=True), Column("Now", number=True), Column("Change")),
        tuple((name, f"{old:,}", f"{new:,}", _change(old, new)) for name, old, new in differing[:_LISTED]),
    )
    if len(differing) > _LISTED:
        yield Paragraph(f"{counted(len(differing) - _LISTED, 'table')} more changed by less.")


def _change(old: int, new: int) -> str:
    if not old:
        return "new"
    if not new:
        return "gone"
    return f"{(new - old) / old:+.1%}"

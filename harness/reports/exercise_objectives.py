"""Objectives of an exercise: met, missed, not measured; and how long recovery took over the drills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.history.exercise import MISSED, NO_OBJECTIVE, NOT_MEASURED, Exercise, Series
from harness.reports.document import Bar, Block, Bullets, Column, Grid, Paragraph, Picture
from harness.reports.words import counted, seconds, span

_PICTURED = 24
"""Bars of one picture; more are told in the table only."""


def objectives(exercise: Exercise, agreed: tuple[str, ...]) -> Iterator[Block]:
    """The section's blocks; `agreed` are objectives in words."""
    if agreed:
        yield Bullets(agreed)
    rows = [row for series in exercise.series for row in _objective_rows(series)]
    yield Grid(
        "Measured against what was agreed",
        (
            Column("Backup"), Column("What"), Column("Objective", number=True), Column("Latest", number=True),
            Column("Worst", number=True), Column("Met"),
        ),
        tuple(rows),
        frozenset(number for number, row in enumerate(rows) if "missed" in row[-1]),
    )  # fmt: skip
    for series in exercise.series:
        yield from _picture(series)


def _objective_rows(series: Series) -> Iterator[tuple[str, ...]]:
    latest = series.drills[-1]
    for what, met, objective_s, measured, shown in (
        (
            "Recovery time",
            [drilled.time_met for drilled in series.drills],
            latest.time_objective_s,
            [drilled.entry.recovery_time_s for drilled in series.drills],
            seconds,
        ),
        (
            "Recovery point",
            [drilled.point_met for drilled in series.drills],
            latest.point_objective_s,
            [drilled.entry.recovery_point_s for drilled in series.drills],
            lambda value: span(round(value)),
        ),
    ):
        values = [value for value in measured if value is not None]
        judged = [each for each in met if each != NO_OBJECTIVE]
        yield (
            series.backup,
            what,
            "none set" if objective_s is None else f"at most {span(objective_s)}",
            "not measured" if measured[-1] is None else shown(measured[-1]),
            shown(max(values)) if values else "not measured",
            _kept(judged) if judged else "no objective",
        )


def _kept(met: Sequence[str]) -> str:
    missed, unmeasured = met.count(MISSED), met.count(NOT_MEASURED)
    told = f"missed in {missed} of {len(met)}" if missed else f"met in {len(met) - unmeasured} of {len(met)}"
    return told + (f", not measured in {unmeasured}" if unmeasured else "")


def _picture(series: Series) -> Iterator[Block]:
    measured = [
        (drilled.entry, drilled.entry.recovery_time_s)
        for drilled in series.drills
        if drilled.entry.recovery_time_s is not None
    ]
    if len(measured) < 2:
        return
    shown = measured[-_PICTURED:]
    bars = tuple(
        Bar(
            f"{entry.started_at:%Y-%m-%d %H:%M}, {entry.verdict}",
            0.0,
            time_s,
            seconds(time_s),
            emphasised=number == len(shown) - 1,
        )
        for number, (entry, time_s) in enumerate(shown)
    )
    times = [time_s for _, time_s in shown]
    limit = series.drills[-1].time_objective_s
    yield Paragraph(f"Recovery time of {series.backup}, the latest drill last:")
    yield Picture(
        f"Recovery time over the drills: {series.backup}",
        f"Recovery time of {counted(len(shown), 'drill')}, the latest last: between {seconds(min(times))} and"
        f" {seconds(max(times))}, the latest {seconds(times[-1])}.",
        bars,
        limit,
        "" if limit is None else f"at most {span(limit)}",
    )

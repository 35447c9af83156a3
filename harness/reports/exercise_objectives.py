"""Objectives of an exercise: met, missed, not measured; and how long recovery took over the drills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.base.model import Verdict
from harness.records.history.exercise import MISSED, NO_OBJECTIVE, NOT_COUNTED, NOT_MEASURED, Exercise, Series
from harness.reports.document import Block, Bullets, Column, Grid, Paragraph
from harness.reports.trend import recovery_chart
from harness.reports.words import seconds, span


def objectives(exercise: Exercise, agreed: tuple[str, ...]) -> Iterator[Block]:
    """The section's blocks; `agreed` are objectives in words."""
    if agreed:
        yield Bullets(agreed)
    rows = [row for series in exercise.series for row in _objective_rows(series)]
    yield Grid(
        "Results against objectives",
        (
            Column("Backup"), Column("What"), Column("Objective", number=True), Column("Latest", number=True),
            Column("Worst", number=True), Column("Met"),
        ),
        tuple(rows),
        frozenset(number for number, row in enumerate(rows) if "missed" in row[-1]),
        frozenset({4, 5}),
    )  # fmt: skip
    yield Paragraph(
        "Only drills that passed count, and those whose only error is a missed objective; recovery times count only"
        " with production-like durability. The recovery point is the age of the newest row when the backup was taken."
        " If everything is lost just before the next backup, that much is lost, plus the time between two good backups."
    )
    yield Grid(
        "Longest time between good backups (a backup is good when its drill passed)",
        (
            Column("Backup"),
            Column("Good backups", number=True),
            Column("Longest time", number=True),
            Column("From and to"),
        ),
        tuple(
            (
                series.backup,
                f"{sum(1 for drilled in series.drills if drilled.entry.good):,}",
                "one good backup" if series.longest_gap_s is None else span(round(series.longest_gap_s)),
                " to ".join(f"{moment:%Y-%m-%d}" for moment in series.longest_gap),
            )
            for series in exercise.series
        ),
    )
    for series in exercise.series:
        measured = [
            (drilled.entry.started_at, drilled.entry.recovery_time_s, drilled.entry.verdict is Verdict.PASS)
            for drilled in series.drills
        ]
        chart = tuple(recovery_chart(series.backup, measured, series.drills[-1].time_objective_s))
        if chart:
            yield Paragraph(f"Recovery time of {series.backup} over the drills; a ring is one that did not pass.")
            yield from chart


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
        values = [value for value, each in zip(measured, met, strict=True) if value is not None and each != NOT_COUNTED]
        judged = [each for each in met if each not in (NO_OBJECTIVE, NOT_COUNTED)]
        yield (
            series.backup,
            what,
            "not set" if objective_s is None else f"at most {span(objective_s)}",
            "not measured" if measured[-1] is None else shown(measured[-1]),
            shown(max(values)) if values else "not measured",
            _kept(judged) if judged else "no objective" if objective_s is None else "no drill counts",
        )


def _kept(met: Sequence[str]) -> str:
    missed, unmeasured = met.count(MISSED), met.count(NOT_MEASURED)
    text = f"missed in {missed} of {len(met)}" if missed else f"met in {len(met) - unmeasured} of {len(met)}"
    return text + (f", not measured in {unmeasured}" if unmeasured else "")

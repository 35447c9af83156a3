"""What an exercise found, what it covered, and what is left open."""

from __future__ import annotations

from collections.abc import Iterator

from harness.base.model import Severity, Verdict
from harness.records.history.exercise import MISSED, Exercise, FamilyResult
from harness.reports.document import SEVERITY_WORDS, Block, Bullets, Column, Grid, Paragraph
from harness.reports.exercise_register import in_words
from harness.reports.words import counted

FAMILY_WORDS = {
    "source": "Rows or files lost or changed at the source, before or while the backup is taken",
    "edge-case": "Unusual names, values and objects, which a backup has to survive unchanged",
    "dump": "A dump that is damaged, cut short, or lacks something",
    "storage": "Uploaded files that are missing, damaged, or of another owner",
    "restore": "A restore that is disturbed: a full disk, a lost connection, a server that ends",
    "search": "A search index that is incomplete, stale or refused",
    "app": "An application that does not start, answer or decrypt",
    "restored": "Damage in the restored instance, after everything reported success",
    "harness": "Mistakes of the drill itself, which must never end in a pass",
}
"""Families of faults as a reader knows them."""


def coverage(exercise: Exercise) -> Iterator[Block]:
    """The section on kinds of failure: what was injected and detected, and what never was."""
    count = sum(times for _, times in exercise.scenarios)
    if count:
        yield Paragraph(
            f"{counted(count, 'drill')} of {counted(len(exercise.scenarios), 'scenario')} ran with generated data;"
            f" {counted(len(exercise.scenarios_left), 'scenario')} of this version did not run in this period."
        )
    else:
        yield Paragraph("No scenario with generated data ran in this period.")
    scorecard = exercise.scorecard
    if scorecard is None:
        yield Paragraph("There is no scorecard: only faults that drills of this period injected count as proven.")
    else:
        made = f", of {scorecard.made_at}" if scorecard.made_at else ""
        yield Paragraph(f"Proven by the scorecard {scorecard.name}{made}, and by the drills of this period.")
    families = [family for family in exercise.families if family.detected or family.undetected or family.untried]
    if not families:
        yield Paragraph("This version has no faults.")
        return
    some = any(family.detected for family in families)  # where nothing is, no row stands out
    yield Grid(
        "Injected faults, by kind of failure",
        (
            Column("What can go wrong"), Column("Detected", number=True), Column("Not detected", number=True),
            Column("Never injected", number=True), Column("Result"),
        ),
        tuple(
            (
                FAMILY_WORDS.get(family.name, family.name), f"{len(family.detected):,}", f"{len(family.undetected):,}",
                f"{len(family.untried):,}", _covered(family),
            )
            for family in families
        ),
        frozenset(number for number, each in enumerate(families) if each.undetected or (some and not each.detected)),
        frozenset({2, 4}),
    )  # fmt: skip


def _covered(family: FamilyResult) -> str:
    if family.undetected:
        return "not all are detected"
    if not family.detected:
        return "never proven"
    return "proven in part" if family.untried else "proven"


def stand_ins(exercise: Exercise) -> list[str]:
    """What took the place of a real component in any drill of the period."""
    return sorted({part.name for drilled in exercise.drills for part in drilled.entry.components if not part.real})


def open_section(exercise: Exercise) -> Iterator[Block]:
    if not exercise.not_drilled:
        yield Paragraph("Every backup in scope was drilled in this period.")
    points = tuple(open_points(exercise))
    yield Bullets(points) if points else Paragraph("None.")


def open_points(exercise: Exercise) -> Iterator[str]:
    """What somebody has to decide on or do, one sentence each."""
    for problem in exercise.chain.problems:
        yield f"The history was modified: {problem}."
    for series in exercise.series:
        if series.latest.verdict is not Verdict.PASS:
            yield (
                f"{series.backup}: the latest drill, of {series.latest.started_at:%Y-%m-%d}, is"
                f" {series.latest.verdict}."
            )
    for backup in exercise.not_drilled:
        yield f"{backup}: not drilled in this period."
    for series in exercise.series:
        latest = series.drills[-1]
        for what, met in (("recovery time", latest.time_met), ("recovery point", latest.point_met)):
            if met == MISSED:
                yield f"{series.backup}: the latest drill missed its objective for the {what}."
    for seen in exercise.findings:
        if seen.open and seen.severity is not Severity.INFO:
            since = f"since {seen.first.started_at:%Y-%m-%d}"
            yield f"{SEVERITY_WORDS[seen.severity]} {since}: {in_words(seen)}"
    for entry in exercise.controls:
        if entry.verdict is not entry.expected:
            came = f"ended as {entry.verdict} instead of {entry.expected}"
            yield f"The negative control {entry.scenario} of {entry.started_at:%Y-%m-%d} {came}."
    missed = [fault for family in exercise.families for fault in family.undetected]
    if missed:
        yield f"Faults that were not detected: {', '.join(missed)}."
    if untried := sum(len(family.untried) for family in exercise.families):
        section = "“What was proven, by kind of failure”"
        yield f"Never injected: {counted(untried, 'fault')}, counted by kind under {section}."
    if names := stand_ins(exercise):
        yield (
            f"Stand-ins replaced real components: {', '.join(names)}. That the real ones accept these backups is not"
            " proven; each drill's report says it in full."
        )

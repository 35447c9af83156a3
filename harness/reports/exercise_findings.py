"""What an exercise found, what it covered, and what is left open."""

from __future__ import annotations

from collections.abc import Iterator

from harness.base.model import Severity, Verdict
from harness.records.history.exercise import MISSED, Exercise, Seen
from harness.reports.document import SEVERITY_WORDS, Block, Bullets, Column, Grid, Paragraph
from harness.reports.words import counted


def coverage(exercise: Exercise) -> Iterator[Block]:
    """The section on scenarios and failure modes."""
    ran = tuple((name, f"{count:,}") for name, count in exercise.scenarios)
    if ran:
        yield Grid("Scenarios that were run", (Column("Scenario"), Column("Drills", number=True)), ran)
    else:
        yield Paragraph("No scenario with generated data was run.")
    if exercise.scenarios_left:
        yield Paragraph(f"Not run in this period: {', '.join(exercise.scenarios_left)}.")
    scorecard = exercise.scorecard
    if scorecard is None:
        yield Paragraph("There is no scorecard: what counts as covered are the negative controls of this period only.")
    else:
        made = f", of {scorecard.made_at}" if scorecard.made_at else ""
        yield Paragraph(f"Failure modes by the scorecard {scorecard.name}{made}, and by the controls of this period.")
    families = [family for family in exercise.families if family.noticed or family.missed or family.untried]
    if not families:
        yield Paragraph("This version knows no faults.")
        return
    yield Grid(
        "Failure modes by family",
        (
            Column("Family"), Column("Noticed", number=True), Column("Not noticed", number=True),
            Column("Not covered", number=True),
        ),
        tuple(
            (family.name, f"{len(family.noticed):,}", f"{len(family.missed):,}", f"{len(family.untried):,}")
            for family in families
        ),
        frozenset(number for number, family in enumerate(families) if family.missed),
    )  # fmt: skip
    for title, kind in (("Not noticed", "missed"), ("Not covered", "untried")):
        names = [(family.name, getattr(family, kind)) for family in families if getattr(family, kind)]
        if names:
            yield Paragraph(f"{title}:")
            yield Bullets(tuple(f"{family}: {', '.join(faults)}" for family, faults in names))


def findings(exercise: Exercise) -> Iterator[Block]:
    """The section on errors and warnings."""
    told = [seen for seen in exercise.findings if seen.severity is not Severity.INFO]
    if not told:
        yield Paragraph("No drill of the period had an error or a warning.")
        return
    yield Paragraph(
        "First and last seen are over the whole history. A finding is open when the latest drill of its backup has it."
    )
    yield Grid(
        "Errors and warnings",
        (
            Column("Severity", whole=True), Column("Code", code=True), Column("Subject"), Column("Backup"),
            Column("First seen", whole=True), Column("Last seen", whole=True),
            Column("Drills", number=True), Column("State", whole=True),
        ),
        tuple(
            (
                SEVERITY_WORDS[seen.severity],
                seen.code,
                seen.subject,
                seen.backup,
                f"{seen.first.started_at:%Y-%m-%d}",
                f"{seen.last.started_at:%Y-%m-%d}",
                f"{seen.drills:,}",
                "open" if seen.open else "not seen since",
            )
            for seen in told
        ),
        frozenset(number for number, seen in enumerate(told) if seen.open and seen.severity is Severity.ERROR),
    )  # fmt: skip


def open_section(exercise: Exercise) -> Iterator[Block]:
    """The section on open points."""
    points = tuple(open_points(exercise))
    yield Bullets(points) if points else Paragraph("None.")


def open_points(exercise: Exercise) -> Iterator[str]:
    """What somebody has to decide on or do, one sentence each."""
    for problem in exercise.chain.problems:
        yield f"The history is not as it was recorded: {problem}."
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
            yield f"{seen.backup}: {_finding(seen)}, seen since {seen.first.started_at:%Y-%m-%d}."
    for entry in exercise.controls:
        if entry.verdict is not entry.expected:
            came = f"came out as {entry.verdict} instead of {entry.expected}"
            yield f"The control {entry.scenario} of {entry.started_at:%Y-%m-%d} {came}."
    missed = [fault for family in exercise.families for fault in family.missed]
    if missed:
        yield f"Faults that were not noticed: {', '.join(missed)}."
    if untried := sum(len(family.untried) for family in exercise.families):
        yield f"Not covered: {counted(untried, 'failure mode')}; they stand under “Scenarios and failure modes”."
    stand_ins = sorted({part.name for drilled in exercise.drills for part in drilled.entry.components if not part.real})
    if stand_ins:
        yield f"Stand-ins took the place of real components: {', '.join(stand_ins)}."


def _finding(seen: Seen) -> str:
    return f"{SEVERITY_WORDS[seen.severity].lower()} {seen.code} ({seen.subject})"

"""The document of an exercise: what a period's drills showed, and lines for those who take part and sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness import __version__
from harness.base.model import Severity, Verdict
from harness.records.history.exercise import MISSED, NO_OBJECTIVE, Drilled, Exercise
from harness.reports.document import (
    Block,
    Bullets,
    Column,
    Document,
    Facts,
    Fold,
    Form,
    Grid,
    Paragraph,
    Section,
)
from harness.reports.exercise_changes import changes
from harness.reports.exercise_findings import coverage, findings, open_section
from harness.reports.exercise_objectives import objectives
from harness.reports.words import counted, seconds, span


@dataclass(frozen=True, slots=True)
class Particulars:
    """What `[exercise]` of the configuration says.

    Args:
        title: of the document.
        organisation: whose exercise it is.
        systems: names of what would have to be recovered.
        owners: who answers for them.
        objectives: in words, besides the measured ones.
    """

    title: str = "Disaster-recovery exercise"
    organisation: str = ""
    systems: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()


def exercise_document(exercise: Exercise, particulars: Particulars) -> Document:
    """Everything that the document says."""
    sections = (
        Section("scope", "Scope", tuple(_scope(exercise, particulars))),
        Section("drills", "Drills", tuple(_drills(exercise))),
        Section("objectives", "Objectives", tuple(objectives(exercise, particulars.objectives))),
        Section("coverage", "Scenarios and failure modes", tuple(coverage(exercise))),
        Section("findings", "Findings", tuple(findings(exercise))),
        Section("changes", "Changes since the last period", tuple(changes(exercise))),
        Section("open", "Open points", tuple(open_section(exercise))),
        Section("evidence", "Evidence", tuple(_evidence(exercise))),
        Section("people", "Participants, decisions, signatures", tuple(_people())),
    )
    return Document(
        title=f"{particulars.title}, {exercise.period.name}",
        eyebrow=particulars.organisation or "Restore drills of Apiary",
        verdict=None,
        sentence=_sentence(exercise),
        lead=tuple(_lead(exercise)),
        sections=sections,
        footer=f"Made from the history of drills by apiary-drill {__version__}. Times are UTC.",
    )


def _sentence(exercise: Exercise) -> str:
    drills = exercise.drills
    counts = [
        (sum(1 for drilled in drills if drilled.entry.verdict is verdict), told)
        for verdict, told in (
            (Verdict.PASS, "passed"), (Verdict.FAIL, "failed"), (Verdict.INCONCLUSIVE, "could not tell"),
        )
    ]  # fmt: skip
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    handed_in = [series for series in exercise.series if not series.latest.generated]
    if not handed_in:
        return f"{counted(len(drills), 'drill')} with generated data: {told}. No backup was drilled."
    of = counted(len(handed_in), "backup") + (" and of generated data" if len(handed_in) < len(exercise.series) else "")
    return f"{counted(len(drills), 'drill')} of {of}: {told}."


def _lead(exercise: Exercise) -> Iterator[str]:
    bad = [series for series in exercise.series if series.latest.verdict is not Verdict.PASS]
    if bad:
        told = ", ".join(f"{series.backup} ({series.latest.verdict})" for series in bad)
        yield f"The latest drill did not pass: {told}."
    elif exercise.series:
        yield "The latest drill of each of them passed."
    missed = [drilled for drilled in exercise.drills if MISSED in (drilled.time_met, drilled.point_met)]
    judged = [drilled for drilled in exercise.drills if (drilled.time_met, drilled.point_met) != (NO_OBJECTIVE,) * 2]
    if judged:
        yield f"Objectives were missed in {len(missed)} of {counted(len(judged), 'drill')} that had one."
    else:
        yield "No objective was set for any of them."


def _scope(exercise: Exercise, particulars: Particulars) -> Iterator[Block]:
    period = exercise.period
    facts = [("Period", f"{period.first} to {period.last}, whole days, UTC")]
    facts.append(("Systems", ", ".join(particulars.systems) or "none named ([exercise] systems)"))
    facts.append(("Owners", ", ".join(particulars.owners) or "none named ([exercise] owners)"))
    yield Facts(tuple(facts))
    rows = []
    for series in exercise.series:
        good = sum(1 for drilled in series.drills if drilled.entry.good)
        rows.append(
            (
                series.backup,
                f"{len(series.drills):,}",
                f"{good:,}",
                f"{series.latest.started_at:%Y-%m-%d}",
                str(series.latest.verdict),
            )
        )
    yield Grid(
        "What was drilled",
        (
            Column("Backup"), Column("Drills", number=True), Column("Good", number=True), Column("Latest", whole=True),
            Column("Its verdict", whole=True),
        ),
        tuple(rows),
        frozenset(
            number for number, series in enumerate(exercise.series) if series.latest.verdict is not Verdict.PASS
        ),
    )  # fmt: skip
    parts = {
        (part.name, part.version, part.real): None for drilled in exercise.drills for part in drilled.entry.components
    }
    if parts:
        yield Grid(
            "Into what the backups were restored",
            (Column("What"), Column("Version"), Column("Real or stand-in")),
            tuple((name, version, "real" if real else "stand-in") for name, version, real in sorted(parts)),
        )


def _drills(exercise: Exercise) -> Iterator[Block]:
    drills = exercise.drills
    yield Grid(
        "Every drill, the oldest first",
        (
            Column("Day", whole=True), Column("Backup"), Column("Verdict", whole=True),
            Column("Recovery time", number=True), Column("Recovery point", number=True),
            Column("Errors", number=True), Column("Warnings", number=True),
        ),
        tuple(_row(drilled) for drilled in drills),
        frozenset(number for number, drilled in enumerate(drills) if drilled.entry.verdict is not Verdict.PASS),
    )  # fmt: skip
    reasons = [
        f"{drilled.entry.started_at:%Y-%m-%d}, {drilled.entry.backup}: {' '.join(drilled.entry.reasons[:3])}"
        for drilled in drills
        if drilled.entry.reasons
    ]
    if reasons:
        yield Paragraph("Why drills did not pass:")
        yield Bullets(tuple(reasons))
    if exercise.controls:
        yield Grid(
            "Negative controls: something was broken on purpose, and had to be noticed",
            (
                Column("Started", whole=True),
                Column("Scenario"),
                Column("Broken"),
                Column("Expected", whole=True),
                Column("Came out", whole=True),
            ),
            tuple(
                (
                    f"{entry.started_at:%Y-%m-%d}",
                    entry.scenario,
                    ", ".join(entry.faults) or "by the scenario",
                    str(entry.expected),
                    str(entry.verdict),
                )
                for entry in exercise.controls
            ),
            frozenset(number for number, entry in enumerate(exercise.controls) if entry.verdict is not entry.expected),
        )


def _row(drilled: Drilled) -> tuple[str, ...]:
    entry = drilled.entry
    return (
        f"{entry.started_at:%Y-%m-%d}",
        entry.backup,
        str(entry.verdict),
        _measured(entry.recovery_time_s, drilled.time_met),
        "–" if entry.recovery_point_s is None else _told(span(round(entry.recovery_point_s)), drilled.point_met),
        f"{sum(each.count for each in entry.findings if each.severity is Severity.ERROR):,}",
        f"{sum(each.count for each in entry.findings if each.severity is Severity.WARNING):,}",
    )


def _measured(duration_s: float | None, met: str) -> str:
    return "–" if duration_s is None else _told(seconds(duration_s), met)


def _told(text: str, met: str) -> str:
    return f"{text}, missed" if met == MISSED else text


def _evidence(exercise: Exercise) -> Iterator[Block]:
    chain = exercise.chain
    if chain.problems:
        yield Bullets(chain.problems)
    else:
        yield Paragraph("Each entry of the history carries the digest of the one before; none was changed or removed.")
    yield Facts((("Entries", f"{chain.entries:,}"), ("Last digest", chain.digest)))
    rows = tuple(
        (f"{drilled.entry.started_at:%Y-%m-%d %H:%M}", drilled.entry.drill_id, drilled.entry.result_sha256)
        for drilled in exercise.drills
    )
    columns = Column("Started", whole=True), Column("Drill", code=True), Column("SHA-256 of its result", code=True)
    yield Fold(
        "Results", (Grid("Results that this document was made from", columns, rows),), counted(len(rows), "drill")
    )
    yield Paragraph(
        "`apiary-drill history verify --head DIGEST` says later whether the history still holds what this document"
        " was made from."
    )


def _people() -> Iterator[Block]:
    yield Form("Participants", ("Name", "Role", "Present"), 6)
    yield Form("Decisions", ("Decision", "Who", "By when"), 6)
    yield Form("Signatures", ("Name", "Role", "Date", "Signature"), 4)

"""The document of an exercise: one page that a board reads and signs, and behind it what it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from harness import __version__
from harness.base.model import Severity, Verdict
from harness.records.history.exercise import MISSED, NOT_COUNTED, Drilled, Exercise
from harness.records.history.register import Action
from harness.reports.document import Block, Bullets, Column, Document, Facts, Fold, Form, Grid, Paragraph, Section
from harness.reports.exercise_changes import changes
from harness.reports.exercise_findings import coverage, open_section, stand_ins
from harness.reports.exercise_objectives import objectives
from harness.reports.exercise_register import register_of, register_section
from harness.reports.exercise_summary import statement_of, summary, tiles
from harness.reports.trend import weeks_chart
from harness.reports.words import counted, seconds, span


@dataclass(frozen=True, slots=True)
class Particulars:
    """What `[exercise]` of the configuration says."""

    title: str = "Disaster-recovery exercise"
    organisation: str = ""
    systems: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()


def exercise_document(
    exercise: Exercise, particulars: Particulars, actions: Sequence[Action] = (), today: date | None = None
) -> Document:
    """Everything that the document says.

    Args:
        actions: what people wrote in the register.
        today: decides what is overdue; the day after the period where it is not given.
    """
    register = register_of(exercise, actions, today or exercise.period.until.date())
    statement = statement_of(exercise, particulars.organisation)
    sections = (
        Section("summary", "Summary", tuple(summary(exercise, register, statement))),
        Section("objectives", "Objectives", tuple(objectives(exercise, particulars.objectives))),
        Section("drills", "Drills", tuple(_drills(exercise))),
        Section("register", "Findings and actions", tuple(register_section(exercise, register))),
        Section("coverage", "What was proven, by kind of failure", tuple(coverage(exercise))),
        Section("changes", "Changes since the last period", tuple(changes(exercise))),
        Section("open", "Open points", tuple(open_section(exercise))),
        Section("environment", "Environment", tuple(_environment(exercise))),
        Section("controls", "Controls answered by this report", (CONTROLS,)),
        Section("people", "Participants and decisions", tuple(_people())),
        Section("evidence", "Evidence", tuple(_evidence(exercise))),
    )
    period = exercise.period
    return Document(
        title=f"{particulars.title}, {period.name}",
        eyebrow=particulars.organisation or "Restore drills of Apiary",
        verdict=None,
        sentence=_sentence(exercise),
        subject=(
            ("Period", f"{period.first} to {period.last}, whole days, UTC"),
            ("Systems", ", ".join(particulars.systems) or "none given ([exercise] systems)"),
            ("Owners", ", ".join(particulars.owners) or "none given ([exercise] owners)"),
        ),
        tiles=tiles(exercise, register),
        lead=(),
        why=_latest(exercise),
        caveat=_caveat(exercise),
        sections=sections,
        footer=f"Created from the drill history by apiary-drill {__version__}. Times are UTC.",
    )


CONTROLS = Grid(
    "Where this report answers which control",
    (Column("Control", whole=True), Column("What it asks for"), Column("Section")),
    (
        ("ISO/IEC 27001:2022 A.8.13", "Backups are kept and tested regularly", "Summary, Drills, Evidence"),
        ("ISO/IEC 27001:2022 A.5.30", "ICT readiness is planned, tested, and meets objectives", "Objectives, Drills"),
        ("SOC 2 A1.2", "Recovery infrastructure and backup are monitored", "Environment, Findings and actions"),
        ("SOC 2 A1.3", "Recovery procedures are tested", "Drills, What was proven, by kind of failure"),
        ("NIST SP 800-34 3.5", "Tests and exercises, with lessons and corrective actions",
         "Drills, Findings and actions, Participants and decisions"),
    ),
)  # fmt: skip
"""Of each control, only what drills can show; the rest (retention, copies elsewhere, training) stands elsewhere."""


def _sentence(exercise: Exercise) -> str:
    drills = exercise.drills
    counts = [
        (sum(1 for drilled in drills if drilled.entry.verdict is verdict), outcome)
        for verdict, outcome in (
            (Verdict.PASS, "passed"), (Verdict.FAIL, "failed"), (Verdict.INCONCLUSIVE, "inconclusive"),
        )
    ]  # fmt: skip
    outcomes = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    existing = [series for series in exercise.series if not series.latest.generated]
    if not existing:
        return f"{counted(len(drills), 'drill')} with generated data: {outcomes}. No backup was drilled."
    of = counted(len(existing), "backup") + (" and of generated data" if len(existing) < len(exercise.series) else "")
    return f"{counted(len(drills), 'drill')} of {of}: {outcomes}."


def _latest(exercise: Exercise) -> str:
    """Whether each backup restored the last time: what a board wants to know first."""
    bad = [series for series in exercise.series if series.latest.verdict is not Verdict.PASS]
    if bad:
        names = ", ".join(f"{series.backup} ({series.latest.verdict})" for series in bad)
        return f"The latest drill did not pass: {names}."
    return "The latest drill of every backup passed." if exercise.series else ""


def _caveat(exercise: Exercise) -> str:
    """What every sentence of the first page leaves open, on that page."""
    names = stand_ins(exercise)
    return f"Restored into stand-ins for real components ({', '.join(names)}): see Open points." if names else ""


def _environment(exercise: Exercise) -> Iterator[Block]:
    parts = {
        (part.name, part.version, part.real): None for drilled in exercise.drills for part in drilled.entry.components
    }
    if not parts:
        yield Paragraph("No server was started.")
        return
    yield Grid(
        "Servers and programs that the backups were restored into",
        (Column("What"), Column("Version"), Column("Kind", whole=True)),
        tuple((name, version, "real" if real else "stand-in") for name, version, real in sorted(parts)),
    )


def _drills(exercise: Exercise) -> Iterator[Block]:
    drills = exercise.drills
    for series in exercise.series:
        if not series.latest.generated or len(exercise.series) == 1:
            yield Paragraph(f"{series.backup}: passed of drilled, week by week.")
            yield weeks_chart(series, exercise.period)
    yield Grid(
        "All drills, oldest first",
        (
            Column("Day", whole=True), Column("Backup"), Column("Verdict", whole=True),
            Column("Recovery time", number=True), Column("Recovery point", number=True),
            Column("Errors", number=True), Column("Warnings", number=True),
        ),
        tuple(_row(drilled) for drilled in drills),
        frozenset(number for number, drilled in enumerate(drills) if drilled.entry.verdict is not Verdict.PASS),
        frozenset({2}),
        compact=True,
    )  # fmt: skip
    if any(NOT_COUNTED in (drilled.time_met, drilled.point_met) for drilled in drills):
        yield Paragraph("In brackets: does not count, because the drill did not pass or its times may not be quoted.")
    reasons = [
        f"{drilled.entry.started_at:%Y-%m-%d}, {drilled.entry.backup}: {' '.join(drilled.entry.reasons[:3])}"
        for drilled in drills
        if drilled.entry.reasons
    ]
    if reasons:
        yield Paragraph("Reasons for drills that did not pass:")
        yield Bullets(tuple(reasons))
    if exercise.controls:
        yield Grid(
            "Negative controls: deliberate damage that the checks must detect",
            (
                Column("Started", whole=True),
                Column("Scenario"),
                Column("Broken"),
                Column("Expected", whole=True),
                Column("Result", whole=True),
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
            frozenset({4}),
            compact=True,
        )


def _row(drilled: Drilled) -> tuple[str, ...]:
    entry = drilled.entry
    return (
        f"{entry.started_at:%Y-%m-%d}",
        entry.backup,
        str(entry.verdict),
        "–" if entry.recovery_time_s is None else _judged(seconds(entry.recovery_time_s), drilled.time_met),
        "–" if entry.recovery_point_s is None else _judged(span(round(entry.recovery_point_s)), drilled.point_met),
        f"{entry.count(Severity.ERROR):,}",
        f"{entry.count(Severity.WARNING):,}",
    )


def _judged(text: str, met: str) -> str:
    return f"{text}, missed" if met == MISSED else f"({text})" if met == NOT_COUNTED else text


def _evidence(exercise: Exercise) -> Iterator[Block]:
    chain = exercise.chain
    if chain.problems:
        yield Bullets(chain.problems)
    else:
        yield Paragraph(
            "Each entry of the history contains the digest of the previous one. No entry was changed or removed."
        )
    if chain.amendments:
        yield Paragraph("Drills that count under another name, or that were left out:")
        yield Bullets(chain.amendments)
    yield Facts((("Entries", f"{chain.entries:,}"), ("Last digest", chain.digest)))
    rows = tuple(
        (f"{drilled.entry.started_at:%Y-%m-%d %H:%M}", drilled.entry.drill_id, drilled.entry.result_sha256)
        for drilled in exercise.drills
    )
    columns = Column("Started", whole=True), Column("Drill", code=True), Column("SHA-256 of its result", code=True)
    yield Fold("Results", (Grid("Source results of this document", columns, rows),), counted(len(rows), "drill"))
    yield Paragraph(
        "`apiary-drill history verify --head DIGEST` verifies later that the history still contains the "
        "results behind this document."
    )


def _people() -> Iterator[Block]:
    yield Form("Participants", ("Name", "Role", "Present"), 6)
    yield Form("Decisions", ("Decision", "Who", "Due"), 6)

"""The first page of an exercise: what a board reads and signs. Everything on it stands in a later section as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.base.model import Severity, Verdict
from harness.records.history.exercise import MET, MISSED, NO_OBJECTIVE, Drilled, Exercise, Series
from harness.reports.document import Block, Bullets, Column, Form, Grid, Paragraph, Tile, Trend
from harness.reports.exercise_changes import times_changed
from harness.reports.exercise_register import Registered
from harness.reports.words import are, counted, seconds, span

_LISTED = 6


def tiles(exercise: Exercise, register: Sequence[Registered]) -> tuple[Tile, ...]:
    """Drills that passed, the worst recovery time, the longest interval between good backups, open actions."""
    drills = exercise.drills
    passed = sum(series.passed for series in exercise.series)
    before = [sum(series.passed_before[part] for series in exercise.series) for part in (0, 1)]
    gaps = [series.longest_gap_s for series in _of_backups(exercise)]
    known = [gap for gap in gaps if gap is not None]
    unowned = sum(1 for each in register if not each.owner)
    overdue = sum(1 for each in register if each.overdue)
    missed = [drilled for drilled in drills if MISSED in (drilled.time_met, drilled.point_met)]
    counting = [drilled for drilled in drills if {MET, MISSED} & {drilled.time_met, drilled.point_met}]
    return (
        Tile("Drills passed", (f"{passed} of {len(drills)}",), _other_verdicts(drills), passed == len(drills),
             Trend((), f"the period before: {before[0]} of {before[1]}" if before[1] else "none in the period before")),
        Tile("Objectives missed", (f"{len(missed)} of {len(counting)}" if counting else "none set",),
             worst_time(drills), not missed if counting else None,
             Trend((), "of drills that count: see Objectives")),
        Tile("Longest gap", (span(round(max(known))) if known else "not known",),
             "between two good backups, whose drills passed", None, Trend((), "worst of all backups")),
        Tile("Open findings", (f"{len(register)}",), f"{unowned} without an owner, {overdue} overdue",
             not (unowned or overdue) if register else True, Trend((), "in the register, with owner and date")),
    )  # fmt: skip


def _of_backups(exercise: Exercise) -> list[Series]:
    existing = [series for series in exercise.series if not series.latest.generated]
    return existing or list(exercise.series)


def _other_verdicts(drills: Sequence[Drilled]) -> str:
    counts = [
        (sum(1 for drilled in drills if drilled.entry.verdict is verdict), word)
        for verdict, word in ((Verdict.FAIL, "failed"), (Verdict.INCONCLUSIVE, "inconclusive"))
    ]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "none failed"


def worst_time(drills: Sequence[Drilled]) -> str:
    """The longest recovery time of the drills that count, against its objective."""
    counting = [
        (drilled.entry.recovery_time_s, drilled.time_objective_s)
        for drilled in drills
        if drilled.time_met in (MET, MISSED) and drilled.entry.recovery_time_s is not None
    ]
    if not counting:
        return "no drill counts"
    time_s, objective_s = max(counting)
    return f"worst recovery time {seconds(time_s)}, objective {span(objective_s or 0)}"


def summary(exercise: Exercise, register: Sequence[Registered], statement: str) -> Iterator[Block]:
    """Systems with their verdicts, what changed, what is open, and the sentence that is signed."""
    rows = tuple(_row(series) for series in exercise.series)
    marked = frozenset(
        number for number, series in enumerate(exercise.series) if series.latest.verdict is not Verdict.PASS
    )
    yield Grid(
        "Backups in scope",
        (
            Column("Backup"), Column("Passed", number=True), Column("Latest", whole=True),
            Column("Worst recovery time", number=True), Column("Worst recovery point", number=True),
            Column("Longest time between good backups", number=True),
        ),
        rows, marked, frozenset({2}),
    )  # fmt: skip
    for backup in exercise.not_drilled:
        yield Paragraph(f"{backup} is in scope and was not drilled in this period.")
    yield Paragraph("Changes since the last period:")
    yield Bullets(tuple(_changes(exercise)))
    if register:
        columns = (Column("Open finding"), Column("Owner", whole=True), Column("Due", whole=True), Column("Decision"))
        open_rows = tuple(
            (each.sentence, each.owner or "nobody yet", each.due_text, each.decision or "none yet")
            for each in register[:_LISTED]
        )
        late = frozenset(number for number, each in enumerate(register[:_LISTED]) if each.overdue or not each.owner)
        yield Grid("Open corrective actions", columns, open_rows, late, frozenset({1, 2}))
        if len(register) > _LISTED:
            yield Paragraph(f"{len(register) - _LISTED} more stand in the register, under Findings and actions.")
    else:
        yield Paragraph("No finding is open: no corrective action is needed.")
    yield Paragraph(statement)
    yield Form("Signed by those who are accountable", ("Name", "Role", "Date", "Signature"), 2)


def _row(series: Series) -> tuple[str, ...]:
    latest = f"{series.latest.verdict} {series.latest.started_at:%Y-%m-%d}"
    gap_s = series.longest_gap_s
    return (
        series.backup, f"{series.passed} of {len(series.drills)}", latest,
        _worst([(d.entry.recovery_time_s, d.time_met) for d in series.drills], is_time=True),
        _worst([(d.entry.recovery_point_s, d.point_met) for d in series.drills], is_time=False),
        "one good backup" if gap_s is None else span(round(gap_s)),
    )  # fmt: skip


def _worst(drills: Sequence[tuple[float | None, str]], *, is_time: bool) -> str:
    counting = [value for value, met in drills if met in (MET, MISSED) and value is not None]
    if not counting:
        return NO_OBJECTIVE if all(met == NO_OBJECTIVE for _, met in drills) else "none counts"
    text = seconds(max(counting)) if is_time else span(round(max(counting)))
    missed = sum(1 for _, met in drills if met == MISSED)
    return f"{text}, {f'missed in {missed}' if missed else 'met'}"


def _changes(exercise: Exercise) -> Iterator[str]:
    yield f"{counted(len(exercise.drills), 'drill')}, {exercise.drills_before} in the period before."
    new = [seen for seen in exercise.findings if seen.new_in(exercise.period) and seen.severity is Severity.ERROR]
    gone = [seen for seen in exercise.gone if seen.severity is Severity.ERROR]
    if new:
        still = sum(1 for seen in new if seen.open)
        yield f"{counted(len(new), 'error')} never seen before, {still or 'none'} of which {are(still)} still open."
    if gone:
        yield f"{counted(len(gone), 'error')} of earlier periods {are(len(gone))} gone."
    if not new and not gone:
        yield "No error is new, and none is gone."
    for series in _of_backups(exercise):
        yield from (f"{line}." for line in times_changed(series))


def statement_of(exercise: Exercise, organisation: str) -> str:
    """The sentence that is signed: what the drills showed, and no more."""
    backups = [series for series in exercise.series if not series.latest.generated]
    restored = [series.backup for series in backups if series.latest.verdict is Verdict.PASS]
    failed = [series.backup for series in backups if series.latest.verdict is not Verdict.PASS]
    who = f" of {organisation}" if organisation else ""
    text = f"We have read this report{who}. In {exercise.period.name}"
    if restored:
        text += f", restoring {_and(restored)} was shown by drill, the last time with every check passed"
    if failed:
        text += f"{';' if restored else ','} restoring {_and(failed)} is not shown: the latest drill did not pass"
    if not backups:
        text += ", no backup was restored: only the procedure was shown, with generated data"
    return f"{text}. The open findings are known to us, and the owners named here answer for them."


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

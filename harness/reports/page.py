"""The report of one drill as a document: verdict and figures first, then findings, times, environment, evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import __version__
from harness.base.model import DrillResult, Step, Verdict
from harness.checks.evidence import Evidence
from harness.drill.steps.restore import RECOVERY_STEPS
from harness.records.history.entry import Entry
from harness.records.run_directory import ERROR_DETAILS
from harness.reports.checked import checks_section, ran
from harness.reports.document import (
    Block,
    Bullets,
    Column,
    Document,
    FindingGroup,
    Fold,
    Grid,
    Paragraph,
    Section,
    Span,
    Timeline,
)
from harness.reports.environment import backup_blocks, environment_blocks
from harness.reports.first_screen import caveat_of, subject_of, tiles_of, title_of
from harness.reports.problems import problems_of
from harness.reports.proof import evidence_section
from harness.reports.timing import timing_grids
from harness.reports.trend import recovery_chart
from harness.reports.words import (
    MODES,
    counted,
    judged_objectives,
    newest_row,
    seconds,
    sentence_of,
    span,
    tally,
)

LISTED_PROBLEMS = 100
"""Problems with all of their explanation; the checks list at most 20 findings of one kind."""


def page_of(result: DrillResult, evidence: Evidence | None, run_dir: Path, recent: Sequence[Entry] = ()) -> Document:
    """Everything that the report of one drill says.

    Args:
        evidence: what was gathered, or None where the drill ended before.
        run_dir: where the sidecars of the evidence are.
        recent: earlier drills of the same backup, the oldest first.
    """
    problems = problems_of(result, evidence)
    sections = (
        Section("findings", "Findings", tuple(_findings(result, problems))),
        Section("timeline", "Timeline", tuple(_timeline(result.steps))),
        Section("recovery", "Recovery objectives", tuple(_recovery(result, recent))),
        Section("backup", "Backup", tuple(backup_blocks(result, evidence))),
        Section("environment", "Environment", tuple(environment_blocks(result, evidence))),
        checks_section(result),
        Section("unproven", "Not proven", tuple(_unproven(result))),
        evidence_section(result, evidence, run_dir, kept=_kept(run_dir)),
    )
    return Document(
        title=title_of(result, evidence),
        eyebrow="Restore drill of Apiary",
        verdict=result.verdict,
        sentence=sentence_of(result),
        why=next(iter(_reasons(result, problems)), ""),
        caveat=caveat_of(result),
        subject=subject_of(result),
        tiles=tiles_of(result, evidence, problems, recent),
        lead=tuple(_lead(result, problems)),
        sections=sections,
        footer=f"Created from the result of drill {result.drill_id} by apiary-drill {__version__}. Times are "
        "UTC. Names of uploaded files and text keys of rows are shown as codes such as ~3fa1c2d4e5, "
        "because they can contain names of people. `apiary-drill report RUN_DIR --name CODE` shows "
        "which file a code stands for.",
    )


def _reasons(result: DrillResult, problems: Sequence[FindingGroup]) -> list[str]:
    """Why it did not pass. The first stands beside the verdict: a phone's first screen ends after the figures."""
    if result.verdict is Verdict.PASS:
        return []
    causes = {problem.finding.message for problem in problems}
    # What only follows from a cause stands with that cause, further down.
    return [reason for reason in result.reasons if reason in causes] or list(result.reasons)


def _lead(result: DrillResult, problems: Sequence[FindingGroup]) -> Iterator[str]:
    if result.expected_verdict is not Verdict.PASS:
        met = "and it is" if result.verdict is result.expected_verdict else "and it is not"
        yield f"A fault was injected deliberately: the expected verdict is {result.expected_verdict}, {met}."
    others = _reasons(result, problems)[1:]
    yield from others[:2]
    if len(others) > 2:
        yield f"… and {counted(len(others) - 2, 'more reason')}, under Findings."
    yield from result.hints
    if result.checks:
        yield f"{counted(ran(result.checks), 'check')} ran; {tally(result.findings)}."


def _recovery(result: DrillResult, recent: Sequence[Entry]) -> Iterator[Block]:
    time_s, point_s = result.recovery_time_s, result.recovery_point_s
    times, points = judged_objectives(result)
    rows = (
        ("Recovery time (RTO): stop, files, database, start, reindex",
         "not measured" if time_s is None else seconds(time_s), times[0]),
        ("Recovery point (RPO): age of the newest row when the backup was taken",
         "not measured" if point_s is None else span(round(point_s)), points[0]),
    )  # fmt: skip
    marked = frozenset(number for number, met in enumerate((times[1], points[1])) if met is False)
    columns = (Column("What"), Column("Measured", number=True), Column("Against its objective"))
    yield Grid("Results against objectives", columns, rows, marked, frozenset({1, 2}))
    if result.recovery_point_at is not None:
        yield Paragraph(f"The newest restored row is dated {newest_row(result)}.")
    if time_s is not None:
        mode = MODES.get(result.mode, result.mode)
        yield Paragraph(f"Mode: {mode}.")
    measured = [(drill.started_at, drill.recovery_time_s, drill.verdict is Verdict.PASS) for drill in recent]
    measured.append((result.started_at, time_s, result.verdict is Verdict.PASS))
    yield from recovery_chart("this backup", measured, result.recovery_time_objective_s)


def _findings(result: DrillResult, problems: Sequence[FindingGroup]) -> Iterator[Block]:
    if not problems:
        yield Paragraph("None.")
        return
    yield from problems[:LISTED_PROBLEMS]
    left = len(problems) - LISTED_PROBLEMS
    if left > 0:
        yield Paragraph(f"{counted(left, 'finding')} more are in result.json in the run directory.")
    for check in result.checks:
        if check.suppressed:
            yield Paragraph(f"{check.title}: {counted(check.suppressed, 'finding')} of the same kind not listed.")


def _timeline(steps: tuple[Step, ...]) -> Iterator[Block]:
    if not steps:
        yield Paragraph("No step was started.")
        return
    first = steps[0].started_at
    spans = []
    for step in steps:
        start_s = (step.started_at - first).total_seconds()
        took = seconds(step.duration_s)
        detail = f"failed{', ' if step.detail else ''}{step.detail}" if step.failed else step.detail
        counts = step.name in RECOVERY_STEPS
        spans.append(
            Span(step.title, detail, seconds(start_s), took, start_s, step.duration_s, counts, failed=step.failed)
        )
    recovery_s = sum(span.duration_s for span in spans if span.emphasised)
    legend = f"part of the recovery time ({seconds(recovery_s)} in total)"
    yield Timeline(f"{counted(len(steps), 'step')}, one after the other", legend, tuple(spans))
    if grids := tuple(timing_grids(steps)):
        yield Fold("Processor time and bytes", grids, "by step and by process", on_paper=False)
    failed = [step.title for step in steps if step.failed]
    if failed:
        yield Paragraph(f"Failed: {', '.join(failed)}.")


def _unproven(result: DrillResult) -> Iterator[Block]:
    yield Bullets(result.unproven or ("Nothing else was verified.",))


def _kept(run_dir: Path) -> str:
    kept = ["the JSON of every step", "the servers' logs"]
    if (run_dir / "logs" / ERROR_DETAILS).exists():
        kept.append(f"the output of failed programs (logs/{ERROR_DETAILS})")
    return f"The run directory {run_dir.name} contains {', '.join(kept[:-1])} and {kept[-1]}."

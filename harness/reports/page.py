"""The report of one drill as a document: verdict first, then which backup, how long, what was found, the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness import __version__
from harness.base.model import CheckResult, DrillResult, Finding, Severity, Step, Verdict
from harness.base.sizes import size
from harness.checks.evidence import Evidence
from harness.drill.steps.restore import RECOVERY_STEPS
from harness.records.run_directory import ERROR_DETAILS
from harness.reports.document import (
    Bar,
    Block,
    Bullets,
    Column,
    Document,
    Facts,
    Fold,
    Grid,
    Notice,
    Paragraph,
    Picture,
    Section,
)
from harness.reports.meanings import MEANINGS, STAGE
from harness.reports.proof import evidence_section
from harness.reports.words import SENTENCES, counted, moment, newest_row, seconds, span, tally

LISTED_NOTICES = 100
"""Findings with all of their explanation; the checks list at most 20 of one kind."""


def page_of(result: DrillResult, evidence: Evidence | None, run_dir: Path) -> Document:
    """Everything that the report of one drill says.

    Args:
        result: what came out.
        evidence: what was gathered, or None where the drill ended before.
        run_dir: where the sidecars of the evidence are.
    """
    sections = (
        Section("backup", "Which backup", tuple(_backup(result, evidence))),
        Section("target", "Into what it was restored", (_components(result),)),
        Section("recovery", "How long, and how much would be lost", tuple(_recovery(result, evidence))),
        Section("timeline", "Timeline", tuple(_timeline(result.steps))),
        Section("findings", "Findings", tuple(_findings(result))),
        Section("checks", "What was checked", tuple(_checks(result))),
        evidence_section(result, evidence, run_dir),
        Section("unproven", "What this drill did not prove", tuple(_unproven(result, run_dir))),
    )
    return Document(
        title=_title(result),
        eyebrow="Restore drill of Apiary",
        verdict=result.verdict,
        sentence=SENTENCES[result.verdict],
        lead=tuple(_lead(result)),
        sections=sections,
        footer=f"Made from the result of drill {result.drill_id} by apiary-drill {__version__}. Times are UTC. "
        "Names of uploaded files, and text keys of rows, are shown as codes such as ~3fa1c2d4e5: they can hold names "
        "of people. `apiary-drill report RUN_DIR --name CODE` says which file is meant.",
    )


def _title(result: DrillResult) -> str:
    what = "A backup that was handed in" if result.scenario == "verify" else f"Scenario {result.scenario}"
    return f"{what}, {result.started_at:%Y-%m-%d}"


def _lead(result: DrillResult) -> Iterator[str]:
    if result.expected_verdict is not Verdict.PASS:
        met = "and so it was" if result.verdict is result.expected_verdict else "and it was not"
        yield f"Something was broken on purpose: this drill is as it should be with {result.expected_verdict}, {met}."
    if result.verdict is not Verdict.PASS:
        yield from result.reasons[:3]
        if len(result.reasons) > 3:
            yield f"… and {len(result.reasons) - 3} more reasons, all of them below."
    yield from result.hints
    compared = sum(1 for check in result.checks if check.compared)
    if result.checks:
        yield f"{counted(compared, 'check')} compared something; {tally(result.findings)}."
    if result.purpose:
        yield result.purpose


def _backup(result: DrillResult, evidence: Evidence | None) -> Iterator[Block]:
    facts = []
    if result.backup:
        facts.append(("Name", result.backup))
    if result.backup_at is not None:
        age_s = (result.started_at - result.backup_at).total_seconds()
        facts.append(("Taken", moment(result.backup_at)))
        # The backup of generated data is younger than the drill that made it.
        facts.append(("Age at the drill", span(age_s) if age_s > 0 else "made by this drill"))
    else:
        facts.append(("Taken", "nothing says when"))
    manifest = evidence.manifest if evidence is not None else None
    if manifest is not None:
        mode = "while the application was running" if manifest.mode == "hot" else "while the application was stopped"
        facts.append(("How", mode))
    if evidence is not None:
        rows = sum(table.rows for table in evidence.script.tables)
        facts.append(("Holds", f"{counted(rows, 'row')} in {counted(len(evidence.script.tables), 'table')}"))
    yield Facts(tuple(facts))
    if result.artifacts:
        yield Grid(
            "Files of the backup",
            (Column("What"), Column("Name"), Column("Size", number=True), Column("SHA-256", code=True)),
            tuple((file.role, file.name, size(file.size_bytes), file.sha256) for file in result.artifacts),
        )
    else:
        yield Paragraph("No file of the backup was read.")
    if manifest is not None and manifest.exclusions:
        grid = Grid(
            "Left out of the backup on purpose",
            (Column("Kind"), Column("Name"), Column("Rows or files", number=True)),
            tuple((left.kind, left.name, f"{left.count:,}") for left in manifest.exclusions),
        )
        tables = sum(1 for left in manifest.exclusions if left.kind == "table")
        others = len(manifest.exclusions) - tables
        told = f"{counted(tables, 'table')}, {others} {'directory' if others == 1 else 'directories'}"
        yield Fold("Left out on purpose", (grid,), told)


def _components(result: DrillResult) -> Block:
    if not result.components:
        return Paragraph("No server was started.")
    return Grid(
        "Servers and programs",
        (Column("Role"), Column("What"), Column("Real or stand-in"), Column("Program or image", code=True)),
        tuple(
            (part.role, f"{part.name} {part.version}", "real" if part.real else "stand-in", part.reference)
            for part in result.components
        ),
    )


def _recovery(result: DrillResult, evidence: Evidence | None) -> Iterator[Block]:
    found = {finding.code for finding in result.findings}
    time_s, point_s = result.recovery_time_s, result.recovery_point_s
    rows = [
        (
            "Recovery time: steps 2 to 6 of the guide",
            "not measured" if time_s is None else seconds(time_s),
            _objective(result.recovery_time_objective_s),
            _met(time_s, result.recovery_time_objective_s, "recovery-time" in found),
        ),
        (
            "Recovery point: age of the newest row",
            "not measured" if point_s is None else span(round(point_s)),
            _objective(result.recovery_point_objective_s),
            _met(point_s, result.recovery_point_objective_s, "recovery-point" in found),
        ),
    ]
    marked = frozenset(number for number, row in enumerate(rows) if row[3] == "missed")
    columns = (Column("What"), Column("Measured", number=True), Column("Objective", number=True), Column("Met"))
    yield Grid("Measured against what was agreed", columns, tuple(rows), marked)
    if result.recovery_point_at is not None:
        yield Paragraph(f"The newest row that came back is of {newest_row(result)}.")
    if time_s is not None:
        yield Paragraph(
            "Measured in faithful mode: the documented commands as they stand, with settings as durable as in "
            "production."
            if result.mode == "faithful"
            else f"Measured in {result.mode} mode: not a time to quote for a real recovery."
        )
    past = evidence.trend.past if evidence is not None and evidence.trend is not None else ()
    measured = [(drill.started_at, drill.recovery_time_s) for drill in past if drill.recovery_time_s is not None]
    if measured and time_s is not None:
        points = [*reversed(measured), (result.started_at, time_s)]
        bars = tuple(
            Bar(f"{at:%Y-%m-%d %H:%M}", 0.0, value, seconds(value), emphasised=number == len(points) - 1)
            for number, (at, value) in enumerate(points)
        )
        told = f"Recovery time of the last {len(points)} good drills of this backup, this one last: " + ", ".join(
            bar.told for bar in bars
        )
        limit = result.recovery_time_objective_s
        yield Picture(
            "Recovery time over the last drills",
            told + ".",
            bars,
            limit,
            "" if limit is None else f"at most {span(limit)}",
        )
        rows_past = tuple((moment(at), seconds(value)) for at, value in points)
        yield Grid("Recovery time over the last drills", (Column("Drill"), Column("Time", number=True)), rows_past)


def _objective(objective_s: float | None) -> str:
    return "none set" if objective_s is None else f"at most {span(objective_s)}"


def _met(measured_s: float | None, objective_s: float | None, missed: bool) -> str:
    """What the checks said; a report does not compare for itself."""
    if measured_s is None:
        return "not known"
    if objective_s is None:
        return "no objective"
    return "missed" if missed else "met"


def _findings(result: DrillResult) -> Iterator[Block]:
    if not result.findings:
        yield Paragraph("There are none.")
        return
    yield Paragraph(f"{tally(result.findings).capitalize()}.")
    for finding in result.findings[:LISTED_NOTICES]:
        yield notice_of(finding, result.checks)
    left = len(result.findings) - LISTED_NOTICES
    if left > 0:
        yield Paragraph(f"{counted(left, 'finding')} more stand in result.json in the run directory.")
    for check in result.checks:
        if check.suppressed:
            yield Paragraph(f"{check.title}: {counted(check.suppressed, 'finding')} of the same kind not listed.")


def notice_of(finding: Finding, checks: tuple[CheckResult, ...]) -> Notice:
    """A finding with what it means: what its check says of itself, and a remedy also where the finding has none."""
    names = [check.check for check in checks if finding in check.findings]
    meaning = MEANINGS.get(names[0], STAGE) if names else STAGE
    return Notice(finding, meaning.means, finding.remedy or meaning.remedy)


def _timeline(steps: tuple[Step, ...]) -> Iterator[Block]:
    if not steps:
        yield Paragraph("No step was begun.")
        return
    first = steps[0].started_at
    bars = tuple(
        Bar(
            step.title,
            (step.started_at - first).total_seconds(),
            step.duration_s,
            seconds(step.duration_s) + (", failed" if step.failed else ""),
            emphasised=step.name in RECOVERY_STEPS,
        )
        for step in steps
    )
    longest = max(steps, key=lambda step: step.duration_s)
    yield Picture(
        "Timeline of the drill",
        f"{counted(len(steps), 'step')} one after the other, of which the highlighted ones make up the "
        f"recovery time. The longest is “{longest.title}” with {seconds(longest.duration_s)}. The table has the times.",
        bars,
    )
    grid = Grid(
        "Steps of the drill",
        (
            Column("Step"),
            Column("Began after", number=True),
            Column("Took", number=True),
            Column("Recovery time"),
            Column("Details"),
        ),
        tuple(
            (
                step.title,
                seconds((step.started_at - first).total_seconds()),
                seconds(step.duration_s),
                "counts" if step.name in RECOVERY_STEPS else "",
                f"failed{', ' if step.detail else ''}{step.detail}" if step.failed else step.detail,
            )
            for step in steps
        ),
        frozenset(number for number, step in enumerate(steps) if step.failed),
    )
    failed = [step.title for step in steps if step.failed]
    if failed:
        yield Paragraph(f"Failed: {', '.join(failed)}.")
    yield Fold("Times of the steps", (grid,), counted(len(steps), "step"))


def state_of(check: CheckResult) -> str:
    """What one check came to, in a word or two."""
    errors = sum(1 for finding in check.findings if finding.severity is Severity.ERROR)
    if errors:
        return counted(errors, "error")
    if check.unknown:
        return f"could not tell: {check.unknown}"
    if not check.compared:
        return "nothing to compare"
    remarks = len(check.findings)
    return f"in order, {counted(remarks, 'remark')}" if remarks else "in order"


def _checks(result: DrillResult) -> Iterator[Block]:
    if not result.checks:
        yield Paragraph("No check ran: the drill ended before there was anything to compare.")
        return
    rows = tuple((check.title, f"{check.compared:,}", state_of(check)) for check in result.checks)
    marked = frozenset(
        number
        for number, check in enumerate(result.checks)
        if check.unknown or any(finding.severity is Severity.ERROR for finding in check.findings)
    )
    yield Grid("Checks", (Column("What must hold"), Column("Compared", number=True), Column("Came out")), rows, marked)
    figures = tuple((check.title, label, value) for check in result.checks for label, value in check.evidence)
    if figures:
        grid = Grid("Figures of the checks", (Column("Check"), Column("Figure"), Column("Value")), figures)
        yield Fold("Figures of the checks", (grid,), counted(len(figures), "figure"))


def _unproven(result: DrillResult, run_dir: Path) -> Iterator[Block]:
    yield Bullets(result.unproven or ("Nothing was proven beyond what stands above.",))
    kept = ["the JSON of every stage", "the servers' logs"]
    if (run_dir / "logs" / ERROR_DETAILS).exists():
        kept.append(f"what programs said when they failed (logs/{ERROR_DETAILS})")
    yield Paragraph(f"The run directory {run_dir.name} holds {', '.join(kept[:-1])} and {kept[-1]}.")
    yield Paragraph(
        f"The drill began at {moment(result.started_at)} and took {seconds(result.duration_s)}"
        + (
            f"; the harness itself used at most {size(result.peak_memory_bytes)} of memory."
            if result.peak_memory_bytes is not None
            else "."
        )
    )

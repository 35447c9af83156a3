"""The documented restore of one backup, as commands to be typed at night: exact, and with the times of a drill.

What the commands need is on any Debian: sha256sum, GNU tar, sed, mysql, curl. They hold for this backup, byte for byte:
the first of them is the proof that it is this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from harness.base import guide
from harness.base.model import DrillResult, Severity
from harness.reports import runbook_steps as steps
from harness.reports.document import Block, Bullets, Column, Document, Grid, Paragraph, Section
from harness.reports.runbook_steps import RestorableBackup

_STEPS = {
    "stop": "Stop the application",
    "restore-files": "Restore the files",
    "restore-database": "Load the database",
    "start": "Start the application",
    "reindex": "Rebuild the search index",
}


def runbook_of(backup: RestorableBackup) -> Document:
    """The page. Its commands are meant for one bash session, from top to bottom."""
    drilled = backup.drilled
    took = partial(_took, drilled)
    return Document(
        title=f"Restore {backup.name}",
        eyebrow="Runbook: the documented restore procedure for one backup",
        verdict=None if drilled is None else drilled.verdict,
        sentence=_sentence(drilled),
        lead=(
            "Work as root on the machine that holds the storage volume, where both servers can be reached. Paste the"
            " blocks into one bash session, in this order. A block ends with the word done and its step; one that does"
            " not has stopped at its first error: read it, and see section 7.",
        ),
        sections=(
            Section("before", "Before you start", tuple(_before(backup))),
            Section("session", "0. Name the places", tuple(steps.session(backup))),
            Section("check", "1. Check the backup and the instance", tuple(steps.check(backup))),
            Section("stop", f"2. Stop the application{took('stop')}", (steps.stop(),)),
            Section("files", f"3. Restore the files{took('restore-files')}", (steps.files(backup),)),
            Section("database", f"4. Load the database{took('restore-database')}", tuple(steps.database(backup))),
            Section("start", f"5. Start the application{took('start')}", tuple(steps.start())),
            Section("search", f"6. Rebuild the search index{took('reindex')}", tuple(steps.search())),
            Section("stopped", "7. If a block stops", (steps.stopped(),)),
        ),
        footer="Written by apiary-drill runbook.",
    )


def _sentence(drilled: DrillResult | None) -> str:
    if drilled is None:
        return "This backup has not been drilled: the commands are exact, their times are not known."
    total = f" in {drilled.recovery_time_s:,.1f} s" if drilled.recovery_time_s is not None else ""
    servers = ", ".join(f"{part.name} {part.version}" for part in drilled.components if part.role.startswith("target"))
    return f"Drill {drilled.drill_id} restored this backup{total} (steps 2 to 6) into {servers}."


def _took(drilled: DrillResult | None, step: str) -> str:
    took = next((done.duration_s for done in drilled.steps if done.name == step), None) if drilled else None
    return "" if took is None else f" (took {took:,.1f} s in the drill)"


def _before(backup: RestorableBackup) -> Iterator[Block]:
    newest = backup.drilled.recovery_point_local if backup.drilled else ""
    finished = backup.script.info.finished_at
    when = f" (the dump ended at {finished:%Y-%m-%d %H:%M:%S}, by the clock of its machine)" if finished else ""
    yield Bullets(
        (
            "The target is an instance of the version that made the backup: running, migrated, and empty.",
            "Its APP_KEY has to be that of the backup: with another one, encrypted columns cannot be read.",
            "Rows and files of the backup replace those of the instance. What was written after"
            f" {newest or 'the backup'} is lost{when}.",
        )
    )
    yield from _missing(backup)


def _missing(backup: RestorableBackup) -> Iterator[Block]:
    held = {table.name for table in backup.script.database.tables}
    empty = [name for name in guide.EXCLUDABLE_TABLES if name not in held]
    if empty:
        yield Paragraph(f"Tables that the backup leaves out and that stay as they are: {', '.join(empty)}.")
    known = [*backup.script.findings, *(backup.drilled.findings if backup.drilled else ())]
    by_subject = {(found.code, found.subject): found for found in known if found.severity is not Severity.INFO}
    if by_subject:
        yield Paragraph("What will be missing, and what is left out of the script:")
        yield Bullets(tuple(f"{found.message} {found.remedy}".strip() for found in by_subject.values()))
    if backup.drilled is not None:
        done = [step for step in backup.drilled.steps if step.name in _STEPS]
        columns = Column("Step"), Column("Time", number=True), Column("Result")
        rows = tuple((_STEPS[step.name], f"{step.duration_s:,.1f} s", step.detail) for step in done)
        yield Grid("Measured in the drill", columns, rows)

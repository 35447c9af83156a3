"""What GitHub Actions shows of a drill: annotations through workflow commands, and the job's summary."""

from __future__ import annotations

from collections.abc import Iterator

from harness.base.model import DrillResult, Severity
from harness.base.printable import printable
from harness.reports.words import sentence_of

ANNOTATIONS = 10
'Maximum number of each kind; GitHub shows no more per step (docs.github.com, "Workflow commands": limits of '
"annotations)."
SUMMARY_BYTES = 1 << 20
'Size limit of a step\'s summary (docs.github.com, "Adding a job summary").'

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def workflow_commands(result: DrillResult) -> Iterator[str]:
    """One line for the verdict, and one for each of the first findings of a kind."""
    verdict = {"PASS": "notice", "FAIL": "error"}.get(result.verdict, "warning")
    yield _command(verdict, f"Restore drill: {result.verdict}", sentence_of(result))
    shown = dict.fromkeys(_COMMANDS.values(), 0)
    shown[verdict] += 1
    for finding in result.findings:
        command = _COMMANDS[finding.severity]
        shown[command] += 1
        if shown[command] <= ANNOTATIONS:
            yield _command(command, f"{finding.code} {finding.subject}", f"{finding.message} {finding.remedy}".strip())


def summary_part(markdown: str) -> str:
    """As much of a report as a step's summary may hold, cut between two blocks."""
    if len(markdown.encode()) <= SUMMARY_BYTES:
        return markdown
    note = "\n\nThe report was truncated here; the artifacts contain all of it.\n"
    room = SUMMARY_BYTES - len(note.encode())
    kept = markdown.encode()[:room].decode("utf-8", "ignore")
    return kept[: kept.rfind("\n\n")] + note


def _command(command: str, title: str, message: str) -> str:
    return f"::{command} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """As the runner unescapes it (actions/toolkit, `command.ts`); a line has no other end than its own."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

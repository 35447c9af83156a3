"""The console: progress while a drill runs, and a summary on one screen that a tired person understands."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from harness.base.errors import ERROR_DETAILS
from harness.base.model import CheckResult, Component, DrillResult, Finding, InjectedFault, Severity, Step, Verdict
from harness.reports.document import Grid
from harness.reports.first_screen import title_of
from harness.reports.terminal import Terminal, print_line
from harness.reports.words import control_sentence, sentence_of, tally, times

_COLOURS = {Verdict.PASS: "bold green", Verdict.INCONCLUSIVE: "bold yellow", Verdict.FAIL: "bold red"}
_LISTED_FINDINGS = 12
_LISTED_CHANGES = 3


class ConsoleProgress:
    """Tells on the console what a drill does; one line for each step, and a live line on a terminal."""

    def __init__(self, console: Terminal) -> None:
        self._console = console
        self._status = console.status("") if console.is_terminal else None
        self._title = ""
        self._shown_at = 0.0

    def started(self, title: str) -> None:
        """A step began."""
        self._title = title
        if self._status is not None:
            self._show(escape(title))
            self._status.start()

    def progress(self, text: str) -> None:
        """The step came this far; drawn at most ten times a second."""
        now = time.monotonic()
        if self._status is not None and now - self._shown_at > 0.1:
            self._shown_at = now
            self._show(f"{escape(self._title)}: {escape(text)}")

    def _show(self, text: str) -> None:
        assert self._status is not None
        self._status.update(self._console.render_str(text))

    def ended(self, step: Step) -> None:
        if self._status is not None:
            self._status.stop()
        mark = "[red]✗[/]" if step.failed else "[green]✓[/]"
        detail = f"  [dim]{escape(step.detail)}[/]" if step.detail else ""
        self._console.print(f"{mark} {step.duration_s:7.2f} s  {escape(step.title)}{detail}")


def print_summary(console: Terminal, result: DrillResult, run_dir: str) -> None:
    console.print()
    if result.components:
        console.print(_components(result.components))
    if result.checks:
        console.print(_checks(result.checks))
    if result.findings:
        console.print(_findings(result.findings))
    console.print()
    mark = f"[{_COLOURS[result.verdict]} reverse] {result.verdict} [/]"
    console.print(f"{mark}[bold]  {sentence_of(result)}[/]")
    for fault in result.faults:
        console.plain(f"  {_fault(fault)}")
    if result.negative_control is not None:
        console.plain(f"  {control_sentence(result.negative_control)}")
    for reason in result.reasons[:3]:
        console.plain(f"  {reason}")
    if len(result.reasons) > 3:
        console.print(f"  … and {len(result.reasons) - 3} more reasons.")
    console.plain(f"  {times(result)}")
    for text in result.unproven[:-2] if len(result.unproven) > 2 else ():
        console.plain(f"  Not verified: {text}", style="dim")
    for hint in result.hints:
        console.plain(f"  HINT: {hint}")
    output = Path(run_dir, "logs", ERROR_DETAILS)
    if result.error and output.exists():
        console.whole(f"  Output at the failure: {output}")
    console.whole(f"  Details: {run_dir}")


def print_failure(result: DrillResult, run_dir: str) -> None:
    """What is wrong, a line for each thing, as a mail of cron shows it."""
    print_line(f"{result.verdict}  {title_of(result)}: {sentence_of(result)}")
    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    lines = [f"{finding.code}  {finding.message} {finding.remedy}".rstrip() for finding in errors]
    messages = {finding.message for finding in errors}
    lines += [reason for reason in result.reasons if reason not in messages]
    for line in lines[:_LISTED_FINDINGS]:
        print_line(line)
    if len(lines) > _LISTED_FINDINGS:
        print_line(f"… and {len(lines) - _LISTED_FINDINGS} more")
    for hint in result.hints:
        if not any(line.endswith(hint) for line in lines):
            print_line(f"HINT: {hint}")
    print_line(f"Report: {Path(run_dir, 'report.html')}")


def _fault(fault: InjectedFault) -> str:
    """A fault with its first changes, in one line."""
    changes = [str(change) for change in fault.changes[:_LISTED_CHANGES]]
    if len(fault.changes) > _LISTED_CHANGES:
        changes.append(f"and {len(fault.changes) - _LISTED_CHANGES:,} more")
    return f"Fault injected at {fault.at}: {fault.name} ({'; '.join(changes) or 'without effect'})."


def _components(components: Sequence[Component]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for part in components:
        table.add_row(escape(part.role), f"{escape(part.name)} {escape(part.version)}", "" if part.real else "stand-in")
    return table


def _checks(checks: Sequence[CheckResult]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("Compared", justify="right", no_wrap=True)
    table.add_column("Check")
    for check in checks:
        errors = any(finding.severity is Severity.ERROR for finding in check.findings)
        mark = "[red]✗[/]" if errors else "[yellow]?[/]" if check.unknown else "[green]✓[/]" if check.compared else "·"
        remarks = [f"inconclusive: {check.unknown}"] if check.unknown else []
        remarks += [tally(check.findings)] if check.findings else []
        remarks += [f"{check.suppressed:,} more"] if check.suppressed else []
        text = escape(check.title) + (f"  [bold]({escape(', '.join(remarks))})[/]" if remarks else "")
        table.add_row(mark, f"{check.compared:,}", text)
    return table


def print_grid(console: Terminal, grid: Grid) -> None:
    """A table of a report."""
    table = Table(box=None, pad_edge=False, title=grid.caption, title_justify="left", title_style="bold")
    for column in grid.columns:
        table.add_column(escape(column.title), justify="right" if column.number else "left", no_wrap=column.number)
    for row in grid.rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _findings(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, title="Findings", title_justify="left", title_style="bold")
    for heading in ("Severity", "Code", "Findings"):
        table.add_column(heading, no_wrap=heading != "Findings", vertical="top")
    styles = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
    for finding in findings[:_LISTED_FINDINGS]:
        text = f"{finding.message} {finding.remedy}".strip()
        table.add_row(f"[{styles[finding.severity]}]{finding.severity}[/]", escape(finding.code), escape(text))
    if len(findings) > _LISTED_FINDINGS:
        table.add_row("", "", f"… and {len(findings) - _LISTED_FINDINGS} more in the run directory")
    return table

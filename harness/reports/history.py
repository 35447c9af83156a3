"""The history on a console: the list of drills, and how the figures of one backup went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from harness.base.model import PastDrill, Severity, Verdict
from harness.records.history.entry import Entry
from harness.reports.terminal import Terminal

_COLOURS = {Verdict.PASS: "green", Verdict.INCONCLUSIVE: "yellow", Verdict.FAIL: "red"}


def print_drills(console: Terminal, entries: Iterable[Entry]) -> None:
    """One line for each drill, in the order in which they come."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Started (UTC)", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Restore", justify="right", no_wrap=True)
    table.add_column("Errors", justify="right", no_wrap=True)
    table.add_column("Warnings", justify="right", no_wrap=True)
    table.add_column("Backup", overflow="fold")
    table.add_column("Drill", no_wrap=True)
    for entry in entries:
        verdict = f"[{_COLOURS[entry.verdict]}]{entry.verdict}[/]" + (" (control)" if entry.control else "")
        table.add_row(
            f"{entry.started_at:%Y-%m-%d %H:%M}",
            verdict,
            "" if entry.recovery_time_s is None else f"{entry.recovery_time_s:,.1f} s",
            f"{entry.count(Severity.ERROR):,}",
            f"{entry.count(Severity.WARNING):,}",
            escape(entry.backup),
            escape(entry.drill_id),
        )
    console.print(table)


def print_trend(console: Terminal, backup: str, drills: Sequence[PastDrill], *, everything: bool) -> None:
    """How the figures of one backup went: a column for each drill, the oldest first.

    Args:
        drills: newest first.
        everything: also figures that were the same in all of them.
    """
    console.print()
    console.print(f"[bold]{escape(backup)}[/]")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for drill in reversed(drills):
        table.add_column(f"{drill.started_at:%Y-%m-%d}", justify="right", no_wrap=True)
    left_out = 0
    for heading, rows in trend_rows(drills):
        figures = []
        for label, values in rows:
            if not everything and len(drills) > 1 and len(set(values)) == 1:
                left_out += 1
                continue
            figures.append((label, values))
        if figures:
            table.add_row(f"[bold]{heading}[/]")
        for label, values in figures:
            table.add_row(escape(f"  {label}"), *values)
    console.print(table)
    if left_out:
        console.print(f"{left_out} unchanged figures are hidden (--all shows them)", style="dim")


def trend_rows(drills: Sequence[PastDrill]) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Headings with their rows; each value as text, the oldest drill first."""
    old = list(reversed(drills))

    def rows(
        held: Sequence[Mapping[str, float]], form: str = ",", *, ordered: bool = False
    ) -> list[tuple[str, list[str]]]:
        names = dict.fromkeys(name for each in held for name in each)
        shown = names if ordered else sorted(names)
        return [(name, [format(each[name], form) if name in each else "–" for each in held]) for name in shown]

    recovery = ["–" if drill.recovery_time_s is None else f"{drill.recovery_time_s:,.1f}" for drill in old]
    files = [{name: totals.files for name, totals in drill.directories.items()} for drill in old]
    sizes = [{name: totals.size_bytes for name, totals in drill.directories.items()} for drill in old]
    steps = rows([drill.steps for drill in old], ",.1f", ordered=True)
    return [
        ("Seconds", [("recovery time", recovery), *steps]),
        ("Backup size", rows([drill.artifacts for drill in old])),
        ("Rows by table", rows([drill.tables for drill in old])),
        ("Files by directory", rows(files)),
        ("Bytes by directory", rows(sizes)),
        ("Documents by index", rows([drill.documents for drill in old])),
    ]

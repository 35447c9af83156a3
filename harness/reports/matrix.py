"""A matrix of drills as one table: which servers, which verdict, how long."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from harness.base.model import MatrixResult, Verdict
from harness.reports.terminal import Terminal

_COLOURS = {Verdict.PASS: "bold green", Verdict.INCONCLUSIVE: "bold yellow", Verdict.FAIL: "bold red"}


def print_matrix(console: Terminal, result: MatrixResult, directory: str) -> None:
    """One line for each combination, then the reasons of what did not pass, then the worst verdict."""
    table = Table(box=None, pad_edge=False, title="Matrix", title_justify="left", title_style="bold")
    axes = [axis for axis, _ in result.cells[0].values] if result.cells else []
    for heading in ("Verdict", *axes, "Ran on", "Restore", "Errors", "Run"):
        table.add_column(heading, justify="right" if heading in ("Restore", "Errors") else "left", vertical="top")
    for cell in result.cells:
        table.add_row(
            f"[{_COLOURS[cell.verdict]}]{cell.verdict}[/]",
            *(escape(value) for _, value in cell.values),
            escape(", ".join(cell.servers)),
            "–" if cell.recovery_time_s is None else f"{cell.recovery_time_s:.1f} s",
            str(cell.errors),
            escape(cell.drill_id),
        )
    console.print()
    console.print(table)
    for cell in result.cells:
        for reason in cell.reasons[:3]:
            label = ", ".join(f"{axis} {value}" for axis, value in cell.values)
            console.plain(f"{label}: {reason}")
    missing = result.combinations - len(result.cells)
    if missing:
        console.print(f"{missing} of {result.combinations} combinations were not drilled")
    mark = f"[{_COLOURS[result.verdict]} reverse] {result.verdict} [/]"
    console.print()
    console.print(f"{mark}[bold]  the worst result of {result.combinations} combinations[/]")
    console.whole(f"  Details: {directory}")

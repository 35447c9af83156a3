"""`apiary-drill scenarios`."""

from __future__ import annotations

import click

from harness import scenario
from harness.reports.console import console_for


@click.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios and what each one is for.

    \b
    Example:
      apiary-drill scenarios
    """
    console = console_for()
    for name, path in scenario.shipped().items():
        loaded = scenario.load(path)
        console.print(f"[bold]{name}[/]  ({loaded.data.scale}, expected {loaded.expected.verdict})", highlight=False)
        console.print(f"  {' '.join(loaded.why.split())}\n", markup=False, highlight=False)

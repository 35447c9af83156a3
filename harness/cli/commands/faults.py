"""`apiary-drill faults`: what can be broken on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.options.help import GroupedHelp
from harness.reports.terminal import console_for

if TYPE_CHECKING:
    from harness.faults.fault import Fault


@click.command(cls=GroupedHelp)
@click.argument("name", required=False)
def faults(name: str | None) -> None:
    """List the faults that a scenario can inject: where, and what each one does. With NAME: its options.

    \b
    Examples:
      apiary-drill faults
      apiary-drill faults drop-row
    """
    from rich.markup import escape
    from rich.table import Table

    from harness.faults import FAMILIES
    from harness.scenario import definition as scenario

    if name is not None:
        _show(scenario.find_fault(name))
        return
    console = console_for()
    for family, members in FAMILIES.items():
        table = Table(box=None, pad_edge=False, title=family, title_justify="left", title_style="bold")
        for heading in ("Fault", "Injection point", "What it does"):
            table.add_column(heading, no_wrap=heading != "What it does")
        for fault in members.values():
            table.add_row(escape(fault.name), fault.injection_point, escape(fault.summary))
        console.print(table, "")


def _show(fault: Fault) -> None:
    from pydantic_core import PydanticUndefined
    from rich.markup import escape

    console = console_for()
    console.print(f"[bold]{escape(fault.name)}[/]  ({fault.family})")
    console.plain(f"  {fault.summary}")
    console.plain(f"  Injection points: {', '.join(fault.injection_points)}")
    if fault.runtime != "any":
        console.plain(f'  Needs: runtime.kind = "{fault.runtime}"')
    for option, field in fault.options.model_fields.items():
        default = "" if field.default is PydanticUndefined else f" = {field.default!r}"
        kind = getattr(field.annotation, "__name__", str(field.annotation))
        console.plain(f"  Option: {option}: {kind}{default}")

"""`apiary-drill clean`."""

from __future__ import annotations

import click

from harness.commands.common import settings_for
from harness.runtimes.ownership import sweep


@click.command()
@click.option("--kept", is_flag=True, help="Also remove targets that were kept on purpose.")
def clean(kept: bool) -> None:
    """Remove what killed drills left behind; a drill that is alive is never touched.

    \b
    Example:
      apiary-drill clean
    """
    settings = settings_for("auto", None, None, None)
    found = sweep(settings.state_dir, kept_too=kept)
    for leftover in found:
        click.echo(f"removed {leftover.drill_id}: {len(leftover.pids)} processes, {leftover.directory}")
    click.echo(f"{len(found)} leftovers removed" if found else "nothing to remove")

"""`apiary-drill clean`."""

from __future__ import annotations

import click

from harness.commands.common import settings_for
from harness.runtimes.docker_client import EngineUnavailable, connect
from harness.runtimes.docker_labels import sweep_docker
from harness.runtimes.ownership import sweep


@click.command()
@click.option("--kept", is_flag=True, help="Also remove targets that were kept on purpose.")
def clean(kept: bool) -> None:
    """Remove what killed drills left behind; a drill that is alive is never touched.

    \b
    Example:
      apiary-drill clean
    """
    settings = settings_for()
    found = sweep(settings.state_dir, kept_too=kept)
    for leftover in found:
        click.echo(f"removed {leftover.drill_id}: {len(leftover.pids)} processes, {leftover.directory}")
    try:
        things = sweep_docker(connect(settings.docker), kept_too=kept)
    except EngineUnavailable:
        things = []  # no engine, nothing on it
    for thing in things:
        click.echo(f"removed {thing.drill_id}: {thing.kind} {thing.name}")
    count = len(found) + len(things)
    click.echo(f"{count} leftovers removed" if count else "nothing to remove")

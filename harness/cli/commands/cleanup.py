"""`apiary-drill cleanup`."""

from __future__ import annotations

import click

from harness.cli.common import print_progress, settings_for
from harness.cli.options.help import GroupedHelp
from harness.reports.terminal import print_line


@click.command(cls=GroupedHelp)
@click.argument("drills", nargs=-1, metavar="[DRILL]…")
@click.option("--kept", is_flag=True, help="Also remove targets that were kept with --keep.")
def cleanup(drills: tuple[str, ...], kept: bool) -> None:
    """Remove leftovers of interrupted drills; running drills are never touched.

    DRILL is the name of a drill whose target was kept: then only that one is removed.

    \b
    Examples:
      apiary-drill cleanup
      apiary-drill cleanup 20261122T214200Z-documented-3fa1c2
    """
    from harness.procedure.backup.directory import remove_unfinished
    from harness.runtime.docker.client import EngineUnavailable, connect
    from harness.runtime.docker.labels import docker_leftovers, remove
    from harness.runtime.ownership import sweep

    settings = settings_for()
    kept = kept or bool(drills)
    count = 0
    for leftover in sweep(settings.state_dir, kept_too=kept, only=drills):
        count += 1
        print_line(f"removed {leftover.drill_id}: {len(leftover.pids)} processes, {leftover.directory}")
    for partial in () if drills else remove_unfinished(settings.state_dir):
        count += 1
        print_line(f"removed unfinished backup {partial}")
    try:
        client = connect(settings.docker)
    except EngineUnavailable as error:
        client = None
        # It may be away for a moment only, with what a killed drill left on it.
        print_progress(f"containers were not checked: {error.fact}")
    if client is not None:
        for thing in docker_leftovers(client, kept_too=kept):
            if not drills or thing.drill_id in drills:
                count += 1
                remove(client, thing.kind, thing.name)
                print_line(f"removed {thing.drill_id}: {thing.kind} {thing.name}")
    print_line(f"removed {count} leftovers" if count else "nothing to remove")

"""`apiary-drill restore`."""

from __future__ import annotations

import sys

import click

from harness.base.interruption import terminable
from harness.base.settings import Settings
from harness.cli.common import EXIT_CODES, runtime_options
from harness.cli.options.backup import Asked, drill_handed_in, handed_in_options
from harness.drill.result import exit_code


@click.command(epilog=EXIT_CODES)
@handed_in_options
@runtime_options
def restore(asked: Asked, settings: Settings, as_json: bool) -> None:
    """Restore a backup and leave it running.

    As `verify`, which says how a backup is named: everything is compared as well. Then the instance stays, reachable
    from this machine only, and how to reach it, how to log in and how to remove it is printed. It holds everything
    that production held. `verify` removes the instance at its end.

    \b
    Example:
      apiary-drill restore backups/2026-11-22
    """
    with terminable(), asked.fetching(settings) as sources:
        result = drill_handed_in(
            asked, "restore", settings, as_json=as_json, keep=True, migrate=True, sources=sources
        )  # fmt: skip
    sys.exit(exit_code(result))

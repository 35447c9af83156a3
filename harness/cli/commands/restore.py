"""`apiary-drill restore`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from harness.base.interruption import terminable
from harness.base.settings import Settings
from harness.cli.common import EXIT_CODES, runtime_options
from harness.cli.options.backup import backup_options
from harness.cli.options.help import GroupedHelp

if TYPE_CHECKING:
    from harness.cli.backup_drill import BackupOptions


@click.command(cls=GroupedHelp, epilog=EXIT_CODES)
@backup_options
@runtime_options
def restore(asked: BackupOptions, settings: Settings, as_json: bool) -> None:
    """Restore a backup and leave it running.

    BACKUP and the options are those of `verify`, and so are the checks. The instance keeps running, reachable
    from this machine only; the output says how to reach it, log in and remove it. It contains all production data.

    \b
    Example:
      apiary-drill restore backups/2026-11-22
    """
    from harness.cli.backup_drill import drill_backup
    from harness.drill.result import exit_code

    with terminable(), asked.fetching(settings) as sources:
        result = drill_backup(
            asked, "restore", settings, as_json=as_json, keep=True, migrate=True, sources=sources
        )  # fmt: skip
    sys.exit(exit_code(result))

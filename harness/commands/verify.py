"""`apiary-drill verify`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from harness.commands.common import EXIT_CODES, drilling, runtime_options
from harness.commands.handed_in import Asked, handed_in_options
from harness.drill import exit_code
from harness.handin.dumps import spool
from harness.scenario import Objectives
from harness.settings import Settings


@click.command(epilog=EXIT_CODES)
@handed_in_options
@click.option("--rto", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery time objective.")
@click.option("--rpo", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery point objective.")
@runtime_options
def verify(
    asked: Asked,
    rto: float | None,
    rpo: float | None,
    settings: Settings,
    as_json: bool,
) -> None:
    """Drill a backup that you have: restore it, and prove that all that it holds is back.

    The dump is plain or compressed (gzip, zstd, xz, bzip2); the storage is a directory or a tar archive,
    compressed or not. A BACKUP is a directory that holds both. If `apiary-drill backup` made it, its manifest
    says what must come back. Without any of them, apiary-drill.toml in the current directory says where the
    backup is. Nothing that you hand in is changed.

    \b
    Example:
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz --rpo 86400
      apiary-drill verify backups/2026-11-22
    """
    handed_in, configured = asked.find()
    objectives = Objectives(
        recovery_time_s=rto or configured.recovery_time_s, recovery_point_s=rpo or configured.recovery_point_s
    )
    with drilling(
        settings,
        "verify",
        as_json=as_json,
        dump=handed_in.dump if isinstance(handed_in.dump, Path) and not asked.from_standard_input else None,
    ) as (
        drill,
        show,
    ):
        if asked.from_standard_input:
            spooled = spool(sys.stdin.buffer, settings.state_dir / "drills" / drill.drill_id)
            handed_in = replace(handed_in, dump=spooled)
        purpose = f"The backup {handed_in.dump.name} with {handed_in.storage.name}, handed in by an operator."
        result = drill.verify(handed_in, objectives, purpose)
        show(result)
    sys.exit(exit_code(result))

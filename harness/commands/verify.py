"""`apiary-drill verify`."""

from __future__ import annotations

import sys

import click

from harness.commands.common import EXIT_CODES, runtime_options
from harness.commands.handed_in import Asked, drill_handed_in, handed_in_options
from harness.commands.report_files import report_options
from harness.commands.telling import signing_options, telling_options
from harness.result import exit_code
from harness.settings import Settings


@click.command(epilog=EXIT_CODES)
@handed_in_options
@click.option("--rto", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery time objective.")
@click.option("--rpo", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery point objective.")
@runtime_options
@signing_options
@telling_options
@report_options
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
    result = drill_handed_in(asked, "verify", settings, rto_s=rto, rpo_s=rpo, as_json=as_json)
    sys.exit(exit_code(result))

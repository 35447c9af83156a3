"""`apiary-drill verify`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.base.interruption import terminable
from harness.base.limits import duration_s
from harness.base.settings import Settings
from harness.cli.common import EXIT_CODES, control_option, runtime_options
from harness.cli.context import quiet_option
from harness.cli.options.backup import backup_options
from harness.cli.options.group import backup_option
from harness.cli.options.help import GroupedHelp
from harness.cli.options.notifications import notification_options, signing_options
from harness.cli.options.reports import report_options

if TYPE_CHECKING:
    from harness.base.model import DrillResult
    from harness.cli.backup_drill import BackupOptions


def _time(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    return None if text is None else duration_s(text, option.opts[0])


def _share(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise click.BadParameter(f"{text!r} is not a share between 0 and 1, such as 0.01 or 1%")
    return share


@click.command(cls=GroupedHelp, epilog=EXIT_CODES)
@backup_options
@backup_option("--rto", metavar="TIME", callback=_time, help="Recovery time objective, such as 45m or 4h.")
@backup_option("--sample", metavar="SHARE", callback=_share, help="Compare only a share of rows by value, such as 1%.")
@backup_option("--rpo", metavar="TIME", callback=_time, help="Recovery point objective, such as 24h or 7d.")
@backup_option(
    "--migrate/--no-migrate",
    default=True,
    show_default=True,
    help="Run the migrations that the application has and the backup lacks.",
)
@backup_option(
    "--standin-release",
    metavar="next|FILE",
    help="Restore under a newer stand-in: the next release, or an SQL file with its migrations.",
)
@backup_option(
    "--matrix",
    multiple=True,
    metavar="AXIS=VALUE,VALUE",
    help="Drill the backup under each combination: mysql=9.7,mariadb or meilisearch=…; values are versions, "
    "images or programs (repeatable).",
)
@control_option
@quiet_option
@runtime_options
@signing_options
@notification_options
@report_options
def verify(
    asked: BackupOptions,
    rto: float | None,
    rpo: float | None,
    sample: float | None,
    migrate: bool,
    standin_release: str | None,
    matrix: tuple[str, ...],
    no_negative_control: bool,
    settings: Settings,
    as_json: bool,
) -> None:
    """Verify an existing backup: restore it, and prove that everything it holds is back.

    The dump is plain or compressed (gzip, zstd, xz, bzip2); the storage is a directory or a tar archive, compressed
    or not. A BACKUP is a directory that holds both, or a zip of spatie/laravel-backup. If `apiary-drill backup`
    made it, its manifest says what must come back. Without arguments, apiary-drill.toml in the current directory
    says where the backup is. The backup is only read.

    Before a release, name the new image: the backup of the running version is restored, compared, migrated and
    compared again. A migration that fails or loses rows is a FAIL; every other change is listed.

    \b
    Examples:
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz --rpo 24h
      apiary-drill verify backups/2026-11-22
      apiary-drill verify backups/2026-11-22 --matrix mysql=8.4,9.7 --matrix meilisearch=v1.48.3
      apiary-drill verify backups/2026-11-22 --apiary-image registry.example/apiary:new --apiary-env apiary.env
    """
    from harness.cli.backup_drill import drill_backup
    from harness.cli.matrix import drill_matrix
    from harness.drill.result import exit_code

    settings = replace(settings, negative_control=not no_negative_control, sample_share=sample)
    if standin_release is not None:
        settings = replace(settings, standin_release=checked_release(standin_release, settings.images.apiary))
    if matrix and asked.from_standard_input:
        raise click.UsageError("--matrix reads the dump several times: give a file instead of --dump -")
    with terminable(), asked.fetching(settings) as sources:

        def drill(of: Settings, label: str) -> DrillResult:
            return drill_backup(
                asked, "verify", of, rto_s=rto, rpo_s=rpo, as_json=as_json, migrate=migrate, one_of=label,
                sources=sources,
            )  # fmt: skip

        code = drill_matrix(matrix, settings, drill, as_json=as_json) if matrix else exit_code(drill(settings, ""))
    sys.exit(code)


def checked_release(text: str, image: str | None) -> str:
    """`next`, or the absolute path of a file of migrations, which a stand-in as a local process can read."""
    from harness.standins.apiary.migrations import NEXT_RELEASE

    if image:
        raise click.UsageError(
            "--standin-release applies to the stand-in, --apiary-image to the real application: give one of them"
        )
    if text == NEXT_RELEASE:
        return text
    if not Path(text).is_file():
        raise click.BadParameter(f"file not found: {text}", param_hint="--standin-release")
    return str(Path(text).resolve())

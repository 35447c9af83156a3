"""`apiary-drill verify`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from harness.backup.manifest import read_manifest
from harness.commands.common import EXIT_CODES, drilling, must_exist, read_secret, runtime_options, settings_for
from harness.drill import HandedIn, exit_code
from harness.scenario import Objectives


@click.command(epilog=EXIT_CODES)
@click.argument("backup_dir", type=click.Path(path_type=Path), required=False, metavar="[BACKUP]")
@click.option("--dump", type=click.Path(path_type=Path), metavar="FILE", help="The script of mysqldump.")
@click.option(
    "--storage",
    type=click.Path(path_type=Path),
    metavar="DIR_OR_TAR",
    help="The storage directory, or an archive of it.",
)
@click.option("--database", metavar="NAME", help="Which database of the script; needed when it holds several.")
@click.option(
    "--app-key-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="File with the APP_KEY of the instance, so that encrypted values can be proven readable.",
)  # fmt: skip
@click.option("--rto", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery time objective.")
@click.option("--rpo", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery point objective.")
@runtime_options
def verify(
    backup_dir: Path | None,
    dump: Path | None,
    storage: Path | None,
    database: str | None,
    app_key_file: Path | None,
    rto: float | None,
    rpo: float | None,
    runtime: str,
    mysqld: str | None,
    meilisearch: str | None,
    runs: Path | None,
    as_json: bool,
) -> None:
    """Drill a backup that you have: restore it, and prove that all that it holds is back.

    The dump is plain or compressed (gzip, zstd, xz, bzip2); the storage is a directory or a tar archive,
    compressed or not. A BACKUP is a directory that `apiary-drill backup` made: its manifest then says what
    must come back. Nothing that you hand in is changed.

    \b
    Example:
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz --rpo 86400
      apiary-drill verify backups/2026-11-22
    """
    settings = settings_for(runtime, mysqld, meilisearch, runs)
    handed_in = _handed_in(backup_dir, dump, storage)
    handed_in = replace(handed_in, database=database, app_key=read_secret(app_key_file, "--app-key-file"))
    purpose = f"The backup {handed_in.dump.name} with {handed_in.storage.name}, handed in by an operator."
    with drilling(settings, "verify", as_json=as_json) as (drill, show):
        result = drill.verify(handed_in, Objectives(recovery_time_s=rto, recovery_point_s=rpo), purpose)
        show(result)
    sys.exit(exit_code(result))


def _handed_in(backup_dir: Path | None, dump: Path | None, storage: Path | None) -> HandedIn:
    if backup_dir is not None and (dump or storage):
        raise click.UsageError("give a BACKUP directory, or --dump and --storage, not both")
    if backup_dir is not None:
        manifest = read_manifest(must_exist(backup_dir, "BACKUP"))
        paths = {file.role: must_exist(backup_dir / file.name, "BACKUP") for file in manifest.artifacts}
        return HandedIn(dump=paths["database"], storage=paths["storage"], manifest=manifest)
    if dump is None or storage is None:
        raise click.UsageError("a backup is a BACKUP directory with a manifest, or --dump and --storage")
    return HandedIn(dump=must_exist(dump, "--dump"), storage=must_exist(storage, "--storage"))

"""`apiary-drill runbook`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from harness.artifacts.dump.compression import compression
from harness.artifacts.dump.formats import FIRST_BYTES
from harness.artifacts.dump.sed import sed_commands
from harness.artifacts.storage.safety import ArchiveLimits
from harness.base.errors import UsageError
from harness.base.interruption import terminable
from harness.base.model import DrillResult
from harness.base.private import whole_file
from harness.cli.backup_drill import BackupOptions
from harness.cli.common import EXIT_CODES, found_backup
from harness.cli.context import settings_for
from harness.cli.options.backup import backup_options
from harness.cli.options.group import GroupedHelp, backup_option, output_option
from harness.inputs.backup import LOCATION, BackupUnderTest, Location
from harness.inputs.volumes import Volume
from harness.procedure.backup.measure import measure_all
from harness.procedure.backup.scan import HostedDirectory
from harness.procedure.restore.script import read_script
from harness.procedure.restore.storage import check_storage
from harness.records.run_directory import RESULT, RunDirectory
from harness.reports.html import render_html
from harness.reports.markdown import render_markdown
from harness.reports.runbook import RestorableBackup, runbook_of
from harness.reports.terminal import print_line


@click.command(cls=GroupedHelp, epilog=EXIT_CODES)
@backup_options
@backup_option(
    "--drilled",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="RUN_DIR",
    help="Take times and findings from this drill of the backup.",
)
@output_option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page.")
@output_option(
    "--markdown", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write Markdown to a file."
)
def runbook(asked: BackupOptions, drilled: Path | None, html: Path | None, markdown: Path | None) -> None:
    """Write the documented restore of one backup as exact commands.

    BACKUP is a backup as verify takes it, or RUN_DIR, the directory of a finished drill: the runbook then has the
    measured times, and what the drill found. Without --html or --markdown, the Markdown is printed. The commands
    need bash, tar, sed, mysql and curl, and no apiary-drill.

    \b
    Example:
      apiary-drill runbook backups/2026-11-22 --html restore.html
      apiary-drill runbook ~/.local/state/apiary-drill/runs/20261122T214200Z-verify-3fa1c2
    """
    with terminable(), asked.fetching(settings_for()) as sources:
        if asked.backup_dir is not None and (Path(asked.backup_dir) / f"{RESULT}.json").exists():
            drilled = Path(asked.backup_dir)
            backup = _of_run(drilled)
        else:
            backup, _ = asked.find(_no_volume, sources)
        document = runbook_of(_restorable(backup, None if drilled is None else RunDirectory(drilled).load_result()))
    for path, text in ((html, render_html), (markdown, render_markdown)):
        if path is not None:
            with whole_file(path) as file:
                file.write(text(document).encode())
    if html is None and markdown is None:
        for line in render_markdown(document).splitlines():
            print_line(line)


def _no_volume(volume: Volume) -> HostedDirectory:
    raise UsageError(
        f"{volume.name} is a volume, and the commands of a runbook read files",
        "Name the directory or the archive that the volume is to be restored from.",
    )


def _of_run(run_dir: Path) -> BackupUnderTest:
    """The backup of a finished drill. Raises UsageError where the run does not say, or it is not there any more."""
    if (own := run_dir / "backup").is_dir():
        return found_backup(own, None)
    where = RunDirectory(run_dir).load(LOCATION, Location)
    for path in (where.dump, where.storage):
        if not Path(path).exists():
            raise UsageError(
                f"{run_dir} drilled {path}, which is not there any more",
                "Name the backup where it is now, and the run with --drilled.",
            )
    return BackupUnderTest(Path(where.dump), Path(where.storage), database=where.database, name=where.name)


def _restorable(backup: BackupUnderTest, drilled: DrillResult | None) -> RestorableBackup:
    if not isinstance(backup.dump, Path) or backup.dump.is_dir() or not isinstance(backup.storage, Path):
        raise UsageError(
            f"{backup.dump.name} and {backup.storage.name} are not one script and one directory or archive",
            "A runbook needs files that a shell can read: unpack the zip, or copy the volume; --tab is not supported.",
        )
    with tempfile.TemporaryDirectory() as scratch:
        measured = measure_all(backup.files, set(), Path(scratch))
        script = read_script(backup.dump, backup.database, allowed=backup.allowed)
        checked = check_storage(
            backup.storage, Path(scratch) / "files.jsonl", limits=ArchiveLimits.of(backup.max_storage_bytes)
        )
    other = {file.sha256 for file in measured}.difference(file.sha256 for file in drilled.artifacts) if drilled else ()
    if drilled is not None and other:
        raise UsageError(
            f"{drilled.drill_id} drilled another backup: {len(other)} of its files differ",
            "Name the run that drilled this backup, or leave out --drilled.",
        )
    with backup.dump.open("rb") as file:
        packed = compression(file.read(FIRST_BYTES))
    definers = frozenset(mention.name for mention in script.info.definers)
    paths = dict(backup.files)
    commands = sed_commands(backup.dump, script.database.name, definers=definers)
    return RestorableBackup(
        backup.name or backup.dump.name, script, packed, commands,
        backup.storage, checked.totals, (checked.prefix or b"").decode("utf-8", "surrogateescape"),
        tuple((paths[file.role], file.sha256) for file in measured if file.role in ("database", "storage")), drilled,
    )  # fmt: skip

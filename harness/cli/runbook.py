"""From a backup, or the drill of one, to its runbook."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from harness.artifacts.dump.compression import compression
from harness.artifacts.dump.formats import FIRST_BYTES
from harness.artifacts.dump.rewrite import RewriteReport
from harness.artifacts.dump.sed import sed_commands
from harness.artifacts.storage.safety import ArchiveLimits
from harness.base.errors import UsageError
from harness.base.interruption import terminable
from harness.base.model import DrillResult
from harness.cli.backup_drill import BackupOptions
from harness.cli.common import found_backup
from harness.cli.context import settings_for
from harness.inputs.backup import LOCATION, BackupUnderTest, Location
from harness.inputs.sources.stores import is_url
from harness.inputs.volumes import Volume
from harness.procedure.backup.measure import measure_all
from harness.procedure.backup.scan import HostedDirectory
from harness.procedure.restore.script import read_script
from harness.procedure.restore.storage import check_storage
from harness.records.run_directory import RESULT, RunDirectory
from harness.reports.document import Document
from harness.reports.runbook import runbook_of
from harness.reports.runbook_steps import RestorableBackup


def document_of(asked: BackupOptions, drilled: Path | None) -> Document:
    """The runbook of the backup that is meant, with the times of a drill where one is named, or is what was named.

    Raises:
        UsageError: a shell cannot read it, or the drill was another backup's.
    """
    with terminable(), asked.fetching(settings_for()) as sources:
        if asked.backup_dir is not None and (Path(asked.backup_dir) / f"{RESULT}.json").exists():
            drilled = Path(asked.backup_dir)
            backup = _of_run(drilled)
        else:
            backup, _ = asked.find(_no_volume, sources)
        restorable = _restorable(backup, None if drilled is None else RunDirectory(drilled).load_result())
        return runbook_of(restorable if asked.fetch_to else replace(restorable, fetched=_fetched(backup)))


def _fetched(backup: BackupUnderTest) -> dict[str, str]:
    """Where the files came from that are gone as soon as the runbook is written."""
    files = {"database": backup.dump.name, "storage": backup.storage.name}
    return {
        role: f"{origin.location}/{name}" if origin.role == "backup" else origin.location
        for origin in backup.provenance
        if origin.sha256 or is_url(origin.location)
        for role, name in files.items()
        if origin.role in (role, "backup")
    }


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
    report = RewriteReport()
    commands = sed_commands(backup.dump, script.database.name, definers=definers, report=report)
    return RestorableBackup(
        backup.name or backup.dump.name, script, packed, commands, report,
        backup.storage, checked.totals, (checked.prefix or b"").decode("utf-8", "surrogateescape"),
        tuple((paths[file.role], file.sha256) for file in measured if file.role in ("database", "storage")), drilled,
    )  # fmt: skip

"""Reading a backup before anything of it runs: what it holds, and whether it may be restored."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.artifacts.storage.safety import ArchiveLimits
from harness.base.errors import EXIT_USAGE, BrokenArtifact, UsageError
from harness.base.private import private_file
from harness.drill.run import Run
from harness.inputs.app_key import known_keys
from harness.inputs.backup import BackupUnderTest
from harness.inputs.room import beside_rows
from harness.inputs.volumes import Volume
from harness.procedure.backup.manifest import measure
from harness.procedure.backup.measure import measure_all
from harness.procedure.restore.script import Script, read_script
from harness.procedure.restore.storage import CheckedStorage, check_storage
from harness.runtime.env_file import read_env_file


@dataclass(frozen=True, slots=True)
class ReadBackup:
    """A backup that may be restored.

    Args:
        backup: with its manifest as it was found.
        expected_files: inventory of what must be there afterwards.
        of_source: it is what the source held, or what the backup's own list says; not what the artifact holds.
    """

    backup: BackupUnderTest
    script: Script
    storage: CheckedStorage
    expected_files: Path
    of_source: bool


def read_backup(run: Run, backup: BackupUnderTest) -> ReadBackup:
    """Measure and read all of it. Raises StepFailed: it is damaged, not complete, or holds what must not run."""
    store, found = run.plan.store, run.outcome
    with run.clock.step("read", "Check the backup before restoring it") as note, _own_fault(backup):
        backup = backup.as_from_elsewhere() if run.plan.choices.evidence == "artifact" else backup.as_found()
        found.manifest_files = backup.manifest.artifacts if backup.manifest else ()
        # Before it is read: the report of a backup that cannot be read still says which one it was.
        run.note_files(measure_all(backup.files, {file.role for file in found.manifest_files}, store.directory))
        if backup.manifest_file is not None:
            found.manifest_file = (measure(backup.manifest_file, "manifest"),)
        backup.must_be_complete()
        of_source = backup.made.source.files if backup.made else _listed(run, backup)
        script = read_script(
            backup.dump, backup.database, asked=backup.database_asked, allowed=backup.allowed,
            keys=_keys(run, backup), progress=note.progress,
        )  # fmt: skip
        if script.foreign_values:
            raise UsageError(
                f"the APP_KEY does not belong to this backup: it made none of the {script.foreign_values} encrypted "
                f"values in {backup.dump.name}",
                "Give the APP_KEY that the instance had at the time of the backup: --app-key-file FILE.",
                "If it was rotated before the backup, add the line APP_PREVIOUS_KEYS=… to that file, as the instance "
                "has it.",
            )
        note.progress("files")
        inventory = store.path("artifact-files.jsonl")
        room = beside_rows(script.info.size_bytes, *run.plan.runtime.room())
        limits = ArchiveLimits.of(backup.max_storage_bytes).within(*room)
        assert not isinstance(backup.storage, Volume), "opened before the drill"
        storage = replace(check_storage(backup.storage, inventory, limits=limits), lists=(inventory, of_source))
        note.size_bytes = script.info.size_bytes + storage.totals.size_bytes
        note.detail = f"{len(script.database.tables)} tables, {script.rows:,} rows; {storage.totals.files:,} files"
    return ReadBackup(backup, script, storage, of_source or inventory, of_source is not None)


def _keys(run: Run, backup: BackupUnderTest) -> list[bytes]:
    """All that the application may decrypt with; none where no key was given for this backup."""
    if backup.app_key is None:
        return []
    file = run.plan.settings.images.apiary_env
    given = read_env_file(file) if file else {}
    return known_keys(
        (backup.app_key, given.get("APP_KEY", "")), (backup.previous_keys, given.get("APP_PREVIOUS_KEYS", ""))
    )


def _listed(run: Run, backup: BackupUnderTest) -> Path | None:
    """The backup's own list of files, kept beside the others of this run: reports look names up in it."""
    listed = backup.listed_files(run.outcome.actual_files)
    if listed is None:
        return None
    kept = run.plan.store.path("source-files.jsonl")
    with listed.open("rb") as source, private_file(kept) as target:
        shutil.copyfileobj(source, target)
    return kept


@contextmanager
def _own_fault(backup: BackupUnderTest) -> Iterator[None]:
    """What cannot be used of a backup that this drill made itself is broken: nobody named a wrong file."""
    try:
        yield
    except UsageError as error:
        if backup.made is None or error.exit_code != EXIT_USAGE:
            raise
        raise BrokenArtifact(error.fact, details=error.details, causes=error.causes) from error

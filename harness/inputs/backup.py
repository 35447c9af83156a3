"""The backup under test: one value, from what was named on the command line to what is restored and compared."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.artifacts.dump.source import Dump, Encrypted, files_of
from harness.base import guide
from harness.base.errors import BrokenArtifact, Cause, HarnessError, UsageError
from harness.base.model import (
    Acceptance,
    AppState,
    ArtifactFile,
    FileTotals,
    Manifest,
    Provenance,
    SearchState,
    TrendEvidence,
)
from harness.base.timezones import TimeZones
from harness.inputs.volumes import Volume
from harness.procedure.backup.manifest import MANIFEST_NAME, read_manifest
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.backup.scan import Storage
from harness.procedure.backup.take import TakenBackup
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_COPY_S = 6 * 3600.0


LOCATION = "location"
"""Where a run directory says which files were drilled (`Location`)."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the files of a backup under test were: absolute paths, and the database that was meant."""

    dump: str
    storage: str
    database: str | None
    name: str


@dataclass(frozen=True, slots=True)
class SourceView:
    """What the source held besides its database, which is read in the moment of the dump.

    Args:
        files: inventory of its storage directory.
    """

    files: Path
    totals: FileTotals
    search: SearchState
    app: AppState


@dataclass(frozen=True, slots=True)
class Made:
    """What is known besides of a backup that a drill made itself.

    Args:
        backup: where it is, and the source's database in the moment of the dump.
        plan: how it was taken.
        source: what else its source held.
    """

    backup: TakenBackup
    plan: BackupPlan
    source: SourceView


@dataclass(frozen=True, slots=True)
class BackupUnderTest:
    """A backup, and what is known of it.

    Args:
        storage: directory or archive of the storage directory, or a directory that is read somewhere else; a volume
            until it is opened.
        manifest: the manifest of this tool that came with it.
        database: name of the database in the script, when it holds several.
        database_asked: the command line named it.
        app_key: `APP_KEY` of the instance that was backed up, so that encrypted values can be read.
        previous_keys: its `APP_PREVIOUS_KEYS`, comma-separated.
        accepted_tables: tables that the operator leaves out of the dump besides those of the documented procedure.
        allowed: codes of unsafe statements that the operator allows by name.
        name: of the backup, the same from one drill to the next.
        trend: the last good drills of the same backup.
        migrate: run the migrations that the application has and the backup has not.
        time_zones: what the times in its rows mean.
        max_storage_bytes: to how much the storage may unpack; None for the usual limits.
        provenance: where its files came from, where they were fetched or chosen.
        chosen: one line that says which of several it is, where one had to be chosen.
        made: when a drill made it itself.
        acceptances: who accepts that tables are left out, until when, and why.
        configuration: the file that names the backup; None where the command line does.
    """

    dump: Dump
    storage: Storage | Volume
    manifest: Manifest | None = None
    database: str | None = None
    database_asked: bool = False
    app_key: str | None = None
    previous_keys: str = ""
    accepted_tables: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()
    name: str = ""
    trend: TrendEvidence | None = None
    migrate: bool = False
    time_zones: TimeZones = field(default_factory=TimeZones)
    max_storage_bytes: int | None = None
    provenance: tuple[Provenance, ...] = ()
    chosen: str = ""
    made: Made | None = None
    acceptances: tuple[Acceptance, ...] = ()
    configuration: Path | None = None

    @classmethod
    def of_drill(cls, made: Made, app_key: str | None) -> BackupUnderTest:
        """A backup that a drill made itself."""
        manifest, directory = made.backup.manifest, made.backup.directory
        paths = {file.role: directory / file.name for file in manifest.artifacts}
        return cls(
            paths["database"], paths["storage"], manifest, database=manifest.database, app_key=app_key, made=made
        )

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Role and path of every file, each once."""
        files = [("database", path) for path in files_of(self.dump)]
        if isinstance(self.storage, Path | Encrypted):
            files.append(("storage", self.storage if isinstance(self.storage, Path) else self.storage.path))
        # What was made here may have a damaged manifest since.
        if manifest := self.made.backup.manifest if self.made else self.manifest:
            files += [(file.role, self._place / file.name) for file in manifest.artifacts]
        return tuple({path: (role, path) for role, path in files}.values())

    @property
    def location(self) -> Location | None:
        """Where it is, when it is one script and one directory or archive on this machine."""
        if not (isinstance(self.dump, Path) and isinstance(self.storage, Path)):
            return None
        return Location(str(self.dump.absolute()), str(self.storage.absolute()), self.database, self.name)

    @property
    def plan(self) -> BackupPlan:
        """How it was taken, as far as that is known."""
        if self.made is not None:
            return self.made.plan
        if self.manifest is None:
            # What the documented procedure allows to leave out may be missing; every file that is there must come back.
            excluded = (*guide.EXCLUDABLE_TABLES, *self.accepted_tables)
            return BackupPlan(excluded_tables=excluded, excluded_directories=())
        left_out = self.manifest.exclusions
        return BackupPlan(
            excluded_tables=tuple(left.name for left in left_out if left.kind == "table"),
            excluded_directories=tuple(left.name for left in left_out if left.kind == "directory"),
        )

    @property
    def directory(self) -> Path | None:
        """Directory of the backup, when a drill made it."""
        return self.made.backup.directory if self.made else None

    @property
    def manifest_file(self) -> Path | None:
        """Where the backup's own manifest lies, if it has one."""
        return None if self.manifest is None else self._place / MANIFEST_NAME

    @property
    def keeps_owners(self) -> bool:
        """False for a plain copy that is read, and was made, by somebody who can't give files away."""
        return not (isinstance(self.storage, Path) and self.storage.is_dir() and os.geteuid() != 0)

    @property
    def _place(self) -> Path:
        return self.directory or files_of(self.dump)[0].parent

    def listed_files(self, measured: Iterable[ArtifactFile]) -> Path | None:
        """The list of the source's files that came with the backup, if it is the one that the manifest names.

        Args:
            measured: the backup's files as they were found.
        """
        named = self.manifest.artifacts if self.manifest else ()
        listed = next((file for file in named if file.role == "inventory"), None)
        if self.made is not None or listed is None or listed not in measured:
            return None
        return next(path for role, path in self.files if role == "inventory")

    def copied_to(self, directory: Path) -> BackupUnderTest:
        """A copy of a backup that a drill made, which a fault may damage, and of the list of its source's files.

        The list goes beside the directory, so that the run directory holds all that it is judged by.

        Raises:
            HarnessError: there is no room for it.
        """
        assert self.made is not None, "made by a drill"
        made, files = self.made, directory.parent / self.made.source.files.name
        for source, target in ((made.backup.directory, directory), (made.source.files, files)):
            copied = run(LocalHost(), ["cp", "-a", "--reflink=auto", str(source), str(target)], timeout_s=_COPY_S)
            if copied.exit_status != 0:
                raise HarnessError(f"cannot copy the backup to {directory}", details=copied.stderr)
        backup, view = replace(made.backup, directory=directory), replace(made.source, files=files)
        return self.of_drill(replace(made, backup=backup, source=view), self.app_key)

    def as_from_elsewhere(self) -> BackupUnderTest:
        """The same files, and nothing else of what is known about them."""
        return BackupUnderTest(
            self.dump, self.storage, database=self.database, app_key=self.app_key, previous_keys=self.previous_keys,
            migrate=self.migrate,
        )  # fmt: skip

    def as_found(self) -> BackupUnderTest:
        """The same with the manifest as it stands on disk: what was made here may have been damaged since.

        Raises:
            BrokenArtifact: there is no manifest any more, or it cannot be read.
        """
        if self.made is None:
            return self
        try:
            return replace(self, manifest=read_manifest(self.made.backup.directory))
        except (UsageError, BrokenArtifact) as error:
            raise BrokenArtifact(
                error.fact,
                "Without its manifest, the backup is incomplete.",
                causes=[Cause("manifest-unreadable", MANIFEST_NAME, f"The manifest cannot be read: {error.fact}.")],
            ) from error

    def must_be_complete(self) -> None:
        """Raise BrokenArtifact if a file is missing that the manifest of this drill's backup names."""
        if self.made is None or self.manifest is None:
            return
        directory = self.made.backup.directory
        missing = [file.name for file in self.manifest.artifacts if not (directory / file.name).exists()]
        if missing:
            raise BrokenArtifact(
                f"the backup does not contain {missing[0]}, which its manifest lists",
                "Check what happens to the backup after it is made.",
            )

"""What crosses from the first half of a drill to the second: the artifact, and what the source held."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.artifacts.dump.source import Dump, files_of
from harness.base import guide
from harness.base.errors import BrokenArtifact, Cause, HarnessError, UsageError
from harness.base.model import ArtifactFile, Manifest, Provenance, TrendEvidence
from harness.base.timezones import TimeZones
from harness.drill.steps.source import SourceView
from harness.procedure.backup.manifest import MANIFEST_NAME, read_manifest
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.backup.scan import Storage
from harness.procedure.backup.take import Backup
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_COPY_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A backup that was handed in.

    Args:
        dump: the script.
        storage: directory or archive of the storage directory, or a directory that is read somewhere else.
        database: name of the database in the script, when it holds several.
        manifest: the manifest of this tool that came with it.
        app_key: `APP_KEY` of the instance that was backed up, so that encrypted values can be read.
        accepted_tables: tables that the operator leaves out of the dump besides those of the guide.
        allowed: codes of unsafe statements that the operator allows by name.
        name: of the backup, the same from one drill to the next.
        trend: the last good drills of the same backup.
        migrate: run the migrations that the application has and the backup has not.
        time_zones: what the times in its rows mean.
        max_storage_bytes: to how much the storage may unpack; None for the usual limits.
        provenance: where its files came from, where they were fetched or chosen.
    """

    dump: Dump
    storage: Storage
    database: str | None = None
    manifest: Manifest | None = None
    app_key: str | None = None
    accepted_tables: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()
    name: str = ""
    trend: TrendEvidence | None = None
    migrate: bool = False
    time_zones: TimeZones = field(default_factory=TimeZones)
    max_storage_bytes: int | None = None
    provenance: tuple[Provenance, ...] = ()


@dataclass(frozen=True, slots=True)
class HandedOver:
    """All that crosses from the first half to the second."""

    dump: Dump
    storage: Storage
    database: str | None
    plan: BackupPlan
    files: tuple[tuple[str, Path], ...]
    manifest: Manifest | None = None
    backup: Backup | None = None
    source: SourceView | None = None
    allowed: frozenset[str] = frozenset()
    trend: TrendEvidence | None = None
    migrate: bool = False
    accepted: tuple[str, ...] = ()
    time_zones: TimeZones = field(default_factory=TimeZones)
    max_storage_bytes: int | None = None

    @classmethod
    def from_backup(cls, backup: Backup, plan: BackupPlan, source: SourceView) -> HandedOver:
        """A backup that this drill made itself."""
        artifacts = {file.role: backup.directory / file.name for file in backup.manifest.artifacts}
        return cls(
            dump=artifacts["database"],
            storage=artifacts["storage"],
            database=backup.manifest.database,
            plan=plan,
            files=tuple(artifacts.items()),
            manifest=backup.manifest,
            backup=backup,
            source=source,
        )

    @classmethod
    def from_outside(cls, handed_in: HandedIn) -> HandedOver:
        """A backup that was made elsewhere."""
        files = [("database", path) for path in files_of(handed_in.dump)]
        if isinstance(handed_in.storage, Path):
            files.append(("storage", handed_in.storage))
        manifest = handed_in.manifest
        if manifest is None:
            # What the guide allows to leave out may be missing; every file that is there must come back.
            plan = BackupPlan(
                excluded_tables=(*guide.EXCLUDABLE_TABLES, *handed_in.accepted_tables), excluded_directories=()
            )
        else:
            plan = BackupPlan(
                excluded_tables=tuple(left.name for left in manifest.exclusions if left.kind == "table"),
                excluded_directories=tuple(left.name for left in manifest.exclusions if left.kind == "directory"),
            )
            directory = files_of(handed_in.dump)[0].parent
            files += [(file.role, directory / file.name) for file in manifest.artifacts]
        return cls(
            dump=handed_in.dump,
            storage=handed_in.storage,
            database=handed_in.database or (manifest.database if manifest else None),
            plan=plan,
            files=tuple({path: (role, path) for role, path in files}.values()),
            manifest=manifest,
            allowed=handed_in.allowed,
            trend=handed_in.trend,
            migrate=handed_in.migrate,
            accepted=handed_in.accepted_tables,
            time_zones=handed_in.time_zones,
            max_storage_bytes=handed_in.max_storage_bytes,
        )

    @property
    def directory(self) -> Path | None:
        """Directory of the backup, when this drill made it."""
        return self.backup.directory if self.backup else None

    def listed_files(self, measured: Iterable[ArtifactFile]) -> Path | None:
        """The list of the source's files that came with the backup, if it is the one that the manifest names.

        Args:
            measured: the backup's files as they were found.
        """
        named = self.manifest.artifacts if self.manifest else ()
        promised = next((file for file in named if file.role == "inventory"), None)
        if self.backup is not None or promised is None or promised not in measured:
            return None
        return next(path for role, path in self.files if role == "inventory")

    @property
    def manifest_file(self) -> Path | None:
        """Where the backup's own manifest lies, if it has one."""
        if self.manifest is None:
            return None
        return (self.directory or files_of(self.dump)[0].parent) / MANIFEST_NAME

    @property
    def keeps_owners(self) -> bool:
        """False for a plain copy that is read, and was made, by somebody who can't give files away."""
        return not (isinstance(self.storage, Path) and self.storage.is_dir() and os.geteuid() != 0)

    def copied_to(self, directory: Path) -> HandedOver:
        """A copy of a backup that a drill made, which a fault may damage, and of the list of its source's files.

        The list goes beside the directory, so that the run directory holds all that it is judged by.

        Raises:
            HarnessError: there is no room for it.
        """
        assert self.backup is not None, "made by a drill"
        assert self.source is not None, "made by a drill"
        files = directory.parent / self.source.files.name
        for source, target in ((self.backup.directory, directory), (self.source.files, files)):
            copied = run(LocalHost(), ["cp", "-a", "--reflink=auto", str(source), str(target)], timeout_s=_COPY_S)
            if copied.exit_status != 0:
                raise HarnessError(f"cannot copy the backup to {directory}", details=copied.stderr)
        view = replace(self.source, files=files)
        return HandedOver.from_backup(replace(self.backup, directory=directory), self.plan, view)

    def as_from_elsewhere(self, app_key: str | None) -> HandedOver:
        """The same files, and nothing else of what is known about them."""
        return HandedOver.from_outside(
            HandedIn(self.dump, self.storage, database=self.database, app_key=app_key, migrate=self.migrate)
        )

    def as_found(self) -> HandedOver:
        """The same with the manifest as it stands on disk: what was made here may have been damaged since.

        Raises:
            BrokenArtifact: there is no manifest any more, or it cannot be read.
        """
        if self.backup is None:
            return self
        directory = self.backup.directory
        try:
            return replace(self, manifest=read_manifest(directory))
        except (UsageError, BrokenArtifact) as error:
            raise BrokenArtifact(
                error.fact,
                "A backup without its manifest is not complete.",
                causes=[Cause("manifest-unreadable", MANIFEST_NAME, f"The manifest cannot be read: {error.fact}.")],
            ) from error

    def must_be_complete(self) -> None:
        """Raise BrokenArtifact if a file is missing that the manifest of this drill's backup names."""
        if self.backup is None or self.manifest is None:
            return
        missing = [file.name for file in self.manifest.artifacts if not (self.backup.directory / file.name).exists()]
        if missing:
            raise BrokenArtifact(
                f"the backup has no {missing[0]}, which its manifest names",
                "Look at what happens to the backup after it was made.",
            )

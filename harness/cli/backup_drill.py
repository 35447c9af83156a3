"""From what the command line or the configuration names to the drill of one backup."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

from harness.artifacts.dump.source import Dump, Encrypted, files_of
from harness.base.errors import HarnessError, UsageError
from harness.base.interruption import terminable
from harness.base.model import DrillResult, TrendEvidence, TrendLimits
from harness.base.settings import Settings
from harness.base.timezones import TimeZones
from harness.cli import config
from harness.cli.common import found_backup, must_exist, print_progress, standard_input
from harness.cli.context import configuration, say
from harness.cli.drilling import drilling
from harness.drill.flow import verify
from harness.drill.plan import new_drill_id
from harness.drill.run import Run
from harness.inputs.app_key import keys_of_environment, read_app_key, read_previous_keys
from harness.inputs.backup import BackupUnderTest
from harness.inputs.dumps import STANDARD_INPUT, named_dump, spool
from harness.inputs.identity import STANDARD_INPUT as STANDARD_INPUT_NAME
from harness.inputs.identity import backup_of_location
from harness.inputs.sources.encrypted import Decryption, decrypted
from harness.inputs.sources.fetch import Sources
from harness.inputs.sources.stores import is_url
from harness.inputs.volumes import Volume, named_volume, opened
from harness.inputs.zips import ZippedScript, read_password
from harness.procedure.backup.scan import HostedDirectory
from harness.records.history.baseline import baseline
from harness.records.history.database import History
from harness.scenario.definition import Objectives


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """Which backup is meant, as it was asked for on the command line.

    Args:
        backup_dir: a directory, or a zip archive, that holds both.
        dump: names of scripts, `-` for standard input.
        storage: directory, archive or volume.
        config_file: what says the rest, named or found in the current directory.
        name: what the backup is called in the history, instead of the configuration's name or its location.
        max_storage: to how many bytes the storage may unpack, instead of the usual limits.
        password_file: holds the password of a zip archive.
        fetch_to: keeps what was fetched.
        decrypt, decrypt_key_file: the program that decrypts its files, and the key.
    """

    backup_dir: str | None
    dump: tuple[str, ...]
    storage: str | None
    config_file: Path | None
    database: str | None
    app_key_file: Path | None
    allow: tuple[str, ...]
    accept_missing: tuple[str, ...]
    name: str | None = None
    app_time_zone: str | None = None
    server_time_zone: str | None = None
    max_storage: int | None = None
    password_file: Path | None = None
    fetch_to: Path | None = None
    decrypt: str | None = None
    decrypt_key_file: Path | None = None

    def fetching(self, settings: Settings) -> Sources:
        """Fetches what is not on this machine, for the length of a block."""
        return Sources(settings, new_drill_id("fetch"), print_progress, self.fetch_to)

    @property
    def from_standard_input(self) -> bool:
        """The script comes through a pipe: it has to be kept (inputs.dumps.spool) before it is read."""
        return self.dump == (STANDARD_INPUT,)

    def find(
        self, open_volume: Callable[[Volume], HostedDirectory], sources: Sources
    ) -> tuple[BackupUnderTest, Objectives]:
        """The backup, and the objectives of the configuration.

        Args:
            open_volume: makes a volume readable, if the storage is one.
            sources: fetches what is not on this machine.
        """
        password = None if self.password_file is None else read_password(self.password_file)
        key_file, objectives = self.app_key_file, Objectives()
        chosen = self._configuration()
        if chosen is None:
            found, decryption = self._named(password, sources), self._decryption(sources)
        else:
            path, configured = chosen
            base = path.absolute().parent
            found, objectives = config.locate(configured, base, sources, password), configured.objectives
            decryption = self._decryption(sources) or configured.backup.decryption(base, sources)
            found = replace(found, configuration=path.absolute())
            key_file = key_file or configured.app_key_file(base)
        key, previous_keys = self._keys(key_file, sources.settings)  # before a volume is opened
        zones = found.time_zones
        dump, storage = decrypted(found.dump, found.storage, decryption)
        return replace(
            found,
            dump=dump,
            storage=open_volume(storage) if isinstance(storage, Volume) else storage,
            app_key=key,
            previous_keys=previous_keys,
            database=self.database or found.database,
            database_asked=self.database is not None,
            accepted_tables=(*found.accepted_tables, *self.accept_missing),
            allowed=found.allowed.union(self.allow),
            name=self.name or found.name,
            time_zones=TimeZones(self.app_time_zone or zones.application, self.server_time_zone or zones.server),
            max_storage_bytes=self.max_storage,
            provenance=tuple(sources.provenance),
        ), objectives

    @staticmethod
    def _keys(key_file: Path | None, settings: Settings) -> tuple[str | None, str]:
        """The application's key and its earlier ones: from their own file, else from the image's environment."""
        if key_file is not None:
            return read_app_key(key_file), read_previous_keys(key_file)
        environment = settings.images.apiary_env
        return (None, "") if environment is None else keys_of_environment(environment)

    def _decryption(self, sources: Sources) -> Decryption | None:
        if self.decrypt is None and self.decrypt_key_file is not None:
            raise click.UsageError("--decrypt-key-file goes with --decrypt")
        return None if self.decrypt is None else sources.decryption(self.decrypt, self.decrypt_key_file)

    def _configuration(self) -> tuple[Path, config.Config] | None:
        path = self.config_file
        if self.backup_dir is not None or self.dump or self.storage is not None:
            if path is not None:
                raise click.UsageError("--config names the backup: omit BACKUP, --dump and --storage")
            return None
        path = configuration(path)
        if path is None:
            raise click.UsageError(
                "no backup given: give BACKUP, or --dump and --storage, or name them in ./apiary-drill.toml"
            )
        return path, config.load(path)

    def _named(self, password: bytes | None, sources: Sources) -> BackupUnderTest:
        if self.backup_dir is not None:
            if self.dump or self.storage is not None:
                raise click.UsageError("give either BACKUP, or --dump and --storage")
            found = found_backup(on_disk(self.backup_dir, "BACKUP", "backup", sources), password)
            named = self.backup_dir if is_url(self.backup_dir) else Path(self.backup_dir).resolve()
            return replace(found, name=backup_of_location(named))
        if password is not None:
            raise click.UsageError("--password-file applies only to a BACKUP that is a zip archive")
        if not self.dump or self.storage is None:
            raise click.UsageError("--dump and --storage must be given together")
        storage = named_volume(self.storage) or on_disk(self.storage, "--storage", "storage", sources)
        if self.from_standard_input:
            return BackupUnderTest(Path(STANDARD_INPUT), storage, name=STANDARD_INPUT_NAME)
        dump = named_dump([on_disk(name, "--dump", "database", sources) for name in self.dump])
        named = self.dump[0] if is_url(self.dump[0]) else files_of(dump)[0]
        return BackupUnderTest(dump, storage, name=backup_of_location(named))


def on_disk(location: str, option: str, role: str, sources: Sources) -> Path:
    """What a path means, or what a URL does once it was fetched. Raises BadParameter, UsageError."""
    return sources.url(location, role) if is_url(location) else must_exist(location, option)


def drill_backup(
    asked: BackupOptions,
    name: str,
    settings: Settings,
    *,
    rto_s: float | None = None,
    rpo_s: float | None = None,
    as_json: bool = False,
    keep: bool = False,
    migrate: bool = False,
    one_of: str = "",
    sources: Sources,
) -> DrillResult:
    """Find the backup that is meant, drill it, and show the result.

    Args:
        rto_s, rpo_s: objectives in seconds, instead of the configuration's.
        migrate: run the migrations that the application has and the backup has not.
        one_of: the combination of a matrix that this is; its result is not printed by itself.
        sources: fetches what is not on this machine, once for all of a matrix.
    """
    with ExitStack() as volumes, terminable():

        def open_volume(volume: Volume) -> HostedDirectory:
            return volumes.enter_context(opened(volume, settings, new_drill_id("volume"), progress=print_progress))

        backup, configured = asked.find(open_volume, sources)
        _check_names(backup)
        backup = replace(backup, migrate=migrate, trend=_past(backup, settings))
        objectives = Objectives(
            recovery_time_s=rto_s or configured.recovery_time_s, recovery_point_s=rpo_s or configured.recovery_point_s
        )
        # What the first file says of its server decides which image is taken; a pipe can't be asked before it is kept.
        first: Dump | None = None
        if not asked.from_standard_input:
            first = backup.dump if isinstance(backup.dump, ZippedScript | Encrypted) else files_of(backup.dump)[0]
        with drilling(settings, name, as_json=as_json, dump=first, keep=keep, quiet=bool(one_of)) as (plan, finish):
            if asked.from_standard_input:
                spooled = spool(standard_input(), settings.state_dir / "drills" / plan.drill_id)
                backup = replace(backup, dump=spooled)
            purpose = f"The backup {backup.dump.name} with {backup.storage.name}."
            purpose += f" One of several combinations: {one_of}." if one_of else ""
            run = Run(plan.of_backup(backup, objectives, purpose))
            result = verify(run, backup)
            finish(run, result)
    return result


def _check_names(backup: BackupUnderTest) -> None:
    """Raises UsageError for a path that no result and no history could hold, which are JSON in UTF-8."""
    for _, path in backup.files:
        place = str(Path(str(path)).absolute())
        try:
            place.encode()
        except UnicodeEncodeError:
            raise UsageError(f"the name of {place} is not UTF-8", "Give it another name, or a link to it.") from None


def _past(backup: BackupUnderTest, settings: Settings) -> TrendEvidence | None:
    """The last good drills of this backup; a history that cannot be read is reported, and stops no drill."""
    limits = backup.trend.limits if backup.trend else TrendLimits()
    try:
        return baseline(History(settings.history_path), backup.name, limits)
    except HarnessError as error:
        say(f"not compared with earlier drills: {error.fact}")
        return None

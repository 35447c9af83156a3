"""`apiary-drill.toml`: what repeats from one drill of a backup to the next, so that `verify` needs no argument.

As with scenarios, the schema is closed, and all errors of a file are reported at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from harness.artifacts.dump.codes import CODES
from harness.artifacts.dump.source import Dump
from harness.base.errors import UsageError
from harness.base.guide import APPLICATION_TIME_ZONE
from harness.base.model import Acceptance, TrendEvidence, TrendLimits
from harness.base.settings import ImageSettings
from harness.base.timezones import TimeZones, zone_named
from harness.base.toml_files import ClosedModel, read_toml, validated
from harness.cli.common import found_backup
from harness.inputs.backup import BackupUnderTest
from harness.inputs.dumps import named_dump
from harness.inputs.identity import backup_of_location, checked_name
from harness.inputs.patterns import newest
from harness.inputs.sources.encrypted import Decryption
from harness.inputs.sources.fetch import Sources
from harness.inputs.sources.stores import is_url
from harness.inputs.volumes import Volume, named_volume
from harness.inputs.zips import read_password
from harness.monitoring.config import WHAT, Notify
from harness.scenario.definition import LimitChoices, Objectives

_Pattern = Annotated[str, Field(min_length=1)]
_Command = tuple[Annotated[str, Field(min_length=1)], ...]


def _known_code(code: str) -> str:
    if code not in CODES:
        raise ValueError(f"unknown code {code!r}; known codes: {', '.join(CODES)}")
    return code


_Code = Annotated[str, AfterValidator(_known_code)]


def _fit_name(name: str) -> str:
    try:
        return checked_name(name, "name")
    except UsageError as error:
        raise ValueError(
            f"{error.fact.removeprefix('name: ')}; {error.hints[0][:1].lower()}{error.hints[0][1:-1]}"
        ) from None


def _known_zone(name: str) -> str:
    if zone_named(name) is None:
        raise ValueError(f"unknown time zone {name!r}; use an IANA name or an offset such as -05:00")
    return name


_Zone = Annotated[str, AfterValidator(_known_zone)]
_BackupName = Annotated[str, AfterValidator(_fit_name)]
_Line = Annotated[str, Field(min_length=1)]
_Share = Annotated[float, Field(gt=0, strict=False)]
_Count = Annotated[int, Field(ge=1)]


class ConfiguredBackup(ClosedModel):
    """Where the backup is; every location may be a pattern, and is relative to the file's own directory."""

    name: _BackupName | None = None
    directory: _Pattern | None = None
    dump: tuple[_Pattern, ...] = Field(default=(), strict=False)
    storage: _Pattern | None = None
    dump_command: _Command = Field(default=(), strict=False)
    storage_command: _Command = Field(default=(), strict=False)
    snapshot_command: _Command = Field(default=(), strict=False)
    database: Annotated[str, Field(min_length=1)] | None = None
    app_key_file: _Pattern | None = None
    password_file: _Pattern | None = None
    decrypt: Literal["age", "gpg", "openssl"] | None = None
    decrypt_key_file: _Pattern | None = None
    decrypt_options: _Command = Field(default=(), strict=False)
    app_time_zone: _Zone | None = None
    server_time_zone: _Zone | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_dump(cls, raw: object) -> object:
        """One script may stand without brackets."""
        if isinstance(raw, dict) and isinstance(raw.get("dump"), str):
            return {**raw, "dump": [raw["dump"]]}
        return raw

    @model_validator(mode="after")
    def _directory_or_both(self) -> ConfiguredBackup:
        if (self.dump and self.dump_command) or (self.storage is not None and self.storage_command):
            raise ValueError("a file is named, or comes from a command, not both")
        dump, storage = bool(self.dump or self.dump_command), self.storage is not None or bool(self.storage_command)
        if (self.directory is None) == (not dump and not storage):
            raise ValueError("give either directory, or both dump and storage")
        if self.directory is None and not (dump and storage):
            raise ValueError("dump and storage must be given together")
        if self.snapshot_command and not (self.dump_command or self.storage_command):
            raise ValueError("snapshot_command goes with dump_command and storage_command")
        if self.directory is None and self.password_file is not None:
            raise ValueError("password_file applies only to a directory that is a zip archive")
        if self.decrypt is None and self.decrypt_key_file is not None:
            raise ValueError("decrypt_key_file goes with decrypt")
        if self.decrypt_options and self.decrypt != "openssl":
            raise ValueError('decrypt_options go with decrypt = "openssl"')
        return self

    def decryption(self, base: Path, sources: Sources) -> Decryption | None:
        """How its files are decrypted; None where nothing says that they are encrypted."""
        if self.decrypt is None:
            return None
        key = None if self.decrypt_key_file is None else base / self.decrypt_key_file
        return sources.decryption(self.decrypt, key, self.decrypt_options)


class Accepted(ClosedModel):
    """What is excluded from the backup besides the documented tables: by whom, until which day, why."""

    tables: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), strict=False)
    by: str = ""
    until: date | None = None
    why: str = ""

    def acceptance(self) -> Acceptance:
        """The same, for the drill."""
        return Acceptance(self.tables, self.by, self.until.isoformat() if self.until else "", self.why)


def _one_or_more(raw: object) -> object:
    """One table `[accepted]`, or several `[[accepted]]`."""
    return [raw] if isinstance(raw, dict) else raw


class AllowedStatements(ClosedModel):
    """Codes of unsafe statements that may run all the same (docs/dump.md lists them)."""

    allow: tuple[_Code, ...] = Field(default=(), strict=False)


class TrendChoices(ClosedModel):
    """How far a table, a directory or an index may be from the last good drills (docs/history.md)."""

    drills: Annotated[int, Field(ge=1, le=100)] = 5
    shrank_share: Annotated[float, Field(gt=0, le=1, strict=False)] = 0.2
    jumped_share: _Share = 1.0
    minimum_rows: _Count = 100
    minimum_files: _Count = 20
    minimum_bytes: _Count = 1_000_000
    minimum_documents: _Count = 100

    def limits(self) -> TrendLimits:
        """The same, for the check."""
        return TrendLimits(**self.model_dump())


def _pinned(reference: str) -> str:
    from harness.runtime.docker.images import pinned  # the SDK takes a third of a second

    try:
        return pinned(reference)
    except UsageError as error:
        raise ValueError(error.fact) from None


_Reference = Annotated[str, Field(min_length=1), AfterValidator(_pinned)]


class Images(ClosedModel):
    """Images to run instead of the defaults (docs/images.md); `apiary_env` is relative to the file's directory."""

    mysql: _Reference | None = None
    meilisearch: _Reference | None = None
    apiary: _Reference | None = None
    apiary_env: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _env_of_an_image(self) -> Images:
        if self.apiary_env is not None and self.apiary is None:
            raise ValueError("apiary_env requires apiary, the image that it configures")
        return self

    def settings(self, base: Path) -> ImageSettings:
        """The same, for the runtime.

        Args:
            base: the directory of the configuration file.

        Raises:
            UsageError: the environment file is not there.
        """
        env = base / self.apiary_env if self.apiary_env is not None else None
        if env is not None and not env.is_file():
            raise UsageError(f"images.apiary_env: file not found: {env}")
        return ImageSettings(self.mysql, self.meilisearch, self.apiary, env)


class Shared(BaseModel):
    """What every drill takes from the file, also one that is given its backup's location, or makes its own."""

    model_config = ConfigDict(extra="ignore")

    images: Images = Images()
    limits: LimitChoices = LimitChoices()


class ExerciseTexts(ClosedModel):
    """What the document of an exercise says of people and systems (docs/exercise.md)."""

    title: _Line = "Disaster-recovery exercise"
    organisation: str = ""
    systems: tuple[_Line, ...] = Field(default=(), strict=False)
    owners: tuple[_Line, ...] = Field(default=(), strict=False)
    objectives: tuple[_Line, ...] = Field(default=(), strict=False)
    scorecard: _Line | None = None
    actions: _Line | None = None


class Config(ClosedModel):
    """The whole file."""

    backup: ConfiguredBackup
    accepted: Annotated[tuple[Accepted, ...], BeforeValidator(_one_or_more)] = Field(default=(), strict=False)
    safety: AllowedStatements = AllowedStatements()
    objectives: Objectives = Objectives()
    notify: Notify = Notify()
    trend: TrendChoices = TrendChoices()
    images: Images = Images()
    limits: LimitChoices = LimitChoices()
    exercise: ExerciseTexts = ExerciseTexts()

    def backup_name(self, base: Path) -> str:
        """What this backup is called in the history: its name, or its location without dates.

        Args:
            base: the directory of the configuration file.
        """
        if self.backup.name is None and self.backup.dump_command:
            return backup_of_location(f"output of {self.backup.dump_command[0]}", base)
        return self.backup.name or backup_of_location(self.backup.directory or self.backup.dump[0], base)

    def app_key_file(self, base: Path) -> Path | None:
        """The file with the backup's APP_KEY, if one is named."""
        return base / self.backup.app_key_file if self.backup.app_key_file else None


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        UsageError: with every error of the file: the key, and what was expected there.
    """
    return validated(path, Config, read_toml(path, WHAT))


def load_shared(path: Path) -> Shared:
    """Read the images and limits alone, which hold for every drill, also for one whose backup is named elsewhere.

    Raises:
        UsageError: with every error of these tables.
    """
    return validated(path, Shared, read_toml(path, WHAT))


def locate(config: Config, base: Path, sources: Sources | None, password: bytes | None = None) -> BackupUnderTest:
    """The backup that a configuration means today, without its key: the newest of everything that it names.

    Args:
        base: the directory of the configuration file.
        sources: fetches what is not on this machine; None to look at what is.
        password: of a zip archive, instead of the one that the configuration names.

    Raises:
        UsageError: nothing matches, two candidates are equally new, or a file that it names cannot be used.
    """
    where = config.backup
    if sources is None and (where.dump_command or where.storage_command):
        raise UsageError("a command makes this backup anew for each drill")

    def located(location: str, role: str) -> Path:
        if sources is not None:
            return sources.located(location, base, role)
        if is_url(location):
            raise UsageError("this backup is fetched anew for each drill")
        return newest(location, base)[0]

    if where.directory is not None:
        if password is None and where.password_file is not None:
            password = read_password(base / where.password_file)
        found = found_backup(located(where.directory, "backup"), password)
    else:
        fetched = (base, where.snapshot_command)
        dump: Dump
        if where.dump_command:
            assert sources is not None
            dump = sources.output(where.dump_command, "dump_command", *fetched)
        else:
            dump = named_dump([located(each, "database") for each in where.dump])
        if where.storage is None:
            assert sources is not None
            storage: Path | Volume = sources.output(where.storage_command, "storage_command", *fetched)
        else:
            storage = named_volume(where.storage) or located(where.storage, "storage")
        found = BackupUnderTest(dump, storage)
    return replace(
        found,
        database=where.database,
        accepted_tables=tuple(name for each in config.accepted for name in each.tables),
        acceptances=tuple(each.acceptance() for each in config.accepted),
        allowed=frozenset(config.safety.allow),
        name=config.backup_name(base),
        trend=TrendEvidence(config.trend.limits(), ()),
        time_zones=TimeZones(where.app_time_zone or APPLICATION_TIME_ZONE, where.server_time_zone),
    )

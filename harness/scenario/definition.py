"""A scenario: what a drill is to do and what is expected of it, as data (`*.drill.toml`).

The schema is closed: a key that is not known is an error, and all errors of a file are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from harness.base import guide
from harness.base.errors import UsageError
from harness.base.settings import Limits
from harness.base.toml_files import ClosedModel, error_line, read_toml, validated
from harness.faults import FAULTS
from harness.faults.fault import Fault
from harness.faults.injection_points import FIRST_HALF, InjectionPoint
from harness.faults.injector import Planned
from harness.procedure.backup.plan import BackupPlan
from harness.scenario.expectation import Expected
from harness.standins.apiary.generate.extras import Extra

SUFFIX = ".drill.toml"
DEFAULT = "documented"

_NAME = r"^[a-z0-9][a-z0-9-]*$"
_Name = Annotated[str, Field(pattern=_NAME)]
_Marker = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_Step = Literal["stop", "files", "database", "start", "reindex"]
_Seconds = Annotated[float, Field(gt=0, strict=False)]
_Table = Annotated[str, Field(pattern=r"^[A-Za-z0-9_$]+$")]


class Data(ClosedModel):
    """What the source holds.

    `extras` is what Apiary itself does not have and a backup may have: a trigger, a view, encrypted values.
    """

    scale: Literal["tiny", "small", "medium", "large"] = "small"
    rng_seed: Annotated[int, Field(ge=0)] = 1
    extras: tuple[Extra, ...] = Field(default=(), strict=False)


class BackupChoices(ClosedModel):
    """How the backup is taken; every default is the documented one."""

    mode: Literal["hot", "quiesced"] = "hot"
    excluded_tables: tuple[_Table, ...] = Field(default=guide.EXCLUDABLE_TABLES, strict=False)
    excluded_directories: tuple[str, ...] = Field(default=guide.EXCLUDABLE_DIRECTORIES, strict=False)
    further_databases: tuple[_Table, ...] = Field(default=(), strict=False)
    storage_form: Literal["tar.zst", "copy"] = "tar.zst"
    dump_options: tuple[Annotated[str, Field(pattern=r"^--")], ...] = Field(default=(), strict=False)
    plain: bool = False

    def plan(self) -> BackupPlan:
        """The same, for `backup/`."""
        return BackupPlan(
            quiesced=self.mode == "quiesced",
            excluded_tables=self.excluded_tables,
            excluded_directories=self.excluded_directories,
            further_databases=self.further_databases,
            storage_form=self.storage_form,
            dump_options=self.dump_options,
            plain=self.plain,
        )


class Objectives(ClosedModel):
    """Limits that the restore has to keep; a missing one is measured and not judged."""

    recovery_time_s: Annotated[float, Field(gt=0, strict=False)] | None = None
    recovery_point_s: Annotated[float, Field(gt=0, strict=False)] | None = None


class RestoreChoices(ClosedModel):
    """Which of the documented steps are taken, in which order; the default is the documented one.

    `as_it_stands`: the script goes to the server byte for byte; nothing that only its own server wants is left out.
    `evidence`: `artifact` leaves out what the source held and what the manifest says, as for a backup from elsewhere.
    `release`: the target is that release of the stand-in, and its migrations run after the script.
    """

    steps: tuple[_Step, ...] = Field(default=("stop", "files", "database", "start", "reindex"), strict=False)
    as_it_stands: bool = False
    evidence: Literal["source", "artifact"] = "source"
    release: Literal["next"] | None = None


class RuntimeNeeds(ClosedModel):
    """What the drill has to run on; anything else is refused, because it would prove something else."""

    kind: Literal["any", "process", "docker"] = "any"
    source: Literal["any", "mysql", "mariadb"] = "any"
    target: Literal["any", "mysql", "mariadb"] = "any"

    @property
    def flavours(self) -> dict[str, str]:
        """The database server of each role that needs a certain one, as `choose_runtime` wants it."""
        names = {"mysql": "MySQL", "mariadb": "MariaDB"}
        return {role: names[need] for role, need in (("source", self.source), ("target", self.target)) if need in names}


class LimitChoices(ClosedModel):
    """How long the drill waits for things, in seconds (harness.base.limits), where that is not to be the default.

    `server_ready_s` stands for `mysql_ready_s` and `search_ready_s`.
    """

    server_ready_s: _Seconds | None = None
    mysql_ready_s: _Seconds | None = None
    search_ready_s: _Seconds | None = None
    app_ready_s: _Seconds | None = None
    answer_s: _Seconds | None = None
    command_s: _Seconds | None = None
    search_drained_s: _Seconds | None = None
    stop_s: _Seconds | None = None
    step_s: _Seconds | None = None

    def over(self, limits: Limits) -> Limits:
        """The limits of the settings, with these in place of them."""
        given = self.model_dump(exclude_none=True)
        if (both := given.pop("server_ready_s", None)) is not None:
            given = {"mysql_ready_s": both, "search_ready_s": both, **given}
        return limits.with_explicit(**given)


class FaultChoice(ClosedModel):
    """A fault to put in: its name, where (`at`, by default its first injection point), and its options."""

    name: str
    at: str | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)

    def planned(self) -> Planned:
        """The same, for the injector. Raises KeyError, ValueError for what `load` would have refused."""
        fault = FAULTS[self.name]
        return Planned(
            fault,
            fault.options.model_validate(self.options),
            InjectionPoint(self.at) if self.at else fault.injection_point,
        )


class Scenario(ClosedModel):
    """One drill. `markers` are pytest's, for `pytest -m`: they change nothing of the drill."""

    name: _Name
    why: Annotated[str, Field(min_length=20)]
    markers: tuple[_Marker, ...] = Field(default=(), strict=False)
    data: Data = Data()
    backup: BackupChoices = BackupChoices()
    restore: RestoreChoices = RestoreChoices()
    runtime: RuntimeNeeds = RuntimeNeeds()
    limits: LimitChoices = LimitChoices()
    objectives: Objectives = Objectives()
    fault: tuple[FaultChoice, ...] = Field(default=(), strict=False)
    expected: Expected = Expected()

    def planned(self) -> tuple[Planned, ...]:
        """Its faults, for the injector."""
        return tuple(choice.planned() for choice in self.fault)

    def with_data(self, *, scale: str | None = None, rng_seed: int | None = None) -> Scenario:
        """The same with other data; what is None stays."""
        asked = {"scale": scale, "rng_seed": rng_seed}
        changes = {name: value for name, value in asked.items() if value is not None}
        return self.model_copy(update={"data": self.data.model_copy(update=changes)})

    def as_processes(self) -> Scenario:
        """The same on local processes, where it may run on any runtime."""
        kind = "process" if self.runtime.kind == "any" else self.runtime.kind
        return self.model_copy(update={"runtime": self.runtime.model_copy(update={"kind": kind})})

    @property
    def needs_source(self) -> bool:
        """Whether a fault of it works on the source, so that no backup that is there already will do."""
        return any(planned.at in FIRST_HALF for planned in self.planned())


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises UsageError: with every error of the file: the key, and what was expected there."""
    raw = read_toml(path, "scenario")
    scenario = validated(path, Scenario, raw, further=[error_line(path, *each) for each in _fault_problems(raw)])
    if not path.name.endswith(SUFFIX):
        raise UsageError(f"{path} is not named *{SUFFIX}", f"Name it {scenario.name}{SUFFIX}.")
    stem = path.name.removesuffix(SUFFIX)
    if scenario.name != stem:
        raise UsageError(
            f"{path}: name is {scenario.name!r}, but the file is named {stem!r}", "Use the same name for both."
        )
    return scenario


def load_all(paths: Sequence[Path]) -> list[Scenario]:
    """Read scenario files, all of them before anything starts. Raises UsageError: with every error of every file."""
    loaded, wrong = [], []
    for path in paths:
        try:
            loaded.append(load(path))
        except UsageError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise UsageError(f"{len(wrong)} scenarios are invalid", details="\n".join(str(error) for error in wrong))
    return loaded


def _fault_problems(raw: dict[str, object]) -> Iterator[tuple[tuple[object, ...], str, object]]:
    """What is wrong with names, injection points and options of faults: key, what was expected, what was found.

    Everything that is not even a table of the right shape is reported by the schema itself.
    """
    tables, runtime = raw.get("fault"), raw.get("runtime")
    kind = runtime.get("kind", "any") if isinstance(runtime, dict) else "any"
    for number, table in enumerate(tables if isinstance(tables, list) else ()):
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            continue
        where, name, at = ("fault", number), table["name"], table.get("at")
        fault = FAULTS.get(name)
        if fault is None:
            yield (*where, "name"), f"unknown fault ({_suggestion(name).rstrip('.')})", name
            continue
        if fault.runtime not in ("any", kind):
            yield (*where, "name"), f'{name} requires runtime.kind = "{fault.runtime}"', kind
        if isinstance(at, str) and at not in fault.injection_points:
            yield (*where, "at"), f"{name} can be injected at {' or '.join(fault.injection_points)}", at
        try:
            fault.options.model_validate(table.get("options", {}))
        except ValidationError as error:
            for problem in error.errors():
                yield (*where, "options", *problem["loc"]), problem["msg"], problem["input"]


def shipped() -> dict[str, Path]:
    """Names and paths of the scenarios that come with the project, or in the current directory."""
    found: dict[str, Path] = {}
    for directory in (Path(__file__).parent / "shipped", Path.cwd() / "scenarios"):
        for path in sorted(directory.glob(f"*{SUFFIX}")):
            found.setdefault(path.name.removesuffix(SUFFIX), path)
    return found


def is_name(name: str) -> bool:
    """Whether a scenario can be called so."""
    return re.fullmatch(_NAME, name) is not None


def find_fault(name: str) -> Fault:
    """A fault by its name. Raises UsageError with those that are nearly called so."""
    if name in FAULTS:
        return FAULTS[name]
    raise UsageError(f"unknown fault {name!r}", _suggestion(name).capitalize())


def _suggestion(name: str) -> str:
    close = get_close_matches(name, FAULTS, n=3, cutoff=0.75)
    return f"did you mean {' or '.join(close)}?" if close else "`apiary-drill faults` lists them."


def find(name: str) -> Path:
    """The file of a scenario that is named by its name or by its path. Raises UsageError."""
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    known = shipped()
    if name in known:
        return known[name]
    letters = re.sub("[^a-z]", "", name.lower())
    close = [other for other in known if len(letters) > 2 and letters in other.replace("-", "")]
    close = close or get_close_matches(name, known, n=1)
    raise UsageError(
        f"unknown scenario {name!r}",
        f"Did you mean {' or '.join(close)}?" if 0 < len(close) <= 3 else "`apiary-drill scenarios` lists them.",
        "Give a file by its path, such as ./my.drill.toml.",
    )

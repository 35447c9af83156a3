"""A scenario: what a drill is to do and what is expected of it, as data (`*.drill.toml`).

The schema is closed: a key that is not known is an error, and all errors of a file are told at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import guide
from harness.backup.plan import BackupPlan
from harness.errors import UsageError
from harness.model import Verdict

SUFFIX = ".drill.toml"
DEFAULT = "documented"

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_Table = Annotated[str, Field(pattern=r"^[A-Za-z0-9_$]+$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(_Closed):
    """What the source holds."""

    scale: Literal["small", "medium", "large"] = "small"
    rng_seed: Annotated[int, Field(ge=0)] = 1


class BackupChoices(_Closed):
    """How the backup is taken; every default is the guide's."""

    mode: Literal["hot", "quiesced"] = "hot"
    excluded_tables: tuple[_Table, ...] = Field(default=guide.EXCLUDABLE_TABLES, strict=False)
    excluded_directories: tuple[str, ...] = Field(default=guide.EXCLUDABLE_DIRECTORIES, strict=False)
    further_databases: tuple[_Table, ...] = Field(default=(), strict=False)
    storage_form: Literal["tar.zst", "copy"] = "tar.zst"
    dump_options: tuple[Annotated[str, Field(pattern=r"^--")], ...] = Field(default=(), strict=False)

    def plan(self) -> BackupPlan:
        """The same, for `backup/`."""
        return BackupPlan(
            quiesced=self.mode == "quiesced",
            excluded_tables=self.excluded_tables,
            excluded_directories=self.excluded_directories,
            further_databases=self.further_databases,
            storage_form=self.storage_form,
            dump_options=self.dump_options,
        )


class Objectives(_Closed):
    """Limits that the restore has to keep; a missing one is measured and not judged."""

    recovery_time_s: Annotated[float, Field(gt=0, strict=False)] | None = None
    recovery_point_s: Annotated[float, Field(gt=0, strict=False)] | None = None


class Expected(_Closed):
    """The verdict that makes this scenario green, and codes of findings that must have come up."""

    verdict: Verdict = Field(default=Verdict.PASS, strict=False)
    findings: tuple[str, ...] = Field(default=(), strict=False)


class Scenario(_Closed):
    """One drill."""

    name: _Name
    why: Annotated[str, Field(min_length=20)]
    data: Data = Data()
    backup: BackupChoices = BackupChoices()
    objectives: Objectives = Objectives()
    expected: Expected = Expected()


def load(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        UsageError: with every error of the file: the key, and what was expected there.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the scenario {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a TOML file: {error}") from error
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        wrong = [_told(str(path), problem["loc"], problem["msg"], problem["input"]) for problem in error.errors()]
        count = "1 error" if len(wrong) == 1 else f"{len(wrong)} errors"
        raise UsageError(f"{path} has {count}", details="\n".join(wrong)) from None
    if not path.name.endswith(SUFFIX):
        raise UsageError(f"{path} is not called *{SUFFIX}", f"Call it {scenario.name}{SUFFIX}.")
    stem = path.name.removesuffix(SUFFIX)
    if scenario.name != stem:
        raise UsageError(f"{path}: name is {scenario.name!r}, but the file is called {stem!r}", "Make them the same.")
    return scenario


def _told(path: str, where: Sequence[object], message: str, value: object) -> str:
    key = ".".join(str(part) for part in where)
    shown = "" if isinstance(value, dict) else f", found {value!r}"
    return f"{path}: {key}: {message[0].lower()}{message[1:]}{shown}"


def shipped() -> dict[str, Path]:
    """Names and paths of the scenarios that come with the project, or in the current directory."""
    found: dict[str, Path] = {}
    for directory in (Path(__file__).parent / "scenarios", Path.cwd() / "scenarios"):
        for path in sorted(directory.glob(f"*{SUFFIX}")):
            found.setdefault(path.name.removesuffix(SUFFIX), path)
    return found


def find(name: str) -> Path:
    """The file of a scenario that is named by its name or by its path. Raises UsageError."""
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    known = shipped()
    if name in known:
        return known[name]
    close = [other for other in known if re.sub("[^a-z]", "", name.lower()) in other.replace("-", "")]
    raise UsageError(
        f"there is no scenario {name!r}",
        f"Known: {', '.join(close or known) or 'none'}.",
        "A file is named by its path, such as ./my.drill.toml.",
    )

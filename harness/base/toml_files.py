"""Reading TOML files against a schema: one way to open them, and every error of a file at once."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.base.errors import UsageError

Schema = TypeVar("Schema", bound=BaseModel)

HIDDEN = "notify"
"""What stands below this table may be a secret, also under a key that is misspelt: no error shows it."""


class ClosedModel(BaseModel):
    """The base of every model of what people write: a key that is not known is an error, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """A TOML file as it stands.

    Args:
        what: what the file is, for the error.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        repr(raw)  # a number that no message can show is refused here
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not of TOML or UTF-8; a number or a nesting that Python refuses
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    return raw


def validated(path: Path, schema: type[Schema], raw: object, *, table: str = "", further: Sequence[str] = ()) -> Schema:
    """What was read, as a value.

    Args:
        table: the table of the file that `raw` is; empty for the whole file.
        further: lines of `error_line` about what the schema does not know.

    Raises:
        UsageError: with every error of the file: the key, and what was expected there.
    """
    wrong = list(further)
    try:
        value = schema.model_validate(raw)
    except ValidationError as error:
        above = (table,) if table else ()
        wrong = [
            error_line(path, (*above, *problem["loc"]), problem["msg"], problem["input"]) for problem in error.errors()
        ] + wrong
    if wrong:
        count = "1 error" if len(wrong) == 1 else f"{len(wrong)} errors"
        raise UsageError(f"{path} has {count}", details="\n".join(wrong)) from None
    return value


def error_line(path: Path, where: Sequence[object], message: str, value: object) -> str:
    """One error: file, key, what was expected, and what was found where that may be shown."""
    text = message.removeprefix("Value error, ")
    shown = "" if isinstance(value, dict) or where[:1] == (HIDDEN,) else f", found {value!r}"
    return f"{path}: {'.'.join(map(str, where))}: {text[0].lower()}{text[1:]}{shown}"

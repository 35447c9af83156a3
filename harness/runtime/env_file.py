"""Environment files in the syntax of `docker run --env-file`, which is not that of a shell.

Source: the Docker CLI's reference of `docker run`, "Set environment variables": `NAME=value` is taken as it
stands, quotes and spaces included; a line that begins with `#` is a comment; a name alone takes the value of
the caller's environment. The last is refused here: a drill does not depend on who starts it.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.base.errors import UsageError

_NAME = re.compile(r"[^\s=]+")


def read_env_file(path: Path) -> dict[str, str]:
    """Variables by name.

    Raises:
        UsageError: the file cannot be read, or a line is none; values are never part of the text.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the environment file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the environment file {path} is not UTF-8 at byte {error.start}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, has_value, value = stripped.partition("=")
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{path}, line {number}: not a variable assignment", "Write NAME=value, without `export` or spaces."
            )
        if not has_value:
            raise UsageError(
                f"{path}, line {number}: {name} has no value", f"Write {name}=value, or {name}= for an empty value."
            )
        found[name] = value
    return found

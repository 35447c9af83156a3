"""A client options file (`~/.my.cnf`), as `mysql` reads it: groups, `!include`, quotes, escapes and comments.

https://dev.mysql.com/doc/refman/en/option-files.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.base.errors import UsageError

GROUPS = ("client", "client-mariadb", "mysqldump", "mariadb-dump")
"""Whose options count: what every client reads, and the tool that writes the dump."""

MAX_DEPTH = 10
"""Files that include each other are read as deep as MySQL's own tools read them."""

_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " ", "\\": "\\", "'": "'", '"': '"'}


def client_options(path: Path) -> dict[str, str]:
    """Options by name, with dashes, and without `loose-`; the last one of a name counts. A flag has an empty value.

    Raises:
        UsageError: a file cannot be read, or a line is not an option; names file and line, and no value.
    """
    return dict(_options(path, 0))


def _options(path: Path, depth: int) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot read the client options file {path}: {reason}") from None
    group = ""
    for number, raw in enumerate(lines, start=1):
        line = _without_remark(raw).strip()
        if line.startswith("!"):
            yield from _included(line, path, number, depth)
        elif line.startswith("["):
            group = line[1:].partition("]")[0].strip()
        elif line and line[0] != ";":
            if not group:
                raise UsageError(f"{path}, line {number}: an option stands before the first [group]")
            if group in GROUPS:
                yield _option(line)


def _included(line: str, path: Path, number: int, depth: int) -> Iterator[tuple[str, str]]:
    directive, _, name = line.partition(" ")
    place = Path(name.strip())
    if directive not in ("!include", "!includedir") or not name.strip():
        raise UsageError(f"{path}, line {number}: {directive} is not a directive", "Use !include or !includedir.")
    if depth == MAX_DEPTH:
        raise UsageError(f"{path}, line {number}: more than {MAX_DEPTH} files include each other")
    files = [place] if directive == "!include" else sorted(place.glob("*.cnf"))
    for file in files:
        yield from _options(file, depth + 1)


def _without_remark(line: str) -> str:
    """A `#` ends a line, except in quotes, in which a backslash takes the meaning of the next letter away."""
    return re.match(r"""(?:[^#'"]|'(?:\\.|[^'\\])*(?:'|\Z)|"(?:\\.|[^"\\])*(?:"|\Z))*""", line)[0]  # type: ignore[index]


def _option(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip().replace("_", "-").removeprefix("loose-"), _value(value.strip())


def _value(text: str) -> str:
    if len(text) > 1 and text[0] in ("'", '"') and text[-1] == text[0]:
        text = text[1:-1]
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), text)

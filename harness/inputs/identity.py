"""What "the same backup" means from one drill to the next: a name, or the location without its dates."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.artifacts.storage.names import printable
from harness.base.errors import UsageError
from harness.inputs.sources.stores import is_url, shown_url

STANDARD_INPUT = "standard input"
GENERATED = "generated data: "
LONGEST_NAME = 200

_DATE = re.compile(
    r"""(?<!\d)(?:
        (?:19|20)\d\d [-_./]? (?:0[1-9]|1[0-2])                     # 2026-11
        (?: [-_./]? (?:0[1-9]|[12]\d|3[01])                         # -22
            (?: [-_.T]? (?:[01]\d|2[0-3]) [-_.:]? [0-5]\d           # T21:42
                (?: [-_.:]? [0-5]\d )? Z? )? )?                     # :00Z
        | 1\d{9}                                                    # seconds since 1970, from 2001 to 2033
    )(?!\d)""",
    re.VERBOSE,
)
"Dates and times as backup jobs write them into names. Other digits remain: apiary1 and apiary2 are two "
"backups, and\n"
"treating them as one would hide that one of them is no longer drilled."


def backup_of_location(location: str | Path, base: Path = Path()) -> str:
    """The name of a backup that nobody named: its absolute path or its URL, each date in it as `*`.

    Args:
        location: of the script, or of what holds script and storage.
        base: what a path is relative to.

    Returns:
        such as `/srv/backups/apiary-*.sql.gz`; no secret of a URL is in it.
    """
    if is_url(str(location)):
        return _DATE.sub("*", shown_url(str(location)))[:LONGEST_NAME]
    whole = os.path.abspath(base / location)  # noqa: PTH100 (links are not followed, and `..` is gone)
    return _DATE.sub("*", printable(os.fsencode(whole)))


def backup_of_scenario(name: str) -> str:
    """The name under which drills with generated data are kept: each scenario is a series of its own."""
    return f"{GENERATED}{name}"


def checked_name(name: str, where: str) -> str:
    """A name that somebody chose. Raises UsageError: it is empty, too long, or not printable."""
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable() or name.startswith(GENERATED):
        raise UsageError(
            f"{where}: {name!r} is not a valid backup name",
            f"A name has 1 to {LONGEST_NAME} printable characters and does not start with {GENERATED.strip()!r}.",
        )
    return name.strip()

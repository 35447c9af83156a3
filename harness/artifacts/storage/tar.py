"""How GNU tar is called, and what it says: the one program that reads and writes storage directories.

Needs GNU tar 1.28 or later (`--sort`), as every Debian since 2015 has; busybox's tar does not do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.artifacts.storage.names import coded
from harness.base.errors import UsageError

ENVIRONMENT = {"LC_ALL": "C"}
"""Its messages are read: they have to be in English, with names escaped byte by byte."""

_SAYS_CHANGED = ("file changed as we read it", "File shrank by ")
_SAYS_VANISHED = ("File removed before we read it",)
_SUMMARY = ("tar: Exiting with failure status", "tar: Error is not recoverable")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"a": b"\a", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Complaints:
    """What tar reported while it read a directory.

    Args:
        changed: paths of entries that changed while they were read; the root's is empty.
        vanished: paths of entries that were gone when it came to them.
        others: everything else, line by line.
    """

    changed: tuple[bytes, ...]
    vanished: tuple[bytes, ...]
    others: tuple[str, ...]


def create_command(root: str, excluded: Sequence[str] = (), *, only: str = "", sockets: bool = True) -> tuple[str, ...]:
    """Read a directory and write it to standard output as an archive.

    The same directory gives the same bytes: entries in order, no access times, no process ids in the names of
    extended headers. (One exception is tar's own: the header of a sparse file names its process id.)

    Args:
        excluded: directories below it to leave out, with all that is in them; plain names, no patterns.
        only: one entry below it, in place of all.
        sockets: complain of sockets, which no archive can hold.
    """
    return (
        "tar",
        "--create",
        *(() if sockets else ("--warning=no-file-ignored",)),
        "--file=-",
        "--format=pax",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
        "--sparse",
        "--sort=name",
        "--numeric-owner",
        "--blocking-factor=128",
        "--anchored",
        "--no-wildcards",
        *(f"--exclude=./{excluded_path(name)}" for name in excluded),
        f"--directory={root}",
        "--",
        f"./{only}" if only else ".",
    )


def extract_command(root: str, inside: bytes = b"") -> tuple[str, ...]:
    """Unpack an archive from standard input into a directory that exists, as it stands in the archive.

    Modes are kept as they are, owners too where tar runs as root. Directories get their times at the end.
    Nothing is reported about times in the future (a clock that is late is not the backup's fault) and about
    headers of other programs (macOS writes some).

    Args:
        inside: only what stands below this directory of the archive, written as the archive writes it, and named as
            if it were the root; empty for everything.
    """
    only: tuple[str, ...] = ()
    if inside:
        only = (
            f"--strip-components={inside.count(b'/') + 1}",
            "--no-wildcards",
            "--anchored",
            "--",
            os.fsdecode(inside),
        )
    return (
        "tar",
        "--extract",
        "--file=-",
        "--numeric-owner",
        "--same-permissions",
        "--delay-directory-restore",
        "--warning=no-timestamp",
        "--warning=no-unknown-keyword",
        f"--directory={root}",
        *only,
    )


def excluded_path(name: str) -> str:
    """An excluded directory's path below the root, without `./` and `/` around it.

    Raises:
        UsageError: it is empty or leads out of the root.
    """
    path = name.removeprefix("./").strip("/")
    if path in ("", ".") or ".." in path.split("/") or name.startswith("/"):
        raise UsageError(
            f"cannot exclude {name!r}: not a directory below the storage directory",
            "Give it relative to the storage directory, such as nova-exports.",
        )
    return path


def read_complaints(stderr: str) -> Complaints:
    """Sort the output of `create_command` on stderr."""
    changed: list[bytes] = []
    vanished: list[bytes] = []
    others: list[str] = []
    for line in stderr.splitlines():
        name, separator, message = line.removeprefix("tar: ").rpartition(": ")
        if separator and message.startswith(_SAYS_CHANGED):
            changed.append(_path(name))
        elif separator and message.startswith(_SAYS_VANISHED):
            vanished.append(_path(name))
        elif line and not line.startswith(_SUMMARY):
            others.append(line)
    return Complaints(tuple(changed), tuple(vanished), tuple(others))


def with_codes(stderr: str) -> str:
    """What GNU tar reported, fit for a report: names as codes; of a line that is not known, only that there was one."""
    return "\n".join(_with_codes(line) for line in stderr.splitlines())


def _with_codes(line: str) -> str:
    if match := _ABOUT_A_NAME.fullmatch(line):
        what = _IN_QUOTES.sub(lambda quoted: coded(_path(quoted[1])), match[2])
        return f"tar: {coded(_path(match[1]))}: {what}"
    if _ABOUT_NO_NAME.match(line):
        return line
    return f"tar: … ({len(line)} characters that may hold names)"


_ABOUT_A_NAME = re.compile(
    r"tar: (.+): ((?:Cannot|Could not|File|Directory|Wrote|Read|Skipping|Member|Unknown|Not found|Was unable)\b.*)"
)
_IN_QUOTES = re.compile("[‘'](.*)[’']")
_ABOUT_NO_NAME = re.compile(
    r"tar: (?:Exiting|Error (?:is|exit)|Child |Unexpected EOF|This does not|A lone zero|Skipping to)"
)
"""As GNU tar 1.34 writes them (`src/*.c`); one that is missing here costs only its text."""


def _path(shown: str) -> bytes:
    """The bytes of a name that tar shows with backslash escapes."""
    raw = _ESCAPE.sub(_unescaped, shown.encode("utf-8", "surrogateescape"))
    return b"" if raw == b"." else raw.removeprefix(b"./").rstrip(b"/")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _LETTERS.get(code, code)

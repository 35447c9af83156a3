"""The two SQL modes that change how a script is read, followed through the script's own SET statements."""

from __future__ import annotations

import re
from typing import NamedTuple


class SqlMode(NamedTuple):
    """What a backslash and a double quote mean. The defaults are the server's."""

    no_backslash_escapes: bool = False
    ansi_quotes: bool = False


PLAIN_MODE = SqlMode()

_ASSIGNMENT = re.compile(
    rb"(?<![\w$.@`])(?P<target>[\w$.@`]++)\s*+:?=\s*+(?:(?P<text>'[^']*+'|\"[^\"]*+\")|(?P<source>[@\w$.`]++))",
    re.IGNORECASE,
)
_IFNULL = re.compile(rb"\s*\(\s*(?P<name>@\w+)\s*,\s*(?P<other>'[^'\\]*'|\"[^\"\\]*\")\s*\)")
_FOR_ONE = re.compile(rb"\s*(?:/\*M?!\d*\s*)?SET\s+STATEMENT\b", re.IGNORECASE)
_SET = re.compile(rb"\s*(?:/\*M?!\d*\s*)?SET\b", re.IGNORECASE)
_ANSI_MODES = frozenset((b"ANSI_QUOTES", b"ANSI", b"DB2", b"MAXDB", b"MSSQL", b"ORACLE", b"POSTGRESQL"))
"""`ANSI_QUOTES` and the combinations that contain it (MySQL 5.7 and MariaDB manuals, "Server SQL Modes")."""


def _is_sql_mode(name: bytes) -> bool:
    return name.replace(b"`", b"").lower() in (
        b"sql_mode",
        b"@@sql_mode",
        b"@@session.sql_mode",
        b"@@local.sql_mode",
    )


class ModeTracker:
    """Follows `SET sql_mode`, and the user variables in which a script keeps the mode to restore it."""

    def __init__(self) -> None:
        self.mode = PLAIN_MODE
        self.unclear = False  # the last statement set the mode to something that the script doesn't show
        self._kept: dict[bytes, SqlMode] = {}

    def statement(self, data: bytes, *, whole: bool = True) -> bool:
        """Take note of one statement, or of the first part of a long one; True if the mode is another one now."""
        self.unclear = False
        if not _SET.match(data):
            return False
        if not whole:
            self.unclear = True
            return False
        if b"sql_mode" not in data.lower():
            return False
        before = self.mode
        assigned = kept = False
        for match in _ASSIGNMENT.finditer(data):
            target, text, source = match.group("target", "text", "source")
            if _is_sql_mode(target):
                assigned = True
                if text is not None:
                    self.mode = _parse(text[1:-1])
                elif _is_sql_mode(source):
                    pass
                elif source.lower() == b"ifnull" and (fallback := _IFNULL.match(data, match.end())) is not None:
                    # HeidiSQL: the mode that was kept, or none
                    name, other = fallback.group("name").lower(), fallback.group("other").strip(b"'\"")
                    self.mode = self._kept.get(name, _parse(other))
                elif source.startswith(b"@"):
                    self.unclear = source.lower() not in self._kept
                    self.mode = self._kept.get(source.lower(), PLAIN_MODE)
                else:
                    self.unclear = data[match.end() :].lstrip().startswith(b"(")  # CONCAT(…)
                    self.mode = _parse(source)  # DEFAULT, or the bare name of one mode
            elif source is not None and _is_sql_mode(source):
                self._kept[target.lower()] = self.mode
                kept = True
        # a comment between the words, or a mode for one statement only
        self.unclear |= not (assigned or kept) or bool(_FOR_ONE.match(data))
        return self.mode != before


def _parse(text: bytes) -> SqlMode:
    names = {name.strip().upper() for name in text.split(b",")}
    return SqlMode(b"NO_BACKSLASH_ESCAPES" in names, bool(names & _ANSI_MODES))

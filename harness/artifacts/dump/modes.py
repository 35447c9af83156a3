"""The SQL mode of a script's reader, followed through the script's own SET statements."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.artifacts.dump.assigned import assignments, depends_on_server, variable
from harness.artifacts.dump.sqlmode import PLAIN_MODE, SqlMode
from harness.artifacts.dump.tokens import Token, tokenize

_SET = re.compile(rb"(?:\s|/\*M?!\d*+|/\*.*?\*/|\#[^\n]*+|--(?=[\s\0])[^\n]*+|\*/)*+SET\b", re.IGNORECASE | re.DOTALL)
_ANSI_MODES = frozenset(("ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"))
"""`ANSI_QUOTES` and the combinations that contain it (MySQL 5.7 and MariaDB manuals, "Server SQL Modes")."""


class ModeTracker:
    """Follows `SET sql_mode`, and the user variables in which a script keeps the mode to restore it."""

    def __init__(self) -> None:
        self.mode = PLAIN_MODE
        self.unclear = False  # the last statement set the mode to something that the script doesn't show
        self._kept: dict[str, SqlMode] = {}

    def statement(self, data: bytes, *, whole: bool = True) -> None:
        """Take note of one statement, or of the first part of a long one."""
        self.unclear = False
        if not _SET.match(data):
            return
        if not whole:
            self.unclear = True
            return
        touched = False
        for name, value in assignments(tokenize(data, self.mode)):
            if name == "SQL_MODE":
                touched = True
                mode = self._value(value)
                self.unclear |= mode is None
                self.mode = mode or PLAIN_MODE
            elif name.startswith("@"):
                touched |= name in self._kept
                self._kept.pop(name, None)
                if (source := variable(value)) == "SQL_MODE" or source in self._kept:
                    touched = True
                    self._kept[name] = self.mode if source == "SQL_MODE" else self._kept[source]
            else:
                self.unclear |= "SQL_MODE" in name and not name.startswith("GLOBAL")  # SET STATEMENT sql_mode = … FOR
        self.unclear |= touched and depends_on_server(data)

    def _value(self, value: Sequence[Token]) -> SqlMode | None:
        """The mode that is assigned; None if the script does not show it."""
        texts = [token for token in value if token.kind == "text"]
        if len(value) == 1 and value[0].kind in ("text", "word"):
            return _parse(value[0])
        name = variable(value)
        if name == "SQL_MODE":
            return self.mode
        if name.startswith("IFNULL"):  # HeidiSQL: the mode that was kept, or none
            name = variable(value[2:4])
            return self._kept.get(name) or (_parse(texts[0]) if len(texts) == 1 else None)
        return self._kept.get(name)


def _parse(token: Token) -> SqlMode | None:
    if "\\" in token.raw:
        return None
    names = {name.strip() for name in token.text.upper().split(",")}
    return SqlMode("NO_BACKSLASH_ESCAPES" in names, bool(names & _ANSI_MODES))

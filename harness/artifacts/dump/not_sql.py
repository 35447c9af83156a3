"""Text in a script that is not SQL: messages of programs, marks of an editor or a file system.

`2>&1` puts what `mysqldump`, `ssh`, `kubectl` or `docker` say into the script. The client would take it for the
beginning of a statement; no server runs such a script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.artifacts.dump.admitted import FIRST_WORDS

_OTHERS = """
    BACKUP BINLOG CACHE CALL CHECK CHECKSUM CLONE DELETE DESC DESCRIBE END EXPLAIN GET GRANT HANDLER IMPORT INSTALL
    KILL LOAD OPTIMIZE PURGE RELEASE RENAME REPAIR RESET RESIGNAL RESTART REVOKE ROLLBACK SAVEPOINT SHOW SHUTDOWN
    SIGNAL TABLE TRUNCATE UNINSTALL UPDATE VALUES WITH XA
"""
SQL_WORDS = FIRST_WORDS | frozenset(_OTHERS.split())
"""The words with which statements begin, those of no dump tool as well."""

WITH_ARGUMENT = frozenset(
    b"? charset connect delimiter help pager prompt query_attributes source system tee use".split()
)
CLIENT_COMMANDS = WITH_ARGUMENT | frozenset(
    b"clear edit ego exit go nopager notee nowarning print quit rehash resetconnection sandbox "
    b"ssl_session_data_print status warnings \\-".split()
)
"""The client's commands by name, MySQL 9 and MariaDB 11 (`help` in the client). At a statement's beginning only."""

_BOM = b"\xef\xbb\xbf"
_NULS = re.compile(rb"\0+")
_WORD = re.compile(rb"[(\s]*([A-Za-z_]+)")
_OBJECTS = (
    rb"(?:TABLE|DATABASE|SCHEMA|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE|PACKAGE|USER|ROLE|OR|DEFINER|ALGORITHM|SQL"
    rb"|TEMPORARY|AGGREGATE|UNIQUE|INDEX|SERVER|TABLESPACE|LIBRARY)\b"
)
_OPENING = re.compile(
    rb"(?:(?:CREATE|DROP|ALTER)\s+(?:/\*|" + _OBJECTS + rb")"
    rb"|(?:INSERT|REPLACE)\s+(?:INTO|IGNORE|DELAYED|LOW_PRIORITY|HIGH_PRIORITY)\b"
    rb"|SET\s+(?:@|NAMES\b|[\w.`]+\s*:?=)|(?:UN)?LOCK\s+TABLES\b|START\s+TRANSACTION\b|DELIMITER\s"
    rb"|(?:BEGIN|COMMIT)\s*\Z)",
    re.IGNORECASE,
)
"""How a statement of a dump tool begins, in small letters as well, where the line does not end it."""
_CLIENT_ESCAPES = b"!#.?-CGNPRTWcdeghnpqrstuwx"
_QUOTED_CHARACTERS = 60
_LIKE_ROWS = re.compile(rb"',|,'|\),\(|\);?\s*\Z|\\'|\t")

_JOINED = "starts with a byte order mark: several files were joined"
_UNWRITTEN = "contains NUL bytes where SQL should be: part of the file was never written"
_PHPMYADMIN = "is not SQL: phpMyAdmin met an error there, and went on"
_TO_A_FILE = "Redirect error output to another file (2>errors.log), and take the backup again."
_REMEDIES = (
    (_JOINED, "Save each part without the mark (UTF-8 without BOM) before they are joined, or verify one of them."),
    (_UNWRITTEN, "The disk was full, or the machine or a copy stopped: take the backup again, or an earlier one."),
    (_PHPMYADMIN, "What it exported is not whole: take the backup again, with mysqldump where the database is large."),
)

_MARKS = (b"<<<<", b"====", b">>>>", b"-", b"[")
_SAYS_WHO = re.compile(rb"[\w./-]{2,60}(?:\[\d+\])?: \S")
"""A program's name before its message."""


@dataclass(frozen=True, slots=True)
class ForeignText:
    """Text that is not SQL.

    Attributes:
        line: of the first such line.
        what: one clause that says what stands there, behind "line N".
        lines: how many such lines there are.
    """

    line: int
    what: str
    lines: int = 1

    @property
    def remedy(self) -> str:
        """What to do about it, in one sentence."""
        return next((remedy for begin, remedy in _REMEDIES if self.what.startswith(begin)), _TO_A_FILE)

    @property
    def message(self) -> str:
        """One sentence, such as `line 1 is not SQL: output of another program is mixed in (…)`."""
        more = f", as on {self.lines - 1} more line{'s' if self.lines > 2 else ''}" if self.lines > 1 else ""
        return f"line {self.line} {self.what}{more}"


def mark_at(data: bytes, at: int) -> int:
    """How many bytes of a mark that is no text begin here: a byte order mark, NUL bytes; 0 for none."""
    if data.startswith(_BOM, at):
        return len(_BOM)
    match = _NULS.match(data, at)
    return 0 if match is None else match.end() - at


def may_begin(line: bytes, delimiter: bytes) -> bool:
    """Whether a statement, a comment or a command of the client can begin with this line.

    Prose begins with words of SQL as well ("Update available", "Use docker scout"): small letters show that, in a
    line that ends no statement.
    """
    if line.startswith((b"/*", delimiter)):
        return True
    if line.startswith(b"\\"):
        return len(line) > 1 and line[1] in _CLIENT_ESCAPES
    match = _WORD.match(line)
    if match is None:
        return False
    word = match.group(1)
    if word.lower() in CLIENT_COMMANDS and delimiter in line:
        return True
    if word.upper().decode() not in SQL_WORDS:
        return False
    return word.isupper() or delimiter in line or _OPENING.match(line) is not None


def described(data: bytes) -> str:
    """What stands there, for `ForeignText.what`: a program's message is quoted, what may be a row is not."""
    line = data.strip(b"\r\n\t ")
    if line.startswith(_BOM):
        return _JOINED
    if line.startswith(b"\0"):
        return _UNWRITTEN
    if b"PMA-SQL-ERROR" in line[:_QUOTED_CHARACTERS]:
        return _PHPMYADMIN
    text = line[: 4 * _QUOTED_CHARACTERS].decode("utf-8", "replace")
    plain = line[:1].isalnum() or line.startswith(_MARKS)
    if _SAYS_WHO.match(line) is None and (not plain or _LIKE_ROWS.search(line)):
        return "is not SQL: no statement starts with it"
    if sum(not character.isprintable() for character in text) > len(text) // 10:
        return "is not SQL and not text"
    shown = "".join(character if character.isprintable() else "?" for character in text[:_QUOTED_CHARACTERS])
    return f"is not SQL: the output of another program is mixed in (`{shown}{('…' if len(text) > len(shown) else '')}`)"

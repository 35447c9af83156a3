"""The script as it is loaded: one database of it, without the lines that only its own server and client want.

A filter over the pieces; what is kept is kept byte for byte, but for blanks around commands of the client (`loaded`).
Nothing in the data is ever changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.artifacts.dump.admitted import admitted
from harness.artifacts.dump.model import DatabaseInfo, DumpInfo
from harness.artifacts.dump.source import ScriptSource, open_script, source_name
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.tokens import Token, account_at, starts_with, tokenize
from harness.artifacts.dump.walk import (
    created_database,
    dropped_database,
    loaded,
    pieces_with_tokens,
    statement_of,
    used_database,
)
from harness.base.errors import BrokenArtifact, Cause, UsageError

SANDBOX, GTID, LOG_BIN, STATISTICS = "sandbox", "gtid-purged", "sql-log-bin", "innodb-stats"
REPLICATION, PROBE = "replication", "dynamic-sql"
BLANKS = "blanks"
DROPPABLE = frozenset((SANDBOX, GTID, LOG_BIN, STATISTICS, REPLICATION, PROBE))
(
    "What can be omitted without changing data: MariaDB's sandbox line, GTID_PURGED, SQL_LOG_BIN, the switch of "
    "InnoDB's\n"
    "statistics that MySQL's `--all-databases` writes, a replica's position in the binary log (`--source-data`), "
    "and the\n"
    "query of Percona's mysqldump whether the server has MyRocks."
)

UNCHECKED = b"SET foreign_key_checks=0, unique_checks=0;\n"
"""What every tool but phpMyAdmin sets for its own load."""
USUAL_SETTINGS = b"SET sql_mode='NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0, unique_checks=0;\n"
"""What the header of every script says that was not made with `--compact`."""

_MAY_BE_LEFT_OUT = frozenset(("CHANGE", "START", "STOP", "SELECT", "SET", "PREPARE", "EXECUTE", "DEALLOCATE"))
_WORDS_TO_DEFINER = 16
"""`CREATE OR REPLACE ALGORITHM=UNDEFINED DEFINER=…` has ten; what stands behind is the object's own text."""
_PART = rb"(?:`(?:[^`]|``)*`|'[^']*'|\"[^\"]*\"|[\w$.%-]+)"
_DEFINER = re.compile(rb"DEFINER\s*=\s*" + _PART + rb"(?:\s*\(\s*\)|\s*@\s*" + _PART + rb")?", re.IGNORECASE)
_FOOTER = b"-- Dump completed"
_HEADERS = (b"-- MySQL dump ", b"-- MariaDB dump ")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A statement that was left out or changed: where, which code of `DROPPABLE` (or another), and what."""

    line: int
    code: str
    what: str


@dataclass(slots=True)
class RewriteReport:
    """Filled while `restore_stream` is read; complete when it has ended.

    Attributes:
        dropped: what was left out or changed, besides the parts of other databases.
        other_databases: databases whose parts were left out, in the script's order.
        size_bytes: what came out.
    """

    dropped: list[Dropped] = field(default_factory=list)
    other_databases: list[str] = field(default_factory=list)
    size_bytes: int = 0


def choose_database(info: DumpInfo, wanted: str | None) -> str:
    """Which database of a script to restore, decided before anything runs.

    Args:
        wanted: its name; None if there is only one.

    Returns:
        The name as the script has it; empty if the script names none at all.

    Raises:
        UsageError: there are several, and none was named.
        BrokenArtifact: it isn't in the script, or the script's parts cannot be distinguished.
    """
    used = [database for database in info.databases if database.used]
    # What is only reached by a qualified name is no part of the script; safety.py reports that.
    unnamed = [one for one in info.databases if not one.used and one.name in ("", info.header_database)]
    holds = [database for database in unnamed if database.tables or database.objects]
    names = ", ".join(database.name for database in info.databases if database.name)
    if used and holds:
        raise BrokenArtifact(
            f"{info.source}: line {holds[0].line} creates an object before the dump selects a database, and "
            f"the dump continues with {', '.join(database.name for database in used)}",
            "Its parts cannot be separated: make a dump of the database alone.",
        )
    if not used and len(set(info.header_databases)) > 1:
        raise BrokenArtifact(
            f"{info.source}: contains the dumps of {' and '.join(dict.fromkeys(info.header_databases))}, but "
            "no USE separates their statements",
            "Its parts cannot be separated: verify one dump at a time.",
        )
    if len(info.qualified) > 1:
        raise UsageError(
            f"{info.source}: contains {len(info.qualified)} databases, and every name is prefixed with its own, as "
            f"mysqlpump writes them: {', '.join(one.name for one in info.qualified)}",
            "Its parts cannot be separated: make a dump of the database alone.",
        )
    if wanted is None:
        parts = used or unnamed
        if len(parts) > 1:
            raise UsageError(
                f"{info.source}: contains {len(parts)} databases: {', '.join(part.name for part in parts)}",
                "Choose one of them with --database.",
            )
        return parts[0].name if parts else info.header_database
    named = {database.name for database in info.databases if database.name} or {info.header_database} - {""}
    if named and wanted not in named:
        raise BrokenArtifact(
            f"{info.source}: contains no database {wanted}; it contains {names or info.header_database}",
            "It is a dump of another database; to drill that one, choose it with --database.",
            causes=[
                Cause(
                    "database-missing",
                    wanted,
                    f"The dump does not contain {wanted}, but {names or info.header_database}.",
                )
            ],
        )
    return wanted


def missing_drops(info: DumpInfo, database: DatabaseInfo) -> bytes:
    """What drops the tables and views that a script creates without dropping them (`--compact`, `--skip-opt`).

    The documented restore goes into a migrated instance, which has them already. It is decided object by object:
    phpMyAdmin's export drops a view's placeholder and nothing else.
    """
    # A table without its keys can't be created while others refer to it (error 6125), so all of them go first then.
    every = info.keys_follow
    tables = [table.name for table in database.tables if table.defined and (every or not table.dropped)]
    views = [item.name for item in database.objects if item.kind == "view" and (every or not item.dropped)]
    if not tables and not views:
        return b""
    statements = [
        f"DROP {kind} IF EXISTS {_listed(names)};\n" for kind, names in (("TABLE", tables), ("VIEW", views)) if names
    ]
    text = "".join(("SET foreign_key_checks=0;\n", *statements, "SET foreign_key_checks=DEFAULT;\n"))
    return text.encode("utf-8", "surrogateescape")


def _listed(names: Sequence[str]) -> str:
    return ", ".join("`" + name.replace("`", "``") + "`" for name in names)


def restore_stream(
    source: ScriptSource,
    database: str,
    *,
    definers: frozenset[str] = frozenset(),
    target: str | None = None,
    report: RewriteReport | None = None,
) -> Iterator[bytes]:
    """The statements of one database, as a stream for the client.

    Kept: everything before the first `USE`, everything in the database's own parts, and the session settings
    that are saved, set or restored in between and at the end. The parts of other databases are left out, and so are
    `CREATE DATABASE` and `USE`: the client chooses the target itself.

    Args:
        database: its name in the script (see `choose_database`); for a script that names none, any name.
        definers: accounts (user@host) whose `DEFINER` clause is left out: their objects run as whoever loads them.
        target: the database that it goes to, if that has another name: `ALTER DATABASE` is changed to it.
        report: gets what was left out.

    Returns:
        Chunks of bytes. With nothing to leave out, joined, they are the script.

    Raises:
        UsageError: the script chooses databases, and this one is not among them (at the end of the stream).
    """
    report = RewriteReport() if report is None else report
    trimmer = Trimmer(database, definers, target, report)
    for data in trimmer.filter(pieces_with_tokens(open_script(source))):
        report.size_bytes += len(data)
        yield data
    if trimmer.seen and database not in trimmer.seen:
        raise UsageError(
            f"{source_name(source)}: contains no database {database}; it contains {', '.join(trimmer.seen)}",
            "Choose one of them with --database.",
        )


class Trimmer:
    """Decides of each piece what is loaded; its arguments are those of `restore_stream`."""

    def __init__(self, database: str, definers: frozenset[str], target: str | None, report: RewriteReport) -> None:
        self._database = database
        self._definers = definers
        self._target = target
        self._report = report
        self._section = ""
        self._chosen = False  # a USE came; from then on CREATE DATABASE chooses nothing
        self._chosen_anew = False  # a USE since the last footer: it is for the dump whose header follows
        self._in_event = False  # of another database
        self._keep = True  # the statement that goes on
        self._delimiter = b";"  # what the reader of the stream believes
        self.seen: list[str] = []

    def filter(self, pieces: Iterable[tuple[Piece, Sequence[Token]]]) -> Iterator[bytes]:
        """What is loaded of the next pieces."""
        for piece, tokens in pieces:
            if piece.first:
                data = self._decide(piece, tokens)
                self._keep = data is not None
            else:
                data = piece.data
            if not self._keep or data is None:
                continue
            if piece.kind is Kind.STATEMENT and piece.first and piece.delimiter != self._delimiter:
                yield b"\nDELIMITER " + piece.delimiter + b"\n"
                self._delimiter = piece.delimiter
            if piece.kind is Kind.CLIENT and starts_with(tokens, "DELIMITER"):
                self._delimiter = piece.data.split()[1].strip(b"\"'`")
            if piece.kind is not Kind.STATEMENT and loaded(piece) != data:
                self._dropped(piece, BLANKS, "blanks around a command of the client")
            yield data if piece.kind is Kind.STATEMENT else loaded(piece)

    def _decide(self, piece: Piece, tokens: Sequence[Token]) -> bytes | None:
        """The bytes to hand on, or None to leave the piece out."""
        if piece.kind is Kind.COMMENT:
            text = piece.data.lstrip()
            if text.startswith(_HEADERS) and not self._chosen_anew:
                self._section = ""  # another dump begins: its settings are for all of it
            self._chosen_anew &= not text.startswith(_FOOTER)
            return piece.data if self._mine() or piece.data.lstrip().startswith(_FOOTER) else None
        if piece.kind is Kind.SANDBOX:
            self._dropped(piece, SANDBOX, "MariaDB's sandbox line")
            return None
        chosen = used_database(piece, tokens)
        created = created_database(tokens)
        if chosen is not None or created is not None:
            name = chosen if chosen is not None else created
            assert name is not None
            if chosen is not None or not self._chosen:
                self._section = name
                self._chosen_anew = True
            self._chosen |= chosen is not None
            if name not in self.seen:
                self.seen.append(name)
                if name != self._database:
                    self._report.other_databases.append(name)
            if name == self._database:
                self._dropped(piece, "database", "USE" if chosen is not None else "CREATE DATABASE")
            return None
        if dropped_database(tokens) is not None:
            # The target is there already, and is the harness's own: nothing else is to be dropped.
            self._dropped(piece, "database", "DROP DATABASE")
            return None
        if starts_with(tokens, "SET") and (code := _server_setting(tokens)) in DROPPABLE:
            self._dropped(
                piece, code, {GTID: "GTID_PURGED", LOG_BIN: "SQL_LOG_BIN"}.get(code, "INNODB_STATS_AUTO_RECALC")
            )
            return None
        if tokens and tokens[0].text in _MAY_BE_LEFT_OUT:
            form = admitted(tokens)
            if form is not None and form.left_out in DROPPABLE:
                self._dropped(piece, form.left_out, f"{tokens[0].text}, as {form.tools} writes it")
                return None
        if not self._mine():
            # Around an event of another database its time zone is set, and set back: it goes with the event.
            if any(token.text == "SAVED_TIME_ZONE" for token in tokens):
                self._in_event = tokens[1].text == "@"
                return None
            return piece.data if not self._in_event and _is_session_setting(tokens) else None
        if self._target is not None and self._target != self._database:
            if starts_with(tokens, "ALTER", "DATABASE"):
                return self._rename(piece, tokens)
            if tokens and tokens[0].text in ("CREATE", "ALTER", "DROP"):
                piece = piece._replace(data=self._without_database(piece, tokens))
                tokens = tokenize(statement_of(piece), piece.mode)
        return self._without_definer(piece, tokens) if self._definers and starts_with(tokens, "CREATE") else piece.data

    def _mine(self) -> bool:
        return self._section in ("", self._database)

    def _dropped(self, piece: Piece, code: str, what: str) -> None:
        self._report.dropped.append(Dropped(piece.line, code, what))

    def _without_definer(self, piece: Piece, tokens: Sequence[Token]) -> bytes:
        """A statement without the account that its object runs as, if that is one to leave out."""
        for index, token in enumerate(tokens[:_WORDS_TO_DEFINER]):
            clause = _DEFINER.match(piece.data, token.at) if token.text == "DEFINER" else None
            if clause is None:
                continue
            account, _ = account_at(tokens, index + 2)
            if account not in self._definers:
                break
            self._dropped(piece, "definer", f"DEFINER {account}")
            return piece.data[: token.at] + piece.data[clause.end() :]
        return piece.data

    def _without_database(self, piece: Piece, tokens: Sequence[Token]) -> bytes:
        """A statement without the database's name before those of its objects, where mysqlpump writes it."""
        kept, at = [], 0
        for token, dot, following in zip(tokens, tokens[1:], tokens[2:], strict=False):
            name = token.raw if token.kind == "word" else token.text if token.kind == "name" else ""
            if name == self._database and dot.kind == "mark" and dot.text == ".":
                kept.append(piece.data[at : token.at])
                at = following.at
        return b"".join((*kept, piece.data[at:]))

    def _rename(self, piece: Piece, tokens: Sequence[Token]) -> bytes:
        """`ALTER DATABASE old …` for the target: routines made under another collation are wrapped in two of them."""
        name, following = tokens[2], tokens[3]
        if (name.raw if name.kind == "word" else name.text) != self._database or self._target is None:
            return piece.data
        quoted = b"`" + self._target.encode("utf-8", "surrogateescape").replace(b"`", b"``") + b"`"
        self._dropped(piece, "database", "ALTER DATABASE goes to the target's name")
        return piece.data[: name.at] + quoted + b" " + piece.data[following.at :]


def _server_setting(tokens: Sequence[Token]) -> str:
    """Which droppable setting a SET statement is about; empty if none, or if it sets something else as well."""
    assigned = sum(1 for token in tokens if token.kind == "mark" and token.text == "=")
    words = {token.text for token in tokens if token.kind == "word"}
    if assigned == 1 and words & {"GTID_PURGED", "GTID_SLAVE_POS"}:
        return GTID
    if assigned == 1 and "SQL_LOG_BIN" in words:
        return LOG_BIN
    if assigned == 1 and {"GLOBAL", "INNODB_STATS_AUTO_RECALC"} <= words:
        return STATISTICS
    return ""


def _is_session_setting(tokens: Sequence[Token]) -> bool:
    """Settings for the whole load, as they stand at the beginning and the end of a dump.

    Those around one table or routine (`@saved_…`) belong to it and go with it.
    """
    if not starts_with(tokens, "SET") or len(tokens) < 3:
        return False
    if any(token.kind == "word" and token.text.startswith("OLD_") for token in tokens):
        return True
    return tokens[1].text == "NAMES" or (
        tokens[1].text == "TIME_ZONE" and any(token.kind == "text" for token in tokens)
    )

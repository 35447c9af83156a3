"""What a script must not do to the server and to the operator: read before it runs.

Only what dump tools write may run (admitted.py); what this module knows besides is why something else must not.
This is one of two walls. The other is how the load runs: without client commands, as an account that can't do
harm outside of the one database. A statement that is odd without being harmful is a warning.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from harness.artifacts.dump.admitted import StatementForm, admitted
from harness.artifacts.dump.assigned import assignments, variable
from harness.artifacts.dump.codes import REMEDY, UNEXPECTED, UNEXPECTED_STATEMENT
from harness.artifacts.dump.model import ScriptFinding
from harness.artifacts.dump.not_sql import CLIENT_COMMANDS
from harness.artifacts.dump.notes import ReaderNote
from harness.artifacts.dump.statements import WHOLE_BYTES, Kind, Piece
from harness.artifacts.dump.targets import is_assigned, targets, value_of
from harness.artifacts.dump.tokens import Token, name_at, past_existence, readings, tokenize
from harness.artifacts.dump.walk import Heads, created_database, statement_of, used_database
from harness.base.model import Severity

MOST_FINDINGS = 1000
"""Of one code in one database, how many are kept: a script of a few KB can unpack to millions."""
_BEHIND_A_WALL = frozenset(
    ("account", "file-access", "global-variable", "other-database", "plugin", "replication", "server-control")
)
"""Codes of what the load's own account may not do, so that allowing them only leads to the server's refusal."""
_TAKE_OUT = "Remove the statement: the restoring account may not run it."
_ANSI = (
    "mysqldump --compatible=ansi writes triggers and events so, and no server takes them: take the backup again "
    "without that option."
)
_SYSTEM_OBJECTS = frozenset(("USER", "ROLE"))
_SERVER_WORDS = frozenset(
    ["SHUTDOWN", "RESTART", "KILL", "RESET", "PURGE", "FLUSH", "CLONE", "CACHE", "STOP", "START", "CHANGE", "HELP"]
)
_NO_REMEDY = "Remove the line: the dump is loaded without client commands."
_REPLICATION = frozenset(("SLAVE", "REPLICA", "MASTER", "REPLICATION", "GROUP_REPLICATION"))
_REMOTE_ENGINES = frozenset(("FEDERATED", "FEDERATEDX", "CONNECT", "SPIDER", "S3"))
_UNSAFE_CHARSETS = frozenset(("BIG5", "CP932", "GBK", "SJIS", "GB18030"))
"""Character sets in which the second byte of a character can be a backslash or a quote (MySQL manual, 12.10)."""
_BODIES = frozenset(("PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "VIEW", "PACKAGE"))
_RISKY_IN_BODIES = ("GRANT", "REVOKE", "OUTFILE", "DUMPFILE", "LOAD_FILE", "INSTALL", "SHUTDOWN", "KILL", "PREPARE")


class Safety:
    """The visitor that finds what must not run."""

    def __init__(self) -> None:
        self.findings: list[ScriptFinding] = []
        self._listed: Counter[tuple[str, str]] = Counter()  # by database and code
        self._noted: set[ReaderNote] = set()
        self._heads = Heads()
        self._heads_seen: set[bytes] = set()
        self._current = ""
        self._dropped: ScriptFinding | None = None
        self._reported: set[str] = set()  # codes of what is left out: one finding for all lines of a kind
        self._kept_from: dict[str, str] = {}  # user variables, and the variable that each was set from
        self._runs_at_insert: dict[tuple[str, str], dict[str, str]] = {}  # TABLE or VIEW, name; by database

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of one piece."""
        if piece.kind is Kind.FOREIGN:
            return  # reported by the inspector: it is nothing that an operator could allow
        for note in piece.notes:
            if note in self._noted or len(self._noted) >= MOST_FINDINGS:
                continue  # of a comment or string that was read in parts: it stands there once
            self._noted.add(note)
            if note.code == "computed-value":
                self._error(note.code, note.line, note.text, f"an INSERT sets a variable with {note.text}")
            elif note.code == "client-escape":
                self._add(
                    "client-command",
                    Severity.ERROR,
                    note.line,
                    note.text,
                    f"{note.text} outside of a string is a command of the mysql client",
                    _NO_REMEDY,
                )
            else:
                self._add(
                    "ambiguous",
                    Severity.ERROR,
                    note.line,
                    note.text,
                    f"{note.text}: the client and the server can interpret this differently",
                )
        if piece.head:
            self._insert(piece)
        elif piece.first and tokens:
            self._statement(piece, tokens)

    def _add(
        self, code: str, severity: Severity, line: int, subject: str, message: str, remedy: str | None = None
    ) -> None:
        self._listed[self._current, code] += 1
        if self._listed[self._current, code] > MOST_FINDINGS:
            return
        usual = _TAKE_OUT if code in _BEHIND_A_WALL else REMEDY.format(code=code)
        text = remedy if remedy is not None else usual
        self.findings.append(ScriptFinding(code, severity, line, subject, message, text, self._current))

    def _error(self, code: str, line: int, subject: str, message: str) -> None:
        self._add(code, Severity.ERROR, line, subject, message)

    def _insert(self, piece: Piece) -> None:
        """An INSERT with values: only its target matters; its values can't do anything (see computed-value)."""
        known = piece.head in self._heads_seen
        if known and not self._runs_at_insert:
            return
        self._heads_seen.add(piece.head)
        head = self._heads.of(piece)
        if head.database is not None and not known:
            self._other(piece.line, head.database, "INSERT")
        database = head.database or self._current
        for kind in ("TABLE", "VIEW"):
            where = self._runs_at_insert.get((kind, head.table), {})
            at = next((name for name in where if name == database or "" in (name, database)), None)
            if at is None:
                continue
            runs = where.pop(at)  # once for each table is enough
            self._add(
                "runs-routine",
                Severity.ERROR,
                piece.line,
                head.table,
                f"rows are inserted into {head.table}, but {runs} before: it would run for each row",
                "Dump the structure with --skip-triggers, so that the triggers follow the rows; or accept "
                "runs-routine if this is intended.",
            )

    def _other(self, line: int, database: str, what: str, severity: Severity = Severity.ERROR) -> None:
        self._add(
            "other-database",
            severity,
            line,
            database,
            f"{what} refers to the database {database}",
            "Restore the databases one by one, each from its own part of the dump.",
        )

    def _statement(self, piece: Piece, tokens: Sequence[Token]) -> None:
        line, first = piece.line, tokens[0]
        if (used := used_database(piece, tokens)) is not None and (piece.kind is Kind.CLIENT or admitted(tokens)):
            self._current = used
            self._add("use-database", Severity.INFO, line, used, f"the dump selects the database {used} itself", "")
            return
        lower = first.raw.lower().encode("utf-8", "surrogateescape")
        if piece.kind is Kind.CLIENT and lower == b"delimiter":
            return
        if first.kind != "name" and (piece.kind is Kind.CLIENT or lower in CLIENT_COMMANDS):
            self._add(
                "client-command",
                Severity.ERROR,
                line,
                first.raw,
                f"{first.raw} is a command of the mysql client",
                _NO_REMEDY,
            )
            return
        if not piece.last:
            self._error(
                "unread-statement",
                line,
                first.text,
                f"a statement that starts with {first.text} has over {WHOLE_BYTES >> 20} MiB; only INSERTs "
                "are that long",
            )
            return
        form = admitted(tokens)
        if form is not None and form.left_out:
            self._left_out(line, form)
            return
        before = len(self.findings)
        words = [token.text for token in tokens if token.kind == "word"]
        if words:
            self._known_harm(line, words, tokens)
        self._will_run(tokens)
        if any(finding.severity is Severity.ERROR for finding in self.findings[before:]):
            return
        if not piece.ended:
            return  # it is cut short, and refused for that
        if form is None or not all(
            not reading or admitted(reading) for reading in readings(statement_of(piece), tokens, piece.mode)
        ):
            what = _shown(" ".join(token.raw for token in tokens[:3] if token.kind in ("word", "name"))) or "this"
            ansi = admitted(tokenize(statement_of(piece), piece.mode._replace(ansi_quotes=True))) is not None
            self._add(
                "unexpected-statement",
                Severity.ERROR,
                line,
                what,
                f"{what} … has a name in double quotes, where they make a string (error 1064)"
                if ansi
                else UNEXPECTED_STATEMENT.format(what),
                _ANSI if ansi else UNEXPECTED,
            )

    def _left_out(self, line: int, form: StatementForm) -> None:
        if form.left_out in self._reported:
            return
        self._reported.add(form.left_out)
        what = {
            "replication": "the dump sets a replica's position in the binary log",
            "dynamic-sql": "the dump checks whether the server has the engine MyRocks",
        }[form.left_out]
        self._add(
            form.left_out, Severity.INFO, line, form.tools, f"{what}, as {form.tools} does", "The harness omits it."
        )

    def _will_run(self, tokens: Sequence[Token]) -> None:
        """Remember triggers by their table, and views: an INSERT behind them would run their text during the load."""
        words = [token.text if token.kind == "word" else "" for token in tokens]
        kind = next((word for word in words[1:20] if word in ("TRIGGER", "VIEW", "TABLE", "TABLES")), "")
        if words[0] not in ("CREATE", "DROP") or kind not in ("TRIGGER", "VIEW", "TABLE"):
            return
        at = past_existence(tokens, words.index(kind) + 1)
        if words[0] == "DROP":  # a table takes its triggers along; a view is only dropped as a view
            while at < len(tokens) and kind != "TRIGGER":
                database, name, at = name_at(tokens, at)
                self._runs_at_insert.get((kind, name), {}).pop(database or self._current, None)
                at += 1
            return
        database, name, behind = name_at(tokens, at)
        if kind == "TRIGGER" and "ON" in words[behind:]:
            database, table, _ = name_at(tokens, words.index("ON", behind) + 1)
            known = self._runs_at_insert.setdefault(("TABLE", table), {})
            known[database or self._current] = f"its trigger {name} was created"
        elif kind == "VIEW":
            known = self._runs_at_insert.setdefault(("VIEW", name), {})
            known[database or self._current] = f"{name} was created as a view"

    def _known_harm(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        self._accounts_and_server(line, words, tokens)
        self._files_and_charsets(line, words, tokens)
        self._databases(line, words, tokens)

    def _accounts_and_server(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        first, second = words[0], words[1] if len(words) > 1 else ""
        start = " ".join(words[:2])
        if first in ("GRANT", "REVOKE"):
            self._error("account", line, first, f"{first} changes privileges of accounts")
        elif (
            first in ("CREATE", "ALTER", "DROP", "RENAME")
            and (second in _SYSTEM_OBJECTS or (words[1:3] == ["OR", "REPLACE"] and words[3:4] in (["USER"], ["ROLE"])))
        ) or (first == "SET" and second in ("PASSWORD", "ROLE", "DEFAULT")):
            self._error("account", line, start, f"{start} changes accounts")
        elif first == "SET":
            self._set(line, words, tokens)
        elif first in ("INSTALL", "UNINSTALL"):
            self._error("plugin", line, start, f"{start} changes the server's own code")
        elif first == "CREATE" and "SONAME" in words:
            self._error("plugin", line, "SONAME", "CREATE FUNCTION … SONAME loads a library into the server")
        elif first in ("CREATE", "ALTER", "DROP") and second == "SERVER":
            self._error("remote-table", line, start, f"{start} refers to another server")
        elif first in ("PREPARE", "EXECUTE", "DEALLOCATE", "BINLOG"):
            self._error("dynamic-sql", line, first, f"{first} runs text that cannot be checked beforehand")
        elif first in ("CALL", "HANDLER") or (first == "DO" and second != "SETVAL"):
            self._error("runs-routine", line, first, f"{first} runs code of the restored database")
        elif first in _SERVER_WORDS and start != "START TRANSACTION":
            if _REPLICATION & set(words[1:3]):
                self._error("replication", line, start, f"{start} changes what the server replicates")
            else:
                self._error("server-control", line, first, f"{first} affects the whole server")

    def _set(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        scopes = {word for word in words if word in ("GLOBAL", "PERSIST", "PERSIST_ONLY")}
        if not scopes:
            return
        assigned = sum(1 for token in tokens if token.text == "=" and token.kind == "mark")
        if words[1:3] in (["GLOBAL", "GTID_PURGED"], ["GLOBAL", "GTID_SLAVE_POS"]) and assigned == 1:
            if "gtid-purged" in self._reported:
                return
            self._reported.add("gtid-purged")
            self._add(
                "gtid-purged",
                Severity.INFO,
                line,
                words[2],
                f"the dump sets {words[2]} for the whole server",
                "It is omitted if the target is a disposable server.",
            )
            return
        if words[1:3] == ["GLOBAL", "INNODB_STATS_AUTO_RECALC"] and assigned == 1:
            self._add(
                "innodb-stats",
                Severity.INFO,
                line,
                "INNODB_STATS_AUTO_RECALC",
                "the dump switches InnoDB's statistics for the whole server, as --all-databases does",
                "It is omitted if the target is a disposable server.",
            )
            return
        scope = sorted(scopes)[0]
        # reading @@GLOBAL.x into a variable of the session is harmless
        for index, token in enumerate(tokens):
            if token.text in scopes and token.kind == "word" and is_assigned(tokens, index):
                variable = tokens[index + 2 if tokens[index + 1].text == "." else index + 1].raw
                self._error("global-variable", line, variable, f"SET {scope} changes {variable} for the whole server")
                return

    def _files_and_charsets(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        is_body = words[0] == "CREATE" and bool(_BODIES & set(words[:12])) and "TABLE" not in words[:3]
        if is_body and "SONAME" not in words:
            for word in _RISKY_IN_BODIES:
                if word in words:
                    self._add(
                        "risky-body",
                        Severity.WARNING,
                        line,
                        word,
                        f"the text of an object contains {word}: it runs with its definer's rights when it is used",
                        "Review it before the restored database is used.",
                    )
            return
        for pair in (("INTO", "OUTFILE"), ("INTO", "DUMPFILE"), ("LOAD", "DATA"), ("LOAD", "XML")):
            if pair in itertools.pairwise(words):
                text = " ".join(pair)
                self._error("file-access", line, text, f"{text} reads or writes files of the server")
        if any(token.text.upper() == "LOAD_FILE" and token.kind in ("word", "name") for token in tokens):
            self._error("file-access", line, "LOAD_FILE", "LOAD_FILE reads files of the server")
        if words[0] in ("CREATE", "ALTER"):
            for place in ("DATA", "INDEX"):
                if (place, "DIRECTORY") in itertools.pairwise(words):
                    text = f"{place} DIRECTORY"
                    self._error(
                        "file-access", line, text, f"{text} stores a table's files outside of the data directory"
                    )
            if words[1:2] in (["TABLESPACE"], ["LOGFILE"], ["UNDO"]):
                text = " ".join(words[:2])
                self._error("file-access", line, text, f"{text} creates files on the server")
            for index in range(len(tokens)):
                engine = value_of(tokens[index : index + 3], "ENGINE")
                if engine.upper() in _REMOTE_ENGINES:
                    self._error(
                        "remote-table", line, engine, f"a table of engine {engine} reads its rows from elsewhere"
                    )
                    break
        if words[0] == "SET":
            self._charsets(line, tokens)

    def _charsets(self, line: int, tokens: Sequence[Token]) -> None:
        """What the session's character sets are set to, by name or through a variable that was kept."""
        for name, value in assignments(tokens):
            source = variable(value)
            is_charset = name.startswith(("NAMES", "CHARACTER", "COLLATION", "CHARSET"))
            if name.startswith("@"):
                self._kept_from[name] = self._kept_from.get(source, source)
            elif is_charset and source.startswith("@"):
                kept = self._kept_from.get(source, "CHARACTER_SET")  # nobody set it: then the server refuses it
                if not kept.startswith(("CHARACTER_SET", "COLLATION")):
                    self._unsafe_charset(line, source, f"a character set is taken from {kept}")
            elif is_charset and value:
                shown = value[-1].raw
                if value[-1].kind == "number" or "\\" in shown:
                    self._unsafe_charset(line, shown, f"a character set is given as {shown}")
                elif any(token.text.upper().partition("_")[0] in _UNSAFE_CHARSETS for token in value):
                    text = f"in the character set {shown}, a byte of a character can look like a quote"
                    self._unsafe_charset(line, shown, text)

    def _unsafe_charset(self, line: int, subject: str, what: str) -> None:
        self._error("unsafe-charset", line, subject, f"{what}, so the dump cannot be checked safely")

    def _databases(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        dropped, self._dropped = self._dropped, None
        if (created := created_database(tokens)) is not None:
            if dropped is not None and dropped.subject == created:
                # --add-drop-database: the pair is how a part begins, and neither of them is handed to the client.
                self.findings.remove(dropped)
            self._add(
                "use-database", Severity.INFO, line, created, f"the dump creates the database {created} itself", ""
            )
            return
        if words[0] in ("ALTER", "DROP") and words[1:2] in (["DATABASE"], ["SCHEMA"]):
            index = past_existence(tokens, 2)
            if index < len(tokens) and tokens[index].text != "CHARACTER":
                self._other(line, name_at(tokens, index)[1], " ".join(words[:2]))
                kept = words[0] == "DROP" and bool(self.findings) and self.findings[-1].line == line
                self._dropped = self.findings[-1] if kept else None
            return
        for database in targets(words, tokens):
            self._other(line, database, words[0])
        for index, token in enumerate(tokens):
            if token.text == "REFERENCES" and token.kind == "word" and words[0] in ("CREATE", "ALTER"):
                referenced = name_at(tokens, index + 1)[0]
                if referenced is not None:
                    self._other(line, referenced, "a foreign key", Severity.WARNING)


def _shown(text: str) -> str:
    """A short piece of a statement that a terminal does not act on."""
    return "".join(character if character.isprintable() else "?" for character in text[:60])

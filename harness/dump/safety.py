"""What a script must not do to the server and to the operator: read before it runs.

This is one of two walls. The other is how the load runs: without client commands, as an account that can't do
harm outside of the one database. A statement that is odd without being harmful is a warning.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from harness.dump.model import ScriptFinding, Severity
from harness.dump.statements import CLIENT_COMMANDS, Kind, Piece
from harness.dump.targets import is_assigned, targets, value_of
from harness.dump.tokens import MOST_BYTES, Token, name_at
from harness.dump.walk import Heads, created_database, used_database

CODES = (
    "account",
    "ambiguous",
    "client-command",
    "computed-value",
    "dynamic-sql",
    "file-access",
    "global-variable",
    "gtid-purged",
    "innodb-stats",
    "other-database",
    "plugin",
    "remote-table",
    "replication",
    "risky-body",
    "runs-routine",
    "server-control",
    "unread-statement",
    "unsafe-charset",
    "use-database",
)
"""Every code that a finding of this module can have."""

_REMEDY = "Take the statement out, or allow {code} by name if you know why it is there."
_SYSTEM_OBJECTS = frozenset(("USER", "ROLE"))
_SERVER_WORDS = frozenset(
    ["SHUTDOWN", "RESTART", "KILL", "RESET", "PURGE", "FLUSH", "CLONE", "CACHE", "STOP", "START", "CHANGE", "HELP"]
)
_HARMLESS_STARTS = frozenset(("TRANSACTION",))
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
        self._heads = Heads()
        self._heads_seen: set[bytes] = set()
        self._current = ""
        self._dropped: ScriptFinding | None = None

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of one piece."""
        for oddity in piece.oddities:
            if oddity.code == "client-escape":
                self._add(
                    "client-command",
                    Severity.ERROR,
                    oddity.line,
                    oddity.text,
                    f"{oddity.text} outside of a string is a command of the mysql client",
                )
            else:
                self._add(
                    "ambiguous",
                    Severity.ERROR,
                    oddity.line,
                    oddity.text,
                    f"{oddity.text}: the client and the server can read this differently",
                )
        if piece.head:
            self._insert(piece)
        elif piece.first and tokens:
            self._statement(piece, tokens)

    def _add(
        self, code: str, severity: Severity, line: int, subject: str, message: str, remedy: str | None = None
    ) -> None:
        text = remedy if remedy is not None else _REMEDY.format(code=code)
        self.findings.append(ScriptFinding(code, severity, line, subject, message, text, self._current))

    def _error(self, code: str, line: int, subject: str, message: str) -> None:
        self._add(code, Severity.ERROR, line, subject, message)

    def _insert(self, piece: Piece) -> None:
        """An INSERT with values: only its target matters; its values can't do anything (see computed-value)."""
        if piece.head in self._heads_seen:
            return
        self._heads_seen.add(piece.head)
        database = self._heads.of(piece).database
        if database is not None:
            self._other(piece.line, database, "INSERT")

    def _other(self, line: int, database: str, what: str, severity: Severity = Severity.ERROR) -> None:
        self._add(
            "other-database",
            severity,
            line,
            database,
            f"{what} names the database {database}",
            "Restore the databases one by one, each from its own part of the script.",
        )

    def _statement(self, piece: Piece, tokens: Sequence[Token]) -> None:
        line, first = piece.line, tokens[0]
        if (used := used_database(piece, tokens)) is not None:
            self._current = used
            self._add("use-database", Severity.INFO, line, used, f"the script chooses the database {used} itself", "")
            return
        lower = first.raw.lower().encode("utf-8", "surrogateescape")
        if piece.kind is Kind.CLIENT and lower == b"delimiter":
            return
        if first.kind != "name" and (piece.kind is Kind.CLIENT or lower in CLIENT_COMMANDS):
            self._error("client-command", line, first.raw, f"{first.raw} is a command of the mysql client")
            return
        if first.kind != "word":
            return
        if not piece.last or len(piece.data) > MOST_BYTES:
            self._add(
                "unread-statement",
                Severity.WARNING,
                line,
                first.text,
                f"the {first.text} is longer than {MOST_BYTES} bytes: only its beginning was read",
                "Look at it by hand.",
            )
        words = [token.text for token in tokens if token.kind == "word"]
        self._accounts_and_server(line, words, tokens)
        self._files_and_charsets(line, words, tokens)
        self._databases(line, words, tokens)

    def _accounts_and_server(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        first, second = words[0], words[1] if len(words) > 1 else ""
        start = " ".join(words[:2])
        if first in ("GRANT", "REVOKE"):
            self._error("account", line, first, f"{first} changes what accounts may do")
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
            self._error("remote-table", line, start, f"{start} is about another server")
        elif first in ("PREPARE", "EXECUTE", "DEALLOCATE", "BINLOG"):
            self._error("dynamic-sql", line, first, f"{first} runs text that can't be read before")
        elif first in ("CALL", "DO", "HANDLER"):
            self._add("runs-routine", Severity.WARNING, line, first, f"{first} runs code of the restored database")
        elif first in _SERVER_WORDS and second not in _HARMLESS_STARTS:
            if _REPLICATION & set(words[1:3]):
                self._error("replication", line, start, f"{start} changes what the server replicates")
            else:
                self._error("server-control", line, first, f"{first} acts on the whole server")

    def _set(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        scopes = {word for word in words if word in ("GLOBAL", "PERSIST", "PERSIST_ONLY")}
        if not scopes:
            return
        assigned = sum(1 for token in tokens if token.text == "=" and token.kind == "mark")
        if words[1:3] == ["GLOBAL", "GTID_PURGED"] and assigned == 1:
            self._add(
                "gtid-purged",
                Severity.INFO,
                line,
                "GTID_PURGED",
                "the script sets GTID_PURGED of the whole server",
                "It is left out where the target is a disposable server.",
            )
            return
        if words[1:3] == ["GLOBAL", "INNODB_STATS_AUTO_RECALC"] and assigned == 1:
            self._add(
                "innodb-stats",
                Severity.INFO,
                line,
                "INNODB_STATS_AUTO_RECALC",
                "the script switches InnoDB's statistics for the whole server, as --all-databases does",
                "It is left out where the target is a disposable server.",
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
                        "Look at it before the restored database is used.",
                    )
            return
        for pair in (("INTO", "OUTFILE"), ("INTO", "DUMPFILE"), ("LOAD", "DATA"), ("LOAD", "XML")):
            if pair in itertools.pairwise(words):
                text = " ".join(pair)
                self._error("file-access", line, text, f"{text} reads or writes files of the server")
        if "LOAD_FILE" in words:
            self._error("file-access", line, "LOAD_FILE", "LOAD_FILE reads files of the server")
        if words[0] in ("CREATE", "ALTER"):
            for place in ("DATA", "INDEX"):
                if (place, "DIRECTORY") in itertools.pairwise(words):
                    text = f"{place} DIRECTORY"
                    self._error("file-access", line, text, f"{text} puts a table's files outside of the data directory")
            if words[1:2] in (["TABLESPACE"], ["LOGFILE"], ["UNDO"]):
                text = " ".join(words[:2])
                self._error("file-access", line, text, f"{text} makes files on the server")
            engine = value_of(tokens, "ENGINE")
            if engine.upper() in _REMOTE_ENGINES:
                self._error("remote-table", line, engine, f"a table of engine {engine} gets its rows from elsewhere")
        for option in ("NAMES", "CHARACTER_SET_CLIENT"):
            value = value_of(tokens, option) if words[0] == "SET" else ""
            if value.upper() in _UNSAFE_CHARSETS:
                self._error(
                    "unsafe-charset",
                    line,
                    value,
                    f"in the character set {value} a byte of a character can look like a quote, so the script can't "
                    "be read safely",
                )

    def _databases(self, line: int, words: list[str], tokens: Sequence[Token]) -> None:
        dropped, self._dropped = self._dropped, None
        if (created := created_database(tokens)) is not None:
            if dropped is not None and dropped.subject == created:
                # --add-drop-database: the pair is how a part begins, and neither of them is handed to the client.
                self.findings.remove(dropped)
            self._add(
                "use-database", Severity.INFO, line, created, f"the script creates the database {created} itself", ""
            )
            return
        if words[0] in ("ALTER", "DROP") and words[1:2] in (["DATABASE"], ["SCHEMA"]):
            index = 4 if words[2:4] == ["IF", "EXISTS"] else 2
            if index < len(tokens) and tokens[index].text != "CHARACTER":
                self._other(line, name_at(tokens, index)[1], " ".join(words[:2]))
                self._dropped = self.findings[-1] if words[0] == "DROP" else None
            return
        for database in targets(words, tokens):
            self._other(line, database, words[0])
        for index, token in enumerate(tokens):
            if token.text == "REFERENCES" and token.kind == "word" and words[0] in ("CREATE", "ALTER"):
                referenced = name_at(tokens, index + 1)[0]
                if referenced is not None:
                    self._other(line, referenced, "a foreign key", Severity.WARNING)


def computed_value_findings(computed: Iterable[tuple[int, str, str]]) -> list[ScriptFinding]:
    """Findings for values that an INSERT computes, from what the row reader came across.

    Args:
        computed: line, the function or keyword, and the database of the part.
    """
    found: list[ScriptFinding] = []
    for line, word, database in computed:
        dangerous = word in ("LOAD_FILE", "SELECT", "SLEEP", "BENCHMARK", "GET_LOCK", "WITH", "TABLE")
        found.append(
            ScriptFinding(
                "computed-value",
                Severity.ERROR if dangerous else Severity.WARNING,
                line,
                word,
                f"an INSERT computes a value with {word}, so its rows are not what the script says",
                _REMEDY.format(code="computed-value") if dangerous else "Tools that dump write plain values.",
                database,
            )
        )
    return found


def findings_for(
    findings: Iterable[ScriptFinding], database: str, allowed: frozenset[str] = frozenset()
) -> tuple[ScriptFinding, ...]:
    """The findings that count when one database is restored out of a script.

    What stands in the part of another database is cut out before the load (rewrite.py), so it does no harm;
    naming the own database is no reach beyond it.

    Args:
        findings: all findings of the script.
        database: the database that is wanted, as the script names it.
        allowed: codes that the operator allows; they become warnings.
    """
    chosen: list[ScriptFinding] = []
    for finding in findings:
        if finding.database not in ("", database) or finding.code == "use-database":
            continue
        if finding.code == "other-database" and finding.subject == database:
            continue
        if finding.code in allowed and finding.severity is Severity.ERROR:
            finding = ScriptFinding(
                finding.code,
                Severity.WARNING,
                finding.line,
                finding.subject,
                finding.message,
                "It was allowed by name.",
                finding.database,
            )
        chosen.append(finding)
    return tuple(chosen)

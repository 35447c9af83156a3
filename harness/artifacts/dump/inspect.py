"""Reading a script once and finding everything about it, without a server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.artifacts.dump.codes import computed_value_findings
from harness.artifacts.dump.content import ScriptVisitor
from harness.artifacts.dump.headers import WITH_LAST_LINE, Header
from harness.artifacts.dump.model import DumpInfo, DumpOptions, Mention, ScriptFinding
from harness.artifacts.dump.not_sql import ForeignText, described
from harness.artifacts.dump.safety import Safety
from harness.artifacts.dump.source import ScriptSource, open_script, source_name
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.tokens import Token, starts_with
from harness.artifacts.dump.walk import created_database, walk

_NO_LAST_LINE = {"mysqlpump": 'no "-- Dump end time" line', "Adminer": "no last line with the time"}
_KEPT_PER_TABLE = frozenset({"OLD_AUTOCOMMIT"})
"""What MariaDB's tool saves and restores around the rows of each table since version 11, `--compact` or not."""
_COLLATION = re.compile(r"COLLATE|COLLATION_CONNECTION|COLLATION_SERVER|COLLATION_DATABASE")
_CHARSET = re.compile(r"CHARSET|CHARACTER_SET_CLIENT|CHARACTER_SET_RESULTS|CHARACTER_SET_CONNECTION")


def inspect(source: ScriptSource) -> DumpInfo:
    """Read a script once and find everything that can be known about it.

    Args:
        source: a file or an open binary stream, compressed or not.

    Returns:
        What the script holds. A script that was cut short is not an error here: `complete` says so.

    Raises:
        UsageError: the file can't be read, or is something else.
        BrokenArtifact: its compression is damaged.
    """
    return examine(source)[0]


def examine(source: ScriptSource) -> tuple[DumpInfo, tuple[ScriptFinding, ...]]:
    """As `inspect`, and in the same reading everything that must not run (safety.py).

    What counts depends on the database that is wanted: `safety.findings_for` selects.
    """
    inspector = Inspector(source_name(source))
    safety = Safety()
    walk(open_script(source), inspector, safety)
    computed = computed_value_findings(inspector.content.computed)
    return inspector.info(), tuple(sorted((*safety.findings, *computed), key=lambda finding: finding.line))


class Inspector:
    """The visitor behind `inspect`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.content = ScriptVisitor()
        self._size = 0
        self._line_breaks = 0
        self._last_byte = b""
        self._header = Header()
        self._second_header_line = 0
        self._after_footer = self._footer_is_cut = False
        self._keys_ever_off = False
        self._in_transaction = self._committed = self._keys_off = False
        self._saved: set[str] = set()
        self._restored: set[str] = set()
        self._cut_at: int | None = None
        self._foreign: ForeignText | None = None
        self._foreign_line = 0
        self._charsets: dict[str, dict[str, int]] = {}
        self._collations: dict[str, dict[str, int]] = {}
        self._engines: dict[str, dict[str, int]] = {}
        self._sql_modes: dict[str, dict[str, int]] = {}
        self._largest = (0, 0)
        self._statement_bytes = 0
        self._statements = 0
        self._gtid: list[int] = []
        self._log_bin: list[int] = []
        self._sandbox: tuple[int, str] | None = None
        self._unread_delimiter: int | None = None
        self._add_drop = self._add_locks = False
        self._time_zone: str | None = None
        self._names: str | None = None

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of one piece."""
        self._size += len(piece.data)
        if b"\n" in piece.data:  # a tenth of the time of counting; mostly there is none
            self._line_breaks += piece.data.count(b"\n")
        if piece.kind is Kind.CLIENT and self._unread_delimiter is None and starts_with(tokens, "DELIMITER"):
            lead = piece.data[: len(piece.data) - len(piece.data.lstrip())].split(b"\n")[:-1]
            whole = lead if self._last_byte in (b"", b"\n") else lead[1:]  # the first ends the line before
            self._unread_delimiter = piece.line if any(whole) else None
        self._last_byte = piece.data[-1:] or self._last_byte
        if piece.kind is Kind.COMMENT:
            self._comment(piece)
        elif piece.kind is Kind.SANDBOX:
            self._sandbox = (piece.line, "/*M!" if b"/*M!" in piece.data else "/*!")
        elif piece.kind is Kind.STATEMENT:
            self._statement(piece, tokens)
        elif piece.kind is Kind.FOREIGN and piece.first:
            self._not_sql(piece)
        if piece.last and not piece.ended:
            self._cut_at = piece.line
        self.content.visit(piece, tokens)

    def _not_sql(self, piece: Piece) -> None:
        if (at := piece.data.find(b"-- ")) >= 0:
            self._comment_line(piece.data[at:], piece.line)  # a prompt or a counter stands before the tool's own line
        if self._foreign is None:
            self._foreign = ForeignText(piece.line, described(piece.data))
        elif piece.line != self._foreign_line:
            self._foreign = replace(self._foreign, lines=self._foreign.lines + 1)
        self._foreign_line = piece.line

    def _comment(self, piece: Piece) -> None:
        if piece.first:
            self._comment_line(piece.data.removeprefix(b"\xef\xbb\xbf").lstrip(), piece.line)

    def _comment_line(self, comment: bytes, line: int) -> None:
        line_kind = self._header.comment(comment.decode("utf-8", "surrogateescape"))
        if line_kind == "header":
            self._second_header_line = line if self._header.headers == 2 else self._second_header_line
            self.content.new_dump()
        elif line_kind == "cut":
            self._footer_is_cut = True
        elif line_kind == "footer":
            self._after_footer = False
            self.content.end_dump()

    def _statement(self, piece: Piece, tokens: Sequence[Token]) -> None:
        self._after_footer = True
        if piece.first:
            self._statements += 1
            self._statement_bytes = 0
        if not piece.head:
            self._statement_bytes += len(piece.data)
            if piece.last:
                self._measure(self._statement_bytes, piece.line)
        if tokens:
            self._settings(piece, tokens)
            self._vocabulary(piece.line, tokens)
            words = [token.text for token in tokens[:4] if token.kind == "word"]
            if words[:2] == ["START", "TRANSACTION"]:
                self._in_transaction = True
            elif words[:1] == ["COMMIT"]:
                self._in_transaction, self._committed = False, True
            elif words[:2] == ["DROP", "TABLE"]:
                self._add_drop = True
            elif words[:2] == ["LOCK", "TABLES"]:
                self._add_locks = True

    def _measure(self, size: int, line: int) -> None:
        if size > self._largest[0]:
            self._largest = (size, line)

    def _settings(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """SET statements: what is kept and restored, the time zone, GTIDs, binary logging."""
        if not starts_with(tokens, "SET"):
            return
        words = [token.text for token in tokens if token.kind == "word"]
        if "GTID_PURGED" in words:
            self._gtid.append(piece.line)
        if "SQL_LOG_BIN" in words:
            self._log_bin.append(piece.line)
        if words[1:2] == ["FOREIGN_KEY_CHECKS"]:
            self._keys_off = any(token.text in ("0", "OFF") for token in tokens)
        self._keys_ever_off |= "FOREIGN_KEY_CHECKS" in words and any(token.text in ("0", "OFF") for token in tokens)
        if words[1:2] == ["NAMES"] and len(tokens) > 2:
            self._names = tokens[2].raw.lower()
        if words[1:2] == ["TIME_ZONE"] and piece.delimiter == b";":  # that of an event stands between other delimiters
            zone = next((token.text for token in tokens if token.kind == "text"), None)
            self._time_zone = self._time_zone or zone
        for index, token in enumerate(tokens[:-1]):
            if token.text == "@" and tokens[index + 1].text.startswith("OLD_"):
                kept = tokens[index + 1].text
                is_target = index + 2 < len(tokens) and tokens[index + 2].text == "="
                (self._saved if is_target else self._restored).add(kept)

    def _vocabulary(self, line: int, tokens: Sequence[Token]) -> None:
        """Collations, character sets, engines and SQL modes that a statement names, by the database that it is for."""
        created = created_database(tokens)
        database = self.content.current_database if created is None else created
        for index, token in enumerate(tokens[:-1]):
            if token.kind != "word":
                continue
            word = token.text
            following = tokens[index + 1]
            if following.text == "=" and following.kind == "mark" and index + 2 < len(tokens):
                following = tokens[index + 2]
            if following.kind == "mark":
                continue
            value = following.raw.lower()
            if _COLLATION.fullmatch(word):
                self._collations.setdefault(value, {}).setdefault(database, line)
            elif (
                _CHARSET.fullmatch(word)
                or (word == "NAMES" and index == 1)
                or (word == "SET" and index and tokens[index - 1].text in ("CHARACTER", "CHAR"))
            ):
                self._charsets.setdefault(value, {}).setdefault(database, line)
            elif word == "SQL_MODE" and tokens[0].text == "SET" and following.kind == "text":
                for mode in following.text.split(","):
                    self._sql_modes.setdefault(mode.strip().upper(), {}).setdefault(database, line)
            elif word == "ENGINE":
                self._engines.setdefault(following.raw, {}).setdefault(database, line)

    def _completeness(self) -> tuple[bool | None, str]:
        if self._cut_at is not None:
            return False, f"ends inside a statement that started on line {self._cut_at}"
        if not self._size:
            return False, "is empty"
        if self._footer_is_cut:
            return False, 'ends inside its last line, "-- Dump completed"'
        header, footers = self._header, len(self._header.finished)
        commented = header.commented and header.tool in WITH_LAST_LINE
        if commented and footers < max(1, header.headers):
            return False, _NO_LAST_LINE.get(header.tool, 'no "-- Dump completed" line')
        if commented and self._after_footer:
            return False, 'statements follow the last "-- Dump completed" line'
        if not self._statements:
            return False, "contains no statement"
        if commented:
            return True, ""
        lost = sorted(self._saved - self._restored)
        if lost:
            return False, f"ends before the settings of its header are restored ({', '.join(lost)})"
        if self._in_transaction:
            return False, "ends inside a transaction: its COMMIT is missing"
        if not header.commented:
            return None, "comments are off, so it is unknown whether the tool finished"
        if header.tool == "Navicat" and self._keys_off:
            return False, "ends before foreign key checks are switched on again"
        if self._restored or self._committed or header.tool == "Navicat":
            return True, ""
        return None, f"{header.tool} writes no last line, so it is unknown whether it finished"

    def info(self) -> DumpInfo:
        """What was read, when all pieces were seen."""
        content = self.content
        self._measure(*content.largest_statement)
        complete, why = self._completeness()
        header = self._header
        server, made_for = header.server, header.databases[0] if header.databases else ""
        flavour = "unknown"
        if server:
            flavour = "mariadb" if "mariadb" in server.lower() else "mysql"
        commented = header.commented
        databases = content.databases(made_for)
        kinds = {item.kind for database in databases for item in database.objects}
        options = DumpOptions(
            extended_insert=content.extended_insert,
            complete_insert=content.complete_insert,
            hex_blob=content.hex_blob,
            comments=commented,
            dump_date=None if not header.finished else header.finished[-1] is not None,
            tz_utc=self._time_zone == "+00:00",
            time_zone=self._time_zone,
            compact=not commented and self._saved <= _KEPT_PER_TABLE and not self._add_locks and not self._add_drop,
            databases=any(database.used for database in databases),
            data=any(database.rows for database in databases) or self._add_locks,
            create_info=any(table.defined for database in databases for table in database.tables),
            add_drop_table=self._add_drop,
            routines=bool(kinds & {"procedure", "function"}),
            events="event" in kinds,
            insert_ignore=content.insert_ignore,
            replace=content.replace,
            set_gtid_purged=bool(self._gtid),
            charset=self._names,
            quote_names=not content.bare_names,
            create_options=content.create_options,
        )
        return DumpInfo(
            source=self._source,
            size_bytes=self._size,
            lines=self._line_breaks + (self._last_byte not in (b"", b"\n")),
            tool=header.tool,
            tool_version=header.version,
            server_version=server,
            flavour=flavour,
            header_database=made_for,
            header_databases=tuple(header.databases),
            finished_at=header.finished[-1] if header.finished else header.made_at,
            complete=complete,
            incomplete_because=why,
            databases=databases,
            charsets=_mentions(self._charsets),
            collations=_mentions(self._collations),
            engines=_mentions(self._engines),
            sql_modes=_mentions(self._sql_modes),
            definers=_mentions(content.definers),
            largest_statement_bytes=self._largest[0],
            largest_statement_line=self._largest[1],
            gtid_lines=tuple(self._gtid),
            log_bin_lines=tuple(self._log_bin),
            sandbox_line=None if self._sandbox is None else self._sandbox[0],
            sandbox_spelling="" if self._sandbox is None else self._sandbox[1],
            options=options,
            uncounted_lines=tuple(content.uncounted),
            foreign=self._foreign,
            finishes=tuple(header.finished),
            second_header_line=self._second_header_line if content.replaced else 0,
            keys_follow=content.keys_follow,
            referenced=() if self._keys_ever_off else _mentions(content.referenced),
            qualified=tuple(Mention(name, line) for name, line in content.qualified.items()),
            not_utf8_line=content.not_utf8_line,
            unquoted_line=content.unquoted_line,
            unread_delimiter_line=self._unread_delimiter,
        )


def _mentions(found: dict[str, dict[str, int]]) -> tuple[Mention, ...]:
    return tuple(Mention(name, min(lines.values()), lines) for name, lines in sorted(found.items()))

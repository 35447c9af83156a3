"""What a script holds: databases, tables with their rows, and the objects around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.artifacts.dump.collected import DatabaseContent, TableContent
from harness.artifacts.dump.ddl import COUNTER, parse_create_table
from harness.artifacts.dump.encoding import (
    MOST_COUNTED,
    MOST_ROWS,
    count_twice_encoded,
    find_bytes,
    may_be_twice_encoded,
)
from harness.artifacts.dump.model import ColumnInfo, DatabaseInfo, ObjectInfo
from harness.artifacts.dump.rows import Rows
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.tokens import Token, account_at, name_at, past_existence, starts_with
from harness.artifacts.dump.unquoted import CHECKED_ROWS, find_unquoted
from harness.artifacts.dump.values import BINARY_TYPES, columns_of_row, parse_row
from harness.artifacts.dump.walk import Head, Heads, created_database, unquote, used_database
from harness.base.guide import EXCLUDABLE_TABLES

_ROWS_SECTION = re.compile(rb"^-- Dumping data for table (`(?:[^`]|``)+`|\S+)", re.MULTILINE)
_UTF8 = frozenset(("utf8mb4", "utf8mb3", "utf8"))
_OBJECTS = ("VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "PACKAGE")


class ScriptVisitor:
    """The visitor that collects what a script holds."""

    def __init__(self) -> None:
        self._says_utf8 = False
        self._twice_encoded = False  # in the piece before: its last row ends in this one
        self.not_utf8_line: int | None = None
        self.unquoted_line: int | None = None
        self._databases: dict[str, DatabaseContent] = {}
        self._current = ""
        self._heads = Heads()
        self._rows = Rows()
        self._head: Head | None = None
        self._table: TableContent | None = None
        self._longest = (0, 0)
        self._many_rows = self._single_rows = False
        self._with_list = self._without_list = False
        self._hex = self._binary_text = False
        self.insert_ignore = self.replace = False
        self.definers: dict[str, dict[str, int]] = {}
        self.bare_names = False
        self.uncounted: list[int] = []
        self.computed: list[tuple[int, str, str]] = []  # line, word, database
        self.qualified: dict[str, int] = {}  # databases that names of tables name, each with its first line
        self._drops: set[tuple[str, str, str]] = set()  # database, kind and name of what was dropped so far
        self._first_drops: dict[tuple[int, str, str], frozenset[str]] = {}
        self.keys_follow = False  # keys are added to tables behind their rows
        self.referenced: dict[str, dict[str, int]] = {}  # tables that foreign keys refer to: by name, by database
        self.replaced = False  # a table that has rows was dropped by another dump in the same file
        self._dump = 0
        self._chosen_anew = False  # a USE since the last footer: it is for the dump whose header follows

    @property
    def current_database(self) -> str:
        """The database whose part is being read; empty before the first `USE`."""
        return self._current

    def new_dump(self) -> None:
        """A tool's header: what follows belongs to no database, unless one was chosen right before (Workbench)."""
        self._dump += 1
        if not self._chosen_anew:
            self._current = ""

    def end_dump(self) -> None:
        """A tool's last line."""
        self._chosen_anew = False

    # -- pieces

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of one piece."""
        if piece.head:
            self._insert(piece)
        elif piece.kind is Kind.COMMENT and (match := _ROWS_SECTION.search(piece.data)) is not None:
            self._rows_section(unquote(match.group(1)))
        elif tokens and (piece.kind in (Kind.STATEMENT, Kind.CLIENT)):
            self._statement(piece, tokens)

    def _database(self, name: str | None, line: int, *, used: bool = False) -> DatabaseContent:
        key = self._current if name is None else name
        if key not in self._databases:
            self._databases[key] = DatabaseContent(key, line, used=used)
        self._databases[key].used |= used
        return self._databases[key]

    def _statement(self, piece: Piece, tokens: Sequence[Token]) -> None:
        if (used := used_database(piece, tokens)) is not None:
            self._current = used
            self._chosen_anew = True
            self._database(used, piece.line, used=True)
            return
        if (created := created_database(tokens)) is not None:
            self._database(created, piece.line, used=True)
            if self._current in ("", created):  # whoever makes a database and chooses none means this one
                self._current = created
                self._chosen_anew = True
            return
        if tokens[0].kind != "word":
            return
        if starts_with(tokens, "SET", "NAMES") and len(tokens) > 2:
            self._says_utf8 = tokens[2].raw.lower() in _UTF8
        elif starts_with(tokens, "LOCK", "TABLES"):
            self._rows_section(name_at(tokens, 2)[1])
        if tokens[0].text == "CREATE":
            self._create(piece, tokens)
        elif tokens[0].text in ("INSERT", "REPLACE", "LOAD"):
            self.uncounted.append(piece.line)
        elif tokens[0].text == "DROP":
            self._drop(tokens)
        elif tokens[0].text == "ALTER" and len(tokens) > 3 and tokens[1].text == "TABLE":
            self._alter(piece, tokens)

    def _rows_section(self, table: str) -> None:
        if self._current in self._databases:
            self._databases[self._current].rows_sections.add(table)

    def _create(self, piece: Piece, tokens: Sequence[Token]) -> None:
        definition = parse_create_table(tokens)
        if definition is not None:
            owner = self._database(definition.database, piece.line)
            self._note_references(piece, tokens)
            if definition.database is not None:
                self.qualified.setdefault(definition.database, piece.line)
            table = owner.table(definition.name, piece.line)
            table.dump = self._dump
            table.dropped = "TABLE" in self._dropped_before(owner.name, definition.name)
            table.line = piece.line
            table.definition = definition
            at = next(index for index, token in enumerate(tokens) if token.text == "TABLE")
            # Without --quote-names there are names without quotes, but for those that need them.
            self.bare_names |= tokens[at + 1].kind == "word" and tokens[at + 1].text not in ("IF", "LIKE")
            return
        definer: str | None = None
        for index, token in enumerate(tokens):
            if token.kind != "word":
                continue
            if token.text == "DEFINER" and index + 2 < len(tokens) and tokens[index + 1].text == "=":
                definer, _ = account_at(tokens, index + 2)
                self.definers.setdefault(definer, {}).setdefault(self._current, piece.line)
            elif token.text in _OBJECTS:
                break
        else:
            return
        kind = token.text.lower()
        behind = index + 1
        if kind == "package" and tokens[behind].text == "BODY":
            behind += 1
        database, name, behind = name_at(tokens, past_existence(tokens, behind))
        owner = self._database(database, piece.line)
        # A real view always names who it runs as; one that happens to select a constant is no placeholder.
        placeholder = kind == "view" and definer is None and _is_placeholder(tokens[behind:])
        dropped = kind.upper() in self._dropped_before(owner.name, name)
        owner.objects[kind, name] = ObjectInfo(kind, name, piece.line, definer, placeholder, dropped)
        if kind == "view" and name in owner.tables and not owner.tables[name].tally.rows:
            del owner.tables[name]  # before 5.7 (and MariaDB's before 10.5) a view's placeholder was a table

    def _alter(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """phpMyAdmin and others write keys behind the rows: they belong to the table as if they stood in its CREATE."""
        self._note_references(piece, tokens)
        database, name, _ = name_at(tokens, 2)
        key = self._current if database is None else database
        table = self._databases[key].tables.get(name) if key in self._databases else None
        if table is None or table.definition is None:
            return
        words = [token.text if token.kind == "word" else "" for token in tokens]
        self.keys_follow |= "ADD" in words and "KEY" in words
        for index in range(len(words) - 3):
            if words[index : index + 3] == ["ADD", "PRIMARY", "KEY"] and tokens[index + 3].text == "(":
                names: list[str] = []
                for token in tokens[index + 4 :]:
                    if token.text == ")":
                        break
                    if token.kind == "name" or (token.kind == "word" and token.text not in ("ASC", "DESC")):
                        names.append(token.text if token.kind == "name" else token.raw)
                table.definition = replace(table.definition, primary_key=tuple(names))
            elif words[index] == "AUTO_INCREMENT" and tokens[index + 1].text == "=":
                value = tokens[index + 2].raw if COUNTER.fullmatch(tokens[index + 2].raw) else None
                table.definition = replace(table.definition, auto_increment=int(value) if value else None)

    def _note_references(self, piece: Piece, tokens: Sequence[Token]) -> None:
        for index, token in enumerate(tokens[:-1]):
            if token.text == "REFERENCES" and token.kind == "word":
                database, name, _ = name_at(tokens, index + 1)
                owner = self._current if database is None else database
                self.referenced.setdefault(name, {}).setdefault(owner, piece.line)

    def _dropped_before(self, database: str, name: str) -> frozenset[str]:
        """As what the script dropped a table or view before it first created it, be it as a placeholder."""
        kinds = (kind for kind in ("TABLE", "VIEW") if (database, kind, name) in self._drops)
        return self._first_drops.setdefault((self._dump, database, name), frozenset(kinds))

    def _drop(self, tokens: Sequence[Token]) -> None:
        """A table that is dropped again was a placeholder; dropping what isn't there yet changes nothing.

        In a file that holds two dumps, the second one drops the tables of the first with their rows.
        """
        words = [token.text for token in tokens[:2]]
        if words[1:2] not in (["TABLE"], ["VIEW"]):
            return
        index = past_existence(tokens, 2)
        while index < len(tokens):
            database, name, index = name_at(tokens, index)
            key = self._current if database is None else database
            self._drops.add((key, words[1], name))
            tables = self._databases[key].tables if key in self._databases else {}
            table = tables.get(name)
            if words[1] == "TABLE" and table is not None and (not table.tally.rows or table.dump != self._dump):
                self.replaced |= bool(table.tally.rows)
                del tables[name]
            index += 1  # a comma

    # -- rows

    def _insert(self, piece: Piece) -> None:
        if piece.first:
            self._head = self._heads.of(piece)
            self._table = self._database(self._head.database, piece.line).table(self._head.table, piece.line)
            self._table.insert_columns = self._head.columns
            self.insert_ignore |= self._head.ignore
            self.replace |= self._head.replace
            if self._head.columns is None:
                self._without_list = True
            else:
                self._with_list = True
        table = self._table
        assert table is not None, "the first piece of an INSERT comes first"
        before = table.tally.rows
        rows = self._rows.feed(piece)
        if rows:
            if not table.checked:
                self._check_first_row(table, rows[0], piece)
            if self.unquoted_line is None:
                self.unquoted_line = find_unquoted(piece, rows[: max(1, CHECKED_ROWS - before)])
            table.tally.add(rows)
            if self._says_utf8 and self.not_utf8_line is None and table.rows_of_bytes < MOST_ROWS:
                self.not_utf8_line, seen = find_bytes(piece, rows, lambda count: self._columns(table, count))
                table.rows_of_bytes += seen
            if self._says_utf8 and table.twice_encoded < MOST_COUNTED:
                before_this, self._twice_encoded = self._twice_encoded, may_be_twice_encoded(piece.data)
                if before_this or self._twice_encoded:
                    table.twice_encoded += count_twice_encoded(piece, rows, lambda count: self._columns(table, count))
        if self._rows.oversized_rows:
            table.tally.add_hashes([digest for _, digest in self._rows.oversized_rows])
            table.tally.data_bytes += sum(size for size, _ in self._rows.oversized_rows)
            self._rows.oversized_rows.clear()
        if self._rows.longest_statement_bytes > self._longest[0]:
            self._longest = (self._rows.longest_statement_bytes, piece.line)
        if self._rows.computed:
            for word in sorted(self._rows.computed):
                self.computed.append((piece.line, word, self._current))
            self._rows.computed.clear()
        if piece.last and self._rows.tail:
            self.uncounted.append(piece.line)
            words = re.findall(rb"[A-Za-z_]+", self._rows.tail)[:4]
            self.computed.append((piece.line, " " + b" ".join(words).decode().upper(), self._current))
        if piece.last and piece.first:
            added = table.tally.rows - before
            self._single_rows |= piece.run and added > 1
            self._many_rows |= added > 1 and not piece.run
        elif not piece.first:
            self._many_rows |= table.tally.rows - before > 1

    def _columns(self, table: TableContent, count: int) -> list[ColumnInfo | None]:
        assert self._head is not None
        defined = () if table.definition is None else table.definition.columns
        return columns_of_row(count, self._head.columns, defined)

    def _check_first_row(self, table: TableContent, row: bytes, piece: Piece) -> None:
        table.checked = True
        values = parse_row(row[:_LONGEST_LOOK_BYTES], escapes=not piece.mode.no_backslash_escapes)
        columns = self._columns(table, len(values))
        if any(column is not None and column.generated for column in columns):
            table.generated_values_line = piece.line
        for value, column in zip(values, columns, strict=False):
            if value[0] == "text" and value[1] and (column is None or column.base_type in BINARY_TYPES):
                if len(value[1]) < _LONGEST_LOOK_BYTES // 4 and b"0x" + value[1].hex().encode() in row.lower():
                    self._hex = True
                elif column is not None or b"_binary" in row:
                    self._binary_text = True

    # -- results

    @property
    def largest_statement(self) -> tuple[int, int]:
        """Bytes and line of the largest INSERT."""
        return self._longest

    @property
    def extended_insert(self) -> bool | None:
        """Whether INSERTs hold several rows each; None if no table has several."""
        return True if self._many_rows else (False if self._single_rows else None)

    @property
    def complete_insert(self) -> bool | None:
        """Whether every INSERT lists its columns. Some do without the option: those with generated columns."""
        if self._without_list:
            return False
        if not self._with_list:
            return None
        return any(
            table.insert_columns is not None
            and table.definition is not None
            and not any(column.generated or column.invisible for column in table.definition.columns)
            for database in self._databases.values()
            for table in database.tables.values()
        )

    @property
    def create_options(self) -> bool:
        """Whether tables are written with what only MySQL knows, such as their engine."""
        defined = [
            table.definition
            for database in self._databases.values()
            for table in database.tables.values()
            if table.definition is not None
        ]
        return not defined or any(definition.engine is not None for definition in defined)

    @property
    def hex_blob(self) -> bool | None:
        """Whether binary columns are written as 0x…; None if no row shows."""
        return False if self._binary_text else (True if self._hex else None)

    def databases(self, header_name: str) -> tuple[DatabaseInfo, ...]:
        """The databases; the one that the script doesn't name gets the name from the header."""
        found: list[DatabaseInfo] = []
        for database in self._databases.values():
            known = set(database.tables)
            found.append(
                DatabaseInfo(
                    name=database.name or header_name,
                    used=database.used,
                    line=database.line,
                    tables=tuple(
                        database.tables[name].info(rows_section=name in database.rows_sections)
                        for name in sorted(database.tables)
                    ),
                    objects=tuple(database.objects[key] for key in sorted(database.objects)),
                    left_out=tuple(name for name in EXCLUDABLE_TABLES if name not in known),
                )
            )
        return tuple(found)


_LONGEST_LOOK_BYTES = 1 << 16
"""How much of a table's first row is decoded to see how its values are written."""


def _is_placeholder(tokens: Sequence[Token]) -> bool:
    """`AS SELECT 1 AS a, 1 AS b`: what mysqldump writes for a view until all tables are there (MariaDB: NULL)."""
    significant = [token for token in tokens if not (token.kind == "mark" and token.text == ";")]
    if [token.text for token in significant[:2]] != ["AS", "SELECT"]:
        return False
    body = significant[2:]
    for index in range(0, len(body), 4):
        item = body[index : index + 4]
        if len(item) < 3 or item[0].text not in ("1", "NULL") or item[1].text != "AS" or item[2].kind != "name":
            return False
        if len(item) == 4 and item[3].text != ",":
            return False
    return bool(body)

"""What `mysqldump --tab` writes, as one script: a `.sql` and a `.txt` for each table.

The `.txt` files are what `SELECT … INTO OUTFILE` writes: a line for each row, tabs between its values, `\\N` for
NULL, a backslash before what would be taken for one of these. Text stands there in its column's own character
set (mysqldump asks for `CHARACTER SET binary`). Here the rows become INSERTs, so that they are judged, loaded
and compared as every other script is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from harness.artifacts.dump.compression import CHUNK_BYTES
from harness.artifacts.dump.ddl import TableDefinition, parse_create_table
from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.source import Composed, open_script
from harness.artifacts.dump.statements import Kind
from harness.artifacts.dump.tokens import starts_with
from harness.artifacts.dump.values import BINARY_TYPES, codec_of, to_utf8
from harness.artifacts.dump.walk import pieces_with_tokens
from harness.base.errors import BrokenArtifact, UsageError

_ROW = re.compile(rb"((?:[^\\\n]|\\.)*+)\n", re.DOTALL)
_FIELD = re.compile(rb"((?:[^\\\t]|\\.)*+)(\t|\Z)", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}
"""MySQL manual, "LOAD DATA Statement": any other character stands for itself."""
_QUOTED = re.compile(rb"[\\'\0\n\r\x1a]")
_QUOTE = {b"\\": b"\\\\", b"'": b"\\'", b"\0": b"\\0", b"\n": b"\\n", b"\r": b"\\r", b"\x1a": b"\\Z"}
_UTF8 = frozenset(("utf8mb4", "utf8mb3", "utf8", "ascii", "binary"))
_STATEMENT_BYTES = 1 << 20
"""An INSERT gets no more rows beyond this; a server's smallest usual max_allowed_packet is 16 MiB."""
_SMALL_BYTES = 16 << 20
"""A `.sql` of one table is small: it holds one CREATE TABLE and its triggers."""
_HEADERS = (b"-- MySQL dump ", b"-- MariaDB dump ")
_BEGIN = (
    b"/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;\n"
    b"/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n"
)
_END = (
    b"/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;\n/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;\n"
)
_ZEROS_STAY = b"/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
"""As every other script of mysqldump says; without it a 0 in an AUTO_INCREMENT column gets a new number."""


@dataclass(frozen=True, slots=True)
class TabDirectory(Composed):
    """A directory that `mysqldump --tab` wrote.

    Args:
        directory: holds a `.sql` and a `.txt` for each table, a `.sql` for each view.
    """

    directory: Path

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.directory.name

    @property
    def files(self) -> tuple[Path, ...]:
        """All of its scripts and rows, by name."""
        return tuple(sorted(path for path in self.directory.iterdir() if path.suffix in (".sql", ".txt")))

    def chunks(self) -> Iterator[bytes]:
        """Tables with their rows, then what else there is, then views in an order in which they can be made.

        Raises:
            BrokenArtifact: a table lacks its rows, rows lack their table, or do not fit it.
            UsageError: it is no such directory, or its text can't be read.
        """
        scripts = {path.stem: _TabScript(path) for path in self.files if path.suffix == ".sql"}
        rows = {path.stem: path for path in self.files if path.suffix == ".txt"}
        if not scripts:
            raise UsageError(
                f"{self.directory} contains no .sql file: mysqldump --tab did not write it",
                "Give a directory that contains both a dump and a storage directory as BACKUP.",
            )
        if ownerless := sorted(rows.keys() - scripts.keys()):
            raise BrokenArtifact(f"{ownerless[0]}.txt has no {ownerless[0]}.sql that defines its columns")
        tables = [script for script in scripts.values() if script.table is not None]
        others = [script for script in scripts.values() if script.table is None and not script.view]
        footers = [script.footer for script in scripts.values()]
        yield next((script.header for script in scripts.values() if script.header), b"") + _BEGIN
        for script in tables:
            if script.path.stem not in rows:
                raise BrokenArtifact(
                    f"the rows of {script.path.stem} are missing: there is no {script.path.stem}.txt",
                    "The server writes them, mysqldump only the .sql: look on the server's own disk.",
                )
            yield from script.with_rows(rows[script.path.stem])
        for script in (*others, *_ordered([script for script in scripts.values() if script.view])):
            yield script.before + b"\n"
        yield _END
        if all(footers):
            yield footers[-1]


class _TabScript:
    """A `.sql` file: its first line, the part up to its CREATE TABLE, the part behind it, and its last line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table: TableDefinition | None = None
        self.view = ""
        self.header = self.before = self.after = self.footer = b""
        if path.stat().st_size > _SMALL_BYTES:
            raise UsageError(f"{path} has {path.stat().st_size} bytes: mysqldump --tab does not write its rows there")
        for piece, tokens in pieces_with_tokens(open_script(path)):
            if piece.kind is Kind.COMMENT and piece.data.lstrip().startswith(b"-- Dump completed"):
                self.footer = piece.data
                continue
            if piece.kind is Kind.COMMENT and piece.data.lstrip().startswith(_HEADERS):
                self.header = piece.data.lstrip()
                continue
            if starts_with(tokens, "SET", "NAMES") and len(tokens) > 2 and tokens[2].raw.lower() != "utf8mb4":
                raise UsageError(
                    f"{path} declares its rows in the character set {tokens[2].raw}",
                    "Dump it with --default-character-set=utf8mb4, the default.",
                )
            if self.table is None:
                self.before += piece.data
            else:
                self.after += piece.data
            if piece.first and starts_with(tokens, "CREATE"):
                self.table = self.table or parse_create_table(tokens)
                words = [token.text for token in tokens if token.kind == "word"][:12]
                if self.table is None and "VIEW" in words:
                    at = next(index for index, token in enumerate(tokens) if token.text == "VIEW")
                    self.view = tokens[at + 1].text

    def with_rows(self, path: Path) -> Iterator[bytes]:
        """The table, its rows, then its triggers: in this order they don't run for what is restored."""
        assert self.table is not None, "a script of a table"
        yield self.before + b"\n" + _ZEROS_STAY
        yield from _inserts(path, self.table)
        yield self.after + b"\n"


def _ordered(views: Sequence[_TabScript]) -> list[_TabScript]:
    """Views after those that their text names: --tab writes no placeholders for them."""
    by_name = {script.view: script for script in views}
    named = {
        name: {other for other in by_name if other != name and f"`{other}`".encode() in script.before}
        for name, script in by_name.items()
    }
    return [by_name[name] for name in TopologicalSorter(named).static_order()]


def _inserts(path: Path, table: TableDefinition) -> Iterator[bytes]:
    kept = [column for column in table.columns if not column.generated]
    head = b"INSERT INTO %b (%b) VALUES " % (_name(table.name), b",".join(_name(column.name) for column in kept))
    writers = {column.name: _writer(path, column, table) for column in kept}
    held: list[bytes] = []
    size = 0
    for number, row in enumerate(_rows(path), 1):
        values = _fields(row)
        columns = _columns(values, table.columns, kept)
        if columns is None:
            raise BrokenArtifact(
                f"row {number} of {path.name} has {len(values)} values, but its table has {len(table.columns)} columns",
                "Rows are read as --tab writes them by default, without --fields-… and --lines-… options.",
            )
        pairs = zip(values, columns, strict=True)
        held.append(b"(%b)" % b",".join(writers[c.name](value) for value, c in pairs if not c.generated))
        size += len(held[-1])
        if size > _STATEMENT_BYTES:
            yield head + b",".join(held) + b";\n"
            held, size = [], 0
    if held:
        yield head + b",".join(held) + b";\n"


def _columns(values: list[bytes], every: Sequence[ColumnInfo], kept: list[ColumnInfo]) -> Sequence[ColumnInfo] | None:
    """The columns of a row: `SELECT *` and the tools' own lists differ in the generated ones."""
    return next((columns for columns in (every, kept) if len(columns) == len(values)), None)


def _fields(row: bytes) -> list[bytes]:
    if b"\\\t" not in row:
        return row.split(b"\t")
    found = []
    for match in _FIELD.finditer(row):
        found.append(match.group(1))
        if not match.group(2):
            break
    return found


def _rows(path: Path) -> Iterator[bytes]:
    """The lines of a file, an escaped line break being none; one row is held in memory."""
    rest = b""
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            rest += data
            if b"\n" not in data:
                continue
            end = 0
            # Never a search: an unfinished row would be looked for from each of its bytes.
            while (match := _ROW.match(rest, end)) is not None:
                yield match.group(1)
                end = match.end()
            rest = rest[end:]
    if rest:
        raise BrokenArtifact(f"{path.name} is truncated: it ends inside a row", "Take the backup again.")


def _writer(path: Path, column: ColumnInfo, table: TableDefinition) -> Callable[[bytes], bytes]:
    """What makes a literal of a value as it stands in the file."""
    if column.base_type in BINARY_TYPES:
        return lambda value: b"NULL" if value == b"\\N" else b"0x" + _plain(value).hex().encode() if value else b"''"
    charset = column.charset or (column.collation or "").split("_")[0] or table.charset or "utf8mb4"
    codec = codec_of(charset)
    if codec is None and charset not in _UTF8 and column.base_type != "json":
        raise UsageError(
            f"{path.name}: the column {column.name} is in the unsupported character set {charset}",
            "Dump the table without --tab.",
        )

    def write(value: bytes) -> bytes:
        if value == b"\\N":
            return b"NULL"
        text = _plain(value)
        if codec is not None and not text.isascii():
            text = to_utf8(text, codec)
        return b"'" + _QUOTED.sub(lambda match: _QUOTE[match.group()], text) + b"'"

    return write


def _plain(value: bytes) -> bytes:
    if b"\\" not in value:
        return value
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match.group(1), match.group(1)), value)


def _name(name: str) -> bytes:
    return b"`" + name.encode("utf-8", "surrogateescape").replace(b"`", b"``") + b"`"

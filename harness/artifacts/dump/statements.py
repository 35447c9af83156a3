"""Cutting a script into statements, as the mysql client and the server would: a stream of pieces.

The rules are those of the client's own reader (`add_line` and `find_command` in mysql.cc): strings with
backslashes and doubled quotes, quoted identifiers, the three kinds of comments, versioned comments whose content
is code, `DELIMITER`, and the two SQL modes that change what a quote or a backslash means.

Joined, the pieces are the script, byte for byte. A statement is one piece; only an INSERT that is longer than
`part_bytes` comes in several, so that memory stays constant for one of 1 GiB.

A line that begins no statement is a piece of its own, up to its end: a message of a program that got into the script
would open a string with its first apostrophe, and swallow what follows.

The window on the script is `buffer.py`, finding a statement's end `reader.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from harness.artifacts.dump import fast, not_sql
from harness.artifacts.dump.buffer import Buffer
from harness.artifacts.dump.modes import ModeTracker
from harness.artifacts.dump.not_sql import CLIENT_COMMANDS, WITH_ARGUMENT
from harness.artifacts.dump.notes import INSIDE, NUL_INSIDE, ReaderNote, is_line_comment, opens_inside
from harness.artifacts.dump.reader import StatementReader
from harness.artifacts.dump.sqlmode import PLAIN_MODE, SqlMode

PART_BYTES = 1 << 18
"""An INSERT that is longer comes in several pieces of about this size."""
WHOLE_BYTES = 1 << 22
"""Every other statement comes in one piece up to this size, so that all of it is read; no tool writes a longer one."""


class Kind(Enum):
    """What a piece is."""

    STATEMENT = "statement"
    COMMENT = "comment"
    CLIENT = "client"  # a line that the client keeps for itself, such as DELIMITER
    SANDBOX = "sandbox"  # MariaDB's line that switches its client to sandbox mode
    BLANK = "blank"
    FOREIGN = "foreign"  # a line that is not SQL


class Piece(NamedTuple):
    """A part of a script; most statements are one piece.

    Attributes:
        kind: what it is; all pieces of one statement have the same.
        data: the bytes as they stand, blanks before the statement and its delimiter included.
        line: where the statement begins, its first byte that is not blank; from 1.
        offset: as `line`, in bytes of the decompressed script, from 0.
        first: the statement begins in this piece.
        last: the statement ends in this piece.
        ended: with `last`: its delimiter (or the end of the comment) was there; False at the end of the script.
        head: for an INSERT or REPLACE with values, everything up to and including the first parenthesis.
        run: the piece is a series of statements with the same `head`, each on its own line.
        delimiter: what ends a statement here.
        mode: the SQL mode under which it is read.
        notes: with `last`: what was noticed while reading the statement.
        plain: of an INSERT in which backslashes escape: the data with escaped quotes blanked out, if that was made.
    """

    kind: Kind
    data: bytes
    line: int
    offset: int
    first: bool = True
    last: bool = True
    ended: bool = True
    head: bytes = b""
    run: bool = False
    delimiter: bytes = b";"
    mode: SqlMode = PLAIN_MODE
    notes: tuple[ReaderNote, ...] = ()
    plain: bytes | None = None


_BLANKS = re.compile(rb"[ \t\r\n\f\v]*+")
_SANDBOX_BYTES = 256
_SANDBOX = re.compile(rb"/\*M?!999999\\- [^*\n]{0,200}\*/[ \t\r]{0,40}")
"""No longer than `_SANDBOX_BYTES`, so that what it is does not depend on how much of the script is in the buffer."""
_DELIMITER = re.compile(rb"delimiter[ \t]+([\"'`]?)([!#-&(-\[\]-_a-~]{1,15})\1[ \t\r]*\Z", re.IGNORECASE)
"""What both clients take for the same delimiter: they keep 15 bytes, and never find one that begins beyond ASCII."""
_WORD = re.compile(rb"[A-Za-z_?]+(?=[ \t\r\n;]|\Z)")
_LINE_BYTES = 1 << 16
"""Longest line of a client command that is looked for, and the longest head of an INSERT."""
_BOM = b"\xef\xbb\xbf"


class Scanner:
    """Reads chunks and yields pieces. One per script; see `scan`."""

    def __init__(self, chunks: Iterable[bytes], part_bytes: int, whole_bytes: int, foreign_lines: bool) -> None:
        self._part_bytes = part_bytes
        self._whole_bytes = max(part_bytes, whole_bytes)
        self._foreign_lines = foreign_lines
        self._buffer = Buffer(chunks)
        self._modes = ModeTracker()
        self._delimiter = b";"
        self._last = b"\n"  # the last byte that was handed out
        self._behind_comment = False  # the client keeps a comment for the statement that follows
        self._comment_end = -1  # offset; see StatementReader
        self._no_run_before = 0  # offset; see StatementReader.follow_run

    # -- the pieces

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of the script in order."""
        if self._buffer.need(3) and self._buffer.data.startswith(_BOM):
            self._buffer.at = 3  # the client skips it (read_and_execute in mysql.cc)
        while True:
            for piece in self._blanks():
                self._last = piece.data[-1:]
                yield piece
            if not self._buffer.need(1):
                if self._buffer.at > self._buffer.start:
                    line, offset = self._buffer.position()
                    yield Piece(Kind.BLANK, self._buffer.take(), line, offset)
                return
            for piece in self._one():
                self._last = piece.data[-1:]
                yield piece

    def _blanks(self) -> Iterator[Piece]:
        """Go over blanks; they stay in front of the statement that follows, unless they are many."""
        while True:
            match = _BLANKS.match(self._buffer.data, self._buffer.at)
            assert match is not None
            self._buffer.at = match.end()
            if self._buffer.at < len(self._buffer.data):
                return
            if self._buffer.held >= self._part_bytes:
                line, offset = self._buffer.position()
                yield Piece(Kind.BLANK, self._buffer.take(), line, offset)
            if not self._buffer.fill():
                return

    def _one(self) -> Iterator[Piece]:
        """Yield the pieces of what begins at the reading position."""
        self._buffer.need(max(8, len(self._delimiter)))
        data, at = self._buffer.data, self._buffer.at
        if data.startswith(self._delimiter, at):
            yield from self._statement()
        elif is_line_comment(data, at):
            yield from self._comment(b"\n")
        elif data.startswith((b"/*!", b"/*M!"), at):
            if data.startswith((b"/*!99999", b"/*M!9999"), at):
                self._buffer.need(_SANDBOX_BYTES)
                sandbox = _SANDBOX.match(self._buffer.data, self._buffer.at)
                if sandbox is not None:
                    line, offset = self._buffer.position()
                    self._buffer.at = sandbox.end()
                    yield Piece(Kind.SANDBOX, self._buffer.take(), line, offset)
                    return
            yield from self._statement()
        elif data.startswith(b"/*", at) and not data.startswith(b"/*+", at):
            self._behind_comment = True
            yield from self._comment(b"*/")
        elif (size := self._command_line()) > 0:
            line, offset = self._buffer.position()
            command = self._buffer.data[self._buffer.at : self._buffer.at + size]
            behind = b"\n" not in self._last + self._buffer.data[self._buffer.start : self._buffer.at]
            match = _DELIMITER.match(command)
            reason = "a client command behind other text" if behind or self._behind_comment else ""
            if command[:9].lower() == b"delimiter" and match is None:
                reason = reason or "a DELIMITER line of a form that no tool writes"
            notes = (ReaderNote("ambiguous", line, reason),) if reason else ()
            self._buffer.at += size
            yield Piece(Kind.CLIENT, self._buffer.take(), line, offset, delimiter=self._delimiter, notes=notes)
            if match is not None:
                self._delimiter = match.group(2)
        elif self._foreign_lines and (mark := not_sql.mark_at(data, at)):
            line, offset = self._buffer.position()
            self._buffer.at += mark
            yield Piece(Kind.FOREIGN, self._buffer.take(), line, offset)
        elif self._foreign_lines and not not_sql.may_begin(self._line(), self._delimiter):
            yield from self._comment(b"\n", Kind.FOREIGN)
        else:
            yield from self._statement()

    def _command_line(self) -> int:
        """Length of a line that the client keeps for itself; 0 if this is a statement.

        The client does so when a statement could begin, the line begins with the name of a command, and it holds
        no delimiter (except for DELIMITER).
        """
        self._buffer.need(32)
        word = _WORD.match(self._buffer.data, self._buffer.at)
        if word is None or (name := word.group().lower()) not in CLIENT_COMMANDS:
            return 0
        line = self._line()
        if len(line) >= _LINE_BYTES or (name != b"delimiter" and self._delimiter in line):
            return 0
        if (
            self._foreign_lines
            and len(line.split()) > (2 if name == b"use" else 1)
            and name not in WITH_ARGUMENT - {b"use"}
        ):
            return 0  # the client takes it for no command of its own either
        return len(line)

    def _line(self) -> bytes:
        """The line from the reading position on, without its end; of a longer one `_LINE_BYTES`."""
        while (end := self._buffer.data.find(b"\n", self._buffer.at, self._buffer.at + _LINE_BYTES)) < 0:
            if self._buffer.left >= _LINE_BYTES:
                return self._buffer.data[self._buffer.at : self._buffer.at + _LINE_BYTES]
            if not self._buffer.fill():
                end = len(self._buffer.data)
                break
        return self._buffer.data[self._buffer.at : end]

    def _comment(self, end: bytes, kind: Kind = Kind.COMMENT) -> Iterator[Piece]:
        line, offset = self._buffer.position()
        search = self._buffer.at + (len(end) if end == b"*/" else 0)
        first, tail = True, b""
        notes: tuple[ReaderNote, ...] = ()
        while (found := self._buffer.data.find(end, search)) < 0:
            keep = len(end) - 1
            self._buffer.at = max(search, len(self._buffer.data) - keep)
            if self._buffer.held >= self._part_bytes:
                data = self._buffer.take()
                notes = notes or self._inside(tail + data, end, line)
                yield Piece(kind, data, line, offset, first, last=False)
                first, tail = False, data[-2:]
            if not self._buffer.fill():
                self._buffer.at_end()
                data = self._buffer.take()
                notes = notes or self._inside(tail + data, end, line)
                yield Piece(kind, data, line, offset, first, ended=end == b"\n", notes=notes)
                return
            search = self._buffer.at
        self._buffer.at = found + len(end)
        if end == b"*/":
            self._comment_end = self._buffer.base + self._buffer.at
        data = self._buffer.take()
        notes = notes or self._inside(tail + data, end, line)
        yield Piece(kind, data, line, offset, first, notes=notes)

    @staticmethod
    def _inside(comment: bytes, end: bytes, line: int) -> tuple[ReaderNote, ...]:
        if end == b"\n":
            return (ReaderNote("ambiguous", line, NUL_INSIDE),) if b"\0" in comment else ()
        return (ReaderNote("ambiguous", line, INSIDE),) if opens_inside(comment) else ()

    def _statement(self) -> Iterator[Piece]:
        line, offset = self._buffer.position()
        head, run = b"", False
        self._behind_comment = False
        if self._delimiter == b";":
            head = self._insert_head()
        reader = StatementReader(self._buffer, self._modes, self._delimiter, head, line, self._comment_end)
        if head:
            self._buffer.at += len(head)
        first = True
        limit = self._part_bytes if head else self._whole_bytes
        while not (done := reader.read()):
            if self._buffer.held >= limit:
                reader.cut()
                yield self._piece(line, offset, first, False, False, head, run, reader)
                first = False
            if not self._buffer.fill():
                done = reader.read()  # now that nothing follows, the last bytes can be read
                if not done:
                    self._buffer.at_end()
                break
        if (
            head
            and first
            and done
            and self._buffer.base + self._buffer.at >= self._no_run_before
            and self._buffer.held < fast.SHORT_STATEMENT_BYTES
        ):
            # without extended inserts there is one statement per row: a series of them is one piece
            run = reader.follow_run()
            self._no_run_before = reader.no_run_before
        self._comment_end = reader.comment_end
        yield self._piece(line, offset, first, True, done, head, run, reader)

    def _piece(
        self,
        line: int,
        offset: int,
        first: bool,
        last: bool,
        ended: bool,
        head: bytes,
        run: bool,
        reader: StatementReader,
    ) -> Piece:
        mode, delimiter = self._modes.mode, self._delimiter
        plain = self._buffer.held_without_escapes() if head and not mode.no_backslash_escapes else None
        data = self._buffer.take()
        if first and not head:
            self._modes.statement(data.rstrip().removesuffix(delimiter) if ended else data, whole=last)
        notes = tuple(reader.notes) if last else ()
        if last and self._modes.unclear:
            notes += (ReaderNote("ambiguous", line, "an SQL mode that is computed"),)
            self._modes.unclear = False
        return Piece(Kind.STATEMENT, data, line, offset, first, last, ended, head, run, delimiter, mode, notes, plain)

    def _insert_head(self) -> bytes:
        """The beginning of an INSERT with values, up to its first parenthesis; b"" for anything else."""
        if not fast.MAY_BE_INSERT.match(self._buffer.data, self._buffer.at):
            return b""
        while True:
            match = fast.INSERT_HEAD.match(self._buffer.data, self._buffer.at, self._buffer.at + _LINE_BYTES)
            if match is not None:
                return match.group()
            if self._buffer.left >= _LINE_BYTES or not self._buffer.fill():
                return b""


def scan(
    chunks: Iterable[bytes], *, part_bytes: int = PART_BYTES, whole_bytes: int = WHOLE_BYTES, foreign_lines: bool = True
) -> Iterator[Piece]:
    """Cut a script into pieces.

    Args:
        chunks: the script, decompressed (see `source.open_script`).
        part_bytes: how long a piece of a long INSERT may become before it is handed out.
        whole_bytes: the same for every other statement.
        foreign_lines: tell lines that are not SQL from statements; else everything is read as the client reads it.

    Returns:
        The pieces in order; joined, they are the script.
    """
    return Scanner(chunks, part_bytes, whole_bytes, foreign_lines).pieces()

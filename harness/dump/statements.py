"""Cutting a script into statements, as the mysql client and the server would: a stream of pieces.

The rules are those of the client's own reader (`add_line` and `find_command` in mysql.cc): strings with
backslashes and doubled quotes, quoted identifiers, the three kinds of comments, versioned comments whose content
is code, `DELIMITER`, and the two SQL modes that change what a quote or a backslash means.

Joined, the pieces are the script, byte for byte. A statement is one piece unless it is longer than
`part_bytes`; then it comes in several, so that memory stays constant for an INSERT of 1 GiB.

How it is fast: an INSERT is not read character by character. Its end is a semicolon with an even number of
quotes before it, and counting bytes is what C does best; `fast.py` proves that nothing but strings and values
stood in between, else the careful reader does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from harness.dump import fast
from harness.dump.sqlmode import PLAIN_MODE, ModeTracker, SqlMode

PART_BYTES = 1 << 18
"""A statement that is longer comes in several pieces of about this size."""


class Kind(Enum):
    """What a piece is."""

    STATEMENT = "statement"
    COMMENT = "comment"
    CLIENT = "client"  # a line that the client keeps for itself, such as DELIMITER
    SANDBOX = "sandbox"  # MariaDB's line that switches its client to sandbox mode
    BLANK = "blank"


class Oddity(NamedTuple):
    """Something that the client would act on, or that two readers could understand differently.

    `code` is "client-escape" (a backslash outside a string) or "ambiguous"; `text` says what stands there.
    """

    code: str
    line: int
    text: str


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
        oddities: with `last`: what was noticed while reading the statement.
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
    oddities: tuple[Oddity, ...] = ()


CLIENT_COMMANDS = frozenset(
    b"? charset clear connect delimiter edit ego exit go help nopager notee nowarning pager print prompt "
    b"query_attributes quit rehash resetconnection sandbox source ssl_session_data_print status system tee use "
    b"warnings \\-".split()
)
"""The client's commands by name, MySQL 9 and MariaDB 11 (`help` in the client). At a statement's beginning only."""

_BLANKS = re.compile(rb"[ \t\r\n\f\v]*+")
_SANDBOX = re.compile(rb"/\*M?!999999\\- [^*\n]*\*/[ \t\r]*")
_DELIMITER = re.compile(rb"delimiter[ \t]+([\"'`]?)(\S+?)\1[ \t\r]*\Z", re.IGNORECASE)
_WORD = re.compile(rb"[A-Za-z_?]+")
_LINE_BYTES = 1 << 16
"""Longest line of a client command that is looked for, and the longest head of an INSERT."""
_ESCAPED = {
    quote: re.compile(rb"[^\\" + quote + rb"]*+(?:\\.[^\\" + quote + rb"]*+)*+", re.DOTALL) for quote in (b"'", b'"')
}
_MOST_ODDITIES = 20
"""Per statement; one is enough to refuse it."""
_MANY_SEMICOLONS = 50
_BOM = b"\xef\xbb\xbf"


def _stops(delimiter: bytes) -> re.Pattern[bytes]:
    """Skips what can't begin anything; bytes beyond ASCII are never special in the character sets allowed."""
    return re.compile(b"[^'\"`#/*\\\\\\-" + re.escape(delimiter[:1]) + b"]*+")


class Scanner:
    """Reads chunks and yields pieces. One per script; see `scan`."""

    def __init__(self, chunks: Iterable[bytes], part_bytes: int = PART_BYTES) -> None:
        self._chunks = iter(chunks)
        self._part_bytes = part_bytes
        self._buffer = b""
        self._start = 0  # of what was not yielded yet
        self._at = 0  # how far it was read
        self._base = 0  # offset of the buffer's first byte in the script
        self._line = 1  # of the byte at _start
        self._eof = False
        self._modes = ModeTracker()
        self._delimiter = b";"
        self._stop = _stops(b";")
        self._no_run_before = 0  # offset; see follow_run
        self._escaped = b""  # the buffer with escaped quotes blanked out, for INSERTs; b"" = not made yet

    # -- the buffer

    def _fill(self) -> bool:
        """Read one more chunk behind what is there; False at the end."""
        if self._eof:
            return False
        chunk = next(self._chunks, b"")
        if not chunk:
            self._eof = True
            return False
        self._base += self._start
        self._buffer = self._buffer[self._start :] + chunk
        self._at -= self._start
        self._start = 0
        self._escaped = b""
        return True

    def _need(self, size: int) -> bool:
        """Have `size` bytes from the reading position on, or everything up to the end."""
        while len(self._buffer) - self._at < size:
            if not self._fill():
                return False
        return True

    def _take(self) -> bytes:
        """What lies between _start and _at; it is done with."""
        data = self._buffer[self._start : self._at]
        self._line += data.count(b"\n")
        self._start = self._at
        return data

    # -- the pieces

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of the script in order."""
        if self._need(3) and self._buffer.startswith(_BOM):
            self._at = 3  # the client skips it (read_and_execute in mysql.cc)
        while True:
            yield from self._blanks()
            if not self._need(1):
                if self._at > self._start:
                    line, offset = self._position()
                    yield Piece(Kind.BLANK, self._take(), line, offset)
                return
            yield from self._one()

    def _blanks(self) -> Iterator[Piece]:
        """Go over blanks; they stay in front of the statement that follows, unless they are many."""
        while True:
            match = _BLANKS.match(self._buffer, self._at)
            assert match is not None
            self._at = match.end()
            if self._at < len(self._buffer):
                return
            if self._at - self._start >= self._part_bytes:
                line, offset = self._position()
                yield Piece(Kind.BLANK, self._take(), line, offset)
            if not self._fill():
                return

    def _position(self) -> tuple[int, int]:
        """Line and offset of the reading position."""
        return self._line + self._buffer.count(b"\n", self._start, self._at), self._base + self._at

    def _one(self) -> Iterator[Piece]:
        """Yield the pieces of what begins at the reading position."""
        self._need(max(8, len(self._delimiter)))
        buffer, at = self._buffer, self._at
        if buffer.startswith(self._delimiter, at):
            yield from self._statement()
        elif buffer.startswith(b"#", at) or (
            buffer.startswith(b"--", at) and buffer[at + 2 : at + 3] in (b" ", b"\t", b"\r", b"\n", b"", b"\0")
        ):
            yield from self._comment(b"\n")
        elif buffer.startswith((b"/*!", b"/*M!"), at):
            if buffer.startswith((b"/*!999999\\-"[:8], b"/*M!9999"), at):
                self._need(256)
                sandbox = _SANDBOX.match(self._buffer, self._at)
                if sandbox is not None:
                    line, offset = self._position()
                    self._at = sandbox.end()
                    yield Piece(Kind.SANDBOX, self._take(), line, offset)
                    return
            yield from self._statement()
        elif buffer.startswith(b"/*", at) and not buffer.startswith(b"/*+", at):
            yield from self._comment(b"*/")
        elif (size := self._command_line()) > 0:
            line, offset = self._position()
            command = self._buffer[self._at : self._at + size]
            self._at += size
            yield Piece(Kind.CLIENT, self._take(), line, offset, delimiter=self._delimiter)
            if (match := _DELIMITER.match(command)) is not None:
                self._delimiter = match.group(2)
                self._stop = _stops(self._delimiter)
        else:
            yield from self._statement()

    def _command_line(self) -> int:
        """Length of a line that the client keeps for itself; 0 if this is a statement.

        The client does so when a statement could begin, the line begins with the name of a command, and it holds
        no delimiter (except DELIMITER itself).
        """
        self._need(32)
        word = _WORD.match(self._buffer, self._at)
        if word is None or word.group().lower() not in CLIENT_COMMANDS:
            return 0
        while (end := self._buffer.find(b"\n", self._at, self._at + _LINE_BYTES)) < 0:
            if len(self._buffer) - self._at >= _LINE_BYTES:
                return 0
            if not self._fill():
                end = len(self._buffer)
                break
        line = self._buffer[self._at : end]
        if _DELIMITER.match(line) is None and self._delimiter in line:
            return 0
        return end - self._at

    def _comment(self, end: bytes) -> Iterator[Piece]:
        line, offset = self._position()
        search = self._at + (len(end) if end == b"*/" else 0)
        first = True
        while (found := self._buffer.find(end, search)) < 0:
            keep = len(end) - 1
            self._at = max(search, len(self._buffer) - keep)
            if self._at - self._start >= self._part_bytes:
                yield Piece(Kind.COMMENT, self._take(), line, offset, first, last=False)
                first = False
            if not self._fill():
                self._at = len(self._buffer)
                yield Piece(Kind.COMMENT, self._take(), line, offset, first, ended=end == b"\n")
                return
            search = self._at
        self._at = found + len(end)
        yield Piece(Kind.COMMENT, self._take(), line, offset, first)

    def _statement(self) -> Iterator[Piece]:
        line, offset = self._position()
        begin = self._at
        head, run = b"", False
        if self._buffer[begin : begin + 1] in b"IiRr" and self._delimiter == b";":
            head = self._insert_head()
            begin = self._at
        reader = _Reader(self, head)
        if head:
            self._at += len(head)
        first = True
        while not (done := reader.read()):
            if self._at - self._start >= self._part_bytes:
                yield self._piece(line, offset, first, False, False, head, run, reader)
                first = False
                begin = 0
            if not self._fill():
                self._at = len(self._buffer)
                break
        if head and first and done and self._at - self._start < fast.SHORT_STATEMENT_BYTES:
            # without extended inserts there is one statement per row: a series of them is one piece
            run = reader.follow_run()
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
        reader: _Reader,
    ) -> Piece:
        data = self._take()
        mode, delimiter = self._modes.mode, self._delimiter
        if first and last and not head and self._modes.statement(data):
            self._escaped = b""
        oddities = tuple(reader.oddities) if last else ()
        if last and self._modes.unclear:
            oddities += (Oddity("ambiguous", line, "an SQL mode that is computed"),)
            self._modes.unclear = False
        return Piece(
            Kind.STATEMENT,
            data,
            line,
            offset,
            first,
            last,
            ended,
            head,
            run,
            delimiter,
            mode,
            oddities,
        )

    def _insert_head(self) -> bytes:
        """The beginning of an INSERT with values, up to its first parenthesis; b"" for anything else."""
        if not fast.MAY_BE_INSERT.match(self._buffer, self._at):
            return b""
        while True:
            match = fast.INSERT_HEAD.match(self._buffer, self._at, self._at + _LINE_BYTES)
            if match is not None:
                return match.group()
            if len(self._buffer) - self._at >= _LINE_BYTES or not self._fill():
                return b""


class _Reader:
    """Finds the end of one statement; keeps what it is inside of between two fillings of the buffer."""

    def __init__(self, scanner: Scanner, head: bytes) -> None:
        self._scanner = scanner
        self._head = head
        self._quote = b""  # the byte that ends the string, or what ends the comment
        self._versioned = b""  # the opening of a versioned comment that is open
        self._careful = not head
        self.oddities: list[Oddity] = []

    def read(self) -> bool:
        """Read on from the scanner's position; True at the statement's end, False if more bytes are needed."""
        if not self._careful:
            done = self._leap()
            if not self._careful:
                return done
        return self._lex()

    # -- counting

    def _leap(self) -> bool:
        scanner = self._scanner
        text = self._without_escapes()
        begin = scanner._at
        in_string = bool(self._quote)
        limit = len(text)
        if not scanner._eof:
            limit -= limit - len(text.rstrip(b"\\-/"))  # what they mean depends on the next byte
            limit = max(limit, begin)
        part = text[begin:limit]
        if part.count(b";") > _MANY_SEMICOLONS and fast.only_strings_and_values(part, in_string, semicolons=False):
            # text full of semicolons: one proof that none of them is the end beats looking at each
            scanner._at = limit
            self._quote = b"'" if in_string ^ bool(part.count(b"'") & 1) else b""
            return False
        inside, position = in_string, begin
        while True:
            found = text.find(b";", position, limit)
            upto = limit if found < 0 else found
            inside ^= bool(text.count(b"'", position, upto) & 1)
            if found < 0 or not inside:
                break
            position = found + 1
        if not fast.only_strings_and_values(text[begin:upto], in_string):
            self._careful = True
            return False
        scanner._at = upto
        self._quote = b"'" if inside else b""
        if found < 0:
            return False
        scanner._at += 1
        return True

    def _without_escapes(self) -> bytes:
        """The buffer with escaped quotes blanked out, made once per filling."""
        scanner = self._scanner
        if scanner._modes.mode.no_backslash_escapes:
            return scanner._buffer
        if len(scanner._escaped) != len(scanner._buffer):
            scanner._escaped = fast.blank_escapes(scanner._buffer)
        return scanner._escaped

    def follow_run(self) -> bool:
        """After a short INSERT: go on over those that follow with the same head. True if there were any."""
        scanner = self._scanner
        joint = b"\n" + self._head
        begin = scanner._at
        if scanner._base + begin < scanner._no_run_before or b"'" in joint or b"\\" in joint:
            return False
        text = self._without_escapes()
        if not text.startswith(joint, begin):
            return False
        good = self._end_of_run(text, begin, re.compile(rb";(?!" + re.escape(joint) + rb")"))
        if good == begin or not self._is_series(text[begin:good], joint):
            scanner._no_run_before = scanner._base + len(text)  # once per filling is often enough to fail
            return False
        scanner._at = good
        return True

    def _end_of_run(self, text: bytes, begin: int, stop: re.Pattern[bytes]) -> int:
        """Behind the last semicolon outside of strings up to the first one that no further INSERT follows."""
        position, inside = begin, False
        while (match := stop.search(text, position)) is not None:
            inside ^= bool(text.count(b"'", position, match.start()) & 1)
            position = match.start() + 1
            if not inside:
                return position
        # the series goes on beyond the buffer: its last whole statement
        last = text.rfind(b";", position)
        if last < 0:
            return begin
        inside ^= bool(text.count(b"'", position, last) & 1)
        while inside:
            before = text.rfind(b";", begin, last)
            if before < 0:
                return begin
            inside ^= bool(text.count(b"'", before, last) & 1)
            last = before
        return last + 1

    def _is_series(self, text: bytes, joint: bytes) -> bool:
        """Whether `text` is whole INSERTs and nothing else. A joint inside of a string is harmless here."""
        return fast.only_strings_and_values(text.replace(joint, b"("), in_string=False)

    # -- character by character, in leaps over what can't matter

    def _lex(self) -> bool:
        scanner = self._scanner
        while True:
            if self._quote:
                if not self._close():
                    return False
                continue
            match = scanner._stop.match(scanner._buffer, scanner._at)
            assert match is not None
            scanner._at = match.end()
            if len(scanner._buffer) - scanner._at < max(8, len(scanner._delimiter)) and not scanner._eof:
                return False
            if scanner._at >= len(scanner._buffer):
                return False
            if self._step():
                return True

    def _close(self) -> bool:
        """Go to the end of the string or comment; False if it is not in the buffer."""
        scanner, quote = self._scanner, self._quote
        buffer, at = scanner._buffer, scanner._at
        mode = scanner._modes.mode
        escapes = not mode.no_backslash_escapes and (quote == b"'" or (quote == b'"' and not mode.ansi_quotes))
        if escapes:
            match = _ESCAPED[quote].match(buffer, at)
            assert match is not None
            scanner._at = match.end()
            if not buffer.startswith(quote, scanner._at):
                return False  # the end of the buffer, or a backslash before it
            scanner._at += 1
        else:
            found = buffer.find(quote, at)
            if found < 0:
                scanner._at = max(at, len(buffer) - len(quote) + 1)
                return False
            if quote == b'"' and b"\\" in buffer[at:found]:
                self._odd("ambiguous", "a backslash in a name in double quotes")
            scanner._at = found + len(quote)
        self._quote = b""
        return True

    def _step(self) -> bool:
        """Act on the byte at the scanner's position; True if the statement ends with it."""
        scanner = self._scanner
        buffer, at = scanner._buffer, scanner._at
        if buffer.startswith(scanner._delimiter, at):
            if self._versioned.startswith(b"/*M"):
                self._odd("ambiguous", "a statement that ends inside a /*M! comment")
            scanner._at += len(scanner._delimiter)
            return True
        byte = buffer[at : at + 1]
        if byte in (b"'", b'"', b"`"):
            if self._versioned.startswith(b"/*M"):
                self._check_foreign_comment(byte)
            self._quote = byte
            scanner._at += 1
        elif byte == b"#" or (byte == b"-" and buffer[at + 1 : at + 3] in (b"- ", b"-\t", b"-\r", b"-\n", b"-")):
            self._quote = b"\n"
            scanner._at += 1
        elif buffer.startswith((b"/*!", b"/*M!"), at):
            self._versioned = buffer[at : at + 4]
            scanner._at += 3
        elif buffer.startswith(b"/*", at):
            if buffer.startswith(b"/*+", at):
                self._check_hint()
            self._quote = b"*/"
            scanner._at += 2
        elif buffer.startswith(b"*/", at):
            self._versioned = b""
            scanner._at += 2
        elif byte == b"\\":
            follower = buffer[at + 1 : at + 2]
            if follower != b"N":  # \N is NULL
                self._odd("client-escape", "\\" + follower.decode("ascii", "backslashreplace"))
            scanner._at = min(at + 2, len(buffer))
        else:
            scanner._at += 1
        return False

    def _check_foreign_comment(self, quote: bytes) -> None:
        """To MySQL's client a /*M! comment is a comment: there a quote in it opens nothing."""
        scanner = self._scanner
        end = scanner._buffer.find(quote, scanner._at + 1)
        if end < 0 or b"*/" in scanner._buffer[scanner._at : end]:
            self._odd("ambiguous", "a string with */ inside a /*M! comment")

    def _check_hint(self) -> None:
        """The client runs backslash commands in an optimizer hint, and forgets that it is in one at a new line."""
        scanner = self._scanner
        end = scanner._buffer.find(b"*/", scanner._at)
        text = scanner._buffer[scanner._at : end if end >= 0 else len(scanner._buffer)]
        if end < 0 or b"\\" in text or b"\n" in text or scanner._delimiter in text:
            self._odd("ambiguous", "an optimizer hint with a backslash, a new line or a delimiter")

    def _odd(self, code: str, text: str) -> None:
        scanner = self._scanner
        line = scanner._line + scanner._buffer.count(b"\n", scanner._start, scanner._at)
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append(Oddity(code, line, text))


def scan(chunks: Iterable[bytes], *, part_bytes: int = PART_BYTES) -> Iterator[Piece]:
    """Cut a script into pieces.

    Args:
        chunks: the script, decompressed (see `source.open_script`).
        part_bytes: how long a piece of a long statement may become before it is handed out.

    Returns:
        The pieces in order; joined, they are the script.
    """
    return Scanner(chunks, part_bytes).pieces()

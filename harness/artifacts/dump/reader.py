"""Finding the end of one statement, as the mysql client would.

Two ways lead there. The careful one goes from one byte that can matter to the next. The fast one is for INSERTs:
the end is a semicolon with an even number of quotes before it, and counting bytes is what C does best; `fast.py`
proves that nothing but strings and values stood in between, else the careful one takes over.
"""

from __future__ import annotations

import re

from harness.artifacts.dump import fast
from harness.artifacts.dump.assigned import is_skipped
from harness.artifacts.dump.buffer import Buffer
from harness.artifacts.dump.modes import ModeTracker
from harness.artifacts.dump.notes import (
    DELIMITER_INSIDE,
    DOLLAR,
    INSIDE,
    MOST_NOTES,
    NUL_INSIDE,
    STAR_BEHIND,
    TORN,
    ReaderNote,
    is_line_comment,
    opens_inside,
)

_ESCAPED = {
    quote: re.compile(rb"[^\\" + quote + rb"]*+(?:\\.[^\\" + quote + rb"]*+)*+", re.DOTALL) for quote in (b"'", b'"')
}
_GARBLED = re.compile(rb"(?<!\\)(?:\\\\)*+\\[\n\0]")
"""A backslash, itself not escaped, before a line's end or a NUL byte. MySQL's client (9.7) drops the rest of the line
behind such a NUL byte, MariaDB's (10.11) the first byte of the next line: then strings and code change places."""
_END_OF_LINE = re.compile(rb";\n")  # an expression finds a rare first byte faster than bytes.find two bytes
_END = re.compile(rb";")
_VERSION = re.compile(rb"/\*!(\d*+)")
_DELIMITER_LINE = re.compile(rb"\n(?i:delimiter)")
_WORD_BYTE = re.compile(rb"[0-9A-Za-z_$\x80-\xff]")
_TORN = re.compile(rb"[\x80-\xff\\]|/\*(?:M!|\+)")
_COMMAND = re.compile(rb"[ \t\r\f\v]*+(?i:delimiter)")
_LEAST_AHEAD = 16
"""More than a delimiter has, or the word DELIMITER."""
_LOOK_AHEAD = 1 << 12
"""How far a string in a /*M! comment, and an optimizer hint, are followed; no tool writes longer ones."""


def _may_be_delimiter(head: bytes) -> bool:
    return b"delimiter".startswith(head.lower())


def _stops(delimiter: bytes) -> re.Pattern[bytes]:
    """Skips what can't begin anything; bytes beyond ASCII are never special in the character sets allowed."""
    return re.compile(b"[^'\"`#/*$:\\\\\\-" + re.escape(delimiter[:1]) + b"]*+")


class StatementReader:
    """Finds the end of one statement; keeps what it is inside of between two fillings of the buffer."""

    def __init__(
        self, buffer: Buffer, modes: ModeTracker, delimiter: bytes, head: bytes, line: int, comment_end: int
    ) -> None:
        self._buffer = buffer
        self._line = line  # where the statement begins
        self._line_head = b""  # of the line in which what was handed out ended
        self._modes = modes
        self._delimiter = delimiter
        self._stop = _stops(delimiter)
        self._head = head
        self._quote = b""  # the byte that ends the string, or what ends the comment
        self._versioned = b""  # the opening of a versioned comment that is open
        self._nested = False  # a comment was in it: to the client nothing but */ matters from there on
        self._skipped = False  # some server skips the versioned comment up to the first */
        self._careful = self._fresh = not head  # fresh: nothing but blanks and comments so far on this line
        self.notes: list[ReaderNote] = []
        if b"$" in head and any(name.startswith(b"$") for name in fast.NAME.findall(head)):
            self._note("ambiguous", DOLLAR)
        if _DELIMITER_LINE.search(head):
            self._note("ambiguous", DELIMITER_INSIDE)
        self.comment_end = comment_end  # offset behind the last comment, or behind a delimiter that follows it at once
        self.no_run_before = 0  # offset before which another try to follow a run would fail as well

    def read(self) -> bool:
        """Read on from the buffer's position; True at the statement's end, False if more bytes are needed."""
        if not self._careful:
            done = self._skip_ahead()
            if not self._careful:
                return done
        return self._lex()

    # -- counting

    def _skip_ahead(self) -> bool:
        buffer = self._buffer
        text = self._text()
        begin = buffer.at
        in_string = bool(self._quote)
        limit = len(text)
        if not buffer.eof:
            limit = max(begin, len(text.rstrip(b"\\-/:")))  # what these mean depends on the next byte
            if begin <= (line := text.rfind(b"\n", len(text) - 9)) and _may_be_delimiter(text[line + 1 :]):
                limit = line
        # dumping tools write a new line behind an INSERT, and none inside a string: try there first
        end = -1
        if text.find(b"\n", begin, limit) >= 0:  # much faster than an expression that finds nothing
            end = self._first_outside(text, _END_OF_LINE, begin, limit, in_string)
        upto = limit if end < 0 else end
        proven, inside = fast.only_strings_and_values(text[begin:upto], in_string, semicolons=False)
        if not proven:
            end = self._first_outside(text, _END, begin, limit, in_string)
            upto = limit if end < 0 else end
            proven, inside = fast.only_strings_and_values(text[begin:upto], in_string)
            if not proven:
                self._careful = True
                return False
        if self._unusual_lines(begin, upto):
            self._careful = True
            return False
        buffer.at = upto if end < 0 else end + 1
        self._quote = b"'" if end < 0 and inside else b""
        return end >= 0

    def cut(self) -> None:
        """What was read so far is handed out before the statement's end."""
        self._line_head = self._head_of_line(self._buffer.at)
        self._careful |= _may_be_delimiter(self._line_head)

    def _head_of_line(self, at: int) -> bytes:
        """The first bytes of the line that goes up to `at`."""
        data, start = self._buffer.data, self._buffer.start
        begin = data.rfind(b"\n", start, at) + 1
        return data[begin : min(begin + 9, at)] if begin else (self._line_head + data[start : min(start + 9, at)])[:9]

    def _unusual_lines(self, begin: int, end: int) -> bool:
        """Whether a line begins with DELIMITER, or a string holds what a client garbles."""
        data = self._buffer.data
        return (data.find(b"\n", begin, end) >= 0 and _DELIMITER_LINE.search(data, begin, end) is not None) or (
            not self._modes.mode.no_backslash_escapes and self._garbled(begin, end)
        )

    def _garbled(self, begin: int, end: int) -> bool:
        """Whether a backslash that escapes stands before a line's end or a NUL byte; most texts have no such pair."""
        data = self._buffer.data
        return any(
            data.find(byte, begin, end) >= 0
            and data.rfind(b"\\" + byte, begin, end) >= 0
            and _GARBLED.search(data[begin:end]) is not None
            for byte in (b"\n", b"\0")
        )

    def _first_outside(self, text: bytes, what: re.Pattern[bytes], begin: int, limit: int, in_string: bool) -> int:
        """Where `what` first stands outside of strings, if only quotes matter; -1 if nowhere."""
        inside, position = in_string, begin
        while (match := what.search(text, position, limit)) is not None:
            found = match.start()
            inside ^= bool(text.count(b"'", position, found) & 1)
            if not inside:
                return found
            position = found + 1
        return -1

    def _text(self) -> bytes:
        """The window in which every quote that is left opens or closes a string."""
        return self._buffer.data if self._modes.mode.no_backslash_escapes else self._buffer.without_escapes()

    def follow_run(self) -> bool:
        """After a short INSERT: go on over those that follow with the same head. True if there were any."""
        buffer = self._buffer
        joint = b"\n" + self._head
        begin = buffer.at
        if b"'" in joint or b"\\" in joint:
            return False
        text = self._text()
        if not text.startswith(joint, begin):
            return False
        good = begin if buffer.mixed else self._whole_window(text, begin, joint)
        if good == begin:
            buffer.mixed = True  # one try per filling
            good = self._end_of_run(text, begin, re.compile(rb";(?!" + re.escape(joint) + rb")"))
            if good == begin or not self._is_series(text[begin:good], joint):
                good = begin
        if good == begin or self._unusual_lines(begin, good):
            buffer.counted = (0, 0)
            self.no_run_before = buffer.base + len(text)  # once per filling is often enough to fail
            return False
        buffer.at = good
        return True

    def _whole_window(self, text: bytes, begin: int, joint: bytes) -> int:
        """Where the last INSERT in the window begins, if all up to there are one series, as in a large table."""
        last = text.rfind(b"\n", begin)
        if last <= begin or not text.startswith(joint, last) or text[last - 1 : last] != b";":
            return begin
        # Every semicolon outside of strings must be the end of a statement that another one follows.
        line_breaks = fast.line_breaks_of_series(text[begin - 1 : last - 1], b";" + joint)
        if line_breaks < 0:
            return begin
        self._buffer.counted = begin, line_breaks
        return last

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
        proven, _ = fast.only_strings_and_values(text.replace(joint, b"("), in_string=False)
        return proven

    # -- character by character, in leaps over what can't matter

    def _lex(self) -> bool:
        buffer = self._buffer
        while True:
            if self._quote:
                if not self._close():
                    return False
                continue
            begin, size = buffer.at, len(buffer.data)
            match = self._stop.match(buffer.data, begin)
            assert match is not None
            buffer.at = match.end()
            if not (enough := buffer.eof or size - buffer.at >= self._needed()):
                buffer.at = max(begin, min(buffer.at, size - _LEAST_AHEAD))
            self._check_skipped(begin, buffer.at)
            if not enough or buffer.at >= size:
                return False
            if self._step():
                return True

    def _needed(self) -> int:
        """Bytes that the next step looks at: what it finds must not depend on how the script was cut."""
        looks_ahead = self._versioned.startswith(b"/*M") or self._buffer.data.startswith(b"/*+", self._buffer.at)
        return _LOOK_AHEAD if looks_ahead else _LEAST_AHEAD

    def _check_skipped(self, at: int, end: int) -> None:
        """Look at what stands outside of strings and comments: behind a comment, and where lines end and begin."""
        data = self._buffer.data
        if self._buffer.base + at == self.comment_end and _TORN.match(data, at):
            self._note("ambiguous", TORN)
        command = self._fresh and _COMMAND.match(data, at, end + 9) is not None
        while (found := data.find(b"\n", at, end)) >= 0:
            at, self._fresh = found + 1, True
            command |= (
                self._head_of_line(found).lower() == b"delimiter" or _COMMAND.match(data, at, end + 9) is not None
            )
        self._fresh &= not data[at:end].strip()
        if command:
            self._note("ambiguous", DELIMITER_INSIDE)

    def _close(self) -> bool:
        """Go to the end of the string or comment; False if it is not in the buffer."""
        buffer, quote = self._buffer, self._quote
        data, at = buffer.data, buffer.at
        mode = self._modes.mode
        escapes = not mode.no_backslash_escapes and (quote == b"'" or (quote == b'"' and not mode.ansi_quotes))
        if escapes:
            match = _ESCAPED[quote].match(data, at)
            assert match is not None
            end = match.end()  # the quote, the end of the buffer, or a backslash before it
            closed = data.startswith(quote, end)
        else:
            found = data.find(quote, at)
            closed = found >= 0
            end = found if closed else max(at, len(data) - len(quote) + 1)
        self._check_quoted(quote, at, end, escapes)
        buffer.at = end + len(quote) if closed and quote != b"\n" else end
        self._quote = b"" if closed else quote
        if closed and quote == b"*/":
            self.comment_end = buffer.base + buffer.at
        return closed

    def _check_quoted(self, quote: bytes, at: int, end: int, escapes: bool) -> None:
        """Look for what the client reads otherwise, in a part of a string, a name or a comment."""
        data = self._buffer.data
        if quote == b'"' and not escapes and data.find(b"\\", at, end) >= 0:
            self._note("ambiguous", "a backslash in a name in double quotes")
        # A part of an escaped string begins with the backslash at which the last one ended, a part of a name anywhere.
        if (escapes or quote == b"`") and self._garbled(at if escapes else max(at - 1, self._buffer.start), end):
            self._note("ambiguous", "a backslash before a line break or a NUL byte")
        if quote == b"*/" and opens_inside(data[max(at - 2, self._buffer.start) : end + 2]):
            self._note("ambiguous", INSIDE)
        if quote == b"\n" and data.find(b"\0", at, end) >= 0:
            self._note("ambiguous", NUL_INSIDE)
        # to one client, or to a server that skips the comment, strings and lines do not matter there
        inside = (
            data[max(at - 2, self._buffer.start) : end] if quote != b"*/" and (self._nested or self._skipped) else b""
        )
        if b"*/" in inside or (self._nested and opens_inside(inside)):
            self._note("ambiguous", "the mark of a comment in a string or a line inside a versioned comment")

    def _step(self) -> bool:
        """Act on the byte at the buffer's position; True if the statement ends with it."""
        buffer = self._buffer
        data, at = buffer.data, buffer.at
        if data.startswith(self._delimiter, at):
            if self._versioned:
                self._note("ambiguous", "a statement that ends inside a versioned comment")
            buffer.at += len(self._delimiter)
            if buffer.base + at == self.comment_end:
                self.comment_end = buffer.base + buffer.at
            return True
        self._fresh &= data.startswith(b"/*", at)
        byte = data[at : at + 1]
        if byte == b"*" and self._nested and buffer.base + at == self.comment_end:
            self._note("ambiguous", STAR_BEHIND)
        if byte in (b"'", b'"', b"`"):
            if self._versioned.startswith(b"/*M"):
                self._check_foreign_comment(byte)
            self._quote = byte
            buffer.at += 1
        elif is_line_comment(data, at):
            self._quote = b"\n"
            buffer.at += 1
        elif data.startswith(b"--", at) and data[at + 2] < 0x20:
            self._note("ambiguous", "-- before a control character")  # a comment to the server, not to the client
            buffer.at += 2
        elif data.startswith((b"/*!", b"/*M!"), at):
            if self._versioned and (self._nested or b"M" in self._versioned[2:3] + data[at + 2 : at + 3]):
                self._note("ambiguous", "a versioned comment inside another")  # to MySQL one is a plain comment
            self._versioned = data[at : at + 4]
            version = _VERSION.match(data, at)
            self._skipped |= is_skipped(version.group(1) if version else None)
            buffer.at += 3
        elif data.startswith(b"/*", at):
            if data.startswith(b"/*+", at):
                self._check_hint()
            if self._versioned.startswith(b"/*M"):
                self._note("ambiguous", "a comment inside a /*M! comment")  # MySQL's server ends both at the first */
            self._nested |= bool(self._versioned)
            self._quote = b"*/"
            buffer.at += 3 if data.startswith(b"/*+", at) else 2
        elif data.startswith(b"*/", at):
            if self._versioned and data[at + 2 : at + 3] == b"*":
                # to the client a comment begins with the slash, to the server it has just ended with it
                self._note("ambiguous", "*/* at the end of a versioned comment")
            if self._nested or self._versioned.startswith(b"/*M"):
                self.comment_end = buffer.base + at + 2  # to a client, that of a plain comment
            if not data.startswith(self._delimiter, at + 1):  # else the statement ends here, before the slash
                self._versioned, self._nested, self._skipped = b"", False, False
            buffer.at += 1
        elif byte == b"$":
            if self._head or _WORD_BYTE.match(data, at - 1, at) is None:
                self._note("ambiguous", DOLLAR)
            buffer.at += 1
        elif byte == b"\\":
            follower = data[at + 1 : at + 2]
            if follower != b"N":  # \N is NULL
                self._note("client-escape", "\\" + follower.decode("ascii", "backslashreplace"))
            buffer.at = min(at + 2, len(data))
        else:
            if self._head and data.startswith(b":=", at):
                self._note("computed-value", ":=")
            buffer.at += 1
        return False

    def _check_foreign_comment(self, quote: bytes) -> None:
        """To MySQL's client a /*M! comment is a comment: there a quote in it opens nothing."""
        buffer = self._buffer
        end = buffer.data.find(quote, buffer.at + 1, buffer.at + _LOOK_AHEAD)
        if end < 0 or b"*/" in buffer.data[buffer.at : end]:
            self._note("ambiguous", "a string with */ inside a /*M! comment")

    def _check_hint(self) -> None:
        """The client runs backslash commands in an optimizer hint, and forgets that it is in one at a new line."""
        buffer = self._buffer
        end = buffer.data.find(b"*/", buffer.at, buffer.at + _LOOK_AHEAD)
        text = buffer.data[buffer.at : end if end >= 0 else buffer.at + _LOOK_AHEAD]
        delimited = self._delimiter in text or buffer.data.startswith(self._delimiter, end + 1)
        if end < 0 or b"\\" in text or b"\n" in text or delimited:
            self._note("ambiguous", "an optimizer hint with a backslash, a new line or a delimiter")
        elif buffer.data.startswith(b"*", end + 2):
            self._note("ambiguous", STAR_BEHIND)

    def _note(self, code: str, text: str) -> None:
        note = ReaderNote(code, self._line, text)
        if note not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(note)

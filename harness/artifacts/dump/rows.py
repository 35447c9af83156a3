"""The rows of INSERTs: cut out of the pieces of a script, counted, and digested.

A table's digest does not depend on the order of its rows, and equal rows don't cancel each other: it is the sum,
modulo 2**128, of the BLAKE2b-128 hashes of the rows, next to their number.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Sequence
from hashlib import blake2b
from io import BytesIO

from harness.artifacts.dump import fast
from harness.artifacts.dump.statements import Piece

OVERSIZED_ROW_BYTES = 1 << 23
"""A row that is longer is hashed as it arrives instead of being held."""

_MODULUS = 1 << 128
_EMPTY_HASH = blake2b(digest_size=16)
_TOKENS = re.compile(rb"'[^']*+'?|\"[^\"]*+\"?|[()]")
"""What can hide or be a parenthesis, in a text without escaped quotes."""
_OPENINGS = re.compile(rb"['\"()]")
_WORD_BEFORE = re.compile(rb"([A-Za-z_]\w*)\s*\Z", re.ASCII)
_WORD_AFTER = re.compile(rb"\s*([A-Za-z_]\w*)", re.ASCII)
_MOST_COMPUTED = 20
_ENDING = re.compile(rb"\)\s*;\s*\Z")
_BETWEEN_ROWS = re.compile(rb"\s*,\s*\(")


def hash_row(row: bytes) -> bytes:
    """The 16 bytes that stand for a row."""
    digest = _EMPTY_HASH.copy()
    digest.update(row)
    return digest.digest()


class Tally:
    """Number and digest of rows, in any order."""

    __slots__ = ("_sum", "data_bytes", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.data_bytes = 0
        self._sum = 0

    def add(self, rows: Sequence[bytes]) -> None:
        """Count and digest rows, each given as its bytes."""
        copy = _EMPTY_HASH.copy
        hashes: list[bytes] = []
        append = hashes.append
        for row in rows:
            digest = copy()
            digest.update(row)
            append(digest.digest())
        self.data_bytes += sum(map(len, rows))
        self.add_hashes(hashes)

    def add_hashes(self, hashes: list[bytes]) -> None:
        """As `add`, for rows that were hashed already."""
        lanes = array("Q", b"".join(hashes))
        if sys.byteorder == "big":
            lanes.byteswap()
        # the sum of 128-bit numbers, from the sums of their halves: a third of the time of int.from_bytes
        self._sum = (self._sum + sum(lanes[0::2]) + (sum(lanes[1::2]) << 64)) % _MODULUS
        self.rows += len(hashes)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits."""
        return f"{self._sum:032x}"


class Rows:
    """Cuts the rows out of the pieces of one table's INSERTs.

    A row is what stands between its parentheses, byte for byte. One that is longer than `OVERSIZED_ROW_BYTES` is
    hashed in parts and comes back in `oversized_rows` as (size, hash), unless `hold` asks for whole rows.
    """

    def __init__(self, *, hold: bool = False) -> None:
        self._hold = hold
        self._rest = b""
        self._separator = b"),("
        self._joint = b""  # between two statements of a run
        self._oversized: _OversizedRow | None = None
        self._escapes = True
        self._statement_bytes = 0
        self.oversized_rows: list[tuple[int, bytes]] = []
        self.tail = b""  # what followed the last row of the last statement, such as ON DUPLICATE KEY UPDATE
        self.longest_statement_bytes = 0
        self.computed: set[str] = set()  # what opens a parenthesis inside a row: LOAD_FILE, SELECT, a function

    def feed(self, piece: Piece) -> list[bytes]:
        """Take one piece of a statement that has a head; return the rows that are complete now."""
        data, plain = piece.data, piece.plain
        if piece.first:
            begin = data.index(piece.head) + len(piece.head)
            data, plain = data[begin:], None if plain is None else plain[begin:]
            self._rest, self._oversized, self.tail = b"", None, b""
            self._escapes = not piece.mode.no_backslash_escapes
            self._joint = b");\n" + piece.head if piece.run else b""
            self._statement_bytes = len(piece.head)
        if not piece.run:
            self._statement_bytes += len(data)
            self.longest_statement_bytes = max(self.longest_statement_bytes, self._statement_bytes)
        rows: list[bytes] = []
        text = self._rest + data
        if plain is not None and self._rest:
            plain = fast.blank_escapes(self._rest) + plain
        self._rest = b""
        if self._oversized is not None:
            text, plain = self._feed_oversized(text, rows), None
        if self._oversized is None and text:
            rows += self._split(text, plain, complete=piece.last and piece.ended)
            if len(self._rest) > OVERSIZED_ROW_BYTES and not piece.last:
                self._oversized = _OversizedRow(hold=self._hold, escapes=self._escapes, computed=self.computed)
                self._rest = self._feed_oversized(self._rest, rows)
        return rows

    def _feed_oversized(self, text: bytes, rows: list[bytes]) -> bytes:
        """Go on with an oversized row; return what follows its end: the inside of the next row."""
        assert self._oversized is not None
        after = self._oversized.feed(text)
        if after is None:
            return b""
        following = _BETWEEN_ROWS.match(after)
        if following is None and not after.strip().endswith(b";"):
            self._oversized.hold_back(after)  # the end of the piece came between the row and what follows it
            return b""
        if self._hold:
            rows.append(self._oversized.row())
        else:
            self.oversized_rows.append(self._oversized.hashed())
        self._oversized = None
        if following is not None:
            return after[following.end() :]
        self.tail = after.strip()[:-1].strip()
        return b""

    def _split(self, text: bytes, plain: bytes | None, *, complete: bool) -> list[bytes]:
        """Rows of a text that begins inside a row; `plain` has no escaped quotes. What is not complete is `_rest`."""
        body = text
        if complete:
            ending = _ENDING.search(text, max(0, len(text) - 64))
            if ending is None:
                return self._walk(text, complete=True)
            body = text[: ending.start()]
        if plain is None:
            plain = fast.blank_escapes(body) if self._escapes else body
        plain = plain[: len(body)]
        other = b"),(" if self._separator != b"),(" else b"),\n("
        for separator in (self._separator, other):
            parts = self._cut(body, separator)
            if self._is_clean(plain, separator, len(parts)):
                self._separator = separator
                if self._joint:
                    longest = max(map(len, parts)) + len(self._joint) - 1
                    self.longest_statement_bytes = max(self.longest_statement_bytes, longest)
                if not complete:
                    self._rest = parts.pop()
                return parts
        return self._walk(text, complete=complete)

    def _cut(self, text: bytes, separator: bytes) -> list[bytes]:
        if not self._joint:
            return text.split(separator)
        parts = text.split(self._joint)
        if separator in text:
            parts = [row for part in parts for row in part.split(separator)]
        return parts

    def _is_clean(self, plain: bytes, separator: bytes, parts: int) -> bool:
        """Whether the separators that were found are all row ends there are, and nothing else is one.

        They are if each is outside of strings (an even number of quotes between any two) and no other
        parenthesis is opened there. No parenthesis inside of strings at all settles the first half at once.
        """
        counted = plain.replace(self._joint, b"(") if b"(" in self._joint[3:-1] else plain
        outside, some_inside = fast.parentheses_outside(counted)
        if outside != parts - 1:
            return False
        return not some_inside or not any(part.count(b"'") & 1 for part in self._cut(plain, separator)[:-1])

    def _walk(self, text: bytes, *, complete: bool) -> list[bytes]:
        """The rows of `text`, token by token: for what the quick way can't tell apart."""
        plain = _blank_all_escapes(text) if self._escapes else text
        rows: list[bytes] = []
        begin, depth, position = 0, 1, 0
        while (match := _TOKENS.search(plain, position)) is not None:
            position = match.end()
            token = match.group()
            if token == b"(":
                depth += 1
                self._note_computed(plain, match.start())
            elif token == b")":
                depth -= 1
            if depth:
                continue
            following = _BETWEEN_ROWS.match(plain, position)
            if following is not None:
                after = following.end()
            elif self._joint and plain.startswith(self._joint, match.start()):
                after = match.start() + len(self._joint)
            elif complete:
                rows.append(text[begin : match.start()])
                self.tail = text[position:].strip()[:-1].strip()
                return rows
            else:
                break
            rows.append(text[begin : match.start()])
            begin = position = after
            depth = 1
        self._rest = text[begin:]
        return rows

    def _note_computed(self, plain: bytes, at: int) -> None:
        """A value that is computed: remember by what. Tools that dump never write such a thing."""
        if len(self.computed) < _MOST_COMPUTED:
            function = _WORD_BEFORE.search(plain, max(0, at - 64), at)
            inside = _WORD_AFTER.match(plain, at + 1)
            word = function or inside
            self.computed.add(word.group(1).decode("ascii").upper() if word else "(")


class _OversizedRow:
    """One row that is too long to wait for."""

    def __init__(self, *, hold: bool, escapes: bool, computed: set[str]) -> None:
        self._computed = computed
        self._held = BytesIO() if hold else None
        self._hash = _EMPTY_HASH.copy()
        self._size = 0
        self._escapes = escapes
        self._quote = b""
        self._depth = 1
        self._carry = b""  # backslashes at the end: what they mean depends on what follows
        self._ended: bytes | None = None

    def feed(self, data: bytes) -> bytes | None:
        """Take more of the row; return what follows its closing parenthesis, or None while it goes on."""
        if self._ended is not None:
            return self._ended + data
        text = self._carry + data
        whole = len(text.rstrip(b"\\"))
        self._carry = text[whole:]
        text = text[:whole]
        end = self._end(_blank_all_escapes(text) if self._escapes else text)
        if end < 0:
            self._absorb(text)
            return None
        self._absorb(text[: end - 1])
        return text[end:] + self._carry

    def hold_back(self, after: bytes) -> None:
        """The row has ended, but what follows it is not there yet."""
        self._ended = after

    def _end(self, plain: bytes) -> int:
        """The position behind the parenthesis that ends the row; -1 if it is not here."""
        position = 0
        while True:
            if self._quote:
                found = plain.find(self._quote, position)
                if found < 0:
                    return -1
                position = found + 1
                self._quote = b""
            match = _OPENINGS.search(plain, position)
            if match is None:
                return -1
            position = match.end()
            token = match.group()
            if token == b"(":
                self._depth += 1
                self._computed.add("(")
            elif token == b")":
                self._depth -= 1
                if not self._depth:
                    return position
            else:
                self._quote = token

    def _absorb(self, data: bytes) -> None:
        self._size += len(data)
        if self._held is None:
            self._hash.update(data)
        else:
            self._held.write(data)

    def row(self) -> bytes:
        assert self._held is not None, "made without hold"
        return self._held.getvalue()

    def hashed(self) -> tuple[int, bytes]:
        return self._size, self._hash.digest()


def _blank_all_escapes(text: bytes) -> bytes:
    """As `fast.blank_escapes`, for strings in double quotes too."""
    return text.replace(b"\\\\", b"\0\0").replace(b"\\'", b"\0\0").replace(b'\\"', b"\0\0")

"""A digest of each CREATE statement, so that two scripts can be compared object by object.

The words of the statement are digested, not its blanks and not the delimiter behind it; without AUTO_INCREMENT, which
counts on, and without the account that an object runs as, which is compared by itself. Where two statements still
differ, they may mean the same to a server: restore/definitions.py asks it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from harness.artifacts.dump.sqlmode import SqlMode
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.tokens import MOST_BYTES, Token, account_at, name_at, past_existence, starts_with, tokenize
from harness.artifacts.dump.walk import used_database

_UTF8 = re.compile(r"^UTF8(?=_|$)")
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR"})
KINDS = frozenset({"TABLE", "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"})


class Definitions:
    """A visitor (walk.py) that keeps the last definition of each object.

    Attributes:
        digests: by database (None before the first `USE`), kind in lower case, and name: SHA-256, hexadecimal.
    """

    def __init__(self) -> None:
        self.digests: dict[tuple[str | None, str, str], str] = {}
        self._database: str | None = None
        self._open: _Statement | None = None

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of one piece."""
        if piece.kind is not Kind.STATEMENT:
            return
        if (used := used_database(piece, tokens)) is not None:
            self._database = used
        if piece.first:
            key = self._key(tokens) if starts_with(tokens, "CREATE") else None
            self._open = None if key is None else _Statement(key, piece.mode)
        if self._open is not None:
            self._open.add(piece.data.removesuffix(piece.delimiter) if piece.last else piece.data)
            if piece.last:
                self.digests[self._open.key] = self._open.digest()

    def of(self, database: str, kind: str, name: str) -> str:
        """The digest of one object; empty when the script does not create it."""
        return self.digests.get((database, kind, name)) or self.digests.get((None, kind, name), "")

    def _key(self, tokens: Sequence[Token]) -> tuple[str | None, str, str] | None:
        for index, token in enumerate(tokens):
            if token.kind == "word" and token.text in KINDS:
                database, name, _ = name_at(tokens, past_existence(tokens, index + 1))
                return database or self._database, token.text.lower(), name
        return None


class _Statement:
    """A definition that is being read, piece by piece; where the pieces end depends on how the script was read."""

    def __init__(self, key: tuple[str | None, str, str], mode: SqlMode) -> None:
        self.key = key
        self._mode = mode
        self._head = bytearray()
        self._rest = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Take one more piece of it."""
        room = MOST_BYTES - len(self._head)
        self._head += data[:room]
        self._rest.update(data[room:])

    def digest(self) -> str:
        """The digest of its words; what is beyond MOST_BYTES counts byte by byte."""
        words = _words(tokenize(bytes(self._head), self._mode))
        digest = hashlib.sha256(words.encode("utf-8", "surrogateescape"))
        if len(self._head) == MOST_BYTES:
            digest.update(self._rest.digest())
        return digest.hexdigest()


def _words(tokens: Sequence[Token]) -> str:
    """The statement as its words, without what servers print differently and mean the same.

    That is: the table's counter; a character set that stands before its own collation (MySQL prints it once a
    column's collation was written out, as a dump does); integer display widths (gone since MySQL 8.0.19, but for
    `tinyint(1)`); `current_timestamp()`; numbers in quotes as defaults; `utf8`, an alias of `utf8mb3` that older
    servers print; the account that an object runs as, and the defaults that a view is printed with beside it.
    """
    words = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        behind = [other.text for other in tokens[index + 1 : index + 5]]
        if token.kind == "word":
            value = tokens[index + 2 : index + 3]  # none where the statement is cut
            if token.text == "AUTO_INCREMENT" and behind[:1] == ["="] and value and value[0].kind == "number":
                index += 3
                continue
            if token.text == "DEFINER" and behind[:1] == ["="]:
                _, index = account_at(tokens, index + 2)
                continue
            if token.text == "SQL" and behind[:2] == ["SECURITY", "DEFINER"]:
                index += 3
                continue
            if token.text == "ALGORITHM" and behind[:2] == ["=", "UNDEFINED"]:
                index += 3
                continue
            if token.text == "CHARACTER" and _set_before_collation(behind):
                index += 3
                continue
            if token.text in _INTEGERS and behind[:1] == ["("] and behind[2:3] == [")"]:
                widthless = token.text != "TINYINT" or behind[1] != "1"
                words.append(f"word:{token.text}")
                index += 4 if widthless else 1
                continue
            if token.text == "CURRENT_TIMESTAMP" and behind[:2] == ["(", ")"]:
                words.append("word:CURRENT_TIMESTAMP")
                index += 3
                continue
        numeric = re.fullmatch(r"(-?)(\d+(?:\.\d+)?)", token.text) if token.kind == "text" else None
        if numeric:
            words += ["mark:-"] if numeric.group(1) else []
            words.append(f"number:{numeric.group(2)}")
        elif token.kind == "word":
            words.append(f"word:{_UTF8.sub('UTF8MB3', token.text)}")
        else:
            words.append(f"{token.kind}:{token.text}")
        index += 1
    return "\0".join(words)


def _set_before_collation(behind: Sequence[str]) -> bool:
    """Whether `SET name COLLATE name_…` follows the word CHARACTER."""
    return behind[0:1] == ["SET"] and behind[2:3] == ["COLLATE"] and behind[3].startswith(f"{behind[1]}_")

"""One reading of a script for everybody who wants to know something about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from harness.artifacts.dump import fast
from harness.artifacts.dump.statements import Kind, Piece, scan
from harness.artifacts.dump.tokens import Token, name_at, past_existence, starts_with, text_of, tokenize


class Visitor(Protocol):
    """Sees every piece of a script, in order."""

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of a piece.

        Args:
            tokens: of a statement's first piece, unless it has a `head`; otherwise empty.
        """
        ...


def walk(chunks: Iterable[bytes], *visitors: Visitor) -> None:
    """Read a script once, for all visitors."""
    for piece, tokens in pieces_with_tokens(chunks):
        for visitor in visitors:
            visitor.visit(piece, tokens)


def pieces_with_tokens(chunks: Iterable[bytes]) -> Iterator[tuple[Piece, Sequence[Token]]]:
    """The pieces of a script, those of statements that are not INSERTs with their tokens."""
    for piece in scan(chunks):
        if piece.kind in (Kind.STATEMENT, Kind.CLIENT) and piece.first and not piece.head:
            yield piece, tokenize(statement_of(piece), piece.mode)
        else:
            yield piece, ()


def statement_of(piece: Piece) -> bytes:
    """The bytes of a statement without its delimiter, which can look like a part of its last word (`END$$`)."""
    if piece.kind is not Kind.STATEMENT or not (piece.last and piece.ended):
        return piece.data
    return piece.data.rstrip().removesuffix(piece.delimiter)


def loaded(piece: Piece) -> bytes:
    """The piece as a client gets it: without blanks around a command, but for line breaks.

    MariaDB's client joins a line of blanks, also of one carriage return, to the line behind it, and then reads no
    DELIMITER there. Both take a carriage return at the line's end for a part of the delimiter.
    """
    if piece.kind not in (Kind.CLIENT, Kind.BLANK):
        return piece.data
    return b"\n" * piece.data.count(b"\n") + piece.data.strip()  # a command is one line, and ends before its break


def unquote(name: bytes) -> str:
    """A name as it stands in a script, without its quotes."""
    text = text_of(name.strip())
    if text[:1] in ("`", '"') and len(text) > 1:
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


class Head:
    """What the beginning of an INSERT says: where its rows go, and which columns it lists."""

    __slots__ = ("columns", "database", "ignore", "replace", "table")

    def __init__(self, head: bytes) -> None:
        match = fast.INSERT_HEAD.match(head)
        assert match is not None, "a head is what this expression found"
        names = [unquote(name) for name in fast.NAME.findall(match.group("name"))]
        self.table = names[-1]
        self.database = names[0] if len(names) > 1 else None
        columns = match.group("columns")
        self.columns = None if columns is None else tuple(unquote(name) for name in fast.NAME.findall(columns))
        words = head[: match.start("name")].upper().split()
        self.replace = words[0] == b"REPLACE"
        self.ignore = b"IGNORE" in words


class Heads:
    """Heads, read once each: a script repeats them for every statement."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def of(self, piece: Piece) -> Head:
        """The head of a piece that has one."""
        head = self._known.get(piece.head)
        if head is None:
            head = self._known[piece.head] = Head(piece.head)
        return head


def used_database(piece: Piece, tokens: Sequence[Token]) -> str | None:
    """The database that this statement (or line of the client) chooses, if it does."""
    if piece.first and starts_with(tokens, "USE") and len(tokens) > 1:
        # the client takes everything up to the delimiter as the name; mysqldump writes it in backticks
        return tokens[1].raw if tokens[1].kind == "word" else tokens[1].text
    return None


def dropped_database(tokens: Sequence[Token]) -> str | None:
    """The database that this statement drops, if it does."""
    if not (starts_with(tokens, "DROP", "DATABASE") or starts_with(tokens, "DROP", "SCHEMA")):
        return None
    index = past_existence(tokens, 2)
    return name_at(tokens, index)[1] if index < len(tokens) else None


def created_database(tokens: Sequence[Token]) -> str | None:
    """The database that this statement creates, if it does."""
    if not (starts_with(tokens, "CREATE", "DATABASE") or starts_with(tokens, "CREATE", "SCHEMA")):
        return None
    index = past_existence(tokens, 2)
    return name_at(tokens, index)[1] if index < len(tokens) else None

"""Changing a script in its file, as a stream, in the compression that it has: the tools of the faults of a dump.

Each of them reads the script once to see what there is to choose from, and once to write it anew. They report names,
lines, offsets and numeric keys.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar

import zstandard

from harness.artifacts.dump.fast import blank_escapes
from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.walk import Head, pieces_with_tokens, unquote
from harness.base.private import whole_file

T = TypeVar("T")

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_NAME = rb"`((?:[^`]|``)+)`"
_MARKS = re.compile(rb"'[^']*+'|[(),]")
_SECTION = re.compile(
    rb"\s*(?:-- (Table structure for table|Temporary view structure for view|Final view structure for view) " + _NAME
    + rb"|-- Dumping (?:events|routines) for database|-- Dump completed|/\*!40103 SET TIME_ZONE=@OLD_TIME_ZONE)"
)  # fmt: skip
_CREATED = re.compile(rb"\s*CREATE TABLE " + _NAME + rb" \(\n")
_PROGRAM = re.compile(
    rb"\s*(?:/\*!\d+ )?CREATE\b.{0,200}?\b(TRIGGER|FUNCTION|PROCEDURE|EVENT)\s+" + _NAME, re.IGNORECASE | re.DOTALL
)


NO_SECTIONS = "the script says nowhere in a comment that a table begins, as with --skip-comments"
"""Why a fault that goes by sections can do nothing."""


class Sink(Protocol):
    """Something that takes bytes."""

    def write(self, data: bytes, /) -> object: ...


def rewrite(path: Path, chunks: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
    """Replace a script by what `chunks` makes of it; the file appears when it is whole.

    Args:
        path: plain, gzip or zstd; any other compression is refused by what reads it.
        chunks: gets the script decompressed, and gives the new one.
    """
    with whole_file(path) as file, _compressor(path, file) as sink:
        for chunk in chunks(iter(open_script(path))):
            sink.write(chunk)


def edit(path: Path, change: Callable[[Piece], bytes]) -> None:
    """Replace a script by what `change` makes of each of its pieces."""
    rewrite(path, lambda chunks: (change(piece) for piece, _ in pieces_with_tokens(chunks)))


def pieces(path: Path) -> Iterator[Piece]:
    return (piece for piece, _ in pieces_with_tokens(open_script(path)))


def picked(candidates: Iterable[T], rng: Random) -> T | None:
    """One of them, each as likely as any other, without holding them all; None when there is none."""
    chosen = None
    for number, candidate in enumerate(candidates, start=1):
        if rng.randrange(number) == 0:
            chosen = candidate
    return chosen


def _compressor(path: Path, file: Sink) -> AbstractContextManager[Sink]:
    with path.open("rb") as before:
        magic = before.read(4)
    if magic == _ZSTD:
        return zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False)  # type: ignore[arg-type]
    if magic.startswith(_GZIP):
        return gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)  # type: ignore[call-overload, no-any-return]
    return nullcontext(file)


def first_bytes(chunks: Iterable[bytes], size_bytes: int) -> Iterator[bytes]:
    """As many of the chunks' bytes; no more are asked for than these need."""
    left = size_bytes
    for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk[:left])
        if not left:
            return


def flip(path: Path, offset: int, mask: int) -> None:
    """Change the bits of a mask in one byte of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def table_of(piece: Piece) -> str:
    """The table that an INSERT's first piece fills."""
    return Head(piece.head).table


def is_insert(piece: Piece) -> bool:
    """Whether a statement with rows begins here."""
    return bool(piece.kind is Kind.STATEMENT and piece.head and piece.first)


def row_spans(piece: Piece) -> list[tuple[int, int]]:
    """Where the rows stand, parentheses included, that are whole in an INSERT's first piece."""
    begin = piece.data.index(piece.head) + len(piece.head) - 1
    text = piece.data[begin:]
    marks = _MARKS.finditer(text if piece.mode.no_backslash_escapes else blank_escapes(text))
    spans, depth, start = [], 0, 0
    for mark in marks:
        if mark.group() == b"(":
            depth += 1
            if depth == 1:
                start = mark.start()
        elif mark.group() == b")":
            depth -= 1
            if depth == 0:
                spans.append((begin + start, begin + mark.end()))
    return spans


def value_spans(row: bytes) -> list[tuple[int, int]]:
    """Where the values of a row stand; the row is given with its parentheses."""
    spans, depth, start = [], 0, 1
    for mark in _MARKS.finditer(blank_escapes(row)):
        depth += {b"(": 1, b")": -1}.get(mark.group(), 0)
        if (mark.group() == b"," and depth == 1) or (mark.group() == b")" and depth == 0):
            spans.append((start, mark.start()))
            start = mark.end()
    return spans


def statement_span(piece: Piece, span: tuple[int, int]) -> tuple[int, int]:
    """Where the INSERT stands that a row belongs to: a piece may be a series of short ones."""
    (start, end), spans = span, row_spans(piece)
    at = spans.index(span)
    for first, _ in reversed(spans[:at]):
        if piece.data[start - 1 : start] != b",":
            break
        start = first
    for _, last in spans[at + 1 :]:
        if piece.data[end : end + 1] != b",":
            break
        end = last
    return start + 1 - len(piece.head), end + 1


def without_row(piece: Piece, span: tuple[int, int]) -> bytes:
    """The piece without one row: with its comma, and without its statement where it was the only row."""
    data, (start, end) = piece.data, span
    if data[end : end + 1] == b",":
        return data[:start] + data[end + 1 :]
    if data[start - 1 : start] == b",":
        return data[: start - 1] + data[end:]
    begin, stop = statement_span(piece, span)
    return data[:begin] + data[stop:]


def line_of(piece: Piece, at: int) -> int:
    """The line of the script on which an offset of a piece stands."""
    begin = len(piece.data) - len(piece.data.lstrip())
    return piece.line + piece.data.count(b"\n", begin, at)


def key_of(row: bytes) -> str:
    """How a row is named in a report: by its first value where that is a number; never by a text."""
    start, end = value_spans(row)[0]
    value = row[start:end].decode("utf-8", "replace")
    return f"key {value}" if re.fullmatch(r"-?\d+", value) else "a row whose key is not a number"


def section_of(piece: Piece) -> tuple[str, str] | None:
    """What begins here in a script with comments: (`table`, `temporary view`, `view` or empty; name)."""
    match = _SECTION.match(piece.data) if piece.first else None
    if match is None:
        return None
    if not match.group(1):
        return ("", "")
    kind = match.group(1).split(b" ")[0].decode().lower()
    return ({"table": "table", "temporary": "temporary view", "final": "view"}[kind], unquote(b"`%b`" % match.group(2)))


def created_table(piece: Piece) -> str | None:
    match = _CREATED.match(piece.data) if piece.kind is Kind.STATEMENT and piece.first and piece.last else None
    return unquote(b"`%b`" % match.group(1)) if match else None


def table_lines(piece: Piece) -> list[bytes]:
    """The lines between the parentheses of a CREATE TABLE, without their commas."""
    body = piece.data[piece.data.index(b" (\n") + 3 : piece.data.rindex(b"\n) ")]
    return body.split(b",\n")


def with_table_lines(piece: Piece, lines: list[bytes]) -> bytes:
    """The statement with these lines in place of its own."""
    data = piece.data
    return data[: data.index(b" (\n") + 3] + b",\n".join(lines) + data[data.rindex(b"\n) ") :]


def line_name(line: bytes) -> str:
    """The column, index or constraint of a line of a CREATE TABLE; empty for a primary key."""
    match = re.match(rb"\s*(?:(?:UNIQUE |FULLTEXT |SPATIAL )?KEY |CONSTRAINT )?" + _NAME, line)
    return unquote(b"`%b`" % match.group(1)) if match else ""


def program_of(piece: Piece) -> tuple[str, str] | None:
    """The trigger, function, procedure or event that this statement creates: (kind, name)."""
    if piece.kind is not Kind.STATEMENT or not piece.first or piece.head:
        return None
    match = _PROGRAM.match(piece.data[:4096])
    return (match.group(1).decode().lower(), unquote(b"`%b`" % match.group(2))) if match else None

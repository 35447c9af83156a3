"""The words of one statement, with versioned comments opened and plain comments dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from harness.dump.sqlmode import PLAIN_MODE, SqlMode

MOST_BYTES = 1 << 18
"""How much of a statement is cut into words; only INSERTs and large routines are longer."""


class Token(NamedTuple):
    """One word, name, string, number or mark of a statement.

    Attributes:
        kind: "word" (upper case, may be a keyword or a bare name), "name" (was in backticks), "text" (a string,
            without its quotes, escapes as they stand), "number" or "mark" (one character).
        text: the token; a word in upper case.
        at: where it begins, in bytes from the beginning of the statement's data.
        raw: as `text`, in the case in which it was written.
    """

    kind: str
    text: str
    at: int
    raw: str

    @property
    def line_breaks(self) -> int:
        """How many lines a string spans (for counting)."""
        return self.raw.count("\n")


_SCAN = re.compile(
    rb"""(?P<skip>\s+|\#[^\n]*|--(?=[\s\0]|\Z)[^\n]*|/\*M?!\d*|/\*.*?(?:\*/|\Z)|\*/)
    |(?P<text>'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'?|"[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"?)
    |`(?P<name>(?:[^`]|``)*+)`?
    |(?P<word>[0-9A-Za-z_$\x80-\xff]+(?:\.[0-9]+)?)
    |(?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_SCAN_PLAIN_STRINGS = re.compile(
    _SCAN.pattern.replace(rb"""'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'?""", rb"""'[^']*+(?:''[^']*+)*+'?""").replace(
        rb""""[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"?""", rb""""[^"]*+(?:""[^"]*+)*+"?"""
    ),
    re.DOTALL | re.VERBOSE,
)


def text_of(data: bytes) -> str:
    """Decode an identifier or a word; bytes that are not UTF-8 survive the way back."""
    return data.decode("utf-8", "surrogateescape")


def tokenize(data: bytes, mode: SqlMode = PLAIN_MODE) -> list[Token]:
    """Cut a statement into its tokens.

    Args:
        data: the statement; more than `MOST_BYTES` is not looked at.
        mode: decides what a backslash and a double quote mean.
    """
    found: list[Token] = []
    pattern = _SCAN_PLAIN_STRINGS if mode.no_backslash_escapes else _SCAN
    for match in pattern.finditer(data[:MOST_BYTES]):
        kind = match.lastgroup
        if kind == "skip" or kind is None:
            continue
        raw = text_of(match.group(kind))
        if kind == "name":
            found.append(Token("name", raw.replace("``", "`"), match.start(), raw))
        elif kind == "text":
            inner = raw[1:-1] if len(raw) > 1 and raw[-1] == raw[0] else raw[1:]
            if raw[0] == '"' and mode.ansi_quotes:
                found.append(Token("name", inner.replace('""', '"'), match.start(), inner))
            else:
                found.append(Token("text", inner, match.start(), inner))
        elif kind == "word":
            found.append(Token("number" if raw[0].isdigit() else "word", raw.upper(), match.start(), raw))
        else:
            found.append(Token("mark", raw, match.start(), raw))
    return found


def starts_with(tokens: Sequence[Token], *words: str) -> bool:
    """Whether the statement begins with these words."""
    return len(tokens) >= len(words) and all(
        token.kind == "word" and token.text == word for token, word in zip(tokens, words, strict=False)
    )


def name_at(tokens: Sequence[Token], index: int) -> tuple[str | None, str, int]:
    """The possibly qualified name at `index`: (database or None, name, index behind it)."""
    if index >= len(tokens):
        return None, "", index
    first = tokens[index].raw if tokens[index].kind == "word" else tokens[index].text
    if index + 2 < len(tokens) and tokens[index + 1].text == "." and tokens[index + 1].kind == "mark":
        second = tokens[index + 2]
        return first, second.raw if second.kind == "word" else second.text, index + 3
    return None, first, index + 1

"""The words of one statement, with versioned comments opened and plain comments dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.artifacts.dump.sqlmode import PLAIN_MODE, SqlMode


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


MOST_BYTES = 1 << 18
"""How much of a definition is compared word by word (definitions.py)."""

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
        mode: decides what a backslash and a double quote mean.
    """
    found: list[Token] = []
    pattern = _SCAN_PLAIN_STRINGS if mode.no_backslash_escapes else _SCAN
    for match in pattern.finditer(data):
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


_MOST_VERSIONS = 20
_VERSIONED = re.compile(rb"/\*(M?)!(\d*)")


def readings(data: bytes, tokens: Sequence[Token], mode: SqlMode = PLAIN_MODE) -> Iterator[Sequence[Token]]:
    """The statement as each server reads it: what a versioned comment holds is code to some and a comment to others.

    MariaDB skips `/*!50700` to `/*!99999`, MySQL skips `/*!100000` and above and `/*M!`, an old server all newer.

    Args:
        tokens: all of its tokens, as `tokenize` gives them.
    """
    yield tokens
    if b"/*!" not in data and b"/*M!" not in data:
        return
    opened: tuple[bool, int, int] | None = None
    spans: list[tuple[bool, int, int, int]] = []  # for MariaDB only, version, begin, end
    pattern = _SCAN_PLAIN_STRINGS if mode.no_backslash_escapes else _SCAN
    for match in pattern.finditer(data):
        if match.lastgroup != "skip":
            continue
        if (versioned := _VERSIONED.fullmatch(match.group())) is not None:
            opened = opened or (bool(versioned.group(1)), int(versioned.group(2)[:6] or 0), match.start())
        elif match.group() == b"*/" and opened is not None:
            spans.append((*opened, match.end()))
            opened = None
    if opened is not None:
        spans.append((*opened, len(data)))
    versions = {version for _, version, _, _ in spans}
    if len(versions) > _MOST_VERSIONS:
        yield (Token("word", "/*!", 0, "/*!"),)  # no tool writes so many: a reading that nobody admits
        return
    mysql = [(begin, end) for foreign, version, begin, end in spans if foreign or version > 99999]
    mariadb = [(begin, end) for _, version, begin, end in spans if 50700 <= version <= 99999]
    older = [[(span[2], span[3]) for span in spans if span[0] or span[1] > limit] for limit in versions]
    seen: set[tuple[tuple[int, int], ...]] = set()
    for without in map(tuple, ([span[2:] for span in spans], mysql, mariadb, *older)):
        if without and without not in seen:
            seen.add(without)
            yield _outside(tokens, without)


def _outside(tokens: Sequence[Token], spans: Sequence[tuple[int, int]]) -> list[Token]:
    """Those tokens that stand in none of the spans; both in order."""
    found: list[Token] = []
    number = 0
    for token in tokens:
        while number < len(spans) and token.at >= spans[number][1]:
            number += 1
        if number == len(spans) or token.at < spans[number][0]:
            found.append(token)
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


def past_existence(tokens: Sequence[Token], index: int) -> int:
    """The index behind IF EXISTS or IF NOT EXISTS, where that stands at `index`."""
    while index < len(tokens) and tokens[index].kind == "word" and tokens[index].text in ("IF", "NOT", "EXISTS"):
        index += 1
    return index


def account_at(tokens: Sequence[Token], index: int) -> tuple[str, int]:
    """The account at `index` as user@host, and the index behind it; a name without a host is good for every host."""
    if index >= len(tokens):
        return "", index
    user = tokens[index].raw if tokens[index].kind == "word" else tokens[index].text
    behind = index + 1
    if user.upper() == "CURRENT_USER":
        called = [token.text for token in tokens[behind : behind + 2]] == ["(", ")"]
        return "CURRENT_USER", behind + (2 if called else 0)
    if behind + 1 < len(tokens) and tokens[behind].text == "@":
        host = tokens[behind + 1]
        return f"{user}@{host.raw if host.kind == 'word' else host.text}", behind + 2
    return f"{user}@%", behind

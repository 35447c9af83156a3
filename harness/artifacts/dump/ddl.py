"""What a CREATE TABLE says, as far as comparing and checking needs it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.tokens import Token, name_at, past_existence

_BESIDE_COLUMNS = "PRIMARY KEY INDEX UNIQUE FULLTEXT SPATIAL CONSTRAINT CHECK FOREIGN PERIOD LIKE VECTOR"
_NOT_COLUMNS = frozenset(_BESIDE_COLUMNS.split())
_TYPE_MORE = frozenset(("UNSIGNED", "ZEROFILL", "PRECISION", "VARYING"))

COUNTER = re.compile(r"[0-9]{1,20}")
"""What a counter can be: 2**64 has 20 digits."""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A CREATE TABLE, read."""

    database: str | None
    name: str
    columns: tuple[ColumnInfo, ...]
    primary_key: tuple[str, ...]
    engine: str | None
    charset: str | None
    collation: str | None
    auto_increment: int | None


def parse_create_table(tokens: Sequence[Token]) -> TableDefinition | None:
    """Read a statement that begins with CREATE … TABLE; None if it is not one."""
    index = 1
    while index < len(tokens) and tokens[index].text in ("OR", "REPLACE", "TEMPORARY"):
        index += 1
    if index >= len(tokens) or tokens[0].text != "CREATE" or tokens[index].text != "TABLE":
        return None
    index = past_existence(tokens, index + 1)
    if index == len(tokens):
        return None  # it is cut short
    database, name, index = name_at(tokens, index)
    columns: list[ColumnInfo] = []
    primary_key: tuple[str, ...] = ()
    if index < len(tokens) and tokens[index].text == "(" and tokens[index].kind == "mark":
        items, index = _items(tokens, index)
        for item in items:
            words = [token.text for token in item if token.kind == "word"]
            if item[0].kind == "word" and item[0].text in _NOT_COLUMNS:
                if "PRIMARY" in words[:3]:
                    primary_key = tuple(_key_columns(item))
                continue
            columns.append(_column(item))
            if ("PRIMARY", "KEY") in itertools.pairwise(words):
                primary_key = (columns[-1].name,)
    engine = charset = collation = None
    auto_increment = None
    for option, value in _options(tokens[index:]):
        if option == "ENGINE":
            engine = value
        elif option == "AUTO_INCREMENT" and COUNTER.fullmatch(value):
            auto_increment = int(value)
        elif option in ("CHARSET", "SET"):
            charset = value.lower()
        elif option == "COLLATE":
            collation = value.lower()
    return TableDefinition(database, name, tuple(columns), primary_key, engine, charset, collation, auto_increment)


def _items(tokens: Sequence[Token], opening: int) -> tuple[list[list[Token]], int]:
    """The comma-separated items of a parenthesis, and the index behind it."""
    items: list[list[Token]] = [[]]
    depth = 0
    for index in range(opening, len(tokens)):
        token = tokens[index]
        if token.kind == "mark":
            if token.text == "(":
                depth += 1
                if depth == 1:
                    continue
            elif token.text == ")":
                depth -= 1
                if not depth:
                    return [item for item in items if item], index + 1
            elif token.text == "," and depth == 1:
                items.append([])
                continue
        items[-1].append(token)
    return [item for item in items if item], len(tokens)


def _column(item: Sequence[Token]) -> ColumnInfo:
    _, name, index = name_at(item, 0)
    type_ = ""
    if index < len(item):
        type_ = item[index].text.lower()
        index += 1
        if index < len(item) and item[index].text == "(" and item[index].kind == "mark":
            inner: list[str] = []
            while index + 1 < len(item) and (item[index + 1].text != ")" or item[index + 1].kind != "mark"):
                index += 1
                inner.append(f"'{item[index].text}'" if item[index].kind == "text" else item[index].text)
            type_ += f"({''.join(inner)})"
            index += 2
        while index < len(item) and item[index].text in _TYPE_MORE:
            type_ += " " + item[index].text.lower()
            index += 1
    rest = list(_outermost(item[index:]))
    words = [token.text for token in rest if token.kind == "word"]
    generated = "GENERATED" in words or _followed_by_parenthesis(item[index:], "AS")
    options = {option: value.lower() for option, value in _options(rest)}
    return ColumnInfo(name, type_, generated, "INVISIBLE" in words, options.get("COLLATE"), options.get("SET"))


def _outermost(tokens: Sequence[Token]) -> Iterator[Token]:
    """Tokens outside of parentheses."""
    depth = 0
    for token in tokens:
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif not depth:
            yield token


def _followed_by_parenthesis(tokens: Sequence[Token], word: str) -> bool:
    return any(
        token.kind == "word" and token.text == word and following.text == "(" and following.kind == "mark"
        for token, following in itertools.pairwise(tokens)
    )


def _key_columns(item: Sequence[Token]) -> Iterator[str]:
    opening = next((index for index, token in enumerate(item) if token.text == "(" and token.kind == "mark"), None)
    if opening is not None:
        for part in _items(item, opening)[0]:
            yield name_at(part, 0)[1]


def _options(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """`OPTION = value` and `OPTION value`, by the last word of the option."""
    for index, token in enumerate(tokens[:-1]):
        if token.kind != "word":
            continue
        following = tokens[index + 1]
        if following.text == "=" and following.kind == "mark" and index + 2 < len(tokens):
            following = tokens[index + 2]
        if following.kind != "mark":
            yield token.text, following.raw

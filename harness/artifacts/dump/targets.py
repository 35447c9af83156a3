"""What a statement acts on: the databases that it names, its options, the scope of its variables."""

from __future__ import annotations

from collections.abc import Sequence

from harness.artifacts.dump.tokens import Token, name_at


def is_assigned(tokens: Sequence[Token], index: int) -> bool:
    """Whether the scope word at `index` is on the left of an assignment: `SET GLOBAL a =`, `, @@GLOBAL.a =`."""
    behind = index + 2 if index + 1 < len(tokens) and tokens[index + 1].text != "." else index + 3
    while behind < len(tokens) and tokens[behind].text == ".":
        behind += 2
    return behind < len(tokens) and tokens[behind].text in ("=", ":")


def value_of(tokens: Sequence[Token], option: str) -> str:
    """The value of `option value` or `option = value`; empty if it isn't there."""
    for index, token in enumerate(tokens[:-1]):
        if token.text == option and token.kind == "word":
            following = tokens[index + 1]
            if following.text == "=" and index + 2 < len(tokens):
                following = tokens[index + 2]
            if following.kind != "mark":
                return following.raw
    return ""


_BEFORE_TARGETS = """
    TABLE TABLES VIEW INTO FROM UPDATE TRIGGER PROCEDURE FUNCTION EVENT SEQUENCE ON TO INSERT REPLACE TRUNCATE
"""
_TARGET_WORDS = frozenset(_BEFORE_TARGETS.split())


def targets(words: Sequence[str], tokens: Sequence[Token]) -> list[str]:
    """Databases that the statement names in front of a table or object it acts on."""
    if words[0] not in (
        *("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "LOCK", "INSERT", "REPLACE", "UPDATE", "DELETE"),
        *("ANALYZE", "OPTIMIZE", "REPAIR", "CHECK", "LOAD", "IMPORT", "SELECT", "WITH", "TABLE"),
    ):
        return []
    found: list[str] = []
    body = False
    for index, token in enumerate(tokens[:-3]):
        if token.kind == "word" and words[0] == "CREATE" and token.text in ("AS", "BEGIN", "SELECT", "FOR", "ON"):
            body = token.text != "ON"  # what a view or routine reads is not what the statement acts on
        if body:
            break
        if token.kind == "mark" and token.text == "," and words[0] in ("LOCK", "DROP", "RENAME"):
            pass
        elif token.kind != "word" or (token.text not in _TARGET_WORDS and token.text not in ("EXISTS", "IGNORE")):
            continue
        if tokens[index + 1].kind in ("word", "name"):
            database = name_at(tokens, index + 1)[0]
            if database is not None and database not in found and database.upper() not in ("NEW", "OLD"):
                found.append(database)
    return found

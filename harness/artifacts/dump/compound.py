"""Where the text of a routine ends: whether a second statement hides behind it.

A client sends everything up to its delimiter at once, and servers run all statements in it. So `CREATE PROCEDURE p()
SELECT 1; DROP USER x` under another delimiter is two statements. Blocks are counted so that a doubt ends a block rather
early: then what follows is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.artifacts.dump.tokens import Token

SIGNS = {"name": "`", "text": "'", "number": "0"}
"""How tokens that are no words stand in an expression over a statement."""
_TRAIT = (
    r"(?: (?:COMMENT '|LANGUAGE \w+|(?:NOT )?DETERMINISTIC|(?:CONTAINS|NO) SQL|(?:READS|MODIFIES) SQL DATA"
    r"|SQL SECURITY \w+))*"
)
_TYPE = r"\w+(?: PRECISION)?(?: \(\))?(?: (?:UNSIGNED|SIGNED|ZEROFILL|(?:CHARSET|CHARACTER SET|COLLATE) (?:\w+|'|`)))*"
NAME = r"(?:`|[^ `'(),=;:.@]+)"
QUALIFIED = rf"{NAME}(?: \. {NAME})?"
UNLESS = r"(?:IF NOT EXISTS )?"
ACCOUNT = rf"(?:CURRENT_USER(?: \( \)|(?: \(\)))?|(?:{NAME}|')(?: @ (?:{NAME}|'))?)"
DEFINED = rf"CREATE (?:OR REPLACE )?(?:ALGORITHM = \w+ )?(?:DEFINER = {ACCOUNT} )?(?:SQL SECURITY \w+ )?"
"""How the CREATE of an object with a definer begins."""
_HEADER = re.compile(
    rf"{DEFINED}(?:AGGREGATE )?(?:PROCEDURE {UNLESS}{QUALIFIED} \(\){_TRAIT}"
    rf"|FUNCTION {UNLESS}{QUALIFIED} \(\) RETURNS {_TYPE}{_TRAIT}"
    rf"|TRIGGER {UNLESS}{QUALIFIED} \w+ \w+ ON {QUALIFIED} FOR EACH ROW(?: (?:FOLLOWS|PRECEDES) {QUALIFIED})?"
    rf"|EVENT {UNLESS}{QUALIFIED} ON SCHEDULE [^;]*? DO|PACKAGE (?:BODY )?{QUALIFIED}{_TRAIT})(?= )"
)
_BLOCK = re.compile(r"(?:\S+ : )?BEGIN(?: |$)|(?:AS|IS) ")
_HANDLER = re.compile(
    r"(?:^|; |BEGIN )DECLARE \w+ HANDLER FOR {0}(?: , {0})*$".format(r"(?:SQLSTATE (?:VALUE )?'|0|NOT FOUND|`|\w+)")
)
_BEFORE_BLOCK = frozenset((";", "BEGIN", ":", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "AS", "IS"))
_STATEMENTS = """
    DECLARE SELECT INSERT UPDATE DELETE REPLACE SET IF CASE WHILE LOOP REPEAT CALL SIGNAL RESIGNAL GET ROLLBACK
    COMMIT START SAVEPOINT RETURN LEAVE ITERATE OPEN FETCH CLOSE DO TRUNCATE CREATE DROP ALTER PREPARE EXECUTE
    DEALLOCATE WITH BEGIN FOR LOCK UNLOCK FLUSH ANALYZE OPTIMIZE SHOW
"""
_IN_BLOCK = frozenset(_STATEMENTS.split())
"""How a statement in a block begins. No name can stand before these words, so a `begin` before one is no name."""
_ENDS_WITH_WORD = frozenset(("IF", "LOOP", "WHILE", "REPEAT", "FOR"))


def is_one_statement(tokens: Sequence[Token]) -> bool:
    """Whether every semicolon of a CREATE of a view, trigger, routine or event stands inside of its block.

    Args:
        tokens: of the statement, without its delimiter.
    """
    end = len(tokens)
    while end and _is_mark(tokens[end - 1], ";"):
        end -= 1  # written behind the last END by hand: it ends nothing
    if not any(_is_mark(token, ";") for token in tokens[:end]):
        return True
    begin = _body(tokens[:end])
    return begin >= 0 and _is_block(tokens[begin:end])


def _is_mark(token: Token, text: str) -> bool:
    return token.kind == "mark" and token.text == text


def _body(tokens: Sequence[Token]) -> int:
    """Index of the first token of a body that is a block; -1 if there is none."""
    texts: list[str] = []
    indexes: list[int] = []
    depth = 0
    for index, token in enumerate(tokens):
        if _is_mark(token, "("):
            depth += 1
            if depth == 1:
                texts.append("()")
                indexes.append(index)
        elif _is_mark(token, ")"):
            depth -= 1
        elif not depth:
            texts.append(SIGNS.get(token.kind, token.text))
            indexes.append(index)
    text = " ".join(texts)
    header = _HEADER.match(text)
    if header is None or _BLOCK.match(text, header.end() + 1) is None:
        return -1
    return indexes[text.count(" ", 0, header.end() + 1)]


def _is_block(tokens: Sequence[Token]) -> bool:
    """Whether this is one block from its first token to its last."""
    opened: list[str] = []
    begun = False
    for index, token in enumerate(tokens):
        if begun and not opened and not (index == len(tokens) - 1 and token.kind in ("word", "name")):
            return False  # something follows the end of the block that is not its label
        if token.kind != "word" or (index and _is_mark(tokens[index - 1], ".")):
            continue
        if not begun and token.text in ("BEGIN", "AS", "IS"):
            opened.append("BEGIN")
            begun = True
        elif token.text == "BEGIN" and _opens(tokens, index):
            opened.append("BEGIN")
        elif token.text == "CASE" and tokens[index - 1].text != "END":
            opened.append("CASE")
        elif token.text == "END" and opened and _ends(tokens, index, opened[-1]):
            opened.pop()
    return begun and not opened


def _opens(tokens: Sequence[Token], index: int) -> bool:
    """Whether this BEGIN opens a block, and is certainly no name."""
    before, after = tokens[index - 1], tokens[index + 1] if index + 1 < len(tokens) else None
    if after is None or after.kind != "word":
        return False
    label = index + 2 < len(tokens) and _is_mark(tokens[index + 2], ":")
    if before.kind in ("word", "mark") and before.text in _BEFORE_BLOCK:
        return after.text in _IN_BLOCK or label or (after.text == "END" and before.text in (";", "BEGIN", ":"))
    recent = " ".join(SIGNS.get(token.kind, token.text) for token in tokens[max(0, index - 40) : index])
    return _HANDLER.search(recent) is not None and (after.text in _IN_BLOCK or label or after.text == "END")


def _ends(tokens: Sequence[Token], index: int, opened: str) -> bool:
    """Whether this END ends the innermost block: no END IF and the like, whose beginning was not counted."""
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is not None and following.kind == "word" and following.text in _ENDS_WITH_WORD:
        return False
    # Behind a block nothing stands but a semicolon, or its label: elsewhere the server takes it for no end either.
    at = index + 2 if following is not None and following.kind in ("word", "name") else index + 1
    return opened == "CASE" or at >= len(tokens) or _is_mark(tokens[at], ";")

"""What a SET statement assigns, one variable after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.artifacts.dump.tokens import Token

_SCOPE = re.compile(r"(?:SESSION |LOCAL |@@(?:SESSION\.|LOCAL\.)?)")
_COMMENT = re.compile(rb"/\*(?:!(\d*+))?")
_EVERYBODY_UPTO = 50_699
"""The newest version in a comment that each server runs: MariaDB leaves out 50700 to 99999, MySQL what is newer."""


def parts_of(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The parts between commas that stand in no parentheses."""
    part: list[Token] = []
    depth = 0
    for token in tokens:
        depth, _ = depth_behind(token, depth)
        if token.kind == "mark" and token.text == "," and not depth:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def depth_behind(token: Token, depth: int) -> tuple[int, bool]:
    """How deep in parentheses the next token stands, and whether this one opens a pair."""
    if token.kind != "mark" or token.text not in "()":
        return depth, False
    return depth + (1 if token.text == "(" else -1), token.text == "("


def variable(tokens: Sequence[Token]) -> str:
    """A variable of the session as `SQL_MODE`, of the user as `@NAME`; anything else as it stands."""
    text = "".join(f"{token.text} " if token.kind == "word" else token.text for token in tokens).upper()
    return _SCOPE.sub("", text.replace(" .", "."), count=1).rstrip()


def assignments(tokens: Sequence[Token]) -> Iterator[tuple[str, Sequence[Token]]]:
    """Each variable of a SET statement, as `variable` names it, and the tokens of its value; `NAMES` among them.

    Args:
        tokens: of the whole statement; the first is SET.
    """
    for part in parts_of(tokens[1:]):
        at = next((at for at, token in enumerate(part) if token.kind == "mark" and token.text in "=:"), 0)
        if at:
            yield variable(part[:at]), [token for token in part[at:] if token.kind != "mark" or token.text not in "=:"]
        elif part and part[0].text == "NAMES":
            yield "NAMES", part[1:]


def depends_on_server(data: bytes) -> bool:
    """Whether a comment is in it whose content not every server runs."""
    return any(is_skipped(match.group(1)) for match in _COMMENT.finditer(data))


def is_skipped(version: bytes | None) -> bool:
    """Whether some server skips a comment of this version, as digits; None for one that is not versioned, or /*M!."""
    return version is None or int(version[:6] or 0) > _EVERYBODY_UPTO

r"""Text that came from somewhere else, changed as little as it takes for it to be nothing but text where it is shown.

Names of tables, columns and files and what servers say can hold what a terminal obeys (escape sequences), what ends a
line, what changes the order of letters, and what a CI system takes for a command of its log (`::error::`, `##[group]`).
All of it is shown as a backslash escape. Changing a text twice is the same as once.
"""

from __future__ import annotations

import re

_ORDER = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""They make a text look like another one (https://trojansource.codes)."""
_CONTROLS = "\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff" + _ORDER
_COMMAND = r"##(?=\\*\[|vso|teamcity)"
"""Anywhere in a line (actions/runner, `ActionCommand.TryParse`; Azure Pipelines; TeamCity); a backslash before the
bracket is one that the console takes away."""
_WORKFLOW = r"::(?=[A-Za-z-]+(?:\s|::|$))"
"""At the start of a line, but a line may be wrapped anywhere (actions/runner, `ActionCommand.TryParseV2`)."""
_ACTS = re.compile(rf"[\x00-\x1f{_CONTROLS}]|{_WORKFLOW}|{_COMMAND}")
_ACTS_IN_JSON = re.compile(rf"[{_CONTROLS}]|{_COMMAND}")


def printable(text: str) -> str:
    r"""One line that acts nowhere: `\x1b` for an escape, `\n` for the end of a line, `\x3a:error::` for a command."""
    return _ACTS.sub(lambda found: _escape(found[0][0]) + found[0][1:], text)


def printable_words(text: str) -> str:
    """The same for running text: white space of any kind, the end of a line too, is one space."""
    return printable(" ".join(text.split()))


def printable_lines(text: str) -> str:
    """The same for a text that was written in lines."""
    return "\n".join(printable(line) for line in text.split("\n"))


def printable_json(text: str) -> str:
    """JSON with the same values, in which only what JSON itself needs is left as it is."""
    return _ACTS_IN_JSON.sub(lambda found: f"\\u{ord(found[0][0]):04x}{found[0][1:]}", text)


def _escape(letter: str) -> str:
    return rf"\x{ord(letter):02x}" if letter in ":#" else ascii(letter)[1:-1]

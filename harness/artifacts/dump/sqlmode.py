"""The two SQL modes that change how a script is read."""

from __future__ import annotations

from typing import NamedTuple


class SqlMode(NamedTuple):
    """What a backslash and a double quote mean. The defaults are the server's."""

    no_backslash_escapes: bool = False
    ansi_quotes: bool = False


PLAIN_MODE = SqlMode()

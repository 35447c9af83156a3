"""Groups of options: what a decorator does that gives a command several of them, and the value they make up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

Command = Callable[..., None]


def with_options(command: Command, taking: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    """A command with these options, in this order, in front of its own.

    Args:
        taking: gets the values of the options, and calls the command.
    """
    grouped: Command = functools.wraps(command)(taking)
    for option in reversed(tuple(options)):
        grouped = option(grouped)
    return grouped

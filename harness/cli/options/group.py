"""Options in groups: a decorator that gives a command several of them, each under a title of its `--help`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., None]

FILE = click.Path(dir_okay=False, path_type=Path)
FILE_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
DIRECTORY_THERE = click.Path(exists=True, file_okay=False, path_type=Path)


class _Option(click.Option):
    def __init__(self, *args: Any, section: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section


def section(title: str) -> Callable[..., Callable[[Command], Command]]:
    """`click.option` for options that stand under this title in the `--help` of a `GroupedHelp`."""
    return functools.partial(click.option, cls=_Option, section=title)


backup_option = section("What to verify")
"Says which backup is meant, and what it is held against."

runtime_option = section("Where to run it")
"Says on what a drill runs, and how long it may take."

output_option = section("What to write")
"Says what a run leaves, and who is notified."


def config_option(
    text: str = "Configuration file",
    option: Callable[..., Callable[[Command], Command]] = click.option,
    *,
    there: bool = False,
) -> Callable[[Command], Command]:
    """`--config`, in a section of `--help`; `there`: a file that does not exist is bad usage at once."""
    return option(
        "--config", "config_file", type=FILE_THERE if there else FILE, metavar="FILE",
        help=f"{text}.  [default: ./apiary-drill.toml]",
    )  # fmt: skip


def with_options(command: Command, taking: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    """A command with these options, in this order, in front of its own.

    Args:
        taking: gets the values of the options, and calls the command.
    """
    grouped: Command = functools.wraps(command)(taking)
    for option in reversed(tuple(options)):
        grouped = option(grouped)
    return grouped

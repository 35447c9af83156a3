"""Options in groups: a decorator that gives a command several of them, and `--help` by what they are about."""

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

_LAST = ("What to write", "Options")


class _Option(click.Option):
    def __init__(self, *args: Any, section: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section


class _WholeWords(click.HelpFormatter):
    """Breaks lines at blanks only: an option that is cut at a hyphen can neither be found nor copied."""

    _KEPT = "\N{NON-BREAKING HYPHEN}"

    def write(self, string: str) -> None:
        super().write(string.replace(self._KEPT, "-"))

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", self._KEPT))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, text.replace("-", self._KEPT)) for term, text in rows], col_max, col_spacing)


class _HelpContext(click.Context):
    formatter_class = _WholeWords


class GroupedHelp(click.Command):
    """A command whose `--help` lists options by section; what is written, and what has no section, comes last."""

    context_class = _HelpContext

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title in (*(each for each in sections if each not in _LAST), *_LAST):
            if title in sections:
                with formatter.section(title):
                    formatter.write_dl(sections[title])


class CommandGroup(click.Group):
    """A command with commands of its own, whose `--help` is set alike."""

    context_class = _HelpContext
    command_class = GroupedHelp


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

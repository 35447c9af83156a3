"""The only place that writes to a terminal or a pipe. Whatever goes through it is text there, and no command.

A test over the syntax tree holds the others to it: nothing else prints, makes a console or a `Text` of rich.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from harness.base.errors import HarnessError
from harness.base.printable import printable, printable_json


class NoReader(KeyboardInterrupt):
    """Nobody reads any more (a closed terminal, `| head`): that is an interruption, and says nothing of a backup."""


class Terminal(Console):
    """A console on which a text is one line: every string of a line or of a table's cell comes by here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        with _interrupted_without_reader():
            super().print(*objects, **options)

    def plain(self, *texts: str, **options: Any) -> None:
        """A text as it is: brackets are no markup, numbers have no colour."""
        self.print(*texts, markup=False, **options)

    def whole(self, text: str, **options: Any) -> None:
        """The same on one line, however long: a path or a command that is to be copied."""
        self.plain(text, soft_wrap=True, **options)

    def on_broken_pipe(self) -> None:
        """Called by rich in place of the error."""
        terminal_gone()
        raise NoReader


def console_for(*, stderr: bool = False, quiet: bool = False) -> Terminal:
    """A console of the terminal's width; 110 columns where there is none (a pipe, a CI log); one that says nothing."""
    console = Terminal(stderr=stderr, quiet=quiet)
    return console if console.is_terminal else Terminal(stderr=stderr, width=110, quiet=quiet)


def as_called(text: str) -> str:
    """A text whose commands can be copied: they begin with this program as it was called, unless its name is enough."""
    return re.sub(rf"(?:(?<=`)|(?<=: )){_NAME}(?= [a-z])", lambda _: _program(), text)


_NAME = "apiary-drill"


def _program() -> str:
    called = Path(sys.argv[0])
    if called.parts[-3:] == ("harness", "cli", "main.py"):
        return f"{shlex.quote(sys.executable)} -m harness.cli.main"
    found = shutil.which(_NAME)
    if called.name != _NAME or (found and Path(found).resolve() == called.resolve()):
        return _NAME
    return shlex.quote(str(called))


errors_console = Terminal(stderr=True)


def say(text: str) -> None:
    """A line on stderr, as it is."""
    errors_console.whole(text)


def print_line(text: str) -> None:
    """One line of what a command was asked for, on stdout."""
    _echo(printable(text))


def print_json(text: str) -> None:
    """JSON on stdout: in UTF-8, whatever the terminal's encoding is."""
    _echo(printable_json(text).encode())


def workflow_command(line: str) -> None:
    """A command to GitHub Actions, as `reports.github` makes it. The runner reads both streams: stdout is for the
    answer."""
    _echo(line, err=True)


def _echo(text: str | bytes, *, err: bool = False) -> None:
    with _interrupted_without_reader():
        click.echo(text, err=err)


@contextmanager
def _interrupted_without_reader() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        terminal_gone()
        raise NoReader from None


def terminal_gone() -> None:
    """Let what is still to be written go nowhere, where a stream has no reader any more."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # none where it was closed
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):  # a stream without a descriptor
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_error(error: HarnessError, before: str = "error: ") -> None:
    """An error on stderr: its fact, then a line for each hint, then its details."""
    for number, line in enumerate(map(as_called, error.lines())):
        errors_console.whole(line if number else f"{before}{line}", style="red")


def escape_unprintable() -> None:
    """Let a terminal that lacks a letter show its escape, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

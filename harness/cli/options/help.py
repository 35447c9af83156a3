"""`--help`: options by what they are about, and lines that break at blanks only."""

from __future__ import annotations

from collections.abc import Iterable

import click

_LAST = ("What to write", "Options")


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

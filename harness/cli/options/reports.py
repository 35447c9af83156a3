"""The options that say where reports go; a command gets them as part of its `settings`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from harness.base.settings import Settings
from harness.cli.context import settings_for
from harness.cli.options.group import output_option, with_options


def report_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--html`, `--pdf`, `--markdown`, `--junit`, for a command that has `settings`, or gets them here.

    A file that cannot be written is reported before anything begins.
    """

    def with_files(
        html: Path | None,
        pdf: Path | None,
        markdown: Path | None,
        junit: Path | None,
        settings: Settings | None = None,
        **others: object,
    ) -> None:
        settings = settings or settings_for()
        reports = replace(settings.reports, html=html, pdf=pdf, markdown=markdown, junit=junit)
        if reports.files():
            from harness.reports.files import check_files

            check_files(reports)
        command(settings=replace(settings, reports=reports), **others)

    return with_options(command, with_files, _FILES)


_FILES = tuple(
    output_option(f"--{name}", type=click.Path(path_type=Path), metavar="FILE", help=text)
    for name, text in (
        ("html", "Write the report as one self-contained HTML page."),
        ("pdf", "Write the report as PDF."),
        ("markdown", "Write the report as Markdown, for a pull request or step summary."),
        ("junit", "Write the checks as JUnit XML for CI."),
    )
)

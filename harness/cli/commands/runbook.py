"""`apiary-drill runbook`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.base.private import whole_file
from harness.cli.context import VALID, exit_codes
from harness.cli.options.backup import backup_options
from harness.cli.options.group import DIRECTORY_THERE, FILE, backup_option, output_option
from harness.cli.options.help import GroupedHelp
from harness.reports.terminal import print_line

if TYPE_CHECKING:
    from harness.cli.backup_drill import BackupOptions


@click.command(
    cls=GroupedHelp,
    epilog=exit_codes("the runbook was written", "the backup would not restore", VALID, "the backup could not be read"),
)
@backup_options
@backup_option(
    "--drilled", type=DIRECTORY_THERE, metavar="RUN_DIR", help="Take times and findings from this drill of the backup."
)
@output_option("--html", type=FILE, metavar="FILE", help="Write a page.")
@output_option("--markdown", type=FILE, metavar="FILE", help="Write Markdown to a file.")
def runbook(asked: BackupOptions, drilled: Path | None, html: Path | None, markdown: Path | None) -> None:
    """Write the documented restore of one backup as exact commands.

    BACKUP is a backup as verify takes it, or RUN_DIR, the directory of a finished drill: the runbook then has the
    measured times, and what the drill found. Without --html or --markdown, the Markdown is printed. The commands
    need bash, tar, sed, mysql and curl, but not apiary-drill.

    \b
    Examples:
      apiary-drill runbook backups/2026-11-22 --html restore.html
      apiary-drill runbook ~/.local/state/apiary-drill/runs/20261122T214200Z-verify-3fa1c2
    """
    from harness.cli.runbook import document_of
    from harness.reports.html import render_html
    from harness.reports.markdown import render_markdown

    document = document_of(asked, drilled)
    for path, text in ((html, render_html), (markdown, render_markdown)):
        if path is not None:
            with whole_file(path) as file:
                file.write(text(document).encode())
    if html is None and markdown is None:
        for line in render_markdown(document).splitlines():
            print_line(line)

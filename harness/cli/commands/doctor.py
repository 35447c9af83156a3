"""`apiary-drill doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.common import settings_for
from harness.cli.context import VALID, configuration, exit_codes
from harness.cli.options.group import config_option
from harness.cli.options.help import GroupedHelp
from harness.reports.terminal import as_called, console_for


@click.command(
    cls=GroupedHelp, epilog=exit_codes("everything that a drill needs is here", "", VALID, "something is missing")
)
@click.option("--install", "fetch", is_flag=True, help="Install what is missing (Debian; most of it without root).")
@click.option("--mysqld", metavar="PROGRAM", help="Database server to check.")
@click.option("--meilisearch", metavar="PROGRAM", help="Search server to check.")
@config_option("Configuration; its backup must fit on this machine", there=True)
def doctor(fetch: bool, mysqld: str | None, meilisearch: str | None, config_file: Path | None) -> None:
    """Check prerequisites: what a drill needs, what is missing, and how to get it.

    \b
    Examples:
      apiary-drill doctor
      apiary-drill doctor --install
    """
    from harness.cli.prerequisites import examine, install, room_for_configured

    settings = settings_for(mysqld=mysqld, meilisearch=meilisearch)
    console = console_for()
    if fetch:
        install(settings, console.whole)
    findings = examine(settings)
    path = configuration(config_file)
    if path is not None:
        findings.append(room_for_configured(settings, path))
    for item in findings:
        mark = "[green]✓[/]" if item.fine else "[yellow]?[/]" if item.optional else "[red]✗[/]"
        console.print(f"{mark} [bold]{item.name}[/]: ", end="")
        console.whole(item.fact)
        for hint in item.hints:
            console.whole(f"    {as_called(hint)}")
    sys.exit(0 if all(item.fine or item.optional for item in findings) else 3)

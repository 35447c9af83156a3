"""`apiary-drill doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.base.settings import CONFIG_NAME
from harness.cli.common import EXIT_CODES, settings_for
from harness.reports.terminal import as_called, console_for


@click.command(epilog=EXIT_CODES)
@click.option("--install", "fetch", is_flag=True, help="Install what is missing (Debian; most of it without root).")
@click.option("--mysqld", metavar="PROGRAM", help="Database server to check.")
@click.option("--meilisearch", metavar="PROGRAM", help="Search server to check.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help=f"Configuration whose backup must fit here.  [default: ./{CONFIG_NAME}]",
)
def doctor(fetch: bool, mysqld: str | None, meilisearch: str | None, config_file: Path | None) -> None:
    """Check prerequisites: what a drill needs, what is missing, and how to get it.

    \b
    Example:
      apiary-drill doctor
      apiary-drill doctor --install
    """
    from harness.cli.prerequisites import examine, install, room_for_configured

    settings = settings_for(mysqld=mysqld, meilisearch=meilisearch)
    console = console_for()
    if fetch:
        install(settings, lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))
    findings = examine(settings)
    path = config_file or Path(CONFIG_NAME)
    if path.exists():
        findings.append(room_for_configured(settings, path))
    for item in findings:
        mark = "[green]✓[/]" if item.fine else "[yellow]?[/]" if item.optional else "[red]✗[/]"
        console.print(f"{mark} [bold]{item.name}[/]: ", end="", highlight=False)
        console.print(item.fact, markup=False, highlight=False, soft_wrap=True)
        for hint in item.hints:
            console.print(f"    {as_called(hint)}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(0 if all(item.fine or item.optional for item in findings) else 3)

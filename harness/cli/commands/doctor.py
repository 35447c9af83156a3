"""`apiary-drill doctor`."""

from __future__ import annotations

import sys

import click

from harness.cli.common import EXIT_CODES, settings_for
from harness.cli.prerequisites import examine, install
from harness.reports.terminal import console_for


@click.command(epilog=EXIT_CODES)
@click.option("--install", "fetch", is_flag=True, help="Fetch what is missing (Debian, as root or with sudo).")
@click.option("--mysqld", metavar="PROGRAM", help="Database server to look for.")
@click.option("--meilisearch", metavar="PROGRAM", help="Search server to look for.")
def doctor(fetch: bool, mysqld: str | None, meilisearch: str | None) -> None:
    """Say what a drill needs, what of it is here, what is missing, and what to do.

    \b
    Example:
      apiary-drill doctor
      sudo apiary-drill doctor --install
    """
    settings = settings_for(mysqld=mysqld, meilisearch=meilisearch)
    console = console_for()
    if fetch:
        install(settings, lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))
    findings = examine(settings)
    for item in findings:
        mark = "[green]✓[/]" if item.fine else "[yellow]?[/]" if item.optional else "[red]✗[/]"
        console.print(f"{mark} [bold]{item.name}[/]: ", end="", highlight=False)
        console.print(item.fact, markup=False, highlight=False, soft_wrap=True)
        for hint in item.hints:
            console.print(f"    {hint}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(0 if all(item.fine or item.optional for item in findings) else 3)

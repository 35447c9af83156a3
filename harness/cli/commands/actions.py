"""`apiary-drill actions`."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from harness.cli.options.group import config_option
from harness.cli.options.help import GroupedHelp
from harness.reports.terminal import print_line

_DAYS = 92
"""A quarter: findings that no drill of it had are no longer open."""


@click.command(
    cls=GroupedHelp,
    epilog="""
\b
Exit codes:
  0  every open finding has an owner, and none is overdue
  1  one has no owner, or is overdue
  2  bad usage: no history, or a file that can't be read
""",
)
@click.option("--update", is_flag=True, help="Append entries for findings that the register lacks.")
@config_option(there=True)
def actions(*, update: bool, config_file: Path | None) -> None:
    """List open findings with owner, date and decision.

    The register is actions.toml beside apiary-drill.toml, a file to edit and to keep under version control. Actions
    are not closed by hand: a finding is closed when the latest drill of its backup no longer reports it.

    \b
    Examples:
      apiary-drill actions
      apiary-drill actions --update
    """
    from harness.base.settings import CONFIG_NAME
    from harness.cli.commands.exercise import exercise_found, register_path
    from harness.records.history.period import days
    from harness.records.history.register import stubs
    from harness.reports.exercise_register import register_of

    today: date = datetime.now(UTC).date()
    period, before = days(today - timedelta(days=_DAYS), today)
    found, configured, known = exercise_found(period, before, config_file)
    register = register_of(found, known, today)
    for each in register:
        print_line(f"{each.owner or 'nobody yet'}, {each.due_text}: {each.sentence} {each.decision}".rstrip())
    if not register:
        print_line("no finding is open")
    missing = [each.seen for each in register if each.action is None]
    if update and missing:
        path = register_path(configured, (config_file or Path(CONFIG_NAME)).absolute().parent)
        with path.open("a", encoding="utf-8") as file:
            file.write(stubs(missing))
        print_line(f"appended to {path}: {len(missing)} to fill in")
    sys.exit(1 if any(each.overdue or not each.owner for each in register) else 0)

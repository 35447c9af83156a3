"""The edge: the settings of a command, and where errors are shown; nothing slow is imported for it.

What needs a drill stands in `common`; a command that only reads (`status`, `history`) stays with this.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.base.model import DrillResult
from harness.base.settings import CONFIG_NAME, Settings, from_environment
from harness.cli.options.group import output_option
from harness.reports.terminal import console_for, errors_console, print_json, say


def exit_codes(fine: str, wrong: str, usage: str, unknown: str) -> str:
    """The end of a command's help: what each of its exit codes means; one that it does not have is empty."""
    words = {"0": fine, "1": wrong, "2": f"bad usage: {usage}", "3": unknown, "130": "interrupted"}
    return "\n\b\nExit codes:\n" + "".join(f"  {code:4} {text}\n" for code, text in words.items() if text)


VALID = "an option, a path or a file is not valid"
EXIT_CODES = exit_codes(
    "PASS (run: what the scenario expects)",
    "FAIL: the backup does not restore correctly",
    f"{VALID}; or there is no server program",
    "INCONCLUSIVE: a server does not answer, the disk is full, there is nothing to compare",
)

__all__ = [
    "EXIT_CODES", "VALID", "errors_console", "exit_codes", "is_quiet", "quiet_option", "say", "settings_for",
    "show_result",
]  # fmt: skip

_QUIET = "apiary-drill quiet"


def _set_quiet(context: click.Context, parameter: click.Parameter, quiet: bool) -> None:
    context.meta[_QUIET] = quiet


quiet_option = output_option(
    "--quiet", "-q", is_flag=True, callback=_set_quiet, expose_value=False, is_eager=True,
    help="Print nothing on success, and only what is wrong on failure (for cron).",
)  # fmt: skip


def is_quiet() -> bool:
    """Whether the command that runs was asked for nothing but what is wrong."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def configuration(named: Path | None) -> Path | None:
    """The configuration file that was named, or the one in the current directory, if there is one."""
    return named or (path if (path := Path(CONFIG_NAME)).exists() else None)


def settings_for(*, mysqld: str | None = None, meilisearch: str | None = None) -> Settings:
    """Settings of a command that starts no drill."""
    return from_environment(os.environ, mysqld=mysqld, meilisearch=meilisearch)


def show_result(result: DrillResult, run_dir: Path, *, as_json: bool) -> None:
    """Print a result: as JSON, on one screen for people, or for cron, what is wrong with it and nothing else."""
    from pydantic import TypeAdapter

    from harness.reports.console import print_failure, print_summary

    if as_json:
        print_json(TypeAdapter(DrillResult).dump_json(result, indent=2).decode())
    elif is_quiet():
        if result.verdict is not result.expected_verdict:
            print_failure(result, str(run_dir))
    else:
        print_summary(console_for(), result, str(run_dir))

"""`apiary-drill report`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.commands.common import EXIT_CODES, show_result
from harness.commands.telling import sign, signing_options
from harness.result import exit_code, judge_again
from harness.settings import Settings
from harness.store import Store


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@signing_options
def report(run_dir: Path, as_json: bool, settings: Settings) -> None:
    """Judge a finished run again from its directory, without starting anything, and print the summary.

    \b
    Example:
      apiary-drill report ~/.local/state/apiary-drill/runs/20261122T214200Z-documented-3fa1c2
    """
    result = judge_again(Store(run_dir))
    show_result(result, run_dir, as_json=as_json)
    sign(run_dir, result, settings.telling)
    sys.exit(exit_code(result))

"""`apiary-drill report`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.base.errors import UsageError
from harness.base.settings import Settings
from harness.cli.context import exit_codes, show_result
from harness.cli.options.group import DIRECTORY_THERE
from harness.cli.options.help import GroupedHelp
from harness.cli.options.notifications import sign, signing_options
from harness.cli.options.reports import report_options
from harness.records.run_directory import RunDirectory
from harness.reports.terminal import console_for, print_line


@click.command(cls=GroupedHelp, epilog=exit_codes("PASS", "FAIL", "RUN_DIR or a file is not valid", "INCONCLUSIVE"))
@click.argument("run_dir", type=DIRECTORY_THERE)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--timing", is_flag=True, help="Print time, CPU and bytes by step and process.")
@click.option("--name", "code", metavar="CODE", help="Print the file that a code such as ~3fa1c2d4e5 stands for.")
@signing_options
@report_options
def report(run_dir: Path, as_json: bool, timing: bool, code: str | None, settings: Settings) -> None:
    """Re-evaluate a finished drill from its run directory, and write its reports; nothing is started.

    \b
    Examples:
      apiary-drill report ~/.local/state/apiary-drill/runs/20261122T214200Z-documented-3fa1c2
      apiary-drill report RUN_DIR --timing
      apiary-drill report RUN_DIR --html drill.html --pdf drill.pdf
    """
    from harness.drill.result import exit_code, judge_again

    if code is not None:
        _say_name(run_dir, code)
        return
    if timing:
        _show_timing(run_dir)
        return
    result = judge_again(RunDirectory(run_dir))
    show_result(result, run_dir, as_json=as_json)
    files = settings.reports.files()
    if files:
        from harness.reports.files import document_of, write_reports

        write_reports(document_of(result, run_dir), result, files.items())
    sign(run_dir, result, settings.notifications, tuple(files.values()))
    sys.exit(exit_code(result))


def _show_timing(run_dir: Path) -> None:
    from harness.reports.console import print_grid
    from harness.reports.timing import timing_grids

    grids = list(timing_grids(RunDirectory(run_dir).load_result().steps))
    if not grids:
        raise UsageError("the result says nothing of processor time", "It was written by an older version.")
    for grid in grids:
        print_grid(console_for(), grid)


def _say_name(run_dir: Path, code: str) -> None:
    from harness.reports.names import paths_named

    found = False
    for path in paths_named(run_dir, code):
        print_line(path)
        found = True
    if not found:
        raise UsageError(
            f"no file of this run has the code {code}",
            "A code is ~ followed by ten hexadecimal digits, as the report shows it.",
        )

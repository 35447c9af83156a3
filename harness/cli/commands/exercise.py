"""`apiary-drill exercise`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.base.errors import UsageError
from harness.base.settings import CONFIG_NAME
from harness.cli.context import settings_for
from harness.cli.options.group import DIRECTORY_THERE, FILE_THERE, config_option
from harness.cli.options.help import GroupedHelp
from harness.records.history.database import History
from harness.records.history.period import Period, days, quarter
from harness.reports.terminal import print_line, show_error

if TYPE_CHECKING:
    from harness.cli.config import Config
    from harness.records.history.exercise import Exercise
    from harness.records.history.register import Action

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_SUFFIXES = {"html": "html", "pdf": "pdf", "markdown": "md"}


@click.command(
    cls=GroupedHelp,
    epilog="\n\b\nExit codes:\n  0  the document was written\n  1  no drill started in the period\n  2  bad usage: "
    "no history, or a period or file that cannot be read\n  3  a format could not be written (PDF needs the "
    "library Pango); the others were\n",
)
@click.option("--quarter", "quarter_text", metavar="QUARTER", help="Quarter, such as 2026Q4.")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="First day, such as 2026-10-01.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day (inclusive).")
@click.option(
    "--out", type=DIRECTORY_THERE, default=".", metavar="DIR",
    help="Output directory.  [default: current directory]",
)  # fmt: skip
@click.option(
    "--format", "formats", type=click.Choice(list(_SUFFIXES)), multiple=True, default=list(_SUFFIXES),
    help="Only this format (repeatable).  [default: all]",
)  # fmt: skip
@config_option(there=True)
@click.option(
    "--scorecard", type=FILE_THERE, metavar="FILE",
    help="JSON of `apiary-drill score`; overrides the configuration.",
)  # fmt: skip
def exercise(
    quarter_text: str | None,
    first: datetime | None,
    last: datetime | None,
    out: Path,
    formats: tuple[str, ...],
    config_file: Path | None,
    scorecard: Path | None,
) -> None:
    """Write the report of an exercise: one document covering all drills of a period.

    It is made from the history, starts nothing, and leaves blank lines for participants, decisions and signatures.

    \b
    Examples:
      apiary-drill exercise --quarter 2026Q4
      apiary-drill exercise --from 2026-10-01 --to 2026-12-31 --format pdf --out exercises
    """
    period, before = _period(quarter_text, first, last)
    found, configured, actions = exercise_found(period, before, config_file, scorecard)
    if not found.drills and not found.controls:
        print_line(f"no drill started between {period.first} and {period.last}: nothing to report")
        sys.exit(1)
    sys.exit(_write(found, configured, actions, out, formats))


def _period(quarter_text: str | None, first: datetime | None, last: datetime | None) -> tuple[Period, Period]:
    if (quarter_text is None) == (first is None and last is None):
        raise click.UsageError("give either --quarter, or --from and --to")
    if quarter_text is not None:
        return quarter(quarter_text)
    if first is None or last is None:
        raise click.UsageError("--from and --to must be given together")
    return days(first.date(), last.date())


def exercise_found(
    period: Period, before: Period, config_file: Path | None, scorecard_file: Path | None = None
) -> tuple[Exercise, Config | None, tuple[Action, ...]]:
    """The facts of a period, the configuration, and the register of actions beside it.

    Raises:
        UsageError: no history, or a file that cannot be read.
    """
    from harness.cli import config
    from harness.faults import FAMILIES
    from harness.records.history.exercise import Chain, Known, exercise_of
    from harness.records.history.register import read_actions
    from harness.records.history.scorecard import read_scorecard
    from harness.scenario import definition as scenario

    path = config_file or Path(CONFIG_NAME)
    chosen = config.load(path) if config_file is not None or path.exists() else None
    base = path.absolute().parent
    if scorecard_file is None and chosen is not None and chosen.exercise.scorecard is not None:
        scorecard_file = base / chosen.exercise.scorecard
    history = History(settings_for().history_path)
    entries = [link.entry() for link in history.links()]
    recorded, digest = history.recorded()
    known = Known(
        faults={name: tuple(faults) for name, faults in FAMILIES.items()},
        scenarios=tuple(scenario.shipped()),
        configured=(chosen.backup_name(base),) if chosen is not None else (),
        time_objective_s=chosen.objectives.recovery_time_s if chosen is not None else None,
        point_objective_s=chosen.objectives.recovery_point_s if chosen is not None else None,
    )
    scorecard = read_scorecard(scorecard_file) if scorecard_file is not None else None
    amended = tuple(f"Entry {number}: {amendment}." for number, amendment in history.amendments())
    chain = Chain(recorded, digest, tuple(history.problems()), amended)
    register = register_path(chosen, base)
    actions = read_actions(register) if register.exists() or (chosen and chosen.exercise.actions) else ()
    return exercise_of(entries, period, before, known, scorecard, chain), chosen, actions


def register_path(configured: Config | None, base: Path) -> Path:
    """Where the register is, or would be: as `[exercise] actions` says, else beside the configuration."""
    from harness.records.history.register import FILE_NAME

    return base / ((configured.exercise.actions if configured else None) or FILE_NAME)


def _write(
    found: Exercise, configured: Config | None, actions: tuple[Action, ...], out: Path, formats: tuple[str, ...]
) -> int:
    from harness.base.errors import MissingProgram
    from harness.reports.exercise import Particulars, exercise_document
    from harness.reports.files import write_whole
    from harness.reports.html import render_html
    from harness.reports.markdown import render_markdown
    from harness.reports.pdf import render_pdf

    particulars = Particulars()
    if configured is not None:
        table = configured.exercise
        particulars = Particulars(table.title, table.organisation, table.systems, table.owners, table.objectives)
    document = exercise_document(found, particulars, actions, datetime.now(UTC).date())
    name = found.period.name.replace(" ", "-")
    failed = 0
    for kind in dict.fromkeys(formats):
        path = out / f"exercise-{name}.{_SUFFIXES[kind]}"
        try:
            content = (
                render_pdf(document)
                if kind == "pdf"
                else (render_html(document) if kind == "html" else render_markdown(document)).encode()
            )
            write_whole(path, content)
        except MissingProgram as error:
            show_error(error, f"{path.name}: ")
            failed = error.exit_code
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        else:
            print_line(f"written: {path}")
    return failed

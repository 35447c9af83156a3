"""`apiary-drill score`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from harness.base.settings import Settings
from harness.cli.common import runtime_options
from harness.cli.context import VALID, exit_codes
from harness.cli.options.group import FILE, backup_option, output_option, runtime_option
from harness.cli.options.help import GroupedHelp


def _known_families(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each checked; not `click.Choice` as a type, for which `--help` would read every fault."""
    if names:
        from harness.runner.scorecard import FAMILY_ORDER

        for name in names:
            click.Choice(FAMILY_ORDER).convert(name, parameter, context)
    return names


@click.command(
    cls=GroupedHelp,
    epilog=exit_codes(
        "every fault was detected, and every healthy backup passed",
        "a fault was missed, or a healthy backup failed",
        f"{VALID}; or there is no server program",
        "not everything could be drilled",
    ),
)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]…")
@backup_option(
    "--family",
    "families",
    multiple=True,
    callback=_known_families,
    metavar="FAMILY",
    help="Only scenarios of this family (repeatable): one of `apiary-drill faults`, procedure, or fault-free.",
)
@backup_option(
    "--covering",
    "earlier",
    type=FILE,
    metavar="SCORECARD",
    help="Fewest scenarios that show every check failing, chosen from an earlier full scorecard (JSON).",
)
@backup_option(
    "--checks-as-processes",
    is_flag=True,
    help="With --covering: run as local processes the scenarios that only show a check failing.",
)
@backup_option(
    "--fault-free",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Number of additional fault-free drills, each with different data.",
)
@backup_option(
    "--first-fault-free",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Seed of the first fault-free drill; the same seed repeats the same drill.",
)
@runtime_option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=max(1, os.cpu_count() or 1),
    show_default="number of CPUs",
    help="Number of parallel drills.",
)
@output_option("--markdown", type=FILE, metavar="FILE", help="Also write the scorecard as Markdown.")
@runtime_options
def score(
    scenarios: tuple[str, ...],
    families: tuple[str, ...],
    earlier: Path | None,
    checks_as_processes: bool,
    fault_free: int,
    first_fault_free: int,
    jobs: int,
    markdown: Path | None,
    settings: Settings,
    as_json: bool,
) -> None:
    """Inject every fault and report which ones were detected: the proof that a passed drill means something.

    Runs every shipped scenario at the smallest scale: each fault has to be detected for the right reason, each
    healthy edge case has to pass. Then fault-free drills: none of them may fail. For each check it lists the
    scenarios of which it is the sole detector. With SCENARIO or --family, only those run; with --covering, the
    fewest that show every check, family, injection point and pair of servers.

    \b
    Examples:
      apiary-drill score
      apiary-drill score --family dump --runtime process --fault-free 0
      apiary-drill score --fault-free 200 --markdown scorecard.md --json > scorecard.json
    """
    from harness.cli.scoring import score_scenarios

    code = score_scenarios(
        scenarios, families, settings, earlier=earlier, checks_as_processes=checks_as_processes, fault_free=fault_free,
        first_fault_free=first_fault_free, jobs=jobs, markdown=markdown, as_json=as_json,
    )  # fmt: skip
    sys.exit(code)

"""`apiary-drill run`."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from harness.base.errors import UsageError
from harness.base.settings import Settings
from harness.cli.common import EXIT_CODES, control_option, errors_console, runtime_options
from harness.cli.context import is_quiet, quiet_option
from harness.cli.options.group import backup_option, config_option, output_option
from harness.cli.options.help import GroupedHelp
from harness.cli.options.notifications import notification_options, signing_options
from harness.cli.options.reports import report_options


@click.command(cls=GroupedHelp, epilog=EXIT_CODES)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]…")
@backup_option("--scale", type=click.Choice(["tiny", "small", "medium", "large"]), help="Amount of generated data.")
@backup_option("--rng-seed", metavar="N", type=click.IntRange(min=0), help="Random seed of the generated data.")
@output_option("--keep", is_flag=True, help="Keep the restored target running.")
@control_option
@quiet_option
@config_option("Configuration with [notify]", option=output_option)
@runtime_options
@signing_options
@notification_options
@report_options
def run(
    scenarios: tuple[str, ...],
    scale: str | None,
    rng_seed: int | None,
    keep: bool,
    no_negative_control: bool,
    settings: Settings,
    as_json: bool,
) -> None:
    """Run drills with generated data: back up, destroy, restore, prove.

    A SCENARIO is a name (see `apiary-drill scenarios`) or the path of a *.drill.toml. Without one, the
    documented procedure is drilled.

    \b
    Examples:
      apiary-drill run
      apiary-drill run everything-quiesced --scale medium
    """
    from harness.base.model import Verdict
    from harness.cli.drilling import drilling
    from harness.drill.flow import run_scenario
    from harness.drill.result import exit_code
    from harness.drill.run import Run
    from harness.runner.batch import with_needed_runtime
    from harness.scenario import definition as scenario

    loaded = scenario.load_all([scenario.find(name) for name in scenarios or (scenario.DEFAULT,)])
    if len(loaded) > 1 and (files := settings.reports.files()):
        raise UsageError(
            f"--{next(iter(files))} names one file, but {len(loaded)} scenarios were given",
            "Run one scenario, or take report.html from each run directory.",
        )
    settings = replace(settings, negative_control=not no_negative_control)
    asked = [(wanted, with_needed_runtime(settings, wanted)) for wanted in loaded]
    worst = 0
    for wanted, fitted in asked:
        chosen = wanted.with_data(scale=scale, rng_seed=rng_seed)
        flavours = chosen.runtime.flavours
        with drilling(fitted, chosen.name, as_json=as_json, keep=keep, flavours=flavours) as (plan, finish):
            drill = Run(plan.of_scenario(chosen))
            result = run_scenario(drill, chosen)
            finish(drill, result)
        unmet = chosen.expected.unmet(result)
        for sentence in unmet:
            errors_console.whole(f"not as expected: {sentence}")
        if not unmet and not is_quiet() and chosen.expected.verdict is not Verdict.PASS:
            # A FAIL in large letters is the last thing that was read.
            errors_console.print(f"as expected: verdict {chosen.expected.verdict}, with all expected findings")
        code = exit_code(result, chosen.expected)
        worst = code if worst == 0 or code == 1 else worst
    sys.exit(worst)

"""`apiary-drill run`."""

from __future__ import annotations

import sys

import click

from harness import scenario
from harness.commands.common import EXIT_CODES, drilling, errors_console, runtime_options
from harness.commands.telling import signing_options
from harness.drill import exit_code
from harness.settings import Settings


@click.command(epilog=EXIT_CODES)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]…")
@click.option("--scale", type=click.Choice(["small", "medium", "large"]), help="Instead of the scenario's own.")
@click.option("--rng-seed", type=click.IntRange(min=0), help="Instead of the scenario's own.")
@click.option("--keep", is_flag=True, help="Leave the restored target running, to look at.")
@runtime_options
@signing_options
def run(
    scenarios: tuple[str, ...],
    scale: str | None,
    rng_seed: int | None,
    keep: bool,
    settings: Settings,
    as_json: bool,
) -> None:
    """Run drills with generated data: back up, destroy, restore, prove.

    A SCENARIO is a name (see `apiary-drill scenarios`) or the path of a *.drill.toml. Without one, the
    documented procedure is drilled.

    \b
    Example:
      apiary-drill run
      apiary-drill run everything-quiesced --scale medium
    """
    loaded = [scenario.load(scenario.find(name)) for name in scenarios or (scenario.DEFAULT,)]
    worst = 0
    for wanted in loaded:
        changes = {key: value for key, value in (("scale", scale), ("rng_seed", rng_seed)) if value is not None}
        chosen = wanted.model_copy(update={"data": wanted.data.model_copy(update=changes)})
        with drilling(settings, chosen.name, as_json=as_json, keep=keep) as (drill, show):
            result = drill.run(chosen)
            show(result)
        code = exit_code(result, chosen.expected.verdict, chosen.expected.findings)
        missing = set(chosen.expected.findings) - {finding.code for finding in result.findings}
        if missing:
            errors_console.print(f"expected findings that did not come up: {', '.join(sorted(missing))}")
        worst = code if worst == 0 or code == 1 else worst
    sys.exit(worst)

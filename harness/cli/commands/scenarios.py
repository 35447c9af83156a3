"""`apiary-drill scenarios`: what is drilled, and files of your own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.base.errors import EXIT_USAGE, UsageError
from harness.cli.options.group import DIRECTORY_THERE
from harness.cli.options.help import CommandGroup
from harness.reports.terminal import Terminal, console_for, show_error

if TYPE_CHECKING:
    from harness.scenario.definition import Scenario


@click.group("scenarios", cls=CommandGroup, invoke_without_command=True)
@click.pass_context
def scenarios(context: click.Context) -> None:
    """List the scenarios and what each one is for; show, check and create them.

    \b
    Examples:
      apiary-drill scenarios
      apiary-drill scenarios show documented
    """
    if context.invoked_subcommand is not None:
        return
    from harness.scenario import definition as scenario

    console = console_for()
    for name, loaded in zip(scenario.shipped(), scenario.load_all(list(scenario.shipped().values())), strict=True):
        faults = f", {', '.join(choice.name for choice in loaded.fault)}" if loaded.fault else ""
        console.print(f"[bold]{name}[/]  ({loaded.data.scale}, expected {loaded.expected.verdict}{faults})")
        console.plain(f"  {' '.join(loaded.why.split())}")
        console.print()


@scenarios.command()
@click.argument("name")
def show(name: str) -> None:
    """Describe one scenario in words.

    Says what is done, which faults are injected and which result is expected.

    \b
    Examples:
      apiary-drill scenarios show documented
      apiary-drill scenarios show ./mine.drill.toml
    """
    from harness.scenario import definition as scenario

    path = scenario.find(name)
    _show(console_for(), path, scenario.load(path))


@scenarios.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Validate scenario files.

    Reports every error of every file at once, with its key and what is expected there; exit code 2 if there are any.

    \b
    Example:
      apiary-drill scenarios check scenarios/*.drill.toml
    """
    from harness.scenario import definition as scenario

    console, wrong = console_for(), 0
    for path in files:
        try:
            scenario.load(path)
        except UsageError as error:
            wrong += 1
            show_error(error, "")
        else:
            console.whole(f"{path}: fine")
    if wrong:
        sys.exit(EXIT_USAGE)


@scenarios.command()
@click.argument("name")
@click.option("--fault", metavar="FAULT", help="Fault to inject (see `apiary-drill faults`).")
@click.option(
    "--to",
    "directory",
    type=DIRECTORY_THERE,
    default=Path(),
    metavar="DIR",
    help="Output directory.  [default: current directory]",
)
def new(name: str, fault: str | None, directory: Path) -> None:
    """Write a commented NAME.drill.toml.

    It is a valid scenario to start from.

    \b
    Examples:
      apiary-drill scenarios new nightly
      apiary-drill run ./nightly.drill.toml
    """
    from harness.scenario import definition as scenario
    from harness.scenario.template import template

    if not scenario.is_name(name):
        raise click.BadParameter(
            f"{name!r} is not a valid name: use lowercase letters, digits and '-'", param_hint="NAME"
        )
    chosen = scenario.find_fault(fault) if fault else None
    path = directory / f"{name}{scenario.SUFFIX}"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template(name, chosen))
    except FileExistsError:
        raise UsageError(f"{path} exists", "Choose another name, or remove that file.") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    console_for().whole(f"wrote {path}")


def _show(console: Terminal, path: Path, shown: Scenario) -> None:
    """What is done, which faults are injected, which result is expected."""
    from harness.faults import FAULTS

    say = console.plain

    def listed(title: str, values: tuple[str, ...]) -> None:
        say(f"{title}: {', '.join(values) or 'nothing'}")

    console.print(f"[bold]{shown.name}[/]  {path}", soft_wrap=True)
    say(" ".join(shown.why.split()))
    say("")
    say(f"Data: {shown.data.scale}, random seed {shown.data.rng_seed}")
    say(f"Backup: {shown.backup.mode}, storage as {shown.backup.storage_form}")
    listed("  Excluded tables", shown.backup.excluded_tables)
    listed("  Excluded directories", shown.backup.excluded_directories)
    if shown.backup.further_databases:
        listed("  Other databases in the dump", shown.backup.further_databases)
    if shown.backup.dump_options:
        listed("  Extra dump options", shown.backup.dump_options)
    say(f"Restore: {', '.join(shown.restore.steps)}")
    if shown.restore.as_it_stands:
        say("  The dump is loaded unmodified")
    if shown.restore.evidence == "artifact":
        say("  No evidence of the source, as for a backup from elsewhere")
    if shown.restore.release:
        say(f"  The target is stand-in release {shown.restore.release!r}, and its migrations run")
    needs = [f"{key} {value}" for key, value in shown.runtime.model_dump().items() if value != "any"]
    say(f"Runs on: {', '.join(needs) or 'anything'}")
    for key, value in {**shown.limits.model_dump(), **shown.objectives.model_dump()}.items():
        if value is not None:
            say(f"Limit: {key} = {value:g}")
    for choice in shown.fault:
        options = ", ".join(f"{key} = {value}" for key, value in choice.options.items())
        say(f"Fault at {choice.planned().at}: {choice.name}{(f' ({options})' if options else '')}")
        say(f"  {FAULTS[choice.name].summary}")
    if shown.markers:
        listed("pytest markers", shown.markers)
    say(f"Expected: {shown.expected.verdict}")
    for line in shown.expected.change:
        say(f"  required change: {line}")
    for wanted in shown.expected.finding:
        say(f"  required finding: {wanted}")
    for wanted in shown.expected.also:
        say(f"  allowed finding: {wanted}")

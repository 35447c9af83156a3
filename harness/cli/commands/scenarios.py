"""`apiary-drill scenarios`: what is drilled, and files of your own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.base.errors import EXIT_USAGE, UsageError
from harness.cli.options.group import DIRECTORY_THERE, CommandGroup
from harness.reports.terminal import console_for, show_error


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
    from harness.cli.shown_scenario import show_scenario
    from harness.scenario import definition as scenario

    path = scenario.find(name)
    show_scenario(console_for(), path, scenario.load(path))


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

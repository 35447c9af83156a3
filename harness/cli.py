"""The command line: one function a command; each one builds its settings, calls the flow, and prints."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from pydantic import TypeAdapter
from rich.console import Console

from harness import __version__, scenario
from harness.doctor import examine, install
from harness.drill import Drill, HandedIn, exit_code, judge_again, new_drill_id
from harness.errors import EXIT_INTERRUPTED, HarnessError
from harness.model import DrillResult
from harness.reports.console import ConsoleProgress, print_summary
from harness.runtimes.ownership import sweep, workspace
from harness.runtimes.process import ProcessRuntime
from harness.scenario import Objectives
from harness.settings import Settings, from_environment
from harness.store import Store

EXIT_CODES = """
\b
Exit codes:
  0    as expected
  1    not as expected: the backup does not restore as it should
  2    bad usage: an option, a path or a scenario cannot be used
  3    inconclusive: the drill could not tell (no server, a check that crashed, nothing to compare)
  130  interrupted
"""

errors_console = Console(stderr=True)


class _Group(click.Group):
    """Tells every error of the harness in one sentence with its hints, and ends with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HarnessError as error:
            errors_console.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            errors_console.print("interrupted: every server of this drill was ended", markup=False)
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="apiary-drill")
def main() -> None:
    """Restore a backup of Apiary into disposable servers and prove that rows, files and search are all back.

    \b
    Start here:
      apiary-drill doctor                      what is there, what is missing, what to do
      apiary-drill run                         a full drill with generated data
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz
                                               drill a backup that you have
    """


def _runtime_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        [
            click.option(
                "--runtime", type=click.Choice(["auto", "process"]), default="auto", show_default=True,
                help="How to run the servers. auto takes what is there.",
            ),
            click.option("--mysqld", metavar="PROGRAM", help="Database server to use instead of the one found."),
            click.option("--meilisearch", metavar="PROGRAM", help="Search server to use instead of the one found."),
            click.option(
                "--runs", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
                help="Where the results go: one directory for each drill.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; progress goes to stderr."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


@main.command(epilog=EXIT_CODES)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]…")
@click.option("--scale", type=click.Choice(["small", "medium", "large"]), help="Instead of the scenario's own.")
@click.option("--rng-seed", type=click.IntRange(min=0), help="Instead of the scenario's own.")
@_runtime_options
def run(
    scenarios: tuple[str, ...],
    scale: str | None,
    rng_seed: int | None,
    runtime: str,
    mysqld: str | None,
    meilisearch: str | None,
    runs: Path | None,
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
    settings = _settings(runtime, mysqld, meilisearch, runs)
    loaded = [scenario.load(scenario.find(name)) for name in scenarios or (scenario.DEFAULT,)]
    worst = 0
    for wanted in loaded:
        changes = {key: value for key, value in (("scale", scale), ("rng_seed", rng_seed)) if value is not None}
        chosen = wanted.model_copy(update={"data": wanted.data.model_copy(update=changes)})
        with _drill(settings, chosen.name, as_json=as_json) as (drill, show):
            result = drill.run(chosen)
            show(result)
        code = exit_code(result, chosen.expected.verdict, chosen.expected.findings)
        missing = set(chosen.expected.findings) - {finding.code for finding in result.findings}
        if missing:
            errors_console.print(f"expected findings that did not come up: {', '.join(sorted(missing))}")
        worst = code if worst == 0 or code == 1 else worst
    sys.exit(worst)


@main.command(epilog=EXIT_CODES)
@click.option("--dump", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The script of mysqldump.")
@click.option(
    "--storage", type=click.Path(path_type=Path), required=True, metavar="DIR_OR_TAR",
    help="The storage directory, or an archive of it.",
)  # fmt: skip
@click.option("--database", metavar="NAME", help="Which database of the script; needed when it holds several.")
@click.option(
    "--app-key-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="File with the APP_KEY of the instance, so that encrypted values can be proven readable.",
)  # fmt: skip
@click.option("--rto", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery time objective.")
@click.option("--rpo", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery point objective.")
@_runtime_options
def verify(
    dump: Path,
    storage: Path,
    database: str | None,
    app_key_file: Path | None,
    rto: float | None,
    rpo: float | None,
    runtime: str,
    mysqld: str | None,
    meilisearch: str | None,
    runs: Path | None,
    as_json: bool,
) -> None:
    """Drill a backup that you have: restore it, and prove that all that it holds is back.

    The dump is plain or compressed (gzip, zstd, xz, bzip2); the storage is a directory or a tar archive,
    compressed or not. Nothing that you hand in is changed.

    \b
    Example:
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz --rpo 86400
    """
    settings = _settings(runtime, mysqld, meilisearch, runs)
    handed_in = HandedIn(
        dump=_there(dump, "--dump"),
        storage=_there(storage, "--storage"),
        database=database,
        app_key=_secret(app_key_file),
    )
    purpose = f"The backup {dump.name} with {storage.name}, handed in by an operator."
    with _drill(settings, "verify", as_json=as_json) as (drill, show):
        result = drill.verify(handed_in, Objectives(recovery_time_s=rto, recovery_point_s=rpo), purpose)
        show(result)
    sys.exit(exit_code(result))


@main.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios and what each one is for.

    \b
    Example:
      apiary-drill scenarios
    """
    console = Console()
    for name, path in scenario.shipped().items():
        loaded = scenario.load(path)
        console.print(f"[bold]{name}[/]  ({loaded.data.scale}, expected {loaded.expected.verdict})", highlight=False)
        console.print(f"  {' '.join(loaded.why.split())}\n", markup=False, highlight=False)


@main.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def report(run_dir: Path, as_json: bool) -> None:
    """Judge a finished run again from its directory, without starting anything, and print the summary.

    \b
    Example:
      apiary-drill report ~/.local/state/apiary-drill/runs/20261122T214200Z-documented-3fa1c2
    """
    result = judge_again(Store(run_dir))
    _show(result, run_dir, as_json=as_json)
    sys.exit(exit_code(result))


@main.command(epilog=EXIT_CODES)
@click.option("--install", "fetch", is_flag=True, help="Fetch what is missing (Debian, as root or with sudo).")
@click.option("--mysqld", metavar="PROGRAM", help="Database server to look for.")
@click.option("--meilisearch", metavar="PROGRAM", help="Search server to look for.")
def doctor(fetch: bool, mysqld: str | None, meilisearch: str | None) -> None:
    """Say what a drill needs, what of it is here, what is missing, and what to do.

    \b
    Example:
      apiary-drill doctor
      sudo apiary-drill doctor --install
    """
    settings = _settings("auto", mysqld, meilisearch, None)
    console = Console(soft_wrap=True, highlight=False)
    if fetch:
        install(settings, lambda text: console.print(text, markup=False))
    findings = examine(settings)
    for item in findings:
        mark = "[green]✓[/]" if item.fine else "[yellow]?[/]" if item.optional else "[red]✗[/]"
        console.print(f"{mark} [bold]{item.name}[/]: ", end="")
        console.print(item.fact, markup=False)
        for hint in item.hints:
            console.print(f"    {hint}", markup=False)
    sys.exit(0 if all(item.fine or item.optional for item in findings) else 3)


@main.command()
@click.option("--kept", is_flag=True, help="Also remove targets that were kept on purpose.")
def clean(kept: bool) -> None:
    """Remove what killed drills left behind; a drill that is alive is never touched.

    \b
    Example:
      apiary-drill clean
    """
    settings = _settings("auto", None, None, None)
    found = sweep(settings.state_dir, kept_too=kept)
    for leftover in found:
        click.echo(f"removed {leftover.drill_id}: {len(leftover.pids)} processes, {leftover.directory}")
    click.echo(f"{len(found)} leftovers removed" if found else "nothing to remove")


def _settings(runtime: str, mysqld: str | None, meilisearch: str | None, runs: Path | None) -> Settings:
    return from_environment(os.environ, runs_dir=runs, mysqld=mysqld, meilisearch=meilisearch, runtime=runtime)


def _there(path: Path, option: str) -> Path:
    if not path.exists():
        raise click.BadParameter(f"there is no {path}", param_hint=option)
    return path.resolve()


def _secret(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"cannot read {path}: {error}", param_hint="--app-key-file") from error


@contextmanager
def _drill(settings: Settings, name: str, *, as_json: bool) -> Iterator[tuple[Drill, Callable[[DrillResult], None]]]:
    """A drill with everything around it: signals, leftovers of killed ones, a work directory, the summary."""
    drill_id = new_drill_id(name)
    console = Console(stderr=as_json)
    with _terminable():
        for leftover in sweep(settings.state_dir):
            console.print(f"removed what a killed drill left: {leftover.drill_id}", markup=False, highlight=False)
        store = Store(settings.runs_dir / drill_id)
        with workspace(settings.state_dir, drill_id) as directory:
            runtime = ProcessRuntime(settings, directory)
            drill = Drill(drill_id, runtime, settings, store, ConsoleProgress(console))
            yield drill, lambda result: _show(result, store.directory, as_json=as_json)


def _show(result: DrillResult, run_dir: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(TypeAdapter(DrillResult).dump_json(result, indent=2).decode())
    else:
        print_summary(Console(), result, str(run_dir))


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a drill as Ctrl-C does: with everything stopped and removed."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main()

"""The command line: one function a command; each one builds its settings, calls the flow, and prints."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click
from pydantic import TypeAdapter
from rich.console import Console

from harness import __version__, guide, scenario
from harness.backup.manifest import read_manifest
from harness.backup.outside import CommandLifecycle, check_account, component
from harness.backup.plan import BackupPlan, BackupSource
from harness.backup.take import take_backup
from harness.clock import Clock
from harness.doctor import examine, install
from harness.drill import Drill, HandedIn, exit_code, judge_again, new_drill_id
from harness.errors import EXIT_INTERRUPTED, HarnessError
from harness.model import DrillResult
from harness.reports.console import ConsoleProgress, console_for, print_summary
from harness.runtimes.local_host import LocalHost
from harness.runtimes.ownership import sweep, workspace
from harness.runtimes.process import ProcessRuntime
from harness.runtimes.programs import mysql_programs
from harness.scenario import Objectives
from harness.services.mysql import Account, MySqlServer
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
@click.argument("backup_dir", type=click.Path(path_type=Path), required=False, metavar="[BACKUP]")
@click.option("--dump", type=click.Path(path_type=Path), metavar="FILE", help="The script of mysqldump.")
@click.option(
    "--storage",
    type=click.Path(path_type=Path),
    metavar="DIR_OR_TAR",
    help="The storage directory, or an archive of it.",
)
@click.option("--database", metavar="NAME", help="Which database of the script; needed when it holds several.")
@click.option(
    "--app-key-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="File with the APP_KEY of the instance, so that encrypted values can be proven readable.",
)  # fmt: skip
@click.option("--rto", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery time objective.")
@click.option("--rpo", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Recovery point objective.")
@_runtime_options
def verify(
    backup_dir: Path | None,
    dump: Path | None,
    storage: Path | None,
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
    compressed or not. A BACKUP is a directory that `apiary-drill backup` made: its manifest then says what
    must come back. Nothing that you hand in is changed.

    \b
    Example:
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz --rpo 86400
      apiary-drill verify backups/2026-11-22
    """
    settings = _settings(runtime, mysqld, meilisearch, runs)
    handed_in = _handed_in(backup_dir, dump, storage)
    handed_in = replace(handed_in, database=database, app_key=_secret(app_key_file, "--app-key-file"))
    purpose = f"The backup {handed_in.dump.name} with {handed_in.storage.name}, handed in by an operator."
    with _drill(settings, "verify", as_json=as_json) as (drill, show):
        result = drill.verify(handed_in, Objectives(recovery_time_s=rto, recovery_point_s=rpo), purpose)
        show(result)
    sys.exit(exit_code(result))


@main.command(epilog=EXIT_CODES)
@click.option("--mysql-host", default="127.0.0.1", show_default=True, help="Address of the database server.")
@click.option("--mysql-port", type=click.IntRange(1, 65535), default=3306, show_default=True)
@click.option("--mysql-user", required=True, help="Account that reads; it needs no right to write.")
@click.option(
    "--mysql-password-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="File with the account's password (never given as an argument).",
)
@click.option("--database", default="apiary", show_default=True)
@click.option(
    "--storage",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="The application's storage/app directory.",
)
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="New directory."
)
@click.option("--storage-form", type=click.Choice(["tar.zst", "copy"]), default="tar.zst", show_default=True)
@click.option("--keep-table", multiple=True, metavar="NAME", help="Back up a table that the guide leaves out.")
@click.option("--exclude-table", multiple=True, metavar="NAME", help="Leave out one more table.")
@click.option("--keep-directory", multiple=True, metavar="NAME", help="Back up a directory that the guide leaves out.")
@click.option("--everything", is_flag=True, help="Leave nothing out.")
@click.option("--search-prefix", default="", help="The application's SCOUT_PREFIX.")
@click.option("--stop-command", metavar="COMMAND", help="Stops the application: the backup is then quiesced.")
@click.option("--start-command", metavar="COMMAND", help="Starts it again; run whatever happens.")
@click.option("--mysqld", metavar="PROGRAM", help="Server whose mysqldump is used instead of the one found.")
def backup(
    mysql_host: str,
    mysql_port: int,
    mysql_user: str,
    mysql_password_file: Path,
    database: str,
    storage: Path,
    to: Path,
    storage_form: str,
    keep_table: tuple[str, ...],
    exclude_table: tuple[str, ...],
    keep_directory: tuple[str, ...],
    everything: bool,
    search_prefix: str,
    stop_command: str | None,
    start_command: str | None,
    mysqld: str | None,
) -> None:
    """Back up a running Apiary along the guide, with a manifest that says what must come back.

    It only reads. The directory is a backup once it holds manifest.json, which is written last.

    \b
    Example:
      apiary-drill backup --mysql-user backup --mysql-password-file ~/.backup-password \\
                          --storage /srv/apiary/storage/app --to backups/2026-11-22
    """
    if (stop_command is None) != (start_command is None):
        raise click.UsageError("--stop-command and --start-command go together")
    settings = _settings("auto", mysqld, None, None)
    console = console_for()
    programs = mysql_programs(settings)
    host = LocalHost(settings.base_env)
    account = Account(mysql_user, _secret(mysql_password_file, "--mysql-password-file") or "")
    server = MySqlServer(
        host=mysql_host,
        port=mysql_port,
        admin=account,
        app=account,
        database=database,
        tools=host,
        tools_address=(mysql_host, mysql_port),
        client=str(programs.client),
        dump=str(programs.dump),
    )
    plan = BackupPlan(
        quiesced=stop_command is not None,
        excluded_tables=()
        if everything
        else tuple(name for name in (*guide.EXCLUDABLE_TABLES, *exclude_table) if name not in keep_table),
        excluded_directories=()
        if everything
        else tuple(name for name in guide.EXCLUDABLE_DIRECTORIES if name not in keep_directory),
        storage_form=storage_form,
    )
    with _terminable():
        for privilege, consequence in check_account(server):
            console.print(f"without the privilege {privilege}: {consequence}", markup=False, highlight=False)
        source = BackupSource(
            mysql=server,
            storage_host=host,
            storage_root=str(_there(storage, "--storage")),
            search_prefix=search_prefix,
            components=(component(server),),
            lifecycle=CommandLifecycle(host, stop_command, start_command) if stop_command and start_command else None,
        )
        taken = take_backup(source, plan, to, Clock(ConsoleProgress(console)))
    console.print(f"\nbackup complete: {taken.directory}", markup=False, highlight=False)
    console.print(f"drill it: apiary-drill verify {taken.directory}", markup=False, highlight=False)


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


def _handed_in(backup_dir: Path | None, dump: Path | None, storage: Path | None) -> HandedIn:
    if backup_dir is not None and (dump or storage):
        raise click.UsageError("give a BACKUP directory, or --dump and --storage, not both")
    if backup_dir is not None:
        manifest = read_manifest(_there(backup_dir, "BACKUP"))
        paths = {file.role: _there(backup_dir / file.name, "BACKUP") for file in manifest.artifacts}
        return HandedIn(dump=paths["database"], storage=paths["storage"], manifest=manifest)
    if dump is None or storage is None:
        raise click.UsageError("a backup is a BACKUP directory with a manifest, or --dump and --storage")
    return HandedIn(dump=_there(dump, "--dump"), storage=_there(storage, "--storage"))


def _secret(path: Path | None, option: str) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"cannot read {path}: {error}", param_hint=option) from error


@contextmanager
def _drill(settings: Settings, name: str, *, as_json: bool) -> Iterator[tuple[Drill, Callable[[DrillResult], None]]]:
    """A drill with everything around it: signals, leftovers of killed ones, a work directory, the summary."""
    drill_id = new_drill_id(name)
    console = console_for(stderr=as_json)
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
        print_summary(console_for(), result, str(run_dir))


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

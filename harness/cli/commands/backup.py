"""`apiary-drill backup`."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.base.errors import EXIT_INTERRUPTED
from harness.base.interruption import terminable
from harness.cli.common import errors_console, must_exist, print_progress, settings_for
from harness.cli.context import VALID, exit_codes, is_quiet, quiet_option
from harness.cli.options.group import FILE, output_option, section
from harness.cli.options.help import GroupedHelp
from harness.cli.options.server import AskedServer, server_option, server_options
from harness.reports.terminal import as_called, console_for

_content_option = section("What to back up")
_application_option = section("Application")

if TYPE_CHECKING:
    from harness.runtime.services.execution import Host


@click.command(
    cls=GroupedHelp,
    epilog=exit_codes(
        "the backup is complete",
        "the procedure failed",
        f"{VALID}; or there is no mysqldump",
        "the database server cannot be reached",
    ),
)
@server_options
@_content_option(
    "--storage",
    required=True,
    metavar="DIR_OR_VOLUME",
    help="The application's storage/app directory, or volume:NAME for a Docker volume.",
)
@output_option("--to", required=True, metavar="DIR_OR_URL", help="New directory, here or in a store (s3://, sftp://).")
@_content_option(
    "--app-key-file",
    type=FILE,
    metavar="FILE",
    help="File with the APP_KEY: it is checked and stays where it is; the printed next step names it.",
)
@output_option(
    "--storage-form",
    type=click.Choice(["tar.zst", "copy"]),
    default="tar.zst",
    show_default=True,
    help="Form of the copied files.",
)
@_content_option(
    "--keep-table", multiple=True, metavar="NAME", help="Include a table that is excluded by default (repeatable)."
)
@_content_option("--exclude-table", multiple=True, metavar="NAME", help="Exclude a table (repeatable).")
@_content_option(
    "--keep-directory",
    multiple=True,
    metavar="NAME",
    help="Include a directory that is excluded by default (repeatable).",
)
@_content_option("--everything", is_flag=True, help="Exclude nothing.")
@_content_option("--search-prefix", metavar="PREFIX", default="", help="The application's SCOUT_PREFIX.")
@_application_option(
    "--stop-command", metavar="COMMAND", help="Command that stops the application; the backup is then quiesced."
)
@_application_option(
    "--start-command", metavar="COMMAND", help="Command that starts it again; always run, even after an error."
)
@server_option("--mysqld", metavar="PROGRAM", help="Use the mysqldump of this server instead of the one found.")
@quiet_option
def backup(
    asked: AskedServer,
    storage: str,
    to: str,
    app_key_file: Path | None,
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
    """Back up a running Apiary along the documented procedure, with a manifest that says what must come back.

    The source is only read. Missing privileges are reported first. Everything is written into DIR.partial,
    which is renamed when it is complete: an interrupted backup cannot be mistaken for a good one. If people upload
    or delete files meanwhile, database and files are read again, up to three times; what still disagrees is
    reported. With --stop-command and --start-command (run without a shell) the application is stopped meanwhile;
    the start command always runs, except after kill -9.

    \b
    Example:
      apiary-drill backup --mysql-user backup --mysql-password-file ~/.backup-password \\
                          --storage /srv/apiary/storage/app --to backups/2026-11-22
    """
    from harness.base import guide
    from harness.base.clock import Clock
    from harness.drill.plan import new_drill_id
    from harness.inputs.app_key import read_app_key
    from harness.inputs.sources.stores import is_url, shown_url
    from harness.inputs.sources.upload import uploaded
    from harness.inputs.volumes import named_volume, opened
    from harness.procedure.backup.directory import noted
    from harness.procedure.backup.external_server import CommandLifecycle, check_account, check_command, component
    from harness.procedure.backup.plan import BackupPlan, BackupSource
    from harness.procedure.backup.take import disagreements, take_backup
    from harness.reports.console import ConsoleProgress
    from harness.runtime.process.host import LocalHost
    from harness.runtime.process.programs import mysql_programs

    if (stop_command is None) != (start_command is None):
        raise click.UsageError("--stop-command and --start-command must be given together")
    if is_url(to) and storage_form == "copy":
        raise click.UsageError("--storage-form copy makes a directory of files, and a store takes an archive")
    if app_key_file is not None:
        read_app_key(app_key_file)
    settings = settings_for(mysqld=mysqld)
    for option, command in (("--stop-command", stop_command), ("--start-command", start_command)):
        if command is not None:
            check_command(command, option, settings.base_env.get("PATH"))
    console = console_for(quiet=is_quiet())
    programs = mysql_programs(settings)
    host = LocalHost(settings.base_env)
    server = asked.reached_with(programs, host)
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
    try:
        with ExitStack() as volumes, terminable():
            storage_host: Host
            where = named_volume(storage)
            if where is None:
                storage_host, storage_root = host, str(must_exist(storage, "--storage"))
            else:
                directory = volumes.enter_context(
                    opened(where, settings, new_drill_id("backup"), progress=print_progress)
                )
                storage_host, storage_root = directory.host, directory.root
            for privilege, consequence in check_account(server):
                console.plain(f"without the privilege {privilege}: {consequence}")
            source = BackupSource(
                mysql=server,
                storage_host=storage_host,
                storage_root=storage_root,
                search_prefix=search_prefix,
                components=(component(server),),
                lifecycle=CommandLifecycle(host, stop_command, start_command)
                if stop_command and start_command
                else None,
            )
            if is_url(to):
                target = volumes.enter_context(uploaded(to, settings, new_drill_id("upload"), print_progress))
            else:
                target = Path(to)
            with noted(settings.state_dir, target):
                taken = take_backup(source, plan, target, Clock(ConsoleProgress(console)))
    except KeyboardInterrupt:
        errors_console.plain("interrupted: the unfinished backup was removed")
        sys.exit(EXIT_INTERRUPTED)
    consistency = taken.manifest.consistency
    if consistency is not None and (disagreeing := disagreements(consistency)):
        output = console if consistency.settled else console_for()
        output.print()
        output.plain(
            f"the dump and the files disagree about {', '.join(disagreeing)} after {consistency.attempts} attempts: "
            f"{', '.join(consistency.named)}"
        )
        if not consistency.settled:
            output.print("Back up with --stop-command and --start-command, or at a time with fewer uploads.")
    console.print()
    place = to if is_url(to) else str(taken.directory)
    console.whole(f"backup complete: {shown_url(place) if is_url(to) else place}")
    words = ["apiary-drill", "verify", place, *(("--app-key-file", str(app_key_file)) if app_key_file else ())]
    console.whole(as_called(f"drill it: {shlex.join(words)}"))
    if app_key_file is None:
        console.plain("Add --app-key-file FILE with the APP_KEY to verify encrypted values as well.")

"""The command line: one file a command in `commands/`; here is the group, and how errors end it."""

from __future__ import annotations

import errno
import sys
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from harness import __version__
from harness.base.errors import DISK_FULL, EXIT_INCONCLUSIVE, EXIT_INTERRUPTED, EXIT_USAGE, HarnessError, harness_error
from harness.base.interruption import interrupted
from harness.base.printable import printable_lines
from harness.cli.options.help import CommandGroup
from harness.reports.terminal import NoReader, escape_unprintable, say, show_error, terminal_gone

COMMANDS = {
    "actions": "List open findings, owners and dates.",
    "backup": "Back up a running Apiary.",
    "cleanup": "Remove leftovers of interrupted drills.",
    "doctor": "Check prerequisites, and install them.",
    "evidence": "Sign and verify statements about drills.",
    "exercise": "Write the report of an exercise.",
    "faults": "List the faults that can be injected.",
    "history": "List finished drills, newest first.",
    "images": "Build the images of the Docker runtime.",
    "inspect": "Analyze a dump without a server.",
    "report": "Re-evaluate a finished drill.",
    "restore": "Restore a backup and keep it running.",
    "run": "Run drills with generated data.",
    "runbook": "Write the restore procedure as commands.",
    "scenarios": "List, show, check and create scenarios.",
    "schema": "Print a published JSON Schema.",
    "score": "Inject every fault, report what is detected.",
    "status": "Show when each backup last passed.",
    "verify": "Verify an existing backup.",
}
"""Each command and its summary: its module in `commands/`, and its name there.

Only the requested one is imported, so that neither the list nor a command that reads a file waits for the clients of
servers.
"""

_ABOUT_A_PATH = frozenset(
    {
        errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG,
        errno.EROFS,
    }
)  # fmt: skip
"Errors of the system that the user who gave the path can fix."


class _Group(CommandGroup):
    """Reports every error of the harness in one sentence with its hints, and ends with its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"harness.cli.commands.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and name[:1].isalnum():
            close = get_close_matches(name, COMMANDS, n=2)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            ctx.fail(f"No such command {name!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command; a page of help for which there is no room is an error as any other."""
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            terminal_gone()
            _show(HarnessError(f"cannot write the output: {error.strerror}"))
            sys.exit(EXIT_INCONCLUSIVE)

    def invoke(self, ctx: click.Context) -> Any:
        escape_unprintable()
        try:
            return self._with_errors_shown(ctx)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            terminal_gone()
            ctx.exit(EXIT_INTERRUPTED)
        except KeyboardInterrupt as error:
            if not isinstance(error, NoReader):
                with suppress(NoReader):
                    say("interrupted: all servers of this drill were stopped")
            ctx.exit(EXIT_INTERRUPTED)

    def _with_errors_shown(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HarnessError as error:
            _show(error)
            ctx.exit(error.exit_code)
        except click.ClickException as error:
            vars(error)["message"] = printable_lines(error.message)
            raise
        except (click.Abort, click.exceptions.Exit):
            raise
        except OSError as error:
            if error.errno in (errno.EPIPE, errno.EIO) and error.filename is None:
                raise  # whoever read the output has gone
            where = f"{error.filename}: " if error.filename is not None else ""
            _show(HarnessError(f"{where}{error.strerror or error}"))
            ctx.exit(EXIT_USAGE if error.errno in _ABOUT_A_PATH else EXIT_INCONCLUSIVE)
        except Exception as error:
            if interrupted():  # of which Python before 3.12 makes a RuntimeError where a class is made
                raise KeyboardInterrupt from error
            failure = harness_error(error)
            _show(failure)
            ctx.exit(failure.exit_code)


def _show(error: HarnessError) -> None:
    """Show it where that is possible: a full disk under a log does not change the exit code."""
    try:
        show_error(error)
    except OSError as unwritten:
        if unwritten.errno not in DISK_FULL:
            raise
        terminal_gone()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="apiary-drill")
def main() -> None:
    """Restore a backup of Apiary into disposable servers and prove that rows, files and search are all back.

    \b
    Start here:
      apiary-drill doctor                      what is installed, what is missing, how to get it
      apiary-drill run                         a full drill with generated data
      apiary-drill verify --dump apiary.sql.gz --storage storage.tar.gz
                                               drill a backup that you have
      apiary-drill inspect apiary.sql.gz       what a dump holds, in seconds, without a server
    """

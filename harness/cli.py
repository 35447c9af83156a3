"""The command line: one file a command in `commands/`; here is the group, and how errors end it."""

from __future__ import annotations

from typing import Any

import click

from harness import __version__
from harness.commands.backup import backup
from harness.commands.clean import clean
from harness.commands.common import errors_console
from harness.commands.doctor import doctor
from harness.commands.images import images
from harness.commands.inspect import inspect
from harness.commands.report import report
from harness.commands.restore import restore
from harness.commands.run import run
from harness.commands.scenarios import list_scenarios
from harness.commands.verify import verify
from harness.errors import EXIT_INTERRUPTED, HarnessError


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
      apiary-drill inspect apiary.sql.gz       what a dump holds, in seconds, without a server
    """


for command in (run, verify, inspect, restore, backup, list_scenarios, report, doctor, images, clean):
    main.add_command(command)


if __name__ == "__main__":
    main()

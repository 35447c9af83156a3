"""`apiary-drill inspect`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.artifacts.dump.codes import CODES
from harness.cli.common import password_option, print_progress, settings_for, standard_input
from harness.cli.context import VALID, exit_codes
from harness.cli.options.backup import decrypt_options, window_option
from harness.cli.options.group import config_option
from harness.cli.options.help import GroupedHelp


@click.command(cls=GroupedHelp, epilog=exit_codes("no problem was found", "the backup would not restore", VALID, ""))
@click.argument("dump", nargs=-1, metavar="[FILE…]")
@click.option("--database", metavar="NAME", help="Database to inspect, when the dump holds several.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(CODES),
    metavar="CODE",
    help="Accept unsafe statements of this kind, as verify does (repeatable).",
)
@config_option()
@window_option
@password_option
@decrypt_options[0]
@decrypt_options[1]
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(
    dump: tuple[str, ...],
    database: str | None,
    allow: tuple[str, ...],
    config_file: Path | None,
    password_file: Path | None,
    decrypt: str | None,
    decrypt_key_file: Path | None,
    as_json: bool,
) -> None:
    """Analyze a dump without a server.

    FILE is a script, plain or compressed, - for standard input, a directory that mysqldump --tab wrote, or a BACKUP
    (a directory or a zip archive) as verify takes it, with its storage. Two files are the halves of a pair: first
    what --no-data wrote, then what --no-create-info wrote. Without arguments, apiary-drill.toml in the current
    directory says where the backup is. It rejects what verify would reject, with the same message and exit code.

    \b
    Examples:
      apiary-drill inspect apiary.sql.gz
      apiary-drill inspect backups/2026-11-22
      ssh db mysqldump apiary | apiary-drill inspect -
    """  # fmt: skip
    from pydantic import TypeAdapter

    from harness.artifacts.dump.inspect import examine
    from harness.base.interruption import terminable
    from harness.cli.inspected import inspected, read_storage
    from harness.cli.inspection import Inspection, inspection, show
    from harness.drill.plan import new_drill_id
    from harness.inputs.dumps import STANDARD_INPUT
    from harness.inputs.sources.fetch import Sources
    from harness.inputs.zips import read_password
    from harness.reports.terminal import console_for, print_json

    if dump == (STANDARD_INPUT,):
        if config_file is not None:
            raise click.UsageError("--config names the backup: omit FILE")
        found = inspection(
            *examine(standard_input()), database=database, asked=database is not None, allowed=frozenset(allow)
        )
    else:
        password = None if password_file is None else read_password(password_file)
        with terminable(), Sources(settings_for(), new_drill_id("inspect"), print_progress) as sources:
            meant = inspected(
                dump, config_file, password, sources.decryption(decrypt, decrypt_key_file) if decrypt else None, sources
            )
            found = inspection(
                *examine(meant.dump),
                name=meant.dump.name,
                database=database or meant.database,
                asked=database is not None,
                allowed=frozenset((*allow, *meant.allowed)),
                storage=read_storage(meant),
            )
    if as_json:
        print_json(TypeAdapter(Inspection).dump_json(found, indent=2).decode())
    else:
        show(console_for(), found)
    sys.exit(found.exit_code)

"""The options that say which backup is meant, for `verify` and `restore`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from harness.artifacts.dump.codes import CODES
from harness.artifacts.dump.compression import MOST_WINDOW_BYTES, WINDOW_BYTES, allow_window
from harness.base.guide import APPLICATION_TIME_ZONE
from harness.base.timezones import checked_zone
from harness.cli.common import password_option
from harness.cli.options.group import FILE, backup_option, config_option, output_option, with_options
from harness.inputs.identity import checked_name
from harness.inputs.sources.encrypted import PROGRAMS


def read_size(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """The bytes that a text such as `500G` means; K, M, G and T are powers of 1024."""
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,11})([KMGT]?)(?:i?B)?", text, re.IGNORECASE)
    if found is None:
        raise click.BadParameter(f"{text!r} is not a valid size, such as 500G", context, parameter)
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")


def _allow_window(context: click.Context, parameter: click.Parameter, text: str | None) -> None:
    size_bytes = read_size(context, parameter, text)
    if size_bytes is not None and not WINDOW_BYTES <= size_bytes <= MOST_WINDOW_BYTES:
        raise click.BadParameter(f"{text} is not between 128M and 2G", context, parameter)
    allow_window(size_bytes)


window_option = backup_option(
    "--max-window", callback=_allow_window, expose_value=False, metavar="SIZE",
    help="Memory that a zstd or xz file may request, up to 2G.  [default: 128M]",
)  # fmt: skip
"""For the commands that read compressed files."""


decrypt_options = (
    backup_option("--decrypt", type=click.Choice(PROGRAMS), help="Program that decrypts the backup while it is read."),
    backup_option(
        "--decrypt-key-file", type=FILE, metavar="FILE",
        help="Key file: age identities, or the passphrase for openssl or gpg. Without it, gpg asks its agent.",
    ),
)  # fmt: skip
"Options of the commands that read a backup from elsewhere."


def backup_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, as one argument `asked`."""

    def with_asked(**values: Any) -> None:
        from harness.cli.backup_drill import BackupOptions

        if values["name"] is not None:
            values["name"] = checked_name(values["name"], "--backup-name")
        for option, zone in (("--app-time-zone", "app_time_zone"), ("--server-time-zone", "server_time_zone")):
            if values[zone] is not None:
                checked_zone(values[zone], option)
        asked = BackupOptions(**{field.name: values.pop(field.name) for field in fields(BackupOptions)})
        command(asked=asked, **values)

    return with_options(
        command,
        with_asked,
        [
            click.argument("backup_dir", required=False, metavar="[BACKUP]"),
            backup_option(
                "--dump", multiple=True, metavar="FILE_OR_URL",
                help="Dump file, `-` for standard input, or a mysqldump --tab directory. Give it twice for "
                     "structure (--no-data), then rows (--no-create-info).",
            ),
            backup_option(
                "--storage", metavar="DIR_OR_TAR_OR_URL",
                help="Storage directory, an archive of it, or volume:NAME for a Docker volume.",
            ),
            config_option(option=backup_option),
            backup_option(
                "--max-storage", callback=read_size, metavar="SIZE",
                help="Maximum unpacked size of the storage, such as 3T.  [default: 1T, and 200 times the archive]",
            ),
            password_option,
            *decrypt_options,
            output_option(
                "--fetch-to", type=click.Path(path_type=Path), metavar="DIR",
                help="Keep fetched files in this new directory; otherwise they are deleted at the end.",
            ),
            backup_option("--database", metavar="NAME", help="Database to restore, when the dump holds several."),
            backup_option(
                "--app-key-file", type=FILE, metavar="FILE",
                help="File with the APP_KEY. Without it, encrypted values are not verified.",
            ),
            backup_option(
                "--allow", multiple=True, type=click.Choice(CODES), metavar="CODE",
                help="Accept unsafe statements of this kind; a rejection names the code (repeatable).",
            ),
            backup_option(
                "--accept-missing", multiple=True, metavar="TABLE",
                help="Accept that a table is missing from the dump, or shrinks in a migration (repeatable).",
            ),
            output_option(
                "--backup-name", "name", metavar="NAME",
                help="Backup name in the history.  [default: its location without dates]",
            ),
            backup_option(
                "--app-time-zone", metavar="ZONE",
                help=f"Time zone in which the application writes times.  [default: {APPLICATION_TIME_ZONE}]",
            ),
            backup_option(
                "--server-time-zone", metavar="ZONE",
                help="Time zone of the source's database server.  [default: as the backup says, else UTC]",
            ),
        ]
    )  # fmt: skip

"""The options that say which database server is backed up, and how it is reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.base.errors import UsageError
from harness.cli.common import read_secret
from harness.cli.options.group import FILE, section, with_options
from harness.inputs.mysql_options import client_options
from harness.runtime.services.mysql_transport import MODES, Transport

if TYPE_CHECKING:
    from harness.runtime.process.programs import MySqlPrograms
    from harness.runtime.services.execution import Host
    from harness.runtime.services.mysql import Account, MySqlServer

server_option = section("Database server")


@dataclass(frozen=True, slots=True)
class AskedServer:
    """A server of somebody else, as the command line and a client options file name it."""

    host: str
    port: int
    account: Account
    database: str
    socket: str
    mode: str
    ca: Path | None
    cert: Path | None
    key: Path | None

    def reached_with(self, programs: MySqlPrograms, tools: Host) -> MySqlServer:
        """The server, with the client tools of this machine. Raises UsageError."""
        from harness.runtime.services.mysql import MySqlServer

        return MySqlServer(
            host=self.host,
            port=self.port,
            admin=self.account,
            app=self.account,
            database=self.database,
            tools=tools,
            tools_address=(self.host, self.port),
            client=str(programs.client),
            dump=str(programs.dump),
            transport=Transport(
                self.socket, self.mode, self.ca, self.cert, self.key, mariadb_tools=programs.flavour == "MariaDB"
            ),
        )


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, as one argument `asked`."""

    def with_server(
        mysql_host: str | None,
        mysql_port: int | None,
        mysql_socket: str | None,
        mysql_user: str | None,
        mysql_password_file: Path | None,
        mysql_defaults_file: Path | None,
        mysql_ssl_mode: str | None,
        mysql_ssl_ca: Path | None,
        database: str,
        **others: object,
    ) -> None:
        from harness.runtime.services.mysql import Account

        if mysql_host is not None and mysql_socket is not None:
            raise click.UsageError("give either --mysql-host or --mysql-socket")
        options = {} if mysql_defaults_file is None else client_options(mysql_defaults_file)
        user = mysql_user or options.get("user")
        if not user:
            raise click.UsageError("no account: give --mysql-user, or `user` in a file for --mysql-defaults-file")
        host = mysql_host or options.get("host")
        socket = mysql_socket or (options.get("socket") if mysql_host is None and host in (None, "localhost") else None)
        password = read_secret(mysql_password_file, "--mysql-password-file")
        if password is None and mysql_defaults_file is None and socket is None:
            raise click.UsageError(
                "no password: give --mysql-password-file, or `password` in a file for --mysql-defaults-file"
            )
        ca = mysql_ssl_ca or _path(options.get("ssl-ca"))
        asked = AskedServer(
            host=host or "127.0.0.1",
            port=mysql_port or _port(options.get("port")) or 3306,
            account=Account(user, password if password is not None else options.get("password", "")),
            database=database,
            socket=socket or "",
            # As MySQL's clients: an authority without a mode is there to be verified with.
            mode=mysql_ssl_mode or _mode(options) or ("verify_ca" if ca is not None else "preferred"),
            ca=ca,
            cert=_path(options.get("ssl-cert")),
            key=_path(options.get("ssl-key")),
        )
        command(asked=asked, **others)

    return with_options(command, with_server, _OPTIONS)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _port(text: str | None) -> int | None:
    if text is None or (text.isdecimal() and 0 < int(text) < 65536):
        return int(text) if text else None
    raise UsageError("the client options file has a `port` that is not a port")


def _mode(options: dict[str, str]) -> str | None:
    """The TLS mode of a client options file, in MySQL's words or in MariaDB's."""
    if (mode := options.get("ssl-mode")) is not None:
        if mode.lower() not in MODES:
            raise UsageError(f"the client options file has an unknown ssl-mode; known are {', '.join(MODES).upper()}")
        return mode.lower()
    on = ("", "1", "on", "true")
    if "skip-ssl" in options or options.get("ssl", "on").lower() not in on:
        return "disabled"
    if options.get("ssl-verify-server-cert", "off").lower() in on:
        return "verify_identity"
    return "required" if "ssl" in options else None


_OPTIONS = (
    server_option("--mysql-host", metavar="NAME", help="Database server address.  [default: 127.0.0.1]"),
    server_option("--mysql-port", metavar="PORT", type=click.IntRange(1, 65535), help="Its port.  [default: 3306]"),
    server_option("--mysql-socket", metavar="PATH", help="Unix socket, instead of address and port."),
    server_option("--mysql-user", metavar="NAME", help="Database account for reading; needs no write privileges."),
    server_option("--mysql-password-file", type=FILE, metavar="FILE", help="File with the account's password."),
    server_option(
        "--mysql-defaults-file", type=FILE, metavar="FILE",
        help="Client options file with [client], such as ~/.my.cnf; command-line options take precedence.",
    ),
    server_option(
        "--mysql-ssl-mode", type=click.Choice(MODES), metavar="MODE",
        help=f"TLS: {', '.join(MODES)}.  [default: preferred; verify_ca with --mysql-ssl-ca]",
    ),
    server_option(
        "--mysql-ssl-ca", type=FILE, metavar="FILE", help="CA certificate that signed the server's certificate."
    ),
    server_option("--database", metavar="NAME", default="apiary", show_default=True, help="Database to back up."),
)  # fmt: skip

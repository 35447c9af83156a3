"""A MySQL or MariaDB server: its address, its accounts, its client tools, and connections to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
import pymysql.cursors
from pymysql.constants import CLIENT

from harness.base.errors import ServerFailed, WaitTimeout
from harness.base.limits import Limits, option_for
from harness.runtime.services.answer_deadline import deadline
from harness.runtime.services.execution import Host
from harness.runtime.services.mysql_errors import DISK_FULL, disk_full, without_values
from harness.runtime.services.mysql_transport import Transport
from harness.runtime.services.mysql_unreachable import NO_SOCKET, remedies

CONNECT_TIMEOUT_S = 5
HANDSHAKE_S = 120.0
"""From a connection to the answer to its first statement."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# Variables that change what a script or a row means, compared between source and target.
MEANINGFUL_VARIABLES: tuple[str, ...] = (
    "character_set_server",
    "collation_server",
    "default_storage_engine",
    "explicit_defaults_for_timestamp",
    "lower_case_table_names",
    "max_allowed_packet",
    "sql_mode",
    "sql_require_primary_key",
    "system_time_zone",
    "time_zone",
    "version",
)


@dataclass(frozen=True, slots=True)
class Account:
    """A database account; its password never goes into an argument list, a log or a report."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Account(user={self.user!r})"


@dataclass(frozen=True, slots=True)
class MySqlServer:
    """A running server.

    Args:
        host: address for connections of the harness.
        port: TCP port for connections of the harness.
        admin: an account with all rights, or the operator's own for a server that was not started here.
        app: the account of the application, limited to `database`.
        tools_address: the server's host and port as the tools see it.
        client: program that runs scripts (`mysql` or `mariadb`).
        dump: program that makes them (`mysqldump` or `mariadb-dump`).
        private: True where no packet between the harness and the server leaves this machine.
        limits: how long an answer and a client tool may take; None for a server that was not started here.
        place: of its data, for messages: a directory, or a volume of the engine.
        transport: the way to a server that was not started here; None for TCP on this machine, or to its containers.
        overrides: accounts in place of `admin`, by what they are for (`dump`): for faults, and for nothing else.
    """

    host: str
    port: int
    admin: Account
    app: Account
    database: str
    tools: Host
    tools_address: tuple[str, int]
    client: str
    dump: str
    private: bool = False
    limits: Limits | None = None
    place: str = ""
    transport: Transport | None = None
    overrides: dict[str, Account] = field(default_factory=dict, compare=False)

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return (self.transport and self.transport.socket) or f"{self.host}:{self.port}"

    @property
    def command_s(self) -> float:
        """How long a client tool may take, or a whole load."""
        return (self.limits or Limits()).command_s

    @property
    def dumper(self) -> Account:
        """The account that mysqldump gets; what is read besides is read by `admin`, who sees every object."""
        return self.overrides.get("dump", self.admin)

    def connect(
        self,
        account: Account | None = None,
        *,
        database: str | None = None,
        answer_s: float | None = None,
        several: bool = False,
    ) -> pymysql.Connection[Any]:
        """Open a connection over TCP; times are UTC and values are read as they stand.

        Args:
            account: `admin` unless given.
            answer_s: how long an answer may take; the server's own limit unless given.
            several: whether a query may hold several statements.

        Raises:
            ServerFailed: no connection, or wrong credentials.
        """
        account = account or self.admin
        answer_s = answer_s or (self.limits.answer_s if self.limits else None)
        # There nobody listens, and loading the certificates takes 28 ms a connection (measured).
        way: dict[str, Any] = {"ssl_disabled": self.private or self.host in _LOOPBACK}
        if self.transport is not None:
            way = self.transport.connection_arguments()
            if self.transport.socket and not Path(self.transport.socket).exists():
                raise ServerFailed(f"no MySQL server: there is no socket {self.transport.socket}", NO_SOCKET)
        try:
            connection = pymysql.connect(
                host=self.host,
                port=self.port,
                user=account.user,
                password=account.password,
                database=database,
                charset="utf8mb4",
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=answer_s,
                write_timeout=answer_s,
                **way,
                init_command="SET time_zone = '+00:00', sql_mode = ''",
                autocommit=True,
                client_flag=CLIENT.MULTI_STATEMENTS if several else 0,
                defer_connect=True,
            )
            with deadline(connection, HANDSHAKE_S) as time:
                connection.connect()
        except pymysql.MySQLError as error:
            if time.is_set():
                raise ServerFailed(
                    f"cannot connect to MySQL at {self.address} as {account.user!r}: its answer was not complete "
                    f"within {HANDSHAKE_S:g} s",
                    "What answers there may be no database server.",
                ) from error
            hints = self.transport and remedies(
                error,
                user=account.user,
                encrypted=not way.get("ssl_disabled"),
                reached_by_socket=bool(self.transport.socket),
            )
            raise ServerFailed(
                f"cannot connect to MySQL at {self.address} as {account.user!r}: {error_text(error)}", *(hints or ())
            ) from error
        return connection

    @contextmanager
    def session(
        self, account: Account | None = None, *, database: str | None = None, answer_s: float | None = None
    ) -> Iterator[Session]:
        """A connection for the length of a `with` block; what takes too long in it is ended at the server, too.

        Raises:
            ServerFailed: the disk is full, which is why a statement took too long. It is left alone: MySQL's binary
                log takes the whole server down with a statement that is ended while it waits for room.
        """
        connection = self.connect(account, database=database, answer_s=answer_s)
        number = connection.thread_id()  # type: ignore[no-untyped-call]
        try:
            yield Session(connection, self.place)
        except WaitTimeout as error:
            full = False
            with suppress(ServerFailed), closing(self.connect(answer_s=CONNECT_TIMEOUT_S)) as other:
                if not (full := waits_for_room(Session(other))):
                    Session(other).execute(f"KILL {number}")
            if full:
                raise disk_full(str(error), self.place) from error
            raise
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether it takes a connection and a query now."""
        try:
            with self.session() as session:
                return bool(session.value("SELECT 1"))
        except ServerFailed:
            return False

    def tool_arguments(self, account: Account) -> list[str]:
        """Options that every client tool gets: address and user (the environment has the password)."""
        host, port = self.tools_address
        if self.transport is not None:
            return [*self.transport.tool_arguments(host, port), f"--user={account.user}"]
        return [f"--host={host}", f"--port={port}", f"--user={account.user}", "--protocol=TCP"]

    def tool_environment(self, account: Account) -> dict[str, str]:
        """The environment that hands a client tool its password."""
        return {"MYSQL_PWD": account.password}


class Session:
    """A connection with the few calls that the harness makes; errors name the server's code."""

    def __init__(self, connection: pymysql.Connection[Any], place: str = "") -> None:
        self.connection = connection
        self._place = place  # where the server keeps its files, for the error that they fill it

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a query; all of them are fetched before the first one is handed out."""
        with self.connection.cursor() as cursor:
            self._execute(cursor, sql, values, whole=True)
            yield from cursor

    def stream(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a query as they come; the connection can do nothing else until the last one."""
        with self.connection.cursor(pymysql.cursors.SSCursor) as cursor:
            self._execute(cursor, sql, values)
            try:
                yield from cursor
            except pymysql.MySQLError as error:
                if isinstance(error.__context__, TimeoutError):
                    raise _out_of_time(self.connection._read_timeout, sql) from error  # type: ignore[attr-defined]
                raise ServerFailed(f"the connection was lost during a query: {error_text(error)}") from error

    def row(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
        return next(self.rows(sql, values))

    def value(self, sql: str, values: Sequence[object] = ()) -> Any:
        return self.row(sql, values)[0]

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run a statement that returns nothing."""
        with self.connection.cursor() as cursor:
            self._execute(cursor, sql, values, whole=True)

    def _execute(
        self, cursor: pymysql.cursors.Cursor, sql: str, values: Sequence[object], *, whole: bool = False
    ) -> None:
        """Run a statement; `whole` if its answer is complete when this returns."""
        limit_s: float | None = self.connection._read_timeout  # type: ignore[attr-defined]
        try:
            with deadline(self.connection, limit_s if whole else None) as time:
                cursor.execute(sql, tuple(values) or None)
        except pymysql.MySQLError as error:
            if time.is_set():
                raise _out_of_time(limit_s or 0, sql) from error
            if error.args and error.args[0] in DISK_FULL:
                raise disk_full(error_text(error), self._place) from error
            if isinstance(error.__context__, TimeoutError):
                raise _out_of_time(limit_s or 0, sql) from error
            raise ServerFailed(f"MySQL refused {sql.split(None, 1)[0]}: {error_text(error)}") from error


_WAITING_IN_MYSQL = (
    "performance_schema.error_log WHERE error_code = 'MY-000035' AND (NOT @@performance_schema OR EXISTS"
    " (SELECT 1 FROM performance_schema.threads WHERE processlist_command IN ('Query', 'Execute')"
    " AND processlist_id <> CONNECTION_ID() AND logged >= NOW(6) - INTERVAL processlist_time + 1 SECOND))"
)
"""A thread's time is in whole seconds."""


def waits_for_room(session: Session) -> bool:
    """Whether a statement waits for room on the disk, as those of the binary log, MyISAM and Aria do without an end.

    MariaDB says so in the thread's state, MySQL (since 8.0.22) in its log, once in ten minutes: a message that is older
    than every statement that runs now is of one that has ended.
    """
    mariadb = "information_schema.processlist WHERE state = 'Waiting for someone to free space'"
    try:
        rows = mariadb if session.value("SELECT VERSION() LIKE '%MariaDB%'") else _WAITING_IN_MYSQL
        return bool(session.value(f"SELECT COUNT(*) FROM {rows}"))
    except (ServerFailed, WaitTimeout):
        return False  # an older server, none any more, or an account that may not ask


def _out_of_time(limit_s: float, sql: str) -> WaitTimeout:
    """What is raised in place of an error that comes of the limit of a connection."""
    return WaitTimeout(
        f"timed out after {limit_s:g} s waiting for MySQL to answer {sql.split(None, 1)[0]}",
        f"A waiting trigger or a lock may block it; a large table may need more time: {option_for('answer_s')}.",
    )


def error_text(error: Exception) -> str:
    """A MySQL error as `ERROR 1146: Table … doesn't exist`, without the values that it quotes."""
    if len(error.args) >= 2:
        return without_values(f"ERROR {error.args[0]}: {error.args[1]}").rstrip()
    return str(error)


def quote_name(*parts: str) -> str:
    """An identifier in backticks; several parts are joined with dots."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def granted_name(database: str) -> str:
    """A database as a grant names it: there, an underscore stands for any character unless it is escaped."""
    return quote_name(database.replace("_", "\\_"))


def create_like(session: Session, database: str, name: str) -> str:
    """The statement that creates a database with the character set and collation that another one has."""
    charset, collation = session.row(
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
        " WHERE schema_name = %s",
        (database,),
    )
    return f"CREATE DATABASE {quote_name(name)} CHARACTER SET {charset} COLLATE {collation}"


def server_identity(session: Session) -> tuple[str, str]:
    """What a server is, by its own word (`MySQL`, `MariaDB`, `Percona Server`), and its version (such as `9.7.4`).

    MariaDB can be configured to call itself another version, so that its own engine Aria decides.
    """
    text, comment, aria = session.row(
        "SELECT VERSION(), @@version_comment, (SELECT COUNT(*) FROM information_schema.engines WHERE engine = 'Aria')"
    )
    answer = f"{text} {comment}".lower()
    match = re.match(r"\d+(\.\d+)*", str(text))
    version = match.group() if match else str(text)
    if aria or "mariadb" in answer:
        return "MariaDB", version
    return "Percona Server" if "percona" in answer else "MySQL", version


def server_version(session: Session) -> tuple[str, str]:
    """Flavour (`MySQL` or `MariaDB`: whose dialect it speaks) and version (such as `9.7.4`)."""
    name, version = server_identity(session)
    return "MariaDB" if name == "MariaDB" else "MySQL", version


def server_variables(session: Session) -> Mapping[str, str]:
    """Global variables by name; those that the server does not have are left out."""
    marks = ", ".join(["%s"] * len(MEANINGFUL_VARIABLES))
    found = session.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({marks})", MEANINGFUL_VARIABLES)
    return {str(name): str(value) for name, value in sorted(found)}

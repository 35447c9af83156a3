"""Connections to the app's database, and what is in it according to `information_schema`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor, SSCursor

from harness.base.guide import APPLICATION_TIME_ZONE
from harness.standins.apiary.config import DatabaseArgs

APPLICATION_ZONE = ZoneInfo(APPLICATION_TIME_ZONE)

_SESSION = (
    "set session time_zone = '+00:00', group_concat_max_len = 4294967295, net_write_timeout = 600, "
    "sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)
"""Laravel's strict mode (its MySQL connector sets it for each session), long lists of ids, and a server in UTC."""


def now() -> str:
    """The time as Laravel writes it into a row: its own zone's wall clock, whatever the server's zone is."""
    return f"{datetime.now(APPLICATION_ZONE):%Y-%m-%d %H:%M:%S}"


def error_text(error: Exception) -> str:
    """An error as the real app's log has it: MySQL's with its number, the others with their text."""
    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
        return f"SQLSTATE[HY000] [{error.args[0]}] {error.args[1]}"
    return str(error)


def connect(args: DatabaseArgs, *, connect_timeout_s: int = 10) -> Connection[Cursor]:
    """Open a connection as the app does: utf8mb4, strict, UTC, committing each statement.

    Raises:
        pymysql.MySQLError: the server is not there or refuses the login.
    """
    connection: Connection[Cursor] = _connected(args, connect_timeout=connect_timeout_s)
    return connection


def connect_streaming(args: DatabaseArgs) -> Connection[SSCursor]:
    """Open a connection whose rows stay on the server until they are read, and come as bytes."""
    connection: Connection[SSCursor] = _connected(args, use_unicode=False, cursorclass=SSCursor)
    return connection


def _connected(args: DatabaseArgs, **options: Any) -> Any:
    return pymysql.connect(
        host=args.host,
        port=args.port,
        user=args.user,
        password=args.password,
        database=args.database,
        unix_socket=args.socket or None,
        charset="utf8mb4",
        autocommit=True,
        # As PHP's driver, which encrypts only when it is given a certificate; loading those takes 28 ms.
        ssl_disabled=True,
        init_command=_SESSION,
        **options,
    )


@dataclass(frozen=True, slots=True)
class Catalog:
    """The columns of each table that is there, with their types, in the tables' order."""

    tables: dict[str, dict[str, str]]

    def has(self, table: str, column: str) -> bool:
        return column in self.tables.get(table, {})


def read_catalog(connection: Connection[Cursor]) -> Catalog:
    """Read the tables of the connection's own database; views are left out."""
    tables: dict[str, dict[str, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.table_name, c.column_name, c.data_type from information_schema.columns c "
            "join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = "
            "c.table_name "
            "where c.table_schema = database() and t.table_type = 'BASE TABLE' "
            "order by c.table_name, c.ordinal_position"
        )
        for table, column, data_type in cursor:
            tables.setdefault(table, {})[column] = data_type
    return Catalog(tables)


def scalar(connection: Connection[Cursor], sql: str, *parameters: object) -> object:
    """Run a query and return the first column of its first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        row = cursor.fetchone()
    return row[0] if row else None

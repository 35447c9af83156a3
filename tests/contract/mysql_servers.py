"""Servers of one kind, MySQL or MariaDB, for as long as a session; and databases on them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from harness.base.errors import MissingProgram
from harness.base.settings import from_environment
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
from harness.runtime.process.mysql import mysql_server
from harness.runtime.process.programs import MYSQL_HINTS, MySqlPrograms, mysql_programs
from harness.runtime.services.mysql import Account, MySqlServer, Session, quote_name
from harness.runtime.spec import StackSpec, new_app_key


@contextmanager
def servers_of(
    flavour: str, state_dir: Path, *roles: str
) -> Iterator[tuple[MySqlPrograms, list[tuple[MySqlServer, Session]]]]:
    """One server for each role, started from the cached template, with an administrator's session.

    Raises:
        MissingProgram: this machine has none of that kind: an error, never a skip.
    """
    settings = replace(from_environment(os.environ), state_dir=state_dir, mysqld=None, runtime="process")
    if flavour == "MariaDB":
        settings = replace(settings, mysqld="mariadbd")
    programs = mysql_programs(settings)
    if programs.flavour != flavour:
        raise MissingProgram(f"these tests need a {flavour}, and found {programs.server} only", *MYSQL_HINTS)
    drill_id = f"contract-{secrets.token_hex(4)}"
    env = {**settings.base_env, DRILL_ID_VARIABLE: drill_id}
    with ExitStack() as running:
        directory = running.enter_context(workspace(settings.state_dir, drill_id))
        started = []
        for role in roles:
            spec = StackSpec(role, drill_id, directory / "logs" / role, new_app_key(), durable=False)
            server, *_ = running.enter_context(mysql_server(settings, programs, spec, directory / role, env))
            started.append((server, running.enter_context(server.session())))
        yield programs, started


def create_database(admin: Session, name: str, app: Account) -> None:
    """An empty database as Apiary's is, and its account, which may be there already."""
    admin.execute(f"CREATE DATABASE {quote_name(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    admin.execute(f"CREATE USER IF NOT EXISTS '{app.user}'@'%' IDENTIFIED BY '{app.password}'")
    admin.execute(f"GRANT ALL ON {quote_name(name.replace('_', chr(92) + '_'))}.* TO '{app.user}'@'%'")


def drop_database(admin: Session, name: str, app: Account) -> None:
    """Both again."""
    admin.execute(f"DROP DATABASE IF EXISTS {quote_name(name)}")
    admin.execute(f"DROP USER IF EXISTS '{app.user}'@'%'")

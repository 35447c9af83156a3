"""Two servers of each kind, MySQL and MariaDB: every test here runs against both kinds, and none is skipped.

The servers live as long as the session, one pair at a time; each test gets a database and an account of its own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from harness.base.errors import MissingProgram
from harness.base.settings import from_environment
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
from harness.runtime.process.mysql import mysql_server
from harness.runtime.process.programs import MYSQL_HINTS, mysql_programs
from harness.runtime.services.mysql import Account, MySqlServer, Session, quote_name
from harness.runtime.spec import StackSpec, new_app_key
from tests.contract.mysql.places import FLAVOURS, Place

# One worker for each kind of server (`--dist loadgroup`), so that its servers are started once.
KINDS = [pytest.param(flavour, marks=pytest.mark.xdist_group(f"mysql-{flavour}"), id=flavour) for flavour in FLAVOURS]


@dataclass(frozen=True, slots=True)
class Servers:
    """Two servers of one kind: where the tests' databases are, and where they are restored."""

    here: tuple[MySqlServer, Session]
    elsewhere: tuple[MySqlServer, Session]
    flavour: str
    version: str


@pytest.fixture(scope="session", params=KINDS)
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Started from the cached template; a server that is not to be had is an error."""
    settings = replace(
        from_environment(os.environ), state_dir=tmp_path_factory.mktemp("state"), mysqld=None, runtime="process"
    )
    if request.param == "MariaDB":
        settings = replace(settings, mysqld="mariadbd")
    programs = mysql_programs(settings)
    if programs.flavour != request.param:
        raise MissingProgram(f"these tests need a {request.param}, and found {programs.server} only", *MYSQL_HINTS)
    drill_id = f"contract-{secrets.token_hex(4)}"
    env = {**settings.base_env, DRILL_ID_VARIABLE: drill_id}
    with ExitStack() as running:
        directory = running.enter_context(workspace(settings.state_dir, drill_id))
        started = []
        for role in ("source", "target"):
            spec = StackSpec(role, drill_id, directory / "logs" / role, new_app_key(), durable=False)
            server, _ = running.enter_context(mysql_server(settings, programs, spec, directory / role, env))
            started.append((server, running.enter_context(server.session())))
        yield Servers(started[0], started[1], programs.flavour, programs.version)


NewPlace = Callable[..., Place]


@pytest.fixture
def new_place(servers: Servers) -> Iterator[NewPlace]:
    """Makes databases: `new_place()`, `new_place(on="elsewhere", like=place)` for the same name and account."""
    with ExitStack() as made:

        def make(*, on: str = "here", like: Place | None = None, name: str | None = None) -> Place:
            server, admin = servers.here if on == "here" else servers.elsewhere
            database = name or (like.name if like is not None else f"t_{secrets.token_hex(6)}")
            app = like.server.app if like is not None else Account(f"app_{secrets.token_hex(6)}", secrets.token_hex(16))
            made.callback(_remove, admin, database, app)
            admin.execute(f"CREATE DATABASE {quote_name(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
            admin.execute(f"CREATE USER IF NOT EXISTS '{app.user}'@'%' IDENTIFIED BY '{app.password}'")
            admin.execute(f"GRANT ALL ON {quote_name(database.replace('_', chr(92) + '_'))}.* TO '{app.user}'@'%'")
            return Place(replace(server, database=database, app=app), servers.flavour, servers.version, admin)

        yield make


def _remove(admin: Session, database: str, app: Account) -> None:
    admin.execute(f"DROP DATABASE IF EXISTS {quote_name(database)}")
    admin.execute(f"DROP USER IF EXISTS '{app.user}'@'%'")


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    """An empty database."""
    return new_place()


@pytest.fixture
def elsewhere(new_place: NewPlace, place: Place) -> Place:
    """An empty database of the same name, with the same account, on another server of the same kind."""
    return new_place(on="elsewhere", like=place)

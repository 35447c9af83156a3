"""Two servers of each kind, MySQL and MariaDB: every test here runs against both kinds, and none is skipped.

The servers live as long as the session, one pair at a time; each test gets a database and an account of its own.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from harness.runtime.services.mysql import Account, MySqlServer, Session
from tests.contract.mysql.places import FLAVOURS, Place
from tests.contract.mysql_servers import create_database, drop_database, servers_of

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
    """A server that is not available is an error."""
    state_dir = tmp_path_factory.mktemp("state")
    with servers_of(request.param, state_dir, "source", "target") as (programs, (here, elsewhere)):
        yield Servers(here, elsewhere, programs.flavour, programs.version)


NewPlace = Callable[..., Place]


@pytest.fixture
def new_place(servers: Servers) -> Iterator[NewPlace]:
    """Makes databases: `new_place()`, `new_place(on="elsewhere", like=place)` for the same name and account."""
    with ExitStack() as made:

        def make(*, on: str = "here", like: Place | None = None, name: str | None = None) -> Place:
            server, admin = servers.here if on == "here" else servers.elsewhere
            database = name or (like.name if like is not None else f"t_{secrets.token_hex(6)}")
            app = like.server.app if like is not None else Account(f"app_{secrets.token_hex(6)}", secrets.token_hex(16))
            made.callback(drop_database, admin, database, app)
            create_database(admin, database, app)
            return Place(replace(server, database=database, app=app), servers.flavour, servers.version, admin)

        yield make


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    """An empty database."""
    return new_place()


@pytest.fixture
def elsewhere(new_place: NewPlace, place: Place) -> Place:
    """An empty database of the same name, with the same account, on another server of the same kind."""
    return new_place(on="elsewhere", like=place)

"""One server of each kind for all tests here; a test gets two databases on it: the operator's and the target's."""

import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.runtime.services.mysql import Account, MySqlServer, Session
from tests.contract.mysql_servers import create_database, drop_database, servers_of

FLAVOURS = ("MySQL", "MariaDB")
Kind = tuple[MySqlServer, Session, str]
"""A server, an administrator's session, and its flavour."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one kind of server on one worker: its server is started once, and one load runs at a time."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and "kind" in callspec.params:
            item.add_marker(pytest.mark.xdist_group(f"notes-{callspec.params['kind']}"))


@dataclass(frozen=True, slots=True)
class Pair:
    """The operator's database and an empty one on the same server, with one account that owns both.

    Args:
        source: as the operator dumps it; its name is not the target's.
        target: where it is restored.
        flavour: `MySQL` or `MariaDB`.
        admin: an administrator's session.
        mark: what the names of both databases and of the account end with.
    """

    source: MySqlServer
    target: MySqlServer
    flavour: str
    admin: Session
    mark: str

    def fill(self, statements: Sequence[str], *, as_admin: bool = False) -> None:
        """Run statements in the operator's database, as its application unless asked otherwise."""
        with self.source.session(None if as_admin else self.source.app, database=self.source.database) as session:
            for statement in statements:
                session.execute(statement)

    def dump(self, path: Path, *options: str) -> Path:
        """What the real tool writes with these options, and none of the harness's own."""
        whose = () if {"--databases", "--all-databases"} & set(options) else (self.source.database,)
        if "--databases" in options:
            whose = (self.source.database,)
        argv = [self.source.dump, "--no-defaults", *self.source.tool_arguments(self.source.admin), *options, *whose]
        with path.open("wb") as file:
            made = subprocess.run(
                argv, stdout=file, stderr=subprocess.PIPE, check=False,
                env={**os.environ, **self.source.tool_environment(self.source.admin)},
            )  # fmt: skip
        assert made.returncode == 0, made.stderr
        return path


@pytest.fixture(scope="session", params=FLAVOURS)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind]:
    """A running server; one that is not available is an error."""
    # One server is both here, and the dump tools write into files through it.
    state_dir = tmp_path_factory.mktemp("state")
    with servers_of(request.param, state_dir, "source") as (programs, ((server, admin),)):
        if programs.flavour == "MariaDB":
            # MySQL's own default; a server that holds rows over 16 MiB was set up so.
            admin.execute("SET GLOBAL max_allowed_packet = 67108864")
        yield server, admin, programs.flavour


@pytest.fixture
def pair(kind: Kind) -> Iterator[Pair]:
    """Two empty databases, gone afterwards."""
    with new_pair(kind) as made:
        yield made


@contextmanager
def new_pair(kind: Kind) -> Iterator[Pair]:
    """The same; its `mark` is in each name, and nowhere else."""
    server, admin, flavour = kind
    mark = secrets.token_hex(5)
    app = Account(f"app_{mark}", secrets.token_hex(16))
    names = f"prod_{mark}", f"apiary_{mark}"
    for name in names:
        create_database(admin, name, app)
    try:
        source, target = (replace(server, database=name, app=app) for name in names)
        yield Pair(source, target, flavour, admin, mark)
    finally:
        for name in names:
            drop_database(admin, name, app)

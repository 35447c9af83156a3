"""A database on a real server, as the tests of this directory use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from harness.model import SchemaObject, TableState
from harness.services.mysql import Account, MySqlServer, Session, quote_name
from harness.services.mysql_content import read_tables
from harness.services.mysql_schema import read_objects

CLIENT_FLAVOURS = ("MySQL", "MariaDB")


@dataclass(frozen=True, slots=True)
class Place:
    """A database of one test, with an account of the app's that has rights on this database only.

    Args:
        server: the server, with this database and this account as its application's.
        flavour: `MySQL` or `MariaDB`.
        version: such as `9.7.4`.
        kept: an administrator's session that is open as long as the server runs; a new one costs 40 ms.
    """

    server: MySqlServer
    flavour: str
    version: str
    kept: Session

    @property
    def name(self) -> str:
        return self.server.database

    def run(self, *statements: str, account: Account | None = None) -> None:
        """Run statements in this database, as the administrator unless an account is given."""
        if account is not None:
            with self.session(account) as session:
                for statement in statements:
                    session.execute(statement)
            return
        self.kept.execute(f"USE {quote_name(self.name)}")
        for statement in statements:
            self.kept.execute(statement)

    @contextmanager
    def session(self, account: Account | None = None) -> Iterator[Session]:
        """A new session in this database."""
        with self.server.session(account, database=self.name) as session:
            yield session

    def value(self, sql: str) -> object:
        self.kept.execute(f"USE {quote_name(self.name)}")
        return self.kept.value(sql)

    def tables(self, session: Session | None = None) -> dict[str, TableState]:
        """What the tables hold, by name."""
        return {state.name: state for state in read_tables(session or self.kept, self.name)}

    def digest(self, table: str = "t") -> str:
        return self.tables()[table].digest

    def objects(self) -> tuple[SchemaObject, ...]:
        return read_objects(self.kept, self.name)

    def object(self, kind: str, label: str) -> dict[str, str]:
        """The attributes of one object."""
        (found,) = [item for item in self.objects() if (item.kind, item.label) == (kind, label)]
        return dict(found.attributes)

    def as_admin(self, account: Account) -> Place:
        """The same database for a harness that was given another account than the administrator's."""
        return replace(self, server=replace(self.server, admin=account))

    @contextmanager
    def server_set(self, values: Mapping[str, object]) -> Iterator[None]:
        """Set global variables for the length of a block; sessions that are opened in it see them."""
        before = {name: self.kept.value(f"SELECT @@GLOBAL.{name}") for name in values}
        try:
            for name, value in values.items():
                self.kept.execute(f"SET GLOBAL {name} = %s", (value,))
            yield
        finally:
            for name, value in before.items():
                self.kept.execute(f"SET GLOBAL {name} = %s", (value,))

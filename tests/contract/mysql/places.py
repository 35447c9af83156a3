"""A database on a real server, as the tests of this directory use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from harness.base.model import SchemaObject, TableState
from harness.procedure.backup.mysqldump import dump_arguments
from harness.procedure.backup.plan import BackupPlan
from harness.runtime.services.mysql import Account, MySqlServer, Session, quote_name
from harness.runtime.services.mysql_content import read_shapes, read_table
from harness.runtime.services.mysql_schema import read_objects

FLAVOURS = ("MySQL", "MariaDB")

Changes = dict[tuple[str, str], tuple[str | None, str | None]]
"""What differs between two schemas: (object, attribute) to (before, after)."""


def read_tables(session: Session, database: str) -> Iterator[TableState]:
    """State of each table, as it is read."""
    return (read_table(session, database, shape) for shape in read_shapes(session, database))


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

    def attributes(self, kind: str, label: str) -> dict[str, str]:
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


def differences(before: Sequence[SchemaObject], after: Sequence[SchemaObject]) -> Changes:
    """Attributes that differ; the attribute is empty for an object that is only on one side."""
    left, right = ({_key(item): dict(item.attributes) for item in side} for side in (before, after))
    found: Changes = {}
    for key in left.keys() | right.keys():
        if key not in left or key not in right:
            found[key[0], ""] = ("there", None) if key in left else (None, "there")
            continue
        for name in left[key].keys() | right[key].keys():
            pair = left[key].get(name), right[key].get(name)
            if pair[0] != pair[1]:
                found[key[0], name] = pair
    return found


def _key(item: SchemaObject) -> tuple[str, str]:
    # a procedure and a function may have the same name
    return f"{item.kind} {item.label}", dict(item.attributes)["type"] if item.kind == "routine" else ""


def dump(place: Place, plan: BackupPlan | None = None) -> bytes:
    """The script that a backup of this database holds."""
    argv = dump_arguments(place.server, place.flavour, plan or BackupPlan(excluded_tables=()))
    with place.server.tools.start(argv, env=place.server.tool_environment(place.server.admin)) as command:
        script = b"".join(command.chunks())
        completed = command.wait(60)
    assert (completed.exit_status, completed.stderr) == (0, "")
    return script

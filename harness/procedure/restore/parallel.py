"""Loading a script over several connections at once, for a drill whose time nobody reports.

The statements run in the script's order on one connection, as the client would run them, but for the INSERTs: those of
a table with a primary key, whose rows come back in the key's order whatever order they went in, are handed to others.
The indexes and foreign keys of large tables are built once their rows are there. Whatever is not a table's definition,
a setting or a row waits until all rows and indexes are.

Nothing of it decides anything: what fails here is loaded as it stands (load.py), and only that fails the drill.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

import pymysql

from harness.artifacts.dump.model import DatabaseInfo
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.tokens import Token, name_at, past_existence, starts_with
from harness.artifacts.dump.walk import Heads, pieces_with_tokens, statement_of
from harness.base.errors import HarnessError, ServerFailed
from harness.base.wait import wait_until
from harness.procedure.restore.load import alone, connected, ended_without_room
from harness.runtime.services.answer_deadline import cut
from harness.runtime.services.mysql import MySqlServer, Session, error_text, quote_name

WORTHWHILE_BYTES = 8_000_000
"""A script below this size is loaded as it stands: it takes a second or two."""
_LARGE_ROWS = 20_000
"""From so many rows on a table's indexes are built after them."""
_LARGE_STATEMENT_BYTES = 4 << 20
"""A longer one goes alone, so that memory stays bounded."""
_CONNECTIONS = min(8, (os.cpu_count() or 1) + 1)
_INDEX = re.compile(
    r"^  ((?:UNIQUE )?KEY (`(?:[^`]|``)+`) .*?|CONSTRAINT (`(?:[^`]|``)+`) FOREIGN KEY .*?),?$", re.MULTILINE
)
_HARMLESS = ("BEGIN", "COMMIT", "START")
"""Statements that need not wait for the rows: each INSERT that is handed over is a transaction of its own."""
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


class NotInParallel(HarnessError):
    """The script has to be loaded as it stands; the message says why."""


@dataclass(frozen=True, slots=True)
class ParallelLoad:
    """How a script was loaded: over how many connections, and the indexes of how many tables after their rows."""

    connections: int
    indexed_after: int

    def __str__(self) -> str:
        return f"over {self.connections} connections, the indexes of {self.indexed_after} tables after their rows"


def drop_objects(database: DatabaseInfo) -> bytes:
    """Statements that drop what the script makes besides tables and views, before it is loaded once more."""
    kinds = ("procedure", "function", "event", "trigger")
    made = [item for item in database.objects if item.kind in kinds]
    text = "".join(f"DROP {item.kind.upper()} IF EXISTS {quote_name(item.name)};\n" for item in made)
    return text.encode("utf-8", "surrogateescape")


def run_in_parallel(server: MySqlServer, script: Iterable[bytes], database: DatabaseInfo) -> ParallelLoad:
    """Run a script against the server's database as the application's own account, over several connections.

    Args:
        script: the statements to run, as a stream.
        database: what the script was found to hold.

    Raises:
        NotInParallel: it failed, and half of it may be loaded; says why.
        ProcedureFailed: somebody else was connected meanwhile.
    """
    for table in database.tables:
        if table.rows and not table.defined:  # then it can't be tried twice: nothing would drop what is there
            raise NotInParallel(f"the dump does not create the table {table.name}")
    opened: list[pymysql.Connection[Any]] = []
    with alone(server, lambda: len(opened)) as watch:
        try:
            with (
                ended_without_room(partial(_cut_all, opened), watch),
                _connected(server, opened),
                server.session(answer_s=server.command_s) as admin,
            ):
                load = _Load(server, admin, opened, {table.name: table.rows for table in database.tables})
                load.run(pieces_with_tokens(script))
        except (pymysql.MySQLError, HarnessError) as error:
            _wait_for_their_end(server, watch)
            raise NotInParallel(error.fact if isinstance(error, HarnessError) else error_text(error)) from error
    return ParallelLoad(_CONNECTIONS, load.indexed_after)


@contextmanager
def _connected(server: MySqlServer, opened: list[pymysql.Connection[Any]]) -> Iterator[None]:
    """Connections as the application's account; cut off where the block ends with an error."""
    with ExitStack() as ends:
        try:
            for _ in range(_CONNECTIONS + 1):
                one = server.connect(server.app, database=server.database, answer_s=server.command_s, several=True)
                ends.enter_context(closing(one))
                opened.append(one)
                one.query("SET sql_mode = @@GLOBAL.sql_mode, time_zone = @@GLOBAL.time_zone")  # as the client begins
            yield
        except BaseException:
            _cut_all(opened)
            raise


def _wait_for_their_end(server: MySqlServer, watch: Session) -> None:
    """A server goes on undoing what a connection has done after that was cut; whoever is connected is in the way."""
    with suppress(HarnessError):  # a server that is gone, which the next to ask for it says
        wait_until(
            lambda: connected(watch, server.app.user) == 0,
            what="the end of the connections that loaded the dump",
            timeout_s=server.command_s,
            interval_s=0.2,
        )


def _cut_all(connections: Iterable[pymysql.Connection[Any]]) -> None:
    for connection in connections:
        cut(connection)


class _Load:
    """A load under way.

    Args:
        opened: connections as the application's account: the first one for everything but rows, the others for those;
            gets the ones that are made besides.
        rows: how many the script has, by table.
    """

    def __init__(
        self,
        server: MySqlServer,
        admin: Session,
        opened: list[pymysql.Connection[Any]],
        rows: Mapping[str, int],
    ) -> None:
        self.indexed_after = 0
        self._server, self._admin, self._opened, self._rows = server, admin, opened, rows
        self._main, *others = opened
        opened.append(admin.connection)
        self._heads = Heads()
        self._settings: list[bytes] = []  # all that the script has set so far
        self._free: SimpleQueue[tuple[pymysql.Connection[Any], int]] = SimpleQueue()  # with how many of them it has
        for connection in others:
            self._free.put((connection, 0))
        self._pool = ThreadPoolExecutor(len(others), thread_name_prefix="load")
        self._running: set[Future[None]] = set()
        self._any_order: dict[str, bool] = {}  # tables whose definition is complete: whether rows may go in any order
        self._begun: set[str] = set()  # tables that have rows
        # Tables: their definition, and what is left to build of it.
        self._unindexed: dict[str, tuple[str, list[re.Match[str]]]] = {}

    def run(self, pieces: Iterable[tuple[Piece, Sequence[Token]]]) -> None:
        """Run all statements, and build all indexes."""
        with self._pool:
            parts: list[bytes] = []
            first: tuple[Piece, Sequence[Token]] | None = None
            for piece, tokens in pieces:
                if piece.kind is not Kind.STATEMENT:
                    continue
                first = first or (piece, tokens)
                parts.append(piece.data)
                if piece.last:
                    parts[-1] = statement_of(piece)
                    statement = b"".join(parts)
                    parts.clear()
                    self._statement(statement, *first)
                    first = None
            self._finish()

    def _statement(self, statement: bytes, first: Piece, tokens: Sequence[Token]) -> None:
        if first.head:
            head = self._heads.of(first)
            if self._may_go_in_any_order(head.table):
                if not (head.replace or head.ignore):
                    self._hand_over(head.table, statement)
                    return
                self._finish()  # what it does depends on the rows that are there, and on every unique index
            self._main.query(statement)
            return
        name = _table_of(tokens)
        if starts_with(tokens, "SET"):
            self._settings.append(statement)
        elif tokens and tokens[0].text in ("LOCK", "UNLOCK"):
            return  # locks would keep the other connections out; nobody else is there
        elif name is not None and tokens[-1].text == "KEYS" and self._may_go_in_any_order(name):
            return  # DISABLE KEYS and ENABLE KEYS, which do nothing for InnoDB but wait for its rows
        elif name in self._any_order or not (name or (tokens and tokens[0].text in _HARMLESS)):
            self._finish()
        self._main.query(statement)

    def _may_go_in_any_order(self, table: str) -> bool:
        """Whether rows come back the same whatever order they go in."""
        if table not in self._any_order:
            self._any_order[table] = bool(
                self._admin.value(
                    "SELECT COUNT(*) FROM information_schema.tables t WHERE t.table_schema = %s AND t.table_name = %s"
                    " AND t.engine = 'InnoDB' AND EXISTS (SELECT 1 FROM information_schema.statistics s WHERE"
                    " s.table_schema = t.table_schema AND s.table_name = t.table_name AND s.index_name = 'PRIMARY')"
                    " AND NOT EXISTS (SELECT 1 FROM information_schema.triggers g WHERE"
                    " g.event_object_schema = t.table_schema AND g.event_object_table = t.table_name)",
                    (self._server.database, table),
                )
            )
        return self._any_order[table]

    def _definition(self, session: Session, table: str) -> str:
        text = str(session.row(f"SHOW CREATE TABLE {quote_name(self._server.database, table)}")[1])
        return _COUNTER.sub("", text)

    def _drop_indexes(self, table: str) -> None:
        definition = self._definition(self._admin, table)
        found = list(_INDEX.finditer(definition))
        if found and not self._checks_foreign_keys():
            drops = [f"DROP FOREIGN KEY {one[3]}" if one[3] else f"DROP INDEX {one[2]}" for one in found]
            with suppress(ServerFailed):  # such as an index that another table refers to, or that of a counter
                self._alter(self._admin, table, drops)
                self._unindexed[table] = definition, found

    def _checks_foreign_keys(self) -> bool:
        """Whether the script has them checked: then they stay, because a key that is added is not checked here."""
        with self._main.cursor() as cursor:
            cursor.execute("SELECT @@foreign_key_checks")
            ((checked,),) = cursor.fetchall()
        return bool(checked)

    def _alter(self, session: Session, table: str, changes: Sequence[str]) -> None:
        session.execute("SET foreign_key_checks = 0")  # as every script does around its definitions
        session.execute(f"ALTER TABLE {quote_name(self._server.database, table)} {', '.join(changes)}")

    def _hand_over(self, table: str, statement: bytes) -> None:
        """Insert rows on a connection that is free; wait while all have enough to do."""
        if table not in self._begun:
            self._begun.add(table)
            if self._rows.get(table, 0) >= _LARGE_ROWS:
                self._drop_indexes(table)
        alone = len(statement) > _LARGE_STATEMENT_BYTES
        self._wait(0 if alone else _CONNECTIONS)
        self._running.add(self._pool.submit(self._insert, statement, len(self._settings)))
        if alone:
            self._wait(0)

    def _wait(self, most: int) -> None:
        """Wait until no more than so many INSERTs are under way. Raises what one of them raised."""
        while len(self._running) > most:
            done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
            for one in done:
                one.result()

    def _insert(self, statement: bytes, settings: int) -> None:
        connection, has = self._free.get()
        try:
            for setting in self._settings[has:settings]:
                connection.query(setting)
            connection.begin()
            with connection.cursor() as cursor:
                cursor.execute(statement)
                while cursor.nextset():
                    pass
            connection.commit()
        finally:
            self._free.put((connection, settings))

    def _finish(self) -> None:
        """Wait for all rows, and build the indexes that are missing, the largest table's first."""
        self._wait(0)
        tables = sorted(self._unindexed, key=lambda table: -self._rows[table])
        for built in [self._pool.submit(self._index, table) for table in tables]:
            built.result()
        # A foreign key locks the table that it refers to: two tables at once could wait for each other.
        for table in tables:
            definition, found = self._unindexed.pop(table)
            self._add(self._admin, table, [one[1] for one in found if one[3]])
            if self._definition(self._admin, table) != definition:
                raise ServerFailed(f"the indexes of {table} could not be built as they were defined")
        self.indexed_after += len(tables)
        self._any_order.clear()

    def _index(self, table: str) -> None:
        with self._server.session(answer_s=self._server.command_s) as session:
            self._opened.append(session.connection)
            self._add(session, table, [one[1] for one in self._unindexed[table][1] if one[2]])

    def _add(self, session: Session, table: str, definitions: Sequence[str]) -> None:
        if definitions:
            self._alter(session, table, [f"ADD {definition}" for definition in definitions])


def _table_of(tokens: Sequence[Token]) -> str | None:
    """The table or view that a statement is about, if it makes one, drops it, or switches its keys."""
    words = [token.text for token in tokens[:2]]
    if words not in (["CREATE", "TABLE"], ["DROP", "TABLE"], ["DROP", "VIEW"], ["ALTER", "TABLE"]):
        return None
    if words[0] == "ALTER" and tokens[-1].text != "KEYS":
        return None
    return name_at(tokens, past_existence(tokens, 2))[1] or None

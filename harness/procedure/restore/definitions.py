"""What a server makes of the script's definitions: created once more, in a database of their own, and printed.

A server rewrites what it is given: views word by word, defaults, quoting, parentheses. Two texts that differ mean the
same if this server prints the same for both. So where the text of an object is not the one that the restored
database prints, its statement is run again and what is printed then decides.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from harness.artifacts.dump.statements import Kind
from harness.artifacts.dump.tokens import Token, name_at, starts_with
from harness.artifacts.dump.walk import loaded, pieces_with_tokens
from harness.base.errors import ServerFailed
from harness.base.limits import option_for
from harness.procedure.restore.load import client_arguments
from harness.runtime.services.execution import feed, limited
from harness.runtime.services.mysql import Account, MySqlServer, create_like, granted_name, quote_name

_KEYS = frozenset(("PRIMARY", "UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "CONSTRAINT", "FOREIGN"))
_CLAUSES = frozenset(("MODIFY", "AUTO_INCREMENT", "ENABLE", "DISABLE"))


def structure(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The statements of a script that make its objects, without rows and without what changes objects afterwards.

    Keys may come after the rows, in an ALTER TABLE (phpMyAdmin); other changes of a table are no definition of it.
    """
    kept = False
    for piece, tokens in pieces_with_tokens(chunks):
        if piece.first:
            kept = piece.kind is Kind.CLIENT or (piece.kind is Kind.STATEMENT and _defines(tokens))
        if kept:
            yield piece.data if piece.kind is Kind.STATEMENT else loaded(piece) + b"\n"


def _defines(tokens: Sequence[Token]) -> bool:
    if starts_with(tokens, "ALTER", "TABLE"):
        return all(_is_key(clause) for clause in _clauses(tokens, name_at(tokens, 2)[2]))
    return starts_with(tokens, "CREATE") or starts_with(tokens, "DROP") or starts_with(tokens, "SET")


def _clauses(tokens: Sequence[Token], begin: int) -> Iterator[list[str]]:
    """The first two words of each clause of an ALTER TABLE."""
    depth = 0
    clause: list[str] = []
    for token in tokens[begin:]:
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif token.kind == "mark" and token.text == "," and not depth:
            yield clause[:2]
            clause = []
        elif not depth:
            clause.append(token.text if token.kind == "word" else "")
    yield clause[:2]


def _is_key(clause: Sequence[str]) -> bool:
    return clause[:1] != [] and (clause[0] in _CLAUSES or (clause[0] == "ADD" and clause[-1] in _KEYS))


@contextmanager
def scratch_database(server: MySqlServer) -> Iterator[MySqlServer]:
    """An empty database like the application's, with an account that may do nothing elsewhere; gone afterwards."""
    mark = secrets.token_hex(6)
    name, account = f"drill_definitions_{mark}", Account(f"drill_{mark}", secrets.token_hex(16))
    with server.session() as session:
        create = create_like(session, server.database, name)
        try:
            session.execute(create)
            session.execute(f"CREATE USER '{account.user}'@'%%' IDENTIFIED BY %s", (account.password,))
            session.execute(f"GRANT ALL ON {granted_name(name)}.* TO '{account.user}'@'%'")
            yield replace(server, database=name, app=account)
        finally:
            session.execute(f"DROP DATABASE IF EXISTS {quote_name(name)}")
            session.execute(f"DROP USER IF EXISTS '{account.user}'@'%'")


def create_structure(server: MySqlServer, chunks: Iterable[bytes]) -> bool:
    """Run the statements that `structure` leaves over; False if the server refused one, so that nothing is decided."""
    try:
        limit_s = server.command_s
        with (
            server.tools.start(client_arguments(server), env=server.tool_environment(server.app), stdin=True) as client,
            limited(client, limit_s, "the script's definitions", f"Allow it more time with {option_for('command_s')}."),
        ):
            feeder = feed(client, structure(chunks))
            for _ in client.chunks():
                pass
            feeder.join()
            return client.wait(limit_s).exit_status == 0
    except ServerFailed:
        return False

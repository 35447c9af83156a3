"""The reader of scripts against the clients of MySQL and MariaDB: the same statements, or a refusal.

Scripts are made at random, from the same seed each time; APIARY_DRILL_SCRIPTS=N makes N of each kind from a new one,
which is named where a comparison fails.
"""

import io
import os
import random
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest

import pytest

from harness.artifacts.dump.codes import findings_for
from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.rewrite import restore_stream
from harness.artifacts.dump.statements import Kind, Piece, scan
from harness.artifacts.dump.walk import loaded
from harness.base.errors import HarnessError
from harness.base.model import Severity
from harness.base.wait import wait_until
from harness.procedure.restore.load import client_arguments, connected
from tests.contract.mysql.places import Place
from tests.contract.mysql.scripts import KEPT, dump_of, soup_of
from tests.contract.mysql.wire import Relay, relayed
from tests.unit.dump import reference

SCRIPTS = int(os.environ.get("APIARY_DRILL_SCRIPTS", "0"))
SEED = secrets.token_hex(4) if SCRIPTS else "1"
LIMIT_S = 60.0
WITHOUT_TLS = {"MySQL": ("--ssl-mode=DISABLED", "--get-server-public-key"), "MariaDB": ("--skip-ssl",)}
OWN_QUERIES = (b"select @@version_comment limit 1", b"select $$")
"""What MySQL's client asks before it reads a script."""
_NOTHING = re.compile(
    rb"(?:\s|--(?:\n|\Z|[\s\0][^\n]*+(?:\n|\Z))|\#[^\n]*+(?:\n|\Z)|/\*(?![!+]|M!).*?(?:\*/|\Z))*+", re.DOTALL
)
"""Blanks and comments: a client joins them to the statement before or behind them, or sends them alone."""
_BLANK_PUT = re.compile(rb"(\*/(?:/\*)*) ")
NOT_GRAPHIC = bytes((*range(0x21), 0x5C, 0x7F, 0xFF))
"""What a client takes away at a statement's end; a backslash there at the end of a script alone."""
KINDS = """
    alter_db alter_table analyze begin change_db commit create_db create_event create_function create_procedure
    create_sequence create_package create_package_body create_library create_table create_trigger create_view do drop_db
    drop_event drop_function drop_package drop_package_body drop_procedure drop_sequence drop_table drop_trigger
    drop_view empty_query insert lock_tables replace set_option unlock_tables show_status
"""
"""Of the server's counters of statements: what dump tools write, and the question for the counters."""


class Client:
    """The client that loads scripts, which goes on after errors here; what it sends is kept."""

    def __init__(self, place: Place, relay: Relay) -> None:
        self._place, self._relay = place, relay
        self._server = replace(place.server, tools_address=("127.0.0.1", relay.port))
        self._argv = [*client_arguments(self._server), "--force", *WITHOUT_TLS[place.flavour]]
        self._asked = 0  # by this test, whether the client is gone

    def sent(self, script: bytes) -> list[bytes]:
        """The statements that reach the server."""
        self._relay.queries.clear()
        server = self._server
        with server.tools.start(self._argv, env=server.tool_environment(server.app), stdin=True) as client:
            with suppress(BrokenPipeError):
                client.write(script)
            client.close_stdin()
            for _ in client.chunks():
                continue
            client.wait(LIMIT_S)
        return [query for query in self._relay.queries if query not in OWN_QUERIES]

    def _gone(self) -> bool:
        self._asked += 2  # `connected` asks what the server has, then it
        return not connected(self._place.kept, self._server.app.user)

    def counted(self) -> dict[str, int]:
        """How many statements of each kind the server has run so far, and how many in all; but for `_gone`."""
        wait_until(self._gone, what="the client's end", timeout_s=LIMIT_S, interval_s=0.002)
        asked = "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Com\\_%' OR Variable_name = 'Questions'"
        found = {name.lower(): int(count) for name, count in self._place.kept.rows(asked)}
        own = dict.fromkeys(("com_select", "questions"), self._asked)
        return {name.removeprefix("com_"): count - own.get(name, 0) for name, count in found.items()}


@pytest.fixture
def client(new_place: Callable[..., Place]) -> Iterator[Client]:
    place = new_place(on="elsewhere")
    with relayed(place.server.host, place.server.port) as relay:
        yield Client(place, relay)


def bare(statement: bytes) -> bytes:
    """Without blanks and comments before it."""
    match = _NOTHING.match(statement)
    return statement[match.end() if match else 0 :]


def same(sent: bytes | None, read: bytes | None) -> bool:
    """Whether they are one statement.

    A client takes away what is not graphic at the end of what it sends, but for a comment on the rest of the line,
    which it joins to it. It puts a blank behind a comment, or behind the opening of one that follows at once.
    """
    if sent is None or read is None:
        return False
    read, sent = (_BLANK_PUT.sub(rb"\1", each) for each in (read, sent))
    whole = read.rstrip()
    return sent.rstrip(NOT_GRAPHIC) == read.rstrip(NOT_GRAPHIC) or (
        sent.startswith(whole) and _NOTHING.fullmatch(sent, len(whole)) is not None
    )


def statements(pieces: Sequence[Piece]) -> Iterator[bytes | None]:
    """What the reader takes for statements, and None for the first thing that it refuses."""
    data = b""
    for piece in pieces:
        if piece.notes or piece.kind is Kind.FOREIGN:
            yield None
            return
        if piece.kind is Kind.CLIENT and not re.match(rb"(?i)\s*delimiter\s", piece.data):
            yield None
            return
        if piece.kind is not Kind.STATEMENT:
            continue
        data = piece.data if piece.first else data + piece.data
        if bare(data).startswith((b"\0", b"--")):
            yield None  # no statement begins so: refused where lines that are not SQL are reported
            return
        if piece.last and piece.run:
            escapes = not piece.mode.no_backslash_escapes
            yield from (each.removesuffix(b";") for each in reference.statements(data, escapes=escapes))
        elif piece.last:
            yield data.rstrip().removesuffix(piece.delimiter) if piece.ended else data


def compared(script: bytes, sent: Sequence[bytes], pieces: Sequence[Piece]) -> int:
    """Hold what was sent to what was read; how many statements were the same."""
    found = list(statements(pieces))
    refused = None in found
    read = [each for each in map(bare, filter(None, found)) if each.strip(NOT_GRAPHIC)]  # else no client sends it
    queries = [each for each in map(bare, sent) if each]
    for number, (query, each) in enumerate(zip_longest(queries, read)):
        if each is None and refused:
            return number
        assert same(query, each), f"seed {SEED}: {script!r}: statement {number}: sent {query!r}, read {each!r}"
    return len(read)


def test_the_client_sends_the_statements_that_the_reader_sees(client: Client) -> None:
    chance = random.Random(f"soup {SEED}")
    count = 0
    for script in (*KEPT, *(soup_of(chance) for _ in range(SCRIPTS or 100))):
        script = b"".join(map(loaded, scan([script], foreign_lines=False)))
        count += compared(script, client.sent(script), list(scan([script], foreign_lines=False)))
    assert count > 3 * (SCRIPTS or 100), "most scripts were refused: nothing was compared"


def test_what_is_admitted_is_what_the_server_runs(client: Client) -> None:
    """Of a script that is not refused: each statement is one to client and server, and of an admitted kind."""
    chance = random.Random(f"dump {SEED}")
    admitted = 0
    client.sent(b"")
    before = client.counted()
    client.sent(b"")
    after = client.counted()
    idle = after["questions"] - before["questions"]
    own = after["select"] - before["select"]
    for _ in range(SCRIPTS or 150):
        script = dump_of(chance)
        info, found = examine(io.BytesIO(script))
        cut = any(piece.last and not piece.ended for piece in scan([script]) if piece.kind is Kind.STATEMENT)
        if cut or info.foreign or any(each.severity is Severity.ERROR for each in findings_for(found, "apiary")):
            continue
        try:
            loaded = b"".join(restore_stream(io.BytesIO(script), "apiary"))
        except HarnessError:
            continue
        admitted += 1
        before = client.counted()
        sent = client.sent(loaded)
        after = client.counted()
        compared(loaded, sent, list(scan([loaded])))
        ran = {name for name, count in after.items() if count != before[name]} - {"questions", *KINDS.split()}
        where = f"seed {SEED}: {script!r}: sent {sent!r}"
        assert ran <= {"select"}, where
        assert after["select"] - before["select"] == own, where
        assert after["questions"] - before["questions"] - idle == len(sent), where
    assert admitted > (SCRIPTS or 150) // 9

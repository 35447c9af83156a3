"""Questions and loads have limits: what a backup's triggers and locks can keep waiting, and what is left of it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from harness.base.errors import ProcedureFailed, ServerFailed, WaitTimeout
from harness.base.limits import Limits
from harness.base.wait import wait_until
from harness.procedure.restore.load import connected, run_script
from harness.runtime.services import mysql
from tests.contract.mysql.places import Place


def test_a_question_that_is_not_answered_ends_at_both_ends(place: Place) -> None:
    """A trigger that sleeps: the error says so, and the row is free again, as it was."""
    server = place.server
    with server.session(database=server.database) as session:
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(9))")
        session.execute("INSERT INTO t VALUES (1, 'a')")
        session.execute("CREATE TRIGGER waits BEFORE UPDATE ON t FOR EACH ROW SET @waited = SLEEP(100000)")
        with (
            pytest.raises(
                WaitTimeout, match=r"^timed out after 0\.5 s waiting for MySQL to answer UPDATE\nHINT: "
            ) as caught,
            server.session(database=server.database, answer_s=0.5) as other,
        ):
            other.execute("UPDATE t SET word = 'b'")
        assert caught.value.exit_code == 3
        session.execute("DELETE FROM t WHERE word = 'a'")
        assert session.value("SELECT ROW_COUNT()") == 1


def test_rows_that_do_not_come_end_as_well(place: Place) -> None:
    with (
        pytest.raises(WaitTimeout, match=r"^timed out after 0\.5 s waiting for MySQL to answer SELECT\n"),
        place.server.session(answer_s=0.5) as session,
    ):
        list(session.stream("SELECT 1 UNION ALL SELECT SLEEP(100000)"))


def test_a_load_that_stands_still_is_ended(place: Place) -> None:
    """Exit code 3 and one sentence; the server lets the client's connection go as well."""
    server = replace(place.server, limits=Limits(command_s=1))
    script = b"CREATE TABLE t (id INT PRIMARY KEY);\nSELECT SLEEP(100000);\nINSERT INTO t VALUES (1);\n"
    with pytest.raises(WaitTimeout, match=r"^timed out after 1 s waiting for the script to end\nHINT: ") as caught:
        run_script(server, [script])
    assert caught.value.exit_code == 3
    with server.session() as session:
        wait_until(lambda: not connected(session, server.app.user), what="the client to be gone", timeout_s=30)


@contextmanager
def dripping(place: Place, drips: Callable[[], bool]) -> Iterator[int]:
    """A relay to the server that hands on its answers byte by byte while `drips`; its port."""

    def answer(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                # Asked here, not before the wait for an answer: that wait began long ago.
                for start in range(len(data)) if drips() else ():
                    client.sendall(data[start : start + 1])
                    time.sleep(0.05)
                if not drips():
                    client.sendall(data)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client = listening.accept()[0]
                server = socket.create_connection((place.server.host, place.server.port))
                for ends in ((server, client), (client, server)):
                    threading.Thread(target=answer if ends[0] is server else plain, args=ends, daemon=True).start()

    def plain(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client, server:
            while data := client.recv(1 << 16):
                server.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_a_server_that_drips_bytes_is_out_of_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte starts the time-out of a socket anew: an answer as a whole has a limit, and so has the greeting."""
    drips = threading.Event()
    with dripping(place, drips.is_set) as port:
        server = replace(place.server, host="127.0.0.1", port=port)
        with server.session(answer_s=0.5) as session:
            assert session.value("SELECT REPEAT('a', 300)") == "a" * 300
            drips.set()
            with pytest.raises(
                WaitTimeout, match=r"^timed out after 0\.5 s waiting for MySQL to answer SELECT\nHINT: "
            ):
                session.value("SELECT REPEAT('a', 300)")
        monkeypatch.setattr(mysql, "HANDSHAKE_S", 0.5)
        with pytest.raises(ServerFailed, match=r"its answer was not complete within 0\.5 s\nHINT: ") as failed:
            server.connect()
    assert failed.value.exit_code == 3


LOCKING = (
    "LOCK TABLES t WRITE;",
    "DO GET_LOCK('apiary', 0);",
    "SET autocommit=0; INSERT INTO t VALUES (2); SELECT * FROM t FOR UPDATE;",
    "FLUSH TABLES WITH READ LOCK;",
    "BACKUP STAGE START;",
    "LOCK INSTANCE FOR BACKUP;",
)


def test_a_lock_that_a_script_takes_ends_with_it_or_is_reported(place: Place) -> None:
    """Without the reader before it. A lock of a session ends with the client; a prepared transaction stays behind."""
    server = place.server
    place.run("CREATE TABLE t (id INT PRIMARY KEY)")
    for statement in LOCKING:
        with suppress(ProcedureFailed):  # the account may not take some of them
            run_script(server, [statement.encode() + b"\n"])
        with server.session(database=place.name, answer_s=10) as session:
            session.execute("INSERT INTO t VALUES (1)")
            session.execute("DELETE FROM t")
            assert session.value("SELECT IS_FREE_LOCK('apiary')") == 1, statement
    run_script(server, [b"XA START 'x'; INSERT INTO t VALUES (1); XA END 'x'; XA PREPARE 'x';\n"])
    try:
        with (
            pytest.raises(
                WaitTimeout, match=r"^timed out after 0\.5 s waiting for MySQL to answer DROP\nHINT: .* lock"
            ),
            server.session(database=place.name, answer_s=0.5) as session,
        ):
            session.execute("DROP TABLE t")
    finally:
        place.kept.execute("XA ROLLBACK 'x'")

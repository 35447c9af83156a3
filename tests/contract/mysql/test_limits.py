"""Questions and loads have limits: what a backup's triggers and locks can keep waiting, and what is left of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.base.errors import WaitTimeout
from harness.base.limits import Limits
from harness.base.wait import wait_until
from harness.procedure.restore.load import connected, run_script
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
            ) as told,
            server.session(database=server.database, answer_s=0.5) as other,
        ):
            other.execute("UPDATE t SET word = 'b'")
        assert told.value.exit_code == 3
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
    with pytest.raises(WaitTimeout, match=r"^timed out after 1 s waiting for the script to end\nHINT: ") as told:
        run_script(server, [script])
    assert told.value.exit_code == 3
    with server.session() as session:
        wait_until(lambda: not connected(session, server.app.user), what="the client to be gone", timeout_s=30)

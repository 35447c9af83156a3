"""A statement that waits for room on a full disk, and later ones on the same server."""

from pathlib import Path

import pytest

from harness.base.errors import ServerFailed, WaitTimeout
from harness.base.wait import wait_until
from tests.contract.mysql_servers import servers_of

pytestmark = pytest.mark.xdist_group("mysql-MySQL")

_WAITING = "SELECT processlist_id FROM performance_schema.threads WHERE processlist_info LIKE 'INSERT INTO d.t VALUES%'"
_FULL = r"^the disk of the target is full "


def test_a_full_disk_explains_only_statements_of_its_time(tmp_path: Path) -> None:
    """A server of its own, one table of which is on a device that is always full: MySQL's log keeps its messages."""
    with servers_of("MySQL", tmp_path, "source") as (_, ((server, admin),)):
        admin.execute("CREATE DATABASE d")
        admin.execute("CREATE TABLE d.t (v LONGBLOB) ENGINE=MyISAM")
        admin.execute("FLUSH TABLES")
        rows = Path(server.place, "data/d/t.MYD")
        rows.unlink()
        rows.symlink_to("/dev/full")
        with pytest.raises(ServerFailed, match=_FULL), server.session(answer_s=3) as session:
            session.execute("INSERT INTO d.t VALUES (REPEAT('x', 6000))")
        with pytest.raises(ServerFailed, match=_FULL), server.session(answer_s=3) as session:
            session.execute("DELETE FROM d.t")  # behind the first, which still waits
        (waiting,) = admin.rows(_WAITING)
        admin.execute(f"KILL {waiting[0]}")
        wait_until(lambda: not list(admin.rows(_WAITING)), what="the end of the first", timeout_s=120)
        with pytest.raises(WaitTimeout, match=r"^timed out after 3 s "), server.session(answer_s=3) as session:
            session.execute("SELECT SLEEP(600)")

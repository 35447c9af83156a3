"""With the reader of scripts out of the way: hostile statements change nothing outside of the target database.

The restoring account and the options of the server are the second wall. What a server lets an account do to others is
listed with its reason, and with what it changes.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.procedure.restore.load import client_arguments, connected
from harness.runtime.process.server_user import server_user
from harness.runtime.services.mysql import quote_name
from tests.contract.mysql.places import Place
from tests.unit.dump.test_dump_admitted import FURTHER, HOSTILE, TABLE

LIMIT_S = 60.0

ALLOWED = {
    b"XA START 'kept'; INSERT INTO teams (name) VALUES ('xa'); XA END 'kept'; XA PREPARE 'kept';": (
        "prepared",
        "A prepared transaction outlives its connection by definition (XA), and needs no privilege. It holds rows of"
        " the target's tables, and goes with the drill's server; that the reader refuses it keeps a load from hanging.",
    ),
    b"SET PASSWORD = 'changed';": (
        "accounts",
        "An account may change its own password. It is the drill's own, and ends with the drill's server.",
    ),
}

PASSWORD = {"MySQL": b"'changed'", "MariaDB": b"PASSWORD('changed')"}


def run_as_it_is(place: Place, statement: bytes) -> None:
    """As the load does it, going on after errors, and without reading the script before."""
    server = place.server
    argv = [*client_arguments(server), "--force"]
    with server.tools.start(argv, env=server.tool_environment(server.app), stdin=True) as client:
        with suppress(BrokenPipeError):
            client.write(TABLE + statement + b"\n")
        client.close_stdin()
        for _ in client.chunks():
            continue
        client.wait(LIMIT_S)
    wait_until(lambda: not connected(place.kept, server.app.user), what=f"the end of {statement!r}", timeout_s=LIMIT_S)


def owned_by(uid: int, directory: Path) -> Iterator[Path]:
    """Files of a user right in a directory; none where the test is that user."""
    for path in directory.iterdir() if uid != os.geteuid() else ():
        with suppress(FileNotFoundError):  # somebody else's, who removed it
            if path.lstat().st_uid == uid:
                yield path


def observed(place: Place, outside: Path, server: psutil.Process) -> dict[str, object]:
    """What is outside of the target database: files, accounts, other databases, variables, processes."""
    session = place.kept
    owned = server.uids().effective
    shared = {Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")}
    tables = ["user", "db", "tables_priv", "proxies_priv", "func", "plugin", "servers"]
    tables += ["global_priv", "roles_mapping"] if place.flavour == "MariaDB" else ["role_edges", "component"]
    variables = {name: value for name, value in session.rows("SHOW GLOBAL VARIABLES") if "gtid" not in name}
    return {
        "files": sorted(path.relative_to(outside) for path in outside.rglob("*")),
        "files of the server's user": [path for where in shared for path in owned_by(owned, where)],
        "accounts": [sorted(map(repr, session.rows(f"SELECT * FROM mysql.{table}"))) for table in tables],
        "prepared": list(session.rows("XA RECOVER")),
        "variables": variables,
        "other tables": sorted(
            session.rows(
                "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema <> %s", [place.name]
            )
        ),
        "events and routines": [
            sorted(map(repr, session.rows(f"SHOW {what}")))
            for what in ("PROCEDURE STATUS WHERE Db <> 'sys'", "FUNCTION STATUS WHERE Db <> 'sys'")
        ],
        "processes": [process.name() for process in server.children(recursive=True)],
        "server": (server.pid, server.create_time(), session.value("SELECT 1")),
    }


def changed(before: dict[str, object], now: dict[str, object]) -> dict[str, object]:
    return {name: (before[name], now[name]) for name in before if before[name] != now[name]}


def roll_back_prepared(place: Place) -> None:
    """End what was prepared; MariaDB gives its name as bytes."""
    for *_, name in list(place.kept.rows("XA RECOVER")):
        place.kept.execute("XA ROLLBACK %s", [name.decode() if isinstance(name, bytes) else name])


@contextmanager
def emptied(place: Place) -> Iterator[None]:
    """An empty database before, and nothing in it afterwards: no transaction of others, no table."""
    name = quote_name(place.name)
    place.kept.execute(f"DROP DATABASE IF EXISTS {name}")
    place.kept.execute(f"CREATE DATABASE {name}")
    yield
    place.kept.execute("SET SESSION lock_wait_timeout = 10")
    roll_back_prepared(place)
    place.kept.execute(f"DROP DATABASE {name}")
    place.kept.execute(f"CREATE DATABASE {name}")


def the_process(place: Place) -> psutil.Process:
    """The server."""
    option = f"--port={place.server.port}"
    return next(process for process in psutil.process_iter(["cmdline"]) if option in (process.info["cmdline"] or ()))


@pytest.fixture
def place(new_place: Callable[..., Place]) -> Place:
    """An empty database on a target: a source, which loads nobody's backup, may write files (--tab)."""
    return new_place(on="elsewhere")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that everybody may write to: nothing but the server's options keeps it from there."""
    directory = tmp_path / "outside"
    directory.mkdir()
    directory.chmod(0o777)
    return directory


def test_hostile_statements_change_nothing_outside_of_the_target(place: Place, outside: Path) -> None:
    process = the_process(place)
    with emptied(place):
        before = observed(place, outside, process)
    for statement in (*HOSTILE, *FURTHER):
        where = str(outside).encode()
        put = statement.replace(b"'/tmp", b"'/somewhere").replace(b"/somewhere", where)
        for seconds in (b"SLEEP(100000)", b"SLEEP(9)"):
            put = put.replace(seconds, b"SLEEP(0)")
        with emptied(place):
            run_as_it_is(place, put)
            if list(place.kept.rows(f"SHOW TABLES IN {quote_name(place.name)} LIKE 'teams'")):
                read = list(place.kept.rows(f"SELECT * FROM {quote_name(place.name, 'teams')}"))
                assert "root:" not in repr(read), statement
            assert sorted(outside.rglob("*")) == [], statement
    assert changed(before, observed(place, outside, process)) == {}


def test_what_a_server_allows_is_seen_and_known(place: Place, outside: Path) -> None:
    """The way to look finds what is changed: by what an account may do, and by an administrator."""
    process = the_process(place)
    admin = place.kept
    with emptied(place):
        before = observed(place, outside, process)
        for statement, (what, _) in ALLOWED.items():
            run_as_it_is(place, statement.replace(b"'changed'", PASSWORD[place.flavour]))
            assert set(changed(before, observed(place, outside, process))) == {what}, statement
            roll_back_prepared(place)
            app = place.server.app
            admin.execute(f"ALTER USER '{app.user}'@'%' IDENTIFIED BY '{app.password}'")
            before = observed(place, outside, process)
        (outside / "file").touch()
        admin.execute("CREATE USER e")
        admin.execute("CREATE DATABASE further")
        admin.execute("CREATE TABLE further.t (a INT)")
        admin.execute("SET GLOBAL long_query_time = 7")
        try:
            found = changed(before, observed(place, outside, process))
            assert set(found) == {"files", "accounts", "other tables", "variables"}
        finally:
            admin.execute("DROP DATABASE further")
            admin.execute("DROP USER e")
            admin.execute("SET GLOBAL long_query_time = DEFAULT")


def test_the_server_is_nobody_who_could_do_harm(place: Place) -> None:
    """The wall that holds where the others do not: root's servers are not root, and cannot become it."""
    process = the_process(place)
    settings = from_environment(os.environ)
    if server_user(settings, "a-drill", "target", settings.base_env) is not None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert set(fields["Uid"].split()) == set(fields["Gid"].split())
        assert "0" not in fields["Uid"].split()
        assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 1 << 2, "it reads what root reads, no more"
        assert fields["NoNewPrivs"] == "1"
    variables = dict(place.kept.rows("SHOW GLOBAL VARIABLES"))
    assert variables["secure_file_priv"] == ("NULL" if place.flavour == "MySQL" else "/dev/null/")
    assert variables["local_infile"] == variables["event_scheduler"] == "OFF"
    assert variables.get("innodb_directories", "") == ""
    assert variables.get("have_symlink", "DISABLED") == "DISABLED"

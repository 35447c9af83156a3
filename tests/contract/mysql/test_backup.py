"""backup_database: the dump and the digests are of one moment, and a dump that failed leaves nothing."""

import hashlib
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness.artifacts.dump.source import open_script
from harness.base.errors import ProcedureFailed, ServerFailed
from harness.base.model import DatabaseState, TableState
from harness.procedure.backup.mysqldump import DumpOutcome, backup_database
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.load import run_script
from harness.procedure.snapshot import read_database
from harness.runtime.services.mysql import Account, Session
from harness.runtime.services.mysql_content import read_auto_increments
from tests.contract.mysql.places import Place

EVERYTHING = BackupPlan(excluded_tables=())
NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "LOCK TABLES", "EVENT", "PROCESS")
COMPLAINED = "A dump that reported errors is not usable as a backup: fix the reported cause, then back up again."


def tables_of(place: Place) -> Callable[[Session], dict[str, TableState]]:
    return place.tables


def programs_of(place: Place) -> list[list[str]]:
    """Command lines of the client programs that talk to this place's server."""
    port = f"--port={place.server.port}"
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [argv for argv in lines if port in argv and "--protocol=TCP" in argv]


@contextmanager
def writing(place: Place) -> Iterator[threading.Event]:
    """Rows come all the time, each parent with its child in one transaction; the event says that some have come."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        with place.session() as session:
            while not stop.is_set():
                session.execute("START TRANSACTION")
                session.execute("INSERT INTO a_parents (v) VALUES (RAND())")
                session.execute("INSERT INTO z_children (parent_id) VALUES (LAST_INSERT_ID())")
                session.execute("UPDATE m_counter SET n = n + 1")
                session.execute("COMMIT")
                begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield begun
    finally:
        stop.set()
        thread.join()


def with_written_tables(place: Place) -> None:
    values = ", ".join(f"({number})" for number in range(5000))
    place.run(
        "CREATE TABLE a_parents (id BIGINT AUTO_INCREMENT PRIMARY KEY, v DOUBLE)",
        "CREATE TABLE m_counter (n INT)",
        "INSERT INTO m_counter VALUES (0)",
        "CREATE TABLE m_others (v INT)",
        f"INSERT INTO m_others VALUES {values}",
        "CREATE TABLE z_children (id BIGINT AUTO_INCREMENT PRIMARY KEY, parent_id BIGINT,"
        " CONSTRAINT child FOREIGN KEY (parent_id) REFERENCES a_parents (id))",
    )


def test_the_digests_are_those_of_the_dump_while_the_app_writes(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    with_written_tables(place)
    target = tmp_path / "database.sql.zst"

    def read(session: Session) -> DatabaseState:
        return read_database(session, place.name)

    with writing(place) as begun:
        assert begun.wait(10)
        outcome: DumpOutcome[DatabaseState] = backup_database(place.server, EVERYTHING, target, read)
        after = place.value("SELECT n FROM m_counter")
    assert outcome.same_snapshot
    assert outcome.lock_held_s > 0
    assert outcome.note == (
        f"both transactions were opened under a global read lock, held for {outcome.lock_held_s:.3f} s"
    )
    run_script(elsewhere.server, open_script(target))
    read_then = {state.name: (state.rows, state.digest) for state in outcome.reading.tables}
    restored = {state.name: (state.rows, state.digest) for state in elsewhere.tables().values()}
    assert restored == read_then
    dumped = elsewhere.value("SELECT n FROM m_counter")
    assert isinstance(dumped, int)
    assert isinstance(after, int)
    assert 0 < dumped < after, "the app wrote before and during the backup, or this test proves nothing"
    assert read_then["a_parents"][0] == read_then["z_children"][0] == dumped
    assert [orphans.rows for orphans in outcome.reading.orphans] == [0]
    # Counters are in no snapshot: those that the dump is held against must not be of later than it.
    counts = read_auto_increments(elsewhere.kept, elsewhere.name)
    assert outcome.counters.keys() == {"a_parents", "z_children"}
    for name, counter in outcome.counters.items():
        assert counter <= counts[name], name


def test_the_artifact_is_measured_as_it_was_written(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v VARCHAR(20))", "INSERT INTO t VALUES ('é 🐝')")
    target = tmp_path / "database.sql.zst"
    outcome = backup_database(place.server, EVERYTHING, target, tables_of(place))
    content = target.read_bytes()
    script = b"".join(open_script(target))
    assert outcome.artifact.role == "database"
    assert outcome.artifact.name == "database.sql.zst"
    assert outcome.artifact.size_bytes == len(content)
    assert outcome.artifact.sha256 == hashlib.sha256(content).hexdigest()
    assert outcome.script_bytes == len(script)
    assert "INSERT INTO `t` VALUES\n('é 🐝')".encode() in script.replace(b"VALUES (", b"VALUES\n(")
    assert outcome.reading == place.tables()
    assert place.version in outcome.tool
    assert [path.name for path in tmp_path.iterdir()] == ["database.sql.zst"]


@pytest.fixture
def operator(place: Place) -> Iterator[Callable[..., Place]]:
    """The same place for an operator's account with these privileges."""
    account = Account(place.server.app.user.replace("app", "op"), "operators-password")

    def grant(*privileges: str) -> Place:
        place.run(
            f"CREATE USER '{account.user}'@'%' IDENTIFIED BY '{account.password}'",
            f"GRANT {', '.join(privileges)} ON *.* TO '{account.user}'@'%'",
        )
        return place.as_admin(account)

    yield grant
    place.run(f"DROP USER IF EXISTS '{account.user}'@'%'")


def test_without_reload_the_backup_says_that_it_took_no_lock(
    place: Place, operator: Callable[..., Place], tmp_path: Path
) -> None:
    place.run("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1)", "CREATE PROCEDURE p() SELECT 1")
    limited = operator(*NEEDED)
    outcome = backup_database(
        limited.server, EVERYTHING, tmp_path / "d", lambda session: read_database(session, place.name)
    )
    privileges = "RELOAD or FLUSH_TABLES" if place.flavour == "MySQL" else "RELOAD"
    assert not outcome.same_snapshot
    assert outcome.lock_held_s == 0
    assert outcome.note == (
        "no global read lock (MySQL refused FLUSH: ERROR 1227: Access denied; you need (at least one of) the "
        f"{privileges} privilege(s) for this operation): rows written while the backup started may be in the "
        "dump but not in the digests, or the other way round"
    )
    assert [(table.name, table.rows) for table in outcome.reading.tables] == [("t", 1)]
    assert b"PROCEDURE `p`" in b"".join(open_script(tmp_path / "d"))


def test_a_missing_privilege_fails_the_backup(place: Place, operator: Callable[..., Place], tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v INT)", "CREATE VIEW v AS SELECT v FROM t")
    limited = operator(*(privilege for privilege in NEEDED if privilege != "SHOW VIEW"))
    with pytest.raises(ProcedureFailed) as failed:
        backup_database(limited.server, EVERYTHING, tmp_path / "d", lambda session: None)
    assert failed.value.hints == (COMPLAINED,)
    assert re.fullmatch(
        r"the dump failed: (mysqldump|mariadb-dump) exited with status 2 and printed errors \(error 1142\)",
        failed.value.fact,
    )
    assert "SHOW VIEW command denied to user" in failed.value.details
    assert limited.server.admin.password not in str(failed.value)
    assert list(tmp_path.iterdir()) == []


def test_a_view_that_is_broken_at_the_source_fails_the_backup(place: Place, tmp_path: Path) -> None:
    place.run(
        "CREATE TABLE t (v INT, w INT)",
        "CREATE VIEW broken AS SELECT w FROM t",
        "ALTER TABLE t DROP w",
        "INSERT INTO t VALUES (1)",
    )
    with pytest.raises(ProcedureFailed) as failed:
        backup_database(place.server, EVERYTHING, tmp_path / "d", tables_of(place))
    program = Path(place.server.dump).name
    assert failed.value.fact == f"the dump failed: {program} exited with status 2 and printed errors (error 1356)"
    assert "1356" in failed.value.details
    assert "broken" in failed.value.details
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_fails_the_backup(place: Place, tmp_path: Path) -> None:
    place.run(f"DROP DATABASE {place.name}")
    with pytest.raises(ProcedureFailed) as failed:
        backup_database(place.server, EVERYTHING, tmp_path / "d", lambda session: None)
    assert f"Unknown database '{place.name}'" in failed.value.details
    assert list(tmp_path.iterdir()) == []


def test_excluded_tables_are_not_in_the_dump(place: Place, tmp_path: Path) -> None:
    """Neither their rows nor their structure, and no other table with a similar name."""
    place.run(
        *(f"CREATE TABLE {name} (v INT)" for name in ("jobs", "failed_jobs", "jobs2", "kept")),
        "INSERT INTO jobs VALUES (1)",
    )
    plan = BackupPlan(excluded_tables=("jobs", "failed_jobs"))
    outcome = backup_database(place.server, plan, tmp_path / "d", tables_of(place))
    script = b"".join(open_script(tmp_path / "d"))
    assert re.findall(rb"CREATE TABLE `(\w+)`", script) == [b"jobs2", b"kept"]
    assert b"`jobs`" not in script
    assert outcome.reading["jobs"].rows == 1, "the reading holds them, so that they can be counted"


@pytest.mark.parametrize("option", ["--skip-comments", "--skip-dump-date", "--compact"])
def test_the_end_of_a_script_is_known_without_its_comments(place: Place, tmp_path: Path, option: str) -> None:
    """Without comments it ends with its settings put back; without these as well, nothing says that it is whole."""
    place.run("CREATE TABLE t (v TEXT)", "INSERT INTO t VALUES ('-- Dump completed')")
    plan = BackupPlan(excluded_tables=(), dump_options=(option,))
    if option == "--compact":
        with pytest.raises(ProcedureFailed) as failed:
            backup_database(place.server, plan, tmp_path / "d", tables_of(place))
        assert failed.value.fact == (
            'the dump is incomplete: it ends neither with "-- Dump completed" nor by restoring its settings'
        )
        assert list(tmp_path.iterdir()) == []
        return
    assert backup_database(place.server, plan, tmp_path / "d", tables_of(place)).reading["t"].rows == 1
    script = b"".join(open_script(tmp_path / "d"))
    assert (b"\n-- Dump completed" in script) is (option == "--skip-dump-date")


def test_several_databases_are_in_one_script(place: Place, new_place: Callable[..., Place], tmp_path: Path) -> None:
    other = new_place()
    for each in (place, other):
        each.run("CREATE TABLE t (v INT)", "CREATE TABLE jobs (v INT)", f"INSERT INTO t VALUES ({len(each.name)})")
    plan = BackupPlan(excluded_tables=("jobs",), further_databases=(other.name,))
    outcome = backup_database(place.server, plan, tmp_path / "d", tables_of(place))
    script = b"".join(open_script(tmp_path / "d"))
    assert re.findall(rb"^USE `(\w+)`", script, re.MULTILINE) == [other.name.encode(), place.name.encode()]
    assert re.findall(rb"CREATE TABLE `(\w+)`", script) == [b"jobs", b"t", b"t"]
    assert outcome.same_snapshot
    assert list(outcome.reading) == ["jobs", "t"]


def test_an_interrupted_backup_leaves_no_file_no_program_and_no_lock(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v LONGBLOB)", *["INSERT INTO t VALUES (REPEAT('a', 8000000))"] * 6)
    seen: list[list[list[str]]] = []

    def read(session: Session) -> None:
        seen.append(programs_of(place))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup_database(place.server, EVERYTHING, tmp_path / "d", read)
    assert len(seen[0]) == 1, "mysqldump was running, or this test proves nothing"
    assert programs_of(place) == []
    assert list(tmp_path.iterdir()) == []
    place.run("SET SESSION lock_wait_timeout = 1", "INSERT INTO t VALUES ('b')", "SET SESSION lock_wait_timeout = 60")


ON_A_FULL_DISK = """
import pickle, sys
from pathlib import Path
from harness.base.errors import HarnessError
from harness.procedure.backup.mysqldump import backup_database
server, plan = pickle.load(sys.stdin.buffer)
try:
    backup_database(server, plan, Path(sys.argv[1], "d"), lambda session: None)
except HarnessError as error:
    print(error.exit_code, error.fact, error.hints[0], len(list(Path(sys.argv[1]).iterdir())))
"""


def test_a_full_disk_is_reported_with_what_is_needed(place: Place, tmp_path: Path) -> None:
    """On a file system of one megabyte, in a mount namespace of its own."""
    place.run("CREATE TABLE t (v LONGBLOB)", *["INSERT INTO t VALUES (RANDOM_BYTES(1000))"] * 3)
    place.run(*["INSERT INTO t SELECT CONCAT(v, RANDOM_BYTES(1000)) FROM t"] * 10, "ANALYZE TABLE t")
    script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, tmp_path, sys.executable, "-c", ON_A_FULL_DISK,
         tmp_path],
        input=pickle.dumps((place.server, EVERYTHING)), check=False, capture_output=True,
    )  # fmt: skip
    output = ended.stdout.decode()
    assert ended.returncode == 0, ended.stderr.decode()
    assert re.match(
        rf"3 no space left on device, writing to {tmp_path} Free up to \d[.\d]* MB there and try", output
    ), output
    assert output.endswith(" 0\n")


def test_a_failing_read_is_raised_as_it_is(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v INT)")

    def read(session: Session) -> None:
        session.execute("SELECT * FROM nowhere.t")

    with pytest.raises(ServerFailed, match="MySQL refused SELECT: ERROR 1"):
        backup_database(place.server, EVERYTHING, tmp_path / "d", read)
    assert list(tmp_path.iterdir()) == []


def test_no_password_is_in_an_argument_list(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v LONGBLOB)", *["INSERT INTO t VALUES (REPEAT('a', 8000000))"] * 2)
    seen: list[str] = []
    backup_database(
        place.server,
        EVERYTHING,
        tmp_path / "d",
        lambda session: seen.extend(argument for argv in programs_of(place) for argument in argv),
    )
    assert f"--user={place.server.admin.user}" in seen
    assert not any(place.server.admin.password in argument for argument in seen)

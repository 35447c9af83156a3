"""run_script: only the script's statements reach the database, and nobody else's meanwhile."""

import re
import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import HarnessError, ProcedureFailed, ServerFailed
from harness.base.wait import wait_until
from harness.procedure.restore.load import connected, redacted, run_script
from tests.contract.mysql.places import Place


def failure(place: Place, *script: bytes) -> ProcedureFailed:
    with pytest.raises(ProcedureFailed) as failed:
        run_script(place.server, script)
    assert place.server.app.password not in str(failed.value)
    return failed.value


def client(place: Place) -> str:
    return Path(place.server.client).name


def test_a_script_runs_as_the_app_in_its_database(place: Place) -> None:
    run_script(place.server, [b"CREATE TABLE t AS SELECT DATABASE() AS d, CURRENT", b"_USER() AS u;\n"])
    assert place.kept.row(f"SELECT d, u FROM {place.name}.t") == (place.name, f"{place.server.app.user}@%")


def test_a_connection_of_the_app_that_is_open_is_refused(place: Place) -> None:
    with place.session(place.server.app):
        failed = failure(place, b"CREATE TABLE t (v INT);\n")
    assert str(failed) == (
        f"the application is stopped, but 1 connections of '{place.server.app.user}' are open\n"
        "HINT: Keep users, workers and cron jobs out during the whole restore."
    )
    assert place.tables() == {}, "nothing was loaded"


def test_connections_are_counted_whatever_text_others_send(place: Place) -> None:
    """MySQL cannot show the list of processes while a statement holds an emoji (ERROR 3854)."""
    with place.session() as other, place.session(place.server.app), ThreadPoolExecutor() as aside:
        name = other.value("SELECT CONNECTION_ID()")
        asleep = aside.submit(other.value, "SELECT SLEEP(60) + LENGTH('\N{GRINNING FACE}')")
        running = "SHOW GLOBAL STATUS LIKE 'Threads_running'"
        wait_until(lambda: int(place.kept.row(running)[1]) > 1, what="the statement", timeout_s=30)
        try:
            assert connected(place.kept, place.server.app.user) == 1
            assert connected(place.kept, "nobody") == 0
        finally:
            place.kept.execute(f"KILL QUERY {name}")
        with suppress(ServerFailed):  # MariaDB's SLEEP is an error when it is killed
            asleep.result(30)


@pytest.mark.parametrize("who", ["app", "admin"])
def test_a_connection_that_is_made_during_the_load_is_noticed(place: Place, who: str) -> None:
    """Even one that is gone again when the script ends."""

    def script() -> Iterator[bytes]:
        yield b"CREATE TABLE t (v INT);\n"
        with place.session(place.server.app if who == "app" else None):
            pass
        yield b"INSERT INTO t VALUES (1);\n"

    with pytest.raises(ProcedureFailed) as failed:
        run_script(place.server, script())
    assert str(failed.value) == (
        "1 other connections to the database were made while the dump was loading\n"
        "HINT: What they wrote mixes with the backup: keep all other access out during the whole restore."
    )


def test_a_duplicate_key_is_reported_without_the_value(place: Place) -> None:
    secret = "gburdell3@example.org"
    failed = failure(
        place,
        b"CREATE TABLE t (v VARCHAR(50) PRIMARY KEY);\n",
        f"INSERT INTO t VALUES ('{secret}');\nINSERT INTO t VALUES ('{secret}');\n".encode(),
    )
    assert secret not in str(failed)
    error = "ERROR 1062 (23000) at line 3: Duplicate entry '…'"
    assert str(failed) == (
        f"loading the dump failed: {client(place)} exited with status 1, {error}\n"
        "HINT: The target was not empty, or something wrote to it while the dump was loading.\n"
        f"{error}"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t (i) VALUES ('top-secret')",
        "INSERT INTO t (d) VALUES ('top-secret')",
        "INSERT INTO t (j) VALUES ('{\"top-secret')",
        "INSERT INTO t (e) VALUES ('top-secret')",
        "INSERT INTO t (v) VALUES ('top-secret is too long')",
        "INSERT INTO t (v) VALUES ('top-secret'",
        "INSERT INTO t (i) VALUES (1) 'top-secret' (2)",
    ],
    ids=["number", "date", "json", "enum", "length", "cut", "syntax"],
)
def test_no_error_quotes_a_value(place: Place, statement: str) -> None:
    failed = failure(
        place,
        b"SET sql_mode = 'STRICT_ALL_TABLES';\n",
        b"CREATE TABLE t (i INT, d DATE, j JSON, e ENUM('a'), v VARCHAR(5));\n",
        f"{statement};\n".encode(),
    )
    assert "ERROR" in failed.fact
    assert "secret" not in str(failed)


@pytest.mark.parametrize(
    "command",
    [r"\! touch {}", "system touch {}", r"\! touch {};", "system touch {};", "source {}.sql", r"\. {}.sql",
     "tee {}", r"\T {}", "pager touch {}", r"SELECT 1; \! touch {}", r"SELECT 1 \! touch {}",
     r"/*! */ \! touch {}", r"delimiter ;;" + "\n" + r"SELECT 1;; \! touch {}", r"\e", "edit"],
)  # fmt: skip
def test_client_commands_do_nothing(place: Place, tmp_path: Path, command: str) -> None:
    """With every check switched off, a script gets no shell and no file."""
    made = tmp_path / "made"
    included = tmp_path / "made.sql"
    included.write_text("CREATE TABLE included (v INT);\n")
    script = f"CREATE TABLE t (v INT);\n{command.format(made)}\n".encode()
    failed = failure(place, script)
    if "\\" in command:
        word = command[command.index("\\") :][:2]
        line = script[: script.index(word.encode())].count(b"\n") + 1
        assert failed.fact.endswith(f"status 1, ERROR at line {line}: Unknown command '{word}'.")
    else:
        assert "status 1, ERROR 1064 (42000) at line 2: " in failed.fact
    assert not made.exists()
    assert list(place.tables()) == ["t"]


def test_a_script_cannot_have_the_client_send_a_file(place: Place, tmp_path: Path) -> None:
    """Not even where the server would take it."""
    (tmp_path / "secret").write_text("1\n")
    script = f"CREATE TABLE t (v INT);\nLOAD DATA LOCAL INFILE '{tmp_path / 'secret'}' INTO TABLE t;\n".encode()
    with place.server_set({"local_infile": 1}):
        failed = failure(place, script)
    assert re.search(r"status 1, ERROR (2068|4166|1148) \(\w+\) at line 2: ", failed.fact), failed.fact
    assert place.tables()["t"].rows == 0


def test_raw_bytes_of_every_value_load(place: Place) -> None:
    """Raw NUL bytes stop a client without --binary-mode; carriage returns are kept."""
    every = bytes(range(256))
    literal = every.replace(b"\\", b"\\\\").replace(b"'", b"\\'")
    run_script(
        place.server,
        [b"CREATE TABLE t (v BLOB);\nINSERT INTO t VALUES (_binary '", literal, b"'), (_binary 'a\r\nb\0');\n"],
    )
    rows = {bytes(value) for (value,) in place.kept.rows(f"SELECT v FROM {place.name}.t")}
    assert rows == {every, b"a\r\nb\0"}


def test_a_row_of_17_mib_loads(place: Place) -> None:
    """More than the client's own default limit; MariaDB's default limit on the server is 16 MiB."""
    size = 17 << 20
    script = [b"CREATE TABLE t (v LONGBLOB);\nINSERT INTO t VALUES ('", *[b"x" * (1 << 20)] * 17, b"');\n"]
    with place.server_set({"max_allowed_packet": 64 << 20}):
        run_script(place.server, script)
    assert place.value("SELECT LENGTH(v) FROM t") == size


def test_a_statement_beyond_the_servers_limit_is_reported_with_its_remedy(place: Place) -> None:
    script = [b"CREATE TABLE t (v LONGBLOB);\nINSERT INTO t VALUES ('", *[b"x" * (1 << 20)] * 3, b"');\n"]
    with place.server_set({"max_allowed_packet": 1 << 20}):
        failed = failure(place, *script)
    assert "x" * 10 not in str(failed)
    if "ERROR 1153" in failed.fact:
        assert failed.hints == ("Raise max_allowed_packet on the target.",)
    else:
        assert "ERROR 2006" in failed.fact
        assert failed.hints == ("A statement of the dump is larger than the target's max_allowed_packet.",)


def test_the_app_cannot_reach_another_database(place: Place, new_place: Callable[..., Place]) -> None:
    other = new_place()
    other.run("CREATE TABLE t (v INT)")
    user = place.server.app.user
    written = failure(place, f"INSERT INTO {other.name}.t VALUES (1);\n".encode())
    assert f"INSERT command denied to user '{user}'@" in written.fact
    used = failure(place, f"USE {other.name};\nINSERT INTO t VALUES (1);\n".encode())
    assert f"Access denied for user '{user}'@'%' to database '{other.name}'" in used.fact
    made = failure(place, b"CREATE DATABASE made_by_a_script;\n")
    assert f"Access denied for user '{user}'@'%' to database 'made_by_a_script'" in made.fact
    account = failure(place, b"CREATE USER somebody;\n")
    assert "ERROR 1227 (42000) at line 1: Access denied" in account.fact
    assert other.tables()["t"].rows == 0


def test_the_first_error_ends_the_load(place: Place) -> None:
    failed = failure(place, b"CREATE TABLE t (v INT);\nINSERT INTO gone VALUES (1);\nINSERT INTO t VALUES (1);\n")
    error = f"ERROR 1146 (42S02) at line 2: Table '{place.name}.gone' doesn't exist"
    assert str(failed) == f"loading the dump failed: {client(place)} exited with status 1, {error}\n{error}"
    assert place.tables()["t"].rows == 0


def test_a_statement_that_is_cut_at_the_end_fails(place: Place) -> None:
    failed = failure(place, b"CREATE TABLE t (v INT);\nINSERT INTO t VALUES (1), (2")
    assert "ERROR 1064 (42000)" in failed.fact
    assert failed.hints == ("The dump is damaged, or was made for another server.",)
    assert place.tables()["t"].rows == 0


def test_an_error_of_the_scripts_source_is_raised_as_it_is(place: Place) -> None:
    def script() -> Iterator[bytes]:
        yield b"CREATE TABLE t (v INT);\n"
        raise HarnessError("the archive is cut short")

    with pytest.raises(HarnessError, match=r"^the archive is cut short$"):
        run_script(place.server, script())


def test_a_healthy_load_says_nothing_and_what_a_client_says_comes_back(place: Place, tmp_path: Path) -> None:
    """On stderr and with exit status 0, as a client with a warning of its own does."""
    assert run_script(place.server, [b"CREATE TABLE t (v INT);\n"]) == ()
    wrapper = tmp_path / "client"
    wrapper.write_text(
        f'#!/bin/sh\necho "Warning: a library of this client is older than it" >&2\n{client_call(place)}\n'
    )
    wrapper.chmod(0o755)
    output = run_script(replace(place.server, client=str(wrapper)), [b"INSERT INTO t VALUES (1);\n"])
    assert output == ("Warning: a library of this client is older than it",)
    assert place.tables()["t"].rows == 1


def test_an_error_that_a_client_goes_on_after_fails_the_load(place: Place, tmp_path: Path) -> None:
    """With --force, what failed is only on stderr; the statement behind it ran."""
    wrapper = tmp_path / "client"
    wrapper.write_text(f"#!/bin/sh\n{client_call(place)} --force || exit 0\n".replace("exec ", ""))
    wrapper.chmod(0o755)
    with pytest.raises(ProcedureFailed) as failed:
        run_script(
            replace(place.server, client=str(wrapper)),
            [b"CREATE TABLE t (v INT);\nINSERT INTO gone VALUES (1);\nINSERT INTO t VALUES (1);\n"],
        )
    assert failed.value.fact == (
        "loading the dump failed: client exited with status 0, ERROR 1146 (42S02) at line 2: Table "
        f"'{place.name}.gone' doesn't exist"
    )
    assert place.tables()["t"].rows == 1, "the client went on"


def client_call(place: Place) -> str:
    return f'exec {shlex.quote(place.server.client)} "$@"'


def test_an_empty_script_loads_nothing(place: Place) -> None:
    run_script(place.server, [])
    assert place.tables() == {}


def test_what_mariadbs_client_quotes_between_dashes_is_left_out() -> None:
    output = (
        "--------------\nINSERT INTO t VALUES ('secret')\n--------------\n\nERROR 1146 (42S02) at line 1: Table 'a'\n"
    )
    assert redacted(output) == "ERROR 1146 (42S02) at line 1: Table 'a'"

"""What holds for the commands of every runtime: streams, statuses, and an end that is an end."""

import hashlib
import os
import secrets
from collections.abc import Iterator

import psutil
import pytest

from harness.base.errors import MissingProgram, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.services.execution import feed, run
from tests.contract.runtimes.stacks import Running

MIB = 1 << 20

# One worker holds the stacks for all of them.
pytestmark = pytest.mark.xdist_group("docker")


def test_64_mib_go_through_a_command_both_ways_in_bounded_memory(running: Running) -> None:
    """The bytes come back the same, and the harness never holds more than a few chunks of them."""
    block = secrets.token_bytes(MIB)
    sent, received = hashlib.sha256(), hashlib.sha256()

    def source() -> Iterator[bytes]:
        for number in range(64):
            chunk = number.to_bytes(4) + block[4:]
            sent.update(chunk)
            yield chunk

    process = psutil.Process()
    before = process.memory_info().rss
    most = size = 0
    with running.stack.mysql.tools.start(["cat"], stdin=True) as command:
        feeder = feed(command, source())
        for chunk in command.chunks():
            received.update(chunk)
            size += len(chunk)
            most = max(most, process.memory_info().rss)
        feeder.join()
        completed = command.wait(30)
    assert (size, completed.exit_status, completed.stderr) == (64 * MIB, 0, "")
    assert received.digest() == sent.digest()
    assert most - before < 16 * MIB


def test_exit_status_and_stderr_come_through(running: Running) -> None:
    """Also where stdout is binary, and the status of a signal as a shell tells it."""
    tools = running.stack.mysql.tools
    completed = run(tools, ["sh", "-c", "printf 'a\\000b'; echo problem >&2; exit 3"])
    assert (completed.stdout, completed.stderr, completed.exit_status) == (b"a\0b", "problem\n", 3)
    assert run(tools, ["sh", "-c", "kill -9 $$"]).exit_status == 137


def test_a_program_that_is_not_there_is_reported_so(running: Running) -> None:
    """Not a status that a program of that name might have given."""
    with pytest.raises(MissingProgram, match=r"^cannot run 'no-such-program': no such program"):
        run(running.stack.mysql.tools, ["no-such-program"])


def test_stderr_is_kept_at_both_ends_only(running: Running) -> None:
    """A megabyte of warnings costs 64 KiB; the first and the last of them are there."""
    script = "echo first >&2; head -c 1048576 /dev/zero | tr '\\0' x >&2; echo last >&2"
    stderr = run(running.stack.mysql.tools, ["sh", "-c", script]).stderr
    assert stderr.startswith("first\n")
    assert stderr.endswith("last\n")
    assert "bytes omitted" in stderr
    assert len(stderr) < 70_000


def test_a_variable_reaches_the_command_and_is_in_no_argument_list(running: Running) -> None:
    """MYSQL_PWD goes this way."""
    script = 'printf %s "$MYSQL_PWD"; tr "\\0" " " </proc/$$/cmdline >&2'
    completed = run(running.stack.mysql.tools, ["sh", "-c", script], env={"MYSQL_PWD": (word := secrets.token_hex())})
    assert completed.stdout.decode() == word
    assert completed.stderr.startswith("sh -c ")
    assert word not in completed.stderr


def test_commands_run_as_the_user_that_is_asked_for(running: Running) -> None:
    """The app's commands run as the owner of its files."""
    as_oneself = running.kind == "process" and os.geteuid() != 0
    asked = str(os.geteuid()) if as_oneself else "33"
    answer = run(running.stack.apiary.storage_host, ["id", "-u"], user=asked)
    assert answer.stdout.decode().strip() == asked


def test_leaving_early_ends_the_command_and_what_it_started(running: Running) -> None:
    """It does not go on in the container, or behind the harness's back."""
    tools = running.stack.mysql.tools
    mark = f"7{secrets.randbelow(10**8):08d}"
    count = ["sh", "-c", 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -o "sleep $0" | wc -l', mark]

    def sleeping() -> int:
        return int(run(tools, count).stdout)

    with tools.start(["sh", "-c", f"sleep {mark} & echo started; sleep {mark}"]) as command:
        assert next(command.chunks()) == b"started\n"
        assert sleeping() >= 2
    wait_until(lambda: sleeping() == 0, what="the sleepers to end", timeout_s=5)


def test_leaving_a_command_that_writes_without_an_end_takes_no_longer(running: Running) -> None:
    """Nobody reads the rest; the command ends all the same, at once."""
    with running.stack.mysql.tools.start(["yes"]) as command:
        assert next(command.chunks()).startswith(b"y\ny\n")


def test_a_command_that_reads_no_further_breaks_the_pipe(running: Running) -> None:
    """The feeder learns of it, and the exit status tells why."""
    chunks = (bytes(MIB) for _ in range(64))
    completed = run(running.stack.mysql.tools, ["sh", "-c", "head -c 10 >/dev/null; exit 4"], stdin=chunks)
    assert completed.exit_status == 4


def test_a_command_out_of_time_is_reported(running: Running) -> None:
    """Every wait has a limit."""
    with (
        running.stack.mysql.tools.start(["sleep", "60"]) as command,
        pytest.raises(WaitTimeout, match=r"^timed out after 0\.2 s waiting for sleep to end$"),
    ):
        command.wait(0.2)


def test_a_limit_holds_also_while_nothing_is_written_or_read(running: Running) -> None:
    """A command that hangs is ended, also while its output is waited for or its input is full."""
    host, mark = running.stack.mysql.tools, f"6{secrets.randbelow(10**8)}"
    hangs = ["sh", "-c", f"echo begun; sleep {mark} & wait"]
    for stdin in (None, (bytes(MIB) for _ in range(64))):
        with pytest.raises(WaitTimeout, match=r"^timed out after 1 s waiting for `it` to end$"):
            run(host, hangs, stdin=stdin, timeout_s=1, what="`it`")
    left = ["sh", "-c", 'for p in /proc/[0-9]*; do tr "\\0" " " <"$p/cmdline"; echo; done 2>/dev/null']
    still = f"sleep {mark} ".encode()
    wait_until(lambda: still not in run(host, left).stdout.splitlines(), what="the commands to be gone", timeout_s=10)


def test_a_dump_and_a_load_go_through_the_tools(running: Running) -> None:
    """The documented pair, between two databases of one server, with the password in the environment."""
    mysql, spec = running.stack.mysql, running.spec
    with mysql.session() as session:
        session.execute("CREATE DATABASE scratch")
        session.execute("CREATE TABLE scratch.t (id INT PRIMARY KEY, word VARCHAR(20)) CHARSET utf8mb4")
        session.execute("INSERT INTO scratch.t VALUES (1, 'naïve 🐝')")
    try:
        environment = mysql.tool_environment(spec.admin)
        dump = [mysql.dump, "--no-defaults", *mysql.tool_arguments(spec.admin), "--skip-lock-tables", "scratch"]
        script = run(mysql.tools, dump, env=environment)
        assert script.exit_status == 0, script.stderr
        with mysql.session() as session:
            session.execute("DROP TABLE scratch.t")
        load = [mysql.client, "--no-defaults", *mysql.tool_arguments(spec.admin), "--force", "scratch"]
        run(mysql.tools, load, env=environment, stdin=[script.stdout])
        with mysql.session() as session:
            assert list(session.rows("SELECT id, word FROM scratch.t")) == [(1, "naïve 🐝")]
    finally:
        with mysql.session() as session:
            session.execute("DROP DATABASE scratch")

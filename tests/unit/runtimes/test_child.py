"""A server as a child process: its log is in every error, and it is gone for certain."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.base.errors import MissingProgram, ServerFailed, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.process.child import LOG_TAIL_LINES, Child, ChildControl, free_port

Start = Callable[..., Child]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Start]:
    """Start a shell script as a server; it is killed at the end of the test."""
    started: list[Child] = []

    def start(script: str, *, stop_s: float = 5.0) -> Child:
        child = Child(
            "MySQL",
            ["sh", "-c", script],
            env={"PATH": os.defpath},
            log=tmp_path / "logs" / "mysql.log",
            cwd=tmp_path,
            stop_s=stop_s,
        )
        started.append(child)
        child.start()
        return child

    yield start
    for child in started:
        child.kill()


def test_a_child_that_becomes_ready(shell: Start, tmp_path: Path) -> None:
    child = shell("sleep 0.1; touch ready; exec sleep 600")
    child.wait_ready((tmp_path / "ready").exists, timeout_s=10)
    assert child.running()
    child.stop()
    assert not child.running()


def test_a_child_that_ends_while_starting_carries_the_end_of_its_log(shell: Start, tmp_path: Path) -> None:
    child = shell("seq 1 300; echo 'cannot bind' >&2; exit 7")
    with pytest.raises(ServerFailed) as caught:
        child.wait_ready(lambda: False, timeout_s=10)
    tail = [str(number) for number in range(300 - LOG_TAIL_LINES + 2, 301)] + ["cannot bind"]
    assert caught.value.fact == "MySQL exited with status 7 while it was starting"
    assert caught.value.details.splitlines() == [f"the end of {tmp_path}/logs/mysql.log:", *tail]


def test_a_wait_that_runs_out_carries_the_log(shell: Start, tmp_path: Path) -> None:
    child = shell("echo 'recovering'; touch begun; exec sleep 600")
    wait_until((tmp_path / "begun").exists, what="the log", timeout_s=10)
    with pytest.raises(WaitTimeout) as caught:
        child.wait_ready(lambda: False, timeout_s=0.1)
    assert str(caught.value) == (
        f"timed out after 0.1 s waiting for MySQL to be ready\nthe end of {tmp_path}/logs/mysql.log:\nrecovering"
    )


def test_a_log_that_is_no_text_is_reported_all_the_same(shell: Start) -> None:
    child = shell("printf '\\377 broken\\n'; exit 1")
    with pytest.raises(ServerFailed, match="\ufffd broken"):
        child.wait_ready(lambda: False, timeout_s=10)


def test_the_log_is_appended_to_when_it_starts_again(shell: Start, tmp_path: Path) -> None:
    for _ in range(2):
        child = shell("echo started; exit 1")
        with pytest.raises(ServerFailed):
            child.wait_ready(lambda: False, timeout_s=10)
    assert (tmp_path / "logs" / "mysql.log").read_text() == "started\nstarted\n"


def test_stop_is_polite_first(shell: Start, tmp_path: Path) -> None:
    child = shell("trap 'echo flushed; exit 0' TERM; touch ready; while :; do sleep 0.05; done")
    child.wait_ready((tmp_path / "ready").exists, timeout_s=10)
    child.stop()
    # Before it, the shell may say that its own `sleep` was terminated.
    assert (tmp_path / "logs" / "mysql.log").read_text().splitlines()[-1] == "flushed"


def test_stop_kills_a_process_that_ignores_it_and_what_it_started(shell: Start, tmp_path: Path) -> None:
    child = shell(
        "trap '' TERM; sh -c 'echo $$ > grandchild; touch ready; exec sleep 600' & while :; do sleep 0.05; done",
        stop_s=0.3,
    )
    child.wait_ready((tmp_path / "ready").exists, timeout_s=10)
    grandchild = int((tmp_path / "grandchild").read_text())
    began = time.monotonic()
    child.stop()
    assert time.monotonic() - began >= 0.3
    assert not child.running()
    wait_until(lambda: not runs(grandchild), what="the grandchild's end", timeout_s=5)


def test_kill_does_not_ask(shell: Start, tmp_path: Path) -> None:
    child = shell("trap 'echo flushed' TERM; touch ready; while :; do sleep 0.05; done")
    child.wait_ready((tmp_path / "ready").exists, timeout_s=10)
    child.kill()
    assert not child.running()
    assert (tmp_path / "logs" / "mysql.log").read_text() == ""


def test_stopping_twice_and_stopping_what_never_started_is_nothing(shell: Start, tmp_path: Path) -> None:
    child = shell("exit 0")
    child.stop()
    child.stop()
    never = Child("MySQL", ["true"], env={}, log=tmp_path / "log", cwd=tmp_path, stop_s=1)
    never.stop()
    never.kill()
    assert not never.running()
    assert never.log_tail() == ""


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    child = Child("MySQL", ["/no/mysqld"], env={}, log=tmp_path / "log", cwd=tmp_path, stop_s=1)
    with pytest.raises(MissingProgram) as caught:
        child.start()
    assert str(caught.value) == "cannot start MySQL: program '/no/mysqld' not found"


def test_a_free_port_can_be_bound() -> None:
    port = free_port()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_child_can_be_started_again_with_further_variables(shell: Start, tmp_path: Path) -> None:
    child = shell('echo "limit:$LIMIT" >> written; exec sleep 600')
    control = ChildControl(child, lambda: True, 10)
    written = tmp_path / "written"
    wait_until(written.exists, what="the first start", timeout_s=10)
    control.kill()
    control.restart({"LIMIT": "1000"})
    wait_until(lambda: written.read_text() == "limit:\nlimit:1000\n", what="the second start", timeout_s=10)

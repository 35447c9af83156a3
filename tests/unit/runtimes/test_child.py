"""Child processes and what they used."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest

from harness.base.clock import Clock, Silent
from harness.base.errors import MissingProgram, ServerFailed, WaitTimeout
from harness.base.model import ProcessUsage
from harness.base.usage import of_harness
from harness.base.wait import wait_until
from harness.runtime.process import usage
from harness.runtime.process.child import LOG_TAIL_LINES, Child, free_port
from harness.runtime.process.host import LocalHost
from harness.runtime.process.usage import CHILDREN, Children
from harness.runtime.services.execution import run
from harness.runtime.services.stack import ServerControl

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


def test_stop_is_polite_and_kill_does_not_ask(shell: Start, tmp_path: Path) -> None:
    for end, last in ((Child.stop, ["flushed"]), (Child.kill, [])):
        child = shell("trap 'echo flushed; exit 0' TERM; touch ready; while :; do sleep 0.05; done")
        child.wait_ready((tmp_path / "ready").exists, timeout_s=10)
        assert child.running()
        end(child)
        assert not child.running()
        # Before it, the shell may say that its own `sleep` was terminated.
        assert (tmp_path / "logs" / "mysql.log").read_text().splitlines()[-1:] == last
        for name in ("ready", "logs/mysql.log"):
            (tmp_path / name).unlink()


def test_a_child_that_ends_while_starting_carries_the_end_of_its_log(shell: Start, tmp_path: Path) -> None:
    """Also one that is no text; a child that starts again appends to it."""
    log = tmp_path / "logs" / "mysql.log"
    for script, message in (
        ("printf '\\377 broken\\n'; exit 1", "\ufffd broken"),
        ("echo started; exit 1", "\ufffd broken\nstarted"),
    ):
        with pytest.raises(ServerFailed, match=message):
            shell(script).wait_ready(lambda: False, timeout_s=10)
    with pytest.raises(ServerFailed) as caught:
        shell("seq 1 300; echo 'cannot bind' >&2; exit 7").wait_ready(lambda: False, timeout_s=10)
    tail = [str(number) for number in range(300 - LOG_TAIL_LINES + 2, 301)] + ["cannot bind"]
    assert caught.value.fact == "MySQL exited with status 7 while it was starting"
    assert caught.value.details.splitlines() == [f"the end of {log}:", *tail]


def test_a_wait_that_runs_out_carries_the_log(shell: Start, tmp_path: Path) -> None:
    child = shell("echo 'recovering'; touch begun; exec sleep 600")
    wait_until((tmp_path / "begun").exists, what="the log", timeout_s=10)
    with pytest.raises(WaitTimeout) as caught:
        child.wait_ready(lambda: False, timeout_s=0.1)
    assert str(caught.value) == (
        f"timed out after 0.1 s waiting for MySQL to be ready\nthe end of {tmp_path}/logs/mysql.log:\nrecovering"
    )


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


def test_stopping_twice_and_stopping_what_never_started_is_nothing(shell: Start, tmp_path: Path) -> None:
    child = shell("exit 0")
    child.stop()
    child.stop()
    never = Child("MySQL", ["/no/mysqld"], env={}, log=tmp_path / "log", cwd=tmp_path, stop_s=1)
    never.stop()
    never.kill()
    assert (never.running(), never.log_tail()) == (False, "")
    with pytest.raises(MissingProgram) as caught:
        never.start()
    assert str(caught.value) == "cannot start MySQL: program '/no/mysqld' not found"


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_child_can_be_started_again_with_further_variables(shell: Start, tmp_path: Path) -> None:
    child = shell('echo "limit:$LIMIT" >> written; exec sleep 600')
    control = ServerControl(child, lambda: None)
    written = tmp_path / "written"
    wait_until(written.exists, what="the first start", timeout_s=10)
    control.kill()
    control.restart({"LIMIT": "1000"})
    wait_until(lambda: written.read_text() == "limit:\nlimit:1000\n", what="the second start", timeout_s=10)


BUSY = """
import sys, time
while time.process_time() < 0.2: pass
open('/dev/null', 'wb').write(bytes(3_000_000))
print('done', flush=True)
sys.stdin.readline()
"""


def start() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_children_of_one_name_count_together_whether_they_run_or_have_ended() -> None:
    children = Children()
    processes = [start(), start()]
    for process, name in zip(processes, ("server", "client"), strict=True):
        children.started(process, name)
        assert process.stdout is not None
        process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        children.ended(processes[1], 0)
    running = children.used()
    assert set(running) == {"server", "client"}
    assert 0.15 <= running["server"].cpu_s < 5
    assert running["server"].written_bytes >= 3_000_000
    for process in processes:
        process.communicate(b"\n", timeout=60) if process is processes[0] else process.stdin.close()  # type: ignore[union-attr]
    assert children.ended(processes[1], 60) == 0
    children.ended(processes[0])  # somebody else waited for it: what was known last is kept
    ended = children.used()
    assert all(ended[name].cpu_s >= running[name].cpu_s for name in running)
    again = start()
    children.started(again, "client")
    again.kill()
    children.ended(again)
    assert children.used()["client"].cpu_s >= ended["client"].cpu_s
    for process in (*processes, again):
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def test_a_child_may_end_while_another_is_being_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector may close a stream anywhere, and the stream then waits for its command."""
    children = Children()
    counted, closed = (subprocess.Popen(["true"]) for _ in range(2))
    for process in (counted, closed):
        children.started(process, "tools")

    def interrupted(process: psutil.Process, name: str) -> ProcessUsage | None:
        monkeypatch.setattr(usage, "_used", of_process)
        children.ended(closed)
        return of_process(process, name)

    of_process = usage._used
    monkeypatch.setattr(usage, "_used", interrupted)
    waiting = Thread(target=children.ended, args=(counted,), daemon=True)
    waiting.start()
    waiting.join(60)
    assert not waiting.is_alive()
    assert (counted.returncode, closed.returncode) == (0, 0)


def test_a_step_has_what_was_used_in_it() -> None:
    clock = Clock(Silent())
    with clock.step("unwatched", "Before anything is watched"):
        pass
    host = LocalHost(purpose="client")
    with clock.meter.watching(of_harness, CHILDREN.used), clock.meter.watching(dict, new=True):
        with clock.step("busy", "Run a command") as note:
            assert run(host, [sys.executable, "-c", BUSY]).exit_status == 0
            note.size_bytes = 5
        with clock.step("idle", "Do nothing"):
            pass
        with pytest.raises(Exception, match="broken"), clock.step("failing", "Fail"):
            raise ValueError("broken")
    unwatched, busy, idle, failing = clock.steps
    used = {each.name: each for each in busy.processes}
    assert busy.size_bytes == 5
    assert used["client"].cpu_s >= 0.15
    assert "harness" in used
    assert "client" not in {each.name for each in idle.processes}
    assert unwatched.processes == failing.processes == ()


def test_a_source_that_begins_anew_is_never_negative() -> None:
    readings = iter([{"MySQL": ProcessUsage("MySQL", 5.0, 10, 10)}, {"MySQL": ProcessUsage("MySQL", 1.0, 2, 3)}, {}])
    clock = Clock(Silent())
    with clock.meter.watching(lambda: next(readings), new=True):
        assert clock.meter.lap() == (ProcessUsage("MySQL", 5.0, 10, 10),)
        assert clock.meter.lap() == ()
        assert clock.meter.lap() == ()

"""What children used is reported by what they are for, while they run and after they ended; a step has its share."""

from __future__ import annotations

import subprocess
import sys
from threading import Thread

import psutil
import pytest

from harness.base.clock import Clock, Silent
from harness.base.model import ProcessUsage
from harness.base.usage import of_harness
from harness.runtime.process import usage
from harness.runtime.process.host import LocalHost
from harness.runtime.process.usage import CHILDREN, Children
from harness.runtime.services.execution import run

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

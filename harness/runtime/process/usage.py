"""What the children of this process used, by what they are for: of those that run, and of those that ended."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from collections.abc import Iterator

import psutil

from harness.base.model import ProcessUsage
from harness.base.usage import io_of


class Children:
    """Children with a name each; several of one name count together."""

    def __init__(self) -> None:
        # The garbage collector may close a stream in the middle of any of this: its command is then waited for in here.
        self._lock = threading.RLock()
        self._running: dict[int, tuple[psutil.Process, ProcessUsage]] = {}
        self._ended: dict[str, ProcessUsage] = {}

    def started(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Count a child from now on."""
        try:
            with self._lock:
                self._running[process.pid] = psutil.Process(process.pid), ProcessUsage(name, 0.0)
        except psutil.Error:
            return  # somebody else waited for it already

    def ended(self, process: subprocess.Popen[bytes], timeout_s: float | None = None) -> int:
        """Wait for the end of a child, like its `wait`: only until that is called does the system know what it used.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        if process.returncode is None:
            _await_exit(process, timeout_s)
            with self._lock:
                self._last(process.pid)
        return process.wait(timeout_s)

    def used(self) -> dict[str, ProcessUsage]:
        """What was used since ever, by name."""
        with self._lock:
            for pid, (process, last) in list(self._running.items()):
                if (now := _used(process, last.name)) is None:
                    self._last(pid)
                else:
                    self._running[pid] = process, now
            total = dict(self._ended)
            for name, process in self._descendants():
                if (of_theirs := _used(process, name)) is not None:
                    of_theirs.add_to(total)
            for _, used in list(self._running.values()):
                used.add_to(total)
            return total

    def _descendants(self) -> Iterator[tuple[str, psutil.Process]]:
        """What the children that run have started themselves and still runs: they have its times when it has ended."""
        names = {pid: last.name for pid, (_, last) in list(self._running.items())}
        below: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter(["ppid"]):
            below.setdefault(process.info["ppid"], []).append(process)
        waiting = list(names.items())
        while waiting:
            pid, name = waiting.pop()
            for process in below.get(pid, ()):
                yield name, process
                waiting.append((process.pid, name))

    def _last(self, pid: int) -> None:
        """A child has ended: keep what it used."""
        if pid in self._running:
            process, last = self._running.pop(pid)
            (_used(process, last.name) or last).add_to(self._ended)


def _await_exit(process: subprocess.Popen[bytes], timeout_s: float | None) -> None:
    """Wait until a child has exited, without taking its exit status, where the system lets one."""
    try:
        watch = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # another system, or it is gone
        return
    try:
        ready = select.poll()
        ready.register(watch, select.POLLIN)
        if not ready.poll(None if timeout_s is None else timeout_s * 1000):
            raise subprocess.TimeoutExpired(process.args, timeout_s or 0)
    finally:
        os.close(watch)


def _used(process: psutil.Process, name: str) -> ProcessUsage | None:
    """None where the system knows nothing of it any more."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return ProcessUsage(name, sum(times[:4]), *io_of(process))


CHILDREN = Children()
"""Of this process."""

"""A server as a child process: started with a log file, watched while it starts, ended for certain."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.base.errors import MissingProgram, ServerFailed
from harness.base.private import private_log
from harness.base.wait import wait_until
from harness.runtime.process.usage import CHILDREN

LOG_TAIL_LINES = 200
"""Enough for the message in front of an exception's stack frames; of more than 40 the middle is only in a file."""


class Child:
    """One server process in a session of its own.

    Args:
        argv: program and arguments, without secrets.
        log: file that gets its output; appended to.
        stop_s: how long it may take to end before it is killed.
    """

    def __init__(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path, stop_s: float
    ) -> None:
        self.name = name
        self._argv = list(argv)
        self._env = dict(env)
        self._log = log
        self._cwd = cwd
        self._stop_s = stop_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it; `environment` is added to its own. Raises MissingProgram when there is no such program."""
        self._stopped = False
        with private_log(self._log) as log:
            try:
                self._process = subprocess.Popen(
                    self._argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**self._env, **(environment or {})},
                    cwd=self._cwd,
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise MissingProgram(f"cannot start {self.name}: program {self._argv[0]!r} not found") from None
        CHILDREN.started(self._process, self.name)

    restart = start

    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until `ready` says so. Raises ServerFailed or WaitTimeout with the end of the log."""

        def probe() -> bool:
            if not self.running():
                assert self._process is not None
                raise ServerFailed(
                    f"{self.name} exited with status {self._process.returncode} while it was starting",
                    details=self.log_tail(),
                )
            return ready()

        wait_until(probe, what=f"{self.name} to be ready", timeout_s=timeout_s, details=self.log_tail)

    def stop(self) -> None:
        """End it, politely first; returns when it is gone."""
        self._stopped = True
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a process that stands still would not hear it
        try:
            CHILDREN.ended(self._process, self._stop_s)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            CHILDREN.ended(self._process)

    def detach(self) -> None:
        """Leave it running from now on, also when this process ends: `stop` does nothing any more."""
        self._process = None

    def kill(self) -> None:
        """End it at once, because nobody needs it any more."""
        self._stopped = True
        self.crash()

    def crash(self) -> None:
        """End it at once, as a power cut would: nobody who looks afterwards knows why it is gone."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            CHILDREN.ended(self._process)

    def pause(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def exit_report(self) -> str:
        """One line and the end of its log if it ended without being asked to, else nothing."""
        if self._process is None or self._stopped or self._process.poll() is None:
            return ""
        return f"{self.name} exited unexpectedly, with status {self._process.returncode}\n{self.log_tail()}"

    def log_tail(self) -> str:
        """The last lines of its log."""
        try:
            with self._log.open("rb") as log:
                lines = deque(log, maxlen=LOG_TAIL_LINES)
        except FileNotFoundError:
            return ""
        text = b"".join(lines).decode("utf-8", "replace")
        return f"the end of {self._log}:\n{text}"

    def _signal(self, number: int) -> None:
        assert self._process is not None
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


_SERVER_PORTS = range(15_000, 30_000)
"""Below the ports that Linux gives to outgoing connections (32768 to 60999), and those of Kubernetes' services."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody used a moment ago.

    The system hands out other ports to outgoing connections: a server that was stopped finds its own free when it is
    started again.
    """
    for port in (*random.sample(_SERVER_PORTS, 20), 0):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ServerFailed("no TCP port of 127.0.0.1 is free")

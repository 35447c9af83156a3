"""Connections to an engine through a program: the Docker client's `system dial-stdio`, here or behind ssh.

What the program reads and writes is one end of a local pair of sockets, which can be closed in one direction alone, as
the SDK's own ssh pipes and Python's TLS sockets cannot.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence

_END_S = 5.0
_LAST_BYTES = 4096

Connection = tuple[subprocess.Popen[bytes], socket.socket]


class StdioDialer:
    """Each connection is a process of its own, whose input and output it is.

    Args:
        argv: the command that makes one connection.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._argv = list(argv)
        self._env = dict(env)
        self._messages = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (it is open as long as this is)
        self._last = ""
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []
        self._next: Connection | None = None

    def dial(self) -> socket.socket:
        if shutil.which(self._argv[0], path=self._env.get("PATH")) is None:
            raise FileNotFoundError(errno.ENOENT, f"the program {self._argv[0]} is not installed on this machine")
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]
            argv = self.command()
            # The program takes longer to start than a call takes: the next connection starts now.
            waiting, self._next = self._next, self.start(argv)
            if waiting is not None and waiting[0].poll() is None:
                return waiting[1]
            if waiting is not None:
                waiting[1].close()
            return self.start(argv)[1]

    def command(self) -> list[str]:
        """The command for the next connection."""
        return self._argv

    def reason(self) -> str:
        if self._messages.closed:
            return self._last
        number = self._messages.fileno()
        # Read beside the position in the file, which belongs to all the programs that write there.
        last = os.pread(number, _LAST_BYTES, max(0, os.fstat(number).st_size - _LAST_BYTES))
        lines = last.decode("utf-8", "replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        with self._lock:
            if self._next is not None:
                self._next[1].close()
            self._next = None
            for child in self._children:
                child.terminate()
            for child in self._children:
                try:
                    child.wait(_END_S)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
            self._children = []
            self._last = self.reason()
            self._messages.close()

    def start(self, argv: Sequence[str]) -> Connection:
        """Start a connection; the caller holds the lock."""
        child, ours = piped(argv, self._env, self._messages.fileno())
        self._children.append(child)
        return child, ours


def piped(argv: Sequence[str], env: Mapping[str, str], stderr: int) -> Connection:
    """Start a program that reads and writes one end of a pair of sockets: it, and the other end."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            child = subprocess.Popen(
                argv,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=stderr,
                env=env,
                start_new_session=True,  # a Ctrl-C is for the harness, which still needs it to clean up
            )
        except BaseException:
            ours.close()
            raise
    return child, ours

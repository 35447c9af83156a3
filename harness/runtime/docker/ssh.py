"""Connections to an engine behind ssh, as the Docker client makes them: `ssh HOST docker system dial-stdio`.

The machine's own `ssh` program does it, so that everything in the user's ssh configuration holds: aliases, jump
hosts, agents, keys, known hosts. The first connection is the master of the others (ControlMaster), each of
which is then there in milliseconds. When this process is gone, all of them end by themselves.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.base.errors import UsageError, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_CONNECT_S = 10
_END_S = 5.0
_LAST_BYTES = 4096

_OPTIONS = (
    *("-o", "BatchMode=yes"),  # a drill runs unattended: nobody answers a question
    *("-o", f"ConnectTimeout={_CONNECT_S}"),
    *("-o", "ServerAliveInterval=15"),
    *("-o", "ServerAliveCountMax=4"),
    "-T",
)


@dataclass(frozen=True, slots=True)
class SshTarget:
    """What an `ssh://` address names.

    Args:
        host: name, address, or alias of the ssh configuration.
        user: or empty for what the ssh configuration says.
        port: or None for what it says.
        engine_socket: path of the engine's socket there, or empty for what the Docker client there uses.
    """

    host: str
    user: str = ""
    port: int | None = None
    engine_socket: str = ""

    def argv(self, *options: str) -> list[str]:
        """The command that makes one connection."""
        user = ["-l", self.user] if self.user else []
        port = ["-p", str(self.port)] if self.port else []
        at = [f"--host=unix://{self.engine_socket}"] if self.engine_socket else []
        command = shlex.join(["docker", *at, "system", "dial-stdio"])
        return ["ssh", *_OPTIONS, *options, *user, *port, "--", self.host, command]


def ssh_target(url: str) -> SshTarget:
    """Read `ssh://[user@]host[:port][/path/of/the/engine's/socket]`, as the Docker client does.

    Raises:
        UsageError: it is not of that form, or holds a password.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url} has an invalid port") from error
    if parts.password is not None:
        raise UsageError(
            "an ssh:// address cannot contain a password", "Use a key, with an agent if it has a passphrase."
        )
    if not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{url} is not of the form ssh://[user@]host[:port][/path/of/docker.sock]")
    path = unquote(parts.path)
    return SshTarget(parts.hostname, unquote(parts.username or ""), port, path if path.strip("/") else "")


class SshDialer:
    """Connections to the engine of one `ssh://` address.

    Args:
        target: see `ssh_target`.
        env: environment of `ssh`: the path, and the agent's socket if there is one.
    """

    def __init__(self, target: SshTarget, env: Mapping[str, str]) -> None:
        self._target = target
        self._env = dict(env)
        # Made and removed by ssh itself, for this user alone; a name that nobody can guess.
        self._control = Path(tempfile.gettempdir(), f"apiary-drill-{secrets.token_hex(8)}.ssh")
        self._told = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (it is open as long as this is)
        self._last = ""
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []
        self._master: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._next: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._shares: bool | None = None

    def dial(self) -> socket.socket:
        if shutil.which("ssh", path=self._env.get("PATH")) is None:
            raise FileNotFoundError(errno.ENOENT, "the program ssh is not installed on this machine")
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]
            options: tuple[str, ...] = ()
            if not self._user_shares():
                if self._master is None or self._master[0].poll() is not None:
                    self._start_master()
                options = ("-o", "ControlMaster=no", "-o", f"ControlPath={self._control}")
            # The programs at both ends take longer to start than a call takes: the next connection starts now.
            waiting, self._next = self._next, self._start(*options)
            if waiting is not None and waiting[0].poll() is None:
                return waiting[1]
            if waiting is not None:
                waiting[1].close()
            return self._start(*options)[1]

    def reason(self) -> str:
        if self._told.closed:
            return self._last
        number = self._told.fileno()
        # Read beside the position in the file, which belongs to all the programs that write there.
        said = os.pread(number, _LAST_BYTES, max(0, os.fstat(number).st_size - _LAST_BYTES))
        lines = said.decode("utf-8", "replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        with self._lock:
            for held in (self._master, self._next):
                if held is not None:
                    held[1].close()
            self._master = self._next = None
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
            self._told.close()

    def _start(self, *options: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                child = subprocess.Popen(
                    self._target.argv(*options),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=self._told.fileno(),
                    env=self._env,
                    start_new_session=True,  # a Ctrl-C is for the harness, which still needs the engine to clean up
                )
            except BaseException:
                ours.close()
                raise
        self._children.append(child)
        return child, ours

    def _start_master(self) -> None:
        """Start the connection that the others go through. It is held until the end, and never spoken on.

        Where it cannot be made, `ssh` has said why, and the next connection says it again.
        """
        options = ("-o", "ControlMaster=yes", "-o", f"ControlPath={self._control}", "-o", "ControlPersist=no")
        child, held = self._start(*options)
        self._master = child, held
        try:
            wait_until(
                lambda: self._control.exists() or child.poll() is not None,
                what="ssh",
                timeout_s=_CONNECT_S,
                interval_s=0.01,
            )
        except WaitTimeout as error:
            raise TimeoutError(error.fact) from error
        if child.poll() is not None:
            raise ConnectionError(None, self.reason() or f"ssh exited with status {child.returncode}")

    def _user_shares(self) -> bool:
        """Whether the user's own configuration shares connections: theirs may be one that needed a person."""
        if self._shares is None:
            told = run(LocalHost(self._env), self._target.argv("-G"), timeout_s=_CONNECT_S).stdout.decode()
            self._shares = re.search(r"^controlpath (?!none$)", told, re.MULTILINE) is not None
        return self._shares

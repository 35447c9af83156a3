"""Connections to an engine behind ssh, as the Docker client makes them: `ssh HOST docker system dial-stdio`.

The machine's own `ssh` program does it, so that everything in the user's ssh configuration holds: aliases, jump
hosts, agents, keys, known hosts. The first connection is the master of the others (ControlMaster), each of
which is then there in milliseconds. When this process is gone, all of them end by themselves.
"""

from __future__ import annotations

import re
import secrets
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.base.errors import UsageError, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.docker.stdio import Connection, StdioDialer
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_CONNECT_S = 10

SSH_OPTIONS = (
    *("-o", "BatchMode=yes"),  # a drill runs unattended: nobody answers a question
    *("-o", f"ConnectTimeout={_CONNECT_S}"),
    *("-o", "ServerAliveInterval=15"),
    *("-o", "ServerAliveCountMax=4"),
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
        return ["ssh", *SSH_OPTIONS, "-T", *options, *user, *port, "--", self.host, command]


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


class SshDialer(StdioDialer):
    """Connections to the engine of one `ssh://` address.

    Args:
        env: environment of `ssh`: the path, and the agent's socket if there is one.
    """

    def __init__(self, target: SshTarget, env: Mapping[str, str]) -> None:
        super().__init__(target.argv(), env)
        self._target = target
        # Made and removed by ssh itself, for this user alone; a name that nobody can guess.
        self._control = Path(tempfile.gettempdir(), f"apiary-drill-{secrets.token_hex(8)}.ssh")
        self._master: Connection | None = None
        self._shares: bool | None = None

    def command(self) -> list[str]:
        if self._user_shares():
            return self._target.argv()
        if self._master is None or self._master[0].poll() is not None:
            self._start_master()
        return self._target.argv("-o", "ControlMaster=no", "-o", f"ControlPath={self._control}")

    def close(self) -> None:
        if self._master is not None:
            self._master[1].close()
        super().close()

    def _start_master(self) -> None:
        """Start the connection that the others go through. It is held until the end, and never spoken on.

        Where it cannot be made, `ssh` has reported why, and the next connection does again.
        """
        options = ("-o", "ControlMaster=yes", "-o", f"ControlPath={self._control}", "-o", "ControlPersist=no")
        child, _ = self._master = self.start(self._target.argv(*options))
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
            configuration = run(LocalHost(self._env), self._target.argv("-G"), timeout_s=_CONNECT_S).stdout.decode()
            self._shares = re.search(r"^controlpath (?!none$)", configuration, re.MULTILINE) is not None
        return self._shares

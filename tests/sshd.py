"""A real ssh server on loopback, with a host key and an authorised key of its own."""

import contextlib
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base.wait import wait_until
from tests.engines import background, must_find

_START_S = 20.0

_SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {directory}/host
AuthorizedKeysFile {directory}/authorized
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin prohibit-password
MaxSessions 4
Subsystem sftp internal-sftp
"""
"""Fewer sessions for a connection than the default, 10: what does not fit has to find another way."""

_CLIENT = """
IdentityFile {directory}/key
IdentitiesOnly yes
UserKnownHostsFile {directory}/known
"""


@dataclass(frozen=True)
class SshServer:
    """A running server, and what a client needs.

    Args:
        port: of loopback.
        bin: goes first on a client's path: its `ssh` is the real one with the configuration of the test.
        directory: holds keys and configuration.
    """

    port: int
    bin: Path
    directory: Path

    def host(self, path: Path | str = "") -> str:
        """`ssh://` address of an engine whose socket has this path; without one, of the machine's own."""
        return f"ssh://root@127.0.0.1:{self.port}{path}"

    def env(self) -> dict[str, str]:
        """Environment of `ssh`."""
        return {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.directory)}


@contextlib.contextmanager
def ssh_server(directory: Path) -> Iterator[SshServer]:
    """Start a server in which root may log in with one key.

    Raises:
        tests.engines.Missing: a program is missing.
    """
    sshd, ssh = must_find("sshd", "openssh-server"), must_find("ssh", "openssh-client")
    for name in ("host", "key"):
        argv = [must_find("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
        subprocess.run(argv, check=True)
    (directory / "authorized").write_bytes((directory / "key.pub").read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    host_key = " ".join((directory / "host.pub").read_text().split()[:2])
    (directory / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (directory / "sshd_config").write_text(_SERVER.format(port=port, directory=directory))
    (directory / "ssh_config").write_text(_CLIENT.format(directory=directory))
    bin_directory = directory / "bin"
    bin_directory.mkdir()
    (bin_directory / "ssh").write_text(f'#!/bin/sh\nexec {ssh} -F {shlex.quote(f"{directory}/ssh_config")} "$@"\n')
    (bin_directory / "ssh").chmod(0o755)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # made by the service's start script, which did not run
    log = directory / "sshd.log"
    with background([sshd, "-D", "-e", "-f", str(directory / "sshd_config")], log) as process:

        def listens() -> bool:
            assert process.poll() is None, f"sshd ended with status {process.returncode}: {log.read_text()}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_until(listens, what="sshd", timeout_s=_START_S)
        yield SshServer(port, bin_directory, directory)

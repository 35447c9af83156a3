"""Another Docker engine than the machine's own, and the ways to it: its socket, TLS, ssh.

It has a network of its own (a network namespace), so that the addresses of its containers cannot be reached
from here: it is what a remote engine is. Nothing of the machine's own engine is touched.
"""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil

from harness.base.errors import HarnessError
from harness.base.settings import DockerSettings
from harness.base.wait import wait_until
from harness.runtime.docker.client import connect
from tests.certificates import Certificates, make_certificates

_START_S = 60.0
_END_S = 30.0

# fd 3 is a listener of this machine's network; a process may only take it if LISTEN_PID says so (sd_listen_fds(3)).
_START = 'ip link set lo up && LISTEN_PID=$$ LISTEN_FDS=1 exec dockerd "$@" 3<&"$0"'


class Missing(Exception):
    """A program that these tests need is not on this machine."""


def must_find(program: str, package: str) -> str:
    """Path of a program. Raises Missing with the package that it is in."""
    found = shutil.which(program, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin")))
    if found is None:
        raise Missing(f"there is no program {program} on this machine (Debian's package {package})")
    return found


@dataclass(frozen=True)
class AnotherEngine:
    """A running engine.

    Args:
        directory: holds all of it.
        socket: where it listens, besides TLS.
        tls_port: of loopback, where it asks for a certificate.
        certificates: of the engine and of its clients.
        crash: ends it as a power cut would; what ran on it is left to itself.
        come_back: starts it again with all that it has, which ends what it left running.
    """

    directory: Path
    socket: Path
    tls_port: int
    certificates: Certificates
    crash: Callable[[], None]
    come_back: Callable[[], None]

    @property
    def host(self) -> str:
        """Its address for DOCKER_HOST."""
        return f"unix://{self.socket}"

    @property
    def tls_host(self) -> str:
        """Its address with TLS; `certificates.client` is the directory of DOCKER_CERT_PATH."""
        return f"tcp://127.0.0.1:{self.tls_port}"

    def client(self) -> docker.DockerClient:
        """A client through its socket."""
        return connect(DockerSettings(host=self.host))

    def load(self, source: docker.DockerClient, *references: str) -> None:
        """Give it images of another engine, as a stream; those that it has stay as they are."""
        client = self.client()
        try:
            for reference in references:
                wanted = source.images.get(reference)
                with contextlib.suppress(docker.errors.ImageNotFound):
                    if client.images.get(reference).id == wanted.id:
                        continue
                client.images.load(wanted.save(named=reference))  # type: ignore[arg-type]
        finally:
            client.close()


@contextlib.contextmanager
def background(argv: list[str], log: Path, *, pass_fds: tuple[int, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A server of a test; it gets SIGTERM at the end of the block, and also when the test process is killed."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [must_find("setpriv", "util-linux"), "--pdeathsig", "TERM", "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_what_it_left(listening: Path, directory: Path) -> None:
    """End the containers of an engine that was killed, and take away what is mounted for them; mostly nothing."""
    for process in psutil.process_iter(["cmdline"]):
        if any(str(listening) in word for word in process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                for each in (*process.children(recursive=True), process):
                    each.kill()
    for line in reversed(Path("/proc/mounts").read_text().splitlines()):
        where = line.split()[1]
        if where.startswith((f"{listening}/", f"{directory}/")):
            subprocess.run([must_find("umount", "util-linux"), "--lazy", where], check=False)


@contextlib.contextmanager
def another_engine(directory: Path) -> Iterator[AnotherEngine]:
    """Start an engine that keeps all that it has below a directory.

    Raises:
        Missing: a program is missing, or this is not root.
        WaitTimeout: it did not start; with the end of its log.
    """
    dockerd = must_find("dockerd", "docker.io")
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2"), ("bash", "bash")):
        must_find(program, package)
    if os.geteuid() != 0:
        raise Missing("another Docker engine can be started by root alone")
    assert Path(dockerd).name == "dockerd"
    certificates = make_certificates(directory / "certificates")
    configuration, log = directory / "daemon.json", directory / "dockerd.log"
    configuration.write_text("{}")  # the machine's own is for the machine's own engine
    # Paths of sockets are short (108 bytes, unix(7)), those of pytest's directories are not.
    with contextlib.ExitStack() as running, socket.create_server(("127.0.0.1", 0)) as listener:
        listening = Path("/run", f"apiary-drill-test-{os.getpid()}-{listener.getsockname()[1]}")
        listening.mkdir(mode=0o700)
        running.callback(shutil.rmtree, listening, ignore_errors=True)
        running.callback(shutil.rmtree, directory / "data", ignore_errors=True)
        running.callback(_end_what_it_left, listening, directory)
        server = certificates.server
        argv = [
            *("unshare", "--net", "bash", "-c", _START, str(listener.fileno())),
            *(f"--data-root={directory / 'data'}", f"--exec-root={listening / 'exec'}"),
            *(f"--pidfile={listening / 'pid'}", f"--config-file={configuration}"),
            *(f"--host=unix://{listening / 'docker.sock'}", "--host=fd://"),
            *("--tlsverify", f"--tlscacert={server / 'ca.pem'}"),
            *(f"--tlscert={server / 'cert.pem'}", f"--tlskey={server / 'key.pem'}"),
        ]
        processes: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            processes.append(running.enter_context(background(argv, log, pass_fds=(listener.fileno(),))))
            wait_until(
                answers,
                what="another engine",
                timeout_s=_START_S,
                interval_s=0.2,
                details=lambda: log.read_text()[-3000:],
            )

        def crash() -> None:
            processes[-1].kill()
            processes[-1].wait()
            # Its containerd ends with it. Where nobody takes note of that, the next one would wait for it for ever.
            (listening / "exec/containerd/containerd.pid").unlink(missing_ok=True)

        def answers() -> bool:
            process = processes[-1]
            if process.poll() is not None:
                raise AssertionError(f"dockerd ended with status {process.returncode}:\n{log.read_text()[-3000:]}")
            try:
                engine.client().close()
            except HarnessError:
                return False
            return True

        engine = AnotherEngine(
            directory, listening / "docker.sock", listener.getsockname()[1], certificates, crash, start
        )
        start()
        yield engine

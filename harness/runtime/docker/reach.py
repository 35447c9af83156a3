"""How the harness reaches the servers of a stack in a network that has no way out, wherever the engine is.

All of them are in the network namespace of one container, the pod. It outlives each of them: a server that is gone
leaves an address that refuses at once, where a container's own address would vanish with it, and every attempt to
connect would wait three seconds for an answer.

Where the engine's bridges are on this machine, the pod's address is reachable as it is. Elsewhere (a
remote engine, an engine in a virtual machine) a listener on loopback passes each connection on through a
command in a container of the same network, so no port is ever published.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

from harness.base.errors import HarnessError
from harness.runtime.docker.host import ContainerCommand, ContainerHost
from harness.runtime.services.execution import CHUNK_BYTES

_CLOSE_S = 5.0

# Ends when either side does: no client here closes its sending half alone.
_RELAY = 'exec 3<>"/dev/tcp/$1/$2" 4<&0 && { cat <&3 & cat <&4 >&3 & wait -n; kill %1 %2; } 2>/dev/null; true'


class Reach:
    """The network of one stack as the harness sees it.

    Args:
        prefix: of the names of everything in it.
        pod: runs the relay of a connection: the pod, which has bash.
        address: the pod's, on its network.
        direct: whether that is reachable from here (`bridge_is_here`).
    """

    def __init__(self, prefix: str, pod: ContainerHost, address: str, *, direct: bool) -> None:
        self.prefix = prefix
        self.address = address
        self._pod = pod
        self._direct = direct
        self._forwards: list[Forward] = []

    @property
    def network(self) -> str:
        """The network of a server's container: the pod's."""
        return f"container:{self._pod.name}"

    def __enter__(self) -> Reach:
        return self

    def __exit__(self, *exc: object) -> None:
        for forward in self._forwards:
            forward.close()

    def to(self, port: int) -> tuple[str, int]:
        """Host and port at which the harness reaches a server's port."""
        if self._direct:
            return self.address, port
        forward = Forward(self._pod, "127.0.0.1", port)
        self._forwards.append(forward)
        return "127.0.0.1", forward.port


class Forward:
    """A listener on loopback; each connection is one relay command in a container."""

    def __init__(self, pod: ContainerHost, address: str, port: int) -> None:
        self._pod = pod
        self._target = (address, str(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: dict[socket.socket, threading.Thread] = {}
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and end every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_CLOSE_S)
        for connection, thread in list(self._open.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(_CLOSE_S)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, self._pod.start(["bash", "-c", _RELAY, "relay", *self._target], stdin=True) as command:
                upward = threading.Thread(target=_copy_up, args=(connection, command), daemon=True)
                upward.start()
                with suppress(OSError):
                    for chunk in command.chunks():
                        connection.sendall(chunk)
                    connection.shutdown(socket.SHUT_RDWR)
                upward.join(_CLOSE_S)
        except HarnessError:
            return  # the pod is gone; whoever uses the connection sees it closed, and says so
        finally:
            self._open.pop(connection, None)


def _copy_up(connection: socket.socket, command: ContainerCommand) -> None:
    with suppress(OSError):
        while data := connection.recv(CHUNK_BYTES):
            command.write(data)
    command.close_stdin()


def bridge_is_here(network_id: str) -> bool:
    """Whether the bridge of a network is an interface of this machine.

    The engine names it by the network's id, so this cannot be another engine's network that happens to have
    the same addresses, as trying to connect could.
    """
    return Path("/sys/class/net", f"br-{network_id[:12]}").exists()

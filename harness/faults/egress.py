"""A fault of the application's network: somebody outside answers, as if there were a way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.base.errors import HarnessError
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.container import ContainerPlan, started
from harness.runtime.docker.host import ContainerHost
from harness.runtime.docker.labels import drill_labels
from harness.runtime.egress import ADDRESSES
from harness.runtime.services.execution import run
from harness.runtime.services.stack import Stack

_PORTS = dict(ADDRESSES)

# SIOCSIFADDR (netdevice(7)) gives the loopback interface one address more, in this network namespace alone. Whoever
# connects to it in there is answered by this program, and no packet leaves.
_ANSWER = """
import fcntl, socket, struct, sys
address, port = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as interface:
    wanted = struct.pack("16sH2s4s8s", b"lo:1", socket.AF_INET, b"", socket.inet_aton(address), b"")
    fcntl.ioctl(interface, 0x8916, wanted)
with socket.create_server((address, port)) as listener:
    print("listening", flush=True)
    while True:
        listener.accept()[0].close()
"""


@contextmanager
def answering(stack: Stack, address: str, *, ready_s: float) -> Iterator[str]:
    """Let an address that the drill tries to reach answer from inside the restored application.

    It is an address of the loopback interface there, and a container of this drill in the same network namespace
    listens on it: nobody outside is ever asked, and the machine's own network stays as it is.

    Returns:
        Address and port.
    """
    host = stack.apiary.storage_host
    if not isinstance(host, ContainerHost):
        raise HarnessError("local processes have no network of their own", "Run it with --runtime docker.")
    port = _PORTS[address]
    with engine_errors("inspecting the application's network"):
        image = str(host.client.api.inspect_container(host.container_id)["Image"])
    plan = ContainerPlan(
        title="outbound access",
        name=f"{host.name.removesuffix('-pod')}-way-out",
        image=image,
        labels=drill_labels(stack.drill_id, stack.role, "way-out"),
        log=stack.logs / "way-out.log",
        entrypoint=("python3", "-c", _ANSWER, address, str(port)),
        user="0:0",
        network=f"container:{host.container_id}",
        capabilities=("NET_ADMIN", "NET_BIND_SERVICE"),
    )
    with started(host.client, plan) as server:
        server.wait_ready(lambda: _reached(host, address, port), timeout_s=ready_s)
        yield f"{address}:{port}"


def _reached(host: ContainerHost, address: str, port: int) -> bool:
    return run(host, ["timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"]).exit_status == 0

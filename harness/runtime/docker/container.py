"""One server as a container: created with the least rights, watched while it starts, its log kept.

testcontainers labels it for its reaper, and packs the files that are put in. Its own `DockerContainer` finds its engine
in the environment of the process, and writes it there; here the engine is given, and there may be two at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
import docker.errors
from docker.models.containers import Container
from docker.types import EndpointConfig
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import Reaper
from testcontainers.core.labels import create_labels
from testcontainers.core.transferable import build_transfer_tar

from harness.base.errors import HarnessError, ServerFailed
from harness.base.interruption import finishing
from harness.base.model import ProcessUsage
from harness.base.private import private_log
from harness.base.wait import wait_until
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.host import ContainerHost
from harness.runtime.docker.labels import remove
from harness.runtime.docker.usage import usage_of
from harness.runtime.process.child import LOG_TAIL_LINES

PIDS_LIMIT = 1024
"MySQL 9.7 starts about 40 threads and one more per connection; a fork bomb is stopped long before."

_NOWHERE = "192.0.2.1"
"""Name server of every container: an address that RFC 5737 keeps for documentation.

Engines before 26 ask a name server of their own host on behalf of an internal network (CVE-2024-29018),
unless the container names another one; then they ask it from inside, where there is no way out.
"""

_GIVE_UP = ("timeout:1", "attempts:1")
"""This address does not answer, and by default a lookup waits 10 s for it: as long as the time limit of `/health`."""


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """What a container is to be.

    Args:
        image: reference or id; it has to be there already.
        labels: see labels.py.
        log: file that gets its log when it ends; appended to.
        entrypoint: program and arguments, or empty for the image's own.
        user: numeric user, or empty for the image's own.
        network: name of a network, or `container:<name>` to share another container's.
        volumes: where a volume is mounted, by the volume's name.
        files: content by path, put in before it starts.
        capabilities: what it keeps of root's rights; everything else is dropped.
        cwd: work directory, or empty for the image's own.
        read_only: volumes and its own file system can't be written.
    """

    title: str
    name: str
    image: str
    labels: Mapping[str, str]
    log: Path
    entrypoint: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    network: str = "none"
    volumes: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    memory_bytes: int = 1 << 30
    cwd: str = ""
    read_only: bool = False

    def __repr__(self) -> str:
        return f"ContainerPlan(name={self.name!r}, image={self.image!r})"


class ServerContainer:
    """A container that runs one server."""

    def __init__(self, client: docker.DockerClient, plan: ContainerPlan, *, stop_s: float) -> None:
        self._client = client
        self._plan = plan
        self._stop_s = stop_s
        self._container: Container | None = None

    @property
    def host(self) -> ContainerHost:
        """Runs commands in it."""
        return ContainerHost(self._client, self._plan.name, self._plan.name)

    def start(self) -> None:
        """Create and start it. Raises ServerFailed: the engine refused; nothing of it is left then."""
        plan = self._plan
        # An empty volume is filled from the image at its first use, which would be writing to it.
        mode = "ro,nocopy" if plan.read_only else "rw"
        with engine_errors(f"starting {plan.title}"):
            if not testcontainers_config.ryuk_disabled:
                Reaper.get_instance()
            try:
                self._container = self._client.containers.create(
                    plan.image,
                    name=plan.name,
                    environment=dict(plan.env),
                    volumes={volume: {"bind": mount, "mode": mode} for mount, volume in plan.volumes.items()},
                    **_rights(plan),
                    **_network(plan),
                )
                for path, content in plan.files.items():
                    self._container.put_archive("/", build_transfer_tar(content, path, 0o444))
                self._container.start()
            except BaseException:
                self._container = None
                remove(self._client, "container", plan.name)
                raise

    def wait_ready(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until `ready` says so. Raises ServerFailed or WaitTimeout with the end of the log."""

        def probe() -> bool:
            if ready():
                return True
            self.must_run("while it was starting")
            return False

        wait_until(
            probe, what=f"{self._plan.title} to be ready", timeout_s=timeout_s, interval_s=0.02, details=self.log_tail
        )

    def must_run(self, when: str) -> None:
        """Raise ServerFailed with the end of the log if it has ended."""
        state = self._state()
        if state is not None and state["Running"]:
            return
        killed = " (out of memory)" if state and state["OOMKilled"] else ""
        ended = f"exited with status {state['ExitCode']}{killed}" if state else "was removed"
        raise ServerFailed(f"{self._plan.title} {ended} {when}", details=self.log_tail())

    def exit_report(self) -> str:
        """One line and the end of its log if it ended without being asked to, else nothing."""
        if self._container is None or self.running():
            return ""
        try:
            self.must_run("unexpectedly")
        except ServerFailed as error:
            return f"{error.fact}\n{error.details}"
        return ""

    def usage(self) -> ProcessUsage | None:
        """What its processes used since it was started; None where that is not known here."""
        try:
            state = self._state()
        except HarnessError:
            return None
        if self._container is None or state is None:
            return None
        return usage_of(str(self._container.id), state["Pid"], self._plan.title.removeprefix("the "))

    def running(self) -> bool:
        """Whether it runs now."""
        state = self._state()
        return bool(state and state["Running"])

    def address(self) -> str:
        """Its address on its network."""
        assert self._container is not None, "not started"
        with engine_errors(f"asking for the address of {self._plan.title}"):
            attributes = self._client.api.inspect_container(self._plan.name)
        return str(attributes["NetworkSettings"]["Networks"][self._plan.network]["IPAddress"])

    def crash(self) -> None:
        """End it at once, as a power cut would; the container stays for its log."""
        with engine_errors(f"killing {self._plan.title}"):
            self._client.api.kill(self._plan.name)

    def restart(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it again after it ended.

        Args:
            environment: further variables; a container keeps those that it was made with, so it is made anew then.
        """
        if environment:
            with engine_errors(f"removing {self._plan.title}"):
                self.save_log()
                remove(self._client, "container", self._plan.name)
            self._plan = replace(self._plan, env={**self._plan.env, **environment})
            self.start()
        else:
            with engine_errors(f"restarting {self._plan.title}"):
                self._client.api.start(self._plan.name)

    def pause(self) -> None:
        """Let it stand still."""
        with engine_errors(f"pausing {self._plan.title}"):
            self._client.api.pause(self._plan.name)

    def resume(self) -> None:
        """Let it go on; one that does so already is left alone, as a process is."""
        with engine_errors(f"resuming {self._plan.title}"):
            try:
                self._client.api.unpause(self._plan.name)
            except docker.errors.APIError as error:
                if "not paused" not in str(error.explanation):
                    raise

    def stop(self) -> None:
        """End it, politely first, keep its log and remove it."""
        if self._container is None:
            return
        with engine_errors(f"stopping {self._plan.title}"):
            try:
                self._client.api.stop(self._plan.name, timeout=int(self._stop_s))
                self.save_log()
            except docker.errors.NotFound:
                return  # somebody removed it; there is no log any more
            finally:
                remove(self._client, "container", self._plan.name)
                self._container = None

    def save_log(self) -> None:
        """Append its whole log to the log file of the plan, as a stream."""
        with private_log(self._plan.log) as file:
            for chunk in self._client.api.logs(self._plan.name, stream=True, follow=False):
                file.write(chunk)

    def log_tail(self) -> str:
        """The last lines of its log."""
        with contextlib.suppress(docker.errors.APIError):
            text = self._client.api.logs(self._plan.name, tail=LOG_TAIL_LINES).decode("utf-8", "replace")
            return f"the end of the log of {self._plan.title} ({self._plan.log}):\n{text}"
        return ""

    def _state(self) -> dict[str, Any] | None:
        with engine_errors(f"asking for the state of {self._plan.title}"):
            try:
                state: dict[str, Any] = self._client.api.inspect_container(self._plan.name)["State"]
            except docker.errors.NotFound:
                return None
        return state


@contextmanager
def started(
    client: docker.DockerClient, plan: ContainerPlan, *, stop_s: float = 0, keep: bool = False
) -> Iterator[ServerContainer]:
    """A container that was started, stopped after the block, unless it is to be kept and there was no error."""
    server = ServerContainer(client, plan, stop_s=stop_s)
    kept = False
    try:
        server.start()
        yield server
        kept = keep
    finally:
        if not kept:
            with finishing():
                server.stop()


def make_volume(client: docker.DockerClient, name: str, labels: Mapping[str, str], what: str) -> None:
    """A named volume; `what` is whose, for messages. Raises ServerFailed: the engine refused."""
    with engine_errors(f"making the volume of {what}"):
        client.volumes.create(name=name, labels=dict(labels))


def use_reaper(client: docker.DockerClient, *, keep: bool) -> bool:
    """Use testcontainers' reaper where its image is on the engine, and do without it where it is not.

    The reaper is another container that removes what this process started as soon as the process is gone. It
    is only an earlier sweep: what it does not remove, the next start does. It is off for what is to be kept,
    and for an engine other than the environment's socket, which is the only one that it can serve.

    Returns:
        Whether it is used.
    """
    adapter: Any = client.api.get_adapter(client.api.base_url)
    served = getattr(adapter, "socket_path", None) == testcontainers_config.ryuk_docker_socket
    if served and not keep:
        try:
            client.images.get(testcontainers_config.ryuk_image)
        except docker.errors.ImageNotFound:
            served = False
    if keep or not served:
        testcontainers_config.ryuk_disabled = True
    return not testcontainers_config.ryuk_disabled


def _rights(plan: ContainerPlan) -> dict[str, Any]:
    """The least rights: no capability but the named ones, no way to gain another, limited memory."""
    rights: dict[str, Any] = {
        "labels": create_labels(plan.image, dict(plan.labels)),
        "cap_drop": ["ALL"],
        "cap_add": list(plan.capabilities),
        "security_opt": ["no-new-privileges"],
        "mem_limit": plan.memory_bytes,
        "memswap_limit": plan.memory_bytes,
        "pids_limit": PIDS_LIMIT,
        "init": True,
        "read_only": plan.read_only,
        "healthcheck": {"test": ["NONE"]},
    }
    if plan.entrypoint:
        rights["entrypoint"] = list(plan.entrypoint)
    if plan.user:
        rights["user"] = plan.user
    if plan.cwd:
        rights["working_dir"] = plan.cwd
    return rights


def _network(plan: ContainerPlan) -> dict[str, Any]:
    if plan.network == "none" or plan.network.startswith("container:"):
        return {"network_mode": plan.network}
    return {
        "network": plan.network,
        "networking_config": {plan.network: EndpointConfig("1.41")},
        "dns": [_NOWHERE],
        "dns_opt": list(_GIVE_UP),
    }

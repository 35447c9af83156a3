"""docker-compose.yml as README and docs/docker.md say: up, a backup of it, a drill of that backup, down."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from harness.base.settings import Settings
from harness.base.wait import wait_until
from harness.runtime.process.child import free_port
from tests.drills.test_verify_backup import drill

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("compose")]

_FILE = Path(__file__).parents[2] / "docker-compose.yml"
_PORTS = {"mysql": "APIARY_MYSQL_PORT", "meilisearch": "APIARY_MEILISEARCH_PORT", "apiary": "APIARY_PORT"}
_STARTS_S = 600.0


@dataclass(frozen=True)
class Trio:
    """The services of the compose file, in a project of this test."""

    project: str
    ports: dict[str, int]

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run docker-compose with ports of this test."""
        ports = {_PORTS[service]: str(port) for service, port in self.ports.items()}
        return subprocess.run(
            ["docker-compose", "--file", str(_FILE), "--project-name", self.project, *arguments],
            env={**os.environ, **ports}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def secret(self, service: str, name: str) -> str:
        """A password, read as docs/docker.md says."""
        read = self.compose("exec", "-T", service, "cat", f"/secrets/{name}")
        assert read.returncode == 0, read.stderr
        return read.stdout

    def containers(self, engine: docker.DockerClient) -> dict[str, dict[str, object]]:
        """What the engine says of each container, by service."""
        found = engine.api.containers(all=True, filters={"label": f"com.docker.compose.project={self.project}"})
        return {
            container["Labels"]["com.docker.compose.service"]: engine.api.inspect_container(container["Id"])
            for container in found
        }


@pytest.fixture(scope="module")
def trio(engine: docker.DockerClient) -> Iterator[Trio]:
    """All three up and healthy; everything of it is gone afterwards, the data too."""
    made = Trio(f"drilltest{secrets.token_hex(4)}", {service: free_port() for service in _PORTS})
    try:
        up = made.compose("up", "--detach")
        assert up.returncode == 0, up.stderr

        def healthy() -> bool:
            states = {name: container["State"] for name, container in made.containers(engine).items()}
            return all(states[service].get("Health", {}).get("Status") == "healthy" for service in _PORTS)  # type: ignore[attr-defined]

        wait_until(healthy, what="the trio to be healthy", timeout_s=_STARTS_S, interval_s=0.5)
        yield made
    finally:
        down = made.compose("down", "--volumes", "--timeout", "2")
    assert down.returncode == 0, down.stderr
    assert made.containers(engine) == {}
    wanted = {"label": f"com.docker.compose.project={made.project}"}
    assert engine.api.networks(filters=wanted) == []
    assert not engine.api.volumes(filters=wanted)["Volumes"]


def test_a_backup_of_the_trio_passes(
    trio: Trio, settings: Settings, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Up, healthy, on loopback only, nothing secret in sight; its backup is made as documented and restores."""
    password = tmp_path / "mysql-root"
    password.write_text(trio.secret("mysql", "mysql-root"))
    app_key = tmp_path / "app-key"
    app_key.write_text(trio.secret("apiary", "app-key"))
    containers = trio.containers(engine)
    for service, container in containers.items():
        host = container["HostConfig"]
        assert isinstance(host, dict)
        assert not host["Privileged"]
        assert host["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert all(mount["Type"] == "volume" for mount in container["Mounts"])  # type: ignore[attr-defined]
        text = json.dumps(container)
        assert password.read_text().strip() not in text, service
        assert app_key.read_text().strip() not in text, service
    for service in _PORTS:
        bindings = containers[service]["HostConfig"]["PortBindings"]  # type: ignore[index]
        assert [one["HostIp"] for ports in bindings.values() for one in ports] == ["127.0.0.1"]

    made = drill(
        settings, "backup", "--mysql-port", str(trio.ports["mysql"]), "--mysql-user", "root",
        "--mysql-password-file", str(password), "--storage", f"volume:{trio.project}_storage",
        "--to", str(tmp_path / "backup"),
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    verified = drill(
        settings,
        "verify",
        "--runtime",
        "process",
        "--fast",
        "--json",
        "--app-key-file",
        str(app_key),
        str(tmp_path / "backup"),
    )
    assert verified.returncode == 0, verified.stderr
    result = json.loads(verified.stdout)
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert result["verdict"] == "PASS"
    assert compared["rows-source"] > 10_000
    assert compared["files"] > 300


def test_a_port_that_is_taken_is_reported_by_docker(trio: Trio, engine: docker.DockerClient) -> None:
    """A second trio at the same ports does not start, and the first one stays."""
    second = Trio(f"{trio.project}second", trio.ports)
    try:
        up = second.compose("up", "--detach")
        assert up.returncode == 1
        assert "port is already allocated" in up.stderr
    finally:
        assert second.compose("down", "--volumes", "--timeout", "2").returncode == 0
    assert len(trio.containers(engine)) == 4

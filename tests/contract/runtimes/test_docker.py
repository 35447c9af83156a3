"""What holds for containers alone: leftovers, rights, networks, and what an engine can do wrong."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import docker
import pytest
import requests

from harness.base.errors import ServerFailed, WaitTimeout
from harness.base.settings import DockerSettings, ImageSettings, Limits, Settings, from_environment
from harness.runtime.docker.client import EngineUnavailable, connect
from harness.runtime.docker.images import LOCAL_MARIADB, LOCAL_STANDIN, ImageUnavailable
from harness.runtime.docker.labels import DRILL, docker_leftovers, drill_labels, remove_drill, sweep_docker
from harness.runtime.docker.reach import Forward
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.egress import attempts_from
from harness.runtime.services.execution import run
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec
from tests.contract.runtimes.stacks import a_spec

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


@pytest.fixture(scope="module")
def target(
    settings: Settings, engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, StackSpec]]:
    """A stack of containers whose app runs."""
    spec = a_spec(tmp_path_factory.mktemp("logs"), migrated=True)
    with DockerRuntime(settings, engine).stack(spec) as stack:
        stack.migrate()
        stack.apiary.lifecycle.start()
        yield stack, spec


def _containers(client: docker.DockerClient, spec: StackSpec) -> list[dict[str, object]]:
    found = client.api.containers(all=True, filters={"label": f"{DRILL}={spec.drill_id}"})
    return [client.api.inspect_container(container["Id"]) for container in found]


def test_the_app_has_no_outbound_access(target: tuple[Stack, StackSpec]) -> None:
    """Lookups and connections from inside fail, and every one of them was really tried."""
    probes = attempts_from(target[0].apiary.host)
    assert [probe.kind for probe in probes] == ["lookup", "lookup", "connection", "connection", "connection"]
    assert [(probe.target, probe.reached, probe.unknown) for probe in probes if probe.reached or probe.unknown] == []


def test_the_probes_turn_red_where_there_is_a_way(target: tuple[Stack, StackSpec], engine: docker.DockerClient) -> None:
    """The same probes from a container of an ordinary network reach a neighbour that the app does not reach."""
    stack, spec = target
    listener = engine.containers.run(
        LOCAL_STANDIN,
        ["python3", "-m", "http.server", "8080"],
        detach=True,
        labels={DRILL: spec.drill_id},
        name=f"apiary-drill-{spec.drill_id}-listener",
    )
    try:
        listener.reload()
        address = listener.attrs["NetworkSettings"]["IPAddress"]
        outside = replace(stack.apiary.storage_host, container_id=listener.id)  # type: ignore[type-var]
        reached = attempts_from(outside, names=["localhost"], addresses=[(address, 8080), (address, 9)])
        assert [probe.reached for probe in reached] == [True, True, True]
        inside = attempts_from(stack.apiary.host, names=[], addresses=[(address, 8080), (address, 9)])
        assert [(probe.reached, probe.unknown) for probe in inside] == [(False, ""), (False, "")]
    finally:
        listener.remove(force=True)


def test_every_container_has_the_least_rights(target: tuple[Stack, StackSpec], engine: docker.DockerClient) -> None:
    """No capabilities but the pod's three, no way to gain any, limits, no published port, no socket mounted."""
    containers = _containers(engine, target[1])
    assert len(containers) == 4
    for container in containers:
        host, config = container["HostConfig"], container["Config"]
        assert isinstance(host, dict)
        assert isinstance(config, dict)
        pod = str(container["Name"]).endswith("-pod")
        added = [name.removeprefix("CAP_") for name in host["CapAdd"] or []]
        assert host["CapDrop"] == ["ALL"]
        assert added == (["CHOWN", "DAC_OVERRIDE", "FOWNER"] if pod else [])
        assert "no-new-privileges" in host["SecurityOpt"]
        assert not host["Privileged"]
        assert host["Memory"] > 0
        assert host["PidsLimit"] == 1024
        assert not host["PortBindings"]
        assert all(mount["Type"] == "volume" for mount in container["Mounts"])
        assert pod or config["User"] not in ("", "0", "root")


def test_no_password_is_in_an_argument_list(target: tuple[Stack, StackSpec], engine: docker.DockerClient) -> None:
    """Neither of a container nor of what runs in it; and none is in the database server's environment."""
    spec = target[1]
    secrets = (spec.admin.password, spec.app.password, spec.search_key)
    for container in _containers(engine, spec):
        words = str(container["Args"]) + str(container["Path"])
        if str(container["Name"]).endswith("-mysql"):
            words += str(container["Config"])
        assert not any(secret in words for secret in secrets)
        listed = str(engine.api.top(container["Id"]))
        assert not any(secret in listed for secret in secrets)


def test_labels_say_whose_it_is(target: tuple[Stack, StackSpec], engine: docker.DockerClient) -> None:
    """A living drill is no leftover, and a sweep does not touch it."""
    spec = target[1]
    network = engine.networks.get(f"apiary-drill-{spec.drill_id}-target")
    assert network.attrs["Internal"] is True
    labels = network.attrs["Labels"]
    assert labels["apiary-drill.drill"] == spec.drill_id
    assert {"apiary-drill.owner-pid", "apiary-drill.owner-started", "apiary-drill.owner-boot"} <= labels.keys()
    assert labels["apiary-drill.created-at"]
    assert not [found for found in sweep_docker(engine) if found.drill_id == spec.drill_id]
    assert target[0].apiary.ping()


def test_a_tunnel_reaches_servers_without_a_route(target: tuple[Stack, StackSpec]) -> None:
    """As with a remote engine: pages and queries come through a command in the pod, several at once."""
    stack, spec = target
    host = stack.apiary.storage_host
    web, sql = Forward(host, "127.0.0.1", 8000), Forward(host, "127.0.0.1", 3306)  # type: ignore[arg-type]
    try:
        ping = f"http://127.0.0.1:{web.port}/ping"
        for _ in range(3):
            assert requests.get(ping, auth=("drill", spec.app_password), timeout=10).text == "pong"
        server = replace(stack.mysql, host="127.0.0.1", port=sql.port)
        with server.session(spec.app) as one, server.session(spec.admin) as other:
            assert one.value("SELECT REPEAT('x', 3000000)") == "x" * 3_000_000
            assert other.value("SELECT 1") == 1
    finally:
        web.close()
        sql.close()


_KILLED = """
    import os, sys
    from dataclasses import replace
    from pathlib import Path
    from harness.runtime.docker.runtime import DockerRuntime
    from harness.runtime.spec import StackSpec
    from harness.base.settings import from_environment
    settings = from_environment(os.environ)
    spec = StackSpec(role="target", drill_id=sys.argv[1], logs=Path(sys.argv[2]), app_key="x")
    with DockerRuntime(settings).stack(spec):
        print("ready", flush=True)
        sys.stdin.read()  # ends with the test, however that ends
"""


def test_what_a_killed_harness_left_is_swept_and_a_living_one_s_is_not(
    engine: docker.DockerClient, target: tuple[Stack, StackSpec], tmp_path: Path
) -> None:
    """kill -9 of the owner makes its containers, network and volumes leftovers; the next start removes them."""
    drill_id = a_spec(tmp_path).drill_id
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_KILLED), drill_id, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert not [found for found in docker_leftovers(engine) if found.drill_id == drill_id]
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        assert child.stdin is not None
        child.stdin.close()
    expected = {
        ("container", "meilisearch"),
        ("container", "mysql"),
        ("container", "pod"),
        ("network", "target"),
        ("volume", "meilisearch"),
        ("volume", "mysql"),
        ("volume", "storage"),
    }
    # Another test's start may sweep at the same moment, so it can be less here, and never more.
    swept = [found for found in sweep_docker(engine) if found.drill_id == drill_id]
    assert {(found.kind, found.name.rpartition("-")[2]) for found in swept} <= expected
    assert [found for found in docker_leftovers(engine, kept_too=True) if found.drill_id == drill_id] == []
    assert target[0].apiary.ping()


def test_what_is_kept_is_swept_only_when_asked(engine: docker.DockerClient, settings: Settings, tmp_path: Path) -> None:
    """A stack that is to be kept outlives its block, answers, and goes with `kept_too`."""
    spec = a_spec(tmp_path)
    try:
        with DockerRuntime(settings, engine, keep=["target"]).stack(spec) as stack:
            stack.apiary.must_artisan("migrate", "--force")
            stack.apiary.lifecycle.start()
        assert stack.apiary.ping()
        assert not [found for found in sweep_docker(engine) if found.drill_id == spec.drill_id]
        assert stack.apiary.ping()
        found = [one for one in docker_leftovers(engine, kept_too=True) if one.drill_id == spec.drill_id]
        assert len(found) == 9
        assert all(one.kept for one in found)
    finally:
        remove_drill(engine, spec.drill_id)
    left = docker_leftovers(engine, kept_too=True)
    assert [one for one in left if one.drill_id == spec.drill_id] == []


def test_a_server_that_is_not_ready_in_time_is_reported_and_removed(
    engine: docker.DockerClient, settings: Settings, tmp_path: Path
) -> None:
    """The limit is kept, the end of the log is in the error, nothing is left running."""
    spec = a_spec(tmp_path, limits=Limits(mysql_ready_s=0.01, stop_s=1))
    with (
        pytest.raises(WaitTimeout, match=r"^timed out after 0\.01 s waiting for MySQL to be ready\n") as caught,
        DockerRuntime(settings, engine).stack(spec),
    ):
        pytest.fail("it was ready")
    assert caught.value.details.startswith("the end of the log of MySQL")
    assert _containers(engine, spec) == []


def test_an_image_that_is_asked_for_is_run_or_refused(engine: docker.DockerClient, settings: Settings) -> None:
    """No other image takes its place."""
    asked = replace(settings, images=ImageSettings(mysql="registry.invalid/mysql:1"))
    with pytest.raises(ImageUnavailable, match=r"^image registry\.invalid/mysql:1 is not on the Docker engine"):
        DockerRuntime(asked, engine)


def test_an_image_without_a_database_is_refused(
    engine: docker.DockerClient, settings: Settings, tmp_path: Path
) -> None:
    """In one sentence, with the image's output."""
    asked = replace(settings, images=ImageSettings(mysql=LOCAL_STANDIN))
    with (
        pytest.raises(ServerFailed, match="could not initialise a data directory: exit status 1") as caught,
        DockerRuntime(asked, engine).stack(a_spec(tmp_path)),
    ):
        pytest.fail("it started")
    assert caught.value.details == "no mysqld and no mariadbd in this image\n"


def test_mariadb_runs_in_mysql_s_place_and_the_report_says_so(
    engine: docker.DockerClient, settings: Settings, tmp_path: Path
) -> None:
    """Same stack, other server; the component names it, and what that leaves unproven."""
    asked = replace(settings, images=ImageSettings(mysql=LOCAL_MARIADB))
    with DockerRuntime(asked, engine).stack(a_spec(tmp_path)) as stack:
        component = stack.components[0]
        assert (component.name, component.real) == ("MariaDB", False)
        assert component.version.startswith("10.11.")
        assert component.unproven[0].startswith("MariaDB replaced MySQL")
        assert stack.mysql.dump == "/usr/bin/mariadb-dump"
        assert run(stack.mysql.tools, [stack.mysql.dump, "--version"]).exit_status == 0


def test_an_engine_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    """With the place that was asked, and who named it."""
    missing = tmp_path / "engine.sock"
    with pytest.raises(
        EngineUnavailable,
        match=rf"^no Docker engine answers at unix://{missing} \(DOCKER_HOST\): no such file or directory\n",
    ):
        connect(DockerSettings(host=f"unix://{missing}"))


def test_two_who_remove_the_same_at_once_do_not_disturb_each_other(engine: docker.DockerClient, tmp_path: Path) -> None:
    """Two starts find what the same killed drill left; the container ends slowly, and its network waits for it."""
    spec = a_spec(tmp_path)
    labels, name = drill_labels(spec.drill_id, "target", "pod"), f"apiary-drill-{spec.drill_id}"
    engine.networks.create(name, labels=labels)
    for number in range(3):
        engine.containers.run(
            LOCAL_STANDIN,
            name=f"{name}-{number}",
            entrypoint=["sleep", "600"],
            command=[],
            network=name,
            labels=labels,
            detach=True,
        )
    mine = from_environment(os.environ).docker
    try:
        with ThreadPoolExecutor(4) as pool:
            removed = [pool.submit(remove_drill, connect(mine), spec.drill_id) for _ in range(4)]
        assert [future.exception() for future in removed] == [None] * 4
        assert remove_drill(engine, spec.drill_id) == []
    finally:
        remove_drill(engine, spec.drill_id)

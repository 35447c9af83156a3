"""However a stack ends, it is gone; what kills a server is reported with its log."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import docker
import psutil
import pytest

from harness.base.errors import ServerFailed
from harness.base.settings import Settings
from harness.base.wait import wait_until
from harness.runtime.ownership import DRILL_ID_VARIABLE
from harness.runtime.spec import StackSpec
from tests.contract.runtimes.stacks import Running, a_spec

Start = Callable[[StackSpec], AbstractContextManager[Running]]

# One worker holds the stacks for all of them.
pytestmark = pytest.mark.xdist_group("docker")


def _remains(spec: StackSpec, settings: Settings, client: docker.DockerClient | None) -> list[str]:
    """Everything of a drill that can be found: processes, directories, containers, networks, volumes."""
    found = [str(path) for path in (settings.state_dir / "drills").glob(spec.drill_id)]
    for process in psutil.process_iter():
        try:
            if process.environ().get(DRILL_ID_VARIABLE) == spec.drill_id:
                found.append(f"process {process.pid}")
        except psutil.Error:
            continue
    if client is not None:
        wanted = {"label": f"apiary-drill.drill={spec.drill_id}"}
        found += [str(thing["Names"]) for thing in client.api.containers(all=True, filters=wanted)]
        found += [str(thing["Name"]) for thing in client.api.networks(filters=wanted)]
        found += [str(thing["Name"]) for thing in client.api.volumes(filters=wanted)["Volumes"] or []]
    return found


def _client(running: Running, request: pytest.FixtureRequest) -> docker.DockerClient | None:
    return request.getfixturevalue("engine") if running.kind == "docker" else None


def test_two_stacks_at_once_then_nothing_is_left(
    fresh: Start, tmp_path: Path, settings: Settings, request: pytest.FixtureRequest
) -> None:
    """Two drills share no data and no address, and the end of one does not touch the other."""
    first, second = a_spec(tmp_path / "a", role="source"), a_spec(tmp_path / "b", role="source")
    with fresh(second) as other:
        client = _client(other, request)
        with fresh(first) as one:
            address = (one.stack.mysql.host, one.stack.mysql.port)
            assert address != (other.stack.mysql.host, other.stack.mysql.port)
            with one.stack.mysql.session() as session:
                session.execute("CREATE TABLE apiary.only_here (id INT PRIMARY KEY)")
            with other.stack.mysql.session() as session:
                assert (
                    session.value("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'only_here'") == 0
                )
            assert _remains(first, settings, client) != []
        assert _remains(first, settings, client) == []
        with pytest.raises(ServerFailed, match="cannot connect to MySQL"):
            one.stack.mysql.connect()
        with other.stack.mysql.session(second.app) as session:
            assert session.value("SELECT 1") == 1
    assert _remains(second, settings, client) == []
    for name in ("mysql.log", "meilisearch.log"):
        assert (tmp_path / "a" / name).is_file()
    assert "ready for connections" in (tmp_path / "a" / "mysql.log").read_text()


def test_an_error_in_the_block_leaves_nothing_either(
    fresh: Start, tmp_path: Path, settings: Settings, request: pytest.FixtureRequest
) -> None:
    """Also with the database killed and the app running at that moment; the logs are kept."""
    spec = a_spec(tmp_path)
    clients = []

    def drill() -> None:
        with fresh(spec) as running:
            clients.append(_client(running, request))
            running.stack.apiary.must_artisan("migrate", "--force")
            running.stack.apiary.lifecycle.start()
            running.kill("mysql")
            running.stack.mysql.connect()

    with pytest.raises(ServerFailed, match="cannot connect to MySQL"):
        drill()
    assert _remains(spec, settings, clients[0]) == []
    assert "ready for connections" in (tmp_path / "mysql.log").read_text()
    assert "/ping" in (tmp_path / "apiary.log").read_text()


def test_an_app_that_is_killed_is_seen_and_starts_again(fresh: Start, tmp_path: Path) -> None:
    """Its log so far is not lost."""
    with fresh(a_spec(tmp_path)) as running:
        lifecycle = running.stack.apiary.lifecycle
        lifecycle.start()
        running.kill("app")
        wait_until(lambda: not lifecycle.running(), what="the end of the app to be seen", timeout_s=5)
        lifecycle.start()
        assert lifecycle.running()
        assert running.stack.apiary.ping()
    assert (tmp_path / "apiary.log").read_text().count("Started server process") == 2


def test_a_server_that_ends_while_it_starts_is_reported_with_its_log(
    fresh: Start, tmp_path: Path, settings: Settings, request: pytest.FixtureRequest
) -> None:
    """One clear sentence, the server's own words below it, and no wait for the time-out."""
    spec = a_spec(tmp_path, app_env={"DB_PORT": "none"})
    with fresh(spec) as running:
        client = _client(running, request)
        # The value is not shown: another one could be a secret.
        message = r"^Apiary exited with status 1 while it was starting: DB_PORT is '…'.*\n"
        with pytest.raises(ServerFailed, match=message) as caught:
            running.stack.apiary.lifecycle.start()
        assert "DB_PORT is 'none'" in caught.value.details
        assert not running.stack.apiary.lifecycle.running()
    assert _remains(spec, settings, client) == []

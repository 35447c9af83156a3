"""What `restore` leaves in containers: reached as it says, without a way out, removed by name."""

import os
import subprocess
from pathlib import Path

import docker
import pytest
import requests

from harness.base.settings import Settings
from harness.cli.kept_target import how_to_reach
from harness.runtime.docker.labels import DRILL, remove_drill
from harness.runtime.docker.runtime import DockerRuntime
from tests.commands import called
from tests.contract.runtimes.stacks import a_spec


def cli(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return called(*arguments, env={**os.environ, "APIARY_DRILL_STATE_DIR": str(settings.state_dir)})


@pytest.mark.docker
def test_a_kept_instance_in_containers(engine: docker.DockerClient, settings: Settings, tmp_path: Path) -> None:
    """It answers from the engine's own host, one can log in as it is shown, and `cleanup DRILL` removes all of it."""
    spec = a_spec(tmp_path)
    label = {"label": f"{DRILL}={spec.drill_id}"}
    try:
        with DockerRuntime(settings, engine, keep=["target"]).stack(spec) as stack:
            stack.apiary.must_artisan("migrate", "--force")
            stack.apiary.lifecycle.start()
        connection = how_to_reach(stack, tmp_path)
        assert spec.app.password not in connection
        lines = {line.split(":")[0].split()[0]: line.strip() for line in connection.splitlines()}
        url = f"{lines['Apiary'].split()[1]}ping"
        assert requests.get(url, timeout=30).status_code == 401, "not to every user of this machine"
        password = Path(lines["Passwords"].split()[1]).read_text().split("APIARY_PASSWORD=")[1].strip()
        assert password not in connection
        assert requests.get(url, auth=("drill", password), timeout=30).text == "pong"
        (network,) = engine.networks.list(filters=label)
        assert network.attrs["Internal"] is True
        containers = engine.containers.list(filters=label)
        assert len(containers) == 4
        assert [each.ports for each in containers if any(each.ports.values())] == [], "no port is published"
        command = lines["Log"].removeprefix("Log in: ").replace(" --interactive --tty", "").removesuffix(" )")
        asked = subprocess.run(
            ["sh", "-c", f"{command} --skip-column-names --execute='SELECT DATABASE(), COUNT(*) FROM teams' )"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert asked.stdout.split() == ["apiary", "0"], asked.stderr
        assert lines["Remove"] == f"Remove it: apiary-drill cleanup {spec.drill_id}"
        removed = cli(settings, "cleanup", spec.drill_id)
        assert f"removed {spec.drill_id}: network " in removed.stdout
        assert engine.containers.list(all=True, filters=label) == []
        assert engine.networks.list(filters=label) == []
        assert engine.volumes.list(filters=label) == []
    finally:
        remove_drill(engine, spec.drill_id)

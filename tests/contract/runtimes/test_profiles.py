"""The profile of the real Apiary, run on an image that is laid out as the real one: what APIARY.md says of it holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.clock import Clock, Silent
from harness.errors import UsageError
from harness.runtimes.components import STANDIN_UNPROVEN
from harness.runtimes.docker import DockerRuntime
from harness.runtimes.docker_images import LOCAL_STANDIN
from harness.scenario import find, load
from harness.services.execution import run
from harness.settings import ImageSettings, Limits, Settings
from harness.stages.source import prepare_source
from tests.contract.runtimes.stacks import a_spec

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


def test_a_real_image_runs_as_its_documentation_says(
    settings: Settings, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Directory, command, user, volume, keys, queue; the file's values are used, but never its servers or mailer."""
    env = tmp_path / "apiary.env"
    env.write_text("CAS_HOSTNAME=sso.invalid\nDB_HOST=production.invalid\nMAIL_MAILER=smtp\nQUEUE_CONNECTION=redis\n")
    real = replace(settings, images=ImageSettings(apiary=LOCAL_STANDIN, apiary_env=env))
    spec = a_spec(tmp_path / "logs")
    with DockerRuntime(real, engine).stack(spec) as stack:
        component = stack.components[2]
        # The image was named as the real one, and says itself what it is.
        assert (component.name, component.real) == ("stand-in Apiary", False)
        assert component.unproven == (STANDIN_UNPROVEN,)
        owner = run(stack.apiary.storage_host, ["stat", "--format=%u:%g", "/app/storage/app"])
        assert owner.stdout.split() == [b"33:33"]
        stack.apiary.must_artisan("migrate", "--force")
        stack.apiary.lifecycle.start()
        assert stack.apiary.ping()
        app = engine.api.inspect_container(f"apiary-drill-{spec.drill_id}-target-app")
        config = app["Config"]
        assert config["WorkingDir"] == "/app"
        serve = ["php", "artisan", "serve", "--no-reload", "--host=0.0.0.0"]
        assert [*config["Entrypoint"], *(config["Cmd"] or [])] == serve
        assert config["User"] == "33"
        mounts = [(mount["Type"], mount["Destination"]) for mount in app["Mounts"]]
        assert mounts == [("volume", "/app/storage/app")]
        given = dict(line.split("=", 1) for line in config["Env"])
        assert given["CAS_HOSTNAME"] == "sso.invalid"
        assert (given["MAIL_MAILER"], given["QUEUE_CONNECTION"], given["BROADCAST_CONNECTION"]) == (
            "array",
            "sync",
            "null",
        )
        assert given["DB_HOST"] != "production.invalid"
        assert given["APP_KEY"] == spec.app_key
        assert given["PASSPORT_PRIVATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----\n")
        assert given["PASSPORT_PUBLIC_KEY"].startswith("-----BEGIN PUBLIC KEY-----\n")
        source = load(find("documented"))
        with pytest.raises(UsageError, match=r"^the real Apiary has no generated data\nHINT: "):
            prepare_source(stack, source, "nonce", Limits(), Clock(Silent()))

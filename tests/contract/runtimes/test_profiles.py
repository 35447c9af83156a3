"""The profile of the real Apiary, run on an image that is laid out as the real one: what APIARY.md says of it holds."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.base.clock import Clock, Silent
from harness.base.errors import UsageError
from harness.base.expressions import HEALTH_CHECKS
from harness.base.guide import PRESTART_COMMANDS
from harness.base.model import Prestart
from harness.base.settings import ImageSettings, Limits, Settings
from harness.drill.steps.collect_app import observe_health
from harness.drill.steps.source import prepare_source
from harness.procedure.restore.prestart import prestart
from harness.runtime.components import STANDIN_UNPROVEN
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.services.execution import run
from harness.runtime.services.stack import Stack
from harness.scenario.definition import find, load
from tests.contract.runtimes.production_image import production_image
from tests.contract.runtimes.stacks import a_spec

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


@pytest.fixture
def image(settings: Settings, engine: docker.DockerClient) -> Iterator[str]:
    with production_image(engine, settings) as reference:
        yield reference


def test_a_real_image_runs_as_its_documentation_says(
    settings: Settings, engine: docker.DockerClient, image: str, tmp_path: Path
) -> None:
    """Directory, command, user, volume, keys, queue; the file's values are used, but never its servers or mailer."""
    env = tmp_path / "apiary.env"
    env.write_text(
        "CAS_HOSTNAME=sso.invalid\nDB_HOST=production.invalid\nMAIL_MAILER=smtp\nQUEUE_CONNECTION=redis\n"
        "APP_ENV=production\nPHP_CLI_SERVER_WORKERS=1\n"
    )
    real = replace(settings, images=ImageSettings(apiary=image, apiary_env=env))
    spec = a_spec(tmp_path / "logs")
    with DockerRuntime(real, engine).stack(spec) as stack:
        component = stack.components[2]
        # The image was named as the real one, and says itself what it is.
        assert (component.name, component.real) == ("stand-in Apiary", False)
        assert component.unproven == (STANDIN_UNPROVEN,)
        owner = run(stack.apiary.storage_host, ["stat", "--format=%u:%g", "/app/storage/app"])
        assert owner.stdout.split() == [b"33:33"]
        certificates_are_verified_but_by_the_application(stack)
        before: list[Prestart] = []
        stack.apiary.lifecycle.start(prepare=lambda: before.append(prestart(stack.apiary, migrate=True)))
        # Settings of production's that a drill has otherwise do not keep it from starting.
        assert before == [Prestart((*PRESTART_COMMANDS[1:], "migrate --force"), failed=("config:validate",))]
        login_and_health(stack)
        app = engine.api.inspect_container(f"apiary-drill-{spec.drill_id}-target-app")
        config = app["Config"]
        assert config["WorkingDir"] == "/app"
        serve = ["php", "artisan", "serve", "--no-reload", "--host=0.0.0.0"]
        assert [*config["Entrypoint"], *(config["Cmd"] or [])][-len(serve) :] == serve
        assert config["User"] == "33"
        mounts = [(mount["Type"], mount["Destination"]) for mount in app["Mounts"]]
        assert mounts == [("volume", "/app/storage/app")]
        given = dict(line.split("=", 1) for line in config["Env"])
        assert (given["CAS_HOSTNAME"], given["CAS_REAL_HOSTS"]) == ("sso.invalid", "sso.invalid")
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


def certificates_are_verified_but_by_the_application(stack: Stack) -> None:
    """The image's client stops at the certificate that MySQL signed itself, unless it reads the drill's file."""
    assert stack.components[0].name == "MySQL"
    host, port = re.findall(r"^DB_(?:HOST|PORT)=(.*)$", variables(stack), re.MULTILINE)
    account = [f"--user={stack.mysql.app.user}", f"--password={stack.mysql.app.password}"]
    connect = [f"--host={host}", f"--port={port}", *account, "--execute=SELECT 1"]
    strict = run(stack.apiary.host, ["mysql", "--no-defaults", *connect])
    assert strict.exit_status == 1
    assert "ERROR 2026" in strict.stderr
    assert "self-signed certificate in certificate chain" in strict.stderr
    assert run(stack.apiary.host, ["mysql", *connect]).exit_status == 0
    migrated = stack.apiary.must_artisan("migrate", "--force")
    assert b"Loading stored database schemas." in migrated.stdout
    failed = stack.apiary.artisan("migrate:status", env={"DB_PASSWORD": "wrong"})
    assert failed.exit_status == 1
    assert "[1045] Access denied" in failed.stderr.splitlines()[0]
    assert failed.stderr.count("\n#") > 24


def variables(stack: Stack) -> str:
    return run(stack.apiary.host, ["sh", "-c", "env | sort"]).stdout.decode()


def login_and_health(stack: Stack) -> None:
    """With a production environment file: its login is completed, and `/health` answers, without a report."""
    assert stack.apiary.completed == ("CAS_REAL_HOSTS", "CAS_LOGOUT_URL")
    assert stack.apiary.ping()
    own = stack.apiary.get("/users/1/resume")  # the first user of the empty database is the visitor
    assert (own.status, own.content_type) == (404, "application/json")
    probes, no_report = observe_health(stack)
    assert no_report == "status 500, text/html that is not a JSON report"
    assert {probe.subject: probe.actual for probe in probes} == dict.fromkeys(HEALTH_CHECKS, "OK")
    assert stack.apiary.ping()

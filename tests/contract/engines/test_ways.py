"""The ways to an engine that is elsewhere: TLS and ssh, named by variables and by contexts."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.base.errors import UsageError
from harness.base.settings import DockerSettings, ImageSettings, Settings, from_environment
from harness.drill.plan import new_drill_id
from harness.runtime.docker.client import EngineUnavailable, connect
from harness.runtime.docker.host import ContainerHost
from harness.runtime.docker.images import LOCAL_MEILISEARCH, LOCAL_MYSQL, LOCAL_STANDIN, LOCAL_TOOL
from harness.runtime.docker.labels import docker_leftovers
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.images.build import build_images
from harness.runtime.spec import StackSpec, new_app_key
from tests.engines import AnotherEngine
from tests.sshd import SshServer

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("other-engine")]

_HERE = {"PATH": os.environ["PATH"]}

WAYS = ("tls", "tls context", "ssh", "ssh context")


def _context(directory: Path, host: str, certificates: Path | None = None) -> Path:
    """A configuration of the Docker client whose current context is an engine."""
    key = hashlib.sha256(b"far").hexdigest()
    meta = directory / "contexts/meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}))
    if certificates is not None:
        shutil.copytree(certificates, directory / "contexts/tls" / key / "docker")
    (directory / "config.json").write_text('{"currentContext": "far"}')
    return directory


@pytest.fixture(scope="session")
def ways(
    other_engine: AnotherEngine, sshd: SshServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, DockerSettings]:
    """Settings of each way to the other engine."""
    client, ssh = other_engine.certificates.client, sshd.host(other_engine.socket)
    near = tmp_path_factory.mktemp("contexts")
    return {
        "tls": DockerSettings(host=other_engine.tls_host, cert_path=client, tls_verify=True, client_env=_HERE),
        "tls context": DockerSettings(
            config_dir=_context(near / "tls", other_engine.tls_host, client), client_env=_HERE
        ),
        "ssh": DockerSettings(host=ssh, client_env=sshd.env()),
        "ssh context": DockerSettings(config_dir=_context(near / "ssh", ssh), client_env=sshd.env()),
    }


@pytest.fixture
def dial() -> Iterator[Callable[[DockerSettings], docker.DockerClient]]:
    """Connects; what it connected is closed after the test."""
    clients = []

    def connected(settings: DockerSettings) -> docker.DockerClient:
        clients.append(connect(settings))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


@pytest.mark.parametrize("way", WAYS)
def test_every_way_leads_to_the_same_engine(
    way: str,
    ways: dict[str, DockerSettings],
    other_engine: AnotherEngine,
    dial: Callable[[DockerSettings], docker.DockerClient],
) -> None:
    """By the identity that an engine has."""
    client = dial(ways[way])
    direct = other_engine.client()
    assert client.info()["ID"] == direct.info()["ID"]
    assert client.api.api_version == direct.api.api_version
    direct.close()


def test_without_a_path_ssh_leads_to_what_the_docker_client_there_uses(
    engine: docker.DockerClient, sshd: SshServer, dial: Callable[[DockerSettings], docker.DockerClient]
) -> None:
    """`ssh://user@host` as everybody writes it."""
    client = dial(DockerSettings(host=sshd.host(), client_env=sshd.env()))
    assert client.info()["ID"] == engine.info()["ID"]


def test_the_image_of_the_tool_gets_there_with_tls_and_over_ssh(
    engine: docker.DockerClient, other_engine: AnotherEngine, sshd: SshServer, tmp_path: Path
) -> None:
    """The image of docs/unattended.md, without a socket: it asks the engine that the variables name.

    ssh as the image's own user, with key and known hosts in its home.
    """
    build_images(engine, from_environment(os.environ), ["tool"])
    certificates = other_engine.certificates.client
    home = tmp_path / "drills"
    (home / ".ssh").mkdir(parents=True)
    for name, there in (("key", "id_ed25519"), ("known", "known_hosts")):
        shutil.copy(sshd.directory / name, home / ".ssh" / there)
    for path in (home, home / ".ssh", *(home / ".ssh").iterdir()):
        shutil.chown(path, 10001, 10001)
    direct = other_engine.client()
    version = direct.version()["Version"]
    direct.close()
    for options in (
        ("--user", "0:0", "--volume", f"{certificates}:/certificates:ro", "--env", "DOCKER_CERT_PATH=/certificates",
         "--env", f"DOCKER_HOST={other_engine.tls_host}", "--env", "DOCKER_TLS_VERIFY=1"),
        ("--volume", f"{home}:/drills", "--env", f"DOCKER_HOST={sshd.host(other_engine.socket)}"),
    ):  # fmt: skip
        argv = ["docker", "run", "--rm", "--network", "host", *options, LOCAL_TOOL, "doctor"]
        asked = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert f" containers: Docker {version}, " in asked.stdout, asked.stdout + asked.stderr


@pytest.mark.parametrize("way", ["tls context", "ssh"])
def test_a_whole_stack(
    way: str,
    ways: dict[str, DockerSettings],
    loaded_engine: AnotherEngine,
    dial: Callable[[DockerSettings], docker.DockerClient],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MySQL, Meilisearch and Apiary there are reached from here, though no route leads to them; nothing is left."""
    monkeypatch.setenv("DOCKER_HOST", ways[way].host or "")
    monkeypatch.setenv("DOCKER_CONFIG", str(ways[way].config_dir or tmp_path))
    before = dict(os.environ)
    settings = _settings(tmp_path)
    client = dial(ways[way])
    spec = StackSpec(role="target", drill_id=new_drill_id("ways"), logs=tmp_path / "logs", app_key=new_app_key())
    with DockerRuntime(settings, client).stack(spec) as stack:
        assert (stack.mysql.host, stack.meilisearch.url.rpartition(":")[0]) == ("127.0.0.1", "http://127.0.0.1")
        stack.apiary.must_artisan("migrate", "--force")
        stack.apiary.lifecycle.start()
        assert stack.apiary.ping()
        assert stack.meilisearch.healthy()
        with stack.mysql.session() as one, stack.mysql.session(stack.mysql.app) as other:
            assert one.value("SELECT REPEAT('x', 3000000)") == "x" * 3_000_000
            assert other.value("SELECT DATABASE() IS NULL") == 1
        _streams_both_ways(stack.apiary.storage_host)  # type: ignore[arg-type]
    assert [left for left in docker_leftovers(client, kept_too=True) if left.drill_id == spec.drill_id] == []
    # Who reads the environment next must find the engine that its owner named there.
    assert dict(os.environ) == before


def _settings(tmp_path: Path) -> Settings:
    local = ImageSettings(mysql=LOCAL_MYSQL, meilisearch=LOCAL_MEILISEARCH)
    return replace(from_environment(os.environ), state_dir=tmp_path / "state", images=local)


def _streams_both_ways(host: ContainerHost) -> None:
    """A command reads until its input ends, and answers after that: one direction is closed alone."""
    megabyte = bytes(range(256)) * 4096
    with host.start(["sha256sum"], stdin=True) as command:
        for _ in range(30):
            command.write(megabyte)
        command.close_stdin()
        output = b"".join(command.chunks())
        assert command.wait(30).exit_status == 0
    assert output.split()[0].decode() == hashlib.sha256(megabyte * 30).hexdigest()
    with host.start(["sh", "-c", "head -c 30000000 /dev/zero; echo words >&2; exit 3"]) as command:
        assert sum(len(chunk) for chunk in command.chunks()) == 30_000_000
        completed = command.wait(30)
    assert (completed.exit_status, completed.stderr) == (3, "words\n")


@pytest.mark.parametrize("way", ["tls", "ssh"])
def test_a_command_that_is_left_early_ends(
    way: str,
    ways: dict[str, DockerSettings],
    loaded_engine: AnotherEngine,
    dial: Callable[[DockerSettings], docker.DockerClient],
) -> None:
    """And more commands at once than one ssh connection has room for."""
    client = dial(ways[way])
    container = client.containers.run(LOCAL_STANDIN, ["sleep", "600"], detach=True, init=True, network_mode="none")
    host = ContainerHost(client, str(container.id), "sleeper")
    try:
        commands = [host.start(["cat"], stdin=True) for _ in range(12)]
        for command in commands:
            command.write(b"alive\n")
        for command in commands:
            assert next(iter(command.chunks())) == b"alive\n"
            with command:
                continue
        assert "cat" not in str(client.api.top(str(container.id)))
    finally:
        container.remove(force=True)


def test_nothing_of_ssh_is_left_when_a_client_is_closed(
    ways: dict[str, DockerSettings], sshd: SshServer, tmp_path: Path
) -> None:
    """Neither processes nor the socket that they share."""
    settings = replace(ways["ssh"], client_env={**sshd.env(), "MARK": str(tmp_path)})
    client = connect(settings)
    assert _marked(str(tmp_path))
    client.close()
    assert _marked(str(tmp_path)) == []


def _marked(mark: str) -> list[str]:
    """Command lines of the processes whose environment holds a mark."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:
            continue  # it ended
    return found


def _refusal(settings: DockerSettings) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        connect(settings)
    return caught.value.fact


def test_a_client_without_an_accepted_certificate_is_reported(other_engine: AnotherEngine, tmp_path: Path) -> None:
    """By the engine's own alert, or by ours."""
    host, ours = other_engine.tls_host, other_engine.certificates
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(ours.client / "ca.pem", bare)
    refusal = _refusal(DockerSettings(host=host, cert_path=bare, tls_verify=True, client_env=_HERE))
    beginning = re.escape(f"no Docker engine answers at {host} (DOCKER_HOST): ")
    assert re.fullmatch(rf"{beginning}.*remote error: tls: (bad certificate|certificate required)", refusal)
    refusal = _refusal(DockerSettings(host=host, cert_path=ours.stranger, tls_verify=True, client_env=_HERE))
    assert re.fullmatch(rf"{beginning}.*tls: failed to verify certificate: x509: certificate signed by.*", refusal)
    mixed = tmp_path / "mixed"
    shutil.copytree(ours.client, mixed)
    shutil.copy(ours.stranger / "ca.pem", mixed)
    connect(DockerSettings(host=host, cert_path=mixed, tls_verify=False, client_env=_HERE)).close()


def test_the_engine_s_name_has_to_be_the_certificate_s(other_engine: AnotherEngine) -> None:
    """Its certificate is for 127.0.0.1."""
    host = f"tcp://localhost:{other_engine.tls_port}"
    refusal = _refusal(
        DockerSettings(host=host, cert_path=other_engine.certificates.client, tls_verify=True, client_env=_HERE)
    )
    beginning = re.escape(f"no Docker engine answers at {host} (DOCKER_HOST): ")
    assert re.fullmatch(
        rf"{beginning}.*x509: certificate is not valid for any names, but wanted to match localhost", refusal
    )


def test_without_the_docker_client_its_name_is_the_reason(other_engine: AnotherEngine, tmp_path: Path) -> None:
    certificates, path = other_engine.certificates.client, {"PATH": str(tmp_path)}
    refusal = _refusal(DockerSettings(other_engine.tls_host, cert_path=certificates, tls_verify=True, client_env=path))
    assert refusal.endswith("(DOCKER_HOST): the program docker is not installed on this machine")


def test_a_directory_without_certificates_is_a_wrong_setting(tmp_path: Path) -> None:
    """It is not an engine that does not answer: `auto` must not go on without it."""
    with pytest.raises(UsageError) as caught:
        connect(DockerSettings(host="tcp://127.0.0.1:1", cert_path=tmp_path, tls_verify=True, client_env=_HERE))
    assert caught.value.fact == f"{tmp_path} lacks ca.pem, or cert.pem with key.pem, for TLS"


def test_what_ssh_says_is_the_reason(sshd: SshServer, tmp_path: Path) -> None:
    """A host that is not known, a key that is not accepted, nobody who listens, no engine, no ssh."""
    host = sshd.host()
    settings = DockerSettings(host=host, client_env=sshd.env())
    beginning = f"no Docker engine answers at {host} (DOCKER_HOST): "
    assert _refusal(_with_ssh(settings, sshd, tmp_path / "a", "-o UserKnownHostsFile=/dev/null")) == (
        f"{beginning}Host key verification failed"
    )
    other_key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other_key)], check=True)
    assert _refusal(_with_ssh(settings, sshd, tmp_path / "b", f"-o IdentityFile={other_key}", replaced=True)) == (
        f"{beginning}root@127.0.0.1: Permission denied (publickey)"
    )
    nobody = "ssh://root@127.0.0.1:1"
    assert _refusal(replace(settings, host=nobody)) == (
        f"no Docker engine answers at {nobody} (DOCKER_HOST): ssh: connect to host 127.0.0.1 port 1: Connection refused"
    )
    nowhere = _refusal(replace(settings, host=sshd.host("/nowhere.sock")))
    assert nowhere.endswith("dial unix /nowhere.sock: connect: no such file or directory")
    assert _refusal(replace(settings, client_env={"PATH": str(tmp_path)})) == (
        f"{beginning}the program ssh is not installed on this machine"
    )


def _with_ssh(
    settings: DockerSettings, sshd: SshServer, directory: Path, options: str, *, replaced: bool = False
) -> DockerSettings:
    """The same with other options of `ssh`, which win over the configuration that comes after them."""
    directory.mkdir()
    configuration = sshd.directory / "ssh_config"
    if replaced:  # identities of a file are added to those of the options
        text = configuration.read_text().replace(f"IdentityFile {sshd.directory}/key\n", "")
        configuration = directory / "ssh_config"
        configuration.write_text(text)
    (directory / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F "{configuration}" {options} "$@"\n')
    (directory / "ssh").chmod(0o755)
    return replace(settings, client_env={**settings.client_env, "PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"})

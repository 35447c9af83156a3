"""A Docker volume as the storage: read through the engine, by a container that can do nothing else."""

import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.artifacts.storage.inventory import read_inventory
from harness.base.errors import UsageError
from harness.base.settings import DockerSettings, from_environment
from harness.inputs.volumes import Volume, named_volume, opened
from harness.procedure.backup.scan import read_artifact
from harness.procedure.backup.storage import backup_storage
from harness.runtime.docker.client import EngineUnavailable
from harness.runtime.docker.images import LOCAL_STANDIN
from harness.runtime.services.execution import run
from tests.commands import called

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("volumes")]

SETTINGS = from_environment(os.environ)

FILL = """
mkdir -p /v/app/resumes && cd /v/app && echo one > resumes/one.pdf && echo two > 'resumes/two 2.pdf'
chown -R 33:33 . && chmod 600 resumes/one.pdf && ln -s one.pdf resumes/link
"""


@pytest.fixture(scope="module")
def volume(engine: docker.DockerClient) -> Iterator[str]:
    """A volume as an operator's Apiary leaves it, with a file that only its owner may read."""
    name = f"test-volume-{secrets.token_hex(6)}"
    engine.volumes.create(name)
    try:
        engine.containers.run(
            LOCAL_STANDIN, ["sh", "-ec", FILL], entrypoint=[], user="0:0", remove=True, network_mode="none",
            volumes={name: {"bind": "/v", "mode": "rw"}},
        )  # fmt: skip
        yield name
    finally:
        engine.volumes.get(name).remove(force=True)


def new_id() -> str:
    return f"test-{secrets.token_hex(6)}"


def test_everything_in_it_is_read(volume: str) -> None:
    with opened(Volume(volume, "app"), SETTINGS, new_id()) as directory:
        assert directory.name == f"volume {volume}, directory app"
        found = {entry.path: entry for entry in read_artifact(directory)}
    assert sorted(found) == [b"", b"resumes", b"resumes/link", b"resumes/one.pdf", b"resumes/two 2.pdf"]
    one = found[b"resumes/one.pdf"]
    assert (one.size_bytes, one.mode, one.uid, one.gid) == (4, 0o600, 33, 33)
    assert one.sha256 == "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"


def test_the_container_can_do_nothing_but_read(volume: str, engine: docker.DockerClient) -> None:
    drill_id = new_id()
    with opened(Volume(volume), SETTINGS, drill_id) as directory:
        (container,) = engine.containers.list(filters={"label": f"apiary-drill.drill={drill_id}"})
        host = container.attrs["HostConfig"]
        assert host["NetworkMode"] == "none"
        assert (host["CapDrop"], [name.removeprefix("CAP_") for name in host["CapAdd"]]) == (
            ["ALL"],
            ["DAC_READ_SEARCH"],
        )
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["ReadonlyRootfs"] is True
        # What else there is comes with the image, is empty, and goes with the container.
        assert [mount["RW"] for mount in container.attrs["Mounts"] if mount["Name"] == volume] == [False]
        for argv in (["touch", "/volume/new"], ["rm", "/volume/app/resumes/one.pdf"], ["touch", "/tmp/new"]):
            refused = run(directory.host, argv)
            assert refused.exit_status == 1
            assert "Read-only file system" in refused.stderr
        assert run(directory.host, ["sh", "-c", "ls /sys/class/net"]).stdout == b"lo\n"
    assert engine.containers.list(all=True, filters={"label": f"apiary-drill.drill={drill_id}"}) == []


def test_it_is_backed_up_and_a_torn_copy_is_made_again(
    volume: str, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Somebody writes to a file while the first copy of it is made; the volume itself is not touched by us."""
    with opened(Volume(volume, "app"), SETTINGS, new_id()) as directory:

        class Busy:
            """Before the first second look, a file grows."""

            grown = False

            def start(self, argv: list[str], **options: object) -> object:
                if argv[0] == "find" and not self.grown:
                    self.grown = True
                    engine.containers.run(
                        LOCAL_STANDIN, ["sh", "-ec", "echo more >> '/v/app/resumes/two 2.pdf'"], entrypoint=[],
                        user="0:0", remove=True, network_mode="none", volumes={volume: {"bind": "/v", "mode": "rw"}},
                    )  # fmt: skip
                return directory.host.start(argv, **options)  # type: ignore[arg-type]

        backup = backup_storage(Busy(), directory.root, tmp_path)  # type: ignore[arg-type]
    assert (backup.attempts, backup.torn) == (2, (b"resumes/two 2.pdf",))
    sizes = {entry.path: entry.size_bytes for entry in read_inventory(tmp_path / "files.jsonl")}
    assert sizes[b"resumes/two 2.pdf"] == 9


def test_a_volume_that_is_not_there_is_reported_and_not_made(engine: docker.DockerClient) -> None:
    name = f"test-volume-{secrets.token_hex(6)}"
    with pytest.raises(UsageError) as none, opened(Volume(name), SETTINGS, new_id()):
        raise AssertionError("there is none")
    assert str(none.value) == (f"the Docker engine has no volume {name}\nHINT: `docker volume ls` lists the volumes.")
    assert engine.volumes.list(filters={"name": name}) == []


def test_a_directory_that_is_not_in_the_volume_is_reported(volume: str, engine: docker.DockerClient) -> None:
    drill_id = new_id()
    with pytest.raises(UsageError) as none, opened(Volume(volume, "storage/app"), SETTINGS, drill_id):
        raise AssertionError("there is none")
    assert str(none.value) == f"the volume {volume} has no directory storage/app"
    assert engine.containers.list(all=True, filters={"label": f"apiary-drill.drill={drill_id}"}) == []


def test_no_engine_is_reported_in_one_sentence(tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/nobody.sock"
    settings = replace(SETTINGS, docker=DockerSettings(host=nobody))
    with pytest.raises(EngineUnavailable) as gone, opened(Volume("apiary"), settings, new_id()):
        raise AssertionError("there is none")
    assert gone.value.fact.startswith(f"cannot read the volume apiary: no Docker engine answers at {nobody}")
    assert gone.value.hints[-1] == "A directory or an archive of the files needs no engine."


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("volume:apiary_storage", Volume("apiary_storage")),
        ("volume:apiary/storage/app/", Volume("apiary", "storage/app")),
        ("./volume:apiary", None),
        ("backups/storage.tar", None),
    ],
)
def test_how_a_volume_is_named(text: str, meant: Volume | None) -> None:
    assert named_volume(text) == meant


@pytest.mark.parametrize("text", ["volume:", "volume:a b", "volume:/srv", "volume:apiary/../x", "volume:-x"])
def test_what_names_no_volume_is_reported(text: str) -> None:
    with pytest.raises(UsageError) as wrong:
        named_volume(text)
    assert str(wrong.value) == (
        f"{text!r} is not a volume name\n"
        "HINT: Write volume:NAME, or volume:NAME/DIRECTORY for a directory in it; a file of that name is ./volume:…."
    )


@pytest.mark.parametrize("command", ["verify", "restore", "backup"])
def test_the_commands_tell_it_before_anything_starts(command: str, tmp_path: Path) -> None:
    """Exit code 2 for a volume that is not there, 3 without an engine; no server was asked for."""
    (tmp_path / "a.sql").write_text("CREATE TABLE t (a int);\n")
    (tmp_path / "p").write_text("p")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    others = {
        "verify": ["--dump", str(tmp_path / "a.sql"), "--runtime", "process"],
        "restore": ["--dump", str(tmp_path / "a.sql"), "--runtime", "process"],
        "backup": ["--mysql-user", "u", "--mysql-password-file", str(tmp_path / "p"), "--to", str(tmp_path / "to"),
                   "--mysql-port", str(port)],
    }[command]  # fmt: skip
    for host, code, message in (
        ("", 2, "error: the Docker engine has no volume test-volume-none"),
        (f"unix://{tmp_path}/nobody.sock", 3, "error: cannot read the volume test-volume-none: no Docker engine"),
    ):
        engine_there = {"DOCKER_HOST": host} if host else {}
        process = called(
            command, *others, "--storage", "volume:test-volume-none",
            env={**os.environ, "APIARY_DRILL_STATE_DIR": str(tmp_path / "state"), **engine_there},
        )  # fmt: skip
        assert process.returncode == code, process.stderr
        assert message in process.stderr
    assert not (tmp_path / "to").exists()

"""Reaching an engine and what containers are given: endpoints, room, labels, environment, usage."""

import hashlib
import json
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker
import psutil
import pytest

from harness.base.errors import UsageError
from harness.base.model import ProcessUsage
from harness.base.settings import DockerSettings
from harness.runtime.docker import labels, usage
from harness.runtime.docker.client import Endpoint, endpoint
from harness.runtime.docker.images import mysql_image_for
from harness.runtime.docker.labels import docker_leftovers, drill_labels
from harness.runtime.docker.pod import app_environment, completed_login
from harness.runtime.docker.profiles import REAL, STANDIN, check_pair, passport_keys
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.docker.ssh import SshTarget, ssh_target
from harness.runtime.env_file import read_env_file
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.spec import StackSpec
from tests.tables import over_table


def _environment(given: dict[str, str], *, real: bool = True) -> dict[str, str]:
    spec = StackSpec(role="target", drill_id="d", logs=Path("logs"), app_key="base64:drill")
    return app_environment(
        spec,
        REAL if real else STANDIN,
        given,
        mysql=("10.0.0.2", 3306),
        meilisearch="http://10.0.0.3:7700",
        url="http://10.0.0.4:8000",
    )


def test_the_servers_of_the_file_are_never_used_but_its_features() -> None:
    """A production environment file must not lead a restored app to production's servers.

    A socket or a URL wins over host and port in Laravel's configuration, and production has the socket. The key is the
    drill's, which is the file's own where there is no key file (tests/unit/inputs/test_identity.py).
    """
    gone = {"DB_SOCKET": "/srv/mysqld.sock", "DB_URL": "mysql://db/apiary", "MAIL_URL": "smtp://mail"}
    servers = {"DB_HOST": "db.example.org", "DB_PASSWORD": "production", "MEILISEARCH_HOST": "https://search.org"}
    senders = {"MAIL_MAILER": "smtp", "QUEUE_CONNECTION": "redis"}
    made = _environment({**gone, **servers, **senders, "APP_KEY": "base64:rotated", "FEATURE_X": "true"})
    assert (made["DB_HOST"], made["MEILISEARCH_HOST"]) == ("10.0.0.2", "http://10.0.0.3:7700")
    assert made["DB_PASSWORD"] != "production"
    assert (made["MAIL_MAILER"], made["QUEUE_CONNECTION"]) == ("array", "sync")
    assert (made["APP_KEY"], made["FEATURE_X"]) == ("base64:drill", "true")
    assert not gone.keys() & made.keys()


def test_the_login_of_a_production_file_is_completed_and_its_visitor_is_the_drill() -> None:
    """Such a file has the CAS host, not the masquerade; `CAS_REAL_HOSTS` should match `CAS_HOSTNAME` (its README)."""
    production = {"CAS_HOSTNAME": "sso.gatech.edu", "CAS_REAL_HOSTS": "sso.gatech.edu", "FEATURE_SANDBOX_MODE": "false"}
    made = _environment(production)
    assert (made["CAS_HOSTNAME"], made["CAS_REAL_HOSTS"]) == ("sso.gatech.edu", "sso.gatech.edu")
    assert (made["CAS_MASQUERADE"], made["SANDBOX_USERS"], made["FEATURE_SANDBOX_MODE"]) == ("drill", "drill", "true")
    assert made["CAS_MASQUERADE_eduPersonScopedAffiliation"].count("@") == 1
    assert {
        f"CAS_MASQUERADE_{name}" for name in ("eduPersonPrimaryAffiliation", "gtGTID", "authnContextClass", "sn")
    } <= made.keys()
    assert completed_login({**production, "CAS_LOGOUT_URL": "https://sso.gatech.edu/cas/logout"}) == ()
    assert completed_login({"CAS_HOSTNAME": "sso", "CAS_REAL_HOSTS": ""}) == ("CAS_REAL_HOSTS", "CAS_LOGOUT_URL")
    assert _environment({"CAS_HOSTNAME": "sso.gatech.edu"})["CAS_REAL_HOSTS"] == "sso.gatech.edu"
    assert completed_login({}) == ("CAS_HOSTNAME", "CAS_REAL_HOSTS", "CAS_LOGOUT_URL")
    assert _environment({})["CAS_REAL_HOSTS"] == "cas.drill.invalid"
    developer = _environment({"CAS_MASQUERADE": "gburdell3", "SANDBOX_USERS": "", "PHP_CLI_SERVER_WORKERS": "1"})
    assert (developer["CAS_MASQUERADE"], developer["SANDBOX_USERS"]) == ("drill", "drill")
    assert developer["PHP_CLI_SERVER_WORKERS"] == "4"


def test_passport_keys_are_made_for_the_real_app_alone_and_only_when_missing() -> None:
    """As a pair: a private key with another public key is no use."""
    assert "PASSPORT_PRIVATE_KEY" not in _environment({}, real=False)
    assert _environment({})["PASSPORT_PRIVATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----\n")
    given = {"PASSPORT_PRIVATE_KEY": "private", "PASSPORT_PUBLIC_KEY": "public"}
    assert given.items() <= _environment(given).items()
    assert passport_keys()["PASSPORT_PUBLIC_KEY"].startswith("-----BEGIN PUBLIC KEY-----\n")
    with pytest.raises(UsageError) as caught:
        check_pair({"PASSPORT_PUBLIC_KEY": "public"})
    assert caught.value.fact == "the environment file has PASSPORT_PUBLIC_KEY but not PASSPORT_PRIVATE_KEY"


def test_the_image_follows_the_server_that_wrote_the_dump() -> None:
    """By its series, which is a tag of the official images."""
    assert mysql_image_for("9.7.4", mariadb=False) == ("mysql:9.7", "apiary-drill/mysql:sid")
    assert mysql_image_for("8.0.39-30", mariadb=False) == ("mysql:8.0", "apiary-drill/mysql:sid")
    assert mysql_image_for("10.11.19", mariadb=True) == ("mariadb:10.11", "apiary-drill/mariadb:bookworm")
    assert mysql_image_for("unknown", mariadb=False) == ("mysql:8.4", "apiary-drill/mysql:sid")


ID = "821e028ed94fbb82f53d91d272ed6ade622759649b4c27a25198a5fa943f6442"
VERSION_1 = f"7:blkio:/docker/{ID}\n4:memory:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n0::/docker/{ID}\n"
VERSION_2 = f"0::/system.slice/docker-{ID}.scope\n"
USED = ProcessUsage("MySQL", 1.5, 4096, 8192)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(usage, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(usage, "_PROCESSES", tmp_path / "processes")
    for place, files in (
        (f"cpuacct/docker/{ID}", {"cpuacct.usage": "1500000000\n"}),
        (
            f"blkio/docker/{ID}",
            {"blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 9\nTotal 12288\n"},
        ),
        (
            f"system.slice/docker-{ID}.scope",
            {"cpu.stat": "usage_usec 1500000\nuser_usec 9\n", "io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1\n8:16\n"},
        ),
    ):
        directory = tmp_path / "groups" / place
        directory.mkdir(parents=True)
        for name, content in files.items():
            (directory / name).write_text(content)
    process = tmp_path / "processes" / "42"
    process.mkdir(parents=True)
    return process / "cgroup"


def test_both_versions_say_the_same(kernel: Path) -> None:
    for text in (VERSION_1, VERSION_2):
        kernel.write_text(text)
        assert usage.usage_of(ID, 42, "MySQL") == USED, text


def test_what_is_not_this_containers_is_not_taken_for_its_own(kernel: Path) -> None:
    """An engine elsewhere names processes of its own machine; a container that ended has none."""
    kernel.write_text(VERSION_1.replace(ID, "0" * 64))
    assert usage.usage_of(ID, 42, "MySQL") is None
    assert usage.usage_of(ID, 0, "MySQL") is None
    for text in ("0::/../" + ID, "no groups", ""):
        kernel.write_text(text)
        assert usage.usage_of(ID, 42, "MySQL") is None, text


def _context(directory: Path, name: str, host: str, *, current: bool, tls: bool = False) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = directory / "contexts" / "meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}))
    if tls:
        (directory / "contexts" / "tls" / key / "docker").mkdir(parents=True)
    if current:
        (directory / "config.json").write_text(json.dumps({"currentContext": name}))


def test_the_default_socket_a_context_and_docker_host_as_in_the_docker_client(tmp_path: Path) -> None:
    """Each wins over the ones before it; a context comes with the directory of its certificates."""

    def found(**settings: str) -> Endpoint:
        return endpoint(DockerSettings(config_dir=tmp_path, **settings))  # type: ignore[arg-type]

    assert found() == Endpoint("unix:///var/run/docker.sock", "the default")
    (tmp_path / "config.json").write_text('{"currentContext": "default"}')
    assert found() == Endpoint("unix:///var/run/docker.sock", "the default")
    _context(tmp_path, "lab", "unix:///run/lab.sock", current=True)
    assert found() == Endpoint("unix:///run/lab.sock", "context 'lab'")
    _context(tmp_path, "far", "tcp://far:2376", current=False, tls=True)
    certificates = tmp_path / "contexts" / "tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    assert found(context="far") == Endpoint("tcp://far:2376", "context 'far'", certificates)
    near = found(host="tcp://near:2375", context="lab")
    assert near == Endpoint("tcp://near:2375", "DOCKER_HOST", None, False)
    with pytest.raises(UsageError) as caught:
        found(context="gone")
    assert str(caught.value) == (
        f"no Docker context 'gone' in {tmp_path}/contexts (DOCKER_CONTEXT)\n"
        "HINT: `docker context ls` lists the contexts."
    )


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "apiary.env"
    path.write_bytes(content)
    return path


def test_values_are_taken_as_they_stand(tmp_path: Path) -> None:
    """Quotes, spaces, further equals signs and hashes belong to the value; comments and empty lines do not."""
    content = '# comment\n\nA=1\n  B=two words \nC="quoted"\nD=a=b#c\nE=\nA=again\nF=ä\r\n'.encode()
    expected = {"A": "again", "B": "two words ", "C": '"quoted"', "D": "a=b#c", "E": "", "F": "ä"}
    assert read_env_file(_file(tmp_path, content)) == expected


@over_table(
    "content, message",
    [
        (
            b"A=1\nexport B=secret\n",
            "{path}, line 2: not a variable assignment\nHINT: Write NAME=value, without `export` or spaces.",
        ),
        (
            b"APP_KEY\n",
            "{path}, line 1: APP_KEY has no value\nHINT: Write APP_KEY=value, or APP_KEY= for an empty value.",
        ),
    ],
)
def test_what_is_no_variable_is_refused_without_its_value(tmp_path: Path, content: bytes, message: str) -> None:
    """What may be a secret is never shown, and a drill does not depend on the environment of whoever starts it."""
    path = _file(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_env_file(path)
    assert str(caught.value) == message.format(path=path)
    with pytest.raises(UsageError, match=r"^cannot read the environment file .*none: No such file"):
        read_env_file(tmp_path / "none")
    with pytest.raises(UsageError, match=r"is not UTF-8 at byte 2$"):
        read_env_file(_file(tmp_path, b"A=\xff"))


def engine(known: dict[str, str]) -> docker.DockerClient:
    """An engine with one volume."""
    api = SimpleNamespace(
        containers=lambda **_: [],
        networks=lambda **_: [],
        volumes=lambda **_: {"Volumes": [{"Name": "v", "Labels": known}]},
    )
    return cast(Any, SimpleNamespace(api=api))


def names(known: dict[str, str]) -> list[str]:
    return [left.name for left in docker_leftovers(engine(known), kept_too=True)]


def test_the_owner_is_known_by_what_a_step_of_the_clock_does_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = drill_labels("d", "target", "mysql")
    assert names(mine) == []
    older = {name: value for name, value in mine.items() if not name.endswith("owner-ticks")}
    assert names(older) == [], "as an older version labels its drills"
    assert names({**mine, "apiary-drill.owner-ticks": "1"}) == ["v"]
    create_time = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 3600)
    assert names(mine) == []


def test_a_lock_that_is_held_decides(tmp_path: Path) -> None:
    with workspace(tmp_path, "d"):
        gone = {**drill_labels("d", "target", "mysql"), "apiary-drill.owner-boot": "another boot"}
        assert names(gone) == []
    assert names(gone) == ["v"]
    assert "apiary-drill.owner-lock" not in drill_labels("d", "target", "mysql")


def test_images_without_an_identity_are_distinguished_by_the_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines with one engine, each with a container: the other one's drill is foreign, and no leftover."""
    (tmp_path / "machine-id").touch()
    monkeypatch.setattr(labels, "_MACHINE_IDS", (tmp_path / "machine-id", tmp_path / "none"))
    other = {**drill_labels("d", "target", "mysql"), "apiary-drill.owner-boot": "another boot"}
    assert names(other) == ["v"], "of this machine before it was started again, had it an identity"
    monkeypatch.setattr(labels, "boot_id", lambda: "another boot")
    assert names(other) == []


def room(**info: Any) -> tuple[int | None, str]:
    runtime = object.__new__(DockerRuntime)
    runtime.client = SimpleNamespace(info=lambda: info)  # type: ignore[assignment]
    return runtime.room()


def test_the_room_of_an_engine_on_this_machine_and_others_and_of_processes(tmp_path: Path) -> None:
    here, total = socket.gethostname(), shutil.disk_usage(tmp_path).total
    free, place = room(Name=here, DockerRootDir=str(tmp_path))
    assert free is not None
    assert 0 < free <= total
    assert place == str(tmp_path)
    assert room(Name="elsewhere", DockerRootDir=str(tmp_path)) == (None, str(tmp_path))
    assert room(Name=here, DockerRootDir=str(tmp_path / "gone"))[0] is None
    assert room(Name=here)[0] is None
    runtime = object.__new__(ProcessRuntime)
    runtime._directory = tmp_path / "drill"
    runtime._directory.mkdir()
    free, place = runtime.room()
    assert (free is not None and free > 0, place) == (True, str(tmp_path))


def test_what_an_address_says() -> None:
    """User, port and path may be left out: the ssh configuration and the Docker client there know them."""
    assert ssh_target("ssh://far") == SshTarget("far")
    assert ssh_target("ssh://admin@far:2222") == SshTarget("far", "admin", 2222)
    assert ssh_target("ssh://admin@far/") == SshTarget("far", "admin")
    assert ssh_target("ssh://far/run/user/1000/docker.sock") == SshTarget(
        "far", engine_socket="/run/user/1000/docker.sock"
    )
    assert ssh_target("ssh://[fd00::1]:22") == SshTarget("fd00::1", port=22)


def test_the_command() -> None:
    """What `ssh` gets: a host is never an option, and the path is one word of the shell there."""
    assert SshTarget("far").argv()[-3:] == ["--", "far", "docker system dial-stdio"]
    argv = SshTarget("-oProxyCommand=x", "admin", 2222, "/a b/docker.sock").argv("-o", "ControlMaster=no")
    assert argv[-9:] == [
        *("-o", "ControlMaster=no", "-l", "admin", "-p", "2222"),
        *("--", "-oProxyCommand=x", "docker '--host=unix:///a b/docker.sock' system dial-stdio"),
    ]


@over_table(
    "url, fact",
    [
        ("ssh://", "ssh:// is not of the form ssh://[user@]host[:port][/path/of/docker.sock]"),
        ("ssh://far?x=1", "ssh://far?x=1 is not of the form ssh://[user@]host[:port][/path/of/docker.sock]"),
        ("ssh://admin:secret@far", "an ssh:// address cannot contain a password"),
        ("ssh://far:ssh", "ssh://far:ssh has an invalid port"),
    ],
)
def test_what_is_refused(url: str, fact: str) -> None:
    """In one sentence, which never shows a password."""
    with pytest.raises(UsageError) as caught:
        ssh_target(url)
    assert caught.value.fact == fact

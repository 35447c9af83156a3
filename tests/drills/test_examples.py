"""The commands of docs/examples as they stand, with paths of a test: a good backup passes, a cut one fails the job.

Good ones come from where backups live: each drill is of two kinds of places, and one kind of encryption.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import docker
import pytest

from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.runtime.docker.images import LOCAL_TOOL
from harness.runtime.docker.labels import DRILL
from harness.runtime.images.build import build_images
from tests.drills.test_real_apiary import REAL, found
from tests.examples import EXAMPLES, nomad_task, scripts, text_of
from tests.sshd import SshServer
from tests.stores import s3_environment

SOCKET = "/var/run/docker.sock"
NO_ENGINE = "unix:///nowhere"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory in place of /srv/drills: `.venv`, keys, and a backup of which the dump is cut."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    cut = tmp_path / "cut"
    for directory in (cut, tmp_path / "reports", tmp_path / "credentials"):
        directory.mkdir()
    (cut / "apiary.sql.gz").write_bytes((REAL / "apiary.sql.gz").read_bytes()[:20_000])
    shutil.copy(REAL / "storage.tar.gz", cut)
    shutil.copy(REAL / "app-key", tmp_path / "credentials")
    (tmp_path / "apiary-drill.toml").write_text('[backup]\ndirectory = "cut"\n')
    return tmp_path


def run(name: str, place: Path, **env: str | Path) -> subprocess.CompletedProcess[str]:
    """An example's commands, stopped at the first that fails, as each of these programs does."""
    script = scripts()[name].replace("/srv/drills", str(place)).replace("%d/", f"{place}/credentials/")
    known = {"APIARY_DRILL_STATE_DIR": place / "state", "RUNNER_TEMP": place, "DOCKER_HOST": NO_ENGINE, **env}
    return subprocess.run(
        ["bash", "-euc", script], cwd=place, capture_output=True, text=True, check=False,
        env={**os.environ, **{variable: str(value) for variable, value in known.items()}},
    )  # fmt: skip


CONFINED = """\
mount --bind "$PWD" "$PWD"
cd "$PWD"
for each in "$HOME" reports "$TMPDIR"; do mount --bind "$each" "$each"; done
mkdir -p "$HOME/.cache/apiary-drill"
mount --bind "$CACHE" "$HOME/.cache/apiary-drill"
mount -o remount,bind,ro /
mount -o remount,bind,ro "$PWD"
if touch written 2>/dev/null; then exit 99; fi
exec bash -euc "$0"
"""
"""The service's own directories: with ProtectSystem=strict nothing else can be written. The cache is this machine's."""


def run_service(place: Path, **env: str | Path) -> subprocess.CompletedProcess[str]:
    """The command of the service, with its environment, where it can write what systemd would let it write."""
    unit = text_of("apiary-drill.service")
    for line in ("ProtectSystem=strict", "ReadWritePaths=/srv/drills/reports", "StateDirectory=apiary-drill",
                 "Environment=HOME=/var/lib/apiary-drill", "PrivateTmp=yes"):  # fmt: skip
        assert line in unit.splitlines()
    script = scripts()["apiary-drill.service"].replace("/srv/drills", str(place))
    directories = {"HOME": place / "home", "TMPDIR": place / "tmp"}
    for directory in directories.values():
        directory.mkdir(mode=0o700)  # closed, as libpam-tmpdir makes it, to the users that root gives its servers
    known = {**directories, "CACHE": from_environment(os.environ).cache_dir, "DOCKER_HOST": NO_ENGINE, **env}
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private",
         "sh", "-euc", CONFINED, script.replace("%d/", f"{place}/credentials/")],
        cwd=place, capture_output=True, text=True, check=False,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("APIARY_DRILL_")},
             **{variable: str(value) for variable, value in known.items()}},
    )  # fmt: skip


@pytest.mark.docker
def test_a_backup_that_is_cut_fails_every_job_and_its_report_is_kept(place: Path, engine: docker.DockerClient) -> None:
    """Exit code 1, and the sentence in the report."""
    _tool(engine)
    key = place / "age-key"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    for name in ("apiary.sql.gz", "storage.tar.gz"):
        subprocess.run(["age", "-r", public, "-o", place / f"{name}.age", place / "cut" / name], check=True)
    store = {"APIARY_DUMP": place / "apiary.sql.gz.age", "APIARY_STORAGE": place / "storage.tar.gz.age"}
    app_key = place / "credentials" / "app-key"
    for name, report, env in (
        ("apiary-drill.service", "reports/latest.html", {}),
        ("apiary-drill.crontab", "reports/latest.html", {}),
        ("github-hosted.yml", "reports/drill.md",
         {**store, "APIARY_KEY": app_key.read_text(), "APIARY_AGE_KEY": key.read_text()}),
        ("gitlab-ci.yml", "reports/drill.md", {**store, "APIARY_KEY": app_key, "APIARY_AGE_KEY": key}),
        ("github-self-hosted.yml", "drills/reports/drill.md",
         {"APIARY_BACKUP": place / "cut", "APIARY_KEY": app_key.read_text(), "DOCKER_HOST": f"unix://{SOCKET}"}),
    ):  # fmt: skip
        done = run(name, place, **env)
        assert done.returncode == 1, (name, done.stdout, done.stderr)
        assert "the gzip data is truncated" in " ".join((place / report).read_text().split()), name
        assert "FAIL" in done.stdout, name
        (place / report).unlink()
    late = run("apiary-drill.crontab (status)", place)
    assert (late.returncode, "ALARM" in late.stdout) == (1, True), late.stdout
    assert not (place / "drills" / "app-key").exists(), "the key of a self-hosted runner goes with its job"


def test_the_service_passes_a_backup_from_s3_and_an_ssh_server_under_gpg(
    place: Path, s3: str, sshd: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dump from a bucket, the newest by a pattern; the storage from another host."""
    key = place / "passphrase"
    key.write_text("secret\n")
    (place / "gnupg").mkdir(mode=0o700)
    for name in ("apiary.sql.gz", "storage.tar.gz"):
        gpg = ("gpg", "--homedir", place / "gnupg", "--batch", "--pinentry-mode", "loopback", "--passphrase-file", key)
        subprocess.run([*gpg, "-c", "-o", place / f"{name}.gpg", REAL / name], check=True, capture_output=True)
    for variable, value in s3_environment(s3).items():
        monkeypatch.setenv(variable, value)
    client, bucket = boto3.session.Session().client("s3"), uuid4().hex
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="night/apiary-2026-11-21.sql.gz.gpg", Body=b"of the day before")
    time.sleep(1)  # S3 knows whole seconds
    client.upload_file(str(place / "apiary.sql.gz.gpg"), bucket, "night/apiary-2026-11-22.sql.gz.gpg")
    client.close()
    storage = f"sftp://root@127.0.0.1:{sshd.port}{place}/storage.tar.gz.gpg"
    (place / "apiary-drill.toml").write_text(
        f'[backup]\ndump = "s3://{bucket}/night/apiary-*.sql.gz.gpg"\nstorage = "{storage}"\n'
        'decrypt = "gpg"\ndecrypt_key_file = "passphrase"\n'
    )
    done = run_service(place, PATH=sshd.env()["PATH"])
    result = _passes(done, place, place / "home/.local/state/apiary-drill")
    dump, files = sorted(result["provenance"], key=lambda each: str(each["role"]))
    newest = f"s3://{bucket}/night/apiary-2026-11-22.sql.gz.gpg"
    assert (dump["location"], dump["matched"], dump["among"][0]) == (newest, 2, newest)
    assert files["location"] == storage.replace("root@", "")
    digests = [{each["role"]: each["sha256"] for each in result[key]} for key in ("provenance", "artifacts")]
    assert digests[0] == digests[1]


def test_the_crontab_passes_a_backup_in_restic_and_borg_under_age(place: Path) -> None:
    """The dump, encrypted with age, from restic's newest snapshot; the storage from an archive of Borg."""
    key, repo = place / "key", place / "borg-repo"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["age", "-r", public, "-o", place / "apiary.sql.gz.age", REAL / "apiary.sql.gz"], check=True)
    (place / "srv").mkdir()
    subprocess.run(["tar", "-C", place / "srv", "-xzf", REAL / "storage.tar.gz"], check=True)
    (place / "restic-password").write_text("secret\n")
    env = {
        "RESTIC_REPOSITORY": str(place / "repo"),
        "RESTIC_PASSWORD_FILE": str(place / "restic-password"),
        "BORG_BASE_DIR": str(place / "borg"),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }
    for argv in (
        ("restic", "init"),
        ("restic", "backup", "apiary.sql.gz.age"),
        ("borg", "init", "-e", "none", repo),
        ("borg", "create", f"{repo}::night-1", "srv"),
    ):
        subprocess.run(list(map(str, argv)), cwd=place, env={**os.environ, **env}, check=True, capture_output=True)
    (place / "apiary-drill.toml").write_text(
        '[backup]\nname = "vault"\nsnapshot_command = ["restic", "snapshots", "latest", "--json"]\n'
        'dump_command = ["restic", "dump", "{snapshot}", "/apiary.sql.gz.age"]\n'
        f'storage_command = ["borg", "export-tar", "{repo}::night-1", "-", "srv"]\n'
        f'decrypt = "age"\ndecrypt_key_file = "key"\napp_key_file = "{REAL}/app-key"\n'
    )
    done = run("apiary-drill.crontab", place, **env)
    result = _passes(done, place, place / "state")
    locations = [each["location"] for each in result["provenance"]]
    assert locations == ["dump_command (restic)", "storage_command (borg)"]
    assert len(result["provenance"][0]["version"]) == 64
    status = run("apiary-drill.crontab (status)", place, **env)
    assert [each.stdout + each.stderr for each in (done, status)] == ["", ""], "a good drill sends no mail"
    assert status.returncode == 0


def _passes(done: subprocess.CompletedProcess[str], place: Path, state: Path) -> dict[str, Any]:
    """The result of a drill that passed: its report is kept, and nothing of what it fetched."""
    assert done.returncode == 0, (done.stdout, done.stderr)
    (run_dir,) = (state / "runs").glob("*-verify-*")
    result: dict[str, Any] = json.loads((run_dir / "result.json").read_text())
    assert (result["verdict"], found(result, "error")) == ("PASS", [])
    report = (place / "reports" / "latest.html").read_text()
    assert ">PASS<" in report
    assert all(origin["location"] in report for origin in result["provenance"])
    assert list((state / "drills").iterdir()) == [], "what was fetched is gone"
    return result


def _tool(engine: docker.DockerClient) -> str:
    build_images(engine, from_environment(os.environ), ["tool"])
    return LOCAL_TOOL


@pytest.fixture
def drills(tmp_path: Path) -> Iterator[Path]:
    """What a Nomad client's host volume `apiary-drills` is: a directory of the task's user."""
    directory = tmp_path / "drills"
    directory.mkdir()
    shutil.chown(directory, 10001, 10001)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def in_container(
    drills: Path, *argv: str, backup: Path = REAL, options: tuple[str, ...] = (), page: str = "docs/unattended.md"
) -> list[str]:
    """The command line of a page with paths of a test and more options, or another command."""
    text = (EXAMPLES.parents[1] / page).read_text()
    (line,) = re.findall(r"```\n(docker run .*?)\n```", text, re.DOTALL)
    for theirs, ours in (
        ("\\\n", " "),
        ("$(stat -c %g /var/run/docker.sock)", str(Path(SOCKET).stat().st_gid)),
        ("/srv/backups/2026-11-22:", f"{backup}:"),
        ("apiary-drills:", f"{drills}:"),
    ):
        assert theirs in line
        line = line.replace(theirs, ours)
    words = shlex.split(line)
    image = words.index(LOCAL_TOOL)
    return [*words[:image], *options, LOCAL_TOOL, *(argv or words[image + 1 :])]


@pytest.mark.docker
def test_the_task_of_nomad_passes_a_backup_in_the_image_of_the_tool(
    engine: docker.DockerClient, drills: Path, tmp_path: Path
) -> None:
    """Started as Nomad's docker driver would: user, network, group, mounts and files of the job, and nothing else.

    Before it `doctor`, as a user that the image does not know.
    """
    _tool(engine)
    asked = subprocess.run(
        in_container(drills, "doctor", options=("--user", "12345:12345")),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "✓ containers: Docker " in asked.stdout

    task = nomad_task()
    config = task["config"][0]
    assert (config["image"], config["volumes"]) == (LOCAL_TOOL, [f"{SOCKET}:{SOCKET}"])
    (tmp_path / "backups").mkdir()
    for name in ("apiary.sql.gz", "storage.tar.gz"):
        shutil.copy(REAL / name, tmp_path / "backups" / name.replace(".", "-2026-11-22.", 1))
    for template in task["template"]:
        file = tmp_path / template["destination"]
        file.parent.mkdir()
        file.write_text((REAL / "app-key").read_text() if "nomadVar" in template["data"] else template["data"])
        if "perms" in template:
            file.chmod(int(template["perms"], 8))
            shutil.chown(file, template["uid"], template["gid"])
    mounted = [
        f"{tmp_path / each['volume']}:{each['destination']}{':ro' if each.get('read_only') else ''}"
        for each in task["volume_mount"]
    ] + [f"{tmp_path / name}:/{name}:ro" for name in ("local", "secrets")]
    names = {"${NOMAD_TASK_DIR}": "/local", "${NOMAD_SECRETS_DIR}": "/secrets"}
    words = " ".join(config["args"])
    for variable, path in names.items():
        assert variable in words
        words = words.replace(variable, path)
    argv = [
        *("docker", "run", "--rm", "--user", task["user"], "--network", config["network_mode"]),
        *("--group-add", str(Path(SOCKET).stat().st_gid)),
        *(option for volume in (*config["volumes"], *mounted) for option in ("--volume", volume)),
        *(config["image"], *words.split()),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    assert ">PASS<" in (drills / "latest.html").read_text()
    assert (drills / "state" / "history.sqlite3").exists()


@pytest.mark.docker
def test_what_a_container_that_was_killed_left_is_removed_by_the_next(
    engine: docker.DockerClient, drills: Path, tmp_path: Path
) -> None:
    """Where it can see the processes of the machine, as the page says."""
    _tool(engine)
    name = f"apiary-drill-test-{os.getpid()}"
    options = ("--pid", "host", "--volume", "/etc/machine-id:/etc/machine-id:ro")
    (tmp_path / "backup").mkdir()
    for file in ("apiary.sql.gz", "storage.tar.gz"):
        shutil.copy(REAL / file, tmp_path / "backup")
    started = subprocess.Popen(
        in_container(drills, backup=tmp_path / "backup", options=(*options, "--name", name), page="README.md"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def things() -> list[object]:
        label = {"label": f"{DRILL}={drill_id()}"}
        listed = engine.containers.list(all=True, filters=label), engine.networks.list(filters=label)
        return [each for kind in (*listed, engine.volumes.list(filters=label)) for each in kind]

    def drill_id() -> str:
        return next((path.name for path in (drills / "state").glob("drills/*")), "none")

    wait_until(lambda: len(things()) >= 3, what="the servers of the drill", timeout_s=120)
    killed = drill_id()
    subprocess.run(["docker", "kill", name], check=True, capture_output=True)
    started.wait()
    label = {"label": f"{DRILL}={killed}"}
    assert engine.volumes.list(filters=label)
    cleaned = subprocess.run(
        in_container(drills, "cleanup", options=options), capture_output=True, text=True, check=False
    )
    assert cleaned.returncode == 0, cleaned.stderr
    assert f"removed {killed}: " in cleaned.stdout
    assert not engine.containers.list(all=True, filters=label)
    assert not engine.volumes.list(filters=label)

"""The commands of docs/sources.md with the real programs: each gives back the dump and the storage that went in."""

import os
import re
import subprocess
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from harness.base.errors import HarnessError
from tests.engines import must_find
from tests.sshd import SshServer
from tests.unit.inputs.fetching import sources_of

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()
SCRIPT = b"-- MySQL dump 10.13\n"
RESUME = b"%PDF-1.4\n"


def commands(page: str, program: str) -> list[list[str]]:
    """The argument lists of the page that begin with this program, in their order."""
    lists = re.findall(rf'\["{program}"[^\]]*\]', page)
    return [re.findall(r'"([^"]*)"', each) for each in lists]


def outputs(directory: Path, argvs: Sequence[Sequence[str]], env: dict[str, str]) -> tuple[bytes, list[bytes], str]:
    """Dump and the files in the storage as they come out, and the snapshot they are of."""
    snapshot, dump, storage = argvs
    with sources_of(directory, env=env) as sources:
        script = sources.output(dump, "dump_command", directory, snapshot).read_bytes()
        archive = sources.output(storage, "storage_command", directory, snapshot).read_bytes()
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            files = [
                content.read() for member in tar if member.isfile() and (content := tar.extractfile(member)) is not None
            ]
        assert {each.version for each in sources.provenance} == {sources.provenance[0].version}
        assert all(each.modified_at is not None for each in sources.provenance)
        return script, files, sources.provenance[0].version


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a backup job copies: `backup/apiary.sql.gz` and `srv/apiary/storage/app`."""
    root = tmp_path / "root"
    (root / "srv/apiary/storage/app/resumes").mkdir(parents=True)
    (root / "srv/apiary/storage/app/resumes/a.pdf").write_bytes(RESUME)
    (root / "backup").mkdir()
    (root / "backup/apiary.sql.gz").write_bytes(SCRIPT)
    return root


def refused(directory: Path, argv: Sequence[str], env: dict[str, str]) -> HarnessError:
    """The error of a command that gives no backup; nothing of its output is left."""
    with sources_of(directory, directory / "kept", env=env) as sources, pytest.raises(HarnessError) as wrong:
        sources.output(argv, "dump_command", directory)
    assert [path for path in (directory / "kept").rglob("*") if path.is_file()] == []
    assert wrong.value.exit_code == 3
    return wrong.value


def run(*argv: str, cwd: Path, env: dict[str, str]) -> None:
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_restic(tree: Path, tmp_path: Path) -> None:
    must_find("restic", "restic")
    env = {"RESTIC_REPOSITORY": str(tmp_path / "repo"), "RESTIC_PASSWORD": "secret", "HOME": str(tmp_path)}
    run("restic", "init", cwd=tree, env=env)
    run("restic", "backup", ".", cwd=tree, env=env)
    script, files, version = outputs(tmp_path, commands(PAGE, "restic"), env)
    assert (script, files) == (SCRIPT, [RESUME])
    assert re.fullmatch("[0-9a-f]{64}", version)
    gone = refused(tmp_path, ["restic", "dump", "latest", "/gone.sql"], env)
    assert gone.fact.startswith("dump_command (restic) ended with exit status ")
    assert "gone.sql" in gone.details
    wrong = refused(tmp_path, ["restic", "dump", "latest", "/gone.sql"], {**env, "RESTIC_PASSWORD": "other"})
    assert "wrong password or no key found" in wrong.details


def test_borg(tree: Path, tmp_path: Path) -> None:
    must_find("borg", "borgbackup")
    repo = str(tmp_path / "repo")
    env = {"BORG_BASE_DIR": str(tmp_path / "borg"), "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    run("borg", "init", "-e", "none", repo, cwd=tree, env=env)
    run("borg", "create", f"{repo}::night-1", "backup", "srv", cwd=tree, env=env)
    run("borg", "create", f"{repo}::night-2", "backup", "srv", cwd=tree, env=env)
    found = [[word.replace("REPO", repo) for word in argv] for argv in commands(PAGE, "borg")]
    assert outputs(tmp_path, found, env) == (SCRIPT, [RESUME], "night-2")
    gone = refused(tmp_path, ["borg", "extract", "--stdout", f"{repo}::night-2", "gone.sql"], env)
    assert "'gone.sql' never matched" in gone.details
    gone = refused(tmp_path, ["borg", "extract", "--stdout", f"{repo}::night-9", "gone.sql"], env)
    assert "night-9 does not exist" in gone.details
    secret = {**env, "BORG_PASSPHRASE": "secret"}
    run("borg", "init", "-e", "repokey", f"{repo}-2", cwd=tree, env=secret)
    run("borg", "create", f"{repo}-2::night", "backup", cwd=tree, env=secret)
    wrong = refused(
        tmp_path, ["borg", "extract", "--stdout", f"{repo}-2::night"], {**secret, "BORG_PASSPHRASE": "other"}
    )
    assert "is incorrect" in wrong.details


def test_rclone(tree: Path, tmp_path: Path) -> None:
    must_find("rclone", "rclone")
    env = {"RCLONE_CONFIG_NIGHT_TYPE": "alias", "RCLONE_CONFIG_NIGHT_REMOTE": str(tmp_path), "HOME": str(tmp_path)}
    (tmp_path / "apiary").mkdir()
    for age, name in enumerate(("2.sql", "1.sql")):
        (tmp_path / "apiary" / name).write_bytes(name.encode())
        os.utime(tmp_path / "apiary" / name, (1000 + age, 1000 + age))
    listing, cat = commands(PAGE, "rclone")
    with sources_of(tmp_path, env=env) as sources:
        assert sources.output(cat, "dump_command", tmp_path, listing).read_bytes() == b"1.sql"
    gone = refused(tmp_path, ["rclone", "cat", "night:apiary/gone.sql"], env)
    assert "not found" in gone.details


def test_ssh(sshd: SshServer, tmp_path: Path) -> None:
    (tmp_path / "apiary.sql.gz").write_bytes(SCRIPT)
    (argv,) = commands(PAGE, "ssh")
    names = {"db.example.org": "db", "/var/backups": str(tmp_path)}
    for theirs, ours in names.items():
        argv = [word.replace(theirs, ours) for word in argv]
    with (sshd.directory / "ssh_config").open("a") as config:
        config.write(f"Host db\nHostName 127.0.0.1\nPort {sshd.port}\nUser root\n")
    with sources_of(tmp_path, env=sshd.env()) as sources:
        assert sources.output(argv, "dump_command", tmp_path).read_bytes() == SCRIPT
    gone = refused(tmp_path, [*argv[:-1], f"cat {tmp_path}/gone.sql"], sshd.env())
    assert "gone.sql: No such file" in gone.details
    stopped = refused(tmp_path, [argv[0], "-p", "1", *argv[1:]], sshd.env())
    assert "Connection refused" in stopped.details

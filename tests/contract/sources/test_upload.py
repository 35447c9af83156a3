"""A backup that goes into real stores: under a temporary name first, read back, and nothing of it after an error."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from harness.base.errors import HarnessError, UsageError
from harness.base.settings import from_environment
from harness.inputs.sources import upload
from harness.inputs.sources.upload import uploaded
from tests.sshd import SshServer
from tests.stores import s3_environment
from tests.unit.inputs.fetching import sources_of

pytestmark = pytest.mark.xdist_group("stores")

FILES = {"manifest.json": b"{}", "apiary.sql.zst": os.urandom(9_000_000), "storage.tar.zst": b""}


@dataclass(frozen=True)
class Target:
    """A store: URL below which backups go, and the names of all that is in it."""

    url: str
    names: Callable[[], set[str]]
    env: dict[str, str]


@pytest.fixture(params=["s3", "sftp"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    if request.param == "sftp":
        sshd: SshServer = request.getfixturevalue("sshd")
        there = tmp_path / "there"

        def names() -> set[str]:
            return {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}

        yield Target(f"sftp://root@127.0.0.1:{sshd.port}{there}", names, sshd.env())
        return
    for name, value in s3_environment(request.getfixturevalue("s3")).items():
        monkeypatch.setenv(name, value)
    client, bucket = boto3.session.Session().client("s3"), uuid4().hex
    client.create_bucket(Bucket=bucket)
    yield Target(
        f"s3://{bucket}",
        lambda: {each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", ())},
        {},
    )
    client.close()


def put(target: Target, name: str, state: Path) -> None:
    """Upload FILES as a backup of that name."""
    settings = from_environment({**os.environ, **target.env, "APIARY_DRILL_STATE_DIR": str(state)})
    with uploaded(f"{target.url}/{name}", settings, "20261129T000000Z-upload-abcdef", lambda _: None) as directory:
        directory.mkdir()
        for file, content in FILES.items():
            (directory / file).write_bytes(content)


def test_a_backup_goes_there_and_comes_back(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is taken once; what an interrupted upload left under the temporary name is cleared."""
    put(target, "2026-11-28", tmp_path / "state")
    assert target.names() == {f"2026-11-28/{name}" for name in FILES}
    with sources_of(tmp_path, env=target.env) as sources:
        path = sources.url(f"{target.url}/2026-*", "backup")
        assert {file.name: file.read_bytes() for file in path.iterdir()} == FILES
    with pytest.raises(UsageError, match="2026-11-28 is there already") as taken:
        put(target, "2026-11-28", tmp_path / "state")
    assert taken.value.exit_code == 2

    with monkeypatch.context() as broken:
        broken.setattr(upload, "content", lambda store, entry: iter([b"something else"]))
        with pytest.raises(HarnessError, match="is not what was written there: what was read back differs"):
            put(target, "2026-11-29", tmp_path / "state")
    assert target.names() == {f"2026-11-28/{name}" for name in FILES}

    with monkeypatch.context() as killed:
        killed.setattr(upload, "_remove", lambda store, path: None)
        killed.setattr(upload, "content", lambda store, entry: iter([b"something else"]))
        with pytest.raises(HarnessError):
            put(target, "2026-11-29", tmp_path / "state")
    assert len(target.names()) == len(FILES) + 1
    put(target, "2026-11-29", tmp_path / "state")
    assert target.names() == {f"2026-11-2{day}/{name}" for day in (8, 9) for name in FILES}
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []


def test_a_web_server_takes_no_backup(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a web server takes no backup"):
        put(Target("https://127.0.0.1/a", set, {}), "2026-11-28", tmp_path / "state")

"""Files from real stores: what is fetched and known of them, and each way in which it fails."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests
from click.testing import CliRunner

from harness.base.errors import BrokenArtifact, HarnessError, UsageError
from harness.base.wait import wait_until
from harness.cli.command_line import main
from harness.inputs.sources import transfer
from harness.inputs.sources.stores import open_store
from harness.inputs.sources.transfer import content
from tests.certificates import make_certificates
from tests.sshd import SshServer
from tests.stores import Cutting, s3_environment, s3_session, s3_that_answers, web_server
from tests.unit.inputs.fetching import sources_of

pytestmark = pytest.mark.xdist_group("stores")

CONTENT = os.urandom(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not answer is given up sooner."""
    monkeypatch.setattr(transfer, "RETRY_S", 1.0)
    monkeypatch.setattr(transfer, "PAUSE_S", 0.05)


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    """A client, and the name of a bucket of its own."""
    for name, value in s3_environment(s3).items():
        monkeypatch.setenv(name, value)
    client = boto3.session.Session().client("s3")
    name = uuid4().hex
    client.create_bucket(Bucket=name)
    yield client, name
    client.close()


def fetched(directory: Path, url: str, env: dict[str, str] | None = None) -> tuple[Path, Any]:
    """What was fetched and kept, and what is known of it."""
    kept = directory / "kept"
    with sources_of(directory, kept, env=env) as sources:
        return sources.url(url, "database"), sources.provenance[0]


def refused(directory: Path, url: str, env: dict[str, str] | None = None) -> HarnessError:
    """The error of a fetch that fails, of which nothing is left."""
    with sources_of(directory, directory / "kept", env=env) as sources, pytest.raises(HarnessError) as wrong:
        sources.url(url, "database")
    assert [path for path in directory.rglob("*") if path.is_file()] == []
    assert "SECRET" not in str(wrong.value)
    return wrong.value


def test_an_object_is_fetched_with_all_that_its_store_knows(bucket: tuple[Any, str], tmp_path: Path) -> None:
    """Of a bucket with versions the version is reported; digests in metadata and files beside it are compared."""
    client, name = bucket
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    put = client.put_object(Bucket=name, Key="a/apiary.sql", Body=CONTENT, Metadata={"sha256": SHA256})
    client.put_object(Bucket=name, Key="a/SHA256SUMS", Body=f"{SHA256}  apiary.sql\n".encode())
    path, known = fetched(tmp_path, f"s3://{name}/a/apiary.sql")
    assert path.read_bytes() == CONTENT
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (known.location, known.version) == (f"s3://{name}/a/apiary.sql", f"version {put['VersionId']}")
    assert (known.size_bytes, known.sha256) == (len(CONTENT), SHA256)
    assert known.checked == ("sha256 of the store", "SHA256SUMS")
    assert known.modified_at == client.head_object(Bucket=name, Key="a/apiary.sql")["LastModified"]


def test_patterns_and_directories_of_objects(bucket: tuple[Any, str], tmp_path: Path) -> None:
    """A directory comes with the files in it; what is being written, or hidden, never matches."""
    client, name = bucket
    for key in ("d/2026-1/a.sql", "d/2026-1/b.tar", "d/2026-2.partial/a.sql", "d/.2026-3/a.sql", "d/1.sql"):
        client.put_object(Bucket=name, Key=key, Body=key.encode())
    path, known = fetched(tmp_path, f"s3://{name}/?/2026-*")
    assert {each.name: each.read_bytes() for each in path.iterdir()} == {
        "a.sql": b"d/2026-1/a.sql",
        "b.tar": b"d/2026-1/b.tar",
    }
    assert (known.matched, known.location) == (1, f"s3://{name}/d/2026-1")
    assert known.modified_at == client.head_object(Bucket=name, Key="d/2026-1/b.tar")["LastModified"]
    error = refused(tmp_path / "none", f"s3://{name}/d/*.zip")
    assert (error.exit_code, error.fact) == (2, f"nothing matches s3://{name}/d/*.zip")


def test_the_newest_file_of_a_pattern_is_taken(sshd: SshServer, tmp_path: Path) -> None:
    directory = tmp_path / "there"
    for age, name in enumerate(("2.sql", "3.sql", "1.sql", "4.txt", "5.sql.partial")):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(name)
        os.utime(directory / name, (1000 + age, 1000 + age))
    (directory / "latest.sql").symlink_to("none.sql")
    url = f"sftp://root@127.0.0.1:{sshd.port}{directory}"
    path, known = fetched(tmp_path / "1", f"{url}/*.sql", sshd.env())
    assert path.read_text() == "1.sql"
    shown = url.replace("root@", "")
    assert (known.matched, known.among) == (3, (f"{shown}/1.sql", f"{shown}/3.sql", f"{shown}/2.sql"))
    os.utime(directory / "3.sql", (1002, 1002))
    error = refused(tmp_path / "2", f"{url}/?.sql", sshd.env())
    assert error.exit_code == 2
    assert error.fact.startswith(f"2 candidates for {shown}/?.sql are equally new: ")


@dataclass(frozen=True)
class Place:
    """One store with a file in it.

    Args:
        url: of a file that is there.
        port: of loopback, where the store answers.
        put: gives the file another content.
    """

    url: str
    port: int
    put: Callable[[bytes], object]
    env: dict[str, str]

    def through(self, cutting: Cutting, directory: Path) -> tuple[str, dict[str, str]]:
        """URL and environment that reach it through a connection that is cut."""
        if self.url.startswith("s3:"):
            return self.url, {**self.env, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{cutting.port}"}
        if self.url.startswith("sftp:"):
            directory.mkdir(parents=True)
            ssh = directory / "ssh"
            real = self.env["PATH"].partition(":")[0]
            ssh.write_text(f'#!/bin/sh\nexec {real}/ssh -o HostKeyAlias=[127.0.0.1]:{self.port} "$@"\n')
            ssh.chmod(0o755)
            env = {**self.env, "PATH": f"{directory}:{self.env['PATH']}"}
            return self.url.replace(str(self.port), str(cutting.port)), env
        return self.url.replace(str(self.port), str(cutting.port)), self.env


@pytest.fixture(params=["s3", "sftp", "http"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Each kind of store, with one file."""
    directory = tmp_path_factory.mktemp("place")
    file = directory / "apiary.sql"
    file.write_bytes(CONTENT)
    if request.param == "s3":
        client, name = request.getfixturevalue("bucket")

        def put(content: bytes) -> None:
            client.put_object(Bucket=name, Key="apiary.sql", Body=content)

        put(CONTENT)
        url = os.environ["AWS_ENDPOINT_URL"]
        yield Place(f"s3://{name}/apiary.sql", int(url.rpartition(":")[2]), put, {})
    elif request.param == "sftp":
        sshd: SshServer = request.getfixturevalue("sshd")
        yield Place(f"sftp://root@127.0.0.1:{sshd.port}{file}", sshd.port, file.write_bytes, sshd.env())
    else:
        with web_server(directory) as url:
            port = int(url.rpartition(":")[2])
            yield Place(f"{url}/apiary.sql?X-Amz-Signature=SECRET", port, file.write_bytes, {})


def test_a_connection_that_is_cut_is_resumed(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice in the middle: the bytes are those of the file. Each time, before a byte: one sentence, nothing left."""
    with Cutting(place.port, 1_000_000, times=2) as cutting:
        url, env = place.through(cutting, tmp_path / "bin")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        path, known = fetched(tmp_path / "1", url)
        assert cutting.cut == 2
        assert (path.read_bytes() == CONTENT, known.sha256) == (True, SHA256)
    with Cutting(place.port, 300_000, times=10_000) as cutting:
        url, env = place.through(cutting, tmp_path / "bin2")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        place.put(CONTENT[:100])
        place.put(CONTENT)
        cutting.after_bytes = 0
        error = refused(tmp_path / "2", url)
    assert error.exit_code == 3
    assert error.fact.startswith("timed out after 1 s waiting for ")


def test_what_is_not_there_or_was_replaced_is_reported(place: Place, tmp_path: Path) -> None:
    error = refused(tmp_path / "1", place.url.replace("apiary.sql", "gone.sql"), place.env)
    assert (error.exit_code, error.fact.startswith("there is no ")) == (2, True)
    assert error.fact.partition(" (")[0].endswith("/gone.sql")
    store, path = open_store(place.url, {**os.environ, **place.env})
    entry = store.stat(path)
    assert entry is not None
    whole = content(store, entry)
    first = next(whole)
    place.put(CONTENT[::-1] + b"more")
    with pytest.raises(HarnessError, match="was replaced while it was read") as replaced:
        for _ in content(store, replace(entry, size_bytes=None)):
            pass
    assert (replaced.value.exit_code, first) == (3, CONTENT[: len(first)])
    whole.close()
    store.close()


def test_a_truncated_upload_is_a_broken_backup(bucket: tuple[Any, str], sshd: SshServer, tmp_path: Path) -> None:
    """Its digest file, or the store's metadata, still says what it was to be."""
    client, name = bucket
    client.put_object(Bucket=name, Key="cut.sql", Body=CONTENT[:-1], Metadata={"sha256": SHA256})
    error = refused(tmp_path / "1", f"s3://{name}/cut.sql")
    assert (type(error), error.exit_code) == (BrokenArtifact, 1)
    assert error.fact.startswith(f"s3://{name}/cut.sql is not what its metadata say: its sha256 is ")
    file = tmp_path / "there" / "apiary.sql"
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    file.with_name("apiary.sql.sha256").write_text(f"{SHA256}  apiary.sql\n")
    url = f"sftp://root@127.0.0.1:{sshd.port}{file}"
    assert fetched(tmp_path / "2", url, sshd.env())[1].checked == ("apiary.sql.sha256",)
    file.write_bytes(CONTENT[:-1])
    error = refused(tmp_path / "3", url, sshd.env())
    assert (type(error), error.exit_code) == (BrokenArtifact, 1)
    assert error.fact.startswith("apiary.sql does not match apiary.sql.sha256: its sha256 is ")


def test_credentials_that_do_not_do_are_bad_usage(
    bucket: tuple[Any, str], sshd: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are over, unknown, wrong or missing; an expired URL; an ssh server and an authority that say no."""
    client, name = bucket
    client.put_object(Bucket=name, Key="a.sql", Body=b"x")
    url = f"s3://{name}/a.sql"
    signed = client.generate_presigned_url("get_object", {"Bucket": name, "Key": "a.sql"}, ExpiresIn=1)
    for env, code in (
        (s3_session(expired=True), "InvalidAccessKeyId"),
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7REMOVED"}, "InvalidAccessKeyId"),
        ({"AWS_SECRET_ACCESS_KEY": "another"}, "SignatureDoesNotMatch"),
    ):
        with monkeypatch.context() as changed:
            for variable, value in env.items():
                changed.setenv(variable, value)
            error = refused(tmp_path, url)
        assert (error.exit_code, error.fact) == (2, f"the store refuses {url} ({code})")
    with monkeypatch.context() as changed:
        for variable, value in s3_session(expired=False).items():
            changed.setenv(variable, value)
        path, _ = fetched(tmp_path / "session", url)
    assert path.read_bytes() == b"x"
    path.unlink()
    wait_until(lambda: requests.get(signed, timeout=10).status_code == 403, what="the URL to expire", timeout_s=20)
    error = refused(tmp_path / "signed", signed)
    assert (error.exit_code, error.fact) == (
        2,
        f"the server refuses {signed.partition('?')[0]} (403: Request has expired)",
    )
    with (
        s3_that_answers(400, "ExpiredToken") as aws,  # as AWS itself does; HEAD has no body, and so no code
        monkeypatch.context() as changed,
    ):
        changed.setenv("AWS_ENDPOINT_URL", aws)
        error = refused(tmp_path / "aws", url)
    assert (error.exit_code, error.fact) == (2, f"the store refuses {url} (ExpiredToken)")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    error = refused(tmp_path, url)
    assert (error.exit_code, error.fact) == (2, f"s3://{name}/ cannot be used: Unable to locate credentials")

    env = {**sshd.env(), "PATH": os.environ["PATH"]}  # without the key of the test
    error = refused(tmp_path, f"sftp://root@127.0.0.1:{sshd.port}/a.sql", env)
    assert (error.exit_code, error.fact) == (
        2,
        f"sftp://127.0.0.1:{sshd.port} can't be reached: Host key verification failed.",
    )
    ssh = tmp_path.parent / f"{tmp_path.name}-ssh" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nexec {sshd.bin}/ssh -o IdentityFile=none -F {sshd.directory}/no-key "$@"\n')
    ssh.chmod(0o755)
    (sshd.directory / "no-key").write_text(f"UserKnownHostsFile {sshd.directory}/known\nIdentitiesOnly yes\n")
    env = {**sshd.env(), "PATH": f"{ssh.parent}:{os.environ['PATH']}"}
    error = refused(tmp_path, f"sftp://root@127.0.0.1:{sshd.port}/a.sql", env)
    assert (error.exit_code, "can't be reached: root@127.0.0.1: Permission denied" in error.fact) == (2, True)

    certificates = make_certificates(tmp_path.parent / f"{tmp_path.name}-certificates")
    with web_server(certificates.server, certificates) as tls:
        error = refused(tmp_path, f"{tls}/ca.pem")
        assert (error.exit_code, "not one that this machine trusts" in error.fact) == (2, True)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.server / "ca.pem"))
        path, _ = fetched(tmp_path / "trusted", f"{tls}/ca.pem")
        assert path.read_bytes() == (certificates.server / "ca.pem").read_bytes()


def test_urls_that_name_nothing_are_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    for url, message in (
        ("s3://bucket/key", "s3:// needs the package boto3, which is not installed"),
        ("s3://bucket", "s3://bucket names no file or directory"),
        ("sftp://root:SECRET@host/a", "an sftp:// URL holds no password"),
        ("https://user:SECRET@127.0.0.1/a/*.sql", "https://127.0.0.1/a/*.sql: a web server lists no files"),
    ):
        error = refused(tmp_path, url)
        assert (type(error), error.fact) == (UsageError, message)


def test_a_command_fetches_first_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`inspect` says of a URL what it says of the file; a vanished one is exit code 2 of `verify`, in one sentence."""
    monkeypatch.setenv("APIARY_DRILL_STATE_DIR", str(tmp_path / "state"))
    real = Path(__file__).parents[2] / "data" / "real-apiary"

    def answer(*argv: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, [*argv])
        assert "SECRET" not in done.output
        assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []
        return done.exit_code, done.stderr if argv[0] == "verify" else done.stdout

    with web_server(real) as url:
        fetched_first = answer("inspect", "--json", f"{url}/apiary.sql.gz?X-Amz-Signature=SECRET")
        script = f"{url}/apiary.sql.gz"
        page = answer("runbook", "--dump", f"{script}?X-Amz-Signature=SECRET", "--storage", f"{real}/storage.tar.gz")
        gone = answer("verify", "--dump", f"{url}/gone.sql?SECRET", "--storage", f"{real}/storage.tar.gz")
    assert f': "${{DUMP:?fetch {script} and set DUMP to the file}}"' in page[1], "what was fetched is gone"
    assert f': "${{FILES:={real}/storage.tar.gz}}"' in page[1]
    on_disk = answer("inspect", "--json", f"{real}/apiary.sql.gz")
    found = [json.loads(text)["script"] for _, text in (fetched_first, on_disk)]
    assert [each.pop("source").rpartition("/")[2] for each in found] == ["apiary.sql.gz"] * 2
    assert (fetched_first[0], found[0]) == (on_disk[0], found[1])
    assert gone[0] == 2
    assert gone[1].startswith(f"error: there is no {url}/gone.sql (404)\n")

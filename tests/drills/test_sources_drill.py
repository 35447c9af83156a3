"""The real Apiary's backup drilled from where backups live: whole drills, each from another kind of place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from harness.base.settings import Settings
from tests.certificates import make_certificates
from tests.drills.test_real_apiary import ACCEPTED, REAL, found
from tests.drills.test_verify_backup import drill
from tests.sshd import SshServer
from tests.stores import s3_environment, web_server

pytestmark = pytest.mark.xdist_group("real-apiary")

OPTIONS = ("--json", "--runtime", "process", "--no-negative-control", "--app-key-file", str(REAL / "app-key"))


def passes(settings: Settings, *arguments: str) -> dict[str, Any]:
    """The result of a drill that has to pass, and that leaves nothing of what it fetched."""
    before = set((settings.state_dir / "drills").glob("*"))  # of tests that keep one
    process = drill(settings, "verify", *OPTIONS, *arguments)
    assert process.stdout, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    assert found(result, "error") == []
    assert (process.returncode, result["verdict"]) == (0, "PASS")
    assert {code for code, _ in found(result, "warning")} <= ACCEPTED
    assert set((settings.state_dir / "drills").glob("*")) <= before
    return result


def test_from_s3_and_an_ssh_server(
    settings: Settings, s3: str, sshd: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dump from a bucket, by a pattern; the storage from another host."""
    for name, value in {**s3_environment(s3), **sshd.env()}.items():
        monkeypatch.setenv(name, value)
    client, bucket = boto3.session.Session().client("s3"), uuid4().hex
    client.create_bucket(Bucket=bucket)
    client.upload_file(str(REAL / "apiary.sql.gz"), bucket, "night/apiary-2026-11-22.sql.gz")
    client.close()
    shutil.copy(REAL / "storage.tar.gz", tmp_path)
    storage = f"sftp://root@127.0.0.1:{sshd.port}{tmp_path}/storage.tar.gz"
    result = passes(settings, "--dump", f"s3://{bucket}/night/apiary-*.sql.gz", "--storage", storage)
    assert result["backup"] == f"s3://{bucket}/night/apiary-*.sql.gz"
    dump, files = sorted(result["provenance"], key=lambda each: str(each["role"]))
    assert (dump["location"], dump["matched"]) == (f"s3://{bucket}/night/apiary-2026-11-22.sql.gz", 1)
    assert files["location"] == storage.replace("root@", "")
    digests = [{each["role"]: each["sha256"] for each in result[key]} for key in ("provenance", "artifacts")]
    assert digests[0] == digests[1]


def test_from_restic_and_encrypted_from_a_web_server(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dump from a snapshot, encrypted with age; the storage, encrypted as well, behind a presigned URL."""
    key, web = tmp_path / "key", tmp_path / "web"
    web.mkdir()
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    for name, directory in (("apiary.sql.gz", tmp_path), ("storage.tar.gz", web)):
        subprocess.run(["age", "-r", public, "-o", directory / f"{name}.age", REAL / name], check=True)
    env = {**os.environ, "RESTIC_REPOSITORY": str(tmp_path / "repo"), "RESTIC_PASSWORD": "secret"}
    for argv in (("init",), ("backup", "apiary.sql.gz.age")):
        subprocess.run(["restic", *argv], cwd=tmp_path, env=env, check=True, capture_output=True)
    options = f'["restic", "-r", "{tmp_path}/repo", "--password-command", "echo secret"'
    certificates = make_certificates(tmp_path / "certificates")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.server / "ca.pem"))
    with web_server(web, certificates) as url:
        assert url.startswith("https://")
        config = tmp_path / "drill.toml"
        config.write_text(
            f'[backup]\nname = "vault"\nsnapshot_command = {options}, "snapshots", "latest", "--json"]\n'
            f'dump_command = {options}, "dump", "{{snapshot}}", "/apiary.sql.gz.age"]\n'
            f'storage = "{url}/storage.tar.gz.age?X-Amz-Signature=SECRET"\ndecrypt = "age"\ndecrypt_key_file = "key"\n'
        )
        result = passes(settings, "--config", str(config))
    assert [each["location"] for each in result["provenance"]] == [
        "dump_command (restic)",
        f"{url}/storage.tar.gz.age",
    ]
    assert len(result["provenance"][0]["version"]) == 64
    assert "SECRET" not in json.dumps(result)

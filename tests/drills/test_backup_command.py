"""`apiary-drill backup` on a server that the harness did not start for it, and a drill of what it made."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from harness.base.settings import Settings
from harness.drill.flow import restored
from harness.records.attestation.keys import generate
from harness.runtime.spec import new_app_key
from tests.drills.conftest import Backed, drill_of
from tests.drills.test_verify_backup import drill, environment, output_of
from tests.following import follow
from tests.stores import s3_environment

pytestmark = pytest.mark.xdist_group("verify")

PRIVILEGES = "SELECT, SHOW VIEW, TRIGGER, LOCK TABLES, EVENT"


def test_a_backup_of_a_running_apiary_is_complete_and_restores(
    settings: Settings, backed: Backed, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that only reads is enough; what lacks a privilege is refused before anything is read.

    Into a bucket as into a directory.
    """
    for variable, value in s3_environment(s3).items():
        monkeypatch.setenv(variable, value)
    client, bucket = boto3.session.Session().client("s3"), uuid4().hex
    client.create_bucket(Bucket=bucket)
    password = tmp_path / "password"
    password.write_text("a pass'word\n")
    key = tmp_path / "app-key"
    key.write_text(f"APP_KEY={new_app_key()}\nAPP_PREVIOUS_KEYS={backed.app_key}\n")  # rotated since
    stopped, started = tmp_path / "stopped", tmp_path / "started"
    with drill_of(settings, "running") as other, restored(other, backed.backup) as (target, _):
        server = target.mysql
        with server.session() as session:
            session.execute("CREATE USER 'backup'@'%' IDENTIFIED BY 'a pass''word'")
            session.execute(f"GRANT SELECT, SHOW VIEW, EVENT ON {server.database}.* TO 'backup'@'%'")
        arguments = [
            "backup", "--mysql-port", str(server.port), "--mysql-user", "backup", "--mysql-password-file",
            str(password), "--storage", target.apiary.storage_root, "--search-prefix", target.apiary.search_prefix,
            "--stop-command", f"touch {stopped}", "--start-command", f"touch {started}",
        ]  # fmt: skip
        refused = drill(settings, *arguments, "--to", str(tmp_path / "refused"))
        assert refused.returncode == 2
        assert "lacks privileges for a complete backup: TRIGGER (triggers are silently omitted)" in output_of(refused)
        assert not (tmp_path / "refused").exists()
        with server.session() as session:
            session.execute(f"GRANT {PRIVILEGES} ON {server.database}.* TO 'backup'@'%'")
            session.execute("GRANT RELOAD, PROCESS ON *.* TO 'backup'@'%'")
        made = drill(settings, *arguments, "--quiet", "--to", f"s3://{bucket}/2026-11-22")
        assert (made.returncode, made.stdout, made.stderr) == (0, "", ""), "cron sends no mail"
        assert stopped.exists()
        assert started.exists()
        made = drill(settings, *arguments, "--app-key-file", str(key), "--to", str(tmp_path / "my backup"))
        for place, refusal in (
            (tmp_path / "my backup", "is not empty"),
            (f"s3://{bucket}/2026-11-22", "is there already"),
        ):
            again = drill(settings, *arguments, "--to", str(place))
            assert again.returncode == 2
            assert refusal in output_of(again)
    stored = {each["Key"]: each["Size"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]}
    manifest = json.load(client.get_object(Bucket=bucket, Key="2026-11-22/manifest.json")["Body"])
    client.close()
    files = {f"2026-11-22/{file['name']}": file["size_bytes"] for file in manifest["artifacts"]}
    assert files.items() <= stored.items()
    assert (manifest["mode"], manifest["same_snapshot"]) == ("quiesced", True)
    assert sum(table["rows"] for table in manifest["tables"]) == sum(t.rows for t in backed.backup.manifest.tables)
    assert "pass'word" not in json.dumps(manifest)
    generate(tmp_path / "signing key", None)
    here = environment(settings)
    verified = follow(
        made.stdout, "drill it: ", here, f"--runtime process --json --fast --sign '{tmp_path / 'signing key'}'"
    )
    assert verified.returncode == 0, verified.stderr
    proven = follow(verified.stderr, "verify it: ", here)
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert proven.stdout.splitlines()[-1] == "The signature is valid, and every file is unchanged."
    result = json.loads(verified.stdout)
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert result["verdict"] == "PASS"
    assert compared["rows-source"] == compared["rows-script"]
    assert compared["encrypted-values"] > 1

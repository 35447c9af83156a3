"""A drill whose files are in a Docker volume, as an operator has them; and a configuration that says so."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import docker
import pytest

from harness.artifacts.dump.source import open_script
from harness.artifacts.storage.archive import open_archive
from harness.base.settings import Settings
from harness.runtime.docker.images import LOCAL_STANDIN
from tests.drills.conftest import Backed
from tests.drills.test_verify_backup import drill

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("verify")]


def test_a_backup_whose_files_are_in_a_volume_passes(
    settings: Settings, backed: Backed, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """The configuration names it; every file is compared, and the volume is as it was."""
    with (tmp_path / "apiary.sql").open("wb") as script:
        script.writelines(open_script(backed.backup.dump))
    (tmp_path / "key").write_text(backed.app_key)
    name = f"test-volume-{secrets.token_hex(6)}"
    engine.volumes.create(name)
    try:
        holder = engine.containers.create(LOCAL_STANDIN, ["true"], volumes={name: {"bind": "/v", "mode": "rw"}})
        assert isinstance(backed.backup.storage, Path)
        holder.put_archive("/v", b"".join(open_archive(backed.backup.storage)))
        holder.remove(v=True)
        # The archive's owner of the directory itself is not taken by the engine.
        engine.containers.run(
            LOCAL_STANDIN, ["chown", "33:33", "/v"], user="0", remove=True, volumes={name: {"bind": "/v", "mode": "rw"}}
        )
        (tmp_path / "drill.toml").write_text(
            f'[backup]\ndump = "apiary.sql"\nstorage = "volume:{name}"\napp_key_file = "key"\n'
        )
        process = drill(
            settings, "verify", "--json", "--runtime", "process", "--config", str(tmp_path / "drill.toml")
        )  # fmt: skip
    finally:
        engine.volumes.get(name).remove(force=True)
    result = json.loads(process.stdout)
    assert [finding["code"] for finding in result["findings"] if finding["severity"] == "error"] == []
    assert process.returncode == 0, process.stderr
    assert result["purpose"] == f"The backup apiary.sql with volume {name}."
    files = next(check for check in result["checks"] if check["check"] == "files")
    assert files["compared"] > 50

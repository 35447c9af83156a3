"""One backup under MySQL 9.7 and MariaDB 10.11: a run each, and one table of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.base.settings import Settings
from tests.drills.conftest import Backed
from tests.drills.test_verify_backup import drill, output_of

pytestmark = pytest.mark.xdist_group("verify")


def test_each_combination_is_drilled_and_the_worst_counts(settings: Settings, backed: Backed, tmp_path: Path) -> None:
    """The key is only given for the sake of a PASS; what the manifest says is compared on both servers."""
    (tmp_path / "key").write_text(backed.app_key)
    process = drill(
        settings, "verify", "--json", "--runtime", "process", str(backed.directory), "--app-key-file",
        str(tmp_path / "key"), "--matrix", "mysql=9.7,mariadb", "--matrix", "meilisearch=embedded",
    )  # fmt: skip
    result = json.loads(process.stdout)
    (saved,) = settings.runs_dir.glob("*-matrix-*/matrix.json")
    cells = result["cells"]
    assert [dict(cell["values"]) for cell in cells] == [
        {"mysql": "9.7", "meilisearch": "embedded"}, {"mysql": "mariadb", "meilisearch": "embedded"},
    ]  # fmt: skip
    assert [cell["servers"][0].rpartition(".")[0] for cell in cells] == ["MySQL 9.7", "MariaDB 10.11"]
    assert cells[0]["verdict"] == "PASS", cells[0]["reasons"]
    for cell in cells:
        alone = json.loads((settings.runs_dir / cell["drill_id"] / "result.json").read_text())
        assert (alone["verdict"], alone["reasons"]) == (cell["verdict"], cell["reasons"])
        assert cell["recovery_time_s"] == alone["recovery_time_s"]
    codes = [cell["exit_code"] for cell in cells]
    assert process.returncode == (1 if 1 in codes else max(codes))
    assert json.loads(saved.read_text())["cells"] == cells
    assert result["purpose"] == "The backup database.sql.zst with storage.tar.zst."
    assert "combination 2 of 2: mysql mariadb, meilisearch embedded" in output_of(process)

"""A disk that is too small is seen before a server is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.base.errors import HarnessError
from harness.cli.main import main
from harness.inputs.backup import BackupUnderTest
from harness.inputs.room import beside_rows, expected_space
from tests.unit.faults.backups import a_backup

SCRIPT = b"-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\nCREATE TABLE `t` (`a` int);\n"
HUGE = 10 << 40
"""A sparse file of this size has no blocks; no machine here has so much room."""


def test_what_a_backup_takes_is_estimated_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(SCRIPT)
    (tmp_path / "a.sql.gz").write_bytes(SCRIPT)
    (tmp_path / "app" / "resumes").mkdir(parents=True)
    (tmp_path / "app" / "resumes" / "x.pdf").write_bytes(bytes(1000))
    (tmp_path / "app.tar").write_bytes(bytes(2000))
    plain = expected_space(BackupUnderTest(tmp_path / "a.sql", tmp_path / "app"))
    assert plain == 2 * len(SCRIPT) + 1000
    assert expected_space(BackupUnderTest(tmp_path / "a.sql.gz", tmp_path / "app.tar")) == 12 * len(SCRIPT) + 2000


def test_rows_that_do_not_fit_are_reported_before_anything_starts() -> None:
    assert beside_rows(100, None, "there") == (None, "there")
    assert beside_rows(100, 80, "there") == (30, "there beside the rows")
    with pytest.raises(HarnessError) as caught:
        beside_rows(200, 99, "/var/lib/drills")
    assert caught.value.fact == (
        "there is no room for the database: at least 100 bytes are needed, and 99 are free in /var/lib/drills"
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("fits", [True, False])
def test_doctor_knows_the_backup_that_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    backup = a_backup(tmp_path, **{"database.sql": SCRIPT, "storage.tar": bytes(1024)})
    if not fits:
        with (tmp_path / "large.sql").open("wb") as file:
            file.write(SCRIPT)
            file.truncate(HUGE)
    dump = backup / "database.sql" if fits else tmp_path / "large.sql"
    config = tmp_path / "apiary-drill.toml"
    config.write_text(f'[backup]\ndump = "{dump}"\nstorage = "{backup / "storage.tar"}"\n')
    monkeypatch.setenv("APIARY_DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    answer = CliRunner().invoke(main, ["doctor", "--config", str(config)])
    line = next(line for line in answer.output.splitlines() if "room for the backup" in line)
    assert line.startswith("✓" if fits else "✗"), answer.output
    assert ("about 2.0 GB for database.sql" if fits else "about 21992.2 GB for large.sql") in line.replace(",", "")
    assert "containers: no Docker engine answers" in answer.output
    if not fits:
        assert answer.exit_code == 3
        assert "Make room there, or name another place with APIARY_DRILL_STATE_DIR." in answer.output

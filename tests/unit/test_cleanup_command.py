"""`clean` never says that all is gone where it could not look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_an_engine_that_could_not_be_asked_is_told(tmp_path: Path) -> None:
    """A killed drill's containers may be on it; what is on this machine is removed all the same."""
    host = f"unix://{tmp_path}/none.sock"
    environment = {
        **os.environ,
        "DOCKER_HOST": host,
        "COLUMNS": "400",
        "APIARY_DRILL_STATE_DIR": str(tmp_path / "state"),
    }
    argv = [sys.executable, "-m", "harness.cli.main", "cleanup"]
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout == "nothing to remove\n"
    assert " ".join(ended.stderr.split()) == (
        f"containers were not looked for: no Docker engine answers at {host} (DOCKER_HOST): no such file or directory"
    )


def test_the_backup_that_a_killed_command_left_is_removed(tmp_path: Path) -> None:
    partial = tmp_path / "backups" / "night.partial"
    partial.mkdir(parents=True)
    (partial / "database.sql.zst").touch()
    notes = tmp_path / "state" / "backups"
    notes.mkdir(parents=True)
    (notes / "one").symlink_to(partial)
    (notes / "of-a-disk-that-is-away").symlink_to(tmp_path / "mnt" / "night.partial")
    environment = {
        **os.environ,
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
        "APIARY_DRILL_STATE_DIR": str(tmp_path / "state"),
    }
    argv = [sys.executable, "-m", "harness.cli.main", "cleanup"]
    told = [
        subprocess.run([*argv, *names], env=environment, capture_output=True, text=True, check=True).stdout
        for names in (["of-somebody-else"], [], [])
    ]
    removed = f"removed {partial}: a backup that was not finished\n1 leftovers removed\n"
    assert told == ["nothing to remove\n", removed, "nothing to remove\n"]
    assert [note.name for note in notes.iterdir()] == ["of-a-disk-that-is-away"]
    assert list(partial.parent.iterdir()) == []

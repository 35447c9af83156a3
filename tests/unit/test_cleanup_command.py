"""`cleanup` never says that all is gone where it could not look."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from harness.cli.main import main


def cleanup(directory: Path, *arguments: str) -> Result:
    """The command with a state directory of its own, and with an engine that does not answer."""
    away = {
        "DOCKER_HOST": f"unix://{directory}/none.sock",
        "APIARY_DRILL_STATE_DIR": str(directory / "state"),
        "COLUMNS": "400",
    }
    return CliRunner().invoke(main, ["cleanup", *arguments], env=away)


def test_an_engine_that_could_not_be_asked_is_reported(tmp_path: Path) -> None:
    """A killed drill's containers may be on it; what is on this machine is removed all the same."""
    ended = cleanup(tmp_path)
    assert (ended.exit_code, ended.stdout) == (0, "nothing to remove\n")
    host = f"unix://{tmp_path}/none.sock"
    message = (
        f"containers were not checked: no Docker engine answers at {host} (DOCKER_HOST): no such file or directory"
    )
    assert "".join(ended.stderr.split()) == "".join(message.split())  # a long path is wrapped anywhere


def test_the_backup_that_a_killed_command_left_is_removed(tmp_path: Path) -> None:
    partial = tmp_path / "backups" / "night.partial"
    partial.mkdir(parents=True)
    (partial / "database.sql.zst").touch()
    notes = tmp_path / "state" / "backups"
    notes.mkdir(parents=True)
    (notes / "one").symlink_to(partial)
    (notes / "of-a-disk-that-is-away").symlink_to(tmp_path / "mnt" / "night.partial")
    outputs = [cleanup(tmp_path, *names).stdout for names in (["of-somebody-else"], [], [])]
    removed = f"removed unfinished backup {partial}\nremoved 1 leftovers\n"
    assert outputs == ["nothing to remove\n", removed, "nothing to remove\n"]
    assert [note.name for note in notes.iterdir()] == ["of-a-disk-that-is-away"]
    assert list(partial.parent.iterdir()) == []

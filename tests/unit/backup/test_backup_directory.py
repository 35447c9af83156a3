"""A backup's directory has its name only when the backup is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.base.errors import BrokenArtifact, UsageError
from harness.inputs.discover import find_backup
from harness.procedure.backup.directory import new_directory, noted, remove_unfinished
from tests.tables import over_table


def test_it_gets_its_name_at_the_end(tmp_path: Path) -> None:
    with new_directory(tmp_path / "night") as partial:
        (partial / "file").touch()
        assert [path.name for path in tmp_path.iterdir()] == ["night.partial"]
    assert [path.name for path in (tmp_path / "night").iterdir()] == ["file"]
    assert [path.name for path in tmp_path.iterdir()] == ["night"]


def test_an_empty_directory_that_is_there_is_used(tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    with new_directory(tmp_path / "night") as partial:
        (partial / "file").touch()
    assert (tmp_path / "night" / "file").exists()


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    def fail() -> None:
        with new_directory(tmp_path / "night") as partial:
            (partial / "file").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backup_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "night.partial" / "storage").mkdir(parents=True)
    (tmp_path / "night.partial" / "database.sql.zst.partial").touch()
    with new_directory(tmp_path / "night") as partial:
        assert list(partial.iterdir()) == []


def test_clean_finds_what_a_killed_backup_left_and_not_what_is_written(tmp_path: Path) -> None:
    state, to = tmp_path / "state", tmp_path / "backups" / "night"
    program = (
        "import os, sys; from pathlib import Path; from harness.procedure.backup.directory import new_directory, noted\n"  # noqa: E501
        "with noted(Path(sys.argv[1]), Path(sys.argv[2])), new_directory(Path(sys.argv[2])) as partial:\n"
        "    (partial / 'file').touch(); print('here', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(state), str(to)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"here\n"
        assert list(remove_unfinished(state)) == []
        other.kill()
    partial = to.with_name("night.partial")
    assert (partial / "file").exists()
    assert list(remove_unfinished(state)) == [partial]
    assert list(to.parent.iterdir()) == []
    assert list((state / "backups").iterdir()) == []


def test_a_backup_that_ends_leaves_no_note(tmp_path: Path) -> None:
    with noted(tmp_path / "state", tmp_path / "night"), new_directory(tmp_path / "night"):
        pass
    assert list((tmp_path / "state" / "backups").iterdir()) == []
    assert (tmp_path / "night").is_dir()
    (tmp_path / "file").touch()
    with noted(tmp_path / "file", tmp_path / "other"), new_directory(tmp_path / "other"):
        pass  # a place for the note that is none keeps no backup from being made
    assert (tmp_path / "other").is_dir()


def test_a_backup_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from harness.procedure.backup.directory import new_directory\n"
        "with new_directory(Path(sys.argv[1])) as partial:\n"
        "    (partial / 'file').touch(); print('here', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "night")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "here\n"
        with pytest.raises(UsageError) as refused, new_directory(tmp_path / "night"):
            raise AssertionError("it belongs to somebody")
        assert str(refused.value) == (
            f"another backup is being written to {tmp_path / 'night.partial'}\n"
            "HINT: Give each backup its own directory."
        )
        assert (tmp_path / "night.partial" / "file").exists()
        other.communicate("")
    assert (tmp_path / "night" / "file").exists()


@over_table(
    "name, message",
    [("full", "is not empty"), ("file", "is not empty"), ("file/below", "Not a directory"), ("/proc", "is a mount")],
)
def test_a_place_that_can_not_be_used_is_reported(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "full" / "thing").mkdir(parents=True)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=message), new_directory(tmp_path / name):
        raise AssertionError("it can't be used")


def test_what_is_left_of_a_killed_backup_is_never_taken_for_a_backup(tmp_path: Path) -> None:
    """Although both parts are in it, and whole."""
    partial = tmp_path / "night.partial"
    (partial / "storage" / "resumes").mkdir(parents=True)
    (partial / "apiary.sql").write_text("CREATE TABLE t (a int);\n")
    with pytest.raises(BrokenArtifact) as broken:
        find_backup(partial)
    assert str(broken.value) == (
        "night.partial is an unfinished backup\nHINT: Use an earlier one. It can be deleted when no backup is running."
    )

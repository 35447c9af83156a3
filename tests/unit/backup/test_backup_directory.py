"""The directory of a backup, and backups in a directory of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.base.errors import BrokenArtifact, ProcedureFailed, UsageError
from harness.inputs.discover import find_backup
from harness.procedure.backup.directory import new_directory, noted, remove_unfinished
from harness.procedure.backup.external_server import CommandLifecycle, check_command, hides_routines, missing_privileges
from harness.runtime.process.host import LocalHost
from tests.tables import over_table


def test_it_gets_its_name_at_the_end(tmp_path: Path) -> None:
    """What a killed one left is cleared, an empty directory that is there is used, after an error nothing is left."""
    (tmp_path / "night.partial" / "storage").mkdir(parents=True)
    (tmp_path / "night.partial" / "database.sql.zst.partial").touch()
    with new_directory(tmp_path / "night") as partial:
        assert list(partial.iterdir()) == []
        (partial / "file").touch()
        assert [path.name for path in tmp_path.iterdir()] == ["night.partial"]
    assert [path.name for path in tmp_path.rglob("*")] == ["night", "file"]
    (tmp_path / "night" / "file").unlink()
    with new_directory(tmp_path / "night") as partial:
        (partial / "file").touch()
    assert (tmp_path / "night" / "file").exists()

    def fail() -> None:
        with new_directory(tmp_path / "other") as partial:
            (partial / "file").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["night"]


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


@over_table(
    "grants, missing",
    [
        (["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"], ()),
        (["GRANT USAGE ON *.* TO `b`@`%`", "GRANT ALL PRIVILEGES ON `apiary`.* TO `b`@`%`"], ()),
        (
            ["GRANT PROCESS, RELOAD ON *.* TO `b`@`%`", "GRANT SELECT, SHOW VIEW, EVENT ON `apiary`.* TO `b`@`%`"],
            ("TRIGGER", "LOCK TABLES"),
        ),
        (
            ["GRANT SELECT ON `another`.* TO `b`@`%`"],
            ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "LOCK TABLES", "PROCESS", "RELOAD"),
        ),
    ],
)
def test_privileges_that_no_grant_gives(grants: list[str], missing: tuple[str, ...]) -> None:
    """On everything or on this database counts; another database's does not."""
    assert missing_privileges(grants, "apiary") == missing


@over_table(
    "grants, hidden",
    [
        (["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `apiary`.* TO `b`@`%`"], True),
        (["GRANT RELOAD ON *.* TO `b`@`%`", "GRANT EXECUTE ON `another`.* TO `b`@`%`"], True),
        (["GRANT SELECT ON `apiary`.* TO `b`@`%`", "GRANT SHOW_ROUTINE ON *.* TO `b`@`%`"], False),
        (["GRANT SELECT, RELOAD ON *.* TO `b`@`%`"], False),
        (["GRANT ALL PRIVILEGES ON `apiary`.* TO `b`@`%`"], False),
        (["GRANT SELECT ON `mysql`.`proc` TO `b`@`%`"], False),
    ],
)
def test_routines_that_an_account_does_not_see(grants: list[str], hidden: bool) -> None:
    assert hides_routines(grants, "apiary") is hidden


@over_table(
    "scope, means",
    [("`api%`", True), ("`apiar_`", True), ("`apiar\\_`", False), ("`%`", True), ("`b%`", False), ("`api`", False)],
)
def test_a_grant_on_a_pattern_of_names(scope: str, means: bool) -> None:
    """SHOW GRANTS escapes the underscore, which is a wildcard there."""
    assert ("SELECT" not in missing_privileges([f"GRANT SELECT ON {scope}.* TO `b`@`%`"], "apiary")) is means
    assert "SELECT" not in missing_privileges(["GRANT SELECT ON `my\\_apiary`.* TO `b`@`%`"], "my_apiary")


def test_the_operators_commands_are_run(tmp_path: Path) -> None:
    """Stop and start, each as it was given, without a shell."""
    mark = tmp_path / "stopped; here"
    life = CommandLifecycle(LocalHost(), f"touch '{mark}'", f"rm '{mark}'")
    life.stop()
    assert mark.exists()
    life.start()
    assert not mark.exists()


def test_a_command_that_fails_is_reported() -> None:
    """A backup of an application that did not stop is not a quiesced one."""
    with pytest.raises(ProcedureFailed, match=r"^`false` failed with exit status 1$"):
        CommandLifecycle(LocalHost(), "false", "true").stop()
    with pytest.raises(ProcedureFailed) as failed:
        CommandLifecycle(LocalHost(), "true", "no-such-program now").start()
    assert str(failed.value).startswith(
        "`no-such-program now` failed with exit status 127\n"
        "HINT: The application may still be stopped: start it manually.\n"
    )


def test_a_command_that_leaves_a_server_running_ends(tmp_path: Path) -> None:
    """The server keeps what the command wrote to open, and nobody may wait for its end."""
    pid = tmp_path / "pid"
    CommandLifecycle(LocalHost({"PATH": os.environ["PATH"]}), "true", f"sh -c 'sleep 600 & echo $! > {pid}'").start()
    os.kill(int(pid.read_text()), signal.SIGKILL)  # it was there: nobody waited for its end


def test_a_command_that_cannot_be_run_is_refused_before_the_other_one_stops_anything(tmp_path: Path) -> None:
    script = tmp_path / "start.sh"
    script.write_text("#!/bin/sh\n")
    for command, message in (
        (str(script), "no executable program"),
        ("no-such-program now", "no executable program 'no-such-program'"),
        ("", "no executable program ''"),
        ("echo 'half", "no closing quotation"),
    ):
        with pytest.raises(UsageError) as caught:
            check_command(command, "--start-command", os.environ["PATH"])
        assert message in caught.value.fact
    script.chmod(0o755)
    check_command(f"{script} 'a b'", "--start-command", os.environ["PATH"])


def test_the_start_command_is_not_interrupted(tmp_path: Path) -> None:
    """A second Ctrl-C while the application comes up; and the application itself still hears signals."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts behind `&` ignores it
    mark = tmp_path / "mark"
    start = f"sh -c 'kill -INT {os.getpid()}; sleep 0.1; grep SigIgn /proc/self/status > {mark}'"
    CommandLifecycle(LocalHost({"PATH": os.environ["PATH"]}), "true", start).start()
    assert int(mark.read_text().split()[1], 16) & (1 << signal.SIGINT - 1) == 0
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)

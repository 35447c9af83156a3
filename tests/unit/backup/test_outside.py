"""What an account lacks for a whole backup, and the commands that stop and start an application."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.base.errors import ProcedureFailed, UsageError
from harness.procedure.backup.external_server import CommandLifecycle, check_command, hides_routines, missing_privileges
from harness.runtime.process.host import LocalHost
from tests.tables import over_table


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


def test_an_escaped_name_is_the_databases() -> None:
    """SHOW GRANTS escapes the underscore, which is a wildcard there."""
    assert "SELECT" not in missing_privileges(["GRANT SELECT ON `my\\_apiary`.* TO `b`@`%`"], "my_apiary")


@over_table(
    "scope, means",
    [("`api%`", True), ("`apiar_`", True), ("`apiar\\_`", False), ("`%`", True), ("`b%`", False), ("`api`", False)],
)
def test_a_grant_on_a_pattern_of_names(scope: str, means: bool) -> None:
    assert ("SELECT" not in missing_privileges([f"GRANT SELECT ON {scope}.* TO `b`@`%`"], "apiary")) is means


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

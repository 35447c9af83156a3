"""What an account lacks for a whole backup, and the commands that stop and start an application."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.backup.outside import CommandLifecycle, missing_privileges
from harness.errors import ProcedureFailed
from harness.runtimes.local_host import LocalHost


@pytest.mark.parametrize(
    ("grants", "missing"),
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
    ids=["root", "owner of the database", "two are missing", "another database's"],
)
def test_privileges_that_no_grant_gives(grants: list[str], missing: tuple[str, ...]) -> None:
    """On everything or on this database counts; another database's does not."""
    assert missing_privileges(grants, "apiary") == missing


def test_an_escaped_name_is_the_databases() -> None:
    """SHOW GRANTS escapes the underscore, which is a wildcard there."""
    assert "SELECT" not in missing_privileges(["GRANT SELECT ON `my\\_apiary`.* TO `b`@`%`"], "my_apiary")


def test_the_operators_commands_are_run(tmp_path: Path) -> None:
    """Stop and start, each as it was given, without a shell."""
    mark = tmp_path / "stopped; here"
    life = CommandLifecycle(LocalHost(), f"touch '{mark}'", f"rm '{mark}'")
    life.stop()
    assert mark.exists()
    life.start()
    assert not mark.exists()


def test_a_command_that_fails_is_told() -> None:
    """A backup of an application that did not stop is not a quiesced one."""
    with pytest.raises(ProcedureFailed, match=r"^`false` ended with exit status 1$"):
        CommandLifecycle(LocalHost(), "false", "true").stop()

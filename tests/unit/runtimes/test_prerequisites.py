"""`doctor --install` for a user without root and without sudo: what it does, and the commands for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.settings import from_environment
from harness.cli import prerequisites

ONCE = (
    "As root, once: apt-get update && apt-get install --yes --no-install-recommends mariadb-server-core mariadb-client"
)


@pytest.mark.parametrize("unpacked", [True, False])
def test_a_user_without_root_is_shown_the_commands_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: bool
) -> None:
    """Where MySQL was unpacked nothing else has to be there; without any server it is an error, before any drill."""
    (tmp_path / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr("harness.cli.prerequisites.os.geteuid", lambda: 1000)
    monkeypatch.setattr(prerequisites, "install_mysql", lambda *_: None)
    monkeypatch.setattr(prerequisites, "install_engine", lambda *_: None)
    monkeypatch.setattr(prerequisites, "installed", lambda _: tmp_path if unpacked else None)
    settings = from_environment({"PATH": str(tmp_path), "HOME": str(tmp_path)})
    monkeypatch.setattr(type(settings), "which", lambda _, name: tmp_path / name if name == "apt-get" else None)
    messages: list[str] = []
    if unpacked:
        prerequisites.install(settings, messages.append)
        assert messages[:2] == [
            "MariaDB is not installed, which only tests and drills under it need: cannot install packages: not running "
            "as root, and sudo is missing or asks for a password",
            f"  {ONCE}",
        ]
    else:
        with pytest.raises(UsageError) as caught:
            prerequisites.install(settings, messages.append)
        assert caught.value.hints == (ONCE,)

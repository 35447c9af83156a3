"""The user that root's servers run as: it reads, writes nothing but its own, and becomes nobody else."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.settings import Settings, from_environment
from harness.runtime.process import server_user
from harness.runtime.process.host import LocalHost
from harness.runtime.process.server_user import FIRST_UID, UIDS, ServerUser
from harness.runtime.process.server_user import server_user as user_of
from harness.runtime.services.execution import Completed, run

ENV = {"PATH": os.environ["PATH"]}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")


@pytest.fixture
def settings() -> Settings:
    return from_environment(os.environ)


@pytest.fixture
def user(settings: Settings) -> ServerUser:
    found = user_of(settings, "a-drill", "target", ENV)
    if found is None:
        pytest.skip("this machine does not let root give up its rights")
    return found


def as_user(user: ServerUser, script: str, *arguments: object) -> Completed:
    return run(LocalHost(ENV), user.command(["sh", "-c", script, *map(str, arguments)]), timeout_s=30)


@needs_root
def test_it_writes_its_own_directory_and_nothing_else(user: ServerUser, tmp_path: Path) -> None:
    for name in ("own", "other"):
        (tmp_path / name).mkdir(mode=0o700)
        (tmp_path / name / "file").write_text("kept")
    (tmp_path / "own" / "link").symlink_to(tmp_path / "other" / "file")
    user.hand_over(tmp_path / "own")
    assert as_user(user, 'echo x > "$0"/file && mkdir "$0"/new', tmp_path / "own").exit_status == 0
    assert as_user(user, 'cat "$0"/file', tmp_path / "other").stdout == b"kept", "below directories that are closed"
    for script in ('echo x > "$0"/file', 'echo x > "$0"/new', 'chmod 777 "$0"', 'rm "$0"/file'):
        assert as_user(user, script, tmp_path / "other").exit_status != 0, script
    assert (tmp_path / "other" / "file").read_text() == "kept"
    assert (tmp_path / "other" / "file").stat().st_uid == 0, "what a link points at is not handed over"
    assert as_user(user, "kill -0 $0", os.getpid()).exit_status != 0


@needs_root
def test_it_has_one_capability_and_can_get_no_other(user: ServerUser, tmp_path: Path) -> None:
    status = as_user(user, "cat /proc/self/status").stdout.decode()
    found = dict(re.findall(r"^(Uid|Gid|Groups|NoNewPrivs|Cap\w+):[ \t]*(.*?)[ \t]*$", status, re.MULTILINE))
    assert set(found["Uid"].split()) == set(found["Gid"].split()) == {str(user.uid)}
    assert found["Groups"] in ("", str(user.uid))
    assert found["NoNewPrivs"] == "1"
    assert {int(found[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {1 << 2}
    program = tmp_path / "id"
    program.write_bytes(Path("/usr/bin/id").read_bytes())
    program.chmod(stat.S_ISUID | 0o755)
    assert as_user(user, '"$0" -u', program).stdout.decode().strip() == str(user.uid), "setuid bits do nothing"


@needs_root
def test_a_user_for_each_stack_that_nobody_has(settings: Settings, user: ServerUser) -> None:
    again, source = (user_of(settings, "a-drill", role, ENV) for role in ("target", "source"))
    assert again == user != source
    assert all(found and FIRST_UID <= found.uid < FIRST_UID + UIDS for found in (again, source))


def test_no_user_where_there_is_no_way(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_of(replace(settings, search_path=(str(tmp_path),)), "a-drill", "target", ENV) is None, "no setpriv"
    refusing = tmp_path / "setpriv"
    refusing.write_text("#!/bin/sh\nexit 127\n")
    refusing.chmod(0o755)
    assert user_of(replace(settings, search_path=(str(tmp_path),)), "a-drill", "target", ENV) is None, "no capability"
    monkeypatch.setattr(server_user, "_sees_other_users", lambda: False)
    assert user_of(settings, "a-drill", "target", ENV) is None, "leftovers could not be found"
    monkeypatch.undo()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert user_of(settings, "a-drill", "target", ENV) is None

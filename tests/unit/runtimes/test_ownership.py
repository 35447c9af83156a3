"""Whose a drill is: what a killed one left is found and removed, and a living one is never touched."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from harness.base.errors import ServerFailed, UsageError
from harness.base.wait import wait_until
from harness.runtime.ownership import (
    DRILL_ID_VARIABLE,
    Leftover,
    Owner,
    boot_id,
    end_processes,
    leftovers,
    sweep,
    workspace,
)
from tests.tables import over_table
from tests.unit.runtimes.test_child import runs

DRILL = """
import os, subprocess, sys, time
from pathlib import Path
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
state, drill_id = Path(sys.argv[1]), sys.argv[2]
with workspace(state, drill_id) as directory:
    stubborn = "trap '' TERM; echo; while :; do sleep 0.2; done"
    server = subprocess.Popen(
        ["sh", "-c", stubborn if sys.argv[3] == "stubborn" else "echo; exec sleep 600"],
        env={**os.environ, DRILL_ID_VARIABLE: drill_id}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    # Popen returns before the kernel has set the new program's environment, and before it ignores any signal.
    server.stdout.readline()
    (directory / "data").mkdir()
    (directory / "data" / "ibdata1").write_bytes(b"x" * 1000)
    print(server.pid, flush=True)
    time.sleep(600)
"""
"""A drill that runs one server in a session of its own, and tells its process id when it is ready."""


@contextmanager
def drill(state: Path, drill_id: str, manner: str = "polite") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A drill in another process; it and its server are gone after the block, whatever the test did."""
    command = [sys.executable, "-c", DRILL, str(state), drill_id, manner]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        try:
            yield process, server
        finally:
            process.kill()
            process.wait()
            if runs(server):
                os.kill(server, signal.SIGKILL)


def write_owner(state: Path, drill_id: str, owner: Owner) -> Path:
    directory = state / "drills" / drill_id
    directory.mkdir(parents=True)
    (directory / "owner.json").write_text(json.dumps(as_written(owner)))
    return directory


def as_written(owner: Owner) -> dict[str, object]:
    return {name: value for name, value in asdict(owner).items() if name != "ticks"}


@pytest.fixture
def drill_id(tmp_path: Path) -> str:
    """A name that no other run of these tests has at the same time."""
    return f"drill-{os.getpid()}-{tmp_path.name}"


def test_a_workspace_is_private_owned_and_gone_afterwards(tmp_path: Path) -> None:
    with workspace(tmp_path, "mine") as directory:
        assert directory == tmp_path / "drills" / "mine"
        assert directory.stat().st_mode & 0o777 == 0o700
        owner = Owner(**json.loads((directory / "owner.json").read_text()))
        assert (owner.pid, owner.boot_id, owner.keep) == (os.getpid(), boot_id(), False)
        assert owner.alive()
    assert list((tmp_path / "drills").iterdir()) == []


def test_a_workspace_is_gone_also_after_an_error_and_its_processes_are_ended(tmp_path: Path, drill_id: str) -> None:
    """An error ends a drill whose target was to be kept as well: there is nothing worth keeping."""
    servers = []

    def interrupted() -> None:
        with workspace(tmp_path, drill_id, keep=True):
            env = {**os.environ, DRILL_ID_VARIABLE: drill_id}
            servers.append(subprocess.Popen(["sleep", "600"], env=env, start_new_session=True))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert servers[0].wait(5) == -signal.SIGTERM
    assert list((tmp_path / "drills").iterdir()) == []


def test_a_workspace_that_cannot_be_made_or_is_another_drills_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "drills").write_text("a file is in the way")
    with pytest.raises(UsageError) as caught, workspace(tmp_path, "mine"):
        pass
    assert str(caught.value) == (
        f"cannot make the work directory {tmp_path}/drills/mine: Not a directory\n"
        "HINT: Choose another location with APIARY_DRILL_STATE_DIR."
    )
    (tmp_path / "drills").unlink()
    twice = pytest.raises(UsageError, match=r"^cannot make the work directory .*: File exists")
    with workspace(tmp_path, "mine") as directory, twice, workspace(tmp_path, "mine"):
        pass
    assert not directory.exists()


def test_the_state_of_another_user_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like a killed drill there may be one that this user can't see running."""
    abandoned = tmp_path / "drills" / "theirs"
    abandoned.mkdir(parents=True)
    os.utime(abandoned, (0, 0))
    mine = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: mine + 4711)
    for asked in (lambda: sweep(tmp_path), lambda: workspace(tmp_path, "one").__enter__()):
        with pytest.raises(UsageError) as caught:
            asked()
        assert caught.value.lines() == [
            f"the state directory {tmp_path} belongs to user ID {mine}, not to {mine + 4711}",
            "HINT: Choose one of your own with APIARY_DRILL_STATE_DIR.",
        ]
    assert abandoned.exists()
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    assert [left.directory for left in sweep(tmp_path)] == [abandoned]


@pytest.mark.parametrize("manner", ["polite", "stubborn"])
def test_what_a_killed_drill_left_is_found_and_removed(tmp_path: Path, drill_id: str, manner: str) -> None:
    """Its directory and its server are gone, also when the server ignores SIGTERM."""
    with drill(tmp_path, drill_id, manner) as (process, server):
        directory = tmp_path / "drills" / drill_id
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert runs(server), "the server outlives its drill"
        (found,) = leftovers(tmp_path)
        assert found.owner is not None
        assert (found.drill_id, found.directory, found.owner.pid) == (drill_id, directory, process.pid)
        assert server in found.pids
        assert [leftover.drill_id for leftover in sweep(tmp_path)] == [drill_id]
        wait_until(lambda: not runs(server), what="the server to end", timeout_s=5)
        assert not directory.exists()
        assert sweep(tmp_path) == []


def test_a_drill_that_lives_is_not_touched(tmp_path: Path, drill_id: str) -> None:
    with drill(tmp_path, drill_id) as (process, server):
        assert sweep(tmp_path, kept_too=True) == []
        assert process.poll() is None
        assert runs(server)
        assert (tmp_path / "drills" / drill_id / "data" / "ibdata1").stat().st_size == 1000


def test_sweeping_one_drill_leaves_the_servers_of_another(tmp_path: Path, drill_id: str) -> None:
    """An id that begins like another one is another drill."""
    with drill(tmp_path, drill_id) as (dead, _), drill(tmp_path, f"{drill_id}-2") as (_, server):
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert [leftover.drill_id for leftover in sweep(tmp_path)] == [drill_id]
        assert runs(server)


def test_a_zombie_owner_is_dead(tmp_path: Path, drill_id: str) -> None:
    """Who started the drill may not have asked yet how it ended."""
    with drill(tmp_path, drill_id) as (process, _):
        owner = Owner(**json.loads((tmp_path / "drills" / drill_id / "owner.json").read_text()))
        assert owner.alive()
        process.send_signal(signal.SIGKILL)
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, what="its end", timeout_s=5)
        assert not owner.alive()


def test_a_target_that_was_kept_is_only_removed_when_asked_for(tmp_path: Path) -> None:
    with workspace(tmp_path, "kept", keep=True) as directory:
        (directory / "data").write_text("x")
    assert (directory / "data").exists()
    assert sweep(tmp_path) == []
    owner_of_kept = Owner(**json.loads((directory / "owner.json").read_text()))
    assert owner_of_kept.keep
    dead = replace(owner_of_kept, started=0.0)
    (directory / "owner.json").write_text(json.dumps(as_written(dead)))
    (directory / "owner.lock").unlink()
    assert sweep(tmp_path) == []
    assert sweep(tmp_path, kept_too=True) == [Leftover("kept", directory, dead, ())]
    assert not directory.exists()


def test_the_owner_is_a_process_of_this_boot_that_started_then(tmp_path: Path) -> None:
    mine = Owner.current()
    assert mine.alive()
    assert mine.ticks is not None
    # Without ticks: what an older version wrote.
    assert replace(mine, ticks=None).alive()
    with subprocess.Popen(["true"]) as process:
        process.wait()
    elsewhere = replace(mine, boot_id="00000000-0000-0000-0000-000000000000")
    for other in (
        elsewhere,
        replace(mine, pid=process.pid),
        *(replace(mine, ticks=mine.ticks + step) for step in (-1, 1)),
        *(replace(mine, ticks=None, started=mine.started + step) for step in (-2, 2)),
    ):
        assert not other.alive()
    directory = write_owner(tmp_path, "before-the-restart", elsewhere)
    assert [leftover.drill_id for leftover in sweep(tmp_path)] == ["before-the-restart"]
    assert not directory.exists()
    assert sweep(tmp_path / "gone") == []


@pytest.mark.parametrize("step_s", [-3600, -1, 1, 3600])
def test_a_drill_outlives_a_step_of_the_clock(tmp_path: Path, drill_id: str, step_s: int) -> None:
    """The kernel's time of the boot moves with the clock, and with it psutil's start times, but no owner."""
    with drill(tmp_path, drill_id) as (process, server):
        before = psutil.Process(process.pid).create_time()
        with clock_set(tmp_path, step_s):
            assert round(psutil.Process(process.pid).create_time() - before) == step_s
            owner = Owner.current()
            assert sweep(tmp_path, kept_too=True) == []
            assert runs(server)
            process.send_signal(signal.SIGKILL)
            process.wait()
            # Dead is dead, whatever the clock says.
            assert [left.drill_id for left in sweep(tmp_path)] == [drill_id]
        assert owner.alive()


@contextmanager
def clock_set(directory: Path, step_s: int) -> Iterator[None]:
    """psutil finds a `/proc` in which the boot was at another time, as after a step of the clock."""
    fake = directory / "proc"
    fake.mkdir()
    for entry in Path("/proc").iterdir():
        if entry.name != "stat":
            (fake / entry.name).symlink_to(entry)
    lines = Path("/proc/stat").read_text().splitlines()
    moved = [f"btime {int(line.split()[1]) + step_s}" if line.startswith("btime ") else line for line in lines]
    (fake / "stat").write_text("\n".join(moved) + "\n")
    psutil.PROCFS_PATH = str(fake)
    try:
        yield
    finally:
        psutil.PROCFS_PATH = "/proc"


def test_a_lock_that_is_held_decides(tmp_path: Path) -> None:
    """Whatever the process looks like from here: it may be hidden, or in another namespace."""
    with workspace(tmp_path, "mine") as directory:
        owner = json.loads((directory / "owner.json").read_text())
        (directory / "owner.json").write_text(json.dumps({**owner, "boot_id": "another boot"}))
        assert leftovers(tmp_path) == []
        (directory / "owner.json").write_text("{")
        os.utime(directory, (1_600_000_000, 1_600_000_000))
        assert sweep(tmp_path) == []
        assert directory.exists()
    assert not directory.exists()


def test_an_older_version_still_sees_that_a_drill_lives(tmp_path: Path) -> None:
    """It reads `owner.json`, and takes a field that it does not know for a broken file."""
    with workspace(tmp_path, "mine") as directory:
        known = json.loads((directory / "owner.json").read_text())
        assert set(known) == {"pid", "started", "boot_id", "created_at", "keep"}
        (directory / "owner.lock").unlink()
        assert leftovers(tmp_path) == []


@over_table("text", [None, "", "{", "[]", '{"pid": 1}'])
def test_a_directory_without_a_readable_owner_is_left_alone_while_it_is_young(tmp_path: Path, text: str | None) -> None:
    """Its owner may be about to write its name; after a while nobody is."""
    directory = tmp_path / "drills" / "nameless"
    directory.mkdir(parents=True)
    if text is not None:
        (directory / "owner.json").write_text(text)
    for written_at in (1_600_000_000, 4_000_000_000):  # the clock was set back since then
        assert sweep(tmp_path) == []
        os.utime(directory, (written_at, written_at))
        assert sweep(tmp_path) == [Leftover("nameless", directory, None, ())]
        assert not directory.exists()
        directory.mkdir()


def test_ending_processes_never_ends_this_one(drill_id: str) -> None:
    """Not even when the harness was started by a drill and carries its id itself."""
    script = (
        "import os, sys\n"
        "from harness.runtime.ownership import end_processes\n"
        "end_processes(sys.argv[1])\n"
        "print('alive')"
    )
    env = {**os.environ, DRILL_ID_VARIABLE: drill_id}
    ended = subprocess.run([sys.executable, "-c", script, drill_id], env=env, capture_output=True, check=True)
    assert ended.stdout == b"alive\n"
    end_processes(drill_id)


def test_what_a_killed_drill_had_mounted_is_unmounted(tmp_path: Path) -> None:
    """A fault puts the storage directory on a small file system; nothing below a mount point can be removed."""
    gone = replace(Owner.current(), boot_id="another boot")
    storage = write_owner(tmp_path, "gone", gone) / "target/app storage"
    storage.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "apiary-drill-test", storage], capture_output=True, check=False)
    if mounted.returncode != 0 and not os.environ.get("CI"):
        pytest.skip("mounting needs root, and in a container its own right")
    assert mounted.returncode == 0, mounted.stderr
    try:
        (storage / "file").write_text("x")
        assert [left.drill_id for left in sweep(tmp_path)] == ["gone"]
        assert list((tmp_path / "drills").iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", storage], capture_output=True, check=False)


def test_what_cannot_be_removed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence with the way out, instead of a traceback at every later start."""
    directory = write_owner(tmp_path, "gone", replace(Owner.current(), boot_id="another boot"))

    def refuse(path: Path, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(ServerFailed) as caught:
        sweep(tmp_path)
    assert str(caught.value) == (
        f"cannot remove {directory}, left behind by a drill: Device or resource busy\n"
        "HINT: Remove it manually, or choose another location with APIARY_DRILL_STATE_DIR."
    )

"""However a drill ends, nothing of it stays behind that is not found and removed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from harness.base.wait import wait_until
from tests.commands import called
from tests.drills.engine_things import processes_of
from tests.following import follow

pytestmark = pytest.mark.xdist_group("endings")


RUN = ("run", "--runtime", "process", "--mysqld", "mariadbd", "--scale", "tiny", "--fast")


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """An environment with directories of this test alone."""
    return {
        **os.environ,
        "APIARY_DRILL_STATE_DIR": str(tmp_path / "state"),
        "APIARY_DRILL_RUNS_DIR": str(tmp_path / "runs"),
        "PYTHONUNBUFFERED": "1",
        # What is on an engine is other tests' business.
        "DOCKER_HOST": "unix:///nonexistent.sock",
    }


@pytest.fixture
def running(place: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A drill whose source is being set up, in a session of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli.main", *RUN],
        env=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Start the servers of the source" in line:
            break
    else:
        pytest.fail("".join(lines))
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    command(place, "cleanup")


def drills(place: dict[str, str]) -> list[Path]:
    """Work directories that are there."""
    return list(Path(place["APIARY_DRILL_STATE_DIR"], "drills").iterdir())


def processes(place: dict[str, str]) -> list[psutil.Process]:
    """Processes that a drill of this test started."""
    runs = Path(place["APIARY_DRILL_RUNS_DIR"])
    return processes_of({path.name for path in runs.iterdir()} if runs.is_dir() else set())


def command(place: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return called(*arguments, env=place)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_drill_leaves_nothing(
    running: subprocess.Popen[str], place: dict[str, str], number: signal.Signals
) -> None:
    """Ctrl-C, a polite kill and a closed terminal, pressed again and again: exit code 130, no server, no directory."""
    assert len(processes(place)) >= 2
    while running.poll() is None:
        os.kill(running.pid, number)
        time.sleep(0.02)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 130, output
    assert output.rstrip().endswith("interrupted: all servers of this drill were stopped")
    assert processes(place) == []
    assert drills(place) == []


def servers(place: dict[str, str]) -> set[int]:
    """The servers among a drill's processes; its tools come and go while it goes on."""
    found = set()
    for process in processes(place):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "mariadbd" or "harness.standins.meilisearch" in process.cmdline():
                found.add(process.pid)
    return found


def test_what_a_killed_drill_left_is_found_and_removed_by_cleanup(
    running: subprocess.Popen[str], place: dict[str, str]
) -> None:
    """`cleanup` leaves a drill alone that is alive. After kill -9 its servers go on; then it ends them and removes
    their directory, and finds nothing after that."""
    before = servers(place)
    assert before
    assert command(place, "cleanup").stdout == "nothing to remove\n"
    assert before <= servers(place)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert len(processes(place)) >= 2
    (left,) = drills(place)
    cleaned = command(place, "cleanup")
    assert cleaned.returncode == 0
    assert f"removed {left.name}: " in cleaned.stdout
    assert cleaned.stdout.endswith("removed 1 leftovers\n")
    assert processes(place) == []
    assert drills(place) == []
    assert command(place, "cleanup").stdout == "nothing to remove\n"


def test_a_server_that_dies_makes_the_drill_inconclusive(running: subprocess.Popen[str], place: dict[str, str]) -> None:
    """The database server is killed: exit code 3, the sentence names it, and nothing stays behind."""
    for process in processes(place):
        if process.name() == "mariadbd":
            process.kill()
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 3, output
    assert "INCONCLUSIVE" in output
    assert "MySQL" in output
    wait_until(lambda: processes(place) == [], what="the processes to end", timeout_s=20)
    assert drills(place) == []


def test_two_drills_at_once_do_not_disturb_each_other_and_one_is_kept(place: dict[str, str]) -> None:
    """Both pass. The kept target outlives its command, and `cleanup` leaves it alone until it is named."""
    argv = [sys.executable, "-m", "harness.cli.main", *RUN]
    both = [
        subprocess.Popen([*argv, *keep], env=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for keep in ((), ("--keep",))
    ]
    _, kept = outputs = [process.communicate(timeout=400)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(outputs)
    url = next(line.split()[1] for line in kept.splitlines() if line.startswith("  Apiary "))
    (directory,) = drills(place)
    secrets = directory / "access"
    assert secrets.stat().st_mode & 0o777 == 0o600
    passwords = dict(line.split("=", 1) for line in secrets.read_text().splitlines())
    assert not [name for name, value in passwords.items() if name != "MYSQL_USER" and value in kept]
    login = ("drill", passwords["APIARY_PASSWORD"])
    assert requests.get(f"{url}ping", timeout=30).status_code == 401, "not to every user of this machine"
    assert requests.get(f"{url}ping", auth=login, timeout=30).text == "pong"
    for others in ((), ("20260101T000000Z-another-000000",)):
        assert command(place, "cleanup", *others).stdout == "nothing to remove\n"
    assert requests.get(f"{url}ping", auth=login, timeout=30).text == "pong"
    assert follow(kept, "Remove it: ", place).stdout.endswith("removed 1 leftovers\n")
    assert processes(place) == []
    assert drills(place) == []

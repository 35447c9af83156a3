"""The scorecard on real servers: several processes, one that dies, and an end in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.base.wait import wait_until
from tests.commands import called
from tests.drills.engine_things import processes_of

pytestmark = pytest.mark.xdist_group("pytest-drills")


def start_score(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable, "-m", "harness.cli.main", "score",
            "--jobs", "2", "--json", *arguments,
        ],
        env={
            **os.environ, "APIARY_DRILL_STATE_DIR": str(directory / "state"), "PYTHONUNBUFFERED": "1",
            "DOCKER_HOST": f"unix://{directory}/no.sock",
        },
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def drills(directory: Path) -> list[Path]:
    """Work directories of drills whose database has started."""
    return list((directory / "state/drills").glob("*/*/mysql/data"))


def owner_of(data: Path) -> int:
    """The process of the drill that a work directory belongs to."""
    return int(json.loads((data.parents[2] / "owner.json").read_text())["pid"])


def test_a_worker_that_is_killed_costs_its_drill_and_nothing_else(tmp_path: Path) -> None:
    """What it had is reported as not drilled, the others go on, and what it left is swept by the next start.

    The runtime is chosen once, with the reason: no drill may quietly run on something else than the others.
    """
    process = start_score(tmp_path, "remove-row", "stale-source", "flip-dump-byte")
    wait_until(lambda: len(drills(tmp_path)) == 2, what="two drills at once", timeout_s=120)
    victim = owner_of(drills(tmp_path)[0])
    os.kill(victim, signal.SIGKILL)
    out, errors = process.communicate()
    card = json.loads(out)
    why = f"no Docker engine answers at unix://{tmp_path}/no.sock (DOCKER_HOST): no such file or directory"
    assert errors.splitlines()[0] == f"runtime: local processes, because {why}"
    assert card["runtime"] == "auto (process)"
    outcomes = sorted(drill["outcome"] for drill in card["drills"])
    assert outcomes.count("not drilled") == 1, errors
    assert set(outcomes) <= {"not drilled", "detected", "passed"}
    (lost,) = (drill for drill in card["drills"] if drill["outcome"] == "not drilled")
    assert lost["unmet"] == ["its process exited with status -9"]
    assert process.returncode == 3
    here = {"APIARY_DRILL_STATE_DIR": str(tmp_path / "state"), "DOCKER_HOST": "unix:///nonexistent.sock"}
    swept = called("cleanup", env={**os.environ, **here})
    assert list((tmp_path / "state/drills").iterdir()) == [], swept.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_in_the_middle_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches every process of the terminal; SIGTERM reaches the command alone."""
    process = start_score(tmp_path, "stale-source", "source-data-loss")
    wait_until(lambda: len(drills(tmp_path)) == 2, what="two drills at once", timeout_s=120)
    ids = {path.parents[2].name for path in drills(tmp_path)}
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert processes_of(ids) == []
    assert list((tmp_path / "state/drills").iterdir()) == []

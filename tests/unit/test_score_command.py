"""`apiary-drill score` up to the point where servers would start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from tests.tables import over_table


def score(directory: Path, *arguments: str) -> Result:
    away = {"APIARY_DRILL_STATE_DIR": str(directory / "state"), "DOCKER_HOST": f"unix://{directory}/no.sock"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        return CliRunner().invoke(main, ["score", *arguments], env=away)


@over_table(
    "arguments, message",
    [
        (["no-such"], "error: unknown scenario 'no-such'"),
        (["egress", "--runtime", "process"], "error: no scenario to run"),
        (["--family", "fault-free", "--fault-free", "0"], "error: no scenario to run"),
        (["--jobs", "0"], "Invalid value for '--jobs'"),
        (["drop-row", "drop-row"], "error: 2 scenarios have the name drop-row"),
        (["drop-row", "--apiary-image", "x:1", "--runtime", "docker"], "error: the real Apiary has no generated data"),
    ],
)
def test_what_cannot_be_used_is_reported_and_nothing_starts(tmp_path: Path, arguments: list[str], message: str) -> None:
    ran = score(tmp_path, *arguments)
    assert ran.exit_code == 2
    assert message in ran.stderr
    assert not (tmp_path / "state/runs").exists()


def test_without_an_engine_nothing_is_called_detected(tmp_path: Path) -> None:
    """What was not drilled is no proof: exit code 3, each line says why, and the files are written all the same."""
    ran = score(
        tmp_path, "drop-row", "gtid-line", "--runtime", "docker", "--jobs", "1", "--json", "--markdown", "card.md"
    )
    assert ran.exit_code == 3, ran.stderr
    card = json.loads(ran.stdout)
    assert [(drill["name"], drill["outcome"], drill["verdict"]) for drill in card["drills"]] == [
        ("drop-row", "not drilled", None),
        ("gtid-line", "not drilled", None),
    ]
    assert all("no Docker engine answers" in drill["unmet"][0] for drill in card["drills"])
    assert "0 of 1 faults detected for the expected reason" in (tmp_path / "card.md").read_text()
    (written,) = (tmp_path / "state/runs").glob("*-score-*/scorecard.json")
    assert json.loads(written.read_text())["drills"] == card["drills"]
    assert list((tmp_path / "state").glob("drills/*")) == []


def test_a_file_that_cannot_be_written_is_reported_before_anything_starts(tmp_path: Path) -> None:
    ran = score(tmp_path, "drop-row", "--runtime", "docker", "--markdown", str(tmp_path / "nowhere/card.md"))
    assert ran.exit_code == 2
    assert f"error: cannot write --markdown {tmp_path}/nowhere/card.md: directory" in ran.stderr
    assert not (tmp_path / "state/runs").exists()

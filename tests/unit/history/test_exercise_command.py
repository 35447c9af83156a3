"""`exercise` as somebody uses it who prepares the quarterly meeting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from harness.cli.main import main
from harness.records.history.database import History
from tests.unit.history.quarter import quarter_of_drills

CONFIG = """
[backup]
name = "production"
directory = "backups/*"

[exercise]
organisation = "RoboJackets"
systems = ["Apiary"]
owners = ["Head of IT"]
scorecard = "score.json"
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History(tmp_path / "state" / "history.sqlite3")
    for entry in quarter_of_drills():
        history.append(entry)
    return history


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    runner = CliRunner(env={"APIARY_DRILL_HISTORY": str(tmp_path / "state" / "history.sqlite3")})
    return lambda *arguments: runner.invoke(main, ["exercise", *map(str, arguments)])


def test_all_formats_are_written(command: Callable[..., Result], history: History) -> None:
    answer = command("--quarter", "2026Q4")
    assert (answer.exit_code, answer.output) == (
        0,
        "written: exercise-2026Q4.html\nwritten: exercise-2026Q4.pdf\nwritten: exercise-2026Q4.md\n",
    )
    assert sorted(path.name for path in Path().iterdir()) == [
        "exercise-2026Q4.html", "exercise-2026Q4.md", "exercise-2026Q4.pdf",
    ]  # fmt: skip
    assert PdfReader("exercise-2026Q4.pdf").metadata is not None
    digest = history.recorded()[1]
    assert digest in Path("exercise-2026Q4.html").read_text()
    assert digest in Path("exercise-2026Q4.md").read_text()


def test_a_period_of_days_and_one_format(command: Callable[..., Result], history: History, tmp_path: Path) -> None:
    answer = command("--from", "2026-10-01", "--to", "2026-10-31", "--format", "markdown", "--out", tmp_path)
    path = tmp_path / "exercise-2026-10-01-to-2026-10-31.md"
    assert (answer.exit_code, answer.output) == (0, f"written: {path}\n")
    text = path.read_text()
    assert "# Disaster-recovery exercise, 2026-10-01 to 2026-10-31\n" in text
    assert "**5 drills of 2 backups and of generated data: 4 passed, 1 failed.**" in text


def test_the_configuration_names_people_systems_and_the_scorecard(
    command: Callable[..., Result], history: History
) -> None:
    Path("apiary-drill.toml").write_text(CONFIG)
    Path("score.json").write_text(json.dumps([{"fault": "lost-row", "family": "source", "outcome": "detected"}]))
    assert command("--quarter", "2026Q4", "--format", "markdown").exit_code == 0
    text = Path("exercise-2026Q4.md").read_text()
    assert text.startswith("RoboJackets\n")
    assert "- **Systems** Apiary\n- **Owners** Head of IT\n" in text
    assert "Proven by the scorecard score.json, and by the drills of this period." in text
    Path("score.json").unlink()
    answer = command("--quarter", "2026Q4")
    assert answer.exit_code == 2
    assert "error: cannot read the scorecard " in answer.output


def test_an_empty_period_says_so(command: Callable[..., Result], history: History) -> None:
    answer = command("--quarter", "2025Q1")
    assert (answer.exit_code, answer.output) == (
        1, "no drill started between 2025-01-01 and 2025-03-31: nothing to report\n",
    )  # fmt: skip
    assert list(Path().iterdir()) == []


def test_without_a_history_there_is_no_document(command: Callable[..., Result]) -> None:
    answer = command("--quarter", "2026Q4")
    assert answer.exit_code == 2
    assert "error: there is no history at " in answer.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --quarter, or --from and --to"),
        (["--quarter", "2026Q4", "--from", "2026-10-01"], "give either --quarter, or --from and --to"),
        (["--from", "2026-10-01"], "--from and --to must be given together"),
        (["--from", "2026-10-01", "--to", "31.12.2026"], "'31.12.2026' does not match the format '%Y-%m-%d'"),
        (["--from", "2026-10-02", "--to", "2026-10-01"], "the period ends on 2026-10-01, before its first day"),
        (["--quarter", "2026Q7"], "'2026Q7' is not a quarter"),
        (["--quarter", "2026Q4", "--out", "nowhere"], "Directory 'nowhere' does not exist"),
        (["--quarter", "2026Q4", "--format", "word"], "'word' is not one of 'html', 'pdf', 'markdown'"),
    ],
)
def test_bad_usage(command: Callable[..., Result], history: History, arguments: list[str], message: str) -> None:
    answer = command(*arguments)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.split())

"""The register of actions, and the examples of docs/exercise.md: pasted as they stand there."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.base.errors import UsageError
from harness.cli import config
from harness.cli.command_line import main
from harness.records.history.database import History
from harness.records.history.register import read_actions, stubs
from harness.reports.exercise import Particulars, exercise_document
from tests.unit.history.quarter import quarter_of_drills
from tests.unit.history.test_exercise import of
from tests.unit.reports.texts import texts_of

PAGE = Path(__file__).parents[3] / "docs" / "exercise.md"
CONFIG, REGISTER = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples_of_the_page_work_when_they_are_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apiary-drill.toml").write_text(CONFIG)
    Path("actions.toml").write_text(REGISTER)
    history = History(tmp_path / "history.sqlite3")
    for entry in quarter_of_drills():
        history.append(entry)
    runner = CliRunner(env={"APIARY_DRILL_HISTORY": str(history.path)})
    answer = runner.invoke(main, ["exercise", "--quarter", "2026Q4", "--format", "markdown"])
    assert (answer.exit_code, answer.output) == (0, "written: exercise-2026Q4.md\n")
    text = Path("exercise-2026Q4.md").read_text()
    assert text.startswith("RoboJackets\n")
    assert "| Head of IT | 2027-01-31" in text
    answer = runner.invoke(main, ["actions", "--update"])
    assert answer.exit_code in (0, 1), answer.output
    tomllib.loads(Path("actions.toml").read_text())


def test_every_question_of_the_page_has_its_answer_in_the_section_that_it_names() -> None:
    document = exercise_document(of(), Particulars())
    sections = {section.title: " ".join(texts_of(section.blocks)) for section in document.sections}
    rows = re.findall(
        r"^\| (board|new administrator|auditor) \| (.*) \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert [row[0] for row in rows] == ["board"] * 5 + ["new administrator"] * 5 + ["auditor"] * 5
    for _, question, section, answer in rows:
        assert answer in sections[section], question


def test_a_register_that_cannot_be_read_says_where(tmp_path: Path) -> None:
    path = tmp_path / "actions.toml"
    with pytest.raises(UsageError, match="cannot read the register"):
        read_actions(path)
    path.write_text("[[action]\n")
    with pytest.raises(UsageError, match="is not valid TOML"):
        read_actions(path)
    path.write_text('[[action]]\nbackup = "a"\nfinding = "b"\ndue = "soon"\nhow = 1\n')
    with pytest.raises(UsageError, match="is not a register of actions") as caught:
        read_actions(path)
    assert f"{path}: action.0.due" in caught.value.details
    assert f"{path}: action.0.how" in caught.value.details


def test_stubs_are_a_register_that_is_about_the_findings(tmp_path: Path) -> None:
    findings = [seen for seen in of().findings if seen.open]
    path = tmp_path / "actions.toml"
    path.write_text(stubs(findings))
    found = read_actions(path)
    assert [action.about(seen) for action, seen in zip(found, findings, strict=True)] == [True] * len(findings)
    assert {action.due for action in found} == {None}


def test_several_acceptances_or_one(tmp_path: Path) -> None:
    path = tmp_path / "apiary-drill.toml"
    head = '[backup]\ndirectory = "a"\n'
    path.write_text(head + '[accepted]\ntables = ["audits"]\nby = "Head of IT"\nuntil = 2027-06-30\nwhy = "Kept."\n')
    (one,) = config.load(path).accepted
    assert (one.tables, one.by, one.until, one.why) == (("audits",), "Head of IT", date(2027, 6, 30), "Kept.")
    assert one.acceptance().until == "2027-06-30"
    path.write_text(head + '[[accepted]]\ntables = ["a"]\n[[accepted]]\ntables = ["b"]\n')
    assert [each.acceptance().tables for each in config.load(path).accepted] == [("a",), ("b",)]

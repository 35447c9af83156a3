"""What the report of one drill shows of its evidence: tables, files, indexes, and what was asked."""

from dataclasses import replace
from pathlib import Path

from harness.artifacts.storage.inventory import read_inventory, write_inventory
from harness.base.model import DrillResult, FileState, IdSet
from harness.checks.evidence import Evidence
from harness.reports.document import Bullets, Facts
from tests.unit.reports.parts import grid, section, sentences
from tests.unit.reports.results import damaged, failed, passed


def listed(result: DrillResult, evidence: Evidence, directory: Path) -> list[str]:
    """What the evidence lists as equal, in small type."""
    return [
        item
        for block in section(result, evidence, directory, "evidence")
        if isinstance(block, Bullets)
        for item in block.items
    ]


def test_tables_that_differ_have_their_rows_and_the_others_are_listed(evidence: Evidence, tmp_path: Path) -> None:
    good = section(passed(evidence), evidence, tmp_path, "evidence")
    assert "With the same rows and content as the source:" in sentences(good)
    assert "users 2" in listed(passed(evidence), evidence, tmp_path)
    table = grid(section(failed(evidence), damaged(evidence), tmp_path, "evidence"), "Tables")
    assert (table.caption, table.rows, table.marked) == (
        "Tables that differ from the source", (("users", "2", "2", "no"),), {0},
    )  # fmt: skip
    elsewhere = replace(evidence, source=None, redump=replace(evidence.redump, tables=()))
    elsewhere = replace(elsewhere, target=replace(elsewhere.target, tables=()))
    table = grid(section(passed(evidence), elsewhere, tmp_path, "evidence"), "Tables")
    assert (table.caption, table.rows, table.marked) == (
        "Tables that differ from the dump",
        (("users", "2", "none", "table is missing"),),
        {0},
    )


def test_files_are_summed_by_directory(evidence: Evidence, tmp_path: Path) -> None:
    assert "resumes 1 file, 5 bytes" in listed(passed(evidence), evidence, tmp_path)
    entries = [*read_inventory(evidence.files.expected), FileState(b"z.pdf", "file", 7, "dd", 0o644, 33, 33, 1000)]
    write_inventory(entries, tmp_path / "more.jsonl")
    more = replace(evidence, files=replace(evidence.files, actual=tmp_path / "more.jsonl"))
    table = grid(section(passed(evidence), more, tmp_path, "evidence"), "Directories")
    assert table.rows == ((".", "0", "1", "0 bytes", "7 bytes"),)
    assert table.marked == {0}


def test_a_list_of_files_that_is_gone_is_reported(evidence: Evidence, tmp_path: Path) -> None:
    evidence.files.actual.unlink()
    blocks = section(passed(replace(evidence)), evidence, tmp_path, "evidence")
    (sentence,) = [text for text in sentences(blocks) if "list of files" in text]
    assert sentence.startswith("The list of files cannot be read: cannot read the list of files ")


def test_indexes_have_documents_and_settings(evidence: Evidence, tmp_path: Path) -> None:
    equal = [item for item in listed(passed(evidence), evidence, tmp_path) if item.startswith("apiary_")]
    assert (len(equal), equal[0]) == (11, "apiary_airports 2")
    first, *rest = evidence.search.actual.indexes
    lost = replace(first, ids=IdSet(), settings=())
    search = replace(evidence.search, actual=replace(evidence.search.actual, indexes=(lost, *rest[:-1])))
    table = grid(section(passed(evidence), replace(evidence, search=search), tmp_path, "evidence"), "Indexes")
    assert table.rows[0] == ("apiary_airports", "2", "0", "0 of 1")
    assert table.rows[-1] == ("apiary_users", "2", "no index", "0 of 1")
    assert table.marked == {0, 1}


def test_questions_with_known_answers_are_listed(evidence: Evidence, tmp_path: Path) -> None:
    (facts,) = [each for each in section(passed(evidence), evidence, tmp_path, "evidence") if isinstance(each, Facts)]
    assert facts.items == (
        ("search for a known row", "apiary_users id=1"), ("answer of the application", "/ping"),
        ("health check", "database, storage"), ("decrypt a value", "users.buzzcard"),
        ("download a file", "resumes/a.pdf"), ("outbound access", "example.com, 1.1.1.1:443"),
    )  # fmt: skip
    unwell = replace(evidence, app=replace(evidence.app, ping=replace(evidence.app.ping, actual="")))
    table = grid(section(passed(evidence), unwell, tmp_path, "evidence"), "Answers")
    assert table.rows[0][:3] == ("answer of the application", "/ping", "not as expected")
    assert table.marked == {0}

"""What the report of one drill says, part by part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifacts.storage.inventory import read_inventory, write_inventory
from harness.base.model import (
    Change,
    DrillResult,
    FileState,
    IdSet,
    InjectedFault,
    PastDrill,
    TrendEvidence,
    TrendLimits,
    Verdict,
)
from harness.base.sizes import size
from harness.checks import CHECKS
from harness.checks.evidence import Evidence
from harness.reports.document import Block, Facts, Fold, Grid, Notice, Paragraph, Picture
from harness.reports.meanings import MEANINGS
from harness.reports.page import page_of
from harness.reports.words import counted, seconds, span
from tests.unit.reports.results import STARTED_AT, damaged, ended_early, failed, passed


def section(result: DrillResult, evidence: Evidence | None, directory: Path, anchor: str) -> tuple[Block, ...]:
    """The blocks of one section, those that are folded away among them."""
    document = page_of(result, evidence, directory)
    (found,) = [each for each in document.sections if each.anchor == anchor]
    blocks: list[Block] = []
    for block in found.blocks:
        blocks += block.blocks if isinstance(block, Fold) else (block,)
    return tuple(blocks)


def grid(blocks: tuple[Block, ...], caption: str) -> Grid:
    (found,) = [block for block in blocks if isinstance(block, Grid) and block.caption.startswith(caption)]
    return found


def sentences(blocks: tuple[Block, ...]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Paragraph)]


def test_sections_come_in_the_order_that_readers_need(evidence: Evidence, tmp_path: Path) -> None:
    document = page_of(passed(evidence), evidence, tmp_path)
    assert [each.anchor for each in document.sections] == [
        "backup", "target", "recovery", "timeline", "findings", "checks", "evidence", "unproven",
    ]  # fmt: skip


def applying(evidence: Evidence) -> int:
    """How many checks there is something for."""
    return sum(check.applies(evidence) for check in CHECKS)


def test_the_verdict_is_one_sentence_and_a_failure_names_its_first_reasons(evidence: Evidence, tmp_path: Path) -> None:
    good = page_of(passed(evidence), evidence, tmp_path)
    assert (good.verdict, good.sentence) == (
        Verdict.PASS,
        "The backup restores: everything that was checked came back.",
    )
    assert good.lead == (f"{applying(evidence)} checks compared something; no findings.", "To know whether it works.")
    bad = page_of(failed(evidence), evidence, tmp_path)
    assert bad.lead == (
        "Table users has as many rows as the source had, but not the same ones. First primary keys: changed: [1].",
        "The restore took 61.0 s, more than the objective of 60 s.",
        f"{applying(evidence)} checks compared something; 2 errors.",
        "To know whether it works.",
    )
    stopped = page_of(ended_early(), None, tmp_path)
    assert stopped.verdict is Verdict.INCONCLUSIVE
    assert stopped.lead == (
        "Restore-database: MySQL went away while the script ran.",
        "Try again.",
        "To know whether it works.",
    )


def test_which_backup_is_said_with_name_age_digest_and_size(evidence: Evidence, tmp_path: Path) -> None:
    blocks = section(passed(evidence), evidence, tmp_path, "backup")
    assert blocks[0] == Facts(
        (
            ("Name", "production"),
            ("Taken", "2026-11-21 10:00:00 UTC"),
            ("Age at the drill", "1 day 2 h"),
            ("Holds", "2 rows in 1 table"),
        )
    )
    assert grid(blocks, "Files").rows == (("database", "apiary.sql.zst", "453.7 kB", "aa" * 32),)


def test_recovery_is_measured_against_the_objectives(evidence: Evidence, tmp_path: Path) -> None:
    told = grid(section(passed(evidence), evidence, tmp_path, "recovery"), "Measured")
    assert told.rows == (
        ("Recovery time: steps 2 to 6 of the guide", "12.0 s", "at most 1 h", "met"),
        ("Recovery point: age of the newest row", "1 h", "at most 1 day", "met"),
    )
    assert told.marked == frozenset()
    told = grid(section(failed(evidence), evidence, tmp_path, "recovery"), "Measured")
    assert told.rows == (
        ("Recovery time: steps 2 to 6 of the guide", "1 min 1 s", "at most 1 min", "missed"),
        ("Recovery point: age of the newest row", "not measured", "none set", "not known"),
    )
    assert told.marked == {0}


def test_the_last_drills_are_drawn_with_the_objective(evidence: Evidence, tmp_path: Path) -> None:
    past = PastDrill("before", STARTED_AT.replace(day=1), 11.0, {}, {}, {}, {})
    trend = TrendEvidence(TrendLimits(), (past, replace(past, recovery_time_s=None)))
    blocks = section(passed(evidence), replace(evidence, trend=trend), tmp_path, "recovery")
    (picture,) = [block for block in blocks if isinstance(block, Picture)]
    assert [(bar.label, bar.length, bar.emphasised) for bar in picture.bars] == [
        ("2026-11-01 12:00", 11.0, False),
        ("2026-11-22 12:00", 12.0, True),
    ]
    assert (picture.limit, picture.limit_told) == (3600.0, "at most 1 h")
    assert grid(blocks, "Recovery time over").rows == (
        ("2026-11-01 12:00:00 UTC", "11.0 s"),
        ("2026-11-22 12:00:00 UTC", "12.0 s"),
    )


def test_a_finding_says_what_it_means_and_what_to_do(evidence: Evidence, tmp_path: Path) -> None:
    """Also where the finding itself has no remedy: then the check's."""
    first, second = (
        block for block in section(failed(evidence), evidence, tmp_path, "findings") if isinstance(block, Notice)
    )
    assert (first.finding.code, first.meaning) == ("content-digest", MEANINGS["rows-source"].means)
    assert (first.finding.remedy, first.remedy) == ("", MEANINGS["rows-source"].remedy)
    assert (second.finding.code, second.meaning) == ("recovery-time", MEANINGS["recovery-time"].means)
    (stage,) = (block for block in section(ended_early(), None, tmp_path, "findings") if isinstance(block, Notice))
    assert stage.remedy == "Try again."
    assert stage.meaning == "The drill ended at this step; what comes after it was not looked at."


def test_every_check_has_its_meaning() -> None:
    assert set(MEANINGS) == {check.name for check in CHECKS}


def test_the_timeline_has_every_step_and_what_counts(evidence: Evidence, tmp_path: Path) -> None:
    blocks = section(ended_early(), None, tmp_path, "timeline")
    assert grid(blocks, "Steps").rows == (
        ("Start the servers of the target", "0.0 s", "1.5 s", "", "MySQL 9.7.4"),
        ("Run the script", "2.0 s", "12.0 s", "counts", "failed, 2 rows"),
    )
    assert grid(blocks, "Steps").marked == {1}
    assert sentences(blocks) == ["Failed: Run the script."]
    (picture,) = [block for block in blocks if isinstance(block, Picture)]
    assert [(bar.start, bar.length, bar.told, bar.emphasised) for bar in picture.bars] == [
        (0.0, 1.5, "1.5 s", False),
        (2.0, 12.0, "12.0 s, failed", True),
    ]


def test_every_table_is_listed_with_rows_and_whether_its_content_is_equal(evidence: Evidence, tmp_path: Path) -> None:
    told = grid(section(passed(evidence), evidence, tmp_path, "evidence"), "Tables")
    assert (told.caption, told.rows, told.marked) == (
        "Tables, compared with the source",
        (("users", "2", "2", "yes"),),
        frozenset(),
    )
    told = grid(section(failed(evidence), damaged(evidence), tmp_path, "evidence"), "Tables")
    assert (told.rows, told.marked) == ((("users", "2", "2", "no"),), {0})
    elsewhere = replace(evidence, source=None, redump=replace(evidence.redump, tables=()))
    elsewhere = replace(elsewhere, target=replace(elsewhere.target, tables=()))
    told = grid(section(passed(evidence), elsewhere, tmp_path, "evidence"), "Tables")
    assert (told.caption, told.rows, told.marked) == (
        "Tables, compared with the script",
        (("users", "2", "none", "table is missing"),),
        {0},
    )


def test_files_are_summed_by_directory(evidence: Evidence, tmp_path: Path) -> None:
    told = grid(section(passed(evidence), evidence, tmp_path, "evidence"), "Files")
    assert (told.rows, told.marked) == ((("resumes", "1", "1", "5 bytes", "5 bytes"),), frozenset())
    entries = [*read_inventory(evidence.files.expected), FileState(b"z.pdf", "file", 7, "dd", 0o644, 33, 33, 1000)]
    write_inventory(entries, tmp_path / "more.jsonl")
    more = replace(evidence, files=replace(evidence.files, actual=tmp_path / "more.jsonl"))
    told = grid(section(passed(evidence), more, tmp_path, "evidence"), "Files")
    assert told.rows == ((".", "0", "1", "0 bytes", "7 bytes"), ("resumes", "1", "1", "5 bytes", "5 bytes"))
    assert told.marked == {0}


def test_a_list_of_files_that_is_gone_is_said(evidence: Evidence, tmp_path: Path) -> None:
    evidence.files.actual.unlink()
    blocks = section(passed(replace(evidence)), evidence, tmp_path, "evidence")
    (told,) = [text for text in sentences(blocks) if "list of files" in text]
    assert told.startswith("The list of files cannot be read: cannot read the list of files ")


def test_indexes_have_documents_and_settings(evidence: Evidence, tmp_path: Path) -> None:
    told = grid(section(passed(evidence), evidence, tmp_path, "evidence"), "Search")
    assert len(told.rows) == 11
    assert told.rows[0] == ("apiary_airports", "2", "2", "all 1")
    assert told.marked == frozenset()
    first, *rest = evidence.search.actual.indexes
    lost = replace(first, ids=IdSet(), settings=())
    search = replace(evidence.search, actual=replace(evidence.search.actual, indexes=(lost, *rest[:-1])))
    told = grid(section(passed(evidence), replace(evidence, search=search), tmp_path, "evidence"), "Search")
    assert told.rows[0] == ("apiary_airports", "2", "0", "0 of 1")
    assert told.rows[-1] == ("apiary_users", "2", "no index", "0 of 1")
    assert told.marked == {0, 10}


def test_questions_with_known_answers_are_listed(evidence: Evidence, tmp_path: Path) -> None:
    told = grid(section(passed(evidence), evidence, tmp_path, "evidence"), "Questions")
    assert [row[:3] for row in told.rows] == [
        ("Search for a known row", "apiary_users id=1", "as expected"),
        ("Answer of the application", "/ping", "as expected"),
        ("Health check", "database", "as expected"),
        ("Health check", "storage", "as expected"),
        ("Decrypt a value", "users.buzzcard", "as expected"),
        ("Download a file", "resumes/a.pdf", "as expected"),
        ("Way out of the network", "example.com", "closed"),
        ("Way out of the network", "1.1.1.1:443", "closed"),
    ]
    unwell = replace(evidence, app=replace(evidence.app, ping=replace(evidence.app.ping, actual="")))
    told = grid(section(passed(evidence), unwell, tmp_path, "evidence"), "Questions")
    assert told.rows[1][2] == "not as expected"
    assert told.marked == {1}


def test_what_was_broken_on_purpose_is_said_with_every_change(evidence: Evidence, tmp_path: Path) -> None:
    """Also where a fault had no effect, and whether the verdict is the one that must come."""
    faults = (
        InjectedFault("flip-byte", "artifact", (Change("byte", "database.sql.zst", "offset 7, 0x41 to 0x40"),)),
        InjectedFault("drop-row", "restored"),
    )
    broken = replace(failed(evidence), faults=faults, expected_verdict=Verdict.FAIL)
    assert grid(section(broken, damaged(evidence), tmp_path, "evidence"), "Broken on purpose").rows == (
        ("flip-byte", "artifact", "byte", "database.sql.zst", "offset 7, 0x41 to 0x40"),
        ("drop-row", "restored", "", "", "without effect"),
    )
    told = "Something was broken on purpose: this drill is as it should be with FAIL, "
    assert f"{told}and so it was." in page_of(broken, evidence, tmp_path).lead
    missed = replace(passed(evidence), expected_verdict=Verdict.FAIL)
    assert f"{told}and it was not." in page_of(missed, evidence, tmp_path).lead
    assert "Nothing was broken on purpose in this drill." in sentences(
        section(passed(evidence), evidence, tmp_path, "evidence")
    )


def test_without_evidence_it_is_said_why(evidence: Evidence, tmp_path: Path) -> None:
    assert sentences(section(ended_early(), None, tmp_path, "evidence")) == [
        "There is none: the drill ended before it was gathered.",
        "Nothing was broken on purpose in this drill.",
    ]
    assert sentences(section(passed(evidence), None, tmp_path, "evidence")) == [
        "There is none: it is not in the run directory.",
        "Nothing was broken on purpose in this drill.",
    ]


def test_what_programs_said_is_pointed_at_where_it_was_kept(tmp_path: Path) -> None:
    assert sentences(section(ended_early(), None, tmp_path, "unproven"))[0] == (
        f"The run directory {tmp_path.name} holds the JSON of every stage and the servers' logs."
    )
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "error.txt").touch()
    assert sentences(section(ended_early(), None, tmp_path, "unproven"))[0] == (
        f"The run directory {tmp_path.name} holds the JSON of every stage, the servers' logs and what programs said "
        "when they failed (logs/error.txt)."
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (seconds(0.04), "0.0 s"),
        (seconds(59.94), "59.9 s"),
        (seconds(61), "1 min 1 s"),
        (seconds(7384), "2 h 3 min"),
        (span(86_400), "1 day"),
        (span(100 * 86_400), "100 days"),
        (span(5400), "1 h 30 min"),
        (span(0.5), "0.5 s"),
        (span(-60), "1 min in the future"),
        (size(0), "0 bytes"),
        (size(1), "1 byte"),
        (size(999), "999 bytes"),
        (size(999_960), "1.0 MB"),
        (size(2_500_000_000), "2.5 GB"),
        (size(3 * 10**12), "3.0 TB"),
        (counted(1, "index"), "1 index"),
        (counted(1200, "index"), "1,200 indexes"),
        (counted(0, "row"), "0 rows"),
    ],
)
def test_times_sizes_and_counts_are_for_people(told: str, expected: str) -> None:
    assert told == expected

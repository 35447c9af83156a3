"""The document of an exercise: what it says, and that every format says the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.base.model import Verdict
from harness.records.history.exercise import Chain, Known
from harness.records.history.scorecard import Scorecard
from harness.reports.document import Block, Bullets, Document, Facts, Fold, Form, Grid, Paragraph, Picture, texts
from harness.reports.exercise import Particulars, exercise_document
from harness.reports.exercise_findings import open_points
from tests.unit.history.quarter import drill
from tests.unit.history.test_exercise import of
from tests.unit.reports.test_report_same import of_html, of_markdown, of_pdf

PARTICULARS = Particulars(
    organisation="RoboJackets",
    systems=("Apiary (production)",),
    owners=("Head of IT", "Treasurer"),
    objectives=("Members can log in again within one hour.",),
)


@pytest.fixture(scope="module")
def document() -> Document:
    return exercise_document(of(), PARTICULARS)


def blocks(document: Document, anchor: str) -> list[Block]:
    (section,) = [each for each in document.sections if each.anchor == anchor]
    found: list[Block] = []
    for block in section.blocks:
        found += block.blocks if isinstance(block, Fold) else (block,)
    return found


def grid(document: Document, anchor: str, caption: str) -> Grid:
    (found,) = [
        each for each in blocks(document, anchor) if isinstance(each, Grid) and each.caption.startswith(caption)
    ]
    return found


def told(document: Document, anchor: str) -> list[str]:
    """Sentences and bullets of a section."""
    found: list[str] = []
    for block in blocks(document, anchor):
        found += [block.text] if isinstance(block, Paragraph) else block.items if isinstance(block, Bullets) else ()
    return found


def test_it_begins_with_what_came_out(document: Document) -> None:
    assert (document.title, document.eyebrow, document.verdict) == (
        "Disaster-recovery exercise, 2026Q4", "RoboJackets", None,
    )  # fmt: skip
    assert document.sentence == "12 drills of 2 backups and of generated data: 9 passed, 2 failed, 1 could not tell."
    assert document.lead == (
        "The latest drill of each of them passed.", "Objectives were missed in 2 of 9 drills that had one.",
    )  # fmt: skip
    assert [section.title for section in document.sections] == [
        "Scope", "Drills", "Objectives", "Scenarios and failure modes", "Findings", "Changes since the last period",
        "Open points", "Evidence", "Participants, decisions, signatures",
    ]  # fmt: skip


def test_a_latest_drill_that_did_not_pass_comes_first() -> None:
    failed = replace(drill("2026-10-05", verdict=Verdict.FAIL), recovery_time_objective_s=None)
    document = exercise_document(of(drills=[replace(failed, recovery_point_objective_s=None)]), Particulars())
    assert document.sentence == "1 drill of 1 backup: 1 failed."
    assert document.lead == (
        "The latest drill did not pass: production (FAIL).", "No objective was set for any of them.",
    )  # fmt: skip
    generated = exercise_document(of(drills=[drill("2026-10-05", "generated data: documented")]), Particulars())
    assert generated.sentence == "1 drill with generated data: 1 passed. No backup was drilled."


def test_the_scope_names_systems_owners_and_what_was_run(document: Document) -> None:
    (facts,) = [block for block in blocks(document, "scope") if isinstance(block, Facts)]
    assert facts.items == (
        ("Period", "2026-10-01 to 2026-12-31, whole days, UTC"),
        ("Systems", "Apiary (production)"),
        ("Owners", "Head of IT, Treasurer"),
    )
    assert grid(document, "scope", "What was drilled").rows == (
        ("production", "6", "4", "2026-12-21", "PASS"),
        ("staging", "3", "2", "2026-11-30", "PASS"),
        ("generated data: documented", "3", "3", "2026-12-14", "PASS"),
    )
    assert grid(document, "scope", "Into what").rows[0] == ("MySQL", "9.7.4", "real")
    bare = exercise_document(of(), Particulars())
    assert bare.eyebrow == "Restore drills of Apiary"
    assert ("Owners", "none named ([exercise] owners)") in [
        item for block in blocks(bare, "scope") if isinstance(block, Facts) for item in block.items
    ]


def test_every_drill_has_its_line(document: Document) -> None:
    drills = grid(document, "drills", "Every drill")
    assert len(drills.rows) == 12
    assert drills.rows[0] == ("2026-10-05", "production", "PASS", "30 min 5 s", "1 h", "0", "1")
    assert drills.rows[5] == ("2026-11-02", "production", "FAIL", "1 h 3 min, missed", "1 h", "1", "1")
    assert drills.rows[7][2:5] == ("INCONCLUSIVE", "–", "–")
    assert drills.marked == {4, 5, 7}
    assert "2026-10-26, staging: Table users has 778 rows instead of 780." in told(document, "drills")
    controls = grid(document, "drills", "Negative controls")
    assert controls.rows[2] == ("2026-12-15", "lost-row", "lost-row", "FAIL", "PASS")
    assert controls.marked == {2}


def test_objectives_are_told_with_their_worst(document: Document) -> None:
    rows = grid(document, "objectives", "Measured against").rows
    assert rows[0] == (
        "production", "Recovery time", "at most 1 h", "30 min 42 s", "1 h 3 min", "missed in 1 of 6, not measured in 1",
    )  # fmt: skip
    assert rows[3] == ("staging", "Recovery point", "at most 1 day", "1 h", "1 h", "met in 3 of 3")
    assert rows[4][-1] == "no objective"
    first = next(block for block in blocks(document, "objectives") if isinstance(block, Picture))
    assert (len(first.bars), first.limit, first.limit_told) == (5, 3600.0, "at most 1 h")
    assert first.description == (
        "Recovery time of 5 drills, the latest last: between 29 min 50 s and 1 h 3 min, the latest 30 min 42 s."
    )


def test_covered_and_not_covered(document: Document) -> None:
    rows = grid(document, "coverage", "Failure modes").rows
    assert rows == (("source", "0", "1", "1"), ("dump", "0", "0", "1"))
    lines = told(document, "coverage")
    assert "There is no scorecard: what counts as covered are the negative controls of this period only." in lines
    assert "Not run in this period: medium." in lines
    assert lines[-5:] == ["Not noticed:", "source: lost-row", "Not covered:", "source: stale", "dump: cut"]
    scored = exercise_document(
        of(scorecard=Scorecard("score.json", "2026-11-20", {"cut": ("dump", "detected")})), PARTICULARS
    )
    assert grid(scored, "coverage", "Failure modes").rows[1] == ("dump", "1", "0", "0")
    sentence = "Failure modes by the scorecard score.json, of 2026-11-20, and by the controls of this period."
    assert sentence in told(scored, "coverage")
    nothing = exercise_document(of(known=Known(faults={"dump": ()}, scenarios=())), PARTICULARS)
    assert told(nothing, "coverage")[-1] == "This version knows no faults."


def test_findings_with_first_and_last(document: Document) -> None:
    findings = grid(document, "findings", "Errors and warnings")
    assert findings.rows[0] == (
        "Error", "recovery-time", "restore", "production", "2026-08-03", "2026-11-02", "1", "not seen since",
    )  # fmt: skip
    assert findings.rows[-1] == (
        "Warning", "table-shrank", "rsvps", "production", "2026-12-07", "2026-12-21", "2", "open",
    )  # fmt: skip
    assert "file-time" not in [row[1] for row in findings.rows], "notes are no findings to act on"


def test_changes_since_the_last_period(document: Document) -> None:
    assert told(document, "changes")[:6] == [
        "The period before, 2026-07-01 to 2026-09-30, had 4 drills; this one had 12 drills.",
        "New: step-start-target (start-target) in production",
        "New: row-count (users) in staging",
        "New: table-shrank (rsvps) in production",
        "production: recovery time 28 min 30 s on 2026-09-07, 30 min 42 s on 2026-12-21",
        "production: target mysql was MySQL 8.4.6, is MySQL 9.7.4",
    ]
    rows = grid(document, "changes", "Rows by table: production, 2026-09-07 and 2026-12-21").rows
    assert rows == (("rsvps", "1,170", "585", "-50.0%"), ("users", "780", "801", "+2.7%"))
    pictures = [block for block in blocks(document, "changes") if isinstance(block, Picture)]
    assert [picture.title for picture in pictures] == ["Rows by table: production", "Rows by table: staging"]
    assert (pictures[0].bars[0].label, pictures[0].bars[0].told) == ("attendance", "9,500 rows")
    assert "585 rows, -50.0%" in [bar.told for bar in pictures[0].bars]


def test_tables_that_came_and_went() -> None:
    drills = [drill("2026-09-07", tables={"old": 40}), drill("2026-10-05", tables={"new": 50})]
    document = exercise_document(of(drills=drills), Particulars())
    assert grid(document, "changes", "Rows by table").rows == (("new", "0", "50", "new"), ("old", "40", "0", "gone"))
    same = exercise_document(of(drills=[drill("2026-09-07"), drill("2026-10-05")]), Particulars())
    sentence = "production: every table has as many rows as in the last good drill before the period."
    assert sentence in told(same, "changes")


def test_open_points(document: Document) -> None:
    assert told(document, "open") == [
        "archive of 2024: not drilled in this period.",
        "production: the latest drill missed its objective for the recovery point.",
        "production: warning orphans-accepted (attendance), seen since 2026-07-06.",
        "production: warning table-shrank (rsvps), seen since 2026-12-07.",
        "The control lost-row of 2026-12-15 came out as PASS instead of FAIL.",
        "Faults that were not noticed: lost-row.",
        "Not covered: 2 failure modes; they stand under “Scenarios and failure modes”.",
        "Stand-ins took the place of real components: embedded Meilisearch, stand-in Apiary.",
    ]


def test_a_history_that_was_changed_is_the_first_open_point() -> None:
    found = replace(of(), chain=Chain(20, "ab" * 32, ("entry 3 is not there: removed after being recorded",)))
    first = next(open_points(found))
    assert first == "The history is not as it was recorded: entry 3 is not there: removed after being recorded."
    evidence = told(exercise_document(found, Particulars()), "evidence")
    assert evidence[0] == "entry 3 is not there: removed after being recorded"


def test_a_failed_latest_drill_is_an_open_point() -> None:
    points = list(open_points(of(drills=[drill("2026-10-05", verdict=Verdict.FAIL)])))
    assert points[0] == "production: the latest drill, of 2026-10-05, is FAIL."


def test_the_results_are_named_by_their_digests(document: Document) -> None:
    results = grid(document, "evidence", "Results")
    assert len(results.rows) == 12
    assert results.rows[0][2] == "cd" * 32


def test_there_are_lines_to_fill_by_hand(document: Document) -> None:
    assert blocks(document, "people") == [
        Form("Participants", ("Name", "Role", "Present"), 6),
        Form("Decisions", ("Decision", "Who", "By when"), 6),
        Form("Signatures", ("Name", "Role", "Date", "Signature"), 4),
    ]


@pytest.mark.parametrize("read", [of_html, of_markdown, of_pdf], ids=["HTML", "Markdown", "PDF"])
def test_every_format_says_the_same_in_the_same_order(document: Document, read: Callable[[Document], str]) -> None:
    text, at = read(document), 0
    for sentence in texts(document):
        wanted = "".join(sentence.split())
        found = text.find(wanted, at)
        assert found >= 0, f"{sentence!r} is missing, or not behind what stands before it"
        at = found + len(wanted)

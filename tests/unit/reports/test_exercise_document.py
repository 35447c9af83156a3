"""The document of an exercise: what it says, and that every format says the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from harness.base.model import Verdict
from harness.faults import FAMILIES
from harness.records.history.exercise import Chain, Known
from harness.records.history.register import Action
from harness.records.history.scorecard import ScorecardSummary
from harness.reports.document import Block, Bullets, Document, Fold, Form, Grid, Line, Paragraph, Weeks
from harness.reports.exercise import Particulars, exercise_document
from harness.reports.exercise_findings import FAMILY_WORDS, open_points
from tests.unit.history.quarter import ROWS, drill
from tests.unit.history.test_exercise import of
from tests.unit.reports.test_report_timing import must_stand_in_order, of_html, of_markdown, of_pdf

PARTICULARS = Particulars(
    organisation="RoboJackets",
    systems=("Apiary (production)",),
    owners=("Head of IT", "Treasurer"),
    objectives=("Members can log in again within one hour.",),
)


ACTIONS = (
    Action(
        backup="production", finding="table-shrank", subject="rsvps", owner="Head of IT", due=date(2026, 12, 31),
        decision="Ask the treasurer.",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def document() -> Document:
    return exercise_document(of(), PARTICULARS, ACTIONS, date(2027, 1, 10))


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


def texts_of(document: Document, anchor: str) -> list[str]:
    """Sentences and bullets of a section."""
    found: list[str] = []
    for block in blocks(document, anchor):
        found += [block.text] if isinstance(block, Paragraph) else block.items if isinstance(block, Bullets) else ()
    return found


def test_the_first_page_is_for_a_board(document: Document) -> None:
    """Figures, backups in scope with their worst case, changes, open actions, the sentence that is signed."""
    assert (document.title, document.eyebrow, document.verdict) == (
        "Disaster-recovery exercise, 2026Q4", "RoboJackets", None,
    )  # fmt: skip
    assert document.sentence == "12 drills of 2 backups and of generated data: 9 passed, 2 failed, 1 inconclusive."
    assert document.why == "The latest drill of every backup passed."
    assert document.subject == (
        ("Period", "2026-10-01 to 2026-12-31, whole days, UTC"),
        ("Systems", "Apiary (production)"),
        ("Owners", "Head of IT, Treasurer"),
    )
    assert [(tile.values, tile.note, tile.good) for tile in document.tiles] == [
        (("9 of 12",), "2 failed, 1 inconclusive", False),
        (("2 of 7",), "worst recovery time 1 h 3 min, objective 1 h", False),
        (("55 days",), "between two good backups, whose drills passed", None),
        (("2",), "1 without an owner, 1 overdue", False),
    ]
    assert [section.title for section in document.sections] == [
        "Summary", "Objectives", "Drills", "Findings and actions", "What was proven, by kind of failure",
        "Changes since the last period", "Open points", "Environment", "Controls answered by this report",
        "Participants and decisions", "Evidence",
    ]  # fmt: skip
    scope = grid(document, "summary", "Backups in scope")
    assert scope.rows[0] == (
        "production", "4 of 6", "PASS 2026-12-21", "1 h 3 min, missed in 1", "1 day 12 h, missed in 1", "49 days",
    )  # fmt: skip
    assert scope.rows[2][3:5] == ("no objective", "no objective")
    assert "archive of 2024 is in scope and was not drilled in this period." in texts_of(document, "summary")
    actions = grid(document, "summary", "Open corrective actions")
    assert actions.rows[1] == (
        "The backup was restored completely, but contains less or more than usual. (table-shrank, rsvps, production)",
        "Head of IT", "2026-12-31, overdue", "Ask the treasurer.",
    )  # fmt: skip
    assert actions.marked == {0, 1}
    assert texts_of(document, "summary")[-1] == (
        "We have read this report of RoboJackets. In 2026Q4, restoring production and staging was shown by drill, the"
        " last time with every check passed. The open findings are known to us, and the owners named here answer for"
        " them."
    )
    assert blocks(document, "summary")[-1] == Form(
        "Signed by those who are accountable", ("Name", "Role", "Date", "Signature"), 2
    )


def test_a_latest_drill_that_did_not_pass_comes_first() -> None:
    failed = replace(drill("2026-10-05", verdict=Verdict.FAIL), recovery_time_objective_s=None)
    document = exercise_document(of(drills=[replace(failed, recovery_point_objective_s=None)]), Particulars())
    assert document.sentence == "1 drill of 1 backup: 1 failed."
    assert document.why == "The latest drill did not pass: production (FAIL)."
    assert document.tiles[1].values == ("none set",)
    (statement,) = [text for text in texts_of(document, "summary") if text.startswith("We have read")]
    assert "restoring production is not shown: the latest drill did not pass" in statement
    generated = exercise_document(of(drills=[drill("2026-10-05", "generated data: documented")]), Particulars())
    assert generated.sentence == "1 drill with generated data: 1 passed. No backup was drilled."
    bare = exercise_document(of(), Particulars())
    assert bare.eyebrow == "Restore drills of Apiary"
    assert ("Owners", "none given ([exercise] owners)") in bare.subject


def test_a_drill_that_failed_or_was_fast_has_no_recovery_time_that_counts() -> None:
    """Only a drill that failed for its objective alone has missed it."""
    quick = drill("2026-10-05", mode="fast", recovery_time_s=5.0)
    lost = drill("2026-10-06", verdict=Verdict.FAIL, recovery_time_s=6.0, findings=(ROWS,))
    document = exercise_document(of(drills=[quick, lost]), Particulars())
    rows = grid(document, "objectives", "Results against").rows
    assert rows[0][3:] == ("6.0 s", "not measured", "no drill counts")
    assert rows[1][3:] == ("1 h", "1 h", "met in 1 of 1"), "how new a row is does not depend on the disk"
    assert [row[3] for row in grid(document, "drills", "All drills").rows] == ["(5.0 s)", "(6.0 s)"]


def test_controls_of_standards_name_sections_that_exist(document: Document) -> None:
    titles = {section.title for section in document.sections}
    rows = grid(document, "controls", "Where this report").rows
    assert [row[0] for row in rows] == [
        "ISO/IEC 27001:2022 A.8.13", "ISO/IEC 27001:2022 A.5.30", "SOC 2 A1.2", "SOC 2 A1.3", "NIST SP 800-34 3.5",
    ]  # fmt: skip
    for row in rows:
        rest = row[2]
        for title in sorted(titles, key=len, reverse=True):
            rest = rest.replace(title, "")
        assert rest.strip(", ") == "", row


def test_every_drill_has_its_line(document: Document) -> None:
    drills = grid(document, "drills", "All drills")
    assert len(drills.rows) == 12
    assert drills.rows[0] == ("2026-10-05", "production", "PASS", "30 min 5 s", "1 h", "0", "1")
    assert drills.rows[5] == ("2026-11-02", "production", "FAIL", "1 h 3 min, missed", "1 h", "1", "1")
    assert drills.rows[7][2:5] == ("INCONCLUSIVE", "–", "–")
    assert drills.marked == {4, 5, 7}
    assert "2026-10-26, staging: Table users has 778 rows instead of 780." in texts_of(document, "drills")
    controls = grid(document, "drills", "Negative controls")
    assert controls.rows[2] == ("2026-12-15", "lost-row", "lost-row", "FAIL", "PASS")
    assert controls.marked == {2}


def test_objectives_are_reported_with_their_worst(document: Document) -> None:
    rows = grid(document, "objectives", "Results against").rows
    assert rows[0] == (
        "production", "Recovery time", "at most 1 h", "30 min 42 s", "1 h 3 min", "missed in 1 of 5",
    )  # fmt: skip
    assert rows[3] == ("staging", "Recovery point", "at most 1 day", "1 h", "1 h", "met in 2 of 2")
    assert rows[4][-1] == "no objective"
    charts = [block for block in blocks(document, "objectives") if isinstance(block, Line)]
    assert [len(chart.points) for chart in charts] == [5, 3, 3]
    assert (charts[0].limit, charts[0].limit_text, charts[0].top) == (3600.0, "objective 1 h", 5400.0)
    assert charts[0].description == (
        "Recovery time of 5 drills, the latest last: between 29 min 50 s and 1 h 3 min, the latest 30 min 42 s."
        " A ring marks 1 drill that did not pass."
    )
    gaps = grid(document, "objectives", "Longest time").rows
    assert gaps[0] == ("production", "4", "49 days", "2026-10-19 to 2026-12-07")
    weeks = next(block for block in blocks(document, "drills") if isinstance(block, Weeks))
    assert weeks.cells[0] == (Verdict.PASS, "1/1")
    assert weeks.cells[1] == (None, "–")
    assert weeks.description == "14 weeks: 4 of 6 drills passed, and 8 weeks had none."


def test_what_was_proven_is_reported_in_words(document: Document) -> None:
    rows = grid(document, "coverage", "Injected faults").rows
    assert rows == (
        (FAMILY_WORDS["source"], "0", "1", "1", "not all are detected"),
        (FAMILY_WORDS["dump"], "0", "0", "1", "never proven"),
    )  # fmt: skip
    lines = texts_of(document, "coverage")
    assert lines == [
        "6 drills of 2 scenarios ran with generated data; 1 scenario of this version did not run in this period.",
        "There is no scorecard: only faults that drills of this period injected count as proven.",
    ]
    scored = exercise_document(
        of(scorecard=ScorecardSummary("score.json", "2026-11-20", {"cut": ("dump", "detected")})), PARTICULARS
    )
    assert grid(scored, "coverage", "Injected faults").rows[1][1:] == ("1", "0", "0", "proven")
    assert "Proven by the scorecard score.json, of 2026-11-20, and by the drills of this period." in texts_of(
        scored, "coverage"
    )
    nothing = exercise_document(of(known=Known(faults={"dump": ()}, scenarios=())), PARTICULARS)
    assert texts_of(nothing, "coverage")[-1] == "This version has no faults."
    assert set(FAMILY_WORDS) == set(FAMILIES)


def test_the_register_has_each_open_finding_once(document: Document) -> None:
    rows = grid(document, "register", "Open").rows
    assert [(row[0].rpartition(" (")[2], *row[1:]) for row in rows] == [
        ("orphans-accepted, attendance, production)", "Warning", "2026-07-06", "2026-12-21", "nobody yet", "no date",
         "none yet"),
        ("table-shrank, rsvps, production)", "Warning", "2026-12-07", "2026-12-21", "Head of IT",
         "2026-12-31, overdue", "Ask the treasurer."),
    ]  # fmt: skip
    closed = grid(document, "register", "Closed").rows
    assert [row[1:] for row in closed if row[0].endswith(" (recovery-time, restore, production)")] == [
        ("Error", "2026-08-03", "2026-11-02")
    ]
    assert "file-time" not in " ".join(row[0] for row in (*rows, *closed)), "notes are no findings to act on"


def test_changes_since_the_last_period(document: Document) -> None:
    assert texts_of(document, "changes")[:6] == [
        "The previous period, 2026-07-01 to 2026-09-30, had 4 drills; this one had 12 drills.",
        "New: A step failed: what comes after it was not shown. (step-start-target, start-target, production)",
        "New: After this restore, users would work with missing, changed or foreign rows. (row-count, users, staging)",
        "New: The backup was restored completely, but contains less or more than usual. (table-shrank, rsvps, "
        "production)",
        "production: recovery time 28 min 30 s on 2026-09-07, 30 min 42 s on 2026-12-21",
        "production: target mysql was MySQL 8.4.6, is MySQL 9.7.4",
    ]
    rows = grid(document, "changes", "Rows by table: production, 2026-09-07 and 2026-12-21").rows
    assert rows == (("rsvps", "1,170", "585", "-50.0%"), ("users", "780", "801", "+2.7%"))


def test_tables_that_came_and_went() -> None:
    drills = [drill("2026-09-07", tables={"old": 40}), drill("2026-10-05", tables={"new": 50})]
    document = exercise_document(of(drills=drills), Particulars())
    assert grid(document, "changes", "Rows by table").rows == (("new", "0", "50", "new"), ("old", "40", "0", "gone"))
    same = exercise_document(of(drills=[drill("2026-09-07"), drill("2026-10-05")]), Particulars())
    sentence = "production: every table has as many rows as in the last passed drill before the period."
    assert sentence in texts_of(same, "changes")


def test_open_points(document: Document) -> None:
    assert texts_of(document, "open") == [
        "archive of 2024: not drilled in this period.",
        "production: the latest drill missed its objective for the recovery point.",
        "Warning since 2026-07-06: Rows refer to rows that are left out of every backup: pages that follow the "
        "reference show nothing. (orphans-accepted, attendance, production)",
        "Warning since 2026-12-07: The backup was restored completely, but contains less or more than usual. "
        "(table-shrank, rsvps, production)",
        "The negative control lost-row of 2026-12-15 ended as PASS instead of FAIL.",
        "Faults that were not detected: lost-row.",
        "Never injected: 2 faults, counted by kind under “What was proven, by kind of failure”.",
        "Stand-ins replaced real components: embedded Meilisearch, stand-in Apiary. That the real ones accept these"
        " backups is not proven; each drill's report says it in full.",
    ]


def test_a_history_that_was_changed_is_the_first_open_point() -> None:
    found = replace(of(), chain=Chain(20, "ab" * 32, ("entry 3 is missing: removed after being recorded",)))
    first = next(open_points(found))
    assert first == "The history was modified: entry 3 is missing: removed after being recorded."
    evidence = texts_of(exercise_document(found, Particulars()), "evidence")
    assert evidence[0] == "entry 3 is missing: removed after being recorded"


def test_drills_that_were_renamed_or_forgotten_are_named() -> None:
    amended = Chain(20, "ab" * 32, (), ("Entry 7: root on backup-1 renamed producton to production: a typo.",))
    evidence = texts_of(exercise_document(replace(of(), chain=amended), Particulars()), "evidence")
    assert evidence[1:3] == ["Drills that count under another name, or that were left out:", *amended.amendments]


def test_a_failed_latest_drill_is_an_open_point() -> None:
    points = list(open_points(of(drills=[drill("2026-10-05", verdict=Verdict.FAIL)])))
    assert points[0] == "production: the latest drill, of 2026-10-05, is FAIL."


def test_the_results_are_named_by_their_digests(document: Document) -> None:
    results = grid(document, "evidence", "Source results")
    assert len(results.rows) == 12
    assert results.rows[0][2] == "cd" * 32


def test_there_are_lines_to_fill_by_hand(document: Document) -> None:
    assert blocks(document, "people") == [
        Form("Participants", ("Name", "Role", "Present"), 6),
        Form("Decisions", ("Decision", "Who", "Due"), 6),
    ]


@pytest.mark.parametrize("read", [of_html, of_markdown, of_pdf], ids=["HTML", "Markdown", "PDF"])
def test_every_format_says_the_same_in_the_same_order(document: Document, read: Callable[[Document], str]) -> None:
    must_stand_in_order(document, read(document))

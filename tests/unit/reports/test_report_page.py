"""What the report of one drill says, part by part; its evidence is test_report_evidence.py."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from harness.base.model import (
    Acceptance,
    Change,
    CheckResult,
    InjectedFault,
    Orphans,
    Provenance,
    Severity,
    Verdict,
)
from harness.base.sizes import size
from harness.checks import CHECKS
from harness.checks.evidence import Evidence
from harness.drill.result import result_of
from harness.records.history.entry import Entry, PastFinding
from harness.reports.document import (
    Facts,
    FindingGroup,
    Grid,
    Line,
    Point,
    Span,
    Timeline,
    Trend,
)
from harness.reports.meanings import MEANINGS, WARNING, meaning_of
from harness.reports.page import page_of
from harness.reports.problems import problems_of
from harness.reports.words import counted, seconds, span
from tests.tables import over_table
from tests.unit.checks.builders import finding
from tests.unit.history.builders import entry
from tests.unit.reports.parts import grid, section, sentences
from tests.unit.reports.results import STARTED_AT, damaged, described, ended_early, failed, passed


def test_sections_come_in_the_order_that_readers_need(evidence: Evidence, tmp_path: Path) -> None:
    document = page_of(passed(evidence), evidence, tmp_path)
    assert [each.title for each in document.sections] == [
        "Findings", "Timeline", "Recovery objectives", "Backup", "Environment", "What was checked", "Not proven",
        "Evidence",
    ]  # fmt: skip


def test_the_first_screen_says_what_was_restored_into_what(evidence: Evidence, tmp_path: Path) -> None:
    good = page_of(replace(passed(evidence), scenario="verify"), evidence, tmp_path)
    assert good.title == "production, backup of 2026-11-21 10:00 UTC"
    assert good.sentence == "The backup restores: every check passed."
    assert good.caveat == "Restored into stand-ins (stand-in Apiary). Not proven: that the real application starts."
    assert good.subject == (
        ("Restored into", "MySQL 9.7.4, stand-in Apiary 0.1.0"),
        ("Drilled", "2026-11-22 12:00:00 UTC, took 1 min 23 s, by deploy as root on backup-1"),
    )
    real = replace(passed(evidence), components=passed(evidence).components[:1])
    assert page_of(real, evidence, tmp_path).caveat == ""
    dated = replace(evidence, recovery=replace(evidence.recovery, dumped_at=STARTED_AT))
    of_a_dump = replace(passed(evidence), scenario="verify", backup_at=None)
    assert page_of(of_a_dump, dated, tmp_path).title == "production, backup of about 2026-11-22 12:00 UTC"
    assert page_of(of_a_dump, evidence, tmp_path).title == "production, backup of unknown time"
    nothing = page_of(replace(ended_early(), components=()), None, tmp_path)
    assert nothing.subject[0] == ("Restored into", "no server was started")


def earlier() -> Entry:
    findings = (PastFinding("row-count", Severity.ERROR, "users", 2), PastFinding("definer", Severity.WARNING, "users"))
    drill = entry(verdict=Verdict.FAIL, recovery_time_s=11.0, findings=findings)
    return replace(drill, started_at=STARTED_AT.replace(day=1), recovery_point_s=None, tables={"users": 1})


def test_the_four_figures_with_their_objectives_and_trends(evidence: Evidence, tmp_path: Path) -> None:
    before = earlier()
    tiles = page_of(
        passed(evidence), evidence, tmp_path, (before, replace(before, recovery_time_s=None, tables={}))
    ).tiles
    assert [(tile.label, tile.values, tile.note, tile.good, tile.trend) for tile in tiles] == [
        ("Recovery time", ("12.0 s",), "objective 1 h: met", True,
         Trend((11.0, None, 12.0), "3 drills: 11.0 s to 12.0 s")),
        ("Recovery point", ("1 h",), "objective 1 day: met", True, Trend((None, None, 3600.0), "3 drills: always 1 h")),
        ("Verified", ("2 of 2 rows", "1 of 1 file", "20 of 20 documents"), "complete", True,
         Trend((1.0, None, 2.0), "3 drills: 1 row to 2 rows")),
        ("Findings", ("0 errors",), "0 warnings, 0 notes", True,
         Trend((3.0, 3.0, 0.0), "3 drills: 0 findings to 3 findings")),
    ]  # fmt: skip
    bad = page_of(failed(evidence), damaged(evidence), tmp_path).tiles
    assert [(tile.values, tile.note, tile.good, tile.trend.text) for tile in bad] == [
        (("1 min 1 s",), "objective 1 min: missed", False, "first drill"),
        (("not measured",), "no objective set", None, "first drill"),
        (("0 of 2 rows", "1 of 1 file", "20 of 20 documents"), "incomplete", False, "first drill"),
        (("2 errors",), "2 causes, 0 warnings, 0 notes", False, "first drill"),
    ]
    stopped = page_of(ended_early(), None, tmp_path).tiles
    assert [tile.good for tile in stopped] == [None] * 4
    unlisted = replace(evidence, files=replace(evidence.files, actual=tmp_path / "gone"))
    assert page_of(passed(evidence), unlisted, tmp_path).tiles[2].values[1] == "files: the list cannot be read"


def test_nothing_is_claimed_that_was_not_judged(evidence: Evidence, tmp_path: Path) -> None:
    """No time is met under a FAIL, in a mode whose times mean nothing, or without an objective."""
    lost = replace(failed(evidence), recovery_time_objective_s=3600.0, findings=failed(evidence).findings[:1])
    assert page_of(lost, evidence, tmp_path).tiles[0].note == "objective 1 h: not judged, the drill did not pass"
    fast = replace(passed(evidence), mode="fast")
    assert page_of(fast, evidence, tmp_path).tiles[0].note == "fsync off: not representative"
    free = replace(evidence, recovery=replace(evidence.recovery, restore_objective_s=None, point_objective_s=None))
    document = page_of(passed(free), free, tmp_path)
    states = {row[0]: row[2] for row in grid(section(passed(free), free, tmp_path, "checks"), "Checks").rows}
    unjudged = [title for title, state in states.items() if state == "nothing to judge"]
    assert len(unjudged) >= 2
    assert document.lead == (f"{len(states) - len(unjudged)} checks ran; no findings.",)


def test_a_failure_names_its_causes_first(evidence: Evidence, tmp_path: Path) -> None:
    bad = page_of(failed(evidence), evidence, tmp_path)
    assert (bad.why, bad.lead[0]) == (
        "Table users has as many rows as the source, but with different content. "
        "Primary keys of the first changed rows: [1].",
        "The restore took 61.0 s, which exceeds the objective of 60 s.",
    ), "the first stands beside the verdict"
    assert bad.lead[1].endswith(" checks ran; 2 errors.")
    stopped = page_of(ended_early(), None, tmp_path)
    assert stopped.verdict is Verdict.INCONCLUSIVE
    assert stopped.why == "Load the dump: MySQL went away while the dump was loading."
    assert stopped.caveat.startswith("Restored into")
    assert stopped.lead == ("Try again.",)


def test_which_backup_it_was_and_who_accepted_what_it_lacks(evidence: Evidence, tmp_path: Path) -> None:
    accepted = (Acceptance(("audits",), "Head of IT", "2027-06-30", "Kept elsewhere."), Acceptance(("jobs",)))
    result = replace(passed(evidence), accepted=accepted)
    blocks = section(result, evidence, tmp_path, "backup")
    assert blocks[0] == Facts(
        (
            ("Name", "production"),
            ("Taken", "2026-11-21 10:00:00 UTC"),
            ("Age at the time of the drill", "1 day 2 h"),
            ("Contents", "2 rows in 1 table"),
            ("Purpose of the drill", "To know whether it works."),
        )
    )
    assert grid(blocks, "Exclusions").rows == (
        ("audits", "Head of IT", "2027-06-30", "Kept elsewhere."),
        ("jobs", "nobody named", "no end", "no reason"),
    )
    files = grid(section(result, evidence, tmp_path, "evidence"), "Files of")
    assert files.rows == (("database", "apiary.sql.zst", "453.7 kB", "aa" * 32),)


def test_who_ran_it_where_and_with_which_configuration(evidence: Evidence, tmp_path: Path) -> None:
    (facts,) = [
        each for each in section(passed(evidence), evidence, tmp_path, "environment") if isinstance(each, Facts)
    ]
    assert facts.items == (
        ("Run by", "deploy as root on backup-1"), ("System", "Linux 6.1, Python 3.11.7, apiary-drill 0.1.0"),
        ("Configuration", "/etc/apiary-drill.toml"), ("Its SHA-256", "ef" * 32),
        ("Network isolation", "checked: no outbound access"),
    )  # fmt: skip


def test_recovery_is_measured_against_the_objectives(evidence: Evidence, tmp_path: Path) -> None:
    table = grid(section(passed(evidence), evidence, tmp_path, "recovery"), "Results")
    assert [row[1:] for row in table.rows] == [("12.0 s", "objective 1 h: met"), ("1 h", "objective 1 day: met")]
    assert table.marked == frozenset()
    table = grid(section(failed(evidence), evidence, tmp_path, "recovery"), "Results")
    assert [row[1:] for row in table.rows] == [
        ("1 min 1 s", "objective 1 min: missed"), ("not measured", "no objective set"),
    ]  # fmt: skip
    assert table.marked == {0}


def test_the_last_drills_are_drawn_with_the_objective(evidence: Evidence, tmp_path: Path) -> None:
    """On a scale of their own: an objective far above it is written, and not drawn."""
    before = earlier()
    document = page_of(passed(evidence), evidence, tmp_path, (before, replace(before, recovery_time_s=None)))
    (chart,) = [block for block in document.blocks() if isinstance(block, Line)]
    assert chart.points == (Point(0.0, 11.0, False), Point(1.0, 12.0, True))
    assert (chart.top, chart.limit, chart.limit_text) == (15.0, 3600.0, "objective 1 h")
    assert [tick for tick, _ in chart.ticks] == [5.0, 10.0, 15.0]


def test_one_lost_row_is_one_problem_with_all_that_refers_to_it(evidence: Evidence, tmp_path: Path) -> None:
    """The cause first, by the order of the checks; what has nothing to do with it stands by itself."""
    orphans = tuple(
        Orphans(table, f"{table}_user_id", ("user_id",), "users", 1) for table in ("team_user", "signatures")
    )
    target = replace(evidence.target, orphans=orphans)
    found = (
        CheckResult("rows-source", "Rows", 2, (finding("row-count | users | 2 | 1", "Lost one."),)),
        CheckResult("files", "Files", 2, (finding("file-missing | resumes/a.pdf | a file | nothing", "Lost."),)),
        CheckResult(
            "orphans", "References", 2,
            tuple(finding(f"orphans | {each.table}.user_id | 0 | 1", "It refers to users.") for each in orphans),
        ),
        CheckResult(
            "file-references", "References", 2,
            (finding("file-reference-missing | resumes id=1 | resumes/a.pdf | nothing", "No file."),),
        ),
        CheckResult("search-documents", "Search", 2, (finding("document-missing | apiary_users | 2 | 1", "Lost."),)),
        CheckResult(
            "search-indexes", "Indexes", 2,
            (finding("index-not-imported | apiary_resumes | 1 | 0", "Not there.", severity=Severity.WARNING),),
        ),
        CheckResult("recovery-time", "Time", 1, (finding("recovery-time | restore | 1 | 2", "Slow."),)),
    )  # fmt: skip
    result = described(result_of(found, None))
    problems = problems_of(result, replace(evidence, target=target))
    assert [(each.finding.code, [other.code for other in each.others]) for each in problems] == [
        ("row-count", ["orphans", "orphans", "document-missing"]),
        ("file-missing", ["file-reference-missing"]),
        ("recovery-time", []),
        ("index-not-imported", []),
    ]
    assert problems[0].meaning == MEANINGS["rows-source"].means
    damaged_file = CheckResult(
        "artifact", "Artifact", 1, (finding("artifact-digest | database.sql.zst | a | b", "Changed."),)
    )
    (first, *_) = problems_of(described(result_of((damaged_file, *found), None)), replace(evidence, target=target))
    assert [first.finding.code, *(each.code for each in first.others)][:2] == ["artifact-digest", "row-count"]


def test_a_finding_says_what_it_means_and_what_to_do(evidence: Evidence, tmp_path: Path) -> None:
    """Also where the finding itself has no remedy: then the check's. A warning means less than an error."""
    first, second = (
        block for block in section(failed(evidence), evidence, tmp_path, "findings") if isinstance(block, FindingGroup)
    )
    assert (first.finding.code, first.meaning) == ("content-digest", MEANINGS["rows-source"].means)
    assert (first.finding.remedy, first.action) == ("", MEANINGS["rows-source"].remedy)
    assert (second.finding.code, second.meaning) == ("recovery-time", MEANINGS["recovery-time"].means)
    (step,) = (block for block in section(ended_early(), None, tmp_path, "findings") if isinstance(block, FindingGroup))
    assert step.action == "Try again."
    assert step.meaning == "The drill ended at this step; nothing after it was checked."
    warned = replace(first.finding, severity=Severity.WARNING, code="file-mode")
    assert meaning_of("files", warned) == WARNING
    assert meaning_of("files", replace(warned, severity=Severity.INFO)).means == ""


def test_every_check_has_its_meaning() -> None:
    assert set(MEANINGS) == {check.name for check in CHECKS}


def test_the_timeline_has_every_step_and_what_counts(evidence: Evidence, tmp_path: Path) -> None:
    blocks = section(ended_early(), None, tmp_path, "timeline")
    (timeline,) = [block for block in blocks if isinstance(block, Timeline)]
    assert timeline.spans == (
        Span("Start the servers of the target", "MySQL 9.7.4", "0.0 s", "1.5 s", 0.0, 1.5),
        Span("Load the dump", "failed, 2 rows", "2.0 s", "12.0 s", 2.0, 12.0, emphasised=True, failed=True),
    )
    assert (timeline.end_s, timeline.legend) == (14.0, "part of the recovery time (12.0 s in total)")
    assert sentences(blocks) == ["Failed: Load the dump."]


def test_what_was_broken_on_purpose_is_reported_with_every_change(evidence: Evidence, tmp_path: Path) -> None:
    """Also where a fault had no effect, and whether the verdict is the one that must come."""
    faults = (
        InjectedFault("flip-byte", "artifact", (Change("byte", "database.sql.zst", "offset 7, 0x41 to 0x40"),)),
        InjectedFault("drop-row", "restored"),
    )
    broken = replace(failed(evidence), faults=faults, expected_verdict=Verdict.FAIL)
    assert grid(section(broken, damaged(evidence), tmp_path, "evidence"), "Injected faults").rows == (
        ("flip-byte", "artifact", "byte", "database.sql.zst", "offset 7, 0x41 to 0x40"),
        ("drop-row", "restored", "", "", "without effect"),
    )
    sentence = "A fault was injected deliberately: the expected verdict is FAIL, "
    assert f"{sentence}and it is." in page_of(broken, evidence, tmp_path).lead
    missed = replace(passed(evidence), expected_verdict=Verdict.FAIL)
    assert f"{sentence}and it is not." in page_of(missed, evidence, tmp_path).lead
    assert "No fault was injected in this drill." in sentences(
        section(passed(evidence), evidence, tmp_path, "evidence")
    )


def test_without_evidence_it_is_reported_why(evidence: Evidence, tmp_path: Path) -> None:
    """And the output of programs is pointed at where it was kept."""
    why, broken, kept = sentences(section(ended_early(), None, tmp_path, "evidence"))
    assert why == "Not available: the drill ended before it was collected."
    assert broken == "No fault was injected in this drill."
    assert kept.endswith(f"The run directory {tmp_path.name} contains the JSON of every step and the servers' logs.")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "error.txt").touch()
    why, _, kept = sentences(section(passed(evidence), None, tmp_path, "evidence"))
    assert why == "Not available: it is not in the run directory."
    assert kept.endswith("the servers' logs and the output of failed programs (logs/error.txt).")


@over_table(
    "text, expected",
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
def test_times_sizes_and_counts_are_for_people(text: str, expected: str) -> None:
    assert text == expected


def test_where_a_backup_came_from_is_reported(evidence: Evidence, tmp_path: Path) -> None:
    """With its age in the store, what agreed with it, and among which it was the newest."""
    origin = Provenance(
        "database", "s3://night/2.sql", "version 7", STARTED_AT - timedelta(hours=3), 5, "aa", ("SHA256SUMS",), 12,
        ("s3://night/2.sql", "s3://night/1.sql"),
    )  # fmt: skip
    result = replace(passed(evidence), provenance=(origin, Provenance("storage", "storage_command (restic)")))
    page = page_of(result, evidence, tmp_path)
    (grid,) = (block for block in page.blocks() if isinstance(block, Grid) and block.caption == "Where it came from")
    assert grid.rows == (
        (
            "database", "s3://night/2.sql", "version 7", "2026-11-22 09:00:00 UTC", "3 h", "SHA256SUMS",
            "12: s3://night/2.sql, s3://night/1.sql, …",
        ),
        ("storage", "storage_command (restic)", "", "not reported", "not reported", "nothing beside it", "named"),
    )  # fmt: skip

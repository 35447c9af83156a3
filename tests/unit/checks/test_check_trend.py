"""The trend: nothing on small things and usual sizes, one warning for each thing that shrank or jumped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.base.model import CheckResult, DirectoryTotals, PastDrill, Severity, TrendEvidence, TrendLimits
from harness.checks import CHECKS
from harness.checks.evidence import Evidence
from harness.checks.trend import check_trend
from harness.checks.verdict import decide, judge
from tests.tables import over_table
from tests.unit.checks.builders import finding, only, past_drill

SHRANK = "Find out who removed them and whether the backup reads the live system. Keep the earlier backups until then."
JUMPED = "Find out where they come from; an import that ran twice is one possible cause."


def rows(now: Mapping[str, int], *past: Mapping[str, int], limits: TrendLimits | None = None) -> CheckResult:
    """The check on tables only, against drills of one day ago, two days ago…"""
    drills = tuple(past_drill(tables, days_ago=number) for number, tables in enumerate(past, start=1))
    return check_trend(TrendEvidence(limits or TrendLimits(), drills), now, {}, {})


def test_what_is_as_large_as_usual() -> None:
    result = rows({"users": 1000}, {"users": 990}, {"users": 980})
    assert (result.check, result.findings, result.compared, result.unknown) == ("trend", (), 1, "")
    assert result.evidence == (("passed drills to compare with", "2"), ("the latest of them", "drill-1"))


def test_without_a_good_drill_nothing_is_compared_and_nothing_is_unknown() -> None:
    result = check_trend(TrendEvidence(TrendLimits(), ()), {"users": 1000}, {}, {})
    assert (result.findings, result.compared, result.unknown) == ((), 0, "")
    assert result.evidence == (("passed drills to compare with", "0"),)


def test_a_table_that_lost_half_of_its_rows() -> None:
    assert only(rows({"users": 500, "teams": 3}, {"users": 1000, "teams": 3})) == finding(
        "table-shrank",
        "users",
        "The table users shrank: 50% less. It has 500 rows; the last passed drills usually had 1,000.",
        "about 1,000 rows",
        "500 rows",
        SHRANK,
        Severity.WARNING,
    )


@over_table("now", [{"users": 0}, {}])
def test_a_table_that_lost_everything(now: Mapping[str, int]) -> None:
    assert only(rows(now, {"users": 1000})).message == (
        "The table users shrank: none of them is left. It has 0 rows; the last passed drills usually had 1,000."
    )


def test_a_table_that_jumped() -> None:
    assert only(rows({"users": 3500}, {"users": 1000})) == finding(
        "table-jumped",
        "users",
        "The table users jumped: 250% more. It has 3,500 rows; the last passed drills usually had 1,000.",
        "about 1,000 rows",
        "3,500 rows",
        JUMPED,
        Severity.WARNING,
    )


def test_a_table_that_was_not_there() -> None:
    assert only(rows({"users": 1000, "copies": 5000}, {"users": 1000})).message == (
        "The table copies jumped: there were none before. It has 5,000 rows; the last passed drills usually had 0."
    )


@over_table("now", [800, 2000])
def test_exactly_the_share_is_within_it(now: int) -> None:
    assert rows({"users": now}, {"users": 1000}).findings == ()
    beyond = now - 1 if now < 1000 else now + 1
    assert len(rows({"users": beyond}, {"users": 1000}).findings) == 1


def test_small_tables_make_no_noise() -> None:
    """What has less than the minimum then and now is compared, and not judged."""
    result = rows({"jobs": 0, "teams": 99}, {"jobs": 99, "teams": 1})
    assert (result.findings, result.compared) == ((), 2)
    assert len(rows({"jobs": 0}, {"jobs": 99}, limits=TrendLimits(minimum_rows=99)).findings) == 1


def test_the_median_is_usual_so_that_one_odd_drill_changes_nothing() -> None:
    assert rows({"users": 1000}, {"users": 10}, {"users": 1000}, {"users": 1010}).findings == ()
    (found,) = rows({"users": 10}, {"users": 10}, {"users": 1000}, {"users": 1010}).findings
    assert found.expected == "about 1,000 rows"


def test_a_new_size_is_usual_once_most_drills_have_it() -> None:
    assert rows({"users": 10}, {"users": 10}, {"users": 10}, {"users": 1000}).findings == ()


def test_shares_are_settings() -> None:
    strict = TrendLimits(shrank_share=0.01, jumped_share=0.01)
    assert rows({"users": 985}, {"users": 1000}).findings == ()
    assert only(rows({"users": 985}, {"users": 1000}, limits=strict)).code == "table-shrank"
    assert only(rows({"users": 1015}, {"users": 1000}, limits=strict)).code == "table-jumped"


def with_directories(now: DirectoryTotals, before: DirectoryTotals) -> CheckResult:
    past = past_drill({}, {"resumes": before})
    return check_trend(TrendEvidence(TrendLimits(), (past,)), {}, {"resumes": now}, {})


def test_a_directory_is_compared_by_its_files() -> None:
    before = DirectoryTotals(100, 50_000_000)
    lost = only(with_directories(DirectoryTotals(60, 30_000_000), before))
    assert (lost.code, lost.subject, lost.expected, lost.actual) == (
        "directory-shrank", "resumes", "about 100 files", "60 files",
    )  # fmt: skip
    assert only(with_directories(DirectoryTotals(300, 50_000_000), before)).code == "directory-jumped"


def test_a_directory_is_compared_by_its_bytes_as_well() -> None:
    """All files are there, and empty."""
    before = DirectoryTotals(100, 50_000_000)
    assert only(with_directories(DirectoryTotals(100, 0), before)).actual == "0 bytes"
    assert only(with_directories(DirectoryTotals(100, 150_000_000), before)).actual == "150,000,000 bytes"
    assert with_directories(DirectoryTotals(100, 49_000_000), before).compared == 1, "it is one directory"


@over_table("now, what", [(500, "shrank"), (5000, "jumped")])
def test_an_index_that_shrank_or_jumped(now: int, what: str) -> None:
    past: PastDrill = past_drill({}, {}, {"apiary_users": 1000})
    result = check_trend(TrendEvidence(TrendLimits(), (past,)), {}, {}, {"apiary_users": now})
    assert (only(result).code, only(result).actual) == (f"index-{what}", f"{now:,} documents")
    assert only(result).code.endswith(("-shrank", "-jumped"))


def test_a_warning_does_not_change_the_verdict(evidence: Evidence) -> None:
    assert evidence.trend is not None
    larger = replace(evidence.trend, past=(past_drill({"users": 1000}),))
    results = judge(replace(evidence, trend=larger))
    (found,) = [result for result in results if result.check == "trend"]
    assert only(found).code == "table-shrank"
    assert decide(results)[0] == "PASS"


def test_without_a_history_the_check_does_not_apply(evidence: Evidence) -> None:
    (check,) = [check for check in CHECKS if check.name == "trend"]
    assert check.applies(evidence)
    assert not check.applies(replace(evidence, trend=None))

"""The checks on the artifact, the recovery objectives and the trend: one finding for each doubt."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from harness.base.model import CheckResult, DirectoryTotals, PastDrill, Severity, TrendEvidence, TrendLimits
from harness.checks import CHECKS
from harness.checks.artifact import check_artifact, check_script_warnings
from harness.checks.evidence import ArtifactEvidence, Evidence
from harness.checks.recovery import check_recovery_point, check_recovery_time, recovery_point_s
from harness.checks.trend import check_trend
from harness.checks.verdict import decide, judge
from tests.tables import over_table
from tests.unit.checks.builders import NOW, artifact_file, finding, only, past_drill, recovery

LISTED = artifact_file()
WHOLE = ArtifactEvidence((LISTED,), (LISTED,), nonce="0123456789abcdef", nonce_found=True)


def test_the_artifact_that_the_manifest_describes_and_one_from_elsewhere() -> None:
    result = check_artifact(WHOLE)
    assert (result.check, result.findings, result.compared) == ("artifact", (), 2)
    assert result.evidence == (("apiary.sql.zst", f"100 bytes, sha256 {'aa' * 32}"),)
    result = check_artifact(ArtifactEvidence((), (LISTED,)))
    assert (result.findings, result.compared) == ((), 1)


def test_a_file_that_the_manifest_names_and_that_is_not_there() -> None:
    result = check_artifact(replace(WHOLE, actual_files=()))
    assert only(result) == finding(
        f"artifact-missing | apiary.sql.zst | {'aa' * 32} | missing",
        "The manifest lists apiary.sql.zst, but the backup does not contain it.",
    )


@over_table("what", [{"sha256": "bb" * 32}, {"size_bytes": 99}])
def test_a_file_that_was_changed(what: dict[str, Any]) -> None:
    other = replace(LISTED, **what)
    assert only(check_artifact(replace(WHOLE, actual_files=(other,)))) == finding(
        f"artifact-digest | apiary.sql.zst | 100 bytes, {'aa' * 32} | {other.size_bytes} bytes, {other.sha256}",
        "apiary.sql.zst does not match the manifest: it was changed, or the manifest belongs to another backup.",
    )


def test_a_restore_of_another_backup() -> None:
    assert only(check_artifact(replace(WHOLE, nonce_found=False))) == finding(
        "nonce-missing | nonce | present | missing",
        "The marker row of this backup is missing from the restored database: another backup was restored, or none.",
    )


def test_what_the_script_reported_before_the_load_is_handed_on_as_it_is() -> None:
    result = check_script_warnings(WHOLE)
    assert (result.check, result.findings, result.compared) == ("script", (), 1)
    given = finding("definer | line 7 | a | b", "Line 7 of the script: a definer.", "Do.", Severity.WARNING)
    assert only(check_script_warnings(replace(WHOLE, findings=(given,)))) == given


def test_a_newest_row_that_is_recent_enough_and_a_stale_source() -> None:
    result = check_recovery_point(recovery())
    assert (result.check, result.findings, result.compared, result.unknown) == ("recovery-point", (), 1, "")
    assert result.evidence == (
        ("newest row", "2026-11-22T11:00:00+00:00"),
        ("its age at the time of the backup", "3600 s"),
        ("objective", "7200 s"),
    )
    assert check_recovery_point(recovery(point_objective_s=3600)).findings == (), "exactly the objective is within it"
    assert only(check_recovery_point(recovery(point_objective_s=3599.5))) == finding(
        "recovery-point | newest row | at most 3599.5 s | 3600 s",
        "The newest restored row is 3600 s old, which exceeds the objective of 3599.5 s.",
        "Check that the backup job reads the live database and not a stale copy.",
    )


def test_without_the_time_of_the_backup_the_age_is_taken_now() -> None:
    result = check_recovery_point(recovery(backup_at=None, newest_row_at=NOW - timedelta(days=1)))
    assert only(result).actual == "86400 s"
    assert result.evidence[1] == ("its age now", "86400 s")


def test_without_an_objective_the_times_are_measured_and_not_judged() -> None:
    for result in (
        check_recovery_point(recovery(point_objective_s=None, newest_row_at=NOW - timedelta(days=900))),
        check_recovery_time(recovery(restore_s=9999, restore_objective_s=None)),
    ):
        assert (result.findings, result.compared, result.evidence[-1]) == ((), 0, ("objective", "not set"))
    # An hour before the backup; measured from now where nothing says when the backup was made; None without a time.
    assert recovery_point_s(recovery(point_objective_s=None)) == 3600.0
    assert recovery_point_s(recovery(backup_at=None)) == 3600.0
    assert recovery_point_s(recovery(newest_row_at=None)) is None
    result = check_recovery_point(recovery(newest_row_at=None))
    assert (result.compared, result.unknown) == (0, "no row of the restored database has a time")
    assert check_recovery_point(recovery(newest_row_at=None, point_objective_s=None)).unknown == ""


def test_a_restore_that_is_fast_enough_and_one_that_took_too_long() -> None:
    result = check_recovery_time(recovery(restore_s=60.0))
    assert (result.check, result.findings, result.compared) == ("recovery-time", (), 1)
    assert result.evidence == (("restore", "60.0 s"), ("objective", "60 s"))
    assert only(check_recovery_time(recovery(restore_s=61.5))) == finding(
        "recovery-time | restore | at most 60 s | 61.5 s",
        "The restore took 61.5 s, which exceeds the objective of 60 s.",
    )


def test_a_backup_from_a_clock_that_is_ahead_tells_no_age() -> None:
    """Whatever it would be, it would be wrong; minutes are what clocks may differ by."""
    result = check_recovery_point(recovery(backup_at=NOW + timedelta(hours=48)))
    assert (result.findings, result.evidence) == ((), ())
    assert result.unknown == "the backup's timestamp is 172800 s in the future: one of the two clocks is wrong"
    assert check_recovery_point(recovery(backup_at=NOW + timedelta(minutes=10))).unknown == ""


def test_a_backup_that_was_given_must_not_be_old_itself() -> None:
    """Its rows were fresh when it was made; whoever loses everything now loses what came since."""
    old = recovery(backup_at=NOW - timedelta(days=60), newest_row_at=NOW - timedelta(days=60, hours=1))
    assert check_recovery_point(old).findings == ()
    (found,) = check_recovery_point(replace(old, existing=True)).findings
    assert (found.code, found.message) == (
        "backup-age",
        "The backup was made 5184000 s ago, which exceeds the objective of 7200 s.",
    )
    assert check_recovery_point(replace(old, existing=True, point_objective_s=None)).findings == ()


def test_a_row_of_the_future_has_no_age() -> None:
    """One wrong date would hide every stale backup."""
    ahead = recovery(newest_row_at=NOW + timedelta(days=4000))
    assert check_recovery_point(ahead).unknown == "the newest row is in the future, so its age is unknown"
    assert check_recovery_point(replace(ahead, point_objective_s=None)).unknown == ""


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
        "table-shrank | users | about 1,000 rows | 500 rows",
        "The table users shrank: 50% less. It has 500 rows; the last passed drills usually had 1,000.",
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
        "table-jumped | users | about 1,000 rows | 3,500 rows",
        "The table users jumped: 250% more. It has 3,500 rows; the last passed drills usually had 1,000.",
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

"""The objectives: kept, missed, not set, and not to be determined."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from harness.checks.recovery import check_recovery_point, check_recovery_time, recovery_point_s
from tests.unit.checks.builders import NOW, finding, only, recovery


def test_a_newest_row_that_is_recent_enough() -> None:
    result = check_recovery_point(recovery())
    assert (result.check, result.findings, result.compared, result.unknown) == ("recovery-point", (), 1, "")
    assert result.evidence == (
        ("newest row", "2026-11-22T11:00:00+00:00"),
        ("its age at the time of the backup", "3600 s"),
        ("objective", "7200 s"),
    )


def test_an_age_that_is_exactly_the_objective_is_within_it() -> None:
    assert check_recovery_point(recovery(point_objective_s=3600)).findings == ()


def test_a_stale_source() -> None:
    assert only(check_recovery_point(recovery(point_objective_s=3599.5))) == finding(
        "recovery-point",
        "newest row",
        "The newest restored row is 3600 s old, which exceeds the objective of 3599.5 s.",
        "at most 3599.5 s",
        "3600 s",
        "Check that the backup job reads the live database and not a stale copy.",
    )


def test_without_the_time_of_the_backup_the_age_is_taken_now() -> None:
    result = check_recovery_point(recovery(backup_at=None, newest_row_at=NOW - timedelta(days=1)))
    assert only(result).actual == "86400 s"
    assert result.evidence[1] == ("its age now", "86400 s")


def test_no_objective_for_the_point_is_measured_and_not_judged() -> None:
    result = check_recovery_point(recovery(point_objective_s=None, newest_row_at=NOW - timedelta(days=900)))
    assert (result.findings, result.compared, result.evidence[-1]) == ((), 0, ("objective", "not set"))


def test_no_row_with_a_time_is_unknown_where_an_objective_was_set() -> None:
    result = check_recovery_point(recovery(newest_row_at=None))
    assert (result.compared, result.unknown) == (0, "no row of the restored database has a time")
    assert check_recovery_point(recovery(newest_row_at=None, point_objective_s=None)).unknown == ""


def test_a_restore_that_is_fast_enough() -> None:
    result = check_recovery_time(recovery(restore_s=60.0))
    assert (result.check, result.findings, result.compared) == ("recovery-time", (), 1)
    assert result.evidence == (("restore", "60.0 s"), ("objective", "60 s"))


def test_a_restore_that_took_too_long() -> None:
    assert only(check_recovery_time(recovery(restore_s=61.5))) == finding(
        "recovery-time",
        "restore",
        "The restore took 61.5 s, which exceeds the objective of 60 s.",
        "at most 60 s",
        "61.5 s",
    )


def test_no_objective_for_the_time_is_measured_and_not_judged() -> None:
    result = check_recovery_time(recovery(restore_s=9999, restore_objective_s=None))
    assert (result.findings, result.compared, result.evidence[-1]) == ((), 0, ("objective", "not set"))


def test_the_recovery_point_is_reported_without_an_objective() -> None:
    """An hour before the backup; measured from now where nothing says when the backup was made; None without a time."""
    assert recovery_point_s(recovery(point_objective_s=None)) == 3600.0
    assert recovery_point_s(recovery(backup_at=None)) == 3600.0
    assert recovery_point_s(recovery(newest_row_at=None)) is None


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

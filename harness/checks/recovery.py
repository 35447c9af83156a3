"""Objectives: how old the newest row is, and how long the restore took."""

from __future__ import annotations

from harness.base.model import CheckResult
from harness.base.timezones import CLOCKS_APART
from harness.checks.collector import Collector
from harness.checks.evidence import RecoveryEvidence


def recovery_point_s(recovery: RecoveryEvidence) -> float | None:
    """Age of the newest row when the backup was taken, or now, where nothing says when that was; None without one."""
    if recovery.newest_row_at is None:
        return None
    return ((recovery.backup_at or recovery.now) - recovery.newest_row_at).total_seconds()


def check_recovery_point(recovery: RecoveryEvidence) -> CheckResult:
    """The newest restored row is not older than the recovery point objective allows.

    Its age is taken at the time of the backup, or now, where nothing says when the backup was made. An existing
    backup must not be older than that either: whoever loses everything now has no other.
    """
    found = Collector("recovery-point", "The newest restored data meets the recovery point objective")
    age_s = recovery_point_s(recovery)
    if recovery.newest_row_at is None or age_s is None:
        found.unknown = "no row of the restored database has a time" if recovery.point_objective_s else ""
        return found.result()
    found.compared = 1
    if recovery.backup_at is not None and recovery.backup_at - recovery.now > CLOCKS_APART:
        # Every age that could be computed would be wrong by as much.
        ahead_s = (recovery.backup_at - recovery.now).total_seconds()
        found.unknown = f"the backup's timestamp is {ahead_s:.0f} s in the future: one of the two clocks is wrong"
        return found.result()
    found.evidence("newest row", recovery.newest_row_at.isoformat(timespec="seconds"))
    if recovery.newest_row_local:
        found.evidence("the same, as stored in the row", recovery.newest_row_local)
        found.evidence("time zone of the source's database server", recovery.server_time_zone)
    found.evidence("its age at the time of the backup" if recovery.backup_at else "its age now", f"{age_s:.0f} s")
    if recovery.point_objective_s is None:
        found.compared = 0  # measured, and nothing was judged
        found.evidence("objective", "not set")
        return found.result()
    found.evidence("objective", f"{recovery.point_objective_s:g} s")
    if recovery.newest_row_at - recovery.now > CLOCKS_APART:
        found.unknown = "the newest row is in the future, so its age is unknown"
    elif age_s > recovery.point_objective_s:
        found.add(
            "recovery-point",
            "newest row",
            f"The newest restored row is {age_s:.0f} s old, which exceeds the objective of "
            f"{recovery.point_objective_s:g} s.",
            expected=f"at most {recovery.point_objective_s:g} s",
            actual=f"{age_s:.0f} s",
            remedy="Check that the backup job reads the live database and not a stale copy.",
        )
    made_ago_s = (recovery.now - recovery.backup_at).total_seconds() if recovery.backup_at else 0.0
    if recovery.existing and made_ago_s > recovery.point_objective_s:
        found.add(
            "backup-age",
            "backup",
            f"The backup was made {made_ago_s:.0f} s ago, which exceeds the objective of "
            f"{recovery.point_objective_s:g} s.",
            expected=f"at most {recovery.point_objective_s:g} s",
            actual=f"{made_ago_s:.0f} s",
            remedy="Check that backups are still being made, and drill the newest one.",
        )
    return found.result()


def check_recovery_time(recovery: RecoveryEvidence) -> CheckResult:
    """The steps of the restore together took no longer than the recovery time objective."""
    found = Collector("recovery-time", "The restore meets the recovery time objective")
    found.compared = 0 if recovery.restore_objective_s is None else 1
    found.evidence("restore", f"{recovery.restore_s:.1f} s")
    if recovery.restore_objective_s is None:
        found.evidence("objective", "not set")
    else:
        found.evidence("objective", f"{recovery.restore_objective_s:g} s")
        if recovery.restore_s > recovery.restore_objective_s:
            found.add(
                "recovery-time",
                "restore",
                f"The restore took {recovery.restore_s:.1f} s, which exceeds the objective of "
                f"{recovery.restore_objective_s:g} s.",
                expected=f"at most {recovery.restore_objective_s:g} s",
                actual=f"{recovery.restore_s:.1f} s",
            )
    return found.result()

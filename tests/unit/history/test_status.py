"""The age of the last passed drill: silence, failures, controls and clocks that are wrong."""

from __future__ import annotations

from datetime import timedelta

from harness.base.model import Verdict
from harness.records.history.entry import Entry
from harness.records.history.status import BackupStatus, status_of
from tests.unit.history.builders import NOW, entry

DAY_S = 86400


def one(*entries: Entry, days: float = 100) -> BackupStatus:
    (found,) = status_of(entries, NOW, days * DAY_S)
    return found


def test_a_recent_good_drill() -> None:
    found = one(entry(days_ago=3))
    assert (found.ok, found.age_s, found.since) == (True, 3 * DAY_S, 0)
    assert found.message == "the last passed drill was 3 days ago, on 2026-11-19 12:00 UTC"
    assert found.good == found.latest == entry(days_ago=3)


def test_exactly_the_age_is_not_too_old() -> None:
    assert one(entry(days_ago=100)).ok
    older = one(entry(days_ago=101))
    assert not older.ok
    assert older.message == ("the last passed drill was 101 days ago, on 2026-08-13 12:00 UTC: more than 100 days")


def test_failures_since_the_last_good_drill_are_reported() -> None:
    failed = entry("b", days_ago=1, verdict=Verdict.FAIL)
    unclear = entry("a", days_ago=2, verdict=Verdict.INCONCLUSIVE)
    found = one(failed, unclear, entry(days_ago=3))
    assert (found.ok, found.since, found.latest) == (True, 2, failed)
    assert found.message.endswith("; 2 drills since then did not pass")
    assert one(failed, entry(days_ago=3)).message.endswith("; 1 drill since then did not pass")


def test_without_a_good_drill_there_is_an_alarm() -> None:
    failed = entry("b", days_ago=1, verdict=Verdict.FAIL)
    found = one(failed)
    assert (found.ok, found.good, found.age_s) == (False, None, None)
    assert found.message == "its only drill, of 2026-11-21 12:00 UTC, is FAIL"
    again = one(failed, entry("a", days_ago=2, verdict=Verdict.INCONCLUSIVE))
    assert again.message == "none of its 2 drills passed; the latest, of 2026-11-21 12:00 UTC, is FAIL"


def test_a_control_is_no_good_drill_and_no_bad_one() -> None:
    """Something was broken on purpose: that it was noticed says nothing of the backup."""
    broken = entry("c", faults=("lost-row",), verdict=Verdict.FAIL, expected=Verdict.FAIL)
    unnoticed = entry("d", faults=("lost-row",))
    assert status_of([broken, unnoticed], NOW, DAY_S) == ()
    found = one(broken, unnoticed, entry(days_ago=3))
    assert (found.ok, found.since) == (True, 0)


def test_a_drill_of_the_future_is_no_proof() -> None:
    found = one(entry(days_ago=-2))
    assert not found.ok
    assert found.message == (
        "the last passed drill started 2 days in the future, on 2026-11-24 12:00 UTC: a clock is wrong"
    )
    assert one(entry(days_ago=-60 / DAY_S)).ok, "clocks differ by a minute"


def test_every_backup_is_judged_alone_and_alarms_come_first() -> None:
    drills = [
        entry("a", backup="nightly", days_ago=1),
        entry("b", backup="generated data: documented", generated=True, days_ago=200),
        entry("c", backup="weekly", days_ago=150),
    ]
    found = status_of(drills, NOW, 100 * DAY_S)
    assert [(each.backup, each.ok) for each in found] == [
        ("weekly", False), ("generated data: documented", False), ("nightly", True),
    ]  # fmt: skip


def test_a_backup_that_was_never_drilled_is_an_alarm() -> None:
    drills = [entry("a", backup="nightly", days_ago=1)]
    (missing,) = status_of(drills, NOW, DAY_S, wanted=["weekly"])
    assert (missing.backup, missing.ok, missing.message) == ("weekly", False, "never drilled")
    both = status_of(drills, NOW + timedelta(hours=0), 100 * DAY_S, wanted=["nightly", "weekly"])
    assert [(each.backup, each.ok) for each in both] == [("weekly", False), ("nightly", True)]

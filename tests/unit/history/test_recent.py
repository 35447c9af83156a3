"""Recent drills, and what the status says of a backup."""

import getpass
import hashlib
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.model import Severity, Verdict
from harness.base.origin import origin_here
from harness.checks.evidence import Evidence
from harness.records.history.baseline import DRILLS, keep_recent, recent_drills
from harness.records.history.database import History
from harness.records.history.entry import Entry
from harness.records.history.scorecard import read_scorecard
from harness.records.history.status import BackupStatus, status_of
from tests.tables import over_table
from tests.unit.history.builders import NOW, entry
from tests.unit.history.quarter import ORPHANS, drill
from tests.unit.reports.results import passed


def test_the_last_drills_of_the_same_backup_whatever_came_out(evidence: Evidence, tmp_path: Path) -> None:
    """The oldest first, at most eleven; no negative control, other backup, later drill, nor the drill itself."""
    history, run_dir = History(tmp_path / "history.sqlite3"), tmp_path / "run"
    result = replace(passed(evidence), backup="production")
    keep_recent(run_dir, history, result)
    assert recent_drills(run_dir) == (), "the first drill: there is no history"
    days = [f"2026-11-{day:02}" for day in range(1, 16)]
    for day in days:
        failed = day == "2026-11-14"
        history.append(drill(day, verdict=Verdict.FAIL if failed else Verdict.PASS, findings=(ORPHANS,)))
    history.append(drill("2026-11-16", "staging"))
    history.append(drill("2026-11-17", expected=Verdict.FAIL, verdict=Verdict.FAIL))
    history.append(drill("2026-12-01"))
    history.append(replace(drill("2026-11-21"), drill_id=result.drill_id))
    keep_recent(run_dir, history, result)
    found = recent_drills(run_dir)
    assert [f"{each.started_at:%Y-%m-%d}" for each in found] == days[-DRILLS:]
    assert [each.verdict for each in found][-2:] == [Verdict.FAIL, Verdict.PASS]
    last = found[-1]
    files = sum(directory.files for directory in last.directories.values())
    assert (sum(last.tables.values()), files, sum(last.documents.values())) == (18939, 300, 780)
    assert (last.count(Severity.ERROR), last.count(Severity.WARNING)) == (0, 1)
    (run_dir / "recent.json").write_text("{")
    assert recent_drills(run_dir) == (), "what is damaged is no reason for having no report"


def test_who_runs_a_drill_where_and_with_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "apiary-drill.toml"
    path.write_text("[backup]\n")
    origin = origin_here(path)
    assert (origin.user, origin.host, origin.configuration) == (getpass.getuser(), socket.gethostname(), str(path))
    assert origin.configuration_sha256 == hashlib.sha256(b"[backup]\n").hexdigest()
    assert origin_here("scenario documented", "deploy").user == f"deploy as {getpass.getuser()}"
    assert origin_here("scenario documented").configuration_sha256 == ""
    assert origin_here(tmp_path / "gone").configuration_sha256 == ""
    monkeypatch.setattr("harness.base.origin.pwd.getpwuid", {}.__getitem__)
    assert origin_here("").user.startswith("uid "), "an account without a name"


DAY_S = 86400


def one(*entries: Entry, days: float = 100) -> BackupStatus:
    (found,) = status_of(entries, NOW, days * DAY_S)
    return found


def test_a_recent_good_drill() -> None:
    """Exactly the age is not too old; a drill of the future is no proof, but clocks differ by a minute."""
    found = one(entry(days_ago=3))
    assert (found.ok, found.age_s, found.since) == (True, 3 * DAY_S, 0)
    assert found.good == found.latest == entry(days_ago=3)
    for age, ok, message in (
        (3, True, "the last passed drill was 3 days ago, on 2026-11-19 12:00 UTC"),
        (100, True, "the last passed drill was 100 days ago, on 2026-08-14 12:00 UTC"),
        (101, False, "the last passed drill was 101 days ago, on 2026-08-13 12:00 UTC: more than 100 days"),
        (-2, False, "the last passed drill started 2 days in the future, on 2026-11-24 12:00 UTC: a clock is wrong"),
    ):
        assert (one(entry(days_ago=age)).ok, one(entry(days_ago=age)).message) == (ok, message)
    assert one(entry(days_ago=-60 / DAY_S)).ok


def test_failures_since_the_last_good_drill_are_reported_and_without_one_there_is_an_alarm() -> None:
    failed = entry("b", days_ago=1, verdict=Verdict.FAIL)
    unclear = entry("a", days_ago=2, verdict=Verdict.INCONCLUSIVE)
    found = one(failed, unclear, entry(days_ago=3))
    assert (found.ok, found.since, found.latest) == (True, 2, failed)
    assert found.message.endswith("; 2 drills since then did not pass")
    assert one(failed, entry(days_ago=3)).message.endswith("; 1 drill since then did not pass")
    found = one(failed)
    assert (found.ok, found.good, found.age_s) == (False, None, None)
    assert found.message == "its only drill, of 2026-11-21 12:00 UTC, is FAIL"
    again = one(failed, unclear)
    assert again.message == "none of its 2 drills passed; the latest, of 2026-11-21 12:00 UTC, is FAIL"


def test_a_control_is_no_good_drill_and_no_bad_one() -> None:
    """Something was broken on purpose: that it was noticed says nothing of the backup."""
    broken = entry("c", faults=("lost-row",), verdict=Verdict.FAIL, expected=Verdict.FAIL)
    unnoticed = entry("d", faults=("lost-row",))
    assert status_of([broken, unnoticed], NOW, DAY_S) == ()
    found = one(broken, unnoticed, entry(days_ago=3))
    assert (found.ok, found.since) == (True, 0)


def test_every_backup_is_judged_alone_and_alarms_come_first() -> None:
    """One that was never drilled is an alarm."""
    drills = [
        entry("a", backup="nightly", days_ago=1),
        entry("b", backup="generated data: documented", generated=True, days_ago=200),
        entry("c", backup="weekly", days_ago=150),
    ]
    found = status_of(drills, NOW, 100 * DAY_S)
    assert [(each.backup, each.ok) for each in found] == [
        ("weekly", False), ("generated data: documented", False), ("nightly", True),
    ]  # fmt: skip
    (missing,) = status_of(drills[:1], NOW, DAY_S, wanted=["weekly"])
    assert (missing.backup, missing.ok, missing.message) == ("weekly", False, "never drilled")
    both = status_of(drills[:1], NOW, 100 * DAY_S, wanted=["nightly", "weekly"])
    assert [(each.backup, each.ok) for each in both] == [("weekly", False), ("nightly", True)]


@over_table(
    "raw",
    [
        {
            "format_version": 1,
            "faults": [
                {"fault": "cut", "family": "dump", "outcome": "detected", "seconds": 3},
                {"fault": "lost-row", "family": "source", "outcome": "not detected", "finding": None},
            ],
        },
        {
            "families": {
                "dump": {"faults": [{"name": "cut", "outcome": "detected"}], "detected": 1},
                "source": {"faults": [{"name": "lost-row", "outcome": "not detected"}]},
            }
        },
        {
            "families": [
                {"name": "dump", "faults": [{"name": "cut", "result": "detected"}]},
                {"name": "source", "faults": [{"name": "lost-row", "result": "not detected"}]},
            ]
        },
        {"dump": [{"name": "cut", "outcome": "detected"}], "source": [{"name": "lost-row", "outcome": "not detected"}]},
    ],
)
def test_outcomes_are_found_wherever_they_stand(tmp_path: Path, raw: dict[str, object]) -> None:
    (tmp_path / "score.json").write_text(json.dumps({"made_at": "2026-11-20", **raw}))
    found = read_scorecard(tmp_path / "score.json")
    assert found.outcomes == {"cut": ("dump", "detected"), "lost-row": ("source", "not detected")}
    assert (found.name, found.made_at) == ("score.json", "2026-11-20")
    assert (found.detects("cut"), found.detects("lost-row"), found.detects("other")) == (True, False, None)


def test_what_is_no_scorecard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    for content, message in (
        (None, f"cannot read the scorecard {path}: No such file or directory"),
        ("{}", f"the scorecard {path} names no fault with an outcome"),
        ("[]", f"the scorecard {path} names no fault with an outcome"),
        ('{"total": 3}', f"the scorecard {path} names no fault with an outcome"),
        ("no", f"the scorecard {path} is not valid JSON: Expecting value: line 1 column 1 (char 0)"),
    ):
        if content is not None:
            path.write_text(content)
        with pytest.raises(UsageError) as wrong:
            read_scorecard(path)
        assert wrong.value.fact == message

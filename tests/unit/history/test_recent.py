"""What a drill leaves in its run directory for its report: earlier drills of the same backup, and who ran it."""

from __future__ import annotations

import getpass
import hashlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.model import Severity, Verdict
from harness.base.origin import origin_here
from harness.checks.evidence import Evidence
from harness.records.history.database import History
from harness.records.history.recent import DRILLS, keep_recent, recent_drills
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


def test_who_runs_a_drill_where_and_with_what(tmp_path: Path) -> None:
    path = tmp_path / "apiary-drill.toml"
    path.write_text("[backup]\n")
    origin = origin_here(path)
    assert (origin.user, origin.host, origin.configuration) == (getpass.getuser(), socket.gethostname(), str(path))
    assert origin.configuration_sha256 == hashlib.sha256(b"[backup]\n").hexdigest()
    assert origin_here("scenario documented", "deploy").user == f"deploy as {getpass.getuser()}"
    assert origin_here("scenario documented").configuration_sha256 == ""
    assert origin_here(tmp_path / "gone").configuration_sha256 == ""


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> object:
        raise KeyError

    monkeypatch.setattr("harness.base.origin.pwd.getpwuid", unknown)
    assert origin_here("").user.startswith("uid ")

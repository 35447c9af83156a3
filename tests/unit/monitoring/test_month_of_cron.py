"""A month of cron: the crontab of README.md, 30 nights on a simulated clock, and the mails that it sends.

Each night's verdict is the real judging code's, from evidence as a drill collects it; servers are not started.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.base.errors import ServerFailed
from harness.base.model import DrillResult
from harness.checks.evidence import Evidence
from harness.checks.verdict import judge
from harness.cli.main import main
from harness.drill.run import Run
from harness.inputs.backup import BackupUnderTest

PAGE = Path(__file__).parents[3] / "README.md"
FIRST = date(2026, 11, 1)
NIGHTS = 30


class Clock:
    """What time it is for the commands."""

    now = datetime(2026, 11, 1, tzinfo=UTC)


class _Datetime(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return Clock.now.astimezone(tz)


def crontab() -> list[tuple[int, int, list[str]]]:
    """Minute, hour and the words of apiary-drill for each line of the page; all of them are of every day."""
    lines = re.findall(
        r"^(\d+) +(\d+) +\* \* \*  cd /srv/drills && \.venv/bin/apiary-drill (.*)$", PAGE.read_text(), re.M
    )
    assert len(lines) == 2
    return sorted(((int(minute), int(hour), shlex.split(words)) for minute, hour, words in lines), key=lambda at: at[1])


def lost_a_row(evidence: Evidence) -> Evidence:
    tables = tuple(
        replace(each, rows=each.rows - 1, digest="00") if each.name == "users" else each
        for each in evidence.target.tables
    )
    return replace(evidence, target=replace(evidence.target, tables=tables))


def nothing_searched(evidence: Evidence) -> Evidence:
    return replace(evidence, search=replace(evidence.search, probes=()))


def no_server(_: Evidence) -> Evidence:
    raise ServerFailed("MySQL did not start")


def test_mail_comes_on_exactly_the_nights_on_which_something_was_wrong(
    evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: dict[int, Callable[[Evidence], Evidence] | None] = {
        4: lost_a_row, 9: nothing_searched, 10: lost_a_row, 17: no_server, 23: None,
    }  # fmt: skip

    def drilled(run: Run, backup: BackupUnderTest) -> DrillResult:
        with run.concluded():
            change = wrong.get((Clock.now.date() - FIRST).days + 1, lambda same: same)
            assert change is not None
            run.outcome.evidence = change(evidence)
            run.outcome.results = judge(run.outcome.evidence)
        return run.result()

    for module in ("harness.drill.run", "harness.drill.plan", "harness.cli.commands.status"):
        monkeypatch.setattr(f"{module}.datetime", _Datetime)
    monkeypatch.setattr("harness.cli.backup_drill.verify", drilled)
    monkeypatch.setattr("harness.cli.drilling.choose_runtime", lambda *_, **__: None)
    monkeypatch.setattr("harness.reports.files.write_reports", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "storage").mkdir()
    (tmp_path / "apiary-drill.toml").write_text(
        '[backup]\nname = "production"\ndump = "apiary-*.sql"\nstorage = "storage"\n'
    )
    cron = CliRunner(env={"APIARY_DRILL_STATE_DIR": str(tmp_path / "state")})
    mails: dict[int, list[str]] = {}
    for day in range(1, NIGHTS + 5):
        for minute, hour, words in crontab():
            if words[0] == "verify" and day > NIGHTS:
                continue  # the machine's cron lost this line
            today = FIRST + timedelta(days=day - 1)
            Clock.now = datetime(today.year, today.month, today.day, hour, minute, tzinfo=UTC)
            dump = tmp_path / "apiary-today.sql"
            dump.unlink(missing_ok=True)
            if wrong.get(day, True) is not None:
                dump.write_text("-- a script that nothing reads here\n")
            if output := cron.invoke(main, words).output:
                mails.setdefault(day, []).append(output)
        if day > NIGHTS and day in mails:
            break
    assert sorted(day for day in mails if day <= NIGHTS) == sorted(wrong), mails[min(mails)]
    assert mails[4][0].startswith("FAIL  production, ")
    assert "row-count  " in mails[4][0]
    assert mails[9][0].startswith("INCONCLUSIVE  production, ")
    assert "MySQL did not start" in mails[17][0]
    assert "apiary-*.sql" in mails[23][0]
    assert [len(mails[day]) for day in sorted(wrong)] == [1, 1, 2, 1, 1], "on the second bad day, status as well"
    (silence,) = mails[day]
    assert day == NIGHTS + 2
    assert silence.startswith("ALARM  backup production: the last passed drill was ")
    assert len(silence.splitlines()) == 1

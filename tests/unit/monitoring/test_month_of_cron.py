"""A month of nightly runs, and who hears of them."""

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.base.errors import ServerFailed, UsageError
from harness.base.model import DrillResult
from harness.base.settings import NotificationSettings
from harness.checks.evidence import Evidence
from harness.checks.verdict import judge
from harness.cli import config
from harness.cli.command_line import main
from harness.drill.run import Run
from harness.inputs.backup import BackupUnderTest
from harness.monitoring.config import read_table, settings_of
from tests.tables import over_table

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


def settings_for(tmp_path: Path, text: str) -> NotificationSettings:
    path = tmp_path / "apiary-drill.toml"
    path.write_text(text)
    return settings_of(read_table(path), tmp_path)


def test_everything_that_can_be_written(tmp_path: Path) -> None:
    """Secrets may stand in the file itself; a file without the table tells nobody, and needs no backup."""
    (tmp_path / "urls").write_text("# who is on call\n\n  json://one/ \nmailto://two\n")
    (tmp_path / "ping").write_text("https://example.org/uuid\n")
    text = '[notify]\nurls_file = "urls"\non = ["failure"]\nping_file = "ping"\nping_style = "healthchecks"\n'
    assert settings_for(tmp_path, f"{text}timeout_s = 3\n") == NotificationSettings(
        notify_urls=("json://one/", "mailto://two"),
        notify_on=("failure",),
        ping="https://example.org/uuid",
        ping_style="healthchecks",
        timeout_s=3,
    )
    found = settings_for(tmp_path, '[notify]\nurls = ["json://one/"]\nping = "http://example.org/"\n')
    assert (found.notify_urls, found.ping) == (("json://one/",), "http://example.org/")
    assert found.notify_on == ("failure", "recovery", "silence")
    found = settings_for(tmp_path, '[backup]\ndirectory = "backups/*"\n')
    assert (found.notify_urls, found.ping) == ((), None)


def test_every_error_is_reported_with_its_key_and_without_its_value(tmp_path: Path) -> None:
    path = tmp_path / "apiary-drill.toml"
    path.write_text(
        '[notify]\nurl = "json://secret"\nurls = ["json://secret", 5]\non = ["secret"]\n'
        'ping = ["https://secret"]\nping_style = "secret"\ntimeout_s = 0\n'
    )
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert str(caught.value).splitlines() == [
        f"{path} has 6 errors",
        f"{path}: notify.urls.1: input should be a valid string",
        f"{path}: notify.on.0: input should be 'failure', 'recovery' or 'silence'",
        f"{path}: notify.ping: input should be a valid string",
        f"{path}: notify.ping_style: input should be 'plain' or 'healthchecks'",
        f"{path}: notify.timeout_s: input should be greater than 0",
        f"{path}: notify.url: extra inputs are not permitted",
    ]


@over_table("name", ["urls", "ping"])
def test_a_secret_stands_in_one_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / "apiary-drill.toml"
    value = '["json://secret"]' if name == "urls" else '"https://secret"'
    path.write_text(f'[notify]\n{name} = {value}\n{name}_file = "x"\n')
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert str(caught.value) == f"{path} has 1 error\n{path}: notify: give either {name} or {name}_file"


def test_the_whole_configuration_does_not_show_a_secret_either(tmp_path: Path) -> None:
    """`verify` reads the whole file: a misspelt key below [notify] is an error there as well."""
    path = tmp_path / "apiary-drill.toml"
    path.write_text('[backup]\ndirectory = "x"\n[notify]\nurl = "json://secret"\nurls = ["json://secret", 5]\n')
    with pytest.raises(UsageError) as caught:
        config.load(path)
    assert str(caught.value).splitlines() == [
        f"{path} has 2 errors",
        f"{path}: notify.urls.1: input should be a valid string",
        f"{path}: notify.url: extra inputs are not permitted",
    ]


@over_table(
    "content, message",
    [
        (None, "cannot read {path}: No such file or directory"),
        (b"# nobody\n", "{path} contains no URL"),
        (b"\xff\xfe", "{path} is not text"),
    ],
)
def test_a_file_of_secrets_that_is_no_use_is_reported(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "secrets").write_bytes(content)
    for name in ("urls_file", "ping_file"):
        with pytest.raises(UsageError) as caught:
            settings_for(tmp_path, f'[notify]\n{name} = "secrets"\n')
        assert str(caught.value) == f"notify.{name}: " + message.format(path=tmp_path / "secrets")


def test_a_file_that_is_no_toml_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"apiary-drill\.toml is not valid TOML: "):
        settings_for(tmp_path, "[notify\n")
    with pytest.raises(UsageError, match=r"cannot read the configuration .*: No such file or directory"):
        read_table(tmp_path / "none.toml")

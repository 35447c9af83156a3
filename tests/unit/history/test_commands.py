"""The commands that read the history."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.base.model import Verdict
from harness.base.settings import from_environment
from harness.checks.evidence import Evidence
from harness.cli.command_line import main
from harness.cli.post_run import POST_RUN_HOOKS, Finished, run_hooks
from harness.records.history.database import History
from harness.records.history.entry import Entry
from harness.records.history.status import in_words
from tests.unit.history.builders import entry, finding
from tests.unit.history.test_entry import result_for, run_of

Command = Callable[..., Result]


def recent(name: str, *, days_ago: float, **changes: object) -> Entry:
    """A drill of some days before today."""
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago)
    return replace(entry(name, **changes), started_at=started_at)  # type: ignore[arg-type]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "state" / "history.sqlite3")


@pytest.fixture
def command(history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command with this history, in an empty directory."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    runner = CliRunner(env={"APIARY_DRILL_HISTORY": str(history.path), "COLUMNS": "200"})
    return lambda *arguments: runner.invoke(main, [str(argument) for argument in arguments])


def test_no_history_and_one_that_can_not_be_read_are_alarms(command: Command, history: History) -> None:
    answer = command("status", "--max-age", "100d")
    assert (answer.exit_code, answer.output) == (
        1,
        f"ALARM  there is no history at {history.path}\n"
        "HINT: The first finished drill creates it; APIARY_DRILL_HISTORY sets the location.\n",
    )
    status = json.loads(command("status", "--json").output)
    assert (status["ok"], status["backups"]) == (False, [])
    answer = command("history")
    assert answer.exit_code == 2
    assert f"error: there is no history at {history.path}" in answer.output
    assert not history.path.exists()
    history.path.parent.mkdir()
    history.path.write_bytes(b"")
    answer = command("status")
    assert answer.exit_code == 1
    assert answer.output.startswith(f"ALARM  the history {history.path} is damaged (it has 0 bytes)")


def test_a_history_that_was_changed_is_an_alarm(command: Command, history: History) -> None:
    history.append(recent("one", days_ago=3))
    forged = History(history.path.with_name("forged"))
    forged.append(recent("two", days_ago=1))
    body = next(forged.links()).body.decode()
    with closing(sqlite3.connect(history.path)) as connection:
        connection.execute("UPDATE entries SET body = ?", (body,))
        connection.commit()
    answer = command("status")
    assert answer.exit_code == 1
    assert answer.output.splitlines()[-1] == (
        f"ALARM  the history {history.path} was modified: entry 1 was changed after it was recorded"
    )


def test_each_backup_has_its_line_and_one_that_is_too_old_is_enough(command: Command, history: History) -> None:
    history.append(recent("one", days_ago=3))
    history.append(recent("two", days_ago=200, backup="weekly"))
    history.append(recent("three", days_ago=1, backup="generated data: documented", generated=True))
    answer = command("status", "--max-age", "100d", "--all")
    assert answer.exit_code == 1
    lines = answer.output.splitlines()
    assert [line[:40] for line in lines] == [
        "ALARM  backup weekly: the last passed dr",
        "OK     backup production: the last passe",
        "OK     generated data documented: the la",
    ]
    assert lines[0].endswith(": more than 100 days")
    assert command("status", "--max-age", "100d").output == f"{lines[0]}\n", "unasked, only what is wrong"
    quiet = command("status", "--max-age", "201d")
    assert (quiet.exit_code, quiet.output) == (0, "")
    assert command("status", "--backup", "production").exit_code == 0
    assert command("status", "--backup", "production", "--backup", "weekly").exit_code == 1


def test_only_backups_that_were_given(command: Command, history: History) -> None:
    history.append(recent("one", days_ago=1, backup="generated data: documented", generated=True))
    assert command("status").exit_code == 0
    answer = command("status", "--exclude-generated")
    assert (answer.exit_code, answer.output) == (1, f"ALARM  the history {history.path} has no drill of a backup\n")


def test_the_configured_backup_has_to_be_there(command: Command, history: History) -> None:
    history.append(recent("one", days_ago=1))
    config = Path("apiary-drill.toml")
    config.write_text('[backup]\nname = "production"\ndirectory = "backups/*"\n')
    assert command("status").exit_code == 0
    config.write_text('[backup]\nname = "nightly"\ndirectory = "backups/*"\n')
    answer = command("status")
    assert (answer.exit_code, answer.output) == (1, "ALARM  backup nightly: never drilled\n")
    history.append(recent("typo", days_ago=300, backup="nigthly"))
    history.append(recent("two", days_ago=1, backup="nightly"))
    assert command("status").exit_code == 0, "what the configuration does not name is not watched"
    config.write_text("[bakcup]\n")
    assert command("status").exit_code == 2


def test_status_as_json(command: Command, history: History) -> None:
    history.append(recent("one", days_ago=3))
    history.append(recent("two", days_ago=1, verdict=Verdict.FAIL))
    answer = command("status", "--max-age", "100d", "--json")
    status = json.loads(answer.output)
    assert (answer.exit_code, status["ok"], status["problem"], status["max_age_s"]) == (0, True, "", 8640000)
    (backup,) = status["backups"]
    assert (backup["backup"], backup["ok"], backup["not_good_since"]) == ("production", True, 1)
    assert (backup["last_good"]["drill_id"], backup["last"]["verdict"]) == ("one", "FAIL")
    assert abs(backup["age_s"] - 3 * 86400) < 60


def test_an_age_that_can_not_be_read_is_bad_usage(command: Command) -> None:
    for age in ("100", "0d", "soon", "-1d"):
        answer = command("status", f"--max-age={age}")
        assert answer.exit_code == 2
        assert f"error: --max-age: {age!r} " in answer.output
        assert "HINT: Examples: 90s, 2m, 1.5h, 2d, 1w." in answer.output


def test_the_list_is_newest_first_and_can_be_narrowed(command: Command, history: History) -> None:
    history.append(entry("one", days_ago=3, findings=(finding("table-shrank", count=2),)))
    history.append(entry("two", days_ago=2, backup="weekly", verdict=Verdict.FAIL, recovery_time_s=None))
    history.append(entry("three", days_ago=1, faults=("lost-row",)))
    rows = [line.split() for line in command("history").output.splitlines()]
    assert rows == [
        ["Started", "(UTC)", "Verdict", "Restore", "Errors", "Warnings", "Backup", "Drill"],
        ["2026-11-21", "12:00", "PASS", "(control)", "10.0", "s", "0", "0", "production", "three"],
        ["2026-11-20", "12:00", "FAIL", "0", "0", "weekly", "two"],
        ["2026-11-19", "12:00", "PASS", "10.0", "s", "0", "2", "production", "one"],
    ]

    def listed(*options: str) -> list[str]:
        return [each["entry"]["drill_id"] for each in json.loads(command("history", "--json", *options).output)]

    assert listed() == ["three", "two", "one"]
    assert listed("--limit", "1") == ["three"]
    assert listed("--backup", "production") == ["three", "one"]
    assert listed("--verdict", "fail") == ["two"]
    assert command("history", "--backup", "none").output == "no drill in the history matches\n"
    assert command("history", "--verdict", "good").exit_code == 2
    assert command("history", "--limit", "0").exit_code == 2


def test_old_runs_are_imported_once(command: Command, history: History, evidence: Evidence, tmp_path: Path) -> None:
    """What can't be imported is reported, and stops nothing."""
    run_of(tmp_path / "a", evidence, result_for(evidence, drill_id="a"))
    run_of(tmp_path / "b", None, result_for(evidence, drill_id="b", backup=""))
    (tmp_path / "interrupted").mkdir()
    runs = [tmp_path / name for name in ("a", "interrupted", "b")]
    answer = command("history", "import", *runs, "--backup", "production")
    assert answer.exit_code == 2
    assert "a: recorded as entry 1\n" in answer.output
    assert "b: recorded as entry 2\n" in answer.output
    assert f"interrupted: {tmp_path / 'interrupted'} does not contain a finished run" in answer.output
    answer = command("history", "import", tmp_path / "b", tmp_path / "a")
    assert (answer.exit_code, answer.output) == (0, "b: already recorded\na: already recorded\n")
    assert {link.entry().backup for link in history.links()} == {"production"}
    assert command("history", "import").exit_code == 2


def test_a_whole_history_is_reported_with_its_last_digest_and_one_written_anew_is_found_by_it(
    command: Command, history: History
) -> None:
    for name in ("one", "two"):
        history.append(entry(name))
    digest = history.recorded()[1]
    answer = command("history", "verify")
    whole = f"2 entries verified: none changed, none removed; the last digest is {digest}\n"
    assert (answer.exit_code, answer.output) == (0, whole)
    assert command("history", "verify", "--head", digest).exit_code == 0
    history.path.unlink()
    history.append(entry("one", users=5))
    answer = command("history", "verify", "--head", digest)
    assert (answer.exit_code, answer.output) == (1, f"no entry has the digest {digest}\n")


def test_a_backup_is_renamed_and_forgotten_in_the_chain(command: Command, history: History) -> None:
    """A typo poisons nothing, nothing is taken away, and what comes later under the same name counts again."""
    history.append(recent("one", days_ago=300, backup="producton"))
    history.append(recent("two", days_ago=2))
    history.append(recent("three", days_ago=250, backup="tried once"))
    assert command("status").exit_code == 1
    renamed = command("history", "rename", "producton", "production", "--why", "a typo")
    assert renamed.output == "1 drill of producton now counted as production; recorded as entry 4\n"
    forgotten = command("history", "forget", "tried once")
    assert forgotten.output == "1 drill of tried once no longer counted; recorded as entry 5\n"
    assert (command("status").exit_code, command("status").output) == (0, "")
    counted = [(link.number, link.entry().backup) for link in history.links()]
    assert counted == [(2, "production"), (1, "production")]
    assert [link.number for link in history.links(backup="production", limit=1)] == [2]
    assert [link.entry().backup for link in history.links(backup="producton")] == []
    verified = command("history", "verify", "--head", next(iter(history.chain())).digest)
    assert verified.exit_code == 0
    lines = verified.output.splitlines()
    assert lines[0].startswith("entry 4: ")
    assert lines[0].endswith(" renamed producton to production: a typo")
    assert lines[1].endswith(" forgot the drills of tried once")
    assert lines[2].startswith("5 entries verified: none changed, none removed; ")
    history.append(recent("four", days_ago=150, backup="tried once"))
    assert command("status").output.startswith("ALARM  backup tried once: the last passed drill")
    missing = command("history", "forget", "nobody")
    assert missing.exit_code == 2
    assert "the history has no drill of the backup 'nobody'" in missing.output
    assert "HINT: Its backups: production, tried once." in missing.output


def test_an_amendment_that_was_changed_is_found(command: Command, history: History) -> None:
    history.append(entry("one", backup="producton"))
    command("history", "rename", "producton", "production")
    with closing(sqlite3.connect(history.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,), "an older program refuses it"
        connection.execute("UPDATE entries SET body = replace(body, 'production', 'elsewhere')")
        connection.commit()
    assert command("history", "verify").output.splitlines()[-1] == "entry 2 was changed after it was recorded"


def test_a_run_directory_is_compared_with_its_entry(
    command: Command, history: History, evidence: Evidence, tmp_path: Path
) -> None:
    run_dir = run_of(tmp_path / "a", evidence, result_for(evidence, drill_id="a"))
    history.append(entry("one"))
    answer = command("history", "verify", run_dir)
    assert (answer.exit_code, answer.output) == (1, "a has a directory but no entry\n")
    command("history", "import", run_dir)
    assert command("history", "verify", run_dir).exit_code == 0


def test_the_trend_shows_what_changed(command: Command, history: History) -> None:
    history.append(entry("one", days_ago=3, users=1000))
    history.append(entry("two", days_ago=2, users=1200))
    history.append(entry("bad", days_ago=1, users=5, verdict=Verdict.FAIL))
    lines = [line.split() for line in command("history", "trend").output.splitlines()]
    assert lines == [
        [],
        ["production"],
        ["2026-11-19", "2026-11-20"],
        ["Rows", "by", "table"],
        ["users", "1,000", "1,200"],
        ["Documents", "by", "index"],
        ["apiary_users", "1,000", "1,200"],
        ["8", "unchanged", "figures", "are", "hidden", "(--all", "shows", "them)"],
    ]
    everything = command("history", "trend", "--all").output
    assert "recovery time" in everything
    assert "450,000" in everything
    trend = json.loads(command("history", "trend", "--json", "--drills", "1").output)
    assert [drill["drill_id"] for drill in trend["production"]] == ["two"]
    assert command("history", "trend", "--backup", "none").output == "the history has no passed drill of none\n"


def test_a_history_that_can_not_be_used_stops_no_drill(
    command: Command, history: History, evidence: Evidence, tmp_path: Path
) -> None:
    """Both sides of the trouble are reported, before the drill and after it. Here the drill has no server."""
    history.path.parent.mkdir()
    history.path.write_text("not a database\n" * 10)
    (tmp_path / "apiary.sql").write_text("CREATE TABLE `users` (`id` int);\n")
    (tmp_path / "storage").mkdir()
    place = ["--dump", tmp_path / "apiary.sql", "--storage", tmp_path / "storage"]
    answer = command(
        "verify", *place, "--runtime", "process", "--mysqld", "no-such-server", "--runs", tmp_path / "runs"
    )
    fact = f"{history.path} is not a history of apiary-drill; it was not modified"
    assert answer.exit_code == 2
    assert f"not compared with earlier drills: {fact}\n" in answer.output

    run_dir, messages = run_of(tmp_path / "run", evidence, result_for(evidence)), list[str]()
    settings = from_environment({"APIARY_DRILL_HISTORY": str(history.path)})
    _record(Finished(result_for(evidence), run_dir, settings), messages.append)
    assert messages == [f"history: {fact} HINT: Set APIARY_DRILL_HISTORY to another file."]
    assert history.path.read_text() == "not a database\n" * 10


def test_every_finished_run_is_recorded(history: History, evidence: Evidence, tmp_path: Path) -> None:
    run_dir, messages = run_of(tmp_path / "run", evidence, result_for(evidence)), list[str]()
    settings = from_environment({"APIARY_DRILL_HISTORY": str(history.path)})
    _record(Finished(result_for(evidence), run_dir, settings), messages.append)
    assert messages == []
    assert [link.entry().drill_id for link in history.links()] == [result_for(evidence).drill_id]


def _record(finished: Finished, say: Callable[[str], None]) -> None:
    """What is done after a run, of it the history only."""
    run_hooks(finished, say, tuple(each for each in POST_RUN_HOOKS if each[0] == "history"))


def test_ages_in_words() -> None:
    ages = {0: "0 seconds", 1.9: "1 second", 119: "119 seconds", 120: "2 minutes", 5400: "90 minutes"}
    ages |= {129600: "36 hours", 86400 * 2: "2 days", 8640000: "100 days"}
    assert {seconds: in_words(seconds) for seconds in ages} == ages

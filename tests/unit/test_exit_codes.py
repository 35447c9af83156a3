"""The table of exit codes in docs/ci.md: each cell is run for real where no server is needed, else a test is named."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.base.errors import ProcedureFailed
from harness.base.model import Verdict
from harness.base.wait import wait_until
from harness.cli.command_line import main
from harness.records.attestation.envelope import sign_run
from harness.records.attestation.keys import generate, load_private
from harness.records.history.database import History
from harness.runner.scorecard import Outcome, Scorecard, ScoredDrill
from tests.unit.history.builders import entry
from tests.unit.schema.recorded import PASSED, recorded

ROOT = Path(__file__).parents[2]
DRILL, BACKUP, SCORE, STATUS, RECORDS, INSPECT = "verify", "backup", "score", "status", "history verify", "inspect"

Case = Callable[[Path], list[str]]
"""Prepares a directory, which is the working directory then; the arguments of the command."""

SCRIPT = "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\n{}-- Dump completed on 2026-11-22  1:00:00\n"


def dump(place: Path, body: str = "CREATE TABLE `users` (`id` int);\n") -> str:
    """A script, and a storage directory beside it."""
    (place / "storage").mkdir(exist_ok=True)
    (place / "a.sql").write_text(SCRIPT.format(body))
    return str(place / "a.sql")


def drilled(place: Path, days_ago: float) -> list[str]:
    """A history with one drill that passed."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago)
    History(place / "history.sqlite3").append(replace(entry("one"), started_at=began))
    return ["status", "--max-age", "2d"]


def signed(place: Path, *, changed: bool = False, artifacts: bool = False) -> list[str]:
    """Evidence of a run; whose report was changed, or whose backup is not here."""
    store = recorded(PASSED, run := place / "run")
    if not artifacts:
        store.save_result(replace(store.load_result(), artifacts=()))
    (run / "report.html").write_text("<p>PASS</p>")
    generate(place / "key", None)
    evidence = sign_run(run, store.load_result(), load_private(place / "key", None))
    if changed:
        (run / "report.html").write_text("<p>FAIL</p>")
    return ["evidence", "verify", str(evidence), "--key", str(place / "key.pub")]


def nobody(place: Path) -> list[str]:
    """A backup of a server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (place / "password").write_text("x")
    (place / "storage").mkdir()
    return ["backup", "--mysql-port", str(port), "--mysql-user", "x", "--mysql-password-file", "password",
            "--storage", "storage", "--to", "made"]  # fmt: skip


CASES: dict[tuple[int, str], Case] = {
    (1, DRILL): lambda place: ["verify", "--dump", dump(place, "SELECT 1"), "--storage", "storage"],
    (2, DRILL): lambda place: ["verify", "--dump", dump(place), "--storage", "nowhere"],
    (3, DRILL): lambda place: ["verify", "--runtime", "docker", "--dump", dump(place), "--storage", "storage"],
    (2, BACKUP): lambda place: ["backup", "--to", "made"],
    (3, BACKUP): nobody,
    (2, SCORE): lambda place: ["score", "no-such"],
    (0, STATUS): lambda place: drilled(place, 1),
    (1, STATUS): lambda place: drilled(place, 3),
    (2, STATUS): lambda place: ["status", "--max-age", "soon"],
    (0, RECORDS): signed,
    (1, RECORDS): lambda place: signed(place, changed=True),
    (2, RECORDS): lambda place: ["evidence", "verify", "nowhere"],
    (3, RECORDS): lambda place: signed(place, artifacts=True),
    (0, INSPECT): lambda place: ["inspect", dump(place)],
    (1, INSPECT): lambda place: ["inspect", dump(place, "SELECT 1")],
    (2, INSPECT): lambda place: ["inspect", dump(place), "--database", "x", "--allow", "y"],
}  # fmt: skip

HANGING: dict[str, list[str]] = {
    DRILL: ["verify", "--dump", "-", "--storage", "storage", "--runtime", "process"],
    BACKUP: ["backup", "--mysql-user", "x", "--mysql-password-file", "FIFO", "--storage", "storage", "--to", "made"],
    SCORE: ["score", "--covering", "FIFO"],
    STATUS: ["status", "--config", "FIFO"],
    RECORDS: ["evidence", "verify", "FIFO"],
    INSPECT: ["inspect", "-"],
}
"""Commands that wait for something to read, so that a signal finds them at work."""

ELSEWHERE = {
    (0, DRILL): "tests/drills/test_verify_backup.py::test_a_backup_directory_is_drilled_by_its_manifest",
    (0, BACKUP): "tests/drills/test_backup_command.py::test_a_backup_of_a_running_apiary_is_complete_and_restores",
    (1, BACKUP): "tests/unit/test_exit_codes.py::test_a_backup_whose_procedure_fails",
    (0, SCORE): "tests/unit/test_exit_codes.py::test_a_scorecard_ends_by_what_was_detected",
    (1, SCORE): "tests/unit/test_exit_codes.py::test_a_scorecard_ends_by_what_was_detected",
    (3, SCORE): "tests/unit/test_covering.py::test_without_an_engine_nothing_is_called_detected",
    **{(130, column): "tests/unit/test_exit_codes.py::test_an_interruption" for column in HANGING},
}


def cells() -> dict[tuple[int, str], str]:
    """The table as it stands in the page, by code and by the first command of a column."""
    page = (ROOT / "docs/ci.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if "|" in line
    ]
    columns = [re.findall(r"`([a-z ]+)`", title)[0] for title in head[1:]]
    return {(int(row[0]), column): cell for row in rows for column, cell in zip(columns, row[1:], strict=True)}


def surroundings(place: Path) -> dict[str, str]:
    """Everything of the commands is in this directory, and there is no engine."""
    names = ("STATE_DIR", "RUNS_DIR", "CACHE_DIR")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "DOCKER_"))},
        **{f"APIARY_DRILL_{name}": str(place / name.lower()) for name in names},
        "APIARY_DRILL_HISTORY": str(place / "history.sqlite3"),
        "DOCKER_HOST": f"unix://{place}/no-engine",
    }


def test_every_cell_is_shown_by_something() -> None:
    filled = {where for where, cell in cells().items() if cell}
    assert filled == CASES.keys() | ELSEWHERE.keys()
    assert not CASES.keys() & ELSEWHERE.keys()
    for place in ELSEWHERE.values():
        path, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(), place


def test_each_ends_with_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {}
    for (code, column), prepare in CASES.items():
        place = tmp_path / f"{column}-{code}"
        place.mkdir()
        monkeypatch.chdir(place)
        arguments = prepare(place)
        answer = CliRunner(env=surroundings(place)).invoke(main, arguments)
        if answer.exit_code != code:
            wrong[code, column] = (answer.exit_code, answer.output)
        if code == 2:
            assert not list(place.glob("runs_dir/*")), "nothing was started"
    assert wrong == {}


def test_a_machine_without_any_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was started: 2, with each reason and what to do. An engine that was asked for, and is silent, is 3."""
    monkeypatch.setattr("harness.base.settings.Settings.which", lambda *_: None)  # what is in sbin is always found
    bare = surroundings(tmp_path) | {"HOME": str(tmp_path)}
    (tmp_path / "password").write_text("x")
    drill = ["verify", "--dump", dump(tmp_path), "--storage", str(tmp_path / "storage")]
    backup = ["backup", "--mysql-user", "x", "--mysql-password-file", str(tmp_path / "password"),
              "--storage", str(tmp_path / "storage"), "--to", str(tmp_path / "made")]  # fmt: skip
    for arguments, code, facts in (
        (drill, 2, ("no database server: no mysqld or mariadbd in ", "; and no Docker engine answers at ")),
        ([*drill, "--runtime", "process"], 2, ("no database server: no mysqld or mariadbd in ",)),
        (["run", "--runtime", "process"], 2, ("no database server: no mysqld or mariadbd in ",)),
        (backup, 2, ("no database server: no mysqld or mariadbd in ",)),
        ([*drill, "--runtime", "docker"], 3, ("no Docker engine answers at ",)),
    ):
        answer = CliRunner(env=bare).invoke(main, arguments)
        assert answer.exit_code == code, (arguments, answer.output)
        for fact in facts:
            assert fact in answer.stderr
        assert "HINT: " in answer.stderr
        assert not list(tmp_path.glob("runs_dir/*/*")), "nothing was started"


def test_an_interruption(tmp_path: Path) -> None:
    """All of them at once, each at work when the signal comes: it has begun to read what never ends."""
    (tmp_path / "storage").mkdir()
    for column in HANGING:
        os.mkfifo(tmp_path / f"{column}.fifo")
    running = {
        column: subprocess.Popen(
            [sys.executable, "-m", "harness.cli.main", *(each.replace("FIFO", f"{column}.fifo") for each in arguments)],
            cwd=tmp_path, env=surroundings(tmp_path) | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0,
        )
        for column, arguments in HANGING.items()
    }  # fmt: skip
    for column, process in running.items():
        assert process.stdin is not None
        with ExitStack() as open_:
            if "FIFO" in HANGING[column]:
                open_.callback(os.close, reader_of(tmp_path / f"{column}.fifo", process))
            else:
                process.stdin.write(b"-- MySQL dump 10.13\n" * 10_000)  # more than a pipe holds: it is being read
                process.stdin.flush()
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=60)[0].decode()
        assert process.returncode == 130, (column, output)
        assert "Traceback" not in output, column


AT_A_CALL = """
import signal, sys
def at_a_call(frame, event, _):
    early = FUNCTION == "cb" and signal.getsignal(NUMBER) == signal.SIG_DFL
    if event == "call" and frame.f_code.co_filename.endswith(FILE) and frame.f_code.co_name == FUNCTION and not early:
        sys.setprofile(None)
        signal.raise_signal(NUMBER)
sys.setprofile(at_a_call)
from harness.cli.main import main
main()
"""
"""The program, interrupted when it first calls a function of a file."""


def test_an_interruption_at_any_moment(tmp_path: Path) -> None:
    """Its imports, click before and after the command, and a callback whose errors Python ignores and shows."""
    points = [
        ("harness/base/errors.py", "<module>", signal.SIGINT),
        ("harness/cli/command_line.py", "<module>", signal.SIGTERM),
        ("click/core.py", "<module>", signal.SIGINT),
        ("importlib._bootstrap>", "cb", signal.SIGHUP),  # of a weak reference to the lock of an import
        ("click/core.py", "make_context", signal.SIGINT),
        ("harness/cli/commands/inspect.py", "<module>", signal.SIGINT),
        ("click/core.py", "exit", signal.SIGINT),
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", f"FILE, FUNCTION, NUMBER = {file!r}, {function!r}, {number:d}\n{AT_A_CALL}",
             "inspect", "nowhere" if function == "exit" else "-"],
            cwd=ROOT, env=surroundings(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for file, function, number in points
    ]  # fmt: skip
    ended = [(process.wait(timeout=60), "Traceback" in process.communicate()[0].decode()) for process in running]
    assert dict(zip(points, ended, strict=True)) == dict.fromkeys(points, (130, False))


def test_an_interruption_when_all_is_done_shows_no_traceback(tmp_path: Path) -> None:
    program = (
        "import atexit, signal; atexit.register(signal.raise_signal, signal.SIGINT)\n"
        "from harness.cli.main import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "--version"],
        cwd=ROOT,
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


def test_a_name_that_is_not_utf_8_is_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a result nor the history could hold it."""
    monkeypatch.chdir(tmp_path)
    script, storage = dump(tmp_path), tmp_path / "storage"
    for renamed, arguments in ((Path(script), ["--dump", "\udcff", "--storage", "storage"]),
                               (storage, ["--dump", "a.sql", "--storage", "\udcff"])):  # fmt: skip
        renamed.rename("\udcff")
        answer = CliRunner(env=surroundings(tmp_path)).invoke(main, ["verify", "--runtime", "process", *arguments])
        assert (answer.exit_code, " is not UTF-8\nHINT: " in answer.stderr) == (2, True), answer.output
        assert not list(tmp_path.glob("runs_dir/*")), "nothing was started"
        Path("\udcff").rename(renamed)


def test_an_empty_name_is_not_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a variable without a value gives it."""
    monkeypatch.chdir(tmp_path)
    for arguments in ([""], ["--dump", dump(tmp_path), "--storage", ""], ["--dump", "", "--storage", "storage"]):
        answer = CliRunner(env=surroundings(tmp_path)).invoke(main, ["verify", "--runtime", "process", *arguments])
        assert (answer.exit_code, "the name is empty" in answer.stderr) == (2, True), answer.output
        assert not list(tmp_path.glob("runs_dir/*")), "nothing was started"


def test_streams_that_are_full_or_closed(tmp_path: Path) -> None:
    """A disk that is full under a log, and a scheduler that gives no standard input."""
    for redirected, arguments, code, message in (
        ("> /dev/full", ["--help"], 3, "error: cannot write the output: No space left on device\n"),
        ("2> /dev/full", ["inspect", "nowhere"], 2, ""),
        ("<&-", ["inspect", "-"], 2, "error: standard input is closed\nHINT: Pipe the dump into the command, or name"),
    ):
        ended = subprocess.run(
            ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-m", "harness.cli.main", *arguments],
            cwd=tmp_path, env=surroundings(tmp_path) | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr.startswith(message), "Traceback" in ended.stderr) == (code, True, False)


def reader_of(fifo: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the process has it open to read, and keep it waiting; until then nobody can write to it."""
    found = []

    def opened() -> bool:
        assert process.poll() is None, process.communicate()
        with suppress(OSError):
            found.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return bool(found)

    wait_until(opened, what=f"a reader of {fifo.name}", timeout_s=60)
    return found[0]


def test_a_backup_whose_procedure_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As tests/contract/mysql/test_backup.py has it fail, for real reasons; here it is the code that counts."""
    assert ProcedureFailed.exit_code == 1
    monkeypatch.chdir(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise ProcedureFailed("mysqldump ended with 2")

    monkeypatch.setattr("harness.cli.options.server.AskedServer.reached_with", fail)
    assert CliRunner(env=surroundings(tmp_path)).invoke(main, nobody(tmp_path)).exit_code == 1


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.DETECTED, 0), (Outcome.NOT_DETECTED, 1)])
def test_a_scorecard_ends_by_what_was_detected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, code: int
) -> None:
    line = ScoredDrill("drop-row", "dump", ("drop-row",), Verdict.FAIL, Verdict.FAIL, outcome, 1.0, "x")
    card = Scorecard(1, datetime.now(UTC), 1.0, "process", (), 1, False, (line,), ())
    monkeypatch.setattr("harness.cli.scoring._drill", lambda *_, **__: card)
    answer = CliRunner(env=surroundings(tmp_path)).invoke(main, ["score", "drop-row", "--runtime", "process", "--json"])
    assert answer.exit_code == code, answer.output
    assert json.loads(answer.stdout)["drills"][0]["outcome"] == outcome

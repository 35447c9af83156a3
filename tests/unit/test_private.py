"""What a run leaves is for its owner alone, whatever the umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.base.private import private_directory, private_log
from harness.checks.evidence import Evidence
from harness.records.attestation.envelope import sign_run
from harness.records.attestation.keys import generate, load_private
from harness.records.history.database import History
from harness.records.history.recording import record
from harness.records.run_directory import RunDirectory
from harness.reports.files import document_of, write_reports
from harness.runtime.ownership import workspace
from tests.unit.reports.results import passed


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("mask", [0, 0o077])
def test_run_history_reports_and_state_are_for_their_owner(evidence: Evidence, tmp_path: Path, mask: int) -> None:
    state = tmp_path / "new" / "state"
    with umask(mask):
        store = RunDirectory(state / "runs" / "one")
        result = passed(evidence)
        store.save_evidence(evidence)
        store.save_result(result)
        store.save_details("output\n")
        page = store.path("report.html")
        write_reports(document_of(result, store.directory), result, [("html", page), ("junit", state / "drill.xml")])
        record(store.directory, History(state / "history.sqlite3"))
        generate(state / "key", None)
        sign_run(store.directory, result, load_private(state / "key", None))
        with workspace(state, "two"):
            for directory in (
                state.parent,
                state,
                state / "runs",
                store.directory,
                store.logs,
                state / "drills" / "two",
            ):
                assert mode(directory) == 0o700, directory
    files = [path for path in state.rglob("*") if path.is_file() and path.suffix != ".pub"]
    assert {path.name for path in files} >= {
        *("evidence.json", "result.json", "report.html", "drill.xml", "history.sqlite3", "evidence.intoto.jsonl"),
        "error.txt",
    }
    assert {path.name: oct(mode(path)) for path in files if mode(path) != 0o600} == {}


def test_what_somebody_opened_for_others_stays_open(evidence: Evidence, tmp_path: Path) -> None:
    """A report that a web server shows; a directory that the operator made."""
    page, result = tmp_path / "drill.html", passed(evidence)
    page.touch(mode=0o644)
    page.chmod(0o644)
    tmp_path.chmod(0o755)
    write_reports(document_of(result, RunDirectory(tmp_path).directory), result, [("html", page)])
    assert (mode(page), mode(tmp_path)) == (0o644, 0o755)
    private_directory(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_file_in_the_place_of_a_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        private_directory(tmp_path / "file")


def test_a_log_goes_on_and_is_for_its_owner(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "target" / "mysql.log"
    with umask(0):
        for line in (b"one\n", b"two\n"):
            with private_log(log) as file:
                file.write(line)
    assert log.read_bytes() == b"one\ntwo\n"
    assert (mode(log), mode(log.parent), mode(log.parent.parent)) == (0o600, 0o700, 0o700)

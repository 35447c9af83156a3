"""What is private or not printable stays out of outputs; commands are shown as they were called."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.base.printable import printable, printable_json, printable_words
from harness.base.private import private_directory, private_log
from harness.checks.evidence import Evidence
from harness.records.attestation.envelope import sign_run
from harness.records.attestation.keys import generate, load_private
from harness.records.history.database import History
from harness.records.history.recording import record
from harness.records.run_directory import RunDirectory
from harness.reports.files import document_of, write_reports
from harness.reports.terminal import as_called
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


def test_a_log_goes_on_and_is_for_its_owner(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "target" / "mysql.log"
    with umask(0):
        for line in (b"one\n", b"two\n"):
            with private_log(log) as file:
                file.write(line)
    assert log.read_bytes() == b"one\ntwo\n"
    assert (mode(log), mode(log.parent), mode(log.parent.parent)) == (0o600, 0o700, 0o700)
    with pytest.raises(NotADirectoryError):
        private_directory(log)


def test_what_acts_is_shown_as_an_escape() -> None:
    for text, shown in (
        ("\x1b[2Jusers\x07", r"\x1b[2Jusers\x07"),
        ("users\n✓ all is well\r", r"users\n✓ all is well\r"),
        ("a\x9b31mb\x00\x7f\t", r"a\x9b31mb\x00\x7f\t"),
        ("a\u2028b\u202ecod.exe\u2066", r"a\u2028b\u202ecod.exe\u2066"),
        ("\udcff", r"\udcff"),
        ("::error::gone", r"\x3a:error\x3a:gone"),
        ("x ::set-output name=a::b", r"x \x3a:set-output name=a\x3a:b"),
        ("x::add-mask::y", r"x\x3a:add-mask\x3a:y"),
        ("::warning", r"\x3a:warning"),
        ("a ##[group]b ##vso[task.x]", r"a \x23#[group]b \x23#vso[task.x]"),
    ):
        assert printable(text) == shown
        assert printable(shown) == shown, "twice is the same as once"


def test_what_does_not_act_is_left_as_it_is() -> None:
    for text in ("", "users", "Größe 名 😀 ✓", "a  b", r"C:\new", "::1", "App\\Models\\Team::find()", "# ## [x] <b>&"):
        assert printable(text) == text
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        assert letter.isprintable() or printable(letter) != letter or not _acts(letter)


def _acts(letter: str) -> bool:
    """Whether it ends a line for somebody, or is a control character."""
    return len(f"a{letter}b".splitlines()) > 1 or ord(letter) < 32 or 127 <= ord(letter) < 160


def test_json_has_the_same_values_and_nothing_that_acts_and_running_text_is_on_one_line() -> None:
    value = {"a\x9b": ["##[group]x", "\u202e\u2028\x7f\ufeff", "é ✓ # ## \n\x1b"]}
    text = json.dumps(value, ensure_ascii=False, indent=2)
    safe = printable_json(text)
    assert json.loads(safe) == value
    assert not any(letter in safe for letter in "\x9b\u202e\u2028\x7f\ufeff")
    assert ("##[" in safe, "é ✓ # ## " in safe, safe.count("\n")) == (False, True, text.count("\n"))
    assert printable_words("  Because\n  it\x1b has to.\n") == r"Because it\x1b has to."


def test_a_command_can_be_copied_and_prose_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is installed in a directory whose name has a space."""
    program = tmp_path / "my drills" / "bin" / "apiary-drill"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_called("drill it: apiary-drill verify x") == f"drill it: '{program}' verify x"
    assert as_called("HINT: `apiary-drill doctor` shows it.") == f"HINT: `'{program}' doctor` shows it."
    for text in ("The version of apiary-drill that wrote it.", "a file of apiary-drill.toml", "/x/apiary-drill run"):
        assert as_called(text) == text
    monkeypatch.setenv("PATH", str(program.parent))
    assert as_called("drill it: apiary-drill verify x") == "drill it: apiary-drill verify x"
    monkeypatch.setattr(sys, "argv", ["/site-packages/harness/cli/main.py"])
    assert as_called("drill it: apiary-drill verify x") == f"drill it: {sys.executable} -m harness.cli.main verify x"

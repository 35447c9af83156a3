"""Reports as files: refused before anything begins where they cannot be written, and never half written."""

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.artifacts.storage.names import code_of
from harness.base.errors import UsageError
from harness.base.settings import ReportSettings, from_environment
from harness.checks.evidence import Evidence
from harness.cli.command_line import main
from harness.cli.post_run import Finished, run_hooks
from harness.records.run_directory import RunDirectory
from harness.reports.files import check_files, document_of, write_reports, write_whole
from tests.unit.checks.builders import evidence as build_evidence
from tests.unit.reports.results import ended_early, failed, passed


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """The directory of a run that passed."""
    directory = tmp_path / "20261122T120000Z-documented-abcdef"
    directory.mkdir()
    evidence = build_evidence(directory)
    store = RunDirectory(directory)
    store.save_evidence(evidence)
    store.save_result(passed(evidence))
    return directory


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def test_all_formats_are_written_from_a_run_directory(tmp_path: Path) -> None:
    run_dir = tmp_path / "20261122T120000Z-documented-abcdef"
    run_dir.mkdir()
    RunDirectory(run_dir).save_result(ended_early())
    files = {kind: tmp_path / f"drill.{kind}" for kind in ("html", "pdf", "markdown", "junit")}
    options = [text for kind, path in files.items() for text in (f"--{kind}", str(path))]
    code, output = call("report", str(run_dir), *options)
    assert code == 3, output
    assert files["html"].read_text().startswith("<!doctype html>")
    assert files["pdf"].read_bytes().startswith(b"%PDF-")
    assert (
        files["markdown"].read_text().startswith("Restore drill of Apiary\n\n# Generated data, scenario documented\n")
    )
    assert files["junit"].read_bytes().startswith(b"<?xml")
    assert not list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*.partial"))
    assert not (run_dir / "report.html").exists(), "a signature may stand on what is in there"


@pytest.mark.parametrize("command", [["report", "RUN"], ["run"], ["verify", "RUN"]])
def test_what_cannot_be_written_is_reported_before_anything_begins(command: list[str], run_dir: Path) -> None:
    arguments = [str(run_dir) if word == "RUN" else word for word in command]
    code, output = call(*arguments, "--html", f"{run_dir}/nowhere/a.html")
    assert code == 2
    assert f"cannot write --html {run_dir}/nowhere/a.html: directory {run_dir}/nowhere does not exist" in " ".join(
        output.split("\n")
    )


def test_every_kind_of_path_that_does_not_work_has_its_sentence(tmp_path: Path) -> None:
    def refusal(**files: Path) -> str:
        with pytest.raises(UsageError) as caught:
            check_files(ReportSettings(**files))
        assert caught.value.exit_code == 2
        return str(caught.value)

    assert refusal(html=tmp_path) == (
        f"cannot write --html {tmp_path}: it is a directory\nHINT: Give the name of a file in it."
    )
    assert refusal(junit=Path("/proc/self/a.xml")).startswith("cannot write --junit /proc/self/a.xml: ")
    same = tmp_path / "a"
    assert refusal(html=same, markdown=tmp_path / ".." / tmp_path.name / "a") == (
        f"cannot write --markdown {tmp_path}/../{tmp_path.name}/a: --html writes to the same file\n"
        "HINT: Give each report its own file."
    )
    check_files(ReportSettings(html=same, pdf=tmp_path / "b"))
    assert list(tmp_path.iterdir()) == []


def test_one_file_is_not_for_several_scenarios(tmp_path: Path) -> None:
    code, output = call("run", "documented", "documented", "--junit", str(tmp_path / "a.xml"))
    assert code == 2
    assert "--junit names one file, but 2 scenarios were given" in output


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """Where the new content cannot be written, the old one stays, and nothing else is left."""
    path = tmp_path / "report.html"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "whatever the umask"
    with pytest.raises(TypeError):
        write_whole(path, "text is no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_one_report_that_fails_does_not_keep_the_others_from_being_written(run_dir: Path, tmp_path: Path) -> None:
    result = RunDirectory(run_dir).load_result()
    files = [("junit", tmp_path / "gone" / "a.xml"), ("html", tmp_path / "a.html")]
    with pytest.raises(FileNotFoundError):
        write_reports(document_of(result, run_dir), result, files)
    assert (tmp_path / "a.html").exists()


def test_every_run_gets_its_page_and_github_its_summary(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "HOME": str(tmp_path)}
    settings = from_environment(environment)
    settings = replace(settings, reports=replace(settings.reports, junit=tmp_path / "a.xml"))
    messages: list[str] = []
    run_hooks(Finished(RunDirectory(run_dir).load_result(), run_dir, settings), messages.append)
    assert messages == []
    assert (run_dir / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "a.xml").exists()
    assert summary.read_text().startswith("before\nRestore drill of Apiary\n\n# Generated data, scenario documented\n")
    captured = capsys.readouterr()
    assert captured.out == "", "with --json, the result alone is on standard output"
    assert captured.err.startswith("::notice title=Restore drill%3A PASS::The backup restores: ")


def test_a_report_that_cannot_be_written_after_the_drill_changes_nothing(run_dir: Path, tmp_path: Path) -> None:
    settings = from_environment({"HOME": str(tmp_path)})
    settings = replace(settings, reports=ReportSettings(junit=tmp_path / "gone" / "a.xml"))
    messages: list[str] = []
    run_hooks(Finished(RunDirectory(run_dir).load_result(), run_dir, settings), messages.append)
    assert len(messages) == 1
    assert messages[0].startswith("write the reports: ")
    assert (run_dir / "report.html").exists()


def test_a_report_is_judged_anew(run_dir: Path, tmp_path: Path, evidence: Evidence) -> None:
    """The stored verdict is not believed: the page says what the evidence says."""
    RunDirectory(run_dir).save_result(failed(evidence))
    code, _ = call("report", str(run_dir), "--markdown", str(tmp_path / "a.md"))
    assert code == 0
    assert "**PASS The backup restores:" in (tmp_path / "a.md").read_text()


def test_a_code_is_turned_back_into_a_name_where_the_run_directory_is(run_dir: Path) -> None:
    code = code_of(b"a.pdf")
    for asked in (code, code.removeprefix("~"), f"resumes/{code}.pdf"):
        assert call("report", str(run_dir), "--name", asked) == (0, "resumes/a.pdf\n")
    for asked in ("~0000000000", "nonsense", ""):
        exit_code, output = call("report", str(run_dir), "--name", asked)
        assert exit_code == 2
        assert output.startswith(f"error: no file of this run has the code {asked}")


WITHOUT_PANGO = """
for library in /usr/lib/*/libpango-1.0.so* /usr/lib/libpango-1.0.so* /usr/lib64/libpango-1.0.so*; do
    if [ -f "$library" ]; then mount --bind /dev/null "$(readlink -f "$library")"; fi
done
exec "$@"
"""
SEVERAL = """
import json, sys
from click.testing import CliRunner
from harness.cli.command_line import main

answers = [CliRunner().invoke(main, command) for command in json.loads(sys.argv[1])]
print(json.dumps([(answer.exit_code, answer.stdout, answer.stderr) for answer in answers]))
"""


def test_without_pango_a_pdf_is_refused_in_one_sentence_and_all_else_works(run_dir: Path, tmp_path: Path) -> None:
    """The library is hidden in a mount namespace of its own."""
    commands = [
        ["report", str(run_dir), "--pdf", str(tmp_path / "a.pdf")],
        ["report", str(run_dir), "--html", str(tmp_path / "a.html")],
        ["doctor"],
    ]
    hidden = ["unshare", "--map-root-user", "--mount", "sh", "-ec", WITHOUT_PANGO, "sh"]
    argv = [*hidden, sys.executable, "-c", SEVERAL, json.dumps(commands)]
    answers = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    (code, _, refused), written, (_, doctor, _) = json.loads(answers)
    assert (code, refused) == (
        2,
        (
            "error: PDF reports need the library Pango, which is not installed\n"
            "HINT: As root on Debian: `apiary-drill doctor --install`.\n"
            "HINT: Elsewhere: install the equivalents of libpango-1.0-0, libpangoft2-1.0-0, "
            "libharfbuzz-subset0.\n"
        ),
    )
    assert written[0] == 0
    assert "reports as PDF: PDF reports need the library Pango" in doctor

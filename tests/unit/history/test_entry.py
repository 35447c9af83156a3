"""What is kept of a run: figures, and no name of a file or of a person."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.base.errors import BrokenArtifact, HarnessError, StepFailed, UsageError
from harness.base.model import DirectoryTotals, DrillResult, Finding, Severity, Step, TrendLimits, Verdict
from harness.checks.evidence import Evidence
from harness.checks.verdict import judge
from harness.drill.result import result_of
from harness.records.history.baseline import baseline
from harness.records.history.chain import canonical, link
from harness.records.history.database import History
from harness.records.history.entry import Entry, PastFinding, PastStep, entry_of_run
from harness.records.history.recording import RECEIPT, Receipt, check_receipt, record, verdict_before
from harness.records.run_directory import RunDirectory
from tests.unit.history.builders import entry

STARTED_AT = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)


def result_for(evidence: Evidence, **changes: object) -> DrillResult:
    result = replace(
        result_of(judge(evidence), None),
        drill_id="20261122T120000Z-verify-abcdef",
        scenario="verify",
        backup="production",
        purpose="To know.",
        started_at=STARTED_AT,
        duration_s=39.87654,
        steps=(Step("restore-database", "Load the dump", STARTED_AT, 2.34567, "2 rows"),),
        recovery_time_s=12.34567,
        recovery_point_at=STARTED_AT,
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def run_of(directory: Path, evidence: Evidence | None, result: DrillResult) -> Path:
    store = RunDirectory(directory)
    if evidence is not None:
        store.save_evidence(evidence)
    store.save_result(result)
    return directory


@pytest.fixture
def run_dir(evidence: Evidence, tmp_path: Path) -> Path:
    return run_of(tmp_path, evidence, result_for(evidence))


def test_the_figures_of_a_run(run_dir: Path) -> None:
    found = entry_of_run(run_dir)
    assert (found.drill_id, found.backup, found.generated) == ("20261122T120000Z-verify-abcdef", "production", False)
    assert found.started_at == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert found.finished_at == datetime(2026, 11, 22, 12, 0, 40, tzinfo=UTC)
    assert (found.verdict, found.expected, found.good, found.control) == ("PASS", "PASS", True, False)
    assert found.steps == (PastStep("restore-database", "Load the dump", 2.346),)
    assert (found.recovery_time_s, found.recovery_time_objective_s) == (12.346, 60.0)
    assert found.tables == {"users": 2, "webhook_calls": 0}
    assert found.directories == {"resumes": DirectoryTotals(1, 5)}
    assert found.documents["apiary_users"] == 2
    assert found.compared["rows-script"] == 2
    assert found.result_sha256 == hashlib.sha256((run_dir / "result.json").read_bytes()).hexdigest()


def test_generated_data_is_named_after_its_scenario(evidence: Evidence, tmp_path: Path) -> None:
    found = entry_of_run(run_of(tmp_path, None, result_for(evidence, scenario="documented", backup="")))
    assert (found.backup, found.generated) == ("generated data: documented", True)


def test_a_control_is_never_good(evidence: Evidence, tmp_path: Path) -> None:
    found = entry_of_run(run_of(tmp_path, None, result_for(evidence, expected_verdict=Verdict.FAIL)))
    assert (found.control, found.good) == (True, False)


def test_an_old_result_is_named_by_its_script_or_as_asked(evidence: Evidence, tmp_path: Path) -> None:
    (script,) = evidence.artifact.actual_files
    artifacts = (replace(script, name="apiary-2026-11-22.sql.gz"),)
    run_dir = run_of(tmp_path, None, result_for(evidence, backup="", artifacts=artifacts))
    assert entry_of_run(run_dir).backup == "apiary-*.sql.gz"
    assert entry_of_run(run_dir, "the nightly one").backup == "the nightly one"


def test_a_run_that_an_error_ended_has_no_figures(tmp_path: Path) -> None:
    result = replace(
        result_of((), StepFailed("read", "Read the backup", BrokenArtifact("the dump is truncated"))),
        scenario="verify",
        drill_id="x",
    )
    found = entry_of_run(run_of(tmp_path, None, result))
    assert (found.verdict, found.reasons) == ("FAIL", ("Read the backup: the dump is truncated.",))
    assert (found.tables, found.directories, found.documents, found.recovery_time_s) == ({}, {}, {}, None)
    assert found.findings == (PastFinding("step-read", Severity.ERROR, "read"),)


def test_files_are_reported_by_their_directory_only(evidence: Evidence, tmp_path: Path) -> None:
    """Results of older versions hold names of files, and those hold names of people."""

    def missing(name: str) -> Finding:
        return Finding(
            "file-missing", Severity.ERROR, name, f"{name} (a file of 5 bytes) is missing after the restore."
        )

    findings = missing("resumes/Chloé.pdf"), missing("resumes/Zoë.pdf"), missing("a.pdf")
    reasons = tuple(finding.message for finding in findings)
    result = result_for(evidence, verdict=Verdict.FAIL, findings=findings, reasons=reasons)
    found = entry_of_run(run_of(tmp_path, None, result))
    assert found.findings == (
        PastFinding("file-missing", Severity.ERROR, "resumes/…", 2),
        PastFinding("file-missing", Severity.ERROR, "a.pdf"),
    )
    assert found.reasons[0] == "resumes/… (a file of 5 bytes) is missing after the restore."
    assert "Chlo" not in canonical(found).decode()
    assert "Zo" not in canonical(found).decode()


@pytest.mark.parametrize("what", ["nothing", "interrupted"])
def test_what_did_not_finish_is_no_entry(tmp_path: Path, evidence: Evidence, what: str) -> None:
    if what == "interrupted":
        RunDirectory(tmp_path).save_evidence(evidence)
    with pytest.raises(UsageError) as caught:
        entry_of_run(tmp_path)
    assert caught.value.fact == f"{tmp_path} does not contain a finished run"
    with pytest.raises(UsageError) as gone:
        entry_of_run(tmp_path / "nowhere")
    assert str(gone.value) == (
        f"{tmp_path / 'nowhere'} is not a directory\nHINT: Give the run directory that the drill printed."
    )


def test_the_same_entry_has_the_same_bytes_everywhere() -> None:
    """The digest of these bytes is in the chain: they may not depend on the program's version or on a dictionary."""
    body = canonical(entry())
    assert body.startswith(b'{"artifacts":[{"name":"apiary.sql.gz","role":"database","sha256":"abab')
    assert body == canonical(replace(entry(), tables={"users": 1000, "teams": 3}))
    assert json.loads(body)["started_at"] == "2026-11-22T12:00:00Z"
    assert link(1, "2026-11-22T12:00:00+00:00", "drill", body, "0" * 64).digest == (
        hashlib.sha256(b"0" * 64 + b"\n1\n2026-11-22T12:00:00+00:00\ndrill\n" + body).hexdigest()
    )
    assert link(1, "", "drill", body, "0" * 64).entry() == entry()


def test_a_run_leaves_a_receipt(run_dir: Path, tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    found = record(run_dir, history)
    assert found is not None
    assert RunDirectory(run_dir).load(RECEIPT, Receipt) == Receipt(1, found.recorded_at, "0" * 64, found.digest)
    assert record(run_dir, history) is None
    assert check_receipt(run_dir, history) == []


def test_an_imported_run_leaves_its_directory_alone(run_dir: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in run_dir.iterdir())
    assert record(run_dir, History(tmp_path / "h" / "history.sqlite3"), how="import") is not None
    assert sorted(path.name for path in run_dir.iterdir()) == sorted([*before, "h"])


def test_a_history_that_was_written_anew_differs_from_the_receipts(run_dir: Path, tmp_path: Path) -> None:
    history, forged = History(tmp_path / "history.sqlite3"), History(tmp_path / "forged.sqlite3")
    found = record(run_dir, history)
    assert found is not None
    forged.append(entry("other"))
    assert check_receipt(run_dir, forged) == ["20261122T120000Z-verify-abcdef has a directory but no entry"]
    forged.append(entry_of_run(run_dir))
    assert check_receipt(run_dir, forged) == [
        f"20261122T120000Z-verify-abcdef was recorded as entry 1 with the digest {found.digest}"
    ]


def test_a_result_that_was_changed_since_differs_from_its_entry(run_dir: Path, tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    record(run_dir, history)
    path = run_dir / "result.json"
    path.write_bytes(path.read_bytes().replace(b'"To know."', b'"To show."'))
    assert check_receipt(run_dir, history) == [
        "20261122T120000Z-verify-abcdef has another result.json than the one that entry 1 was made from"
    ]
    with pytest.raises(HarnessError):
        record(run_dir, history)


def test_the_baseline_is_the_last_good_drills_of_the_same_backup(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    assert baseline(history, "production", TrendLimits()).past == (), "there is no history yet"
    drills: list[Entry] = [
        entry("old", days_ago=9),
        entry("good", days_ago=8),
        entry("empty", days_ago=7.5),
        entry("failed", days_ago=7, verdict=Verdict.FAIL),
        entry("control", days_ago=6, faults=("lost-row",)),
        entry("other", days_ago=5, backup="staging"),
        entry("latest", days_ago=4),
    ]
    for drill in drills:
        history.append(replace(drill, tables={}) if drill.drill_id == "empty" else drill)
    assert [drill.drill_id for drill in baseline(history, "production", TrendLimits()).past] == [
        "latest",
        "good",
        "old",
    ]
    two = baseline(history, "production", TrendLimits(drills=2))
    assert [drill.drill_id for drill in two.past] == ["latest", "good"]
    assert two.past[0].steps == {"restore-files": 1.0, "restore-database": 3.5, "reindex": 5.5}
    assert two.past[0].artifacts == {"database": 450_000}


def test_the_verdict_before_is_that_of_the_same_backup(evidence: Evidence, tmp_path: Path) -> None:
    """For telling that it is well again; controls don't count."""
    history = History(tmp_path / "history.sqlite3")
    result = result_for(evidence)
    history.append(entry("other", backup="weekly", days_ago=0.1))
    assert verdict_before(history, result) is None
    history.append(entry("old", days_ago=3))
    history.append(entry("failed", days_ago=2, verdict=Verdict.FAIL))
    history.append(entry("control", days_ago=1, faults=("lost-row",)))
    history.append(entry("later", days_ago=-1))
    assert verdict_before(history, result) is Verdict.FAIL

"""The run directory: what was written is read back, judged again, and refused when it is damaged or newer."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import BrokenArtifact, ServerFailed, StepFailed, UsageError
from harness.base.model import Change, DrillResult, InjectedFault, TableState, Verdict
from harness.checks.evidence import Evidence, RowDifference
from harness.checks.verdict import judge
from harness.drill.result import exit_code, judge_again, result_of
from harness.records.run_directory import RunDirectory
from harness.scenario.expectation import Expected, ExpectedFinding
from tests.tables import over_table
from tests.unit.reports.results import described


def result_for(evidence: Evidence) -> DrillResult:
    return described(result_of(judge(evidence), None))


def damaged(evidence: Evidence) -> Evidence:
    """One row of the restored table has another value."""
    changed = tuple(replace(table, digest="bb") if table.name == "users" else table for table in evidence.target.tables)
    return replace(
        evidence, target=replace(evidence.target, tables=changed), rows={"users": RowDifference(changed=("[1]",))}
    )


def test_evidence_and_a_result_come_back_as_they_were(evidence: Evidence, tmp_path: Path) -> None:
    made = RunDirectory(tmp_path / "runs" / "one")
    assert (made.directory.is_dir(), made.logs) == (True, tmp_path / "runs" / "one" / "logs")
    store, result = RunDirectory(tmp_path), result_for(evidence)
    store.save_evidence(evidence)
    store.save_result(result)
    assert (store.load_evidence(), store.load_result()) == (evidence, result)


def test_a_run_that_is_judged_again_has_the_same_verdict(evidence: Evidence, tmp_path: Path) -> None:
    for given, verdict in ((evidence, Verdict.PASS), (damaged(evidence), Verdict.FAIL)):
        store, result = RunDirectory(tmp_path), result_for(given)
        store.save_evidence(given)
        store.save_result(result)
        again = judge_again(store)
        assert again.verdict is verdict
        assert (again.findings, again.reasons) == (result.findings, result.reasons)
        assert replace(again, checks=()) == replace(result, checks=()), "only the checks' durations differ"


def test_the_stored_verdict_is_not_believed(evidence: Evidence, tmp_path: Path) -> None:
    """Judging again looks at the evidence, so that a better check finds more in an old run."""
    store = RunDirectory(tmp_path)
    store.save_evidence(damaged(evidence))
    store.save_result(result_for(evidence))
    again = judge_again(store)
    assert again.verdict is Verdict.FAIL
    assert [finding.code for finding in again.findings] == ["content-digest"]
    assert exit_code(again) == 1


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (InjectedFault("mine", "restored", (Change("row", "users", "key 1"),)), Verdict.FAIL),
        (InjectedFault("mine", "restored"), Verdict.INCONCLUSIVE),
        (InjectedFault("mine", "judging", (Change("check", "all", "left out"),)), Verdict.INCONCLUSIVE),
    ],
)
def test_what_a_fault_made_of_a_verdict_stays(
    evidence: Evidence, tmp_path: Path, fault: InjectedFault, verdict: Verdict
) -> None:
    """A fault without effect proved nothing, and one of the judging is not in the evidence."""
    store = RunDirectory(tmp_path)
    store.save_evidence(damaged(evidence))
    store.save_result(replace(result_for(damaged(evidence)), verdict=Verdict.INCONCLUSIVE, faults=(fault,)))
    assert judge_again(store).verdict is verdict


def test_a_run_directory_may_be_moved(evidence: Evidence, tmp_path: Path) -> None:
    before, behind = tmp_path / "before", tmp_path / "behind"
    store = RunDirectory(before)
    for path in (evidence.files.expected, evidence.files.actual, evidence.files.references):
        shutil.move(path, before / path.name)
    files = replace(
        evidence.files,
        expected=before / "source-files.jsonl",
        actual=before / "target-files.jsonl",
        references=before / "references.jsonl",
    )
    moved = replace(evidence, files=files)
    store.save_evidence(moved)
    store.save_result(result_for(moved))
    before.rename(behind)
    assert judge_again(RunDirectory(behind)).verdict is Verdict.PASS


@over_table(
    "cause, verdict, code",
    [
        (BrokenArtifact("the dump is truncated", "Take it again."), Verdict.FAIL, 1),
        (ServerFailed("the server went away", "Take it again."), Verdict.INCONCLUSIVE, 3),
    ],
)
def test_a_run_that_an_error_ended_stays_what_it_was(
    tmp_path: Path, cause: BrokenArtifact | ServerFailed, verdict: Verdict, code: int
) -> None:
    """There is no evidence to judge: the error is the result."""
    store, result = RunDirectory(tmp_path), result_of((), StepFailed("read", "Read the backup", cause))
    store.save_result(result)
    assert judge_again(store) == result
    assert (result.verdict, exit_code(result)) == (verdict, code)
    assert result.reasons == (f"Read the backup: {cause.fact}.",)
    assert result.error == f"Read the backup: {cause.fact}\nHINT: Take it again."
    (finding,) = result.findings
    assert (finding.code, finding.message, finding.remedy) == (
        "step-read",
        f"Read the backup: {cause.fact}.",
        "Take it again.",
    )


@pytest.mark.parametrize(
    ("verdict", "expected", "codes", "code"),
    [
        (Verdict.PASS, None, (), 0),
        (Verdict.FAIL, None, (), 1),
        (Verdict.INCONCLUSIVE, None, (), 3),
        (Verdict.FAIL, Verdict.PASS, ("content-digest",), 1),
        (Verdict.INCONCLUSIVE, Verdict.PASS, ("content-digest",), 3),
        (Verdict.FAIL, Verdict.FAIL, ("content-digest",), 0),
        (Verdict.FAIL, Verdict.FAIL, ("row-count",), 1),
        (Verdict.FAIL, Verdict.FAIL, (), 1),
        (Verdict.PASS, Verdict.FAIL, ("content-digest",), 1),
        (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, ("content-digest",), 0),
        (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, (), 1),
    ],
)
def test_exit_codes_of_results(
    evidence: Evidence, verdict: Verdict, expected: Verdict | None, codes: tuple[str, ...], code: int
) -> None:
    """What is expected and comes is 0; an error finding that nobody expected is not as expected."""
    result = replace(result_for(damaged(evidence)), verdict=verdict)
    wanted = tuple(ExpectedFinding(code=name) for name in codes)
    assert exit_code(result, Expected(verdict=expected, finding=wanted) if expected else None) == code


def test_a_result_that_is_missing_newer_cut_short_or_without_evidence_is_refused(
    evidence: Evidence, tmp_path: Path
) -> None:
    store, path = RunDirectory(tmp_path), tmp_path / "result.json"
    with pytest.raises(UsageError) as caught:
        store.load_result()
    assert str(caught.value) == (
        f"{tmp_path} does not contain a finished run\n"
        "HINT: Give the run directory that the drill printed; it contains result.json."
    )
    store.save_result(replace(result_for(evidence), format_version=2))
    with pytest.raises(UsageError) as caught:
        store.load_result()
    assert str(caught.value) == (
        f"{path} has format 2, but this version reads up to 1\n"
        "HINT: Read it with the version of apiary-drill that wrote it, or a newer one."
    )
    store.save_result(result_for(evidence))
    with pytest.raises(UsageError) as caught:
        judge_again(store)
    assert str(caught.value) == f"{tmp_path} has no evidence.json: that step of the run did not finish"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(UsageError, match=r"^.*/result\.json is damaged: Invalid JSON: EOF while parsing .*$"):
        store.load_result()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"verdict": "PASS"', b'"verdict": "GOOD"', "verdict: Input should be 'PASS', 'INCONCLUSIVE' or 'FAIL'"),
        (
            b'"real": true',
            b'"real": "so-so"',
            "components.0.real: Input should be a valid boolean, unable to interpret input",
        ),
        (b'"purpose": "To know whether it works.",', b"", "purpose: Field required"),
    ],
)
def test_a_damaged_result_is_refused_with_its_field(
    evidence: Evidence, tmp_path: Path, old: bytes, new: bytes, message: str
) -> None:
    store, path = RunDirectory(tmp_path), tmp_path / "result.json"
    store.save_result(result_for(evidence))
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new))
    with pytest.raises(UsageError) as caught:
        store.load_result()
    assert str(caught.value) == f"{path} is damaged at {message}"


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    """A value that can't be written leaves what was there before."""
    store = RunDirectory(tmp_path)
    store.save("table", TableState, TableState("users", 2, "aa"))
    before = store.path("table.json").read_bytes()
    with pytest.raises(Exception, match="serializ"):
        store.save("table", TableState, object())
    assert store.path("table.json").read_bytes() == before
    assert store.load("table", TableState) == TableState("users", 2, "aa")

"""From check results to one verdict: the worst wins, and no evidence is never a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.base.model import CheckResult, Finding, Severity, Verdict
from harness.checks import CHECKS, Check
from harness.checks.evidence import Evidence
from harness.checks.verdict import decide, findings_of, judge
from harness.drill.result import result_of
from tests.unit.checks.builders import finding

LOST = finding("row-count", "users", "Table users has 1 rows, the source had 2.", "2", "1")
NOTED = finding("orphans-accepted", "attendance", "Seven rows.", "0", "7", severity=Severity.WARNING)
INFORMED = finding("gtid", "line 3", "Line 3.", None, None, severity=Severity.INFO)


ASKED = [check.name for check in CHECKS if not check.from_outside]
"""What is asked of a backup that has a source, and of one that a newer application took in."""


def result(name: str, compared: int = 1, *findings: Finding, unknown: str = "") -> CheckResult:
    return CheckResult(name, f"Title of {name}", compared, findings, unknown=unknown)


def check(given: CheckResult, *, required: bool = True, needs_source: bool = False) -> Check:
    return Check(given.check, lambda evidence: given, required, needs_source)


def test_every_check_content_is_a_pass_without_reasons(evidence: Evidence) -> None:
    results = judge(evidence)
    assert [each.check for each in results] == ASKED
    assert decide(results) == (Verdict.PASS, ())
    assert all(each.duration_s > 0 for each in results)


def test_an_error_is_a_fail_and_its_sentence_the_reason() -> None:
    assert decide([result("a"), result("b", 2, NOTED, LOST)]) == (Verdict.FAIL, (LOST.message,))


def test_a_warning_and_a_remark_are_a_pass() -> None:
    assert decide([result("a", 1, NOTED, INFORMED)]) == (Verdict.PASS, ())


def test_a_check_that_cannot_judge_is_inconclusive() -> None:
    results = [result("a"), result("b", unknown="no row has a time"), result("c", unknown="it was dark")]
    assert decide(results) == (Verdict.INCONCLUSIVE, ("Title of b: no row has a time.", "Title of c: it was dark."))


def test_the_worst_wins_fail_before_inconclusive_in_either_order() -> None:
    dark, bad = result("dark", unknown="it was dark"), result("bad", 1, LOST)
    assert decide([dark, bad]) == decide([bad, dark]) == (Verdict.FAIL, (LOST.message,))


def test_no_check_at_all_is_inconclusive() -> None:
    assert decide([]) == (Verdict.INCONCLUSIVE, ("No check ran.",))


def test_a_required_check_that_compared_nothing_is_inconclusive(evidence: Evidence) -> None:
    (judged,) = judge(evidence, [check(result("empty", 0))])
    assert judged.unknown == "there was nothing to compare"
    assert decide([judged]) == (Verdict.INCONCLUSIVE, ("Title of empty: there was nothing to compare.",))


def test_a_warning_is_no_comparison(evidence: Evidence) -> None:
    """A required check that compared nothing doesn't pass because it had something to remark."""
    (judged,) = judge(evidence, [check(result("empty", 0, NOTED))])
    assert judged.unknown == "there was nothing to compare"


def test_an_error_is_proof_even_where_nothing_was_compared(evidence: Evidence) -> None:
    """Rows in a table of which the source held none: nothing was expected, and it is wrong all the same."""
    (judged,) = judge(evidence, [check(result("rows", 0, LOST))])
    assert judged.unknown == ""
    assert decide([judged]) == (Verdict.FAIL, (LOST.message,))


def test_a_check_that_knows_better_why_it_compared_nothing_keeps_its_word(evidence: Evidence) -> None:
    (judged,) = judge(evidence, [check(result("empty", 0, unknown="the server has none"))])
    assert judged.unknown == "the server has none"


def test_a_check_that_is_not_required_may_compare_nothing(evidence: Evidence) -> None:
    results = judge(evidence, [check(result("a")), check(result("optional", 0), required=False)])
    assert decide(results) == (Verdict.PASS, ())


@pytest.mark.parametrize("required", [True, False])
def test_a_check_that_crashes_is_inconclusive_and_takes_no_other_with_it(evidence: Evidence, required: bool) -> None:
    def crash(given: Evidence) -> CheckResult:
        raise KeyError("users")

    results = judge(evidence, [check(result("before")), Check("crash", crash, required), check(result("after"))])
    assert [each.check for each in results] == ["before", "crash", "after"]
    assert results[1].unknown == "the check crashed: KeyError: 'users'"
    assert decide(results) == (Verdict.INCONCLUSIVE, ("crash: the check crashed: KeyError: 'users'.",))


def test_a_check_that_is_left_out_is_inconclusive(evidence: Evidence) -> None:
    """A drill that lost one of its checks must not pass with the others."""
    results = judge(evidence, left_out=["files"])
    assert [each.check for each in results] == [each.check for each in judge(evidence)]
    assert decide(results) == (Verdict.INCONCLUSIVE, ("files: the check did not run.",))


def test_what_could_not_be_determined_is_a_finding_for_pipelines(evidence: Evidence) -> None:
    judged = result_of(judge(evidence, left_out=["files"]), None)
    assert (judged.verdict, judged.findings) == (
        Verdict.INCONCLUSIVE,
        (Finding("check-inconclusive", Severity.WARNING, "files", "files: the check did not run."),),
    )


def test_a_crash_does_not_hide_what_another_check_found(evidence: Evidence) -> None:
    broken = replace(evidence, files=replace(evidence.files, actual=evidence.files.actual.with_name("gone")))
    results = judge(broken, [*CHECKS, check(result("bad", 1, LOST))])
    unknown = {each.check: each.unknown for each in results if each.unknown}
    # Among the documents that nobody expects, an old dump of the search in the files is looked for.
    assert unknown.keys() == {"files", "file-references", "search-documents", "trend"}
    assert decide(results) == (Verdict.FAIL, (LOST.message,))


def test_checks_that_need_the_source_are_left_out_without_one(evidence: Evidence) -> None:
    results = judge(replace(evidence, source=None))
    wanted = [each.name for each in CHECKS if not each.needs_source and each.name in ASKED]
    assert [each.check for each in results] == wanted
    assert "rows-source" not in {each.check for each in results}
    assert decide(results) == (Verdict.PASS, ())


def test_a_runtime_that_shares_the_machines_network_is_not_asked_for_outbound_access(evidence: Evidence) -> None:
    results = judge(replace(evidence, egress=None))
    assert [each.check for each in results] == [name for name in ASKED if name != "network-isolation"]


def test_an_empty_backup_is_not_a_pass(evidence: Evidence) -> None:
    """Nothing lost because there was nothing: that proves nothing."""
    nothing = replace(evidence.target, tables=(), objects=(), orphans=())
    empty = replace(evidence, source=nothing, target=nothing, fresh=nothing)
    verdict, reasons = decide(judge(empty))
    assert verdict is Verdict.INCONCLUSIVE
    assert "Rows match the source at the time of the dump: there was nothing to compare." in reasons


def test_findings_come_worst_first_and_in_the_order_of_the_checks() -> None:
    other = replace(LOST, subject="teams")
    results = [result("a", 1, INFORMED, NOTED), result("b", 1, LOST), result("c", 1, other)]
    assert findings_of(results) == (LOST, other, NOTED, INFORMED)

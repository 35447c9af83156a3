"""The table of checks, and one verdict of their results: the worst wins, and no evidence is never a pass."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness import checks
from harness.base.model import CheckResult, Finding, Severity, Verdict
from harness.checks import CHECKS, Check
from harness.checks.collector import LISTED_PER_CODE, Collector
from harness.checks.evidence import Evidence
from harness.checks.verdict import decide, findings_of, judge
from harness.drill.result import result_of
from tests.tables import over_table
from tests.unit.checks.builders import finding

HERE = Path(__file__).parent
TEXTS = {
    part
    for path in HERE.glob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
    for part in (node.value, node.value.split(" | ")[0])
}
"""Every text in the tests of this directory, the parts of f-strings, and the codes before the bars of `finding`."""


def codes() -> set[str]:
    """The code of each finding that a check can make, as it stands in its source: `{…}` for what is filled in."""
    found = set()
    for path in Path(checks.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add":
                first = node.args[0] if node.args else None
                for part in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    if isinstance(part, ast.Constant | ast.JoinedStr):
                        found.add(re.sub(r"^f?['\"]|['\"]$", "", ast.unparse(part)))
    return found


@over_table("code", sorted(codes()))
def test_every_finding_code_has_a_test(code: str) -> None:
    """A code that is made of parts (`{item.kind}-missing`) occurs with its fixed part."""
    fixed = re.sub(r"\{[^}]*\}", "", code)
    assert fixed in TEXTS, f"no test in {HERE.name}/ asserts the finding {code}"


def test_codes_are_read_from_the_source() -> None:
    """The test above would pass on an empty set."""
    assert {"row-count", "file-checksum", "index-document-missing", "{item.kind}-missing", "nonce-missing"} <= codes()
    assert len(codes()) > 30


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names) > 20
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


@over_table("check", CHECKS)
def test_every_check_passes_a_healthy_instance_and_compares_something(check: checks.Check, evidence: Evidence) -> None:
    """It bears the name of its line, finds nothing, could tell, and has a title for people."""
    result = check.judge(evidence)
    assert (result.check, result.findings, result.suppressed, result.unknown) == (check.name, (), 0, "")
    assert result.compared > 0
    assert result.title[0].isupper()


def test_a_limit_that_warnings_used_up_hides_no_error() -> None:
    found = Collector("name", "Title")
    for number in range(LISTED_PER_CODE + 1):
        found.add("server-variable", f"v{number}", "Text.", severity=Severity.WARNING)
    found.add("server-variable", "fatal", "Text.")
    result = found.result()
    assert (result.findings[-1].subject, result.findings[-1].severity) == ("fatal", Severity.ERROR)
    assert result.suppressed == 1


def test_findings_of_one_code_are_listed_up_to_a_limit_and_counted_beyond() -> None:
    found = Collector("name", "Title")
    for number in range(LISTED_PER_CODE + 5):
        found.add("row-count", f"t{number}", "Text.", expected=0, actual=number)
    found.add("table-extra", "t", "Text.", severity=Severity.INFO)
    result = found.result()
    assert [each.subject for each in result.findings] == [f"t{number}" for number in range(LISTED_PER_CODE)] + ["t"]
    assert result.suppressed == 5
    assert (result.findings[0].expected, result.findings[0].actual) == ("0", "0")
    assert (result.findings[-1].expected, result.findings[-1].actual) == (None, None)


LOST = finding("row-count | users | 2 | 1", "Table users has 1 rows, the source had 2.")
NOTED = finding("orphans-accepted | attendance | 0 | 7", "Seven rows.", severity=Severity.WARNING)
INFORMED = finding("gtid | line 3", "Line 3.", severity=Severity.INFO)


ASKED = [check.name for check in CHECKS if not check.from_outside]
"""What is asked of a backup that has a source, and of one that a newer application took in."""


def result(name: str, compared: int = 1, *findings: Finding, unknown: str = "") -> CheckResult:
    return CheckResult(name, f"Title of {name}", compared, findings, unknown=unknown)


def check(given: CheckResult, *, required: bool = True, needs: str = "") -> Check:
    return Check(given.check, lambda evidence: given, required, needs)


def test_every_check_content_is_a_pass_without_reasons(evidence: Evidence) -> None:
    results = judge(evidence)
    assert [each.check for each in results] == ASKED
    assert decide(results) == (Verdict.PASS, ())
    assert all(each.duration_s > 0 for each in results)


DARK = result("dark", unknown="it was dark")


@over_table(
    "results, verdict, reasons",
    [
        ([result("a"), result("b", 2, NOTED, LOST)], Verdict.FAIL, (LOST.message,)),
        ([result("a", 1, NOTED, INFORMED)], Verdict.PASS, ()),
        (
            [result("a"), result("b", unknown="no row has a time"), DARK],
            Verdict.INCONCLUSIVE,
            ("Title of b: no row has a time.", "Title of dark: it was dark."),
        ),
        ([DARK, result("bad", 1, LOST)], Verdict.FAIL, (LOST.message,)),
        ([result("bad", 1, LOST), DARK], Verdict.FAIL, (LOST.message,)),
        ([], Verdict.INCONCLUSIVE, ("No check ran.",)),
    ],
)
def test_the_worst_wins(results: list[CheckResult], verdict: Verdict, reasons: tuple[str, ...]) -> None:
    """An error is a failure with its sentence as the reason, warnings and remarks are a pass, nothing is neither."""
    assert decide(results) == (verdict, reasons)


@over_table(
    "given, unknown",
    [
        (result("empty", 0), "there was nothing to compare"),
        (result("empty", 0, NOTED), "there was nothing to compare"),
        (result("empty", 0, unknown="the server has none"), "the server has none"),
        (result("empty", 0, LOST), ""),
    ],
)
def test_a_required_check_that_compared_nothing_is_inconclusive(
    given: CheckResult, unknown: str, evidence: Evidence
) -> None:
    """A warning is no comparison, and its own reason stays; an error is proof even where nothing was expected."""
    (judged,) = judge(evidence, [check(given)])
    assert judged.unknown == unknown
    inconclusive = (Verdict.INCONCLUSIVE, (f"Title of empty: {unknown}.",))
    assert decide([judged]) == (inconclusive if unknown else (Verdict.FAIL, (LOST.message,)))
    optional = judge(evidence, [check(result("a")), check(result("optional", 0), required=False)])
    assert decide(optional) == (Verdict.PASS, ())


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
    wanted = [each.name for each in CHECKS if each.needs != "source" and each.name in ASKED]
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

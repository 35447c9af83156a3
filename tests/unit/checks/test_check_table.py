"""The table of checks: every line has a name of its own, a test, and a passing case."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from harness import checks
from harness.base.model import Severity
from harness.checks import CHECKS
from harness.checks.collector import LISTED_PER_CODE, Collector
from harness.checks.evidence import Evidence
from tests.tables import over_table

HERE = Path(__file__).parent
TEXTS = {
    node.value
    for path in HERE.glob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}
"""Every text in the tests of this directory; the parts of f-strings among them."""


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

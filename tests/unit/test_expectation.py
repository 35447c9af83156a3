"""A scenario is green only for its verdict, all of its findings, and no other error."""

from dataclasses import replace

from harness.base.model import DrillResult, Finding, Severity, Verdict
from harness.drill.result import result_of
from harness.scenario.expectation import Expected, ExpectedFinding
from tests.tables import over_table


def result(verdict: Verdict, *found: tuple[str, str, Severity]) -> DrillResult:
    findings = tuple(Finding(code, severity, subject, f"Found {code}.") for code, subject, severity in found)
    return replace(result_of((), None), verdict=verdict, findings=findings)


def expected(verdict: Verdict = Verdict.FAIL, *, finding: str = "row-count:users", also: str = "") -> Expected:
    def read(text: str) -> tuple[ExpectedFinding, ...]:
        pairs = [part.partition(":") for part in text.split()]
        return tuple(ExpectedFinding(code=code, subject=subject or None) for code, _, subject in pairs)

    return Expected(verdict=verdict, finding=read(finding), also=read(also))


COUNT = ("row-count", "users", Severity.ERROR)
DIGEST = ("content-digest", "users", Severity.ERROR)
WARNING = ("orphans-accepted", "users", Severity.WARNING)


@over_table(
    "wanted, came, messages",
    [
        (expected(), result(Verdict.INCONCLUSIVE, COUNT), ("The verdict is INCONCLUSIVE, expected FAIL.",)),
        (
            expected(),
            result(Verdict.FAIL, ("row-count", "teams", Severity.ERROR)),
            (
                "The expected finding row-count of users is missing.",
                "The finding row-count of teams is unexpected: Found row-count.",
            ),
        ),
        (
            expected(),
            result(Verdict.FAIL, COUNT, DIGEST),
            ("The finding content-digest of users is unexpected: Found content-digest.",),
        ),
        (
            expected(Verdict.PASS, finding=""),
            result(Verdict.FAIL, COUNT),
            ("The verdict is FAIL, expected PASS.", "The finding row-count of users is unexpected: Found row-count."),
        ),
    ],
)
def test_each_thing_that_is_not_as_expected_is_reported(
    wanted: Expected, came: DrillResult, messages: tuple[str, ...]
) -> None:
    assert wanted.unmet(came) == messages


def test_several_findings_of_one_cause_and_one_of_also_that_need_not_come() -> None:
    for finding, also in (
        ("row-count:users content-digest", ""),
        ("row-count", "content-digest"),
        ("row-count:u*s", "content-digest:*"),
        ("row-count:*", "content-digest:users"),
    ):
        assert expected(finding=finding, also=also).unmet(result(Verdict.FAIL, COUNT, DIGEST)) == ()
    assert expected(also="content-digest").unmet(result(Verdict.FAIL, COUNT)) == ()
    assert expected().unmet(result(Verdict.FAIL, COUNT, WARNING)) == ()


def test_a_finding_is_expected_with_what_it_says_and_a_star_is_the_only_sign_with_a_meaning() -> None:
    def fits(pattern: str, subject: str) -> bool:
        return ExpectedFinding(code="missing", subject=pattern).fits(Finding("missing", Severity.ERROR, subject, ""))

    assert (fits("a.b", "aXb"), fits("[a]*", "[a]\nb")) == (False, True)
    wanted = ExpectedFinding(code="step-read", says="*ends too early*")
    found = Finding("step-read", Severity.ERROR, "read", "Read the backup: the data ends too early.")
    assert wanted.fits(found)
    assert not wanted.fits(replace(found, message="Read the backup: the data is damaged."))
    assert str(wanted) == "step-read, which says '*ends too early*',"

"""Every expectation of every shipped scenario is held: whichever is changed, the scenario is no longer green."""

from dataclasses import replace

from harness.base.model import Change, DrillResult, Finding, InjectedFault, Severity, Verdict
from harness.drill.result import result_of
from harness.scenario.definition import Scenario, load, shipped
from harness.scenario.expectation import ExpectedFinding
from tests.tables import over_table

SCENARIOS = {name: load(path) for name, path in shipped().items()}


def as_expected(scenario: Scenario) -> DrillResult:
    """A result that has all that a scenario expects, as errors, and nothing else."""
    wanted = scenario.expected
    findings = tuple(
        Finding(
            each.code,
            Severity.ERROR,
            (each.subject or "any").replace("*", "x"),
            (each.says or "Found.").replace("*", "x"),
        )
        for each in (*wanted.finding, *wanted.also)
    )
    changes = tuple(map(_change, wanted.change))
    faults = (InjectedFault("a-fault", "artifact", changes),) if changes else ()
    return replace(result_of((), None), verdict=wanted.verdict, findings=findings, faults=faults)


def _change(line: str) -> Change:
    kind, _, rest = line.replace("*", "1").partition(" ")
    subject, _, detail = rest.partition(": ")
    return Change(kind, subject, detail)


@over_table("scenario", SCENARIOS.values())
def test_what_it_expects_makes_it_green(scenario: Scenario) -> None:
    assert scenario.expected.unmet(as_expected(scenario)) == ()


@over_table("scenario", SCENARIOS.values())
def test_whichever_expectation_is_changed_it_is_red(scenario: Scenario) -> None:
    """The verdict, each finding by code, subject and reason, and each change that a fault has to make."""
    wanted = scenario.expected
    green = as_expected(scenario)
    for other in Verdict:
        changed = wanted.model_copy(update={"verdict": other})
        assert bool(changed.unmet(green)) is (other is not wanted.verdict)
    for number, each in enumerate(wanted.finding):
        for odd in (
            ExpectedFinding(code="no-such-code", subject=each.subject, says=each.says),
            ExpectedFinding(code=each.code, subject="nobody", says=each.says),
            ExpectedFinding(code=each.code, subject=each.subject, says="*for another reason*"),
        ):
            findings = (*wanted.finding[:number], odd, *wanted.finding[number + 1 :])
            assert wanted.model_copy(update={"finding": findings}).unmet(green), each
    for number, line in enumerate(wanted.change):
        lines = (*wanted.change[:number], f"{line} and more", *wanted.change[number + 1 :])
        assert wanted.model_copy(update={"change": lines}).unmet(green), line


@over_table("scenario", SCENARIOS.values())
def test_an_error_that_is_not_expected_makes_it_red(scenario: Scenario) -> None:
    stranger = Finding("no-such-code", Severity.ERROR, "anything", "Found.")
    green = as_expected(scenario)
    assert scenario.expected.unmet(replace(green, findings=(*green.findings, stranger)))


def test_a_step_that_fails_is_expected_with_its_reason() -> None:
    """One code stands for every reason that it can have; where another finding names the reason, that is enough."""
    vague = [
        name
        for name, scenario in SCENARIOS.items()
        if all(finding.code.startswith("step-") and finding.says is None for finding in scenario.expected.finding)
        and scenario.expected.finding
    ]
    assert vague == []

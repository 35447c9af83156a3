"""A result as JUnit XML: one test case for each check and for each step that failed.

Failures are errors in the backup (verdict FAIL); errors are what is inconclusive (INCONCLUSIVE). A drill in
which something was broken on purpose passes when it came to the verdict that its scenario expects.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from harness.base.model import CheckResult, DrillResult, Finding, Severity, Verdict
from harness.base.printable import printable, printable_lines
from harness.reports.words import moment, sentence_of

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets)."""


def render_junit(result: DrillResult) -> bytes:
    """The result as a file that CI systems show."""
    failed_steps = [step for step in result.steps if step.failed]
    suite = ElementTree.Element("testsuite", name=_text(result.drill_id))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(result):
        ElementTree.SubElement(properties, "property", name=name, value=_text(value))
    for check in result.checks:
        _check_case(suite, result, check)
    for step in failed_steps:
        case = _case(suite, result, step.title, step.duration_s)
        finding = next((f for f in result.findings if f.code == f"step-{step.name}"), None)
        _outcome(case, _kind(result), finding.code if finding else "step", _line(finding) if finding else result.error)
    if result.error and not failed_steps:
        # It ended between two steps, or before the first.
        _outcome(_case(suite, result, "The drill itself", 0.0), _kind(result), "drill", result.error)
    if result.expected_verdict is not Verdict.PASS:
        _as_expected(suite, result)
    if not list(suite.iter("testcase")):
        _outcome(_case(suite, result, "The drill itself", 0.0), "error", "drill", " ".join(result.reasons))
    cases = list(suite.iter("testcase"))
    for tag in ("failure", "error"):
        suite.set(f"{tag}s", str(sum(1 for case in cases if case.find(tag) is not None)))
    suite.set("tests", str(len(cases)))
    suite.set("skipped", "0")
    suite.set("time", f"{result.duration_s:.3f}")
    suite.set("timestamp", f"{result.started_at:%Y-%m-%dT%H:%M:%S}")
    root = ElementTree.Element("testsuites", name="apiary-drill")
    root.append(suite)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _as_expected(suite: ElementTree.Element, result: DrillResult) -> None:
    """A drill with a fault in it is as it should be when the fault was found: its findings break nothing."""
    for case in suite.iter("testcase"):
        for tag in ("failure", "error"):
            for outcome in case.findall(tag):
                case.remove(outcome)
                _say(case, outcome.text or "")
    case = _case(suite, result, f"The injected fault must result in {result.expected_verdict}", result.duration_s)
    if result.verdict is not result.expected_verdict:
        _outcome(case, "failure", "verdict", f"Verdict: {result.verdict}. {' '.join(result.reasons)}".strip())


def _properties(result: DrillResult) -> list[tuple[str, str]]:
    properties = [("verdict", result.verdict), ("sentence", sentence_of(result)), ("scenario", result.scenario)]
    if result.recovery_time_s is not None:
        properties.append(("recovery_time_s", f"{result.recovery_time_s:.3f}"))
    if result.recovery_point_at is not None:
        properties.append(("recovery_point_at", moment(result.recovery_point_at)))
    properties += [("artifact", f"{file.name} {file.sha256}") for file in result.artifacts]
    properties += [("unproven", text) for text in result.unproven]
    return properties


def _check_case(suite: ElementTree.Element, result: DrillResult, check: CheckResult) -> None:
    case = _case(suite, result, check.title, check.duration_s)
    errors = [finding for finding in check.findings if finding.severity is Severity.ERROR]
    others = [finding for finding in check.findings if finding.severity is not Severity.ERROR]
    if errors:
        text = "\n".join(_line(finding) for finding in errors)
        if check.suppressed:
            text += f"\n{check.suppressed} more are not listed."
        _outcome(case, "failure", errors[0].code, text)
    elif check.unknown:
        _outcome(case, "error", "unknown", f"inconclusive: {check.unknown}")
    out = [f"compared: {check.compared}", *(f"{label}: {value}" for label, value in check.evidence)]
    out += [f"{finding.severity}: {_line(finding)}" for finding in others]
    _say(case, "\n".join(out))


def _case(suite: ElementTree.Element, result: DrillResult, name: str, duration_s: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite,
        "testcase",
        classname=_text(f"apiary-drill.{result.scenario}"),
        name=_text(name),
        time=f"{duration_s:.3f}",
    )


def _say(case: ElementTree.Element, text: str) -> None:
    out = case.find("system-out")
    if out is None:
        out = ElementTree.SubElement(case, "system-out")
    out.text = _text(f"{out.text}\n{text}" if out.text else text)


def _kind(result: DrillResult) -> str:
    return "failure" if result.verdict is Verdict.FAIL else "error"


def _outcome(case: ElementTree.Element, tag: str, code: str, text: str) -> None:
    outcome = ElementTree.SubElement(case, tag, message=_text(text.split("\n", 1)[0]), type=_text(code))
    outcome.text = _text(text)


def _line(finding: Finding) -> str:
    return printable(f"{finding.code} {finding.subject}: {finding.message} {finding.remedy}".strip())


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", printable_lines(text))

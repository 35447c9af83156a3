"""Every format says the same: each sentence of the document, in its order, read by a tool of somebody else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml
from markdown_it import MarkdownIt
from pydantic import TypeAdapter
from pypdf import PdfReader

from harness.base.model import DrillResult, Severity, Verdict
from harness.checks.evidence import Evidence
from harness.reports.console import print_summary
from harness.reports.document import CODE, Document
from harness.reports.html import render_html
from harness.reports.junit import render_junit
from harness.reports.markdown import render_markdown
from harness.reports.page import page_of
from harness.reports.pdf import render_pdf
from harness.reports.terminal import Terminal
from harness.reports.words import SENTENCES
from tests.unit.reports.results import damaged, ended_early, failed, passed, text_of_html
from tests.unit.reports.texts import texts


@pytest.fixture(params=["passed", "failed", "ended early"])
def case(request: pytest.FixtureRequest, evidence: Evidence, tmp_path: Path) -> tuple[DrillResult, Document]:
    """A result of each verdict, and its document."""
    if request.param == "passed":
        result = passed(evidence)
        return result, page_of(result, evidence, tmp_path)
    if request.param == "failed":
        result = failed(evidence)
        return result, page_of(result, damaged(evidence), tmp_path)
    result = ended_early()
    return result, page_of(result, None, tmp_path)


def of_html(document: Document) -> str:
    return text_of_html(render_html(document))


def of_markdown(document: Document) -> str:
    return text_of_html(MarkdownIt("commonmark").enable("table").render(render_markdown(document)))


def of_pdf(document: Document) -> str:
    """What can be selected on its pages, without the lines below them; a PDF has a title, a language and tags."""
    reader = PdfReader(io.BytesIO(render_pdf(document)))
    assert reader.metadata is not None
    assert reader.metadata.title == f"{document.eyebrow}: {document.title}"
    assert (reader.trailer["/Root"]["/Lang"], reader.trailer["/Root"]["/MarkInfo"]["/Marked"]) == ("en", True)
    first = reader.outline[0]
    assert not isinstance(first, list)
    assert first["/Title"] == document.title
    pages, text = reader.pages, ""
    for number, page in enumerate(pages, 1):
        text += "".join(page.extract_text().split()).replace(f"Page{number}of{len(pages)}", "")
    return text


@pytest.mark.parametrize("read", [of_html, of_markdown, of_pdf], ids=["HTML", "Markdown", "PDF"])
def test_every_sentence_stands_in_every_document_in_the_same_order(
    case: tuple[DrillResult, Document], read: Callable[[Document], str]
) -> None:
    result, document = case
    text, at = read(document), 0
    for sentence in texts(document):
        wanted = "".join(CODE.sub(r"\1", sentence).split())
        found = text.find(wanted, at)
        assert found >= 0, f"{sentence!r} is missing, or not behind what stands before it"
        at = found + len(wanted)
    assert SENTENCES[result.verdict].replace(" ", "") in text


def test_html_and_markdown_say_nothing_else(case: tuple[DrillResult, Document]) -> None:
    """Without any text of the document nothing is left, but the names of pictures in no format at all."""
    _, document = case
    whole = "".join("".join(CODE.sub(r"\1", text) for text in texts(document)).split())
    assert of_html(document) == whole
    assert of_markdown(document) == whole


def test_the_document_holds_what_the_result_holds(case: tuple[DrillResult, Document]) -> None:
    """Every finding, check, step, component, artifact and unproven thing, and the reasons of the verdict."""
    result, document = case
    shown = list(texts(document))
    for finding in result.findings:
        assert {finding.code, finding.subject, finding.message} <= set(shown)
        assert finding.remedy == "" or finding.remedy in shown
    assert {check.title for check in result.checks} <= set(shown)
    assert {step.title for step in result.steps} <= set(shown)
    assert {part.reference for part in result.components} <= set(shown)
    assert {file.sha256 for file in result.artifacts} <= set(shown)
    assert {*result.unproven, *result.reasons[:3], *result.hints} <= set(shown)
    assert result.verdict in shown


def test_junit_agrees_with_the_verdict_and_names_every_finding(case: tuple[DrillResult, Document]) -> None:
    result, _ = case
    raw = render_junit(result)
    (suite,) = JUnitXml.fromstring(raw)
    outcomes = [outcome for each in suite for outcome in each.result]
    kinds = {type(outcome).__name__ for outcome in outcomes}
    expected = {Verdict.PASS: set(), Verdict.FAIL: {"Failure"}, Verdict.INCONCLUSIVE: {"Error"}}
    assert kinds == expected[result.verdict]
    assert suite.tests == len(list(suite)) == len(result.checks) + sum(step.failed for step in result.steps)
    assert suite.failures == sum(isinstance(outcome, Failure) for outcome in outcomes)
    assert suite.errors == len(outcomes) - suite.failures
    properties = [(each.name, each.value) for each in suite.properties()]
    assert {("verdict", str(result.verdict)), ("sentence", SENTENCES[result.verdict])} <= set(properties)
    assert [value for name, value in properties if name == "unproven"] == list(result.unproven)
    text = raw.decode()
    for finding in result.findings:
        assert f"{finding.code} {finding.subject}: " in text


def test_json_and_console_agree_with_the_document(case: tuple[DrillResult, Document]) -> None:
    result, document = case
    raw = json.loads(TypeAdapter(DrillResult).dump_json(result))
    assert raw["verdict"] == document.verdict
    assert [finding["message"] for finding in raw["findings"]] == [f.message for f in result.findings]
    console = Terminal(file=io.StringIO(), width=4000)
    print_summary(console, result, "/runs/one")
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert f" {result.verdict}   {document.sentence}" in shown
    for finding in result.findings:
        assert finding.message in shown
    assert [f for f in result.findings if f.severity is Severity.ERROR] == [] or result.verdict is not Verdict.PASS

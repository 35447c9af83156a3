"""Times by step, matrices, and reports that say the same in each format."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from junitparser import Failure, JUnitXml
from markdown_it import MarkdownIt
from pydantic import TypeAdapter
from pypdf import PdfReader

from harness.base.model import DrillResult, MatrixCell, MatrixResult, ProcessUsage, Severity, Verdict
from harness.checks.evidence import Evidence
from harness.cli.command_line import main
from harness.records.run_directory import RunDirectory
from harness.reports.console import print_summary
from harness.reports.document import CODE, Document, Grid
from harness.reports.html import render_html
from harness.reports.junit import render_junit
from harness.reports.markdown import render_markdown
from harness.reports.matrix import print_matrix
from harness.reports.page import page_of
from harness.reports.pdf import render_pdf
from harness.reports.terminal import Terminal
from harness.reports.timing import timing_grids
from harness.reports.words import SENTENCES
from tests.tables import over_table
from tests.unit.reports.parts import section
from tests.unit.reports.results import damaged, ended_early, failed, passed, text_of_html
from tests.unit.reports.texts import texts


def timed(evidence: Evidence) -> DrillResult:
    result = passed(evidence)
    started, loaded = result.steps
    used = (
        ProcessUsage("client", 1.5, 24_000_000, 24_000_000),
        ProcessUsage("MySQL", 7.25, 0, 90_000_000),
        ProcessUsage("harness", 0.01),
    )
    started = replace(started, processes=(ProcessUsage("MySQL", 0.75),))
    return replace(result, steps=(started, replace(loaded, size_bytes=24_000_000, processes=used)))


def test_time_is_reported_by_step_and_by_process(evidence: Evidence, tmp_path: Path) -> None:
    result = timed(evidence)
    by_step, by_process = timing_grids(result.steps)
    assert by_step.rows == (
        ("Start the servers of the target", "1.5 s", "0.8 s", "MySQL 0.8 s", "", ""),
        ("Load the dump", "12.0 s", "8.8 s", "MySQL 7.2 s, client 1.5 s", "24.0 MB", "2.0 MB/s"),
    )
    assert by_process.rows == (
        ("MySQL", "8.0 s", "0 bytes", "90.0 MB"),
        ("client", "1.5 s", "24.0 MB", "24.0 MB"),
        ("harness", "0.0 s", "0 bytes", "0 bytes"),
    )
    assert [block for block in section(result, None, tmp_path, "timeline") if isinstance(block, Grid)] == [
        by_step,
        by_process,
    ]


def test_the_command_prints_it_from_a_run_directory(evidence: Evidence, tmp_path: Path) -> None:
    RunDirectory(tmp_path).save_result(timed(evidence))
    answer = CliRunner().invoke(main, ["report", str(tmp_path), "--timing"])
    assert answer.exit_code == 0
    assert "2.0 MB/s" in answer.output
    assert "CPU time and bytes by process" in answer.output


def test_an_older_result_is_refused_and_its_page_has_no_table(evidence: Evidence, tmp_path: Path) -> None:
    result = passed(evidence)
    assert not any(isinstance(block, Grid) for block in section(result, None, tmp_path, "timeline"))
    RunDirectory(tmp_path).save_result(result)
    answer = CliRunner().invoke(main, ["report", str(tmp_path), "--timing"])
    assert answer.exit_code == 2
    assert "older version" in answer.output


GOOD = MatrixCell((("mysql", "9.7"),), ("MySQL 9.7.4",), "run-1", Verdict.PASS, 0, 40.0, 9.5, 0, ())
BAD = MatrixCell(
    (("mysql", "8.4"),), ("MySQL 8.4.6",), "run-2", Verdict.FAIL, 1, 20.0, None, 2, ("Table [x] is gone.", "Two.")
)
UNKNOWN = replace(GOOD, verdict=Verdict.INCONCLUSIVE, exit_code=3)


def matrix(*cells: MatrixCell, combinations: int | None = None) -> MatrixResult:
    return MatrixResult(1, "m", "Why.", datetime(2026, 11, 23, tzinfo=UTC), combinations or len(cells), cells)


@over_table(
    "cells, of, verdict",
    [
        ((GOOD, GOOD), 2, Verdict.PASS),
        ((GOOD, UNKNOWN), 2, Verdict.INCONCLUSIVE),
        ((UNKNOWN, BAD, GOOD), 3, Verdict.FAIL),
        ((GOOD,), 2, Verdict.INCONCLUSIVE),
        ((), 2, Verdict.INCONCLUSIVE),
    ],
)
def test_the_worst_counts_and_what_was_not_drilled_is_no_pass(
    cells: tuple[MatrixCell, ...], of: int, verdict: Verdict
) -> None:
    assert matrix(*cells, combinations=of).verdict is verdict


def test_one_line_for_each_and_why() -> None:
    out = StringIO()
    print_matrix(Terminal(file=out, width=100), matrix(GOOD, BAD, combinations=3), "/runs/m")
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "",
        "Matrix",
        "Verdict  mysql  Ran on       Restore  Errors  Run",
        "PASS     9.7    MySQL 9.7.4    9.5 s       0  run-1",
        "FAIL     8.4    MySQL 8.4.6        –       2  run-2",
        "mysql 8.4: Table [x] is gone.",
        "mysql 8.4: Two.",
        "1 of 3 combinations were not drilled",
        "",
        " FAIL   the worst result of 3 combinations",
        "  Details: /runs/m",
    ]


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


def must_stand_in_order(document: Document, text: str) -> None:
    """Every sentence of the document stands in the text, each behind the one before it."""
    at = 0
    for sentence in texts(document):
        wanted = "".join(CODE.sub(r"\1", sentence).split())
        found = text.find(wanted, at)
        assert found >= 0, f"{sentence!r} is missing, or not behind what stands before it"
        at = found + len(wanted)


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
    text = read(document)
    must_stand_in_order(document, text)
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

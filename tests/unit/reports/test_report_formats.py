"""What is special to a format: nothing from outside, nothing cut, nothing that a tool would take for a command."""

import io
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from junitparser import JUnitXml
from markdown_it import MarkdownIt
from pypdf import PdfReader

from harness.base.model import CheckResult, Severity, Verdict
from harness.base.printable import printable_words
from harness.checks.evidence import Evidence
from harness.drill.result import result_of
from harness.reports.charts import svg_of
from harness.reports.document import Column, Document, Grid, Line, Paragraph, Point, Section, Weeks
from harness.reports.github import summary_part, workflow_commands
from harness.reports.html import render_html
from harness.reports.junit import render_junit
from harness.reports.markdown import render_markdown
from harness.reports.page import page_of
from harness.reports.pdf import render_pdf
from tests.unit.checks.builders import finding
from tests.unit.reports.results import described, failed, passed, text_of_html
from tests.unit.reports.texts import texts

ODD = [
    "<script>alert(1)</script> & \"quotes\" 'too'",
    "a | b `c` *d* _e_ ~~f~~ [g](h) ![i](j) @someone #12 <k@example.org>",
    "- no list",
    "1. no list",
    "# no heading",
    "::error::no command % 100",
    "{{ no.template }} {% none %} $x^2$",
    "one\ntwo",
    "https://example.org/path http://example.org :tada:",
]


def document_of(*texts_in_it: str) -> Document:
    """A document with each text in a paragraph and in a cell."""
    table = Grid("Caption", (Column("A"), Column("B", number=True)), tuple((text, "1") for text in texts_in_it))
    blocks = (*(Paragraph(text) for text in texts_in_it), table)
    return Document("Title", "Eyebrow", None, "Sentence.", (), (Section("one", "One", blocks),), "Footer.")


def test_odd_texts_are_shown_as_they_are_in_html_and_markdown() -> None:
    """All but what stands between backticks in a sentence, which is set as code."""
    document = document_of(*ODD)
    whole = "".join("".join(printable_words(text) for text in texts(document)).split()).replace("`", "")
    page, text = render_html(document), render_markdown(document)
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    for made in (page, rendered):
        assert text_of_html(made).replace("`", "") == whole
        assert set(re.findall(r"<code>(.*?)</code>", made)) == {"c"}
    assert not re.search(r"<(a|img|em|script|s|li)\b", rendered)


def test_the_page_asks_for_nothing_and_has_no_script(evidence: Evidence, tmp_path: Path) -> None:
    page = render_html(page_of(failed(evidence), evidence, tmp_path))
    assert "<script" not in page
    assert not re.search(r"""\b(src|href|srcset|action|poster)=["'](?!#)""", page)
    assert not re.search(r"url\((?!#)|@import", page)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}


def test_no_name_in_the_page_is_given_twice(evidence: Evidence, tmp_path: Path) -> None:
    ids = re.findall(r'\bid="([^"]+)"', render_html(page_of(passed(evidence), evidence, tmp_path)))
    assert len(ids) == len(set(ids))


CHARTS: tuple[Line | Weeks, ...] = (
    Line(
        "Recovery & more", "Two drills.", (Point(0.0, 1.0, True), Point(1.0, 9.0, False)), 10.0, ((5.0, "<5 s>"),),
        "first", "last", 8.0, "objective 8 s",
    ),
    Line("T", "D", (Point(0.0, 0.0, True),), 1.0, (), "a", "b", 8.0, "objective 8 s"),
    Weeks("Weeks & more", "Two weeks.", ((Verdict.FAIL, "1/2"), (None, "–")), "first", "last"),
    Weeks("T", "D", (), "a", "b"),
)  # fmt: skip


def test_a_chart_is_text_with_an_alternative_and_has_no_width_of_its_own() -> None:
    """The same drawing is the same text; one of nothing is drawn all the same."""
    name = "{http://www.w3.org/2000/svg}"
    for chart in CHARTS:
        svg = svg_of(chart, 7)
        assert svg == svg_of(chart, 7)
        root = ElementTree.fromstring(svg)  # noqa: S314 (drawn here)
        assert (root.get("role"), root.get("width")) == ("img", "100%")
        assert (root.findtext(f"{name}title"), root.findtext(f"{name}desc")) == (chart.title, chart.description)
        assert root.get("aria-labelledby") == "p7-title p7-desc"
        assert not re.search("#[0-9a-f]{6}", svg), "colours are the page's"
        labels = {"".join(text.itertext()) for text in root.iter(f"{name}text")}
        assert {chart.first, chart.last} <= labels
        paper = svg_of(chart, 1, for_paper=True)
        assert "var(" not in paper
        assert "%" not in paper
    first, second, weeks, _ = (svg_of(chart, 1) for chart in CHARTS)
    assert "&lt;5 s&gt;" in first
    assert first.count("<circle") == 2
    assert "objective 8 s, above this scale" in second
    assert "var(--chart-fail)" in weeks


def test_a_long_table_is_not_cut_on_paper() -> None:
    """The header stands on every page, no row is on two, and each page has its number."""
    rows = tuple((f"first{n} second{n} third{n} " * 6, str(n)) for n in range(80))
    table = Grid("Long", (Column("Words"), Column("Number", number=True)), rows)
    document = Document("Title", "Eyebrow", None, "Sentence.", (), (Section("a", "A", (table,)),), "Footer.")
    reader = PdfReader(io.BytesIO(render_pdf(document)))
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) > 2
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Words" in text
    for n in range(80):
        # A line of the cell may end behind the word: where it does is the font's to say.
        parts = [found for text in pages if (found := len(re.findall(rf"\bfirst{n}\b", text)))]
        assert parts == [6], f"row {n} is on {len(parts)} pages"


def test_junit_tells_failures_from_what_could_not_be_determined() -> None:
    lost = finding("row-count | users | 2 | 1", "Lost \x00 one.", "Look.")
    noted = finding("orphans | rsvps | 0 | 7", "7 rows.", severity=Severity.WARNING)
    checks = (
        CheckResult("a", "Fails", 2, (lost, noted), suppressed=3, evidence=(("rows", "2"),), duration_s=0.25),
        CheckResult("b", "Unknown", 0, unknown="there was nothing"),
        CheckResult("c", "Passes", 1),
    )
    (suite,) = JUnitXml.fromstring(render_junit(described(result_of(checks, None))))
    fails, unknown, passes = suite
    assert (fails.classname, fails.name, fails.time) == ("apiary-drill.documented", "Fails", 0.25)
    (failure,) = fails.result
    assert (type(failure).__name__, failure.type) == ("Failure", "row-count")
    assert failure.text == "row-count users: Lost \\x00 one. Look.\n3 more are not listed."
    assert fails.system_out == "compared: 2\nrows: 2\nwarning: orphans rsvps: 7 rows."
    (error,) = unknown.result
    assert (type(error).__name__, error.message) == ("Error", "inconclusive: there was nothing")
    assert passes.result == []
    assert (suite.tests, suite.failures, suite.errors, suite.time) == (3, 1, 1, 83.2)


def test_a_drill_that_must_fail_is_green_when_it_does_and_red_when_it_does_not() -> None:
    """A negative control: CI shows whether the fault was noticed, not that it is there."""
    lost = finding("row-count | users | 2 | 1", "Lost one.")
    noticed = described(result_of((CheckResult("a", "Rows", 2, (lost,)),), None))
    (suite,) = JUnitXml.fromstring(render_junit(replace(noticed, expected_verdict=Verdict.FAIL)))
    rows, control = suite
    assert (rows.result, control.result, suite.failures, suite.errors) == ([], [], 0, 0)
    assert control.name == "The injected fault must result in FAIL"
    assert "row-count users: Lost one." in rows.system_out
    missed = described(result_of((CheckResult("a", "Rows", 2),), None))
    (suite,) = JUnitXml.fromstring(render_junit(replace(missed, expected_verdict=Verdict.FAIL)))
    _, control = suite
    assert (control.result[0].message, suite.failures) == ("Verdict: PASS.", 1)


def test_a_result_of_nothing_is_an_error_in_junit() -> None:
    """A file without a test case would be green."""
    (suite,) = JUnitXml.fromstring(render_junit(replace(described(result_of((), None)), steps=())))
    assert (suite.tests, suite.errors) == (1, 1)
    assert next(iter(suite)).result[0].message == "No check ran."


def test_workflow_commands_name_the_verdict_and_the_first_findings() -> None:
    findings = tuple(finding(f"row-count | t{n},:% | 2 | 1", f"Lost {n}%\nof it.") for n in range(15))
    noted = finding("orphans | rsvps | 0 | 7", "7 rows.", severity=Severity.WARNING)
    result = result_of((CheckResult("a", "A", 2, (*findings, noted)),), None)
    lines = list(workflow_commands(result))
    assert lines[0] == "::error title=Restore drill%3A FAIL::The backup does not restore correctly."
    assert lines[1] == "::error title=row-count t0%2C%3A%25::Lost 0%25\\nof it."
    assert len([line for line in lines if line.startswith("::error")]) == 10
    assert lines[-1] == "::warning title=orphans rsvps::7 rows."


def test_a_summary_is_cut_between_blocks_where_it_is_too_long() -> None:
    assert summary_part("short\n") == "short\n"
    long = "\n\n".join(["é" * 1000] * 2000)
    part = summary_part(long)
    assert len(part.encode()) <= 1 << 20
    assert part.endswith("é\n\nThe report was truncated here; the artifacts contain all of it.\n")

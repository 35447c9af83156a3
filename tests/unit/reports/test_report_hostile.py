"""A backup whose names are commands: in every format they are text, and in none of them do they do anything."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from html import unescape
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from markupsafe import escape

from harness.base.errors import HarnessError
from harness.base.model import DrillResult, MatrixCell, MatrixResult, NegativeControl, Step, Verdict
from harness.base.settings import NotificationSettings
from harness.checks.evidence import Evidence
from harness.monitoring import notify
from harness.records.run_directory import RunDirectory
from harness.reports.charts import svg_of
from harness.reports.console import ConsoleProgress, print_summary
from harness.reports.document import Column, Document, Grid, Line, Section
from harness.reports.failure import failure_text
from harness.reports.github import workflow_commands
from harness.reports.html import render_html
from harness.reports.junit import render_junit
from harness.reports.markdown import render_markdown
from harness.reports.matrix import print_matrix
from harness.reports.page import page_of
from harness.reports.terminal import Terminal, print_json, print_line, say, show_error
from harness.scenario.expectation import Expected
from tests.unit.reports.results import STARTED_AT, failed

NAME = (
    "\x1b[2J\x1b]0;title\x07\n::error::gone\r\n  ::set-output name=x::y\n##[group]z\x9b31m\u202e\x00"
    "<script>alert(1)</script>![i](j)[k](l) `m` @all **n** https://example.org www.example.org :tada: [red]o[/red]"
)
KEYS = {"code", "check", "role", "kind", "mode", "name", "drill_id", "found_as", "sha256", "recovery_point_local"}
"""Words of this program; a backup has no say in them."""

T = TypeVar("T")


def hostile(value: T) -> T:
    """The same value with the name in every text that may hold one."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return value + NAME
    if isinstance(value, tuple):
        return tuple(hostile(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        texts = {each.name for each in fields(value)} - KEYS
        return replace(value, **{name: hostile(getattr(value, name)) for name in texts})
    return value


@pytest.fixture
def result(evidence: Evidence) -> DrillResult:
    control = NegativeControl("row-removed", "users", "key 1", "rows-source", "row-missing")
    return hostile(replace(failed(evidence), negative_control=control, error="gone", hints=("Look.",)))


def acting(text: str) -> Iterator[str]:
    """What a terminal or a runner of a pipeline would obey."""
    yield from re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
    yield from re.findall(r"(?m)^\s*::[a-z-]+.*?::.*$", text)
    yield from re.findall(r"##\[.*", text)


def test_the_consoles(result: DrillResult) -> None:
    cell = MatrixCell((("mysql", NAME),), (NAME,), NAME, Verdict.FAIL, 1, 1.0, None, 1, (NAME,))
    for width, terminal in ((23, False), (60, False), (110, True)):  # a line is broken elsewhere in each
        console = Terminal(file=io.StringIO(), width=width, force_terminal=terminal)
        print_summary(console, result, NAME)
        print_matrix(console, MatrixResult(1, NAME, NAME, STARTED_AT, 1, (cell,)), NAME)
        progress = ConsoleProgress(console)
        progress.started(NAME)
        progress.progress(NAME)
        progress.ended(Step(NAME, NAME, STARTED_AT, 1.0, NAME))
        assert isinstance(console.file, io.StringIO)
        shown = console.file.getvalue()
        if terminal:  # its own colours, and the live line
            shown = re.sub(r"\x1b\[(\d+(;\d+)*m|2K|1A|\?25[lh])|\r", "", shown)
        assert list(acting(shown)) == []
    whole = "".join(shown.split())
    assert r"\x1b[2J\x1b]0;title\x07\n\x3a:error\x3a:gone\r\n" in whole, "it is shown, as text"
    assert ":tada:[red]o[/red]" in whole


def test_what_commands_print_and_how_they_end(result: DrillResult) -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        print_line(NAME)
        say(NAME)
        show_error(HarnessError(NAME, NAME, details=NAME))
    assert list(acting(out.getvalue() + err.getvalue())) == []
    assert out.getvalue().count("\n") == 1
    assert err.getvalue().count("\n") == 3 + len(NAME.splitlines()), "a line each, and the output line by line"


def test_json(result: DrillResult, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    store = RunDirectory(tmp_path)
    store.save_result(result)
    written = store.path("result.json").read_text(encoding="utf-8")
    assert store.load_result() == result, "the values are what they were"
    print_json(written)
    assert capfdbinary.readouterr().out.decode() == written + "\n"
    assert list(acting(written)) == []


def test_html(result: DrillResult, evidence: Evidence, tmp_path: Path) -> None:
    page = render_html(page_of(result, evidence, tmp_path))
    assert list(acting(page)) == []
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert codes(page) >= {"m", "apiary-drill report RUN_DIR --name CODE"}
    assert all(text == escape(unescape(text)) for text in codes(page)), "what is set as code is text as well"
    picture = svg_of(Line(NAME, NAME, (), 1.0, ((0.5, NAME),), NAME, NAME, 0.5, NAME), 1)
    assert list(acting(picture)) == []
    ElementTree.fromstring(picture)  # noqa: S314 (drawn here)


def test_markdown(result: DrillResult, evidence: Evidence, tmp_path: Path) -> None:
    text = render_markdown(page_of(result, evidence, tmp_path))
    assert list(acting(text)) == []
    rendered = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)
    assert not re.search(r"<(a|img|em|script|s)\b", rendered)
    assert codes(rendered) <= codes(render_html(page_of(result, evidence, tmp_path)))
    # GitHub makes links of bare addresses, and notifies who is named.
    assert not re.search(r"https?://example|www\.example|(?<!\\)@all", text)


def test_code_between_backticks_is_text(tmp_path: Path) -> None:
    """What is to be typed is set as code, whatever is in it; what could be either stays as it stands."""
    for sentence, html, markdown in (
        ("Run `a b`, then `c`.", "Run <code>a b</code>, then <code>c</code>.", "Run `a b`, then `c`."),
        ("`<b>&amp;*x*`", "<code>&lt;b&gt;&amp;amp;*x*</code>", "`<b>&amp;*x*`"),
        ("`[l](javascript:x)` @all", "<code>[l](javascript:x)</code> @all", r"`[l](javascript:x)` \@all"),
        ("`a | b`", "<code>a | b</code>", r"\`a \| b\`"),
        ("`\x1b[2J ::error::x`", r"<code>\x1b[2J \x3a:error::x</code>", r"`\x1b[2J \x3a:error::x`"),
        ("`</code><script>x</script>`", "<code>&lt;/code&gt;&lt;script&gt;x&lt;/script&gt;</code>",
         "`</code><script>x</script>`"),
        ("a`b and `c", "a`b and `c", r"a\`b and \`c"),
        ("``c`` `", "``c`` `", r"\`\`c\`\` \`"),
    ):  # fmt: skip
        document = Document("t", "e", None, "s", (sentence,), (), "f")
        page, text = render_html(document), render_markdown(document)
        assert f'<p class="lead">{html}</p>' in page, sentence
        assert f"\n\n{markdown}\n\n" in text, sentence
        rendered = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)
        assert f"<p>{html}</p>" in rendered or "<code>" not in rendered, sentence
    names = Grid("c", (Column("Name", code=True), Column("What")), (("`m`", "`m`"),))
    document = Document("t", "e", None, "s", (), (Section("a", "A", (names,)),), "f")
    assert '>`m`</th><td role="cell" class="words" data-label="What"><code>m</code></td>' in render_html(document)
    assert "| \\`m\\` | `m` |" in render_markdown(document)


def codes(page: str) -> set[str]:
    return set(re.findall(r"(?s)<code>(.*?)</code>", page))


def test_junit(result: DrillResult) -> None:
    text = render_junit(result).decode()
    assert list(acting(text)) == []
    assert "\\x1b[2J" in text
    ElementTree.fromstring(text)  # noqa: S314 (made here)


def test_annotations_are_one_line_each_and_no_other_command(result: DrillResult) -> None:
    lines = list(workflow_commands(result))
    assert len(lines) == 1 + len(result.findings)
    for line in lines:
        title, message = re.fullmatch(r"::(?:error|warning|notice) title=(.*?)::(.*)", line).groups()  # type: ignore[union-attr]
        assert list(acting(f"{title}\n{message}")) == []


def test_notifications_and_what_pytest_shows(
    result: DrillResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(notify, "_notify", lambda event, title, body, telling: sent.extend((title, body)))
    notify.notify_result(result, None, NotificationSettings())
    notify.notify_not_started("verify", NAME, NotificationSettings())
    notify.notify_overdue([NAME], NotificationSettings())
    sent.append(failure_text(result, Expected(verdict=Verdict.PASS), tmp_path))
    assert list(acting("\n".join(sent))) == []


def test_this_test_would_see_it() -> None:
    assert len(list(acting(NAME))) == 10
    assert hostile(Step("n", "t", STARTED_AT, 1.0)).title == f"t{NAME}"

"""A document as Markdown, for a pull request, a step summary or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.reports.document import (
    SEVERITY_WORDS,
    Block,
    Bullets,
    Column,
    Document,
    Facts,
    Fold,
    Form,
    Grid,
    Notice,
    Paragraph,
    notice_facts,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~&$@]|(?<=\w):(?=\w))")
"""What can mean something to a renderer, wherever it stands: pipes in tables, links, mentions, emphasis, HTML."""
_AT_THE_START = re.compile(r"^([-+=]|\d+(?=[.)]))")


def render_markdown(document: Document) -> str:
    """The document as GitHub's Markdown; pictures are left out, their numbers stand in the tables."""
    return "\n\n".join(_document(document)) + "\n"


def _document(document: Document) -> Iterator[str]:
    yield _text(document.eyebrow)
    yield f"# {_text(document.title)}"
    verdict = f"{_text(document.verdict)} " if document.verdict is not None else ""
    yield f"**{verdict}{_text(document.sentence)}**"
    yield from (_text(text) for text in document.lead)
    for section in document.sections:
        yield f"## {_text(section.title)}"
        yield from _blocks(section.blocks)
    yield "---"
    yield _text(document.footer)


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield _text(block.text)
            case Bullets():
                yield "\n".join(f"- {_text(item)}" for item in block.items)
            case Facts():
                yield _pairs(block.items)
            case Grid():
                yield f"**{_text(block.caption)}**"
                yield _table(block)
            case Form():
                yield f"**{_text(block.caption)}**"
                columns = tuple(Column(title) for title in block.columns)
                yield _table(Grid("", columns, ((" ",) * len(columns),) * block.lines))
            case Notice():
                finding = block.finding
                yield (f"### {SEVERITY_WORDS[finding.severity]} {_text(finding.code)} {_text(finding.subject)}")
                yield _text(finding.message)
                yield _pairs(notice_facts(block))
            case Fold():
                title = f"<summary><b>{_html(block.title)}</b> {_html(block.summary)}</summary>"
                yield f"<details>\n{title}"
                yield from _blocks(block.blocks)
                yield "</details>"


def _pairs(items: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- **{_text(label)}** {_text(text)}" for label, text in items)


def _table(grid: Grid) -> str:
    lines = [
        "| " + " | ".join(_text(column.title) for column in grid.columns) + " |",
        "| " + " | ".join("--:" if column.number else "---" for column in grid.columns) + " |",
        *("| " + " | ".join(_text(text) for text in row) + " |" for row in grid.rows),
    ]
    return "\n".join(lines)


def _text(text: str) -> str:
    """A text that stays what it is: on one line, and without a meaning to the renderer."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _AT_THE_START.sub(lambda start: f"\\{start[1]}" if not start[1].isdigit() else f"{start[1]}\\", escaped)


def _html(text: str) -> str:
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

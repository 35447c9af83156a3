"""A document as Markdown, for a pull request, a step summary or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import cycle

from harness.base.printable import printable_lines, printable_words
from harness.reports.document import (
    CODE,
    SEVERITY_WORDS,
    TIMELINE_COLUMNS,
    Block,
    Bullets,
    Column,
    Commands,
    Document,
    Facts,
    FindingGroup,
    Fold,
    Form,
    Grid,
    Paragraph,
    Timeline,
    compared_in,
    facts_of,
    others_of,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~&$@]|(?<=\w):(?=[\w/])|(?<=\bwww)\.)")
"""What can mean something to a renderer, wherever it stands: pipes in tables, links, mentions, emphasis, HTML."""
_AT_THE_START = re.compile(r"^([-+=]|\d+(?=[.)]))")


def render_markdown(document: Document) -> str:
    """The document as GitHub's Markdown; pictures are left out, their numbers stand in the tables."""
    return "\n\n".join(_document(document)) + "\n"


def _document(document: Document) -> Iterator[str]:
    yield inline(document.eyebrow)
    yield f"# {inline(document.title)}"
    verdict = f"{inline(document.verdict)} " if document.verdict is not None else ""
    yield f"**{verdict}{inline(document.sentence)}**"
    yield from (prose(text) for text in (document.why, document.caveat) if text)
    if document.subject:
        yield _pairs(document.subject)
    if document.tiles:
        yield "\n".join(
            f"- **{inline(tile.label)}** "
            + " ".join(inline(text) for text in (*tile.values, tile.note, tile.trend.text) if text)
            for tile in document.tiles
        )
    yield from (prose(text) for text in document.lead)
    for section in document.sections:
        yield f"## {inline(section.title)}"
        yield from _blocks(section.blocks)
    yield "---"
    yield prose(document.footer)


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield prose(block.text)
            case Commands():
                yield f"```sh\n{printable_lines(block.text)}\n```"
            case Bullets():
                yield "\n".join(f"- {prose(item)}" for item in block.items)
            case Facts():
                yield _pairs(block.items)
            case Grid():
                yield f"**{inline(block.caption)}**"
                yield _table(block)
            case Form():
                yield f"**{inline(block.caption)}**"
                columns = tuple(Column(title) for title in block.columns)
                yield _table(Grid("", columns, ((" ",) * len(columns),) * block.lines))
            case Timeline():
                yield inline(block.legend)
                columns = (Column(TIMELINE_COLUMNS[0]), *(Column(title, number=True) for title in TIMELINE_COLUMNS[1:]))
                rows = tuple((f"{span.title} {span.detail}", span.began, span.took) for span in block.spans)
                yield f"**{inline(block.caption)}**"
                yield _table(Grid("", columns, rows))
            case FindingGroup():
                yield f"### {SEVERITY_WORDS[block.severity]} {prose(block.finding.message)}"
                about = (block.finding.code, block.finding.subject, compared_in(block))
                yield " ".join(inline(text) for text in about if text)
                yield _pairs(facts_of(block))
                if (others := others_of(block)) is not None:
                    yield from _blocks((others,))
            case Fold():
                title = f"<summary><b>{_html(block.title)}</b> {_html(block.summary)}</summary>"
                yield f"<details>\n{title}"
                yield from _blocks(block.blocks)
                yield "</details>"


def _pairs(items: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- **{inline(label)}** {prose(text)}" for label, text in items)


def _table(grid: Grid) -> str:
    lines = [
        "| " + " | ".join(inline(column.title) for column in grid.columns) + " |",
        "| " + " | ".join("--:" if column.number else "---" for column in grid.columns) + " |",
        *("| " + " | ".join(map(_cell, grid.columns, row)) + " |" for row in grid.rows),
    ]
    return "\n".join(lines)


def inline(text: str) -> str:
    """A text that stays what it is: on one line, and without a meaning to the renderer."""
    return _begun(_SPECIAL.sub(r"\\\1", printable_words(text)))


def prose(text: str) -> str:
    """A sentence, in which what is to be typed is a code span: nothing in one has a meaning, but a pipe ends a cell."""
    pieces = CODE.split(printable_words(text))
    return _begun(
        "".join(
            _SPECIAL.sub(r"\\\1", f"`{piece}`" if code else piece) if "|" in piece or not code else f"`{piece}`"
            for piece, code in zip(pieces, cycle((False, True)), strict=False)
        )
    )


def _begun(escaped: str) -> str:
    return _AT_THE_START.sub(lambda start: f"\\{start[1]}" if not start[1].isdigit() else f"{start[1]}\\", escaped)


def _cell(column: Column, text: str) -> str:
    return inline(text) if column.number or column.code or column.whole else prose(text)


def _html(text: str) -> str:
    return printable_words(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

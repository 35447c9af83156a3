"""A report as a document: headings, sentences, tables, pictures. Every format renders the same one.

What a report says is decided once, here and in `page.py`; HTML, PDF and Markdown only set it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from harness.base.model import Finding, Severity, Verdict


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """Sentences, one below the other."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a label and a value."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand to the right, digests and names in a type of equal widths.

    What is `whole` is short and is not broken into lines: a day, a verdict.
    """

    title: str
    number: bool = False
    code: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a caption; `marked` are the rows (from 0) that deserve a second look."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture: where it begins and how long it is, in the picture's unit; `told` is its value in words."""

    label: str
    start: float
    length: float
    told: str
    emphasised: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars below each other. The numbers stand in the text and tables beside it as well: it is for the eye.

    Args:
        title: what is shown.
        description: what there is to see, in words: the text alternative.
        bars: from top to bottom.
        limit: an objective that is drawn as a line, in the unit of the bars, or None.
        limit_told: the limit in words.
    """

    title: str
    description: str
    bars: tuple[Bar, ...]
    limit: float | None = None
    limit_told: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding with what it means; the remedy is what to do about it."""

    finding: Finding
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Form:
    """Empty lines to be filled by hand, on paper too.

    Args:
        caption: what is asked for.
        columns: their titles.
        lines: how many.
    """

    caption: str
    columns: tuple[str, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are folded away on a screen, and open on paper."""

    title: str
    blocks: tuple[Block, ...]
    summary: str = ""


Block: TypeAlias = Paragraph | Bullets | Facts | Grid | Form | Picture | Notice | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; `anchor` is its address in the page."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Args:
        title: what it is about.
        eyebrow: a few words above the title.
        verdict: what came out, or None where there is no single one.
        sentence: the verdict in one plain sentence.
        lead: sentences below it.
        sections: in reading order.
        footer: where it comes from.
    """

    title: str
    eyebrow: str
    verdict: Verdict | None
    sentence: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str

    def blocks(self) -> Iterator[Block]:
        """Every block, also those that are folded away."""
        for section in self.sections:
            yield from _all(section.blocks)


def _all(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from _all(block.blocks)


def texts(document: Document) -> Iterator[str]:
    """Every text of a document in reading order, pictures left out: what each format has to say."""
    yield document.eyebrow
    yield document.title
    if document.verdict is not None:
        yield document.verdict
    yield document.sentence
    yield from document.lead
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            yield from _texts(block)
    yield document.footer


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield block.text
        case Bullets():
            yield from block.items
        case Facts():
            for pair in block.items:
                yield from pair
        case Grid():
            yield block.caption
            yield from (column.title for column in block.columns)
            for row in block.rows:
                yield from row
        case Form():
            yield block.caption
            yield from block.columns
        case Notice():
            yield from notice_texts(block)
        case Fold():
            yield block.title
            yield block.summary
            for inner in block.blocks:
                yield from _texts(inner)
        case Picture():
            return


SEVERITY_WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.INFO: "Note"}


def notice_texts(notice: Notice) -> Iterator[str]:
    """A finding's texts with their labels, in the order of every format."""
    finding = notice.finding
    yield SEVERITY_WORDS[finding.severity]
    yield finding.code
    yield finding.subject
    yield finding.message
    for label, text in notice_facts(notice):
        yield label
        yield text


def notice_facts(notice: Notice) -> tuple[tuple[str, str], ...]:
    """What stands below a finding's sentence."""
    finding = notice.finding
    pairs = (
        ("Expected", finding.expected or ""),
        ("Found", finding.actual or ""),
        ("What it means", notice.meaning),
        ("What to do", notice.remedy),
    )
    return tuple((label, text) for label, text in pairs if text)

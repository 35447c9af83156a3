"""A report as a document: headings, sentences, figures, tables, charts. Every format renders the same one.

What a report says is decided once, here and in `page.py`; HTML, PDF and Markdown only set it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from harness.base.model import Finding, Severity, Verdict

_DIGEST = re.compile(r"[0-9a-f]{32,}")
CODE = re.compile(r"(?<![\w`])`([^`\n]+)`(?![\w`])")
"""What is to be typed, between backticks in a sentence: set as code. Names in tables stay as they are."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """Sentences, one below the other; `compact` ones are short and run on like words of a sentence."""

    items: tuple[str, ...]
    compact: bool = False


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines for a shell, to be copied as they stand."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a label and a value; `compact` ones are details, in small type."""

    items: tuple[tuple[str, str], ...]
    compact: bool = False


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
    """A table with a caption; `marked` are the rows (from 0) that deserve a second look.

    Of a marked row, the cells of `strong` columns (from 0) are bold: those that say why. On a phone a row is a block
    of its cells, one below the other; a `compact` one runs on, without its zeros.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    strong: frozenset[int] = frozenset()
    compact: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """One step of a timeline: `start_s` and `duration_s` are drawn, the texts say the same."""

    title: str
    detail: str
    began: str
    took: str
    start_s: float
    duration_s: float
    emphasised: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps one after the other on one axis; `legend` says what the emphasised ones are."""

    caption: str
    legend: str
    spans: tuple[Span, ...]

    @property
    def end_s(self) -> float:
        return max((span.start_s + span.duration_s for span in self.spans), default=0.0) or 1.0


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure over the last drills, the oldest first: None where it was not measured; `text` says it in words."""

    values: tuple[float | None, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the figures that people came for.

    Args:
        values: the figure itself, in one to three short lines.
        note: what it means: the objective, and whether it was met.
        good: True for met, False for missed, None where nothing was judged.
    """

    label: str
    values: tuple[str, ...]
    note: str
    good: bool | None
    trend: Trend


@dataclass(frozen=True, slots=True)
class Point:
    """One drill in a chart: `at` from 0 to 1 along the axis, its value, and whether it passed."""

    at: float
    value: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A figure over time. Its numbers stand in a table as well: it is for the eye.

    Args:
        description: what there is to see, in words: the text alternative.
        points: in the order of time.
        top: the end of the scale, which begins with 0.
        ticks: values with their words, drawn as lines.
        first, last: the ends of the axis, in words.
        limit: the objective, or None; one that is above the scale is shown at its upper edge.
    """

    title: str
    description: str
    points: tuple[Point, ...]
    top: float
    ticks: tuple[tuple[float, str], ...]
    first: str
    last: str
    limit: float | None = None
    limit_text: str = ""


@dataclass(frozen=True, slots=True)
class Weeks:
    """One cell for each week: the worst verdict of its drills (None without a drill), and how many passed.

    `cells` are pairs of verdict and words such as `6/7`; `first` and `last` are the ends in words.
    """

    title: str
    description: str
    cells: tuple[tuple[Verdict | None, str], ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings that have one cause.

    Args:
        finding: the cause, or what is nearest to it.
        meaning: what follows for people who use the system.
        others: findings of the same kind, and those that follow from it.
    """

    finding: Finding
    meaning: str
    action: str
    others: tuple[Finding, ...] = ()

    @property
    def severity(self) -> Severity:
        order = list(Severity)
        return min((each.severity for each in (self.finding, *self.others)), key=order.index)


@dataclass(frozen=True, slots=True)
class Form:
    """Empty lines to be filled by hand, on paper too."""

    caption: str
    columns: tuple[str, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are folded away on a screen, and open on paper, or left out there: a PASS has four pages at most."""

    title: str
    blocks: tuple[Block, ...]
    summary: str = ""
    on_paper: bool = True


Picture: TypeAlias = Line | Weeks
Block: TypeAlias = Paragraph | Commands | Bullets | Facts | Grid | Timeline | Form | Line | Weeks | FindingGroup | Fold


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
        eyebrow: a few words above the title.
        verdict: what came out, or None where there is no single one.
        sentence: the verdict in one plain sentence.
        lead: sentences below the figures.
        footer: where it comes from.
        subject: what was judged, and into what it was restored: pairs of a label and a value.
        why: what decided it, beside the verdict: the first reason, or empty.
        caveat: what the verdict leaves unproven, beside it; or empty.
        tiles: the figures of the first screen.
    """

    title: str
    eyebrow: str
    verdict: Verdict | None
    sentence: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str
    subject: tuple[tuple[str, str], ...] = ()
    why: str = ""
    caveat: str = ""
    tiles: tuple[Tile, ...] = ()

    def blocks(self) -> Iterator[Block]:
        """Every block, also those that are folded away."""
        for section in self.sections:
            yield from _all(section.blocks)


def _all(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from _all(block.blocks)


SEVERITY_WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.INFO: "Note"}
TIMELINE_COLUMNS = ("Step", "Began after", "Took")
OTHER_COLUMNS = (
    Column("Severity", whole=True),
    Column("Finding", code=True),
    Column("Subject"),
    Column("What it says"),
)


def facts_of(problem: FindingGroup) -> tuple[tuple[str, str], ...]:
    """What stands below the sentence of a problem."""
    pairs = (("Impact", problem.meaning), ("Remedy", problem.action))
    return tuple((label, text) for label, text in pairs if text)


def compared_in(problem: FindingGroup) -> str:
    """What was expected and what was found, where the finding says so."""
    expected, found = problem.finding.expected, problem.finding.actual
    if not expected or not found or _DIGEST.fullmatch(found):  # the page would be no clearer for a checksum
        return ""
    return f"expected {expected}, found {found}"


def others_of(problem: FindingGroup) -> Fold | None:
    """The findings that come with a problem, folded away; None where it is alone."""
    if not problem.others:
        return None
    rows = tuple((SEVERITY_WORDS[each.severity], each.code, each.subject, each.message) for each in problem.others)
    summary = "1 finding" if len(rows) == 1 else f"{len(rows):,} findings"
    return Fold("Same cause", (Grid("Findings with the same cause", OTHER_COLUMNS, rows),), summary)

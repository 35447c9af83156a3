"""Charts as SVG, written by hand: as wide as the page on every screen, with text that stays text, without a script.

Places along the page are shares of its width (`12.5%`), heights are pixels: a phone and a desktop get text of one size.
On paper the width is known, so shares become units of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from harness.base.model import Verdict
from harness.base.printable import printable_words
from harness.reports.document import Line, Picture, Span, Timeline, Trend, Weeks

PAPER_WIDTH = 640
"""Units of a chart's width on paper."""
_HEIGHT, _TEXT = 190, 12
_SCALE = 0.13
"""Share of a line chart's width in which the words of its scale stand, and no point."""
_COLOURS = {
    "ink": "#1b2733",
    "muted": "#55606d",
    "bar": "#8ba3bc",
    "strong": "#1d4f7c",
    "limit": "#a3241c",
    "track": "#dfe5ea",
    "pass": "#1c6337",
    "fail": "#a3241c",
    "inconclusive": "#744d00",
    "page": "#ffffff",
}
"""Concrete colours, for paper; on a screen each is a property of the page, which has a light and a dark set."""
_SIGNS = {
    Verdict.PASS: '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
    Verdict.FAIL: '<path d="M6 6l12 12M18 6L6 18"/>',
    Verdict.INCONCLUSIVE: '<path d="M8 8.5a4 4 0 1 1 5.6 3.7c-1 .5-1.6 1.2-1.6 2.3M12 18.4v.2"/>',
}


class Pen:
    """Draws for a screen or for paper."""

    def __init__(self, *, for_paper: bool, width: int = PAPER_WIDTH) -> None:
        self.for_paper = for_paper
        self.width = width

    def colour(self, name: str) -> str:
        return _COLOURS[name] if self.for_paper else f"var(--chart-{name})"

    def x(self, share: float) -> str:
        """A place along the width, from 0 to 1."""
        share = min(max(share, 0.0), 1.0)
        return f"{share * self.width:.1f}" if self.for_paper else f"{share * 100:.2f}%"

    def svg(self, height: float, inner: str, attributes: str) -> str:
        """The element around what was drawn."""
        size = f'viewBox="0 0 {self.width} {height:g}"' if self.for_paper else f'width="100%" height="{height:g}"'
        return f'<svg {attributes} {size} xmlns="http://www.w3.org/2000/svg">{inner}</svg>'

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, more: str = 'stroke-width="1"') -> str:
        """A line between two places."""
        places = f'x1="{self.x(x1)}" y1="{y1:.1f}" x2="{self.x(x2)}" y2="{y2:.1f}"'
        return f'<line {places} stroke="{self.colour(colour)}" {more}/>'

    def text(self, x: float, y: float, words: str, colour: str = "muted", anchor: str = "start") -> str:
        """Words whose base line begins, ends or has its middle at a place."""
        family = ' font-family="Liberation Sans, DejaVu Sans, sans-serif"' if self.for_paper else ""
        return (
            f'<text x="{self.x(x)}" y="{y:.1f}" text-anchor="{anchor}" font-size="{_TEXT}"{family}'
            f' fill="{self.colour(colour)}">{escape(printable_words(words))}</text>'
        )

    def rect(self, x: float, y: float, share: float, height: float, colour: str, more: str = "") -> str:
        """A box; one that is too narrow to be seen is two pixels wide: it happened."""
        wide = f"{max(share * self.width, 1.5):.1f}" if self.for_paper else f"{max(share * 100, 0.4):.2f}%"
        return (
            f'<rect x="{self.x(x)}" y="{y:g}" width="{wide}" height="{height:g}" fill="{self.colour(colour)}"{more}/>'
        )


def svg_of(picture: Picture, number: int, *, for_paper: bool = False) -> str:
    """One chart as an `svg` element.

    Args:
        number: of the chart in its page, so that names inside of it are nobody else's.
        for_paper: with fixed colours and a fixed width instead of the page's.
    """
    pen = Pen(for_paper=for_paper)
    head = (
        f'<title id="p{number}-title">{escape(printable_words(picture.title))}</title>'
        f'<desc id="p{number}-desc">{escape(printable_words(picture.description))}</desc>'
    )
    drawn, height = (_line(pen, picture), _HEIGHT) if isinstance(picture, Line) else (_weeks(pen, picture), 58)
    named = f'class="picture" role="img" aria-labelledby="p{number}-title p{number}-desc"'
    return pen.svg(height, head + "".join(drawn), named)


def _line(pen: Pen, chart: Line) -> Iterator[str]:
    top, bottom = 26.0, _HEIGHT - 26.0

    def y(value: float) -> float:
        return bottom - (bottom - top) * min(value / chart.top, 1.0)

    for value, words in chart.ticks:
        yield pen.line(0, y(value), 1, y(value), "track")
        yield pen.text(0, y(value) - 4, words)
    yield pen.line(0, bottom, 1, bottom, "muted")
    if chart.limit is not None:
        above = chart.limit > chart.top
        at = top - 12 if above else y(chart.limit)
        words = f"{chart.limit_text}, above this scale" if above else chart.limit_text
        if not above:
            yield pen.line(0, at, 1, at, "limit", 'stroke-width="1.5" stroke-dasharray="6 4"')
        yield pen.text(1, at - 5, words, "limit", "end")
    inset = [(_SCALE + point.at * (0.985 - _SCALE), y(point.value), point.passed) for point in chart.points]
    for (x1, y1, _), (x2, y2, _) in pairwise(inset):
        yield pen.line(x1, y1, x2, y2, "strong", 'stroke-width="1.75"')
    for x, height, passed in inset:
        # A drill that did not pass is marked by its shape as well: a ring.
        fill, stroke = ("strong", "strong") if passed else ("page", "fail")
        yield (
            f'<circle cx="{pen.x(x)}" cy="{height:.1f}" r="{3.5 if passed else 5}" fill="{pen.colour(fill)}"'
            f' stroke="{pen.colour(stroke)}" stroke-width="2"/>'
        )
    yield pen.text(_SCALE, _HEIGHT - 8, chart.first)
    yield pen.text(1, _HEIGHT - 8, chart.last, anchor="end")


def _weeks(pen: Pen, chart: Weeks) -> Iterator[str]:
    share = 1 / max(len(chart.cells), 1)
    for number, (verdict, words) in enumerate(chart.cells):
        x = number * share
        colour = verdict.value.lower() if verdict is not None else "track"
        yield pen.rect(x + share * 0.04, 4, share * 0.92, 26, colour, ' rx="2"')
        yield pen.text(x + share / 2, 22, words, "page" if verdict is not None else "muted", "middle")
    yield pen.text(0, 50, chart.first)
    yield pen.text(1, 50, chart.last, anchor="end")


def span_svg(timeline: Timeline, span: Span, *, for_paper: bool = False) -> str:
    """The bar of one step; what it says stands beside it."""
    pen, end = Pen(for_paper=for_paper, width=260), timeline.end_s
    colour = "limit" if span.failed else "strong" if span.emphasised else "bar"
    track = pen.rect(0, 8, 1, 2, "track")
    start = min(span.start_s / end, 0.994)
    bar = pen.rect(start, 3, min(span.duration_s / end, 1 - start), 12, colour, ' rx="1.5"')
    return pen.svg(18, track + bar, 'class="span" aria-hidden="true"')


def axis_svg(timeline: Timeline, *, for_paper: bool = False) -> str:
    """The axis above the bars."""
    from harness.reports.words import span as in_words

    pen, step = Pen(for_paper=for_paper, width=260), _round(timeline.end_s / 3)
    ticks = [step * number for number in range(4) if step * number <= timeline.end_s]
    parts = [pen.text(0, 12, "0 s")] if ticks else []
    for tick in ticks:
        x = tick / timeline.end_s
        parts.append(pen.line(x, 15, x, 20, "muted"))
        if tick and x < 0.9:
            parts.append(pen.text(x, 12, in_words(tick), anchor="middle"))
    return pen.svg(20, "".join(parts), 'class="axis" aria-hidden="true"')


def spark_svg(trend: Trend, *, for_paper: bool = False) -> str:
    """A small line without an axis: whether a figure is as it was. The last drill is the dot at its end."""
    measured = [value for value in trend.values if value is not None]
    if len(trend.values) < 2 or not measured:
        return ""
    pen = Pen(for_paper=for_paper)
    low, high = min(measured), max(measured)
    spread = (high - low) or 1.0
    width, height = 120.0, 24.0

    def place(number: int, value: float) -> tuple[float, float]:
        share = 0.5 if high == low else (value - low) / spread
        return 3 + number / (len(trend.values) - 1) * (width - 6), height - 3 - share * (height - 6)

    places = [place(number, value) for number, value in enumerate(trend.values) if value is not None]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dot = f'<circle cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="2.75" fill="{pen.colour("strong")}"/>'
    line = f'<polyline points="{points}" fill="none" stroke="{pen.colour("strong")}" stroke-width="1.5"/>'
    return (
        f'<svg class="spark" aria-hidden="true" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" xmlns="http://www.w3.org/2000/svg">{line}{dot}</svg>'
    )


def sign_svg(verdict: Verdict, *, for_paper: bool = False) -> str:
    """The verdict as a sign that does not depend on colour or on a font."""
    colour = "#ffffff" if for_paper else "currentColor"
    return (
        '<svg class="sign" aria-hidden="true" viewBox="0 0 24 24" width="48" height="48" fill="none"'
        f' stroke="{colour}" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"'
        f' xmlns="http://www.w3.org/2000/svg">{_SIGNS[verdict]}</svg>'
    )


def _round(value: float) -> float:
    """The largest of 1, 2, 5, 10, 15, 30 of a unit that is not above a value, so that ticks have whole names."""
    best = 0.1
    for unit in (0.1, 1, 60, 3600):
        for times in (1, 2, 5, 10, 15, 20, 30):
            if unit * times <= value:
                best = max(best, unit * times)
    return best

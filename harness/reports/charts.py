"""Pictures as SVG, drawn by Matplotlib: narrow enough for a phone, with text that stays text and a text alternative."""

from __future__ import annotations

import io
import logging
import re
import textwrap
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from harness.base.printable import printable_words
from harness.reports.document import Bar, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 360
"""Units of a picture's width: a phone shows it one to one, larger screens scale it up."""
_LABEL_CHARACTERS = 44
_TEXT, _LINE, _BAR, _GAP = 10.5, 14.0, 8.0, 9.0
_MARGIN = 4.0
_COLOURS = {
    "ink": "#1b2733",
    "muted": "#55606d",
    "bar": "#8ba3bc",
    "strong": "#1d4f7c",
    "limit": "#a3241c",
    "track": "#e3e8ed",
}
"""Concrete colours, for paper; on a screen each becomes a property of the page, which has a light and a dark set."""


def svg_of(picture: Picture, number: int, *, for_paper: bool = False) -> str:
    """One picture as an `svg` element.

    Args:
        picture: what to draw.
        number: of the picture in its page, so that names inside of it are nobody else's.
        for_paper: with fixed colours instead of the page's.
    """
    picture = _shown(picture)
    text = _drawn(picture)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>p{number}-", text)
    text = text.replace("'DejaVu Sans'", "var(--sans)" if not for_paper else "Liberation Sans, DejaVu Sans, sans-serif")
    if not for_paper:
        for name, colour in _COLOURS.items():
            text = text.replace(colour, f"var(--chart-{name})")
    view = re.search(r'viewBox="[^"]*"', text)
    assert view is not None
    head = (
        f'<svg class="picture" role="img" aria-labelledby="p{number}-title p{number}-desc" {view.group()} '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="p{number}-title">{escape(picture.title)}</title>'
        f'<desc id="p{number}-desc">{escape(picture.description)}</desc>'
    )
    return head + text[text.index(">") + 1 :].strip()


def _shown(picture: Picture) -> Picture:
    """The picture with texts that act nowhere."""
    return replace(
        picture,
        title=printable_words(picture.title),
        description=printable_words(picture.description),
        limit_told=printable_words(picture.limit_told),
        bars=tuple(
            replace(bar, label=printable_words(bar.label), told=printable_words(bar.told)) for bar in picture.bars
        ),
    )


def _drawn(picture: Picture) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # That it builds its list of fonts, where its cache is: nothing for somebody who waits for a drill.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    labels = [textwrap.wrap(bar.label, _LABEL_CHARACTERS) or [""] for bar in picture.bars]
    legend = _LINE if picture.limit is not None else 0.0
    height = 2 * _MARGIN + legend + sum(_LINE * len(label) + _BAR + _GAP for label in labels)
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "apiary-drill",
            "font.family": "DejaVu Sans",
            "text.parse_math": False,
        }
    ):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        figure.patch.set_visible(False)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(height, 0)
        _bars(axes, picture, labels, legend)
        target = io.StringIO()
        FigureCanvasSVG(figure)
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return target.getvalue()


def _bars(axes: Axes, picture: Picture, labels: list[list[str]], legend: float) -> None:
    end = max([bar.start + bar.length for bar in picture.bars] + [picture.limit or 0.0]) or 1.0
    unit = (WIDTH - 2 * _MARGIN) / end
    top = _MARGIN + legend
    if picture.limit is not None:
        at = _MARGIN + picture.limit * unit
        axes.text(min(at, WIDTH - _MARGIN), _MARGIN + _TEXT, picture.limit_told, color=_COLOURS["limit"],
                  fontsize=_TEXT, ha="right" if at > WIDTH / 2 else "left", va="baseline")  # fmt: skip
    for bar, label in zip(picture.bars, labels, strict=True):
        for line in label:
            axes.text(_MARGIN, top + _TEXT, line, color=_COLOURS["ink"], fontsize=_TEXT, va="baseline")
            top += _LINE
        axes.text(WIDTH - _MARGIN, top - _LINE + _TEXT, bar.told, color=_COLOURS["muted"], fontsize=_TEXT,
                  ha="right", va="baseline")  # fmt: skip
        _bar(axes, bar, top, unit)
        if picture.limit is not None:  # beside the bars only: a line through the texts makes them hard to read
            at = _MARGIN + picture.limit * unit
            axes.plot([at, at], [top, top + _BAR], color=_COLOURS["limit"], linewidth=1.8)
        top += _BAR + _GAP


def _bar(axes: Axes, bar: Bar, top: float, unit: float) -> None:
    axes.barh([top + _BAR / 2], [WIDTH - 2 * _MARGIN], left=[_MARGIN], height=1.0, color=_COLOURS["track"], linewidth=0)
    colour = _COLOURS["strong" if bar.emphasised else "bar"]
    # What is too short to be seen is drawn one unit wide: it happened.
    axes.barh([top + _BAR / 2], [max(bar.length * unit, 1.0)], left=[_MARGIN + bar.start * unit], height=_BAR,
              color=colour, linewidth=0)  # fmt: skip

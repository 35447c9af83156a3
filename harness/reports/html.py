"""A document as one self-contained page: no network, no script, readable on a phone, in the dark and on paper."""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from harness.base.printable import printable_lines, printable_words
from harness.reports.charts import axis_svg, sign_svg, span_svg, spark_svg, svg_of
from harness.reports.document import CODE, SEVERITY_WORDS, TIMELINE_COLUMNS, Document, compared_in, facts_of, others_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment
    from markupsafe import Markup

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:s|min|h|days?)\b)")


def render_html(document: Document, *, for_paper: bool = False) -> str:
    """The page.

    Args:
        for_paper: with everything unfolded and in fixed colours, as the PDF needs it.
    """
    from markupsafe import Markup

    environment = _environment()
    numbers = count(1)

    def drawn(draw: Callable[..., str]) -> Callable[..., Markup]:
        return lambda *what: Markup(draw(*what, for_paper=for_paper))  # noqa: S704 (drawn here, texts escaped)

    styles = Markup(environment.get_template("report.css").render())  # noqa: S704 (our own file)
    return environment.get_template("document.html.j2").render(
        document=document,
        for_paper=for_paper,
        draw=lambda picture: drawn(svg_of)(picture, next(numbers)),
        axis=drawn(axis_svg),
        bar=drawn(span_svg),
        spark=drawn(spark_svg),
        sign=drawn(sign_svg),
        styles=styles,
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import escape

    environment = Environment(
        loader=PackageLoader("harness.reports"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["prose"] = _prose
    environment.filters["figures"] = _figures
    environment.filters["lines"] = lambda text: escape(printable_lines(text))
    environment.filters["facts"] = facts_of
    environment.filters["compared"] = compared_in
    environment.filters["others"] = others_of
    environment.globals["severity_words"] = SEVERITY_WORDS
    environment.globals["timeline_columns"] = TIMELINE_COLUMNS
    return environment


def _shown(value: object) -> object:
    """Each text of the document; what is `Markup` was made here, of texts that came by here."""
    from markupsafe import Markup

    return printable_words(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _figures(text: str) -> Markup:
    """A short text with figures, whose units stay with them."""
    from markupsafe import Markup, escape

    return Markup(_BEFORE_UNIT.sub("&nbsp;", str(escape(printable_words(text)))))  # noqa: S704 (escaped)


def _prose(text: str) -> Markup:
    """A sentence, in which what is to be typed is set as code; escaped first: nothing in it is more than text."""
    from markupsafe import Markup, escape

    return Markup(CODE.sub(r"<code>\1</code>", str(escape(printable_words(text)))))  # noqa: S704 (escaped one step before)

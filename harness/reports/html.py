"""A document as one self-contained page: no network, no script, readable on a phone, in the dark and on paper."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from harness.base.printable import printable_words
from harness.reports.charts import svg_of
from harness.reports.document import SEVERITY_WORDS, Document, Picture, notice_facts

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(document: Document, *, for_paper: bool = False) -> str:
    """The page.

    Args:
        document: what it says.
        for_paper: with everything unfolded and in fixed colours, as the PDF needs it.
    """
    from markupsafe import Markup

    environment = _environment()
    numbers = count(1)

    def draw(picture: Picture) -> Markup:
        return Markup(svg_of(picture, next(numbers), for_paper=for_paper))  # noqa: S704 (drawn here, texts escaped)

    styles = Markup(environment.get_template("report.css").render())  # noqa: S704 (our own file)
    return environment.get_template("document.html.j2").render(
        document=document, for_paper=for_paper, draw=draw, styles=styles
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

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
    environment.filters["facts"] = notice_facts
    environment.globals["severity_words"] = SEVERITY_WORDS
    return environment


def _shown(value: object) -> object:
    """Each text of the document; what is `Markup` was made here, of texts that came by here."""
    from markupsafe import Markup

    return printable_words(value) if isinstance(value, str) and not isinstance(value, Markup) else value

"""The same page on paper, by WeasyPrint: text that can be selected, page numbers, tables that are not cut."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

from harness.base.errors import MissingProgram
from harness.reports.document import Document
from harness.reports.html import render_html

PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
'Debian\'s names of the libraries that WeasyPrint loads (doc.courtbouillon.org/weasyprint, "First steps").'


def require_pdf() -> Any:
    """WeasyPrint's module.

    Raises:
        MissingProgram: it is not installed, or the libraries that set the text are not on this machine.
    """
    try:
        with redirect_stdout(io.StringIO()):  # where it tells of its own what follows here in one sentence
            import weasyprint
    except ImportError as error:
        raise MissingProgram(
            "a PDF needs WeasyPrint, which is not installed",
            "Install it with `pip install 'apiary-restore-drill[pdf]'`, or print the HTML page with a browser.",
        ) from error
    except OSError as error:
        raise MissingProgram(
            "PDF reports need the library Pango, which is not installed",
            "As root on Debian: `apiary-drill doctor --install`.",
            f"Elsewhere: install the equivalents of {', '.join(PACKAGES)}.",
        ) from error
    return weasyprint


def render_pdf(document: Document) -> bytes:
    """The document as a tagged PDF. Raises MissingProgram."""
    weasyprint = require_pdf()
    page = weasyprint.HTML(string=render_html(document, for_paper=True), url_fetcher=_nothing)
    written = page.write_pdf(pdf_tags=True)
    assert isinstance(written, bytes)
    return written


def _nothing(url: str, **_: object) -> dict[str, object]:
    """The page holds all that it needs: whatever else is asked for is a mistake."""
    raise ValueError(f"a report requested {url}")

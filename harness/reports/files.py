"""Writing reports to files: refused before a drill starts where that cannot work, and never half written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harness.base.errors import MissingProgram, UsageError
from harness.base.model import DrillResult
from harness.base.private import whole_file
from harness.base.settings import ReportSettings
from harness.checks.evidence import Evidence
from harness.records.history.baseline import recent_drills
from harness.records.run_directory import EVIDENCE, RunDirectory
from harness.reports.document import Document
from harness.reports.html import render_html
from harness.reports.junit import render_junit
from harness.reports.markdown import render_markdown
from harness.reports.page import page_of
from harness.reports.pdf import render_pdf, require_pdf

REPORT = "report.html"
"""In every run directory."""

Writer = Callable[[Document, DrillResult], bytes]

FORMATS: Mapping[str, Writer] = {
    "html": lambda document, _: render_html(document).encode(),
    "pdf": lambda document, _: render_pdf(document),
    "markdown": lambda document, _: render_markdown(document).encode(),
    "junit": lambda _, result: render_junit(result),
}
"""By the name of the option; the document and the result say the same."""


def check_files(wanted: ReportSettings) -> None:
    """Find out that a report cannot be written before hours of a drill are spent.

    Raises:
        UsageError: a path cannot be written, or two reports would go to the same file.
    """
    taken: dict[Path, str] = {}
    for kind, path in wanted.files().items():
        problem = f"cannot write --{kind} {path}"
        if path.is_dir():
            raise UsageError(f"{problem}: it is a directory", "Give the name of a file in it.")
        if not path.parent.is_dir():
            raise UsageError(f"{problem}: directory {path.parent} does not exist", "Create the directory first.")
        try:
            with tempfile.TemporaryFile(dir=path.parent):
                pass
        except OSError as error:
            raise UsageError(f"{problem}: {error.strerror}", "Choose a location that this user may write to.") from None
        other = taken.setdefault(path.resolve(), kind)
        if other != kind:
            raise UsageError(f"{problem}: --{other} writes to the same file", "Give each report its own file.")
    if wanted.pdf is not None:
        try:
            require_pdf()
        except MissingProgram as error:
            raise UsageError(error.fact, *error.hints) from None


def document_of(result: DrillResult, run_dir: Path) -> Document:
    """The report of a run, with the evidence that is in its directory."""
    store = RunDirectory(run_dir)
    evidence: Evidence | None = store.load_evidence() if store.path(f"{EVIDENCE}.json").exists() else None
    return page_of(result, evidence, run_dir, recent_drills(run_dir))


def write_reports(document: Document, result: DrillResult, files: Iterable[tuple[str, Path]]) -> None:
    """Write each format (a key of FORMATS) to its file; what cannot be written does not keep the others from being.

    Raises:
        HarnessError, OSError: the first that could not be written, after all others were tried.
    """
    failed: Exception | None = None
    for kind, path in files:
        try:
            write_whole(path, FORMATS[kind](document, result))
        except (MissingProgram, OSError) as error:
            failed = failed or error
    if failed is not None:
        raise failed


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name only ever stands for all of its content; what is no file (`/dev/stdout`) stays."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    with whole_file(path, like_old=True) as file:
        file.write(content)

"""The files below `storage/app`: those that rows refer to, and those that a backup may leave out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.standins.apiary.generate.paper import envelope_files, envelopes, scanned_agreement
from harness.standins.apiary.generate.plan import Plan
from harness.standins.apiary.generate.words import person

_FILE_MODE = 0o644
_SMALLEST = 500
_USUAL_SPREAD = 8_000
_LARGE = 250_000
"""Sizes in bytes before the PDF around them: most are small, one in a hundred is large."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file: its path below `storage/app`, what it shows, and when it was uploaded (Unix time)."""

    path: str
    text: str
    modified_s: int


def uploads(plan: Plan) -> Iterator[Upload]:
    """Every file that a row refers to, as many as the scale says."""
    for number in range(1, plan.resumes + 1):
        uid = person(plan, plan.user_of_resume(number)).uid
        yield Upload(f"resumes/{uid}.pdf", f"Resume of {uid}", plan.moment_s(number, plan.resumes))
    for number in range(1, plan.scanned_agreements + 1):
        path = scanned_agreement(plan, number)
        yield Upload(path, f"Agreement {number}", plan.moment_s(number, plan.signatures))
    for envelope in envelopes(plan, envelope_files(plan)):
        for path in envelope.paths.values():
            yield Upload(path, f"Envelope {envelope.number}", plan.now_s - 86400 - envelope.number)


def write_files(plan: Plan, directory: Path) -> tuple[int, int]:
    """Write all files below `directory` (`storage/app`).

    Returns:
        How many, and their bytes.
    """
    count = size = 0
    for number, upload in enumerate(uploads(plan), 1):
        bits = plan.mix(80, number)
        padding = _LARGE if bits % 100 == 0 else _SMALLEST + (bits >> 8) % _USUAL_SPREAD
        content = make_pdf(upload.text, Random(bits).randbytes(padding))  # noqa: S311 - not secret
        size += _write(directory / upload.path, content, upload.modified_s)
        count += 1
    for path, length in (
        ("nova-exports/attendance-2024.csv", 4_000),
        ("nova-exports/resumes-full-year.zip", 30_000),
        ("dompdf/fonts/DejaVuSans.ufm.json", 2_000),
        ("meilisearch/dumps/20240101-000000000.dump", 10_000),
    ):
        content = plan.rng(path).randbytes(length)
        size += _write(directory / path, content, plan.now_s - 400 * 86400)
        count += 1
    return count, size


def _write(path: Path, content: bytes, modified_s: int) -> int:
    try:
        path.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    path.chmod(_FILE_MODE)
    os.utime(path, (modified_s, modified_s))
    return len(content)


def make_pdf(text: str, padding: bytes) -> bytes:
    """A valid PDF 1.4 document.

    Args:
        text: printable ASCII, shown on its page.
        padding: bytes of a stream that no page shows; they give the file its size and its own digest.

    Returns:
        The file's content: about 750 bytes more than the padding.
    """
    shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    content = f"BT /F1 18 Tf 72 720 Td ({shown}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R /StandinPadding 6 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(padding), padding),
    )
    parts = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"]
    offset = len(parts[0])
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(offset)
        part = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        parts.append(part)
        offset += len(part)
    table = b"".join(b"%010d 00000 n \n" % each for each in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table))
    parts.append(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, offset))
    return b"".join(parts)

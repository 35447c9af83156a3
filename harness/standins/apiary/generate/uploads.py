"""The files below `storage/app`: those that rows refer to, and those that a backup may leave out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.standins.apiary.generate.paper import envelope_files, envelopes, scanned_agreement
from harness.standins.apiary.generate.pdf import make_pdf
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
    """Write all files below `directory` (`storage/app`). Returns how many, and their bytes."""
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

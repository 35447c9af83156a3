"""What a content looks like, whatever the size of the pieces; real PDFs are PDFs."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from harness.artifacts.storage.archive import read_archive, read_archive_file
from harness.artifacts.storage.content import EMPTY, HTML, OTHER, PDF, PDF_WITHOUT_END, ZEROS, FileContent
from harness.artifacts.storage.inventory import read_inventory, write_inventory
from tests.tables import over_table

REAL = Path(__file__).parents[2] / "data" / "real-apiary" / "storage.tar.gz"
END = b"startxref\n0\n%%EOF\n"
WHOLE = b"%PDF-1.7\n" + b"1 0 obj\n" * 1000 + END

CASES = {
    "empty": (b"", EMPTY),
    "zeros": (bytes(5000), ZEROS),
    "one zero": (b"\0", ZEROS),
    "whole": (WHOLE, PDF),
    "small": (b"%PDF-1.4\n%%EOF", PDF),
    "header behind junk": (b"\xef\xbb\xbf" + b"j" * 1000 + WHOLE, PDF),
    "header too late": (b"j" * 1024 + WHOLE, OTHER),
    "PostScript's header": (b"%!PS-Adobe-3.0 PDF-1.4\n" + END, PDF),
    "a kilobyte behind the end": (WHOLE + b"\r" * 1000, PDF),
    "blocks filled with zeros": (WHOLE + bytes(8192), PDF),
    "a page behind the end": (WHOLE + b"x" * 1025, PDF_WITHOUT_END),
    "cut": (WHOLE[:4000], PDF_WITHOUT_END),
    "cut, then zeros": (WHOLE[:4000] + bytes(4000), PDF_WITHOUT_END),
    "zeros, then an end": (bytes(4000) + END, OTHER),
    "a page of a web server": (b"\r\n<!DOCTYPE html><html><head>", HTML),
    "XHTML": (b'<?xml version="1.0"?>\n<html xmlns="x">', HTML),
    "text": (b"bees", OTHER),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(100), OTHER),
}


@over_table("size", [1, 7, 1023, 1024, 1025, 1 << 20])
def test_every_case_in_pieces_of_every_size(size: int) -> None:
    for name, (data, expected) in CASES.items():
        content = FileContent()
        for at in range(0, len(data), size):
            content.add(memoryview(data)[at : at + size])
        assert content.verdict() == expected, name


def test_the_real_application_has_nothing_but_whole_pdfs() -> None:
    kinds = {entry.content for entry in read_archive_file(REAL) if entry.path.endswith(b".pdf")}
    assert kinds == {PDF}


def test_holes_are_zeros_and_the_archive_is_read_once(tmp_path: Path) -> None:
    """An archive of GNU tar, out of an iterator that can be read once."""
    with (tmp_path / "hole.pdf").open("wb") as file:
        file.truncate(64 << 20)
    (tmp_path / "whole.pdf").write_bytes(WHOLE)
    archive = subprocess.run(
        ["tar", "-cS", "--format=pax", "-C", tmp_path, "."], check=True, capture_output=True
    ).stdout
    found = {entry.path: entry.content for entry in read_archive(iter([archive]))}
    assert found == {b"": "", b"hole.pdf": ZEROS, b"whole.pdf": PDF}


def test_the_list_of_a_backup_has_the_bytes_that_it_always_had(tmp_path: Path) -> None:
    """Its digest is in the manifests of backups that were made before contents were judged."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("a.pdf")
        info.size = len(WHOLE)
        archive.addfile(info, io.BytesIO(WHOLE))
    (entry,) = read_archive([stream.getvalue()])
    write_inventory([entry], tmp_path / "files.jsonl")
    assert b"content" not in (tmp_path / "files.jsonl").read_bytes()
    write_inventory([entry], tmp_path / "run.jsonl", content=True)
    assert [each.content for each in read_inventory(tmp_path / "run.jsonl")] == [PDF]
    assert list(read_inventory(tmp_path / "run.jsonl")) == list(read_inventory(tmp_path / "files.jsonl"))

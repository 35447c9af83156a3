"""What entries of an archive are read into: content, digests, directories, places, lists and their order."""

import hashlib
import json
import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifacts.storage.archive import read_archive, read_archive_file
from harness.artifacts.storage.content import EMPTY, HTML, OTHER, PDF, PDF_WITHOUT_END, ZEROS, FileContent
from harness.artifacts.storage.directories import LISTED, OTHERS, directories_of
from harness.artifacts.storage.inside import root_inside, without_prefix
from harness.artifacts.storage.inventory import from_line, read_inventory, to_line, totals_of, write_inventory
from harness.artifacts.storage.names import coded
from harness.artifacts.storage.safety import Hashes
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError
from harness.base.model import DirectoryTotals, FileState, FileTotals
from tests.naming import uncoded
from tests.tables import over_table
from tests.unit.storage.tars import file, gnu_tar, tar_of

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
    archive = gnu_tar(tmp_path, "--sparse", "--format=pax")
    found = {entry.path: entry.content for entry in read_archive(iter([archive]))}
    assert found == {b"": "", b"hole.pdf": ZEROS, b"whole.pdf": PDF}


def test_the_list_of_a_backup_has_the_bytes_that_it_always_had(tmp_path: Path) -> None:
    """Its digest is in the manifests of backups that were made before contents were judged."""
    (entry,) = read_archive([tar_of(file("a.pdf", WHOLE))])
    write_inventory([entry], tmp_path / "files.jsonl")
    assert b"content" not in (tmp_path / "files.jsonl").read_bytes()
    write_inventory([entry], tmp_path / "run.jsonl", content=True)
    assert [each.content for each in read_inventory(tmp_path / "run.jsonl")] == [PDF]
    assert list(read_inventory(tmp_path / "run.jsonl")) == list(read_inventory(tmp_path / "files.jsonl"))


def entry(path: bytes, size_bytes: int = 0, kind: str = "file") -> FileState:
    return FileState(path, kind, size_bytes, "", 0o644, 33, 33, 1000)


def test_files_at_any_depth_count_for_the_directory_of_the_first_level() -> None:
    """Names that a person chose are codes; of very many directories the largest are distinguished."""
    directories = [entry(path, kind="directory") for path in (b"", b"dompdf", b"resumes")]
    links = [entry(path, kind="symlink") for path in (b"link", b"resumes/d")]
    files = [entry(b"a.txt", 1), entry(b"resumes/2026/b.pdf", 10), entry(b"resumes/c.pdf", 5)]
    found = directories_of([*directories, *links, *files])
    assert found == {".": DirectoryTotals(1, 1), "dompdf": DirectoryTotals(0, 0), "resumes": DirectoryTotals(2, 15)}
    assert list(found) == sorted(found)
    assert directories_of([entry("Zoë".encode() + b"/a", 2)]) == {coded("Zoë".encode()): DirectoryTotals(1, 2)}
    assert coded("Zoë".encode()).startswith("~")
    found = directories_of(entry(b"%05d/a" % number, number) for number in range(LISTED + 50))
    assert len(found) == LISTED + 1
    assert found[coded(b"00249")] == DirectoryTotals(1, 249)
    assert found[OTHERS] == DirectoryTotals(50, sum(range(50)))


def test_it_holds_what_was_added_and_nothing_else() -> None:
    chance = random.Random(1)
    numbers = [0, 1 << 62, -(1 << 63), *(chance.randrange(-(1 << 63), 1 << 63) for _ in range(5000))]
    found = Hashes()
    assert not any(number in found for number in numbers)
    for number in (*numbers, *numbers):
        found.add(number)
    assert all(number in found for number in numbers)
    assert not any(number + 1 in found for number in numbers if number not in (0, -(1 << 63)))


def test_a_hash_costs_32_bytes_at_most() -> None:
    tracemalloc.start()
    try:
        found = Hashes()
        for number in range(100_000):
            found.add(hash(b"%d" % number))
        assert tracemalloc.get_traced_memory()[0] < 33 * 100_000
    finally:
        tracemalloc.stop()


def named(path: str, target: str = "") -> FileState:
    """A directory if its name ends in a slash, a hard link if it has a target, else a file."""
    kind = "directory" if path.endswith("/") else "hardlink" if target else "file"
    return FileState(path.rstrip("/").encode(), kind, 0, "", 0o644, 33, 33, 0, target.encode())


def root(*paths: str) -> str:
    return root_inside(named(path) for path in ("", *paths)).decode()


@over_table(
    "paths, expected",
    [
        ((), ""),
        (("resumes/a.pdf",), ""),
        (("agreements/a.pdf", "other/"), ""),
        (("app/x", "resumes/a.pdf"), ""),
        (("app/storage/app/resumes/a.pdf", "resumes/a.pdf"), ""),
        (("storage/app/", "storage/app/agreements/a.pdf", "storage/logs/laravel.log"), "storage/app"),
        (("app/storage/app/resumes/a.pdf", "app/public/index.php"), "app/storage/app"),
        (("srv/www/apiary/storage/app/x",), "srv/www/apiary/storage/app"),
        (("app/resumes/a.pdf", "app/docusign/e/f.pdf"), "app"),
        (("app/app/resumes/a.pdf", "app/app/docusign/e/f.pdf"), "app"),
        (("backup/app/app/resumes/a.pdf",), "backup/app"),
        (("storage/app/app/resumes/a.pdf",), "storage/app"),
        (("html/public/x", "html/storage/app/resumes/a.pdf", "html/storage/logs/"), "html/storage/app"),
        (("backup/files/docusign/e/f.pdf",), "backup/files"),
        (("app/resumes/a.pdf", "notes.txt"), ""),
        (("storage/application/resumes", "x"), ""),
        (("public",), ""),
        (("public/x", "agreements/y"), ""),
        (("app/agreements/x", "framework/cache/y", "logs/laravel.log"), "app"),
        (("app/x", "logs/"), "app"),
        (("app/x", "logs"), ""),
        (("app/Models/User.php", "public/index.php", "storage/app/resumes/x", "storage/logs/y"), "storage/app"),
    ],
)
def test_the_directory_that_is_meant(paths: tuple[str, ...], expected: str) -> None:
    assert root(*paths) == expected


def test_two_that_are_equally_good_are_refused() -> None:
    with pytest.raises(UsageError) as both:
        root("old/storage/app/x", "new/storage/app/x")
    assert str(both.value) == (
        "it contains more than one storage directory: new/storage/app, old/storage/app\n"
        "HINT: Use the intended one: a directory, or an archive of its content."
    )
    with pytest.raises(UsageError, match="more than one storage directory: all/new, all/old"):
        root("all/new/resumes/x", "all/old/resumes/x")


def test_names_begin_anew_below_it_and_a_hard_link_to_something_outside_is_refused() -> None:
    entries = [
        named("storage/app/"), named("storage/app/a"), named("storage/app/b", "storage/app/a"),
        named("storage/application"), named("storage/logs/x"),
    ]  # fmt: skip
    assert [(e.path, e.target) for e in without_prefix(entries, b"storage/app")] == [(b"a", b""), (b"b", b"a")]
    with pytest.raises(BrokenArtifact) as refused:
        list(without_prefix([named("storage/app/b", "storage/x")], b"storage/app"))
    assert refused.value.fact == f"{coded(b'b')} in storage/app is a hard link to {coded(b'storage/x')}, outside of it"


def test_a_link_that_stays_in_the_archive_may_still_lead_out_of_the_storage_directory() -> None:
    """Its path is shorter once it is unpacked, so that fewer steps upwards are left."""

    def link(path: str, target: str) -> FileState:
        return FileState(path.encode(), "symlink", 0, "", 0o777, 33, 33, 0, target.encode())

    well = [link("html/storage/app/a/l", "../b"), link("html/public/storage", "/var/www")]
    assert [each.path for each in without_prefix(well, b"html/storage/app")] == [b"a/l"]
    for target in ("../x", "../../../etc", "/etc"):
        with pytest.raises(UnsafeArtifact) as caught:
            list(without_prefix([link("html/storage/app/l", target)], b"html/storage/app"))
        assert caught.value.fact == (
            f"html/storage/app contains {coded(b'l')}, which is a symbolic link that leaves the directory, to "
            f"{coded(target.encode())}"
        )


ROOT = FileState(b"", "directory", 0, "", 0o755, 33, 33, 1000)
ENTRIES = (
    ROOT,
    FileState(b"a", "directory", 0, "", 0o2755, 33, 33, -5),
    FileState(b"a/b \xff\n\x01", "file", 1 << 40, "ab" * 32, 0o4640, 1 << 31, 0, 1 << 33),
    FileState(b"a/c", "hardlink", 0, "", 0o644, 0, 0, 0, b"a/b \xff\n\x01"),
    FileState("e\u0301".encode(), "symlink", 0, "", 0o777, 0, 0, 0, b"\xfe/x"),
    FileState("é".encode(), "symlink", 0, "", 0o777, 0, 0, 0, b"x"),
    FileState(b"\xed\xb3\xbf", "special", 0, "", 0o600, 0, 0, 0),  # the bytes of a surrogate itself
)


def test_every_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "files.jsonl"
    write_inventory(ENTRIES[:6], path)
    assert tuple(read_inventory(path)) == ENTRIES[:6]
    for entry in ENTRIES:
        assert from_line(to_line(entry)) == entry


def test_a_line_is_documented_json() -> None:
    """docs/storage.md shows these fields; other programs read them."""
    assert json.loads(to_line(ENTRIES[3])) == {
        "path": "a/c",
        "kind": "hardlink",
        "size_bytes": 0,
        "mode": "0644",
        "uid": 0,
        "gid": 0,
        "mtime_s": 0,
        "target": "a/b \udcff\n\x01",
    }
    assert json.loads(to_line(ROOT))["path"] == "."
    assert to_line(ENTRIES[2]).isascii()


def test_what_was_written_is_summed_up_and_hashed(tmp_path: Path) -> None:
    path = tmp_path / "files.jsonl"
    inventory = write_inventory(ENTRIES, path)
    assert inventory.totals == FileTotals(1, 1, 3, 1 << 40, "files.jsonl")
    assert replace(inventory.totals, inventory="") == totals_of(ENTRIES)
    assert inventory.size_bytes == path.stat().st_size
    assert inventory.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@over_table(
    "line, fact",
    [
        *((line, "is not a valid entry") for line in (b"{}\n", b"[]\n", b"null\n", b"garbage\n", b'{"path":1}\n')),
        (to_line(ENTRIES[2])[:-30] + b"\n", "is not a valid entry"),
        (to_line(ENTRIES[1]).replace(b"2755", b"2855"), "is not a valid entry"),
        (to_line(ENTRIES[0]), "is out of order with ."),
    ],
)
def test_a_damaged_line_and_one_out_of_order_or_twice_are_named(tmp_path: Path, line: bytes, fact: str) -> None:
    path = tmp_path / "files.jsonl"
    path.write_bytes(to_line(ROOT) + line)
    with pytest.raises(BrokenArtifact) as caught:
        list(read_inventory(path))
    assert uncoded(caught.value.fact) == f"{path}: line 2 {fact}"
    hint = "This list of files was damaged or edited and is not usable: use an earlier backup."
    assert "order" in fact or caught.value.hints == (hint,)
    path.write_bytes(to_line(ENTRIES[1]) + to_line(ENTRIES[1]))
    with pytest.raises(BrokenArtifact, match="line 2 is out of order with "):
        list(read_inventory(path))
    with pytest.raises(UsageError) as gone:
        list(read_inventory(tmp_path / "gone"))
    assert str(gone.value) == f"cannot read the list of files {tmp_path}/gone: No such file or directory"

"""Archives of all kinds are read to the same entries, in the order in which they come."""

import bz2
import gzip
import hashlib
import lzma
import os
import random
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import zstandard

from harness.artifacts.storage.archive import read_archive, read_archive_file
from harness.artifacts.storage.members import TarReader
from harness.artifacts.storage.names import order_key
from harness.artifacts.storage.order import pair, sorted_entries
from harness.base.errors import HarnessError
from harness.base.model import FileState
from tests.naming import uncoded
from tests.tables import over_table
from tests.unit.storage.tars import file, gnu_tar, tar_of

NASTY_NAMES = (
    b"plain.pdf",
    b"Travel Information Form.pdf",
    b"new\nline",
    b"invalid \xff\xfe utf-8",
    "composed é".encode(),
    "decomposed e\u0301".encode(),
    "emoji \U0001f41d".encode(),
    b"back\\slash",
    b"quote\"s and 'such'",
    b"-rf",
    b"*?[a]",
    b" leading and trailing ",
    b"tab\tand\x01control",
    b"x" * 255,
)


def entries(archive: bytes, **options: object) -> list[FileState]:
    return list(read_archive([archive], **options))  # type: ignore[arg-type]


@pytest.fixture
def nasty_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "nasty"
    deep = directory.joinpath(*["deep" * 20] * 10)
    deep.mkdir(parents=True)
    for name in NASTY_NAMES:
        for folder in (directory, deep):
            (folder / os.fsdecode(name)).write_bytes(b"content of " + name)
    return directory


def walked(directory: Path) -> dict[bytes, str]:
    """The directory as Python sees it: path and digest of every file."""
    return {
        os.fsencode(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("tar_format", ["pax", "gnu"])
def test_any_name_comes_back_as_its_bytes(nasty_directory: Path, tar_format: str) -> None:
    archive = gnu_tar(nasty_directory, f"--format={tar_format}")
    files = {entry.path: entry.sha256 for entry in entries(archive) if entry.kind == "file"}
    assert files == walked(nasty_directory)
    assert len(files) == 2 * len(NASTY_NAMES)


@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_archives_of_python_are_read_too(tar_format: int) -> None:
    name = "folder/" * 15 + "file"
    archive = tar_of(file(name, b"hello"), tar_format=tar_format)
    assert entries(archive) == [
        FileState(name.encode(), "file", 5, hashlib.sha256(b"hello").hexdigest(), 0o644, 0, 0, 1_700_000_000)
    ]


def test_every_field_is_what_the_file_system_says(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "resumes").mkdir(parents=True)
    (tree / "resumes" / "a.pdf").write_bytes(b"pdf")
    (tree / "resumes" / "b.pdf").hardlink_to(tree / "resumes" / "a.pdf")
    (tree / "resumes" / "c.pdf").symlink_to("a.pdf")
    (tree / "resumes" / "a.pdf").chmod(0o4640)
    (tree / "resumes").chmod(0o2750)
    tree.chmod(0o711)
    os.utime(tree / "resumes" / "a.pdf", ns=(0, -1_500_000_000))  # before 1970, with a fraction
    owner = {"uid": os.getuid(), "gid": os.getgid()}
    read = {entry.path: entry for entry in entries(gnu_tar(tree, "--format=pax", "--sort=name"))}
    assert list(read) == [b"", b"resumes", b"resumes/a.pdf", b"resumes/b.pdf", b"resumes/c.pdf"]
    digest = hashlib.sha256(b"pdf").hexdigest()
    assert (read[b""].kind, read[b""].mode) == ("directory", 0o711)
    assert (read[b"resumes"].kind, read[b"resumes"].mode) == ("directory", 0o2750)
    assert read[b"resumes/a.pdf"] == FileState(
        b"resumes/a.pdf", "file", 3, digest, 0o4640, owner["uid"], owner["gid"], -2
    )
    assert read[b"resumes/b.pdf"] == FileState(
        b"resumes/b.pdf", "hardlink", 0, "", 0o4640, owner["uid"], owner["gid"], -2, b"resumes/a.pdf"
    )
    assert (read[b"resumes/c.pdf"].kind, read[b"resumes/c.pdf"].target) == ("symlink", b"a.pdf")


SPARSE_FORMS = {
    "pax 1.0": ("--format=pax", "--sparse-version=1.0"),
    "pax 0.1": ("--format=pax", "--sparse-version=0.1"),
    "pax 0.0": ("--format=pax", "--sparse-version=0.0"),
    "gnu": ("--format=gnu",),
}


@pytest.mark.parametrize("form", SPARSE_FORMS)
def test_sparse_files_are_read_with_their_holes(tmp_path: Path, form: str) -> None:
    """Many segments: the map does not fit into one header block in any form."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "holes").open("wb") as file:
        for number in range(60):
            file.seek(number * 65536)
            file.write(b"%d" % number)
        file.truncate(5_000_001)
    (tree / "only-hole").touch()
    os.truncate(tree / "only-hole", 1_000_000)
    (tree / "tail").write_bytes(b"behind the sparse files")
    archive = gnu_tar(tree, "--sparse", *SPARSE_FORMS[form])
    assert len(archive) < 1_000_000, "tar stored the holes"
    files = {entry.path: (entry.size_bytes, entry.sha256) for entry in entries(archive) if entry.kind == "file"}
    assert files == {path: ((tree / os.fsdecode(path)).stat().st_size, digest) for path, digest in walked(tree).items()}


def test_sizes_beyond_8_gib_are_read(tmp_path: Path) -> None:
    """More than eleven octal digits hold: GNU's own form writes them in binary, pax as text.

    Only headers are read here: hashing what lies between takes longer than all other tests of archives.
    """
    for tar_format, size in (("gnu", 1 << 42), ("pax", (8 << 30) + 1)):
        huge = tmp_path / tar_format / "huge"
        huge.parent.mkdir()
        huge.touch()
        os.truncate(huge, size)
        reader = TarReader([gnu_tar(huge.parent, "--sparse", f"--format={tar_format}")])
        reader.next()
        member = reader.next()
        assert member is not None
        assert (member.name, member.size_bytes) == (b"./huge", size)
        assert member.stored_bytes <= 512, "a map of holes at most"


def test_chunks_may_have_any_size() -> None:
    archive = tar_of(file("é" * 200, b"hello" * 1000), file("b", b""))
    whole = entries(archive)
    assert [entry.size_bytes for entry in whole] == [5000, 0]
    for size in (1, 7, 512, 513):
        assert list(read_archive(archive[at : at + size] for at in range(0, len(archive), size))) == whole


def test_an_empty_directory_a_label_and_global_headers_have_no_members(tmp_path: Path) -> None:
    assert entries(bytes(1024)) == []
    assert [(entry.path, entry.kind) for entry in entries(gnu_tar(tmp_path))] == [(b"", "directory")]
    (tmp_path / "a").write_bytes(b"1")
    archive = gnu_tar(tmp_path, "--format=pax", "--label=backup", "--pax-option=globexthdr.name=/g,comment=x")
    assert [entry.path for entry in entries(archive)] == [b"", b"a"]


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip of two members": lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
    "zstd": zstandard.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compression_is_known_by_the_first_bytes(tmp_path: Path, compression: str) -> None:
    archive = tar_of(file("a", os.urandom(3000)))
    path = tmp_path / "without-a-telling-name"
    path.write_bytes(COMPRESSIONS[compression](archive))
    assert list(read_archive_file(path)) == entries(archive)


READ_MANY = """
import resource, sys
from harness.artifacts.storage.archive import read_archive

def chunks(member):
    # the name stands in the second block, which holds the extended header and has no checksum
    for start in range(0, 50_000, 1000):
        names = (b"%06d" % number for number in range(start, start + 1000))
        yield b"".join(member[:512] + member[512:1024].replace(b"######", name) + member[1024:] for name in names)
    yield bytes(10240)

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak_kib()
count = sum(1 for _ in read_archive(chunks(sys.stdin.buffer.read())))
print(count, peak_kib() - before)
"""


def test_50000_members_are_read_in_bounded_memory() -> None:
    """In a process of its own: 15 MB at most, for names as numbers, to find duplicates; members are not kept."""
    member = tar_of(file("./docusign/######/Trävel.pdf", b"x" * 20))[: 4 * 512]
    argv = [sys.executable, "-c", READ_MANY]
    count, grown_kib = subprocess.run(argv, input=member, check=True, capture_output=True).stdout.split()
    assert int(count) == 50_000
    assert int(grown_kib) < 15_000


def entry(path: bytes, **fields: object) -> FileState:
    return replace(FileState(path, "file", 1, "aa", 0o644, 0, 0, 0), **fields)  # type: ignore[arg-type]


def test_the_order_is_that_of_gnu_tar(tmp_path: Path) -> None:
    """With names around `/` in the alphabet, where an order of whole paths would differ."""
    for name in ("a", "a-", "a.b", "a!", "a0", "é", "Z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").touch()
    argv = ["tar", "-c", "--sort=name", "--quoting-style=literal", "-v", "-f", "/dev/null", "-C", tmp_path, "."]
    listed = subprocess.run(argv, check=True, capture_output=True).stdout.splitlines()
    paths = [line.removeprefix(b"./").rstrip(b"/") for line in listed]
    assert paths == sorted(paths, key=order_key)
    assert paths != sorted(paths)
    assert len(paths) == 15


@over_table("run_entries", [1, 7, 100, 1000])
def test_any_order_is_put_in_order(tmp_path: Path, run_entries: int) -> None:
    entries = [entry(b"%d/%d" % (number % 10, number)) for number in range(500)]
    expected = sorted(entries, key=lambda each: order_key(each.path))
    random.Random(7).shuffle(entries)
    assert list(sorted_entries(iter(entries), tmp_path, run_entries=run_entries)) == expected
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_order_already_is_not_merged_and_few_entries_need_no_file(tmp_path: Path) -> None:
    """One file, however many batches: merging a thousand would cost a thousand open files."""
    entries = [entry(b"%04d" % number) for number in range(1000)]
    ordered = sorted_entries(iter(entries), tmp_path, run_entries=10)
    first = next(ordered)
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == ["0"]
    assert [first, *ordered] == entries
    assert list(sorted_entries([entry(b"b"), entry(b"a")], tmp_path / "gone")) == [entry(b"a"), entry(b"b")]
    assert list(sorted_entries([], tmp_path / "gone")) == []


@over_table("run_entries", [2, 100])
def test_of_several_hard_links_the_first_by_name_is_the_file(tmp_path: Path, run_entries: int) -> None:
    link = {"kind": "hardlink", "size_bytes": 0, "sha256": ""}
    entries = [
        entry(b"m", size_bytes=5),
        entry(b"z", **link, target=b"m"),
        entry(b"a", **link, target=b"m"),
        entry(b"k", **link, target=b"a"),
        entry(b"other"),
    ]
    assert list(sorted_entries(entries, tmp_path, run_entries=run_entries)) == [
        entry(b"a", size_bytes=5),
        entry(b"k", **link, target=b"a"),
        entry(b"m", **link, target=b"a"),
        entry(b"other"),
        entry(b"z", **link, target=b"a"),
    ]


@over_table("run_entries", [1, 100])
def test_of_a_directory_that_is_there_twice_the_last_counts(tmp_path: Path, run_entries: int) -> None:
    first, last = entry(b"d", kind="directory", mode=0o700), entry(b"d", kind="directory", mode=0o755)
    entries = [first, entry(b"d/f"), last]
    assert list(sorted_entries(entries, tmp_path, run_entries=run_entries)) == [last, entry(b"d/f")]


def test_pairs_are_laid_side_by_side_in_order_and_as_they_come() -> None:
    left = [entry(path) for path in (b"", b"a", b"a/b", b"c")]
    right = [entry(path) for path in (b"", b"a/b", b"a-", b"d")]
    pairs = [(one and one.path, other and other.path) for one, other in pair(left, right)]
    assert pairs == [(b"", b""), (b"a", None), (b"a/b", b"a/b"), (None, b"a-"), (b"c", None), (None, b"d")]
    assert list(pair([], [])) == []
    for wrong in ([entry(b"b"), entry(b"a")], [entry(b"a"), entry(b"a")]):
        with pytest.raises(HarnessError) as caught:
            list(pair(wrong, []))
        assert uncoded(str(caught.value)) == "the list of expected files is out of order at a"
    endless = pair(*((entry(b"%012d" % number) for number in count()) for _ in range(2)))
    assert all(one == other for one, other in (next(endless) for _ in range(1000)))

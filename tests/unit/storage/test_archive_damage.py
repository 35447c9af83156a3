"""A cut or damaged archive is reported as such, with how far it could be read; never as a smaller archive."""

import bz2
import gzip
import lzma
import os
import re
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from harness.artifacts.storage.archive import read_archive, read_archive_file
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError
from tests.engines import must_find
from tests.naming import uncoded
from tests.tables import over_table
from tests.unit.storage.tars import file, gnu_tar, tar_of

CUT = "HINT: The copy is truncated: use an earlier backup, or copy this one again from its origin."
CHANGED = "HINT: Some of its bytes were changed: use an earlier backup, or copy this one again."


@pytest.fixture
def archive() -> bytes:
    """Headers at 0 and 1536, contents at 512 and 2048, the mark at 2560, 10240 bytes in all."""
    return tar_of(file("a", b"1" * 600), file("b", b"2" * 100))


def error_of(*chunks: bytes) -> str:
    with pytest.raises(BrokenArtifact) as caught:
        list(read_archive(chunks))
    return uncoded(str(caught.value))


@pytest.mark.parametrize(
    ("length", "fact"),
    [
        (100, "it ends inside a header, at byte 100 (unpacked) after 0 members"),
        (700, "it ends inside the content of a file, at byte 700 (unpacked) after 1 members, the last one a"),
        (1300, "it ends inside the content of a file, at byte 1300 (unpacked) after 1 members, the last one a"),
        (1536, "it ends without an end-of-archive mark, at byte 1536 (unpacked) after 1 members, the last one a"),
        (1600, "it ends inside a header, at byte 1600 (unpacked) after 1 members, the last one a"),
        (2560, "it ends without an end-of-archive mark, at byte 2560 (unpacked) after 2 members, the last one b"),
        (3072, "it ends without an end-of-archive mark, at byte 3072 (unpacked) after 2 members, the last one b"),
    ],
)
def test_a_cut_archive_says_how_far_it_came(archive: bytes, length: int, fact: str) -> None:
    assert error_of(archive[:length]) == f"the storage archive is damaged: {fact}\n{CUT}"


def test_no_cut_goes_unnoticed(archive: bytes) -> None:
    """At every length, up to the end of the mark; nothing at all is no empty archive."""
    for length in range(2560 + 1024):
        with pytest.raises(BrokenArtifact):
            list(read_archive([archive[:length]]))
    assert len(list(read_archive([archive[: 2560 + 1024]]))) == 2
    assert error_of() == f"the storage archive is empty: it has no end-of-archive mark\n{CUT}"


def test_a_changed_byte_in_a_header_is_noticed(archive: bytes) -> None:
    """In every one of its bytes but the one behind the checksum, which means nothing."""
    for at in set(range(1536, 1536 + 512)) - {1536 + 155}:
        damaged = bytearray(archive)
        damaged[at] ^= 1
        with pytest.raises(BrokenArtifact):
            list(read_archive([bytes(damaged)]))
    assert error_of(archive[:1536], b"c", archive[1537:]) == (
        "the storage archive is damaged: a header has a wrong checksum, at byte 2048 (unpacked) after 1 members, "
        f"the last one a\n{CHANGED}"
    )


def test_a_changed_byte_in_a_content_changes_its_digest(archive: bytes) -> None:
    damaged = bytearray(archive)
    damaged[600] ^= 1
    before, after = list(read_archive([archive])), list(read_archive([bytes(damaged)]))
    assert before[0].sha256 != after[0].sha256
    assert before[1] == after[1]


def test_zeros_in_the_middle_and_a_second_archive_are_no_end(archive: bytes) -> None:
    """A block that a disk lost reads as zeros."""
    assert error_of(archive[:1536], bytes(512), archive[2048:]) == (
        "the storage archive is damaged: a header follows half of an end-of-archive mark, at byte 2560 (unpacked) "
        f"after 1 members, the last one a\n{CHANGED}"
    )
    assert error_of(archive, archive) == (
        "the storage archive is damaged: data follows the end-of-archive mark, at byte 20480 (unpacked) "
        "after 2 members, the last one b\n"
        "HINT: The file contains two archives, and tar restores only the first: separate them."
    )


def test_damaged_extended_headers_are_noticed() -> None:
    archive = tar_of(file("é" * 100, b"x"))
    records = archive[512:1024]
    for damaged in (records.replace(b"path=", b"path:"), b"x" + records[1:], records.replace(b"\n", b" ")):
        assert error_of(archive[:512], damaged, archive[1024:]) == (
            "the storage archive is damaged: an extended header is malformed, at byte 1024 (unpacked) after "
            "0 members\n"
            f"{CHANGED}"
        )


def test_damaged_maps_of_sparse_files_are_noticed(tmp_path: Path) -> None:
    with (tmp_path / "s").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"x" * 4096)
    archive = gnu_tar(tmp_path, "--sparse", "--format=pax")
    start = archive.index(b"\n1048576\n") + 1
    assert len(list(read_archive([archive]))) == 2
    for damaged in (b"2048576", b"9048576", b"1o48576", b"\n048576"):
        assert error_of(archive[:start], damaged, archive[start + 7 :]).startswith(
            "the storage archive is damaged: the map of the sparse file ./s is inconsistent: "
        )


def test_content_where_none_can_be_is_noticed() -> None:
    """Readers differ on whether it is skipped: they would see two different archives."""
    assert error_of(tar_of(("l", tarfile.SYMTYPE, "x", bytes(512)))) == (
        "the storage archive is damaged: l is a symlink but has 512 bytes of content, at byte 512 (unpacked) "
        "after 0 members\n"
        "HINT: Create the archive with GNU tar and its option --format=pax."
    )


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@pytest.mark.parametrize("part", [0.5, 0.99])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_cut_file_is_broken_in_every_compression(tmp_path: Path, compression: str, part: float) -> None:
    whole = COMPRESSIONS[compression](tar_of(file("a", os.urandom(300_000))))
    path = tmp_path / "cut.tar"
    path.write_bytes(whole[: int(len(whole) * (part if compression != "plain" else 0.9 * part))])
    with pytest.raises(BrokenArtifact) as caught:
        list(read_archive_file(path))
    assert str(path) in caught.value.fact


@pytest.mark.parametrize("compression", list(COMPRESSIONS)[1:])
def test_a_whole_compression_of_a_cut_archive_is_broken(tmp_path: Path, archive: bytes, compression: str) -> None:
    """`gzip -t` is content with it."""
    path = tmp_path / "storage.tar.x"
    path.write_bytes(COMPRESSIONS[compression](archive[:700]))
    with pytest.raises(BrokenArtifact) as caught:
        list(read_archive_file(path))
    assert uncoded(str(caught.value)) == (
        f"{path}: the storage archive is damaged: it ends inside the content of a file, at byte 700 (unpacked) "
        f"after 1 members, the last one a\n{CUT}"
    )


FORMS = "HINT: Supported are a directory, or a tar archive: plain, gzip, zstd, xz or bzip2."


@over_table(
    "content, message",
    [
        *(
            (content, "{path}: not a tar archive: its first 512 bytes are not a header\n" + FORMS)
            for content in (b"-- MySQL dump 10.13\n" * 100, gzip.compress(b"hello" * 1000), b"bees\n" * 1000)
        ),
        (b"./resumes/a.pdf\n" * 200 + b"end", "{path}: not a tar archive: "),
        (b"\n" * 600, "{path}: not a tar archive: "),
        (b"PK\x03\x04" + bytes(1000), "the storage archive cannot be read: {path} is a zip archive"),
        (
            None,
            "the storage artifact {path} does not exist\n"
            "HINT: Give the directory or the archive that contains the files of storage/app.",
        ),
    ],
)
def test_what_is_no_archive_is_reported_to_be_none(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "storage"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        list(read_archive_file(path))
    assert not isinstance(caught.value, UnsafeArtifact)
    assert str(caught.value).startswith(message.format(path=path))
    assert content is None or FORMS in str(caught.value) or b"./" in content


def test_text_in_front_of_an_archive_is_the_cause_that_is_named(tmp_path: Path) -> None:
    """What `tar cvzf - . 2>&1` writes: the names stand in front, whatever the archive's size."""
    must_find("zstd", "zstd")  # tar runs it
    artifact, folder = tmp_path / "s.tar.gz", tmp_path / "tree" / "resumes"
    folder.mkdir(parents=True)
    for files in (3, 2000):
        for number in range(files):
            (folder / f"{number:05}.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
        for packed in ((), ("--gzip",), ("--zstd",), ("--xz",)):
            with artifact.open("wb") as file:
                argv = ["tar", "-c", "-v", *packed, "-f", "-", "."]
                subprocess.run(argv, cwd=folder.parent, stdout=file, stderr=file, check=True)
            with pytest.raises(BrokenArtifact) as caught:
                list(read_archive_file(artifact))
            assert re.fullmatch(
                r".*/s\.tar\.gz: the storage archive is damaged: it starts with text \(\d+ lines, \d+ bytes\)\n"
                r"HINT: The names that tar -v lists, or messages, were written into the archive \(2>&1\): remove that"
                r" from the command, and take the backup again\.",
                str(caught.value),
            ), packed

"""An archive is untrusted input: what must not be unpacked is refused, named, before anything is written."""

from __future__ import annotations

import tarfile
from collections.abc import Callable

import pytest

from harness.errors import UnsafeArtifact
from harness.storage.archive import read_archive
from harness.storage.safety import ArchiveLimits
from tests.naming import uncoded

FILE, DIRECTORY = tarfile.REGTYPE, tarfile.DIRTYPE
SOFT, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE

LEAVES = "HINT: Nothing was unpacked; a backup of storage/app holds nothing outside of it."
TWICE = "HINT: Which one counts depends on the program that unpacks it; make the archive anew, in one go."
BELOW = "HINT: Unpacking it could write outside the target: don't trust this archive."
DEVICE = "HINT: Apiary keeps only files and directories: don't trust this archive."
ANEW = "HINT: Make the archive anew, of the whole directory in one go."

Member = tuple[str, bytes, str, bytes]

MALICIOUS: dict[str, tuple[list[Member], str, str]] = {
    "dot-dot in front": ([("../evil", FILE, "", b"x")], "../evil, which leads out with ..", LEAVES),
    "dot-dot inside": ([("a/../../evil", FILE, "", b"x")], "a/../../evil, which leads out with ..", LEAVES),
    "dot-dot directory": ([("./..", DIRECTORY, "", b"")], "./../, which leads out with ..", LEAVES),
    "absolute": ([("/etc/passwd", FILE, "", b"x")], "/etc/passwd, which is an absolute name", LEAVES),
    "root as a file": ([(".", FILE, "", b"x")], "., which is a file in place of the root", LEAVES),
    "root as a link": ([(".", SOFT, "a", b"")], "., which is a symlink in place of the root", LEAVES),
    "absolute symbolic link": (
        [("l", SOFT, "/etc", b"")],
        "l, which is a symbolic link that leads out, to /etc",
        LEAVES,
    ),
    "symbolic link upwards": (
        [("a/l", SOFT, "../../etc", b"")],
        "a/l, which is a symbolic link that leads out, to ../../etc",
        LEAVES,
    ),
    "symbolic link that goes down and up": (
        [("a/b/s", SOFT, "../..", b""), ("x", SOFT, "a/b/s/..", b"")],
        "x, which is a symbolic link that leads out, to a/b/s/..",
        LEAVES,
    ),
    "hard link upwards": (
        [("h", HARD, "../secret", b"")],
        "h, which is a hard link that leads out, to ../secret",
        LEAVES,
    ),
    "absolute hard link": (
        [("h", HARD, "/etc/shadow", b"")],
        "h, which is a hard link that leads out, to /etc/shadow",
        LEAVES,
    ),
    "hard link to nothing": (
        [("h", HARD, "gone", b"")],
        "h as a hard link to gone, and no such file before it",
        ANEW,
    ),
    "hard link through a link": (
        [("d", SOFT, "e", b""), ("h", HARD, "d/secret", b"")],
        "h as a hard link to d/secret, and no such file before it",
        ANEW,
    ),
    "member below a link": (
        [("d", SOFT, "e", b""), ("d/evil", FILE, "", b"x")],
        "d/evil below d, which is a link or a file",
        BELOW,
    ),
    "member deep below a link": (
        [("a/d", SOFT, "e", b""), ("a/d/x/y", FILE, "", b"x")],
        "a/d/x/y below a/d, which is a link or a file",
        BELOW,
    ),
    "member below a file": (
        [("d", FILE, "", b"x"), ("d/x", FILE, "", b"x")],
        "d/x below d, which is a link or a file",
        BELOW,
    ),
    "same file twice": ([("a", FILE, "", b"1"), ("./a", FILE, "", b"2")], "./a twice", TWICE),
    "directory, then a link": ([("d/", DIRECTORY, "", b""), ("d", SOFT, "x", b"")], "d twice", TWICE),
    "implied directory, then a link": ([("d/f", FILE, "", b"1"), ("d", SOFT, "x", b"")], "d twice", TWICE),
    "link, then a directory": ([("d", SOFT, "x", b""), ("d/", DIRECTORY, "", b"")], "d/ twice", TWICE),
    "character device": ([("null", tarfile.CHRTYPE, "", b"")], "null, a character device", DEVICE),
    "block device": ([("sda", tarfile.BLKTYPE, "", b"")], "sda, a block device", DEVICE),
    "fifo": ([("pipe", tarfile.FIFOTYPE, "", b"")], "pipe, a fifo", DEVICE),
    "unknown type": (
        [("odd", b"Z", "", b"")],
        "odd, of the unknown type Z",
        "HINT: Make the archive with GNU tar and its option --format=pax.",
    ),
    "NUL in a name": (
        [("a\0b" + "x" * 100, FILE, "", b"x")],
        "the name a\\x00b" + "x" * 100 + ", which has a NUL byte in it",
        "HINT: No file can have that name: don't trust this archive.",
    ),
    "control characters in a refused name": (
        [("../\x1b[2J", FILE, "", b"x")],
        "../\\x1b[2J, which leads out with ..",
        LEAVES,
    ),
}


@pytest.mark.parametrize("case", MALICIOUS)
def test_malicious_members_are_refused_by_name(tar_of: Callable[..., bytes], case: str) -> None:
    members, fact, hint = MALICIOUS[case]
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([tar_of(*members)]))
    names = [name for member in members for name in (member[0], member[2])]
    assert uncoded(str(caught.value), names) == f"the storage archive holds {fact}\n{hint}"


def test_links_that_stay_inside_are_healthy(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of(
        ("a/b/f", FILE, "", b"x"),
        ("a/b/up", SOFT, "../../c", b""),
        ("a/b/here", SOFT, "./f", b""),
        ("a/b/nowhere", SOFT, "gone", b""),
        ("top", SOFT, "a/b", b""),
        ("h", HARD, "a/b/f", b""),
        ("h2", HARD, "h", b""),
        ("..hidden", FILE, "", b"x"),
        ("a/..b/...", FILE, "", b"x"),
    )
    assert [entry.path for entry in read_archive([archive])] == [
        b"a/b/f",
        b"a/b/up",
        b"a/b/here",
        b"a/b/nowhere",
        b"top",
        b"h",
        b"h2",
        b"..hidden",
        b"a/..b/...",
    ]


def test_a_directory_may_be_there_twice(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of(("d/", DIRECTORY, "", b""), ("d/f", FILE, "", b"x"), ("./d/", DIRECTORY, "", b""))
    assert [entry.path for entry in read_archive([archive])] == [b"d", b"d/f", b"d"]


def test_looking_at_a_directory_refuses_nothing(tar_of: Callable[..., bytes]) -> None:
    """What is there has to be told, also where a backup should not hold it."""
    archive = tar_of(("pipe", tarfile.FIFOTYPE, "", b""), ("l", SOFT, "/etc", b""))
    found = [(entry.path, entry.kind, entry.target) for entry in read_archive([archive], untrusted=False)]
    assert found == [(b"pipe", "special", b""), (b"l", "symlink", b"/etc")]


RAISE = "HINT: Nothing was unpacked; raise the limit if the archive is known to be that large."


def test_too_many_members_are_refused(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of(*((f"f{number}", FILE, "", b"") for number in range(4)))
    assert len(list(read_archive([archive], limits=ArchiveLimits(members=4)))) == 4
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([archive], limits=ArchiveLimits(members=3)))
    assert str(caught.value) == f"the storage archive holds more than 3 members\n{RAISE}"


def test_too_large_a_sum_is_refused_before_it_is_read(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of(("a", FILE, "", bytes(600)), ("b", FILE, "", bytes(600)))
    assert len(list(read_archive([archive], limits=ArchiveLimits(total_bytes=1200)))) == 2
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([archive], limits=ArchiveLimits(total_bytes=1199)))
    assert uncoded(str(caught.value)) == f"the storage archive unpacks to more than 1199 bytes, to 1200 with b\n{RAISE}"


def test_a_compressed_bomb_is_refused(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of(("zeros", FILE, "", bytes(1 << 20)))
    limits = ArchiveLimits(ratio=200, ratio_from_bytes=1 << 19)
    assert list(read_archive([archive], limits=limits, compressed_bytes=10_000))
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([archive], limits=limits, compressed_bytes=5_000))
    assert str(caught.value) == (
        f"the storage archive unpacks 5000 bytes to {512 + (1 << 20)} and more, above the ratio of 200\n{RAISE}"
    )


def test_a_bomb_behind_the_end_of_the_archive_is_refused() -> None:
    """Padding is read to its end, and could be endless."""
    limits = ArchiveLimits(ratio=200, ratio_from_bytes=1 << 19)
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive((bytes(1 << 20) for _ in range(1000)), limits=limits, compressed_bytes=5_000))
    assert caught.value.fact == f"the storage archive unpacks 5000 bytes to {1 << 20} and more, above the ratio of 200"


def test_a_header_that_would_fill_the_memory_is_refused(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of(("é" * 100, FILE, "", b"x"))
    header = bytearray(archive[:512])
    header[124:136] = b"%011o\0" % (1 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([bytes(header), archive[512:]]))
    assert str(caught.value) == (
        f"the storage archive holds an extended header of {1 << 30} bytes at byte 512, more than {8 << 20}\n"
        "HINT: No tar writes that: don't trust this archive."
    )

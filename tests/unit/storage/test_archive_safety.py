"""An archive is untrusted input: what must not be unpacked is refused, named, before anything is written."""

import tarfile
from pathlib import Path

import pytest

from harness.artifacts.storage.archive import read_archive, read_archive_file
from harness.artifacts.storage.names import coded
from harness.artifacts.storage.safety import QUARANTINED, ArchiveLimits, Quarantine
from harness.base.errors import HarnessError, UnsafeArtifact
from tests.naming import uncoded
from tests.unit.storage.tars import Member, file, folder, gnu_tar, hard, soft, tar_of

LEAVES = "HINT: Nothing was unpacked; a backup of storage/app contains nothing outside of it."
LINK = "HINT: Nothing was unpacked. Replace the link in storage/app with its file, and take the backup again."
TWICE = "HINT: Which one is extracted depends on the program; create the archive again in one run."
BELOW = "HINT: Unpacking it could write outside the target: do not trust this archive."
DEVICE = "HINT: Apiary stores only files and directories: do not trust this archive."
ANEW = "HINT: Create the archive again, of the whole directory in one run."
OUT = "link that leaves the directory, to"

MALICIOUS: dict[str, tuple[list[Member], str, str]] = {
    "dot-dot in front": ([file("../evil")], "../evil, which leaves the directory with ..", LEAVES),
    "dot-dot inside": ([file("a/../../evil")], "a/../../evil, which leaves the directory with ..", LEAVES),
    "dot-dot directory": ([folder("./..")], "./../, which leaves the directory with ..", LEAVES),
    "absolute": ([file("/etc/passwd")], "/etc/passwd, which is an absolute path", LEAVES),
    "root as a file": ([file(".")], "., which is a file in place of the root", LEAVES),
    "root as a link": ([soft(".", "a")], "., which is a symlink in place of the root", LEAVES),
    "absolute symbolic link": ([soft("l", "/etc")], f"l, which is a symbolic {OUT} /etc", LINK),
    "symbolic link upwards": ([soft("a/l", "../../etc")], f"a/l, which is a symbolic {OUT} ../../etc", LINK),
    "symbolic link that goes down and up": (
        [soft("a/b/s", "../.."), soft("x", "a/b/s/..")],
        f"x, which is a symbolic {OUT} a/b/s/..",
        LINK,
    ),
    "hard link upwards": ([hard("h", "../secret")], f"h, which is a hard {OUT} ../secret", LEAVES),
    "absolute hard link": ([hard("h", "/etc/shadow")], f"h, which is a hard {OUT} /etc/shadow", LEAVES),
    "hard link to nothing": ([hard("h", "gone")], "h as a hard link to gone, but no such file before it", ANEW),
    "hard link through a link": (
        [soft("d", "e"), hard("h", "d/secret")],
        "h as a hard link to d/secret, but no such file before it",
        ANEW,
    ),
    "member below a link": ([soft("d", "e"), file("d/evil")], "d/evil below d, which is a link or a file", BELOW),
    "member deep below a link": (
        [soft("a/d", "e"), file("a/d/x/y")],
        "a/d/x/y below a/d, which is a link or a file",
        BELOW,
    ),
    "member below a file": ([file("d"), file("d/x")], "d/x below d, which is a link or a file", BELOW),
    "same file twice": ([file("a", b"1"), file("./a", b"2")], "./a twice", TWICE),
    "directory, then a link": ([folder("d/"), soft("d", "x")], "d twice", TWICE),
    "implied directory, then a link": ([file("d/f", b"1"), soft("d", "x")], "d twice", TWICE),
    "link, then a directory": ([soft("d", "x"), folder("d/")], "d/ twice", TWICE),
    "character device": ([("null", tarfile.CHRTYPE, "", b"")], "null, a character device", DEVICE),
    "block device": ([("sda", tarfile.BLKTYPE, "", b"")], "sda, a block device", DEVICE),
    "fifo": ([("pipe", tarfile.FIFOTYPE, "", b"")], "pipe, a fifo", DEVICE),
    "unknown type": (
        [("odd", b"Z", "", b"")],
        "odd, of the unknown type Z",
        "HINT: Create the archive with GNU tar and its option --format=pax.",
    ),
    "NUL in a name": (
        [file("a\0b" + "x" * 100)],
        "the name a\\x00b" + "x" * 100 + ", which has a NUL byte in it",
        "HINT: No file can have that name: do not trust this archive.",
    ),
    "control characters in a refused name": (
        [file("../\x1b[2J")],
        "../\\x1b[2J, which leaves the directory with ..",
        LEAVES,
    ),
}


@pytest.mark.parametrize("case", MALICIOUS)
def test_malicious_members_are_refused_by_name(case: str) -> None:
    members, fact, hint = MALICIOUS[case]
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([tar_of(*members)]))
    names = [name for member in members for name in (member[0], member[2])]
    assert uncoded(str(caught.value), names) == f"the storage archive contains {fact}\n{hint}"


def test_links_that_stay_inside_are_healthy() -> None:
    """A directory may be there twice; looking at one refuses nothing, also where a backup should not hold it."""
    members = [
        file("a/b/f"),
        soft("a/b/up", "../../c"),
        soft("a/b/here", "./f"),
        soft("a/b/nowhere", "gone"),
        soft("top", "a/b"),
        hard("h", "a/b/f"),
        hard("h2", "h"),
        file("..hidden"),
        file("a/..b/..."),
        *(folder("d"), file("d/f"), folder("d")),
    ]
    assert [entry.path.decode() for entry in read_archive([tar_of(*members)])] == [name for name, *_ in members]
    archive = tar_of(("pipe", tarfile.FIFOTYPE, "", b""), soft("l", "/etc"))
    found = [(entry.path, entry.kind, entry.target) for entry in read_archive([archive], untrusted=False)]
    assert found == [(b"pipe", "special", b""), (b"l", "symlink", b"/etc")]


RAISE = "HINT: Nothing was unpacked. If it really is that large, use --max-storage SIZE."


def test_too_many_members_too_large_a_sum_and_bombs_are_refused() -> None:
    """Before they are read. Padding is read to its end, and could be endless."""
    four = tar_of(*(file(f"f{number}", b"") for number in range(4)))
    two = tar_of(file("a", bytes(600)), file("b", bytes(600)))
    zeros, ratio = tar_of(file("zeros", bytes(1 << 20))), ArchiveLimits(ratio=200, ratio_from_bytes=1 << 19)
    assert len(list(read_archive([four], limits=ArchiveLimits(members=4)))) == 4
    assert len(list(read_archive([two], limits=ArchiveLimits(total_bytes=1200)))) == 2
    assert list(read_archive([zeros], limits=ratio, compressed_bytes=10_000))
    packed = "the storage archive unpacks 5000 bytes to"
    for chunks, limits, message in (
        (
            [four],
            ArchiveLimits(members=3),
            "the storage archive contains more than 3 members\n"
            "HINT: Nothing was unpacked. Use the storage directory alone.",
        ),
        (
            [two],
            ArchiveLimits(total_bytes=1199),
            f"the storage archive unpacks to more than 1199 bytes, 1200 with b\n{RAISE}",
        ),
        ([zeros], ratio, f"{packed} {512 + (1 << 20)} or more, above the ratio of 200\n{RAISE}"),
        ((bytes(1 << 20) for _ in range(1000)), ratio, f"{packed} {1 << 20} or more, above the ratio of 200\n{RAISE}"),
    ):
        with pytest.raises(UnsafeArtifact) as caught:
            list(read_archive(chunks, limits=limits, compressed_bytes=5_000 if limits is ratio else None))
        assert uncoded(str(caught.value)) == message


def test_a_header_that_would_fill_the_memory_is_refused() -> None:
    archive = tar_of(file("é" * 100))
    header = bytearray(archive[:512])
    header[124:136] = b"%011o\0" % (1 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(UnsafeArtifact) as caught:
        list(read_archive([bytes(header), archive[512:]]))
    assert str(caught.value) == (
        f"the storage archive contains an extended header of {1 << 30} bytes at byte 512, more than "
        f"{8 << 20}\n"
        "HINT: No tar program writes this: do not trust this archive."
    )


def test_holes_count_before_any_of_them_is_hashed(tmp_path: Path) -> None:
    """An archive of some kilobytes, by the real tar, whose one file has 900 GiB of zeros: an hour of hashing."""
    (tmp_path / "tree").mkdir()
    with (tmp_path / "tree" / "a.pdf").open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(900 << 30)
    for options in (("--format=gnu",), ("--format=pax",), ("--format=pax", "--sparse-version=0.1")):
        (tmp_path / "s.tar").write_bytes(gnu_tar(tmp_path / "tree", "--sparse", *options))
        size = (tmp_path / "s.tar").stat().st_size
        assert size < 20_000
        with pytest.raises(UnsafeArtifact) as caught:
            list(read_archive_file(tmp_path / "s.tar"))
        assert f"the storage archive unpacks {size} bytes to 966367" in caught.value.fact
        assert caught.value.fact.endswith(" or more, above the ratio of 200")
        assert (caught.value.exit_code, f"HINT: {caught.value.hints[0]}") == (1, RAISE)
        with pytest.raises(UnsafeArtifact, match="unpacks to more than 966367641599 bytes, 966367641600 with "):
            list(read_archive_file(tmp_path / "s.tar", limits=ArchiveLimits.of((900 << 30) - 1)))
        members = read_archive_file(tmp_path / "s.tar", limits=ArchiveLimits.of(900 << 30))
        assert next(members).path == b"", "whoever says how large it is may restore it; it is not read here"


def test_what_there_is_no_room_for_is_inconclusive() -> None:
    archive = tar_of(file("a", bytes(600)), file("b", bytes(600)))
    limits = ArchiveLimits()
    assert len(list(read_archive([archive], limits=limits.within(1200, "/srv")))) == 2
    assert len(list(read_archive([archive], limits=limits.within(None, "an engine elsewhere")))) == 2
    with pytest.raises(HarnessError) as caught:
        list(read_archive([archive], limits=limits.within(1199, "/srv")))
    assert caught.value.exit_code == 3
    assert uncoded(caught.value.fact, ["b"]) == (
        "the storage archive unpacks to more than the 1199 bytes that are free in /srv, 1200 with b"
    )


def test_members_that_must_not_be_unpacked_can_be_put_quarantine() -> None:
    archive = tar_of(
        soft("html/public/storage", "/var/www/html/storage/app/public"),
        ("html/log", tarfile.FIFOTYPE, "", b""),
        file("html/storage/app/a"),
    )
    quarantine: Quarantine = []
    assert len(list(read_archive([archive], quarantine=quarantine))) == 3
    assert [(path, error.fact) for path, error in quarantine] == [
        (
            b"html/public/storage",
            (
                "the storage archive contains html/public/storage, which is a symbolic link that leaves the "
                f"directory, to {coded(b'/var/www/html/storage/app/public')}"
            ),
        ),
        (b"html/log", f"the storage archive contains {coded(b'html/log')}, a fifo"),
    ]
    for name in ("../x", "/x"):
        with pytest.raises(UnsafeArtifact):
            list(read_archive([tar_of(file(name))], quarantine=[]))
    many = tar_of(*(soft(f"l{number}", "/") for number in range(QUARANTINED + 1)))
    with pytest.raises(UnsafeArtifact, match="leaves the directory"):
        list(read_archive([many], quarantine=[]))

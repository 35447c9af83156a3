"""Hostile, damaged and odd archives of a storage, as files: tar and zip."""

import gzip
import io
import lzma
import stat
import struct
import tarfile
import warnings
import zipfile

import pyzipper

from tests.unit.storage import tars
from tests.unit.storage.tars import Member, file, hard, soft
from tests.unit.storage.test_archive_safety import MALICIOUS

APP = "var/www/html/storage/app"
GOOD: Member = file("resumes/x.pdf", b"%PDF-1.4\n%%EOF\n")
BLOCK = 512


def tar_of(*members: Member) -> bytes:
    """An archive in GNU's own form."""
    return tars.tar_of(*members, tar_format=tarfile.GNU_FORMAT)


def header(data: bytes, at: int, field: slice, value: bytes) -> bytes:
    """The archive with a field of the header at a position changed, and the header's checksum right again."""
    block = bytearray(data[at : at + BLOCK])
    block[field] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return data[:at] + bytes(block) + data[at + BLOCK :]


def pax(**records: str) -> bytes:
    """An archive whose one file has these records in an extended header of its own."""
    return tars.tar_of(file("x"), **records)


def zip_of(*entries: tuple[str, bytes, int], dump: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A backup: a dump, and entries with their mode; 0 for a file."""
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # a name twice
        archive.writestr("db-dumps/mysql-apiary.sql", dump)
        archive.writestr(f"{APP}/resumes/x.pdf", GOOD[3])
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr, info.compress_type = 3, (mode or stat.S_IFREG | 0o644) << 16, method
            archive.writestr(info, content)
    return made.getvalue()


def locked(dump: bytes) -> bytes:
    """The same, encrypted."""
    made = io.BytesIO()
    with pyzipper.AESZipFile(made, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"secret")
        archive.writestr("db-dumps/mysql-apiary.sql", dump)
        archive.writestr(f"{APP}/resumes/x.pdf", GOOD[3])
    return made.getvalue()


def listed(data: bytes, name: str, field: int, form: str, value: int) -> bytes:
    """The zip with a field of an entry changed in the list at its end (APPNOTE.TXT 4.3.12)."""
    at = data.rindex(name.encode()) - 46
    return data[: at + field] + struct.pack(form, value) + data[at + field + struct.calcsize(form) :]


def _tars() -> dict[str, bytes]:
    whole = tar_of(GOOD, file("a", b"x" * 3000))
    member = tar_of(file("a", b"x" * 3000))[: 7 * BLOCK]
    size = slice(124, 136)
    return {
        "upwards behind a long name": tar_of(file("a" * 200 + "/../../evil")),
        "upwards in an extended header": pax(path="../evil"),
        "absolute in an extended header": pax(path="/evil"),
        "link with a long target": tar_of(soft("l", "../" * 60 + "etc")),
        "link through a link": tar_of(soft("a", "."), soft("b", "a/../..")),
        "file through two links": tar_of(soft("a", "b"), soft("b", "c"), file("a/x")),
        "hard link through ..": tar_of(soft("s", "x"), hard("h", "s/../x")),
        "900 GiB of holes": pax(**{"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "x",
                                    "GNU.sparse.size": str(900 << 30), "GNU.sparse.numblocks": "1",
                                    "GNU.sparse.map": "0,1"}),
        "holes that go backwards": pax(**{"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": "9",
                                          "GNU.sparse.numblocks": "2", "GNU.sparse.map": "5,1,0,1"}),
        "an extended header of 1 GiB": header(pax(path="é"), 0, size, b"%011o\0" % (1 << 30)),
        "a size below zero": header(whole, 0, size, b"\xff" * 12),
        "a size that is no number": header(whole, 0, size, b"a size      "),
        "more than 1 TiB": header(whole, 0, size, b"\x80" + (1 << 41).to_bytes(11, "big")),
        "a changed header": whole[:100] + b"?" + whole[101:],
        "cut in a content": whole[: 3 * BLOCK],
        "cut in a header": whole[: 2 * BLOCK + 100],
        "no end": member,
        "two archives": whole + whole,
        "text in front": b"tar: Removing leading `/' from member names\n" + whole,
        "text alone": b"-- MySQL dump 10.13\n" * 100,
        "nothing": b"",
        "cut gzip": gzip.compress(whole)[:-20],
        "changed gzip": gzip.compress(whole)[:-6] + b"??" + gzip.compress(whole)[-4:],
        "cut xz": lzma.compress(whole)[:-20],
        "xz with a dictionary of 1.5 GiB": lzma.compress(
            whole, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 3 << 29}]
        ),
        "zstd with a window of 2 GiB": b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00",
    }  # fmt: skip


TARS = {**{name: tar_of(*members) for name, (members, _, _) in MALICIOUS.items()}, **_tars()}


def _unsafe_zips(dump: bytes) -> dict[str, bytes]:
    link, app = stat.S_IFLNK | 0o777, APP

    def one(name: str, content: bytes = b"", mode: int = 0) -> bytes:
        return zip_of((name, content, mode), dump=dump)

    return {
        "zip: upwards": one(f"{app}/../../../../../../evil", b"x"),
        "zip: upwards at once": one("../evil", b"x"),
        "zip: absolute": one("/etc/cron.d/evil", b"x"),
        "zip: absolute link": one(f"{app}/l", b"/etc", link),
        "zip: link upwards": one(f"{app}/l", b"../" * 9 + b"etc", link),
        "zip: long link": one(f"{app}/l", b"x" * 5000, link),
        "zip: below a link": zip_of((f"{app}/l", b"resumes", link), (f"{app}/l/x", b"x", 0), dump=dump),
        "zip: below a file": zip_of((f"{app}/f", b"x", 0), (f"{app}/f/x", b"x", 0), dump=dump),
        "zip: twice": zip_of((f"{app}/x", b"1", 0), (f"{app}/x", b"2", 0), dump=dump),
        "zip: character device": one(f"{app}/d", b"", stat.S_IFCHR | 0o644),
        "zip: block device": one(f"{app}/d", b"", stat.S_IFBLK | 0o644),
        "zip: fifo": one(f"{app}/d", b"", stat.S_IFIFO | 0o644),
        "zip: socket": one(f"{app}/d", b"", stat.S_IFSOCK | 0o644),
        "zip: NUL in a name": one(f"{app}/aNULb", b"x").replace(b"NUL", b"\0ul"),
    }


def _damaged_zips(dump: bytes) -> dict[str, bytes]:
    name = f"{APP}/resumes/x.pdf"
    good = zip_of(dump=dump)
    big = zip_of((f"{APP}/big", bytes(100_000), 0), dump=dump)
    end = good.rindex(b"PK\x05\x06")
    return {
        "zip: packed with bzip2": zip_of((f"{APP}/x", b"x", 0), dump=dump, method=zipfile.ZIP_BZIP2),
        "zip: packed with lzma": zip_of((f"{APP}/x", b"x", 0), dump=dump, method=zipfile.ZIP_LZMA),
        "zip: packed in an unknown way": listed(good, name, 10, "<H", 77),
        "zip: cut": good[: len(good) // 2],
        "zip: without its end": good[:end],
        "zip: another checksum": listed(good, name, 16, "<L", 1),
        "zip: larger than its list says": listed(big, f"{APP}/big", 24, "<L", 99_000),
        "zip: smaller than its list says": listed(big, f"{APP}/big", 24, "<L", 200_000),
        "zip: an entry behind the end": listed(good, name, 42, "<L", 1 << 30),
        "zip: an entry that is another one": listed(good, name, 42, "<L", 0),
        "zip: a list of 3 GiB": good[: end + 12] + struct.pack("<LL", 3 << 30, 0) + good[end + 20 :],
        "zip: encrypted": locked(dump),
    }


def zips_with(dump: bytes) -> dict[str, bytes]:
    """Backups in one zip each."""
    return {**_unsafe_zips(dump), **_damaged_zips(dump)}

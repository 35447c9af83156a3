"""A zip archive, as spatie/laravel-backup writes it, read as the stream of a tar archive of the same entries.

So what judges and unpacks tar archives (safety.py, GNU tar) does the same for a zip. Its list of entries stands at the
end: a zip is a file, and not a pipe. Only deflated and stored entries are read: decoders of other kinds can't bound
their output.
"""

from __future__ import annotations

import calendar
import copy
import errno
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyzipper

from harness.artifacts.dump.compression import CHUNK_BYTES
from harness.artifacts.storage.members import SOCKET
from harness.artifacts.storage.names import coded
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError
from harness.base.guide import STORAGE_UID
from harness.base.model import FileState

MOST_ENTRIES = 1_000_000
"""Each costs about a kilobyte of memory: the list is read whole."""

_ENTRY_BYTES = 46
"""What an entry takes in the list at least (APPNOTE.TXT 4.3.12)."""
_END, _END64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_LONGEST_END_BYTES = 22 + 0xFFFF
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TRIED = 8
"""Entries that a password is tried on: a wrong one passes each with a chance of 1 in 65,536 (in 256 with PKWARE's)."""
_UNIX = (3, 19)
"""Systems that keep a mode in the list of entries (4.4.2): Unix, macOS."""
_LONGEST_TARGET_BYTES = 4096
_TYPES = {
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFSOCK: SOCKET,
}
_KINDS = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink"}
_CUT_HINT = "The copy is truncated, or the program that wrote it was stopped: copy it again, or use another backup."
_CHANGED_HINT = "Some of its bytes were changed: copy it again, or use another backup."


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive does. Raises UsageError where it can't be read."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """A zip archive; it can be read again and again.

    Args:
        password: of its encrypted entries (WinZip's AES, or PKWARE's own).
        script: name of the entry that holds the dump: it is no part of the storage.
    """

    path: Path
    password: bytes | None = field(default=None, repr=False)
    script: bytes = b""

    @property
    def name(self) -> str:
        return self.path.name

    def check_password(self) -> None:
        """Raise UsageError if entries are encrypted, and the password is missing or wrong."""
        with self._opened() as archive:
            encrypted = [info for info in archive.infolist() if info.flag_bits & _ENCRYPTED]
            if encrypted and not self.password:
                raise _no_password(self.path)
            for info in islice(encrypted, _TRIED):
                with archive.open(info):
                    pass

    def entries(self) -> tuple[FileState, ...]:
        """Name, kind and size of each entry, in their order; nothing is unpacked."""
        with self._opened() as archive:
            headers = [_header(info) for info in archive.infolist()]
        return tuple(
            FileState(
                path=os.fsencode(header.name).rstrip(b"/"),
                kind=_KINDS.get(header.type, "special"),
                size_bytes=header.size,
                sha256="",
                mode=header.mode,
                uid=header.uid,
                gid=header.gid,
                mtime_s=int(header.mtime),
            )
            for header in headers
        )

    def content(self, name: bytes) -> Iterator[bytes]:
        """The content of the entries with this name.

        Raises:
            UsageError: it is packed in a way that is not read here.
            BrokenArtifact: it is damaged.
        """
        with self._opened() as archive:
            for info in archive.infolist():
                if _name(info) == name:
                    yield from _content(archive, info)

    def chunks(self) -> Iterator[bytes]:
        """A tar archive of all entries but the script, in their order.

        Modes are the list's where a Unix wrote it; owners are the application's, as a zip has none; times have no zone,
        and are taken as UTC.

        Raises:
            UsageError, BrokenArtifact: as `content`.
            UnsafeArtifact: an entry has an impossible name, or there are too many.
        """
        with self._opened() as archive:
            for info in archive.infolist():
                if self.script and _name(info) == self.script:
                    continue
                header = _header(info)
                if header.issym():
                    header.linkname = os.fsdecode(_target(archive, info))
                yield header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
                if header.isreg():
                    yield from _content(archive, info)
                    yield bytes(-header.size % tarfile.BLOCKSIZE)
        yield bytes(2 * tarfile.BLOCKSIZE)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        """The archive, and every way in which reading it fails as an error of the harness."""
        try:
            with self.path.open("rb") as file:
                _check_list(file, self.path)
                with pyzipper.AESZipFile(file) as archive:
                    archive.setpassword(self.password)
                    yield archive
        except pyzipper.BadZipFile as error:
            if "not a zip file" in str(error):
                raise BrokenArtifact(f"{self.path}: the zip archive is truncated: it has no end", _CUT_HINT) from None
            raise BrokenArtifact(f"{self.path}: the zip archive is damaged", _CHANGED_HINT) from None
        except NotImplementedError as error:
            raise UsageError(f"{self.path}: unsupported kind of zip archive ({error})") from None
        except RuntimeError as error:
            if "requires a password" in str(error) or "password required" in str(error):
                raise _no_password(self.path) from None
            if "Bad password" not in str(error):
                raise BrokenArtifact(f"{self.path}: the zip archive is damaged", _CHANGED_HINT) from None
            raise UsageError(
                f"the password does not decrypt {self.path}",
                "Use the password of the backup (BACKUP_ARCHIVE_PASSWORD of spatie/laravel-backup).",
            ) from None
        except (zlib.error, EOFError, struct.error, ValueError, LookupError, OverflowError):
            raise BrokenArtifact(f"{self.path}: the zip archive is damaged", _CHANGED_HINT) from None
        except OSError as error:
            if error.errno == errno.EINVAL:  # the list says that it begins before the file does
                raise BrokenArtifact(f"{self.path}: the zip archive is damaged", _CHANGED_HINT) from None
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from None


def _no_password(path: Path) -> UsageError:
    return UsageError(
        f"{path} is encrypted, but no password was given",
        "Put the password into a file that only you can read, and give it with --password-file FILE.",
    )


def _check_list(file: BinaryIO, path: Path) -> None:
    """Refuse a list that is larger than memory should hold, before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST_END_BYTES))
    last = file.read()
    at = last.rfind(_END)
    if at < 0 or len(last) < at + 22:
        return  # it is cut short, which is reported when it is opened
    (list_bytes,) = struct.unpack_from("<L", last, at + 12)
    if last[at - 20 : at - 16] == _END64_LOCATOR:
        (end64,) = struct.unpack_from("<Q", last, at - 12)
        file.seek(min(end64, size))
        record = file.read(56)
        list_bytes = struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else list_bytes
    if min(list_bytes, size) > MOST_ENTRIES * _ENTRY_BYTES:
        raise UnsafeArtifact(
            f"{path}: the zip archive may contain more than {MOST_ENTRIES} entries",
            "Nothing was unpacked. Give the dump and the storage directory (--dump, --storage).",
        )


def _name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")


def _header(info: zipfile.ZipInfo) -> tarfile.TarInfo:
    """The header of a tar archive for an entry; what its name means is for safety.py to judge."""
    name = _name(info)
    if b"\0" in name:
        raise UnsafeArtifact(
            f"the zip archive contains the name {coded(name)}, which has a NUL byte in it",
            "No file can have that name: do not trust this archive.",
        )
    mode = info.external_attr >> 16 if info.create_system in _UNIX else 0
    header = tarfile.TarInfo(os.fsdecode(name))
    header.type = tarfile.DIRTYPE if name.endswith(b"/") else _TYPES.get(stat.S_IFMT(mode), tarfile.REGTYPE)
    header.mode = stat.S_IMODE(mode) or (0o755 if header.isdir() else 0o644)
    header.size = info.file_size if not header.issym() else 0
    header.uid = header.gid = STORAGE_UID
    try:
        header.mtime = calendar.timegm((*info.date_time, 0, 0, 0))
    except ValueError:
        header.mtime = 0  # a month of 0: as good as no time
    return header


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > _LONGEST_TARGET_BYTES:
        raise _damaged(archive, info, "is a symbolic link of more than 4096 bytes")
    return b"".join(_content(archive, info))


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Exactly as many bytes as the list says; their checksum is compared at the end."""
    if info.compress_type not in _METHODS:
        raise UsageError(
            f"{archive.filename}: the zip archive contains entries compressed by method {info.compress_type}, "
            "which is neither deflate nor none",
            "Extract it (unzip, or 7z x), and use the directory.",
        )
    # The library cuts off what is too much, and AE-2 has no checksum of the content: it is asked for one byte more.
    and_more = copy.copy(info)
    and_more.file_size += 1
    left = info.file_size
    with archive.open(and_more) as stream:
        while data := stream.read(min(left + 1, CHUNK_BYTES)):
            left -= len(data)
            if left < 0:
                raise _damaged(archive, info, "has more content than the list of entries says")
            yield data
    if left:
        raise _damaged(archive, info, f"lacks {left} bytes of its content")


def _damaged(archive: zipfile.ZipFile, info: zipfile.ZipInfo, how: str) -> BrokenArtifact:
    return BrokenArtifact(f"{archive.filename}: the zip archive is damaged: {coded(_name(info))} {how}", _CHANGED_HINT)

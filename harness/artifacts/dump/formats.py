"""Files that are something else than a script: named by their first bytes, with what to do about it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from harness.artifacts.dump.compression import compression

FIRST_BYTES = 512
"""How much is looked at."""

_SCRIPT = "Use the file that mysqldump wrote."
_ZIP = (
    "A zip of spatie/laravel-backup can be verified as BACKUP (verify FILE.zip); otherwise extract it, "
    "and use the SQL file in it."
)
_DECRYPT = "Decrypt it first, and verify the result."
_KEY = "Name the program and its key (--decrypt {0}, --decrypt-key-file FILE), or decrypt it first."
_UNPACK = "Decompress it first, and use the result; gzip, zstd, xz and bzip2 are read directly."
_PHYSICAL = "It is a copy of the server's files, not an SQL dump. Make a dump with mysqldump."


@dataclass(frozen=True, slots=True)
class OtherFormat:
    """Something else than a script.

    Attributes:
        what: the rest of a sentence that begins with the file's name.
        remedy: one sentence.
        is_archive: a backup of storage may be this.
        encrypted_by: the program that decrypts it.
    """

    what: str
    remedy: str
    is_archive: bool = False
    encrypted_by: str = ""


def _encrypted(what: str, program: str) -> OtherFormat:
    return OtherFormat(what, _KEY.format(program), encrypted_by=program)


_MAGIC: tuple[tuple[bytes, OtherFormat], ...] = (
    (b"PK\x03\x04", OtherFormat("is a zip archive, not an SQL dump", _ZIP)),
    (b"PK\x05\x06", OtherFormat("is an empty zip archive, not an SQL dump", _SCRIPT)),
    (b"7z\xbc\xaf\x27\x1c", OtherFormat("is a 7z archive, not an SQL dump", _SCRIPT)),
    (b"Rar!\x1a\x07", OtherFormat("is a rar archive, not an SQL dump", _SCRIPT)),
    (b"PGDMP", OtherFormat("is a dump of PostgreSQL, not of MySQL", _SCRIPT)),
    (b"SQLite format 3\x00", OtherFormat("is an SQLite database, not an SQL dump", _SCRIPT)),
    (
        b"XBSTCK01",
        OtherFormat("is a physical backup (a stream of XtraBackup or mariadb-backup), not an SQL dump", _PHYSICAL),
    ),
    (b"Salted__", _encrypted("is encrypted with openssl", "openssl")),
    (b"age-encryption.org/", _encrypted("is encrypted (age)", "age")),
    (b"-----BEGIN AGE ENCRYPTED FILE", _encrypted("is encrypted (age)", "age")),
    (b"-----BEGIN PGP MESSAGE", _encrypted("is encrypted (gpg)", "gpg")),
    (b"-----BEGIN CMS", OtherFormat("is encrypted (S/MIME)", _DECRYPT)),
    (b"\x04\x22\x4d\x18", OtherFormat("is compressed with lz4", _UNPACK)),
    (b"\x02\x21\x4c\x18", OtherFormat("is compressed with lz4", _UNPACK)),
    (b"\x89LZO\x00", OtherFormat("is compressed with lzop", _UNPACK)),
    (b"LZIP\x01", OtherFormat("is compressed with lzip", _UNPACK)),
    (b"\x1f\x9d", OtherFormat("is compressed with compress (.Z)", _UNPACK)),
    (b"\x1f\xa0", OtherFormat("is compressed with compress (.Z)", _UNPACK)),
    (b"\x5d\x00\x00", OtherFormat("is compressed with lzma", _UNPACK)),
    (b"\x78\x01", OtherFormat("is bare zlib data (pigz -z, a PHP gzcompress)", _UNPACK)),
    (b"\x78\x9c", OtherFormat("is bare zlib data (pigz -z, a PHP gzcompress)", _UNPACK)),
    (b"\x78\xda", OtherFormat("is bare zlib data (pigz -z, a PHP gzcompress)", _UNPACK)),
)
_PGP = re.compile(rb"[\x84\x85\xc1](?:.|..)[\x03\x06]|[\x8c\xc3].[\x04\x05\x06][\x01-\x0d]", re.DOTALL)
"""The packets with which an OpenPGP message begins (RFC 9580, 4.2 and 5): a session key for a key or a password."""
_UTF16 = OtherFormat(
    "is in UTF-16: the shell that wrote it (PowerShell's >) changed every byte, so no client can read it",
    "Let the tool write the file itself, with --result-file.",
)
_STREAMED = (
    "is a stream of mydumper (--stream), not a script of mysqldump",
    "This drill restores SQL dumps: load the backup into a server of its own with myloader, and verify a mysqldump of"
    " that server.",
)
_ELSEWHERE = "This drill restores scripts of MySQL and MariaDB. Check which program the backup job calls."
_TEXT: tuple[tuple[re.Pattern[bytes], OtherFormat], ...] = tuple(
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*" + pattern, re.DOTALL), OtherFormat(what, remedy))
    for pattern, what, remedy in (
        (
            rb"--\n-- PostgreSQL database (?:cluster )?dump",
            "is a dump of PostgreSQL, not a script of MySQL",
            _ELSEWHERE,
        ),
        (
            rb"PRAGMA foreign_keys|BEGIN TRANSACTION;\s*CREATE ",
            "is a dump of SQLite, not a script of MySQL",
            _ELSEWHERE,
        ),
        (
            rb"(?:/\*{2,} Object: |(?:USE \[\w+\]|SET ANSI_NULLS ON)\s+GO\b)",
            "is a script of SQL Server, not of MySQL",
            _ELSEWHERE,
        ),
        (
            rb"(?:#[^\n]*\n)?/\*!\d+ SET @@SESSION\.PSEUDO_(?:SLAVE|REPLICA)_MODE=1\*/",
            "is output of mysqlbinlog: changes, and not a whole database",
            "A binary log only goes on from a dump: verify the dump that it belongs to.",
        ),
        (
            rb"version https://git-lfs\.github\.com/spec/",
            "is a pointer of Git LFS, not the file itself",
            "Fetch the file that it stands for (git lfs pull).",
        ),
        (rb"\s*-- (?:metadata\S*|\S+-schema\S*\.sql\S*|\S+\.\d{5}\.(?:sql|dat)\S*)(?: \d+)?\n", *_STREAMED),
    )
)
"""How text of other programs begins. mydumper puts the name and the size of each file before it."""
_BINARY = OtherFormat("is binary data of an unknown kind, not an SQL dump", _SCRIPT, is_archive=True)
_INSERT = re.compile(rb"(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?(?:INTO\s+)?[`\"\w]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}(?:\r?\n[A-Za-z0-9+/]+)*={0,2}\s*")


def other_format(first: bytes, *, whole: bool = True) -> OtherFormat | None:
    """What begins with these bytes, if it is known to be something else than a script or what a script is packed in.

    Args:
        first: up to `FIRST_BYTES` of the file.
        whole: the file may end with them.
    """
    for magic, other in _MAGIC:
        if first.startswith(magic):
            return other
    if compression(first) or first[257:262] == b"ustar":
        return None
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_wide(first):
        return _UTF16
    if (text := next((other for pattern, other in _TEXT if pattern.match(first)), None)) is not None:
        return text
    if _PGP.match(first):
        return _encrypted("is encrypted (gpg)", "gpg")
    if (inner := _inside_base64(first)) is not None:
        return OtherFormat(f"is base64{inner}", "Decode it first (base64 -d), and use the result.")
    if _INSERT.match(first):
        return None  # of --compact --no-create-info, whose first row may hold raw bytes
    control = sum(byte < 9 or 13 < byte < 32 for byte in first)
    return _BINARY if control > len(first) // 20 and first.strip(b"\0") else None


def encryption(first: bytes) -> str:
    """Which program decrypts what begins with these bytes: `age`, `gpg` or `openssl`; empty for none."""
    other = other_format(first)
    return other.encrypted_by if other is not None else ""


def _is_wide(first: bytes) -> bool:
    """Plain text with a NUL for every other byte."""
    return len(first) >= 16 and (first[1:32:2].strip(b"\0") == b"" or first[0:32:2].strip(b"\0") == b"") and any(first)


def _inside_base64(first: bytes) -> str | None:
    """What stands in base64, as the rest of "is base64": only what is known; one word of text is no base64."""
    match = _BASE64.match(first)
    if match is None or match.end() < min(len(first), 60):
        return None
    text = b"".join(match.group().split()).rstrip(b"=")
    try:
        data = base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return None
    if kind := compression(data):
        return f" of {kind} data"
    if data.startswith((b"-- ", b"/*", b"SET ", b"CREATE ", b"DROP ")):
        return " of SQL"
    other = next((found.what for magic, found in _MAGIC if data.startswith(magic)), None)
    if other is not None:
        return f" of something that {other}"
    return "" if match.end() == len(first) and len(text) > 200 else None

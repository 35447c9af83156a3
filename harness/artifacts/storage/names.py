"""Names of files are bytes: how they are put in order, and how they are shown to people."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from harness.base import guide

CODE_DIGITS = 10
"""Hexadecimal digits of a code: among a million names, two share one with a chance of a third."""

_ENVELOPE_ID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HARMLESS = frozenset(name.encode() for name in guide.STORAGE_NAMES) | {b"", b".", b".."}
_HARMLESS_STEMS = frozenset(name.encode() for name in guide.DOCUMENT_NAMES)
_SUFFIXES = frozenset(
    b".csv .doc .docx .dump .gif .gz .jpeg .jpg .json .log .pdf .php .png .svg .tmp .txt .xlsx .xml .zip".split()
)


def order_key(path: bytes) -> list[bytes]:
    """Key of the order in which GNU tar walks with `--sort=name`: a directory, then what stands below it.

    The root directory's own path is empty and comes first.
    """
    return path.split(b"/")


def is_below(path: bytes, directory: bytes) -> bool:
    """Whether `path` is `directory` or stands below it; the empty directory is the root."""
    return not directory or path == directory or path.startswith(directory + b"/")


def printable(name: bytes) -> str:
    """Show a name so that two different names never look alike: what is not plainly printable is escaped.

    Bytes that are no UTF-8 become `\\xff`, control characters, backslashes and combining marks are escaped
    too (a composed and a decomposed letter would look the same). The root is shown as `.`.
    """
    if not name:
        return "."
    text = name.decode("utf-8", "surrogateescape")
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character == "\\" or unicodedata.combining(character) or not character.isprintable():
        return character.encode("unicode_escape").decode("ascii")
    return character


def coded(path: bytes) -> str:
    """Show a path in reports and messages, which people without a right to the backup read.

    The names of uploads hold names of people (`resumes/<user's account>.pdf`, and whatever an uploader called a
    file), so a name that the application did not choose itself is shown as a code: `resumes/~3fa1c2d4e5.pdf`.
    The same name always has the same code; `apiary-drill report RUN_DIR --name CODE` says which one it is.
    """
    return "/".join(_coded(name) for name in path.split(b"/")) or "."


def code_of(name: bytes) -> str:
    """The code of one name, without its suffix."""
    return f"~{hashlib.sha256(name).hexdigest()[:CODE_DIGITS]}"


def _coded(name: bytes) -> str:
    stem, dot, suffix = name.rpartition(b".")
    known = dot + suffix in _SUFFIXES and stem
    if name in _HARMLESS or _ENVELOPE_ID.fullmatch(name) or (known and stem in _HARMLESS_STEMS):
        return name.decode("ascii")
    return code_of(name) + ((dot + suffix).decode("ascii") if known else "")

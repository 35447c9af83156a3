"""Names of files are bytes: how they are put in order, and how they are shown to people."""

from __future__ import annotations

import unicodedata


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

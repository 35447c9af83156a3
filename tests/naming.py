"""Messages name files by codes (`harness.artifacts.storage.names.coded`); tests say which file they mean."""

import string
from collections.abc import Iterable

from harness.artifacts.storage.names import coded, printable

LETTERS = tuple(string.ascii_lowercase)


def uncoded(text: str, names: Iterable[str | bytes] = LETTERS) -> str:
    """A message with the codes of these names (and of their parts) turned back; others stay codes."""
    for name in names:
        raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
        for part in raw.split(b"/"):
            if part:
                text = text.replace(coded(part), printable(part))
    return text

"""The APP_KEY that an operator names: whether it is one at all, before anything is started."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from harness.base.errors import UsageError

_PREFIX = "base64:"
_VARIABLE = "APP_KEY="
_KEY_BYTES = (16, 32)
"""AES-128 and AES-256, the ciphers of Laravel's `config/app.php` (Illuminate\\Encryption\\Encrypter)."""
_LARGEST_FILE_BYTES = 1 << 20


def read_app_key(path: Path) -> str:
    """The key in a file: alone, or as the line `APP_KEY=…` of an environment file.

    Returns:
        The key as the environment variable has it.

    Raises:
        UsageError: the file can't be read, or holds no key; its content is never part of the text.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--app-key-file: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        text = ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line.removeprefix(_VARIABLE).strip().strip("'\"") for line in lines if line.startswith(_VARIABLE)]
    found = named[-1:] or (lines if len(lines) == 1 else [])
    if not found or not _is_key(found[0]):
        raise UsageError(
            f"--app-key-file: {path} does not contain an APP_KEY: {_shape(text, lines, found)}",
            "Copy the value of APP_KEY from the environment of the backed-up instance into the file: one "
            "line that starts with base64: followed by 44 characters.",
        )
    return found[0]


def _is_key(text: str) -> bool:
    if not text.startswith(_PREFIX):
        return len(text.encode()) in _KEY_BYTES  # Laravel takes raw bytes as well
    try:
        return len(base64.b64decode(text.removeprefix(_PREFIX), validate=True)) in _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _shape(text: str, lines: list[str], found: list[str]) -> str:
    """What the file looks like, without its content."""
    if not text:
        return "it is empty, or not text"
    if not found:
        return f"it has {len(lines)} lines, none of which starts with {_VARIABLE}"
    form = f"starts with {_PREFIX}" if found[0].startswith(_PREFIX) else f"does not start with {_PREFIX}"
    return f"its line of {len(found[0])} characters {form}, and is not a key of 16 or 32 bytes"

"""The APP_KEY that an operator names: whether it is one at all, before anything is started."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path

from harness.base.errors import UsageError
from harness.runtime.env_file import read_env_file

_PREFIX = "base64:"
_VARIABLE = "APP_KEY="
_PREVIOUS = "APP_PREVIOUS_KEYS="
_KEY_BYTES = (16, 32)
"""AES-128 and AES-256, the ciphers of Laravel's `config/app.php` (Illuminate\\Encryption\\Encrypter)."""
_LARGEST_FILE_BYTES = 1 << 20


def read_app_key(path: Path) -> str:
    """The key in a file: alone, or as the line `APP_KEY=…` of an environment file. See `read_previous_keys`.

    Returns:
        The key as the environment variable has it.

    Raises:
        UsageError: the file can't be read, or holds no key; its content is never part of the text.
    """
    text, lines = _lines(path)
    others = [line for line in lines if not line.startswith(_PREVIOUS)]
    found = _values(lines, _VARIABLE)[-1:] or (others if len(others) == 1 else [])
    if not found or key_bytes(found[0]) is None:
        raise UsageError(
            f"--app-key-file: {path} does not contain an APP_KEY: {_shape(text, lines, found)}",
            "Copy the value of APP_KEY from the environment of the backed-up instance into the file: one "
            "line that starts with base64: followed by 44 characters.",
        )
    return found[0]


def read_previous_keys(path: Path) -> str:
    """The line `APP_PREVIOUS_KEYS=…` of the same file: what the instance decrypts with since its key was rotated.

    Returns:
        The value as the environment variable has it, comma-separated; empty where there is no such line.

    Raises:
        UsageError: one of them is not a key.
    """
    value = "".join(_values(_lines(path)[1], _PREVIOUS)[-1:])
    for number, key in enumerate(filter(None, value.split(",")), start=1):
        if key_bytes(key) is None:
            raise UsageError(
                f"--app-key-file: APP_PREVIOUS_KEYS in {path}: key {number} is not a key of 16 or 32 bytes",
                "Copy the value of APP_PREVIOUS_KEYS from the environment of the backed-up instance, comma-separated.",
            )
    return value


def keys_of_environment(path: Path) -> tuple[str | None, str]:
    """`APP_KEY` and `APP_PREVIOUS_KEYS` of the environment file that the application's container gets.

    Returns:
        The key, None where the file names none, and the earlier keys, comma-separated.

    Raises:
        UsageError: the file can't be read, or what it names is not a key.
    """
    given = read_env_file(path)
    key, previous = given.get("APP_KEY"), given.get("APP_PREVIOUS_KEYS", "")
    if key is not None and key_bytes(key) is None:
        raise UsageError(
            f"--apiary-env: APP_KEY in {path} is not a key of 16 or 32 bytes",
            "Write the value as `docker run --env-file` reads it, without quotes: APP_KEY=base64: followed by 44 "
            "characters.",
        )
    return key, previous


def known_keys(current: Iterable[str], previous: Iterable[str]) -> list[bytes]:
    """Every key in values of `APP_KEY` and of `APP_PREVIOUS_KEYS`; what is not a key is left out."""
    texts = [*current, *(text for value in previous for text in value.split(","))]
    return [key for text in texts if (key := key_bytes(text)) is not None]


def key_bytes(text: str) -> bytes | None:
    """The bytes of a key as the environment variable has it; None if it is not one."""
    try:
        raw = (
            base64.b64decode(text.removeprefix(_PREFIX), validate=True)
            if text.startswith(_PREFIX)
            else text.encode()  # Laravel takes raw bytes as well
        )
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) in _KEY_BYTES else None


def _lines(path: Path) -> tuple[str, list[str]]:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--app-key-file: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        text = ""
    return text, [line.strip() for line in text.splitlines() if line.strip()]


def _values(lines: list[str], variable: str) -> list[str]:
    return [line.removeprefix(variable).strip().strip("'\"") for line in lines if line.startswith(variable)]


def _shape(text: str, lines: list[str], found: list[str]) -> str:
    """What the file looks like, without its content."""
    if not text:
        return "it is empty, or not text"
    if not found:
        return f"it has {len(lines)} lines, none of which starts with {_VARIABLE}"
    form = f"starts with {_PREFIX}" if found[0].startswith(_PREFIX) else f"does not start with {_PREFIX}"
    return f"its line of {len(found[0])} characters {form}, and is not a key of 16 or 32 bytes"

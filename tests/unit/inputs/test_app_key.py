"""The file of --app-key-file: a key is taken as it stands, anything else is refused before a server starts."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.settings import ImageSettings, from_environment
from harness.cli.backup_drill import BackupOptions
from harness.inputs.app_key import known_keys, read_app_key, read_previous_keys
from harness.inputs.backup import BackupUnderTest
from harness.inputs.sources.fetch import Sources

KEY = "base64:" + base64.b64encode(bytes(range(32))).decode()


def test_forms_of_a_key(tmp_path: Path) -> None:
    file = tmp_path / "key"
    forms = {
        KEY: KEY,
        f"{KEY}\n": KEY,
        f"\ufeff\n  {KEY}\r\n": KEY,
        "x" * 32: "x" * 32,
        f"APP_KEY={KEY}\n": KEY,
        f"APP_ENV=production\nAPP_KEY='{KEY}'\nDB_HOST=db\n": KEY,
        "base64:" + base64.b64encode(bytes(16)).decode(): "base64:" + base64.b64encode(bytes(16)).decode(),
    }
    for text, key in forms.items():
        file.write_text(text, encoding="utf-8")
        assert read_app_key(file) == key, text
        assert read_previous_keys(file) == "", text


def test_earlier_keys_stand_in_a_line_of_their_own(tmp_path: Path) -> None:
    """As Laravel has them since the key was rotated; the key itself may stand alone beside them."""
    file, earlier = tmp_path / "key", ["base64:" + base64.b64encode(bytes([n] * 32)).decode() for n in (1, 2)]
    for text in (
        f"{KEY}\nAPP_PREVIOUS_KEYS={earlier[0]},{earlier[1]}\n",
        f"APP_PREVIOUS_KEYS='{','.join(earlier)}'\nA=b\nAPP_KEY={KEY}",
    ):
        file.write_text(text)
        assert (read_app_key(file), read_previous_keys(file)) == (KEY, ",".join(earlier))
    assert known_keys([KEY, ""], ["", ",".join(earlier)]) == [bytes(range(32)), bytes([1] * 32), bytes([2] * 32)]
    assert known_keys(["x,y" + "z" * 29], []) == [b"x,y" + b"z" * 29], "Laravel takes raw bytes, and a comma is one"
    file.write_text(f"{KEY}\nAPP_PREVIOUS_KEYS={earlier[0]},base64:AAAA\n")
    with pytest.raises(UsageError, match="key 2 is not a key of 16 or 32 bytes") as refused:
        read_previous_keys(file)
    assert "AAAA" not in str(refused.value)


def test_what_is_not_a_key_is_described_without_its_content(tmp_path: Path) -> None:
    file = tmp_path / "key"
    wrong = {
        b"": "it is empty, or not text",
        b"\xff\xfe\x00": "it is empty, or not text",
        b"hunter2": "its line of 7 characters does not start with base64:, and is not a key of 16 or 32 bytes",
        b"base64:AAAA": "its line of 11 characters starts with base64:, and is not a key of 16 or 32 bytes",
        b"base64:!!": "its line of 9 characters starts with base64:, and is not a key of 16 or 32 bytes",
        b"-- MySQL dump\n--\nCREATE TABLE": "it has 3 lines, none of which starts with APP_KEY=",
        b"APP_KEY=\n": "its line of 0 characters does not start with base64:, and is not a key of 16 or 32 bytes",
    }
    for content, shape in wrong.items():
        file.write_bytes(content)
        with pytest.raises(UsageError) as refused:
            read_app_key(file)
        assert refused.value.fact == f"--app-key-file: {file} does not contain an APP_KEY: {shape}"
        assert "base64:" in refused.value.hints[0]
    with pytest.raises(UsageError, match=r"--app-key-file: cannot read .*: No such file or directory"):
        read_app_key(tmp_path / "none")


def test_a_key_that_stands_in_the_images_environment_alone_is_given(tmp_path: Path) -> None:
    """The application has it all the same; a file of its own is more exact, and a line that is not a key is refused."""
    (tmp_path / "a.sql").write_text("-- MySQL dump 10.13\n")
    (tmp_path / "storage").mkdir()
    environment, own = tmp_path / "apiary.env", tmp_path / "app-key"
    own.write_text("x" * 32)

    def found(lines: str | None, key_file: Path | None = None) -> BackupUnderTest:
        environment.write_text(lines or "")
        images = ImageSettings(apiary="apiary:1", apiary_env=environment if lines is not None else None)
        asked = BackupOptions(
            None, (str(tmp_path / "a.sql"),), str(tmp_path / "storage"), None, None, key_file, (), ()
        )  # fmt: skip
        with Sources(replace(from_environment({}), images=images), "fetch", print) as sources:
            return asked.find(lambda _: pytest.fail("no volume"), sources)[0]

    for lines, key_file, keys in (
        (None, None, (None, "")),
        ("APP_ENV=production\n", None, (None, "")),
        (f"APP_KEY={KEY}\n", None, (KEY, "")),
        (f"APP_KEY={KEY}\nAPP_PREVIOUS_KEYS={KEY}\n", None, (KEY, KEY)),
        (f"APP_KEY={KEY}\n", own, ("x" * 32, "")),
    ):
        backup = found(lines, key_file)
        assert (backup.app_key, backup.previous_keys) == keys, lines
    for wrong in ("APP_KEY=\n", f"APP_KEY='{KEY}'\n"):
        with pytest.raises(UsageError, match=r"^--apiary-env: APP_KEY in .* is not a key of 16 or 32 bytes") as refused:
            found(wrong)
        assert KEY not in str(refused.value)

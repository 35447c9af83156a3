"""Environment files mean what they mean to `docker run --env-file`."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.runtime.env_file import read_env_file


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "apiary.env"
    path.write_bytes(content)
    return path


def test_values_are_taken_as_they_stand(tmp_path: Path) -> None:
    """Quotes, spaces, further equals signs and hashes belong to the value; comments and empty lines do not."""
    content = '# comment\n\nA=1\n  B=two words \nC="quoted"\nD=a=b#c\nE=\nA=again\nF=ä\r\n'.encode()
    assert read_env_file(_file(tmp_path, content)) == {
        "A": "again",
        "B": "two words ",
        "C": '"quoted"',
        "D": "a=b#c",
        "E": "",
        "F": "ä",
    }


def test_what_is_no_variable_is_refused_without_its_value(tmp_path: Path) -> None:
    """The text names file and line, and never shows what may be a secret."""
    path = _file(tmp_path, b"A=1\nexport B=secret\n")
    with pytest.raises(UsageError) as caught:
        read_env_file(path)
    assert str(caught.value) == (
        f"{path}, line 2: not a variable assignment\nHINT: Write NAME=value, without `export` or spaces."
    )


def test_a_name_alone_is_refused(tmp_path: Path) -> None:
    """A drill does not depend on the environment of whoever starts it."""
    path = _file(tmp_path, b"APP_KEY\n")
    with pytest.raises(UsageError) as caught:
        read_env_file(path)
    assert str(caught.value) == (
        f"{path}, line 1: APP_KEY has no value\nHINT: Write APP_KEY=value, or APP_KEY= for an empty value."
    )


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """Missing, or not text."""
    with pytest.raises(UsageError, match=r"^cannot read the environment file .*none: No such file"):
        read_env_file(tmp_path / "none")
    with pytest.raises(UsageError, match=r"is not UTF-8 at byte 2$"):
        read_env_file(_file(tmp_path, b"A=\xff"))

"""Commands that are printed begin with this program as it was called, unless its name alone finds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.reports.terminal import as_called


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """An installed command in a directory whose name has a space."""
    place = tmp_path / "my drills" / "bin"
    place.mkdir(parents=True)
    (place / "apiary-drill").touch(mode=0o755)
    return place / "apiary-drill"


def test_a_command_can_be_copied(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_called("drill it: apiary-drill verify x") == f"drill it: '{program}' verify x"
    assert as_called("HINT: `apiary-drill doctor` shows it.") == f"HINT: `'{program}' doctor` shows it."
    monkeypatch.setenv("PATH", str(program.parent))
    assert as_called("drill it: apiary-drill verify x") == "drill it: apiary-drill verify x"
    monkeypatch.setattr(sys, "argv", ["/site-packages/harness/cli/main.py"])
    assert as_called("drill it: apiary-drill verify x") == f"drill it: {sys.executable} -m harness.cli.main verify x"


def test_prose_stays_as_it_is(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    for text in (
        "Use the version of apiary-drill that wrote it.",
        "a file of apiary-drill.toml",
        "/x/apiary-drill run",
    ):
        assert as_called(text) == text

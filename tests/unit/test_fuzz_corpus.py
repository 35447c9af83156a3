"""Every input that fuzzing kept, and what it once broke: read again in each run, without the fuzzer."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.__main__ import CORPUS, NAMES
from tests.fuzz.targets import TARGETS, read
from tests.tables import over_table


def test_every_target_has_a_corpus() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(NAMES) == set(TARGETS)


@over_table("name", NAMES)
def test_kept_inputs_end_as_they_should(name: str) -> None:
    """With an error of the harness, or none; whatever else comes is a mistake of the reader."""
    kept: list[Path] = sorted((CORPUS / name).iterdir())
    assert kept
    for path in kept:
        try:
            read(TARGETS[name], path.read_bytes())
        except Exception as error:
            error.add_note(f"the input is {path}")
            raise

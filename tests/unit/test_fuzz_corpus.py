"""Every input that fuzzing kept, and what it once broke: read again in each run, without the fuzzer."""

from pathlib import Path

from tests.fuzz.__main__ import CORPUS, NAMES, ending
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


def test_how_a_target_ended_is_reported() -> None:
    output = "INFO: Seed: 1\n#2 INITED\n" + "#3 NEW cov: 1\n" * 1000 + "==1== ERROR: libFuzzer\nOverflowError: int\n"
    lines = "\n==1== ERROR: libFuzzer\nOverflowError: int"
    assert ending(77, output) == f"an input broke it{lines}"
    assert ending(71, output) == f"an input took more than 1024 MB{lines}"
    assert ending(70, output) == f"an input took longer than 20 s{lines}"
    assert ending(-9, "#2 INITED") == "it was killed by SIGKILL, by the kernel where memory ran out"
    assert ending(-11, "") == "it was killed by SIGSEGV"
    assert ending(1, "") == "it ended with exit status 1"

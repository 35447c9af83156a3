"""Errors: a fact, hints, details, and the exit code that a pipeline sees."""

from harness.base import errors
from harness.base.errors import BrokenArtifact, HarnessError, StepFailed, UsageError
from tests.tables import over_table


def test_an_error_is_reported_as_fact_hints_and_details() -> None:
    error = HarnessError("the disk has 0 bytes left", "Free some disk space.", "Try again.", details="line 1\nline 2\n")
    assert str(error) == "the disk has 0 bytes left\nHINT: Free some disk space.\nHINT: Try again.\nline 1\nline 2"
    assert str(HarnessError("it rained")) == "it rained"


@over_table(
    "kind, exit_code",
    [
        ("HarnessError", 3),
        ("UsageError", 2),
        ("UnsafeArtifact", 1),
        ("BrokenArtifact", 1),
        ("MissingProgram", 3),
        ("NoSuchProgram", 2),
        ("ServerFailed", 3),
        ("WaitTimeout", 3),
        ("ProcedureFailed", 1),
    ],
)
def test_exit_codes(kind: str, exit_code: int) -> None:
    """1 not as expected, 2 bad usage, 3 inconclusive."""
    assert getattr(errors, kind)("fact").exit_code == exit_code


def test_a_failed_step_names_itself_and_keeps_the_rest_of_its_cause() -> None:
    cause = BrokenArtifact("the dump is truncated", "Take it again.", details="line 9")
    error = StepFailed("read", "Read the backup", cause)
    assert str(error) == "Read the backup: the dump is truncated\nHINT: Take it again.\nline 9"
    assert (error.step, error.exit_code) == ("read", 1)
    assert StepFailed("read", "", UsageError("no such file")).exit_code == 2

"""The errors of the harness: a fact with its values, hints on what to do, and an exit code.

The text is lower case and holds the values; each hint is one sentence that says what to do next.
Codes: 1 not as expected, 2 bad usage or scenario, 3 inconclusive, 130 interrupted.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

EXIT_AS_EXPECTED = 0
EXIT_NOT_AS_EXPECTED = 1
EXIT_USAGE = 2
EXIT_INCONCLUSIVE = 3
EXIT_INTERRUPTED = 130

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says when a disk or a quota is full."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What exactly an error is about, for a finding of its own: pipelines match on the code.

    Args:
        code: stable name, such as `dump-cut-short` or `unknown-collation`.
        subject: which thing: a file, `line 17`.
    """

    code: str
    subject: str
    message: str


ERROR_DETAILS = "error.txt"
"""The file among the logs of a run that keeps all details of the error that ended it."""

FIRST_LINES = 15
"""Of a program's output: the cause is in the first ones, dozens of stack frames may come after it."""

LAST_LINES = 25


def excerpt(text: str) -> str:
    """The first and the last lines of a text, and between them how many were left out."""
    lines = text.splitlines()
    left_out = len(lines) - FIRST_LINES - LAST_LINES
    if left_out <= 1:
        return text
    return "\n".join([*lines[:FIRST_LINES], f"… {left_out} lines left out …", *lines[-LAST_LINES:]])


class HarnessError(Exception):
    """Something that stops the work, in words for a person.

    Args:
        fact: what happened, lower case, with the values, without a full stop.
        hints: what to do about it, each one a sentence.
        details: lines of evidence, such as the end of a server's log; all of them are kept in the run directory.
        causes: what exactly it is about, where that is known.
    """

    exit_code = EXIT_INCONCLUSIVE

    def __init__(self, fact: str, *hints: str, details: str = "", causes: Sequence[Cause] = ()) -> None:
        super().__init__(fact)
        self.fact = fact
        self.hints = hints
        self.details = details
        self.causes = tuple(causes)

    def lines(self) -> list[str]:
        """The fact, each hint, and the details, line by line."""
        details = excerpt(self.details.rstrip("\n")).splitlines() if self.details else ()
        return [self.fact, *(f"HINT: {hint}" for hint in self.hints), *details]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class UsageError(HarnessError):
    """An option, a path or a file cannot be used."""

    exit_code = EXIT_USAGE


class UnsafeArtifact(UsageError):
    """An artifact holds something that must not be run or unpacked."""

    exit_code = EXIT_NOT_AS_EXPECTED


class BrokenArtifact(HarnessError):
    """An artifact is not what a backup tool writes when it finishes: the backup is bad."""

    exit_code = EXIT_NOT_AS_EXPECTED


class MissingProgram(HarnessError):
    """A program that is needed is not on this machine."""


class NoSuchProgram(MissingProgram):
    """A program that an option names, or that every drill needs, is not there: nothing was started."""

    exit_code = EXIT_USAGE


class ServerFailed(HarnessError):
    """A server did not start, went away, or answered with something that it should not."""


class WaitTimeout(HarnessError):
    """A wait reached its limit."""


class ProcedureFailed(HarnessError):
    """A step of the documented procedure failed: this backup does not restore (verdict FAIL)."""

    exit_code = EXIT_NOT_AS_EXPECTED


class StepFailed(HarnessError):
    """A step of the drill ended with an error; carries the step's name and the cause's exit code.

    Args:
        title: what people call the step, which the message begins with; empty for what happened between steps.
    """

    def __init__(self, step: str, title: str, cause: HarnessError) -> None:
        fact = f"{title}: {cause.fact}" if title else cause.fact
        super().__init__(fact, *cause.hints, details=cause.details, causes=cause.causes)
        self.step, self.title = step, title
        self.exit_code = cause.exit_code


class StepTimedOut(HarnessError):
    """A step took longer than its limit: it hangs, or the limit is too small; nothing is known of the backup."""


class FaultFailed(HarnessError):
    """A fault that was to be put in could not do its work: that says nothing of the backup.

    Args:
        fact: what went wrong, without content.
    """

    def __init__(self, fault: str, fact: str, *hints: str, details: str = "") -> None:
        super().__init__(f"fault {fault}: {fact}", *hints, details=details)
        self.fault = fault


def harness_error(error: Exception) -> HarnessError:
    """An error of the harness as it is; what nobody provided for as an inconclusive one.

    The text of the latter may quote a value or a person's file name, so that it is in the details alone.
    """
    if isinstance(error, HarnessError):
        return error
    details = "".join(traceback.format_exception(error))
    if isinstance(error, OSError) and error.strerror:
        hints = ("Free some disk space and run the drill again.",) if error.errno in DISK_FULL else ()
        return HarnessError(error.strerror.lower(), *hints, details=details)
    return HarnessError(
        f"the harness itself failed with {type(error).__name__}",
        "Report this as a bug of apiary-drill; it says nothing about the backup.",
        details=details,
    )

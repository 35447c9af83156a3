"""What is done with the result of every finished run: reports, history, metrics, notifications.

One line in the table for each. None of them may change the verdict: what fails is told on stderr and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.model import DrillResult
from harness.settings import Settings


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended, and its result is on disk.

    Args:
        result: what came out.
        run_dir: its directory, with `result.json`.
        settings: the settings that it ran with.
    """

    result: DrillResult
    run_dir: Path
    settings: Settings


Afterwards = Callable[[Finished], None]


def _sign(finished: Finished) -> None:
    from harness.commands.telling import sign

    sign(finished.run_dir, finished.result, finished.settings.telling)


AFTERWARDS: tuple[tuple[str, Afterwards], ...] = (("sign the evidence", _sign),)
"""What it is, for people, and how it is done; in this order."""


def do_afterwards(finished: Finished, say: Callable[[str], None]) -> None:
    """Do everything in the table; what can't be done is said in one line and changes nothing else."""
    for what, do in AFTERWARDS:
        try:
            do(finished)
        except (HarnessError, OSError) as error:
            say(f"{what}: {error}")

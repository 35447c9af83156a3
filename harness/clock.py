"""Timing the steps of a drill, and telling a listener how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from harness.errors import EXIT_INCONCLUSIVE, EXIT_NOT_AS_EXPECTED, HarnessError, StageFailed
from harness.model import Step


class Listener(Protocol):
    """Somebody who is told what happens while it happens; it never changes what happens."""

    def started(self, title: str) -> None:
        """A step began."""

    def progress(self, text: str) -> None:
        """The current step came this far, in words."""

    def ended(self, step: Step) -> None:
        """A step ended."""


class Silent:
    """Tells nobody."""

    def started(self, title: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def ended(self, step: Step) -> None: ...


class Clock:
    """Times steps on the monotonic clock and keeps them in order.

    Attributes:
        steps: those that ended, the failed one last.
    """

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.steps: list[Step] = []

    @contextmanager
    def step(self, name: str, title: str, *, decides: bool = True) -> Iterator[Note]:
        """Time a block. A HarnessError in it becomes a StageFailed that names the step.

        Args:
            decides: False for a step that is the drill's own and not the procedure's: when it fails, the drill
                could not tell, whatever the cause says of itself.
        """
        self.listener.started(title)
        began_at, began = datetime.now(UTC), time.monotonic()
        note = Note(self.listener)
        failed = True
        try:
            yield note
            failed = False
        except StageFailed:
            raise
        except HarnessError as error:
            stage = StageFailed(name, error)
            if not decides and stage.exit_code == EXIT_NOT_AS_EXPECTED:
                stage.exit_code = EXIT_INCONCLUSIVE
            raise stage from error
        finally:
            step = Step(name, title, began_at, time.monotonic() - began, note.detail, failed)
            self.steps.append(step)
            self.listener.ended(step)


class Note:
    """What a step has to say of itself."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.detail = ""

    def progress(self, text: str) -> None:
        """Tell how far the step is."""
        self._listener.progress(text)


def megabytes(size_bytes: int) -> str:
    """A size for people, in units of 1,000,000 bytes, or less than that."""
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"

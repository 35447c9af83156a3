"""A target that is proven empty once, for drills whose servers begin with copies of its files."""

from __future__ import annotations

from dataclasses import dataclass

from harness.base.clock import Clock
from harness.drill.steps.target import FreshTarget
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec


@dataclass(frozen=True, slots=True)
class EmptyTarget:
    """A target that was proven and whose servers have ended: their files are for copies of it."""

    spec: StackSpec
    fresh: FreshTarget


def start_copy(stack: Stack, empty: EmptyTarget, clock: Clock) -> FreshTarget:
    """Step 1 where the servers began with the files of a target that was proven: start the application."""
    with clock.step("target", "Copy an empty target that was tested", decides=False) as note:
        stack.apiary.lifecycle.start()
        note.detail = f"{len(empty.fresh.database.tables)} tables, migrated and empty"
        return empty.fresh

"""Amendments: how the drills of a backup's name count from now on. What was recorded stays, and so does the amendment.

A drill under a mistyped name is a backup of its own, which is never drilled again: an alarm for ever. An entry of the
chain that renames or forgets it takes nothing away, and says who did it, when and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

RENAME, FORGET = "rename", "forget"


@dataclass(frozen=True, slots=True)
class Amendment:
    """What the drills that were recorded under a name before it count as.

    Args:
        name: the backup's name so far.
        renamed_to: its name from now on; empty to leave its drills out of lists, alarms and exercises.
        by: account and machine.
        why: in the words of whoever did it, or empty.
    """

    name: str
    renamed_to: str
    by: str
    why: str = ""

    @property
    def how(self) -> str:
        """What it is, as the history says it."""
        return RENAME if self.renamed_to else FORGET

    def __str__(self) -> str:
        done = f"renamed {self.name} to {self.renamed_to}" if self.renamed_to else f"forgot the drills of {self.name}"
        return f"{self.by} {done}" + (f": {self.why}" if self.why else "")


ADAPTER = TypeAdapter(Amendment)


def name_now(name: str, number: int, amendments: Sequence[tuple[int, Amendment]]) -> str | None:
    """The name that an entry counts under, or None where it counts no more.

    Args:
        name: that it was recorded under.
        number: of the entry; an amendment says nothing of what came after it.
        amendments: with their numbers, in their order.
    """
    for at, amendment in amendments:
        if at > number and amendment.name == name:
            if not amendment.renamed_to:
                return None
            name = amendment.renamed_to
    return name

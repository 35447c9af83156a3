"""What a fault is: a name, a place, options, and a context manager that does the damage and says so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from harness.base.closed import ClosedModel
from harness.faults.context import FaultContext
from harness.faults.injection_points import InjectionPoint


class FaultOptions(ClosedModel):
    """Options of a fault: a closed schema, every one with a default."""


class ArtifactOptions(FaultOptions):
    """Options of a fault that damages a file of the backup.

    Args:
        rewrite_manifest: False: the damage came after the backup, so that its manifest no longer agrees. True: the tool
            wrote it like that; the manifest is rewritten, and only what the source held can tell.
    """

    rewrite_manifest: bool = False


Inject = Callable[[FaultContext, Random, Any], AbstractContextManager[None]]
"Injects a fault: the context, its own random numbers, and its options; exited after the injection point."


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table.

    Args:
        name: stable; the scenario that shows it has the same name.
        family: of the file that it is in.
        injection_points: where it can be put in; the first one is the default.
        summary: one sentence for people: what it does.
        inject: does it. It calls `context.changed` for each thing that it did; without any, the drill is
            inconclusive. What it raises is its own failure, never the backup's.
        options: their schema.
        runtime: `process` or `docker` where it can only be put in on that one; the scenario has to ask for it.
    """

    name: str
    family: str
    injection_points: tuple[InjectionPoint, ...]
    summary: str
    inject: Inject
    options: type[FaultOptions] = FaultOptions
    runtime: Literal["any", "process", "docker"] = "any"

    @property
    def injection_point(self) -> InjectionPoint:
        """Where it is put in unless the scenario says otherwise."""
        return self.injection_points[0]


def damage(
    name: str, family: str, summary: str, inject: Inject, options: type[ArtifactOptions] = ArtifactOptions
) -> Fault:
    """A fault of a file of a backup that is complete; arguments as those of `Fault`."""
    return Fault(name, family, (InjectionPoint.ARTIFACT,), summary, inject, options)


def table(*faults: Fault) -> dict[str, Fault]:
    """Faults by their names."""
    return {fault.name: fault for fault in faults}

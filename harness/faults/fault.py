"""What a fault is: a name, a place, options, and a context manager that does the damage and says so."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypeVar, cast, get_type_hints

from harness.base.toml_files import ClosedModel
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


Damage = Callable[[FaultContext, Random, Any], Iterator[None] | None]
"""What is written for a fault: a function that does the damage, or a generator, at whose `yield` the step runs."""

_D = TypeVar("_D", bound=Damage)


class FaultFamily(dict[str, Fault]):
    """The faults of a family by name; each function of its file that does one is registered here.

    Args:
        points: where its faults are put in, unless one says otherwise.
    """

    def __init__(self, name: str, *points: InjectionPoint) -> None:
        super().__init__()
        self._name = name
        self._points = points

    def add(
        self,
        name: str,
        summary: str,
        damage: Damage,
        *points: InjectionPoint,
        runtime: Literal["any", "process", "docker"] = "any",
    ) -> None:
        """Register a fault; its options are those that the parameter `options` of `damage` is annotated with."""
        options = get_type_hints(damage)["options"]
        self[name] = Fault(name, self._name, points or self._points, summary, _managed(damage), options, runtime)

    def fault(
        self, name: str, summary: str, *points: InjectionPoint, runtime: Literal["any", "process", "docker"] = "any"
    ) -> Callable[[_D], _D]:
        """Register the function that it decorates."""

        def register(damage: _D) -> _D:
            self.add(name, summary, damage, *points, runtime=runtime)
            return damage

        return register


def _managed(damage: Damage) -> Inject:
    if inspect.isgeneratorfunction(damage):
        return contextmanager(cast("Callable[..., Iterator[None]]", damage))

    @contextmanager
    def inject(context: FaultContext, rng: Random, options: Any) -> Iterator[None]:
        damage(context, rng, options)
        yield

    return inject

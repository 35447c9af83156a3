"""Putting the faults of a scenario in, each at its injection point, and keeping what they did."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.base.errors import FaultFailed, HarnessError, StepTimedOut
from harness.base.model import Finding, InjectedFault, PastDrill, Severity, TrendEvidence, TrendLimits
from harness.base.settings import Limits
from harness.faults.context import FaultContext, ScriptStream
from harness.faults.fault import ArtifactOptions, Fault, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.stack import Stack


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault as a scenario asks for it."""

    fault: Fault
    options: FaultOptions
    at: InjectionPoint


class Injector:
    """The faults of one drill; with none it does nothing at all.

    Args:
        planned: what the scenario asks for, in its order.
        rng_seed: of the scenario; each fault has random numbers of its own that follow from it and its name.
    """

    def __init__(self, planned: Sequence[Planned], rng_seed: int, run_dir: Path, limits: Limits) -> None:
        self.planned = tuple(planned)
        self._rng_seed = rng_seed
        self._run_dir = run_dir
        self._limits = limits
        self._contexts: dict[int, FaultContext] = {}
        self._rngs: dict[int, Random] = {}
        self._past: list[PastDrill] = []

    @contextmanager
    def around(
        self,
        at: InjectionPoint,
        *,
        stack: Stack | None = None,
        directory: Path | None = None,
        script: ScriptStream | None = None,
        checks: list[str] | None = None,
    ) -> Iterator[None]:
        """Put in the faults of this injection point for the block.

        Args:
            stack, directory, script, checks: what the context holds at this injection point.

        Raises:
            FaultFailed: a fault could not do its work.
        """
        with ExitStack() as entered:
            for number, planned in enumerate(self.planned):
                if planned.at is at:
                    before = self._contexts.get(number)
                    context = FaultContext(
                        at,
                        self._run_dir,
                        self._limits,
                        past=self._past,
                        _stack=stack,
                        _directory=directory,
                        _script=script,
                        _checks=checks,
                    )
                    if before is not None:
                        context.changes, context.times = before.changes, before.times + 1
                    self._contexts[number] = context
                    rng = self._rngs.setdefault(number, self._rng(number))
                    entered.enter_context(_guarded(planned, context, rng))
            yield

    @property
    def injected(self) -> tuple[InjectedFault, ...]:
        """Every fault that was asked for, with what it did."""
        return tuple(
            InjectedFault(planned.fault.name, planned.at, tuple(self._contexts[number].changes))
            if number in self._contexts
            else InjectedFault(planned.fault.name, planned.at)
            for number, planned in enumerate(self.planned)
        )

    def trend(self) -> TrendEvidence | None:
        """What earlier drills of this backup found, if a fault says so."""
        return TrendEvidence(TrendLimits(), tuple(self._past)) if self._past else None

    def without_effect(self) -> tuple[Finding, ...]:
        """A finding for each fault that changed nothing: what the drill then found proves nothing."""
        return tuple(
            Finding(
                code="fault-without-effect",
                severity=Severity.ERROR,
                subject=planned.fault.name,
                message=(
                    f"The fault {planned.fault.name} changed nothing at {planned.at}."
                    if number in self._contexts
                    else (
                        f"The drill ended before {planned.at}, the injection point of the fault {planned.fault.name}."
                    )
                ),
                expected="at least one change",
                actual="none",
                remedy="Fix the fault or its scenario: whether the drill detects it is unknown.",
            )
            for number, planned in enumerate(self.planned)
            if number not in self._contexts or not self._contexts[number].changes
        )

    def _rng(self, number: int) -> Random:
        name = self.planned[number].fault.name
        earlier = sum(1 for planned in self.planned[:number] if planned.fault.name == name)
        # The same fault a second time must not do the same again.
        purpose = f"{name}#{earlier}" if earlier else name
        return Random(f"{self._rng_seed}:{purpose}")  # noqa: S311 - reproducible, not secret


@contextmanager
def _guarded(planned: Planned, context: FaultContext, rng: Random) -> Iterator[None]:
    """Hold a fault for a block: what it raises is reported as its own failure, what the step raises passes by."""
    name = planned.fault.name
    with _as_own_failure(name):
        held = planned.fault.inject(context, rng, planned.options)
        held.__enter__()
    try:
        yield
    except BaseException as error:
        with _as_own_failure(name, unless=error):
            held.__exit__(*sys.exc_info())
        raise
    with _as_own_failure(name):
        held.__exit__(None, None, None)
        rewrite_manifest = isinstance(planned.options, ArtifactOptions) and planned.options.rewrite_manifest
        if rewrite_manifest and context.changes:
            context.backup.rewrite_manifest()
            context.changed("manifest", "manifest.json", "rewritten with the current sizes and digests of the files")


@contextmanager
def _as_own_failure(name: str, *, unless: BaseException | None = None) -> Iterator[None]:
    try:
        yield
    except (StepTimedOut, FaultFailed):
        raise
    except Exception as error:
        if error is unless:
            return
        if isinstance(error, HarnessError):
            raise FaultFailed(name, error.fact, *error.hints, details=error.details) from error
        raise FaultFailed(name, f"{type(error).__name__} at {_place(error)}") from error


def _place(error: Exception) -> str:
    """The innermost line of the traceback; the message itself may quote content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"

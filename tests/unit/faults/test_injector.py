"""Faults are injected at their point, say what they did, and their own failures are never the backup's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from harness.base.errors import FaultFailed, HarnessError, ProcedureFailed, ServerFailed, StepTimedOut
from harness.base.model import Change, InjectedFault
from harness.base.settings import Limits
from harness.drill.result import result_of
from harness.faults.context import FaultContext
from harness.faults.fault import Fault, FaultOptions, Inject
from harness.faults.injection_points import InjectionPoint
from harness.faults.injector import Injector, Planned


class Numbers(FaultOptions):
    size: int = 3


def planned(
    inject: Inject, name: str = "mine", point: InjectionPoint = InjectionPoint.TARGET, size: int = 3
) -> Planned:
    return Planned(Fault(name, "harness", (point,), "Does it.", inject, Numbers), Numbers(size=size), point)


def injector(*faults: Planned, rng_seed: int = 1) -> Injector:
    return Injector(faults, rng_seed, Path("run"), Limits())


@contextmanager
def roll(context: FaultContext, rng: Random, options: Numbers) -> Iterator[None]:
    """Says its random numbers, and when it is left."""
    context.changed("number", str(rng.randrange(10**9)), str(options.size))
    yield
    context.changed("number", "left", "")


@contextmanager
def idle(context: FaultContext, rng: Random, options: Numbers) -> Iterator[None]:
    yield


def test_a_fault_is_held_around_its_own_point_only() -> None:
    faults = injector(planned(roll, size=7))
    with faults.around(InjectionPoint.STOP):
        assert faults.injected == (InjectedFault("mine", "target"),)
    with faults.around(InjectionPoint.TARGET):
        ((first,),) = (fault.changes for fault in faults.injected)
        assert (first.kind, first.detail) == ("number", "7")
    assert faults.injected[0].changes == (first, Change("number", "left", ""))
    assert faults.without_effect() == ()


def test_its_random_numbers_follow_from_the_scenarios_and_its_name() -> None:
    """The same again for the same seed; others for another seed, another name, and the same name a second time."""

    def number(rng_seed: int, *names: str) -> str:
        faults = injector(*(planned(roll, name) for name in names), rng_seed=rng_seed)
        with faults.around(InjectionPoint.TARGET):
            return faults.injected[-1].changes[0].subject

    first = number(1, "a")
    assert number(1, "a") == number(1, "b", "a") == first
    assert len({first, number(2, "a"), number(1, "b"), number(1, "a", "a")}) == 4


def test_a_fault_without_effect_is_reported_whatever_else_was_found() -> None:
    faults = injector(planned(idle), planned(roll, "never", InjectionPoint.RESTORED))
    with faults.around(InjectionPoint.TARGET):
        pass
    inert = faults.without_effect()
    assert [(finding.code, finding.subject, finding.message) for finding in inert] == [
        ("fault-without-effect", "mine", "The fault mine changed nothing at target."),
        ("fault-without-effect", "never", "The drill ended before restored, the injection point of the fault never."),
    ]
    result = result_of((), None, inert)
    assert (result.verdict, result.findings) == ("INCONCLUSIVE", inert)
    assert result.reasons == (*(finding.message for finding in inert), "No check ran.")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ServerFailed("MySQL is gone", "Look."), "fault mine: MySQL is gone\nHINT: Look."),
        (KeyError("somebody@example.org"), "fault mine: KeyError at test_injector.py:"),
    ],
)
@pytest.mark.parametrize("when", ["entering", "leaving"])
def test_what_a_fault_raises_is_its_own_failure(error: Exception, message: str, when: str) -> None:
    """It is reported without the message of an unknown error, which may quote content."""

    @contextmanager
    def fails(context: FaultContext, rng: Random, options: Numbers) -> Iterator[None]:
        if when == "entering":
            raise error
        yield
        raise error

    with pytest.raises(FaultFailed) as caught, injector(planned(fails)).around(InjectionPoint.TARGET):
        pass
    assert str(caught.value).startswith(message)
    assert "somebody" not in str(caught.value)
    result = result_of((), caught.value)
    assert (result.verdict, result.findings[0].code, result.findings[0].subject) == (
        "INCONCLUSIVE",
        "fault-failed",
        "mine",
    )


def test_what_the_step_raises_passes_by() -> None:
    """The fault is left all the same, and cannot swallow it."""

    @contextmanager
    def swallows(context: FaultContext, rng: Random, options: Numbers) -> Iterator[None]:
        try:
            yield
        except ProcedureFailed:
            context.changed("error", "swallowed", "")

    faults = injector(planned(roll, "outer"), planned(swallows, "inner"))
    with pytest.raises(ProcedureFailed, match="loading the dump failed"), faults.around(InjectionPoint.TARGET):
        raise ProcedureFailed("loading the dump failed")
    assert faults.injected[1].changes == (Change("error", "swallowed", ""),)


def test_a_step_that_timed_out_ends_also_inside_a_fault() -> None:
    @contextmanager
    def hangs(context: FaultContext, rng: Random, options: Numbers) -> Iterator[None]:
        raise StepTimedOut("out of time")
        yield

    with pytest.raises(StepTimedOut), injector(planned(hangs)).around(InjectionPoint.TARGET):
        pass


def test_a_fault_context_says_what_its_point_does_not_have() -> None:
    context = FaultContext(InjectionPoint.JUDGING, Path("run"), Limits())
    for name, message in (
        ("stack", "injection point judging has no running stack"),
        ("directory", "injection point judging has no backup directory"),
        ("backup", "injection point judging has no complete backup"),
        ("script", "injection point judging has no dump stream"),
        ("checks", "injection point judging has no list of checks"),
    ):
        with pytest.raises(HarnessError) as caught:
            getattr(context, name)
        assert caught.value.fact == message

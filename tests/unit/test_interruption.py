"""One signal interrupts; what it leaves is cleaned up whatever signal follows."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from harness.base.interruption import _restore, finishing, terminable
from tests.tables import over_table


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A command that was interrupted hears nothing more: here the next test does."""
    yield
    _restore()


@over_table("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_second_signal_does_not_disturb_the_end(number: signal.Signals) -> None:
    done = []

    def drill() -> None:
        try:
            with terminable():  # of a drill in a command
                signal.raise_signal(number)
                done.append("after the signal")
        finally:
            signal.raise_signal(number)
            done.append("cleaned up")

    with pytest.raises(KeyboardInterrupt), terminable():
        drill()
    signal.raise_signal(number)
    assert done == ["cleaned up"]


def test_a_signal_in_an_orderly_end_waits_for_it() -> None:
    done = []

    def end() -> None:
        with finishing():
            with finishing():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")
        done.append("not reached")

    with pytest.raises(KeyboardInterrupt), terminable():
        end()
    assert done == ["inner", "outer"]


def test_without_a_signal_everything_is_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with terminable(), finishing():
        pass
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(KeyboardInterrupt), terminable():
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminable():
        signal.raise_signal(signal.SIGTERM)


def test_what_is_ignored_stays_ignored() -> None:
    """As `nohup` does it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with terminable():
        signal.raise_signal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, before)

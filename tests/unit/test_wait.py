"""Waiting: ends with the first answer, never later than its limit, and says what was not there."""

from __future__ import annotations

import time

import pytest

from harness.base.errors import ServerFailed, WaitTimeout
from harness.base.wait import wait_until
from tests.tables import over_table


def test_the_first_answer_ends_the_wait() -> None:
    answers = iter([None, False, "ready"])
    assert wait_until(lambda: next(answers), what="it", timeout_s=5, interval_s=0) == "ready"


@over_table("answer", [0, "", ()])
def test_only_none_and_false_mean_not_yet(answer: object) -> None:
    assert wait_until(lambda: answer, what="it", timeout_s=0) is answer


def test_a_limit_that_is_reached_says_what_was_waited_for_with_the_evidence() -> None:
    calls = []

    def probe() -> bool:
        calls.append(time.monotonic())
        return False

    began = time.monotonic()
    with pytest.raises(WaitTimeout) as caught:
        wait_until(probe, what="MySQL to be ready", timeout_s=0.2, interval_s=0.01, details=lambda: "the log\n")
    assert str(caught.value) == "timed out after 0.2 s waiting for MySQL to be ready\nthe log"
    assert time.monotonic() - began >= 0.2
    assert len(calls) >= 2  # at the beginning, and once more when the limit is reached


def test_a_limit_of_zero_still_asks_once() -> None:
    assert wait_until(lambda: True, what="it", timeout_s=0) is True
    with pytest.raises(WaitTimeout, match=r"^timed out after 0 s waiting for it$"):
        wait_until(lambda: None, what="it", timeout_s=0)


def test_details_are_not_gathered_while_there_is_hope() -> None:
    def details() -> str:
        raise AssertionError("asked too early")

    answers = iter([None, 1])
    assert wait_until(lambda: next(answers), what="it", timeout_s=5, interval_s=0, details=details) == 1


def test_what_a_probe_raises_ends_the_wait_at_once() -> None:
    calls = []

    def probe() -> bool:
        calls.append(1)
        raise ServerFailed("MySQL went away")

    with pytest.raises(ServerFailed, match=r"^MySQL went away$"):
        wait_until(probe, what="it", timeout_s=60)
    assert calls == [1]


def test_a_clock_that_is_set_does_not_change_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day jumps an hour ahead with each look at it; the wait is not shorter for it."""
    began = time.time()
    looks = iter(range(1, 1000))
    monkeypatch.setattr(time, "time", lambda: began + 3600 * next(looks))
    answers = iter([None, None, None, "ready"])
    assert wait_until(lambda: next(answers), what="it", timeout_s=30, interval_s=0.001) == "ready"

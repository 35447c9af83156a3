"""Calls beside each other: all have ended after the block, and an error in it waits for none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from harness.base.background import one_ahead, side_by_side


def test_results_and_errors_come_when_they_are_asked_for() -> None:
    both = threading.Barrier(2, timeout=60)
    with side_by_side(2) as background:
        numbers = [background(lambda number: (both.wait(), number)[1], number) for number in (1, 2)]
        failed = background(int, "x")
        assert [number.result() for number in numbers] == [1, 2]
        with pytest.raises(ValueError, match="invalid literal"):
            failed.result()


def test_an_error_of_the_block_does_not_wait_for_what_hangs() -> None:
    goes_on, begun, started = threading.Event(), list[str](), list[Future[object]]()

    def gone() -> None:
        with side_by_side(1) as background:
            started.extend((background(goes_on.wait, 60), background(begun.append, "late")))
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        gone()
    hanging, never = started
    assert not hanging.done()
    goes_on.set()
    assert hanging.result(timeout=60)
    assert never.cancelled()
    assert begun == []


def test_one_item_is_made_ahead_and_an_error_comes_in_its_place() -> None:
    made = list[int]()

    def items() -> Iterator[int]:
        for number in (1, 2):
            made.append(number)
            yield number
        raise ValueError("no third")

    ahead = one_ahead(items())
    assert (next(ahead), next(ahead)) == (1, 2)
    assert made == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(ahead)
    assert list(one_ahead(iter([[3], []]))) == [[3], []]

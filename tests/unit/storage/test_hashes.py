"""Many hashes in little memory, found as a set finds them."""

from __future__ import annotations

import random
import tracemalloc

from harness.artifacts.storage.hashes import Hashes


def test_it_holds_what_was_added_and_nothing_else() -> None:
    chance = random.Random(1)
    numbers = [0, 1 << 62, -(1 << 63), *(chance.randrange(-(1 << 63), 1 << 63) for _ in range(5000))]
    found = Hashes()
    assert not any(number in found for number in numbers)
    for number in (*numbers, *numbers):
        found.add(number)
    assert all(number in found for number in numbers)
    assert not any(number + 1 in found for number in numbers if number not in (0, -(1 << 63)))


def test_a_hash_costs_32_bytes_at_most() -> None:
    tracemalloc.start()
    try:
        found = Hashes()
        for number in range(100_000):
            found.add(hash(b"%d" % number))
        assert tracemalloc.get_traced_memory()[0] < 33 * 100_000
    finally:
        tracemalloc.stop()

"""Sets of document ids behave as Python's own sets do; labels are for people."""

from __future__ import annotations

import random

from harness.base.model import IdSet
from tests.tables import over_table
from tests.unit.checks.builders import part


def ids_of(rng: random.Random) -> list[int | str]:
    """Ids with runs, gaps, repetitions and texts among them, in any order."""
    found: list[int | str] = []
    for _ in range(rng.randrange(12)):
        first = rng.randrange(-5, 60)
        found += range(first, first + rng.randrange(1, 9))
    found += rng.choices(["ATL", "BOS", "1", "é"], k=rng.randrange(4))
    if rng.random() < 0.7:
        rng.shuffle(found)
    return found


@over_table("rng_seed", range(20))
def test_id_sets_agree_with_python_sets(rng_seed: int) -> None:
    rng = random.Random(rng_seed)
    for _ in range(100):
        mine, theirs = ids_of(rng), ids_of(rng)
        left, right = IdSet.of(mine), IdSet.of(theirs)
        assert set(left) == set(mine)
        assert len(list(left)) == len(left) == len(set(mine))
        assert set(left.minus(right)) == set(mine) - set(theirs)
        assert len(left.minus(left)) == 0
        assert left.minus(IdSet()) == left
        assert IdSet.of(left) == left, "what comes out goes in"
        assert (left == right) == (set(mine) == set(theirs))


@over_table("rng_seed", range(20))
def test_ranges_are_sorted_and_apart_so_that_equal_sets_are_equal_values(rng_seed: int) -> None:
    rng = random.Random(rng_seed)
    for each in (IdSet.of(ids_of(rng)), IdSet.of(ids_of(rng)).minus(IdSet.of(ids_of(rng)))):
        assert all(first <= last for first, last in each.ranges)
        assert all(before[1] + 1 < after[0] for before, after in zip(each.ranges, each.ranges[1:], strict=False))


def test_ids_are_iterated_in_order_numbers_first() -> None:
    assert list(IdSet.of(["b", 3, 1, "a", 2, 9])) == [1, 2, 3, 9, "a", "b"]


def test_a_number_and_its_text_are_two_ids() -> None:
    assert len(IdSet.of([1, "1"])) == 2
    assert list(IdSet.of([1]).minus(IdSet.of(["1"]))) == [1]


def test_a_million_ids_in_order_are_one_range() -> None:
    assert IdSet.of(range(1, 1_000_001)).ranges == ((1, 1_000_000),)


def test_minus_cuts_holes_and_ends() -> None:
    assert IdSet(((1, 10),)).minus(IdSet(((0, 1), (4, 5), (10, 12)))) == IdSet(((2, 3), (6, 9)))


def test_one_gap_over_several_ranges() -> None:
    assert IdSet(((1, 2), (4, 5), (7, 8))).minus(IdSet(((2, 7),))) == IdSet(((1, 1), (8, 8)))


@over_table(
    "owner, name, label", [("users", "gt_email", "users.gt_email"), ("users", "users", "users"), ("", "v", "v")]
)
def test_labels_of_schema_objects(owner: str, name: str, label: str) -> None:
    assert part("column", owner, name).label == label

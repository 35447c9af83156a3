"""Naming rows that differ: the first keys of each kind, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.checks.evidence import RowDifference
from harness.checks.rowdiff import KEYS_LISTED, differing_rows
from tests.tables import over_table


def test_equal_rows_in_another_order_differ_in_nothing(tmp_path: Path) -> None:
    rows = [(f"[{number}]", f"d{number}") for number in range(100)]
    assert differing_rows(rows, reversed(rows), tmp_path) == RowDifference()


def test_missing_extra_and_changed_rows_are_named(tmp_path: Path) -> None:
    expected = [("[1]", "a"), ("[2]", "b"), ("[3]", "c")]
    actual = [("[3]", "C"), ("[4]", "d"), ("[1]", "a")]
    assert differing_rows(expected, actual, tmp_path) == RowDifference(("[2]",), ("[4]",), ("[3]",))


def test_the_first_keys_are_listed_in_the_order_of_the_table(tmp_path: Path) -> None:
    expected = [(f"[{number}]", "a") for number in range(20, 0, -1)]
    found = differing_rows(expected, [], tmp_path)
    assert found.missing == ("[20]", "[19]", "[18]", "[17]", "[16]")
    assert len(found.missing) == KEYS_LISTED


def test_nothing_is_left_in_the_scratch_directory(tmp_path: Path) -> None:
    differing_rows([("[1]", "a")], [], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_stream_passes_through_and_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> object:
        yield ("[1]", "a")
        raise ValueError("the server went away")

    with pytest.raises(ValueError, match="the server went away"):
        differing_rows(broken(), [], tmp_path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_one_batch(tmp_path: Path) -> None:
    expected = ((f"[{number}]", "a") for number in range(120_000))
    actual = ((f"[{number}]", "b" if number == 110_000 else "a") for number in range(119_999))
    assert differing_rows(expected, actual, tmp_path) == RowDifference(("[119999]",), (), ("[110000]",))


@over_table("rng_seed", range(10))
def test_it_agrees_with_dictionaries(tmp_path: Path, rng_seed: int) -> None:
    rng = random.Random(rng_seed)
    before = {f"[{key}]": rng.choice("ab") for key in rng.sample(range(12), 8)}
    now = {f"[{key}]": rng.choice("ab") for key in rng.sample(range(12), 8)}
    found = differing_rows(before.items(), now.items(), tmp_path)
    assert found.missing == tuple(key for key in before if key not in now)[:KEYS_LISTED]
    assert found.extra == tuple(key for key in now if key not in before)[:KEYS_LISTED]
    assert found.changed == tuple(key for key in before if key in now and before[key] != now[key])[:KEYS_LISTED]

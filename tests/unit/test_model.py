"""Values of the model: ids, rows that differ, snapshots."""

import base64
import json
import random
from pathlib import Path

import pytest
import zstandard

from harness.base.model import IdSet
from harness.checks.evidence import RowDifference
from harness.checks.references import read_references
from harness.checks.rowdiff import KEYS_LISTED, differing_rows
from harness.procedure.snapshot import _is_payload, _spread, read_kept_row_digests
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


def test_ids_are_ranges_in_order_numbers_first() -> None:
    """A number and its text are two ids; a difference cuts holes and ends, also over several ranges."""
    assert list(IdSet.of(["b", 3, 1, "a", 2, 9])) == [1, 2, 3, 9, "a", "b"]
    assert len(IdSet.of([1, "1"])) == 2
    assert list(IdSet.of([1]).minus(IdSet.of(["1"]))) == [1]
    assert IdSet.of(range(1, 1_000_001)).ranges == ((1, 1_000_000),)
    assert IdSet(((1, 10),)).minus(IdSet(((0, 1), (4, 5), (10, 12)))) == IdSet(((2, 3), (6, 9)))
    assert IdSet(((1, 2), (4, 5), (7, 8))).minus(IdSet(((2, 7),))) == IdSet(((1, 1), (8, 8)))


def test_labels_of_schema_objects() -> None:
    names = {("users", "gt_email"): "users.gt_email", ("users", "users"): "users", ("", "v"): "v"}
    assert {owned: part("column", *owned).label for owned in names} == names


def test_missing_extra_and_changed_rows_are_named(tmp_path: Path) -> None:
    """The first in the order of the table; equal rows in another order differ in nothing, and nothing is left."""
    rows = [(f"[{number}]", f"d{number}") for number in range(100)]
    assert differing_rows(rows, reversed(rows), tmp_path) == RowDifference()
    expected = [("[1]", "a"), ("[2]", "b"), ("[3]", "c")]
    actual = [("[3]", "C"), ("[4]", "d"), ("[1]", "a")]
    assert differing_rows(expected, actual, tmp_path) == RowDifference(("[2]",), ("[4]",), ("[3]",))
    found = differing_rows([(f"[{number}]", "a") for number in range(20, 0, -1)], [], tmp_path)
    assert found.missing == ("[20]", "[19]", "[18]", "[17]", "[16]")
    assert len(found.missing) == KEYS_LISTED
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


def test_references_come_back_as_bytes_also_names_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "references.jsonl"
    path.write_text('["resumes/\\udcff \\u00e9.pdf", "resumes id=1"]\n["x", "signatures id=2 (scanned_agreement)"]\n')
    assert list(read_references(path)) == [
        (b"resumes/\xff \xc3\xa9.pdf", "resumes id=1"),
        (b"x", "signatures id=2 (scanned_agreement)"),
    ]


def test_row_digests_of_one_table_are_read_out_of_all(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv.zst"
    with zstandard.open(path, "wt", encoding="ascii") as file:
        file.write("users\t[1]\taa\nteam_user\t[1, 2]\tbb\nusers\t[2]\tcc\n")
    assert list(read_kept_row_digests(path, "users")) == [("[1]", "aa"), ("[2]", "cc")]
    assert list(read_kept_row_digests(path, "team_user")) == [("[1, 2]", "bb")]
    assert list(read_kept_row_digests(path, "user")) == []


@over_table(
    "ids, picked",
    [
        ([], []),
        ([7], [7]),
        ([7, 9], [7, 9]),
        (range(1, 102), [1, 51, 101]),
        ([*range(1, 11), *range(91, 102)], [1, 91, 101]),
        (["a", "b", "c", "d", "e"], ["a", "c", "e"]),
        ([1, "a"], [1, "a"]),
    ],
)
def test_the_first_the_last_and_one_between_are_probed(ids: list[int | str], picked: list[int | str]) -> None:
    assert _spread(IdSet.of(ids), 3) == picked


@over_table("rng_seed", range(30))
def test_probed_ids_are_distinct_ids_of_the_set(rng_seed: int) -> None:
    rng = random.Random(rng_seed)
    ids = IdSet.of(rng.sample(range(1000), rng.choice([1, 2, 3, 4, 5, 6, 300])))
    picked = _spread(ids, 5)
    assert set(picked) <= set(ids)
    assert len(picked) == len(set(picked)) == min(5, len(ids))
    assert _spread(ids, 5) == picked


def payload(fields: object) -> str:
    return base64.b64encode(json.dumps(fields).encode()).decode()


@over_table(
    "text, encrypted",
    [
        (payload({"iv": "a", "value": "b", "mac": "c", "tag": ""}), True),
        (payload({"iv": "a", "value": "b"}), False),
        (payload(5), False),
        (payload([["iv"]]), False),
        ("eyJpdiI6", False),
        ("eyJpdiI6 é", False),
        ("", False),
    ],
)
def test_what_laravel_encrypted_is_distinguished_from_other_text(text: str, encrypted: bool) -> None:
    assert _is_payload(text) is encrypted

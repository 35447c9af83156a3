"""Entries are put in tar's order in bounded memory, and two lists are laid side by side."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifacts.storage.names import order_key
from harness.artifacts.storage.order import pair, sorted_entries
from harness.base.errors import HarnessError
from harness.base.model import FileState
from tests.naming import uncoded
from tests.tables import over_table


def entry(path: bytes, **fields: object) -> FileState:
    return replace(FileState(path, "file", 1, "aa", 0o644, 0, 0, 0), **fields)  # type: ignore[arg-type]


def test_the_order_is_that_of_gnu_tar(tmp_path: Path) -> None:
    """With names around `/` in the alphabet, where an order of whole paths would differ."""
    for name in ("a", "a-", "a.b", "a!", "a0", "é", "Z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").touch()
    argv = ["tar", "-c", "--sort=name", "--quoting-style=literal", "-v", "-f", "/dev/null", "-C", tmp_path, "."]
    listed = subprocess.run(argv, check=True, capture_output=True).stdout.splitlines()
    paths = [line.removeprefix(b"./").rstrip(b"/") for line in listed]
    assert paths == sorted(paths, key=order_key)
    assert paths != sorted(paths)
    assert len(paths) == 15


@over_table("run_entries", [1, 7, 100, 1000])
def test_any_order_is_put_in_order(tmp_path: Path, run_entries: int) -> None:
    entries = [entry(b"%d/%d" % (number % 10, number)) for number in range(500)]
    expected = sorted(entries, key=lambda each: order_key(each.path))
    random.Random(7).shuffle(entries)
    assert list(sorted_entries(iter(entries), tmp_path, run_entries=run_entries)) == expected
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_order_already_is_not_merged(tmp_path: Path) -> None:
    """One file, however many batches: merging a thousand would cost a thousand open files."""
    entries = [entry(b"%04d" % number) for number in range(1000)]
    ordered = sorted_entries(iter(entries), tmp_path, run_entries=10)
    first = next(ordered)
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == ["0"]
    assert [first, *ordered] == entries


def test_few_entries_need_no_file(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert list(sorted_entries([entry(b"b"), entry(b"a")], gone)) == [entry(b"a"), entry(b"b")]
    assert list(sorted_entries([], gone)) == []


@over_table("run_entries", [2, 100])
def test_of_several_hard_links_the_first_by_name_is_the_file(tmp_path: Path, run_entries: int) -> None:
    link = {"kind": "hardlink", "size_bytes": 0, "sha256": ""}
    entries = [
        entry(b"m", size_bytes=5),
        entry(b"z", **link, target=b"m"),
        entry(b"a", **link, target=b"m"),
        entry(b"k", **link, target=b"a"),
        entry(b"other"),
    ]
    assert list(sorted_entries(entries, tmp_path, run_entries=run_entries)) == [
        entry(b"a", size_bytes=5),
        entry(b"k", **link, target=b"a"),
        entry(b"m", **link, target=b"a"),
        entry(b"other"),
        entry(b"z", **link, target=b"a"),
    ]


@over_table("run_entries", [1, 100])
def test_of_a_directory_that_is_there_twice_the_last_counts(tmp_path: Path, run_entries: int) -> None:
    first, last = entry(b"d", kind="directory", mode=0o700), entry(b"d", kind="directory", mode=0o755)
    entries = [first, entry(b"d/f"), last]
    assert list(sorted_entries(entries, tmp_path, run_entries=run_entries)) == [last, entry(b"d/f")]


def test_pairs_are_laid_side_by_side() -> None:
    left = [entry(path) for path in (b"", b"a", b"a/b", b"c")]
    right = [entry(path) for path in (b"", b"a/b", b"a-", b"d")]
    assert [(one and one.path, other and other.path) for one, other in pair(left, right)] == [
        (b"", b""),
        (b"a", None),
        (b"a/b", b"a/b"),
        (None, b"a-"),
        (b"c", None),
        (None, b"d"),
    ]
    assert list(pair([], [])) == []


def test_pairs_need_entries_in_order_and_once() -> None:
    for wrong in ([entry(b"b"), entry(b"a")], [entry(b"a"), entry(b"a")]):
        with pytest.raises(HarnessError) as caught:
            list(pair(wrong, []))
        assert uncoded(str(caught.value)) == "the list of expected files is out of order at a"


def test_pairs_are_read_as_they_come() -> None:
    def endless() -> Iterator[FileState]:
        number = 0
        while True:
            yield entry(b"%012d" % number)
            number += 1

    pairs = pair(endless(), endless())
    assert all(one == other for one, other in (next(pairs) for _ in range(1000)))

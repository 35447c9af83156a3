"""Putting entries in order in bounded memory, and laying two ordered lists side by side."""

from __future__ import annotations

import heapq
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from harness.artifacts.storage.inventory import from_line, to_line
from harness.artifacts.storage.names import coded, order_key
from harness.base.errors import HarnessError
from harness.base.model import FileState

RUN_ENTRIES = 20_000
"""Entries in a batch; two batches are in memory at once, about 30 MB (measured with 100,000 files)."""


def sorted_entries(
    entries: Iterable[FileState], scratch_dir: Path, *, run_entries: int = RUN_ENTRIES
) -> Iterator[FileState]:
    """Yield entries in the order of `order_key`, from any order, in bounded memory.

    Up to `run_entries` are sorted in memory. More go to files, a new one wherever a batch does not follow on
    the one before: entries that are in order already make one file, and no merge.

    Of a directory that is there several times, the last counts, as when tar unpacks it.

    Which of several hard links to one file is called the file, and which the links, depends on the order in
    which they were archived. Here it is always the first by name, as when GNU tar walks in order.

    Args:
        entries: as an archive has them.
        scratch_dir: where the files go; they are gone at the end.
        run_entries: how many to keep in memory.
    """
    links: dict[bytes, bytes] = {}
    noted = _note_links(entries, links)
    batch = _sorted_batch(noted, run_entries)
    following = _sorted_batch(noted, run_entries) if len(batch) == run_entries else []
    if not following:
        yield from _last_of_each(_canonical_links(lambda: iter(batch), links))
        return
    with tempfile.TemporaryDirectory(prefix="order-", dir=scratch_dir) as folder:
        runs = [Path(folder, "0")]
        _append(runs[-1], batch)
        while following:
            if order_key(following[0].path) < order_key(batch[-1].path):
                runs.append(Path(folder, str(len(runs))))
            _append(runs[-1], following)
            batch, following = following, _sorted_batch(noted, run_entries)
        batch = []
        yield from _last_of_each(_canonical_links(lambda: _merged(runs), links))


def pair(
    expected: Iterable[FileState], actual: Iterable[FileState]
) -> Iterator[tuple[FileState | None, FileState | None]]:
    """Lay two ordered lists side by side, by path: None stands where one of them has no such entry.

    Raises:
        HarnessError: one of the lists is not in order, or names an entry twice.
    """
    left_side, right_side = _in_order(expected, "expected"), _in_order(actual, "actual")
    left, right = next(left_side, None), next(right_side, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield left[1], None
            left = next(left_side, None)
        elif left is None or right[0] < left[0]:
            yield None, right[1]
            right = next(right_side, None)
        else:
            yield left[1], right[1]
            left, right = next(left_side, None), next(right_side, None)


def _in_order(entries: Iterable[FileState], which: str) -> Iterator[tuple[list[bytes], FileState]]:
    before: list[bytes] | None = None
    for entry in entries:
        key = order_key(entry.path)
        if before is not None and key <= before:
            raise HarnessError(f"the list of {which} files is out of order at {coded(entry.path)}")
        before = key
        yield key, entry


def _key(entry: FileState) -> list[bytes]:
    return order_key(entry.path)


def _sorted_batch(entries: Iterator[FileState], size: int) -> list[FileState]:
    return sorted(itertools.islice(entries, size), key=_key)


def _append(run: Path, batch: list[FileState]) -> None:
    with run.open("ab") as stream:
        stream.writelines(to_line(entry) for entry in batch)


def _merged(runs: list[Path]) -> Iterator[FileState]:
    return heapq.merge(*(_read(run) for run in runs), key=_key)


def _read(run: Path) -> Iterator[FileState]:
    with run.open("rb") as stream:
        for line in stream:
            yield from_line(line)


def _last_of_each(entries: Iterator[FileState]) -> Iterator[FileState]:
    for _, same in itertools.groupby(entries, key=lambda entry: entry.path):
        *_, last = same
        yield last


def _note_links(entries: Iterable[FileState], links: dict[bytes, bytes]) -> Iterator[FileState]:
    """Pass entries on; remember of each hard link the file itself, also where it names another link."""
    for entry in entries:
        if entry.kind == "hardlink":
            links[entry.path] = links.get(entry.target, entry.target)
        yield entry


def _canonical_links(ordered: Callable[[], Iterator[FileState]], links: dict[bytes, bytes]) -> Iterator[FileState]:
    """Make the first name of each file that has several the file, and the others links to it."""
    first_name: dict[bytes, bytes] = {}
    for name, file in links.items():
        first_name[file] = min(first_name.get(file, file), name, key=order_key)
    moved = {file for file, name in first_name.items() if name != file}
    files = {entry.path: entry for entry in ordered() if entry.path in moved} if moved else {}
    for entry in ordered():
        file = links.get(entry.path, entry.path)
        leader = first_name.get(file)
        if leader is None:
            yield entry
        elif entry.path == leader:
            yield replace(files.get(file, entry), path=leader)
        else:
            yield replace(entry, kind="hardlink", size_bytes=0, sha256="", target=leader, content="")

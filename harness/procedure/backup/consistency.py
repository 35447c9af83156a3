"""What changed between the dump and the copy of the files: they can't be read at the same moment.

Four ordered lists of paths are laid side by side: what the rows of the dump refer to, what rows refer to now,
what was copied, and what is there now. Memory does not grow with them.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.artifacts.storage.names import coded, order_key
from harness.base.model import Consistency, FileState
from harness.checks.openable import CONTENT_KINDS
from harness.checks.references import belongs_to_a_row, read_references

NAMED = 10
"How many of each kind are listed; the rest are counted."


@dataclass(slots=True)
class _Disagreement:
    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.names) < NAMED:
            self.names.append(name)


def compare(
    in_dump: Path, in_rows_now: Path, copied: Iterable[FileState], there_now: Iterable[FileState], *, attempts: int
) -> Consistency:
    """Find rows without their file, and files without their row, and say of each how that came about.

    Args:
        in_dump: references of the rows of the dump (snapshot.write_references).
        in_rows_now: the same, after the files were copied.
        copied: entries of the copy, in order.
        there_now: entries of the directory after the copy, in order.
        attempts: how often dump or files were taken.
    """
    deleted, late, dangling, newer = _Disagreement(), _Disagreement(), _Disagreement(), _Disagreement()
    streams = (
        _references("dump", in_dump),
        _references("now", in_rows_now),
        _files("copy", copied),
        _files("there", there_now),
    )
    merged = heapq.merge(*streams, key=lambda item: item[0])
    for _, same in itertools.groupby(merged, key=lambda item: item[0]):
        found: dict[str, list[str]] = {}
        path = b""
        for _, where, path, label in same:  # noqa: B007 (the path is the same in all of them)
            found.setdefault(where, []).append(label)
        if "dump" in found and "copy" not in found:
            now = set(found.get("now", ()))
            for label in found["dump"]:
                (deleted if label not in now else late if "there" in found else dangling).add(label)
        elif "copy" in found and "dump" not in found and "now" in found and belongs_to_a_row(path):
            newer.add(coded(path))
    return Consistency(
        attempts=attempts,
        rows_of_deleted_files=deleted.count,
        rows_of_late_files=late.count,
        rows_without_file=dangling.count,
        files_of_later_rows=newer.count,
        named=(*deleted.names, *late.names, *dangling.names, *newer.names),
    )


_Item = tuple[list[bytes], str, bytes, str]


def _references(where: str, path: Path) -> Iterator[_Item]:
    for name, label in read_references(path):
        yield order_key(name), where, name, label


def _files(where: str, entries: Iterable[FileState]) -> Iterator[_Item]:
    for entry in entries:
        if entry.kind in CONTENT_KINDS:
            yield order_key(entry.path), where, entry.path, ""

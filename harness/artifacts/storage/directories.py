"""Files and bytes below each directory of the first level: what people compare from one backup to the next."""

from __future__ import annotations

from collections.abc import Iterable

from harness.artifacts.storage.names import coded
from harness.base.model import DirectoryTotals, FileState

OTHERS = "(other directories)"
LISTED = 200
"""How many directories are listed, the largest first: a storage with one directory for each person stays small."""


def directories_of(entries: Iterable[FileState]) -> dict[str, DirectoryTotals]:
    """Sum up entries by the first part of their path, in the order of the names.

    Files beside the directories are under `.`. A directory without files is there with zeros. A name that a person
    may have chosen is a code.
    """
    sums: dict[bytes, list[int]] = {}
    for entry in entries:
        first, slash, _ = entry.path.partition(b"/")
        if not entry.path or (not slash and entry.kind != "directory"):
            first = b""
        found = sums.setdefault(first, [0, 0])
        if entry.kind == "file":
            found[0] += 1
            found[1] += entry.size_bytes
    kept = sorted(sums, key=lambda name: (-sums[name][1], -sums[name][0], name))[:LISTED]
    others = [sums[name] for name in sums.keys() - set(kept)]
    found_all = {coded(name): DirectoryTotals(*sums[name]) for name in sorted(kept) if name or sums[name][0]}
    if others:
        found_all[OTHERS] = DirectoryTotals(sum(files for files, _ in others), sum(size for _, size in others))
    return found_all

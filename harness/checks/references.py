"""The files that rows refer to: where they stand, and how the evidence keeps them, as lines of JSON `[path, row]`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from harness.artifacts.storage.names import is_below
from harness.base import guide


def read_references(path: Path) -> Iterator[tuple[bytes, str]]:
    """Pairs (path, row) as `procedure.snapshot.write_references` wrote them, in the order of an inventory."""
    with path.open(encoding="ascii") as file:
        for line in file:
            name, label = json.loads(line)
            yield name.encode("utf-8", "surrogateescape"), label


def belongs_to_a_row(path: bytes) -> bool:
    """Whether a file stands where each belongs to some row."""
    return any(is_below(path, directory.encode()) for directory in guide.REFERENCED_DIRECTORIES)

"""The files that rows refer to, as the evidence keeps them: lines of JSON `[path, row]`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path


def read_references(path: Path) -> Iterator[tuple[bytes, str]]:
    """Pairs (path, row) as `procedure.snapshot.write_references` wrote them, in the order of an inventory."""
    with path.open(encoding="ascii") as file:
        for line in file:
            name, label = json.loads(line)
            yield name.encode("utf-8", "surrogateescape"), label

"""Negative controls in the storage directory: a byte of a file changed at the same size and time, a file gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from harness.artifacts.storage.inventory import read_inventory, write_inventory
from harness.artifacts.storage.names import coded
from harness.artifacts.storage.order import pair
from harness.base.model import FileState
from harness.checks.evidence import Evidence
from harness.drill.negative_control.broken import Break, Broken, Target
from harness.faults.damage import flip_bit, move_file
from harness.procedure.backup.scan import scan_entry
from harness.runtime.services.execution import Host

LARGEST_BYTES = 64 << 20
"""Larger files are left alone: the one that is chosen is read again."""


_Damage = Callable[[Host, str, int, Random], tuple[str, Callable[[], None]]]
"""Damages the file at a path, of so many bytes: what was done, and what mends it."""


def _flip(host: Host, path: str, size_bytes: int, rng: Random) -> tuple[str, Callable[[], None]]:
    offset = rng.randrange(size_bytes)
    return f"byte {offset} changed, size and time as before", flip_bit(host, path, offset, rng.randrange(8))


def _take_away(host: Host, path: str, size_bytes: int, rng: Random) -> tuple[str, Callable[[], None]]:
    return "removed", move_file(host, path, f"{path}.drill-control")


def breaking(damage: _Damage) -> Break:
    """A negative control that does this to one file."""

    @contextmanager
    def broken(target: Target, rng: Random) -> Iterator[Broken | None]:
        chosen = _choose(target.evidence, rng)
        if chosen is None:
            yield None
            return
        apiary = target.stack.apiary
        path = f"{apiary.storage_root}/{os.fsdecode(chosen.path)}"
        detail, mend = damage(apiary.storage_host, path, chosen.size_bytes, rng)
        try:
            yield _broken(target, chosen, detail)
        finally:
            _list(target).unlink(missing_ok=True)
            mend()

    return broken


def _choose(evidence: Evidence, rng: Random) -> FileState | None:
    """One of the files that came back as they were, at random, in constant memory."""
    chosen, seen = None, 0
    files = evidence.files
    for before, after in pair(read_inventory(files.expected), read_inventory(files.actual)):
        if before is None or after is None or before.kind != "file" or not 0 < before.size_bytes <= LARGEST_BYTES:
            continue
        if not before.mode & 0o200:
            continue  # nor may whoever owns it write it
        if (before.sha256, before.size_bytes) != (after.sha256, after.size_bytes) or not before.path.isascii():
            continue  # an argument of a command in a container has to be text
        if any(before.path.startswith(os.fsencode(name)) for name in files.excluded):
            continue
        seen += 1
        if rng.randrange(seen) == 0:
            chosen = after
    return chosen


def _broken(target: Target, chosen: FileState, detail: str) -> Broken:
    """Read that one entry again and put it in place of the old."""
    apiary = target.stack.apiary
    now = scan_entry(apiary.storage_host, apiary.storage_root, chosen.path)
    files = target.evidence.files
    entries = (now if entry.path == chosen.path else entry for entry in read_inventory(files.actual))
    written = write_inventory((entry for entry in entries if entry is not None), _list(target))
    evidence = replace(target.evidence, files=replace(files, actual=written.path))
    return Broken(coded(chosen.path), detail, "files", evidence)


def _list(target: Target) -> Path:
    return target.directory / "control-files.jsonl"


FILES: dict[str, Break] = {"byte-changed": breaking(_flip), "file-taken-away": breaking(_take_away)}

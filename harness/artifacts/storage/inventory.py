"""The sidecar `files.jsonl`: every entry of a storage directory, one JSON object per line (docs/storage.md).

Lines stand in the order of `names.order_key`. Bytes that are no UTF-8 are lone surrogates (`\\udcff`, see
PEP 383), so that every name comes back as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.artifacts.storage.names import coded, order_key
from harness.base.errors import BrokenArtifact, UsageError
from harness.base.model import FileState, FileTotals
from harness.base.private import private_file

INVENTORY_NAME = "files.jsonl"


@dataclass(frozen=True, slots=True)
class Inventory:
    """A sidecar that was written: its path, its own size and SHA-256, and the sums over its entries."""

    path: Path
    size_bytes: int
    sha256: str
    totals: FileTotals


def to_line(entry: FileState) -> bytes:
    """One entry as a line, ASCII, with its newline."""
    fields: dict[str, str | int] = {
        "path": _text(entry.path) or ".",
        "kind": entry.kind,
        "size_bytes": entry.size_bytes,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime_s": entry.mtime_s,
    }
    if entry.sha256:
        fields["sha256"] = entry.sha256
    if entry.target:
        fields["target"] = _text(entry.target)
    if entry.content:
        fields["content"] = entry.content
    return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


def from_line(line: bytes) -> FileState:
    """The entry that `to_line` wrote; raises ValueError, KeyError or TypeError for anything else."""
    fields = json.loads(line)
    path = _bytes(fields["path"])
    return FileState(
        path=b"" if path == b"." else path,
        kind=str(fields["kind"]),
        size_bytes=int(fields["size_bytes"]),
        sha256=str(fields.get("sha256", "")),
        mode=int(fields["mode"], 8),
        uid=int(fields["uid"]),
        gid=int(fields["gid"]),
        mtime_s=int(fields["mtime_s"]),
        target=_bytes(fields.get("target", "")),
        content=str(fields.get("content", "")),
    )


def write_inventory(entries: Iterable[FileState], path: Path, *, content: bool = False) -> Inventory:
    """Write a sidecar while the entries come, and sum them up.

    Args:
        entries: in order (see `sorted_entries` for those that are not).
        path: the file to write; what it held is gone.
        content: keep what the contents look like. Not in a backup's own list: its bytes have a digest in the
            manifest, and have to be the same for every version of this tool.
    """
    digest = hashlib.sha256()
    size_bytes = 0
    sums = _Sums()
    with private_file(path) as stream:
        for entry in entries:
            line = to_line(entry if content or not entry.content else replace(entry, content=""))
            stream.write(line)
            digest.update(line)
            size_bytes += len(line)
            sums.add(entry)
        stream.flush()
        os.fsync(stream.fileno())
    return Inventory(path, size_bytes, digest.hexdigest(), sums.totals(path.name))


def read_inventory(path: Path) -> Iterator[FileState]:
    """Read a sidecar, one entry after the other.

    Raises:
        UsageError: there is no such file.
        BrokenArtifact: a line is not an entry, or the entries are not in order; names the line.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read the list of files {path}: {error.strerror}") from None
    with stream:
        before: list[bytes] | None = None
        for number, line in enumerate(stream, start=1):
            try:
                entry = from_line(line)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                raise _bad_line(path, number, "is not a valid entry") from None
            key = order_key(entry.path)
            if before is not None and key <= before:
                raise _bad_line(path, number, f"is out of order with {coded(entry.path)}")
            before = key
            yield entry


def totals_of(entries: Iterable[FileState]) -> FileTotals:
    """Sum up entries; the root directory itself is not counted, hard links count as links without a size."""
    sums = _Sums()
    for entry in entries:
        sums.add(entry)
    return sums.totals("")


class _Sums:
    def __init__(self) -> None:
        self._counts = dict.fromkeys(("file", "directory", "symlink", "hardlink", "special"), 0)
        self._size_bytes = 0

    def add(self, entry: FileState) -> None:
        if entry.path:
            self._counts[entry.kind] += 1
            self._size_bytes += entry.size_bytes

    def totals(self, inventory: str) -> FileTotals:
        counts = self._counts
        links = counts["symlink"] + counts["hardlink"]
        return FileTotals(counts["file"], counts["directory"], links, self._size_bytes, inventory)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _bad_line(path: Path, number: int, what: str) -> BrokenArtifact:
    return BrokenArtifact(
        f"{path}: line {number} {what}",
        "This list of files was damaged or edited and is not usable: use an earlier backup.",
    )

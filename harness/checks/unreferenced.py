"""Files to which no row refers: some the application keeps, some are newer than the dump, some have lost their row."""

from __future__ import annotations

from datetime import datetime

from harness.artifacts.storage.names import coded
from harness.base import guide
from harness.base.model import FileState, Severity
from harness.checks.collector import Collector


class Unreferenced:
    """Files without a row, judged together for each envelope: they wait until its last entry has been seen."""

    def __init__(self, found: Collector, dumped_at: datetime | None) -> None:
        self._found = found
        self._dumped_s = dumped_at.timestamp() if dumped_at is not None else None
        self._envelope = b""
        self._known = False
        self._waiting: list[FileState] = []
        self.count = 0

    def row(self, path: bytes) -> None:
        """A row refers to this path: its envelope is known."""
        self._enter(path)
        self._known = True

    def file(self, entry: FileState) -> None:
        """No row refers to this file."""
        self._enter(entry.path)
        self.count += 1
        if self._envelope:
            self._waiting.append(entry)
        else:
            self._count(entry, lost=False)

    def end(self) -> None:
        """Nothing more comes."""
        self._enter(b"")

    def _enter(self, path: bytes) -> None:
        envelope = _envelope(path)
        if envelope != self._envelope:
            for entry in self._waiting:
                older = self._dumped_s is not None and entry.mtime_s <= self._dumped_s
                self._count(entry, lost=older and not self._known)
            self._envelope, self._known, self._waiting = envelope, False, []

    def _count(self, entry: FileState, *, lost: bool) -> None:
        shown = coded(entry.path)
        self._found.add(
            "file-unreferenced",
            shown,
            (
                f"{shown} has no row, none of the files of its envelope has one, and it is older than the dump: "
                "the row is lost."
            )
            if lost
            else f"No row refers to {shown}: the files are newer than the database, or the row is lost.",
            severity=Severity.ERROR if lost else Severity.WARNING,
            expected="a row",
            actual="none",
            remedy="Look for its row at the source, and check how the dump is made." if lost else "",
        )


def _envelope(path: bytes) -> bytes:
    """The directory of the envelope that a document belongs to, or nothing."""
    parts = path.split(b"/")
    return b"/".join(parts[:2]) if len(parts) > 2 and parts[0] == guide.ENVELOPES_DIRECTORY.encode() else b""

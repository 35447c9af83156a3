"""Files that run as their owner or group, in an archive of which nobody knows what the source had."""

from __future__ import annotations

from dataclasses import replace

from harness.artifacts.storage.names import coded
from harness.base.model import PRIVILEGES, FileState, Severity
from harness.checks.collector import Collector


def unprivileged(found: Collector, entry: FileState) -> FileState:
    """The entry as it is restored where nobody knows whether the source had it so."""
    if entry.kind == "file":
        shown, mode = coded(entry.path), entry.mode & ~PRIVILEGES
        found.add(
            "file-privileged",
            shown,
            f"{shown} is setuid or setgid (mode {entry.mode:04o} in the backup) and was restored with {mode:04o}: "
            "no evidence shows that the source had this mode.",
            severity=Severity.WARNING,
            expected=f"{mode:04o}",
            actual=f"{entry.mode:04o}",
            remedy="Uploads never need this: find out who set it.",
        )
    return replace(entry, mode=entry.mode & ~PRIVILEGES)

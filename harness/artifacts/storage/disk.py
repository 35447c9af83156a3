"""A full disk is told as such: it says nothing about the backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.base.errors import DISK_FULL, HarnessError


def disk_full(where: str, details: str = "") -> HarnessError:
    """The error for a disk or a quota that is full: inconclusive, exit code 3."""
    return HarnessError(
        f"no space left on device, writing to {where}",
        "Free space there and try again; this says nothing about the backup.",
        details=details,
    )


@contextmanager
def telling_full_disk(where: Path) -> Iterator[None]:
    """Turn the system's "no space left" and "quota exceeded" inside the block into one clear error."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise disk_full(str(where)) from error
        raise

"""A full disk is reported as such: it says nothing about the backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.base.errors import DISK_FULL, HarnessError
from harness.base.sizes import size


class DiskFull(HarnessError):
    """A disk or a quota is full: inconclusive, exit code 3.

    Args:
        needed_bytes: how much it takes at most; None where nobody knows.
    """

    def __init__(self, where: str, needed_bytes: int | None = None, details: str = "") -> None:
        self.where, self.needed_bytes = where, needed_bytes
        needed = "Free space there" if needed_bytes is None else f"Free up to {size(needed_bytes)} there"
        super().__init__(
            f"no space left on device, writing to {where}",
            f"{needed} and try again; this says nothing about the backup.",
            details=details,
        )


@contextmanager
def reporting_full_disk(where: Path, needed_bytes: Callable[[], int | None] = lambda: None) -> Iterator[None]:
    """Turn the system's "no space left" and "quota exceeded" inside the block into one clear error.

    Args:
        needed_bytes: how much the block writes at most; asked only when the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DiskFull(str(where), needed_bytes()) from error
        raise
    except DiskFull as error:
        raise DiskFull(error.where, error.needed_bytes or needed_bytes(), error.details) from error

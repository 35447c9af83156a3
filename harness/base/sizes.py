"""Sizes for people; and how far a long step is: bytes, rate, and the time that is left where the whole is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator


def size(size_bytes: int) -> str:
    """A size in units of 1,000 bytes, such as `512 bytes`, `1.2 kB` and `3.4 GB`."""
    if size_bytes < 1_000:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    value = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


class Pace:
    """Bytes of one stream, from now on.

    Attributes:
        done_bytes: how many came `through`.
    """

    def __init__(self, whole_bytes: int | None = None) -> None:
        """`whole_bytes`: about as many there will be; None where nobody knows."""
        self._whole_bytes = whole_bytes
        self._began = time.monotonic()
        self.done_bytes = 0

    def through(self, chunks: Iterable[bytes], progress: Callable[[str], None]) -> Iterator[bytes]:
        """The same chunks; each is counted and reported as progress once it was worked on."""
        for chunk in chunks:
            yield chunk
            self.done_bytes += len(chunk)
            progress(self.text(self.done_bytes))

    def text(self, done_bytes: int) -> str:
        """Such as `12.3 MB of 118.3 MB, 3.4 MB/s, 31 s left`."""
        took_s = time.monotonic() - self._began
        rate = done_bytes / took_s if took_s > 0 else 0.0
        text = size(done_bytes)
        if self._whole_bytes is not None:
            text += f" of {size(max(self._whole_bytes, done_bytes))}"
        if rate:
            text += f", {size(round(rate))}/s"
            left_s = ((self._whole_bytes or 0) - done_bytes) / rate
            if left_s >= 1:
                text += f", {left_s:.0f} s left" if left_s < 120 else f", {left_s / 60:.0f} min left"
        return text

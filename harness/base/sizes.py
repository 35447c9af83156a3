"""Sizes for people."""

from __future__ import annotations


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

"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present in UTC, RFC 3339; always six digits, so that texts sort as times do."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def duration(started_at: str, finished_at: str) -> str:
    """The ISO 8601 duration between two moments."""
    spent = datetime.fromisoformat(finished_at) - datetime.fromisoformat(started_at)
    days = f"{spent.days}D" if spent.days > 0 else ""
    return f"P{days}T{spent.seconds}.{spent.microseconds:06d}S"

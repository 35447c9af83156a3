"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present in UTC, RFC 3339 with microseconds."""
    return text_of(datetime.now(UTC))


def text_of(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC; always six digits, so that texts sort as times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """A moment from RFC 3339 with any precision, or from a date.

    Raises:
        ValueError: it is neither.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def duration(started_at: str, finished_at: str) -> str:
    """The ISO 8601 duration between two moments."""
    spent = parse(finished_at) - parse(started_at)
    days = f"{spent.days}D" if spent.days > 0 else ""
    return f"P{days}T{spent.seconds}.{spent.microseconds:06d}S"

"""Periods of an exercise: whole days, UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from harness.base.errors import UsageError


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both ends included; `name` is what people call it."""

    first: date
    last: date
    name: str

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)


def quarter(text: str) -> tuple[Period, Period]:
    """A quarter and the one before, from text such as `2026Q4`. Raises UsageError."""
    match = re.fullmatch(r"([12][0-9]{3})-?[Qq]([1-4])", text)
    if match is None:
        raise UsageError(f"{text!r} is not a quarter", "Write the year, Q, and 1 to 4, such as 2026Q4.")
    number = int(match[1]) * 4 + int(match[2]) - 1
    return _quarter(number), _quarter(number - 1)


def days(first: date, last: date) -> tuple[Period, Period]:
    """A period from day to day, and as many days before it. Raises UsageError."""
    if last < first:
        raise UsageError(f"the period ends on {last}, before its first day {first}")
    length = last - first
    end = first - timedelta(days=1)
    return Period(first, last, _named(first, last)), Period(end - length, end, _named(end - length, end))


def _named(first: date, last: date) -> str:
    return f"{first} to {last}"


def _quarter(number: int) -> Period:
    def begin(of: int) -> date:
        return date(of // 4, of % 4 * 3 + 1, 1)

    return Period(begin(number), begin(number + 1) - timedelta(days=1), f"{number // 4}Q{number % 4 + 1}")

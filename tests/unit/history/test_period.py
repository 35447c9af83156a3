"""Periods: quarters, days, and what came before them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from harness.base.errors import UsageError
from harness.records.history.period import Period, days, quarter
from tests.tables import over_table


def test_a_quarter_and_the_one_before() -> None:
    period, before = quarter("2026Q4")
    assert period == Period(date(2026, 10, 1), date(2026, 12, 31), "2026Q4")
    assert before == Period(date(2026, 7, 1), date(2026, 9, 30), "2026Q3")
    first, last_year = quarter("2026q1")
    assert (first.first, first.last) == (date(2026, 1, 1), date(2026, 3, 31))
    assert (last_year.first, last_year.last, last_year.name) == (date(2025, 10, 1), date(2025, 12, 31), "2025Q4")


def test_both_days_are_in_the_period() -> None:
    period, before = days(date(2026, 10, 1), date(2026, 10, 10))
    assert period.since == datetime(2026, 10, 1, tzinfo=UTC)
    assert period.until == datetime(2026, 10, 11, tzinfo=UTC)
    assert (period.name, before.name) == ("2026-10-01 to 2026-10-10", "2026-09-21 to 2026-09-30")
    one, yesterday = days(date(2026, 3, 1), date(2026, 3, 1))
    assert (one.first, one.last, yesterday.first) == (date(2026, 3, 1), date(2026, 3, 1), date(2026, 2, 28))


@over_table("text", ["2026", "2026Q5", "2026Q0", "Q4", "26Q4", "2026 Q4", "0026Q1", ""])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as wrong:
        quarter(text)
    assert str(wrong.value) == f"{text!r} is not a quarter\nHINT: Write the year, Q, and 1 to 4, such as 2026Q4."


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError) as wrong:
        days(date(2026, 10, 2), date(2026, 10, 1))
    assert str(wrong.value) == "the period ends on 2026-10-01, before its first day 2026-10-02"

"""Ages: one number and one unit, and nothing that has to be guessed."""

from __future__ import annotations

import pytest

from harness.base.errors import UsageError
from harness.records.history.durations import in_words, seconds_of
from tests.tables import over_table

HINT = "\nHINT: Write a number and a unit: s, m (minutes), h, d or w, such as 36h or 100d."


@over_table("text, seconds", [("45s", 45), ("90m", 5400), ("36h", 129600), ("100d", 8640000), ("2w", 1209600)])
def test_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@over_table(
    "text, told",
    [
        ("100", "'100' has no unit"),
        ("", "'' is not a duration"),
        ("d", "'d' is not a duration"),
        ("1.5d", "'1.5d' is not a duration"),
        ("-1d", "'-1d' is not a duration"),
        ("1d12h", "'1d12h' is not a duration"),
        ("100 d", "'100 d' is not a duration"),
        ("100D", "'100D' is not a duration"),
        ("3months", "'3months' is not a duration"),
        ("٣d", "'٣d' is not a duration"),
        ("1d\n", "'1d\\n' is not a duration"),
        ("0d", "'0d' is not greater than zero"),
    ],
)
def test_anything_else_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError) as wrong:
        seconds_of(text)
    assert str(wrong.value) == told + HINT


@over_table(
    "seconds, told",
    [
        (0, "0 seconds"),
        (1.9, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (5400, "90 minutes"),
        (129600, "36 hours"),
        (86400 * 2, "2 days"),
        (8640000, "100 days"),
    ],
)
def test_ages_in_words(seconds: float, told: str) -> None:
    assert in_words(seconds) == told

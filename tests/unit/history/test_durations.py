"""Ages in words."""

from __future__ import annotations

from harness.records.history.status import in_words
from tests.tables import over_table


@over_table(
    "seconds, text",
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
def test_ages_in_words(seconds: float, text: str) -> None:
    assert in_words(seconds) == text

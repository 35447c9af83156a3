"""From what a row holds to a moment in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from harness.base.errors import UsageError
from harness.base.timezones import TimeZones, checked_zone, earliest_moment, zone_named
from tests.tables import over_table

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ASSUMED = "(assumed: the backup does not include it)"


def test_zones_by_name_and_by_offset() -> None:
    assert checked_zone("Europe/Berlin", "--app-time-zone") == "Europe/Berlin"
    assert checked_zone("-05:00", "--app-time-zone") == "-05:00"
    for name in ("", "Mars/Olympus", "../UTC", "+99:00", "EDT"):
        assert zone_named(name) is None, name
    with pytest.raises(UsageError) as refused:
        checked_zone("New York", "--server-time-zone")
    assert refused.value.fact == "--server-time-zone: unknown time zone 'New York'"


@over_table(
    "shown, earliest",
    [
        ("12:00:40", "12:00:40"),
        ("07:00:40", "12:00:40"),
        ("17:45:40", "12:00:40"),
        ("11:59:00", "12:14:00"),
        ("12:00:00", "12:00:00"),
    ],
)
def test_the_earliest_moment_of_a_clock_without_a_zone(shown: str, earliest: str) -> None:
    """Never before the moment that is known, and never after the true one."""
    local, wanted = (datetime.fromisoformat(f"2026-11-29T{text}+00:00") for text in (shown, earliest))
    assert earliest_moment(local, NOON) == wanted


def test_a_clock_of_the_next_day_is_at_most_fourteen_hours_ahead() -> None:
    assert earliest_moment(NOON + timedelta(days=1), NOON) == NOON + timedelta(hours=10)


def test_the_zone_of_the_source_s_server() -> None:
    named = {
        ("+00:00", "EST"): "+00:00",
        ("SYSTEM", "UTC"): "UTC",
        ("SYSTEM", "EST"): "America/New_York",
        ("SYSTEM", "EDT"): "America/New_York",
        ("SYSTEM", "GMT"): "GMT",
        ("SYSTEM", "CEST"): None,  # an abbreviation that is no zone: as if nothing had been given
        ("America/Chicago", "UTC"): "America/Chicago",
    }
    for (zone, system), server in named.items():
        found = TimeZones().with_server_of({"time_zone": zone, "system_time_zone": system})
        assert found.server == server, (zone, system)
    assert TimeZones(server="UTC").with_server_of({"time_zone": "-05:00"}).server == "UTC", "what is set stays"
    assert TimeZones().with_server_of(None) == TimeZones()


def test_without_a_word_about_the_server_it_is_utc_or_shares_the_applications_zone() -> None:
    five_hours_ago, now = TimeZones().moment(NOON - timedelta(hours=5), NOON), TimeZones().moment(NOON, NOON)
    assert (five_hours_ago.at, five_hours_ago.server_zone) == (NOON, f"UTC {ASSUMED}")
    assert (now.at, now.server_zone) == (NOON, f"America/New_York {ASSUMED}"), "in UTC it would be of the future"
    ahead = TimeZones().moment(NOON + timedelta(days=9), NOON)
    assert (ahead.at, ahead.server_zone) == (NOON + timedelta(days=9, hours=5), f"UTC {ASSUMED}")
    assert five_hours_ago.local == "2026-11-29 07:00:00 America/New_York"


def test_the_hour_that_a_clock_repeats() -> None:
    """01:30 came twice on 1 November 2026: the later one not after the backup, unless the server knows better."""
    wall = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    first, second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    utc, shared = TimeZones(server="UTC"), TimeZones(server="America/New_York")
    assert utc.moment(wall, second).at == second
    assert utc.moment(wall, first).at == first
    assert [shared.moment(at, second).at for at in (first, second)] == [first, second]


def test_another_application() -> None:
    zones = TimeZones(application="Europe/Berlin", server="UTC")
    found = zones.moment(datetime(2026, 7, 1, 12, tzinfo=UTC), NOON)
    assert (found.at, found.local) == (datetime(2026, 7, 1, 10, tzinfo=UTC), "2026-07-01 12:00:00 Europe/Berlin")
    assert found.server_zone == "UTC (as configured)"

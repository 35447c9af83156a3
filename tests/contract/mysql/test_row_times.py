"""When the newest row was written, under servers of several time zones: the application writes its own wall clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from harness.base.timezones import TimeZones
from harness.runtime.services.mysql import server_variables
from tests.contract.mysql.places import Place

NEW_YORK = ZoneInfo("America/New_York")
MOMENTS = (
    datetime(2026, 1, 15, 13, 20, 35, tzinfo=UTC),
    datetime(2026, 7, 15, 13, 20, 35, tzinfo=UTC),
    datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC),  # the last second before summer time, and the first one of it
    datetime(2026, 3, 8, 7, 0, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 4, 59, 59, tzinfo=UTC),  # the hour that the clock repeats, before, in and behind it
    datetime(2026, 11, 1, 5, 30, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 7, 0, 0, tzinfo=UTC),
)


def test_the_newest_row_is_right_to_the_second_under_every_server(place: Place) -> None:
    """The manifest's variables name the server's zone; a script alone does not, and containers run in UTC."""
    place.run("CREATE TABLE t (id INT PRIMARY KEY, created_at TIMESTAMP NULL)")
    wrong = []
    for zone in ("+00:00", "-05:00", "-04:00", "+01:00"):
        with place.server_set({"time_zone": zone}), place.session() as session:
            variables = server_variables(session)
            session.execute("SET time_zone = %s", (zone,))  # as a session of the application, which sets none
            for moment in MOMENTS:
                wall = moment.astimezone(NEW_YORK)
                session.execute("REPLACE INTO t VALUES (1, %s)", (f"{wall:%Y-%m-%d %H:%M:%S}",))
                stored = place.tables()["t"].newest_at
                assert stored is not None
                backup_at = moment + timedelta(minutes=5)
                found = TimeZones().with_server_of(variables).moment(stored, backup_at)
                local = f"{wall:%Y-%m-%d %H:%M:%S} America/New_York"
                if (found.at, found.local, found.server_zone) != (moment, local, f"{zone} (of the source server)"):
                    wrong.append((zone, moment, found))
                if zone == "+00:00" and TimeZones().moment(stored, backup_at).at != moment:
                    wrong.append(("assumed", moment, found))
    assert not wrong

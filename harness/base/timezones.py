"""From what a row holds to a moment in time.

Laravel writes the wall clock of its own time zone (`config/app.php`: America/New_York) into TIMESTAMP columns. The
database server takes it for one of its session's zone, and keeps what that is in UTC. So what is read in UTC is the
moment only where both zones are the same; under a server in UTC it is four or five hours early.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.base import guide
from harness.base.errors import UsageError

CLOCKS_APART = timedelta(minutes=10)
"""Clocks of two machines may differ by so much before one of them is called wrong."""

_OFFSET = re.compile(r"([+-])(\d{1,2}):(\d{2})")
_UTC = "UTC"


def zone_named(name: str) -> tzinfo | None:
    """A time zone by its IANA name, or by an offset as MySQL writes it (`-05:00`); None if there is no such zone."""
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset) if offset < timedelta(hours=24) else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def checked_zone(name: str, option: str) -> str:
    """The same name, if there is such a zone. Raises UsageError."""
    if zone_named(name) is None:
        raise UsageError(
            f"{option}: unknown time zone {name!r}",
            "Write an IANA name such as America/New_York or UTC, or an offset such as -05:00.",
        )
    return name


def earliest_moment(local: datetime, not_before: datetime) -> datetime:
    """The first moment from `not_before` on at which a clock of an unknown zone shows this time.

    Zones are multiples of 15 minutes away from UTC, at most 14 hours before it.

    Args:
        local: what the clock shows, as if it were UTC.
        not_before: a moment that has passed by then.
    """
    return max(not_before + (local - not_before) % timedelta(minutes=15), local - timedelta(hours=14))


@dataclass(frozen=True, slots=True)
class RowTime:
    """When a row was written.

    Args:
        at: the moment, UTC.
        local: the same for people, in the application's zone: what stands in the row.
        server_zone: zone of the database server that was taken, and how it is known.
    """

    at: datetime
    local: str
    server_zone: str


@dataclass(frozen=True, slots=True)
class TimeZones:
    """The zones that decide what the times of a backup mean.

    Args:
        application: in which the application writes times.
        server: of the database server's sessions when they were written; None where nothing says it.
        source: how `server` is known.
    """

    application: str = guide.APPLICATION_TIME_ZONE
    server: str | None = None
    source: str = "as configured"

    def with_server_of(self, variables: Mapping[str, str] | None) -> TimeZones:
        """The same with the zone that the source's server names, unless one is set already.

        Args:
            variables: `time_zone` and `system_time_zone` of the source's server; None where nobody read them.
        """
        if self.server is not None or variables is None:
            return self
        name = variables.get("time_zone", "")
        if name.upper() == "SYSTEM":
            name = variables.get("system_time_zone", "")
            if name in self._abbreviations():
                name = self.application  # the operating system's abbreviation, as it was when the server started
        return replace(self, server=name, source="of the source server") if zone_named(name) else self

    def moment(self, stored: datetime, not_after: datetime) -> RowTime:
        """What a TIMESTAMP that was read in UTC means.

        Where nothing says the server's zone, it is UTC (that of containers), unless the row would then be of the
        future and is not if the server shares the application's zone. In the hour that a clock repeats in autumn, the
        later of the two moments that is not after `not_after` is taken.

        Args:
            stored: as the column was read in a session in UTC.
            not_after: when the row was there at the latest.
        """
        latest = not_after + CLOCKS_APART
        zone, known = self.server or _UTC, self.source
        at = self._written(stored, zone, latest)
        if self.server is None:
            known = "assumed: the backup does not include it"
            if at > latest and (shared := self._written(stored, self.application, latest)) <= latest:
                zone, at = self.application, shared
        local = at.astimezone(zone_named(self.application))
        return RowTime(at, f"{local:%Y-%m-%d %H:%M:%S} {self.application}", f"{zone} ({known})")

    def _written(self, stored: datetime, server: str, latest: datetime) -> datetime:
        """The moment of the wall clock that the application wrote into a server of this zone."""
        if server == self.application:
            return stored
        wall = stored.astimezone(zone_named(server)).replace(tzinfo=zone_named(self.application))
        both = sorted(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return both[1] if both[1] <= latest else both[0]

    def _abbreviations(self) -> set[str]:
        """What the application's zone is called in winter and in summer: EST and EDT."""
        zone = zone_named(self.application)
        return {datetime(2026, month, 15, tzinfo=zone).tzname() or "" for month in (1, 7)}

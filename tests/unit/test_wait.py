"""Time: waiting, pace, time zones, interruption."""

import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from harness.base.errors import ServerFailed, UsageError, WaitTimeout
from harness.base.interruption import _restore, finishing, interrupted, terminable
from harness.base.sizes import Pace
from harness.base.timezones import TimeZones, checked_zone, earliest_moment, zone_named
from harness.base.wait import wait_until
from tests.tables import over_table


def test_the_first_answer_ends_the_wait_and_only_none_and_false_mean_not_yet() -> None:
    """Details are not gathered while there is hope; a limit of zero still asks once."""

    def details() -> str:
        raise AssertionError("asked too early")

    answers = iter([None, False, "ready"])
    ready = wait_until(lambda: next(answers), what="it", timeout_s=5, interval_s=0, details=details)
    assert ready == "ready"
    for answer in (0, "", (), True):
        assert wait_until(lambda answer=answer: answer, what="it", timeout_s=0) is answer  # type: ignore[misc]
    with pytest.raises(WaitTimeout, match=r"^timed out after 0 s waiting for it$"):
        wait_until(lambda: None, what="it", timeout_s=0)


def test_a_limit_that_is_reached_says_what_was_waited_for_with_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long wait asks less often, and ends at most half a percent late."""
    now, pauses = [0.0], list[float]()

    def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        now[0] += pause_s

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(WaitTimeout) as caught:
        wait_until(lambda: False, what="MySQL to be ready", timeout_s=100, interval_s=0.05, details=lambda: "the log\n")
    assert str(caught.value) == "timed out after 100 s waiting for MySQL to be ready\nthe log"
    assert 100 <= now[0] <= 100.5
    assert (pauses[0], round(max(pauses), 1)) == (0.05, 0.5)


def test_what_a_probe_raises_ends_the_wait_at_once() -> None:
    calls = []

    def probe() -> bool:
        calls.append(1)
        raise ServerFailed("MySQL went away")

    with pytest.raises(ServerFailed, match=r"^MySQL went away$"):
        wait_until(probe, what="it", timeout_s=60)
    assert calls == [1]


def test_a_clock_that_is_set_does_not_change_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day jumps an hour ahead with each look at it; the wait is not shorter for it."""
    began = time.time()
    looks = iter(range(1, 1000))
    monkeypatch.setattr(time, "time", lambda: began + 3600 * next(looks))
    answers = iter([None, None, None, "ready"])
    assert wait_until(lambda: next(answers), what="it", timeout_s=30, interval_s=0.001) == "ready"


def test_bytes_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    known, unknown = Pace(100_000_000), Pace()
    assert known.text(0) == "0 bytes of 100.0 MB"
    now[0] = 10.0
    assert known.text(20_000_000) == "20.0 MB of 100.0 MB, 2.0 MB/s, 40 s left"
    assert known.text(2_000_000) == "2.0 MB of 100.0 MB, 200.0 kB/s, 8 min left"
    assert known.text(100_000_000) == "100.0 MB of 100.0 MB, 10.0 MB/s"
    assert known.text(101_000_000) == "101.0 MB of 101.0 MB, 10.1 MB/s"
    assert unknown.text(20_000_000) == "20.0 MB, 2.0 MB/s"


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


def test_the_earliest_moment_of_a_clock_without_a_zone() -> None:
    """Never before the moment that is known, and never after the true one; at most fourteen hours ahead."""
    for shown, earliest in (
        ("29T12:00:40", "12:00:40"), ("29T07:00:40", "12:00:40"), ("29T17:45:40", "12:00:40"),
        ("29T11:59:00", "12:14:00"), ("29T12:00:00", "12:00:00"), ("30T12:00:00", "22:00:00"),
    ):  # fmt: skip
        local = datetime.fromisoformat(f"2026-11-{shown}+00:00")
        assert earliest_moment(local, NOON) == datetime.fromisoformat(f"2026-11-29T{earliest}+00:00")


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


def test_the_hour_that_a_clock_repeats_and_another_application() -> None:
    """01:30 came twice on 1 November 2026: the later one not after the backup, unless the server knows better."""
    wall = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    first, second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    utc, shared = TimeZones(server="UTC"), TimeZones(server="America/New_York")
    assert utc.moment(wall, second).at == second
    assert utc.moment(wall, first).at == first
    assert [shared.moment(at, second).at for at in (first, second)] == [first, second]
    zones = TimeZones(application="Europe/Berlin", server="UTC")
    found = zones.moment(datetime(2026, 7, 1, 12, tzinfo=UTC), NOON)
    assert (found.at, found.local) == (datetime(2026, 7, 1, 10, tzinfo=UTC), "2026-07-01 12:00:00 Europe/Berlin")
    assert found.server_zone == "UTC (as configured)"


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A command that was interrupted hears nothing more: here the next test does."""
    yield
    _restore()


@over_table("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_second_signal_does_not_disturb_the_end(number: signal.Signals) -> None:
    done = []

    def drill() -> None:
        try:
            with terminable():  # of a drill in a command
                signal.raise_signal(number)
                done.append("after the signal")
        finally:
            signal.raise_signal(number)
            done.append("cleaned up")

    with pytest.raises(KeyboardInterrupt), terminable():
        drill()
    signal.raise_signal(number)
    assert done == ["cleaned up"]


def test_a_signal_in_an_orderly_end_waits_for_it() -> None:
    done = []

    def end() -> None:
        with finishing():
            with finishing():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")
        done.append("not reached")

    with pytest.raises(KeyboardInterrupt), terminable():
        end()
    assert done == ["inner", "outer"]


def test_without_a_signal_everything_is_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with terminable(), finishing():
        pass
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), terminable():
            signal.raise_signal(signal.SIGTERM)


def test_an_interruption_that_a_callback_loses_comes_again(capfd: pytest.CaptureFixture[str]) -> None:
    """Python ignores what `__del__` raises, and shows a traceback of it."""

    class Deleted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def command() -> None:
        Deleted()
        wait_until(lambda: False, what="the signal once more", timeout_s=60)

    with pytest.raises(KeyboardInterrupt), terminable():
        command()
    assert capfd.readouterr() == ("", "")


def test_an_interruption_ends_the_block_as_one_whatever_became_of_it() -> None:
    class Named:
        def __set_name__(self, *_: object) -> None:
            signal.raise_signal(signal.SIGINT)

    def command() -> None:
        with pytest.raises((RuntimeError, KeyboardInterrupt)):  # the former before Python 3.12
            type("Made", (), {"field": Named()})
        assert interrupted()
        sys.exit(1)  # as click ends what is interrupted

    with pytest.raises(KeyboardInterrupt), terminable():
        command()
    assert not interrupted(), "the block is over"


def test_what_is_ignored_stays_ignored() -> None:
    """As `nohup` does it."""
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with terminable():
        signal.raise_signal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, ignored)

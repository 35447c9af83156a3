"""How far a long step is: bytes, rate, and what is left of the whole where that is known."""

from __future__ import annotations

import time

import pytest

from harness.base.pace import Pace


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

"""Limits: what an option says, what a scenario and a configuration say, and how they grow with a backup."""

from dataclasses import fields

import pytest

from harness.base.errors import UsageError
from harness.base.limits import NAMES, Limits, duration_s, option_for
from harness.scenario.definition import LimitChoices


def test_times_have_units() -> None:
    durations = {"90s": 90, "2m": 120, "1.5h": 5400, " 10m ": 600, "0.5s": 0.5, "2d": 172_800, "1w": 604_800}
    assert {text: duration_s(text, "--limit step") for text in durations} == durations
    for text in ("90", "0", "1.5"):
        with pytest.raises(UsageError, match=f"^--limit step: '{text}' has no unit\nHINT: Examples: 90s"):
            duration_s(text, "--limit step")
    for text in ("", "0s", "-1", "2 days", "m", "1h30m", "inf", "nan", "1e3", "٣s"):
        with pytest.raises(
            UsageError, match=r"^--limit step: .* is not a time greater than zero\nHINT: Examples: 90s, 2m, 1\.5h"
        ):
            duration_s(text, "--limit step")


def test_an_option_sets_one_limit_and_the_last_one_wins() -> None:
    limits = Limits().with_options(["search-ready=10m", "step=1h", "step=2h"])
    assert limits == Limits().with_explicit(search_ready_s=600, step_s=7200)
    assert option_for("search_ready_s") == "--limit search-ready=TIME"
    for wrong in ("searchready=10m", "search-ready", "=10m", "search_ready_s=10m", ""):
        with pytest.raises(UsageError) as caught:
            Limits().with_options([wrong])
        assert caught.value.fact == f"--limit {wrong!r}: unknown limit"
        assert all(name in caught.value.hints[0] for name in NAMES)


def test_what_reads_all_of_a_backup_gets_more_time_for_a_larger_one() -> None:
    """Meilisearch answers after a whole dump was imported; a server that is asked to end does not know a size."""
    assert Limits().for_backup(0) == Limits()
    exact = Limits().with_explicit(step_s=30).for_backup(1_000_000_000)
    assert (exact.step_s, exact.answer_s) == (30, 4600)
    grown = Limits().for_backup(1_000_000_000)
    more_s = {
        each.name: getattr(grown, each.name) - getattr(Limits(), each.name)
        for each in fields(Limits)
        if each.name != "explicit"
    }
    assert {name for name, more in more_s.items() if more == 0} == {"mysql_ready_s", "app_ready_s", "stop_s"}
    assert set(more_s.values()) == {0, 4000}


def test_scenarios_and_configurations_know_every_limit() -> None:
    assert set(LimitChoices.model_fields) == {"server_ready_s", *NAMES.values()}
    both = LimitChoices(server_ready_s=5, search_ready_s=7).over(Limits())
    assert both == Limits().with_explicit(mysql_ready_s=5, search_ready_s=7)

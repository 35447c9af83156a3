"""The scorecard is read for names, families and outcomes; whatever else it says does not matter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.records.history.scorecard import read_scorecard
from tests.tables import over_table


@over_table(
    "raw",
    [
        {
            "format_version": 1,
            "made_at": "2026-11-20",
            "faults": [
                {"fault": "cut", "family": "dump", "outcome": "detected", "seconds": 3},
                {"fault": "lost-row", "family": "source", "outcome": "not detected", "finding": None},
            ],
        },
        {
            "made_at": "2026-11-20",
            "families": {
                "dump": {"faults": [{"name": "cut", "outcome": "detected"}], "detected": 1},
                "source": {"faults": [{"name": "lost-row", "outcome": "not detected"}]},
            },
        },
        {
            "made_at": "2026-11-20",
            "families": [
                {"name": "dump", "faults": [{"name": "cut", "result": "detected"}]},
                {"name": "source", "faults": [{"name": "lost-row", "result": "not detected"}]},
            ],
        },
        {
            "made_at": "2026-11-20",
            "dump": [{"name": "cut", "outcome": "detected"}],
            "source": [{"name": "lost-row", "outcome": "not detected"}],
        },
    ],
)
def test_outcomes_are_found_wherever_they_stand(tmp_path: Path, raw: object) -> None:
    path = tmp_path / "score.json"
    path.write_text(json.dumps(raw))
    found = read_scorecard(path)
    assert found.outcomes == {"cut": ("dump", "detected"), "lost-row": ("source", "not detected")}
    assert (found.name, found.made_at) == ("score.json", "2026-11-20")
    assert (found.detects("cut"), found.detects("lost-row"), found.detects("other")) == (True, False, None)


@over_table(
    "content, message",
    [
        ("{}", "the scorecard {path} names no fault with an outcome"),
        ("[]", "the scorecard {path} names no fault with an outcome"),
        ('{"total": 3}', "the scorecard {path} names no fault with an outcome"),
        ("no", "the scorecard {path} is not valid JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_what_is_no_scorecard_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "score.json"
    path.write_text(content)
    with pytest.raises(UsageError) as wrong:
        read_scorecard(path)
    assert wrong.value.fact == message.format(path=path)


def test_a_scorecard_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as wrong:
        read_scorecard(tmp_path / "score.json")
    assert str(wrong.value) == f"cannot read the scorecard {tmp_path / 'score.json'}: No such file or directory"

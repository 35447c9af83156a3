"""`verify --sample`: what a share is, and what a result of a sample says of itself."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from harness.base.model import Verdict
from harness.checks.evidence import Evidence, RowSample
from harness.cli.commands import verify
from harness.cli.main import main
from harness.drill.negative_control.rows import ROWS
from harness.reports.verified import shares
from harness.reports.words import sentence_of
from tests.tables import over_table
from tests.unit.reports.results import failed, passed


@over_table("text", ["0", "1", "100%", "-1%", "x", "%", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    answer = CliRunner().invoke(main, ["verify", "--sample", text, "nowhere"])
    assert answer.exit_code == 2
    assert "is not a share between 0 and 1, such as 0.01 or 1%" in " ".join(answer.output.split())


@over_table("text, share", [("1%", 0.01), ("0.25", 0.25), ("0.5%", 0.005)])
def test_a_share_is_a_number_or_percent(text: str, share: float) -> None:
    assert verify._share(None, None, text) == pytest.approx(share)  # type: ignore[arg-type]


def test_a_sample_never_claims_that_all_was_compared(evidence: Evidence) -> None:
    result = passed(evidence)
    assert sentence_of(result) == "The backup restores: every check passed."
    sampled = replace(result, sample_share=0.01)
    assert sentence_of(sampled) == ("Every check passed, with a sample of the rows: 0.01 of them compared by value.")
    bad = replace(failed(evidence), sample_share=0.01)
    assert bad.verdict is Verdict.FAIL
    assert sentence_of(bad) == "The backup does not restore correctly."
    seen = replace(evidence, source=None, script=replace(evidence.script, sample=RowSample(0.01, 7)))
    assert shares(seen)[0].verified == 7


@over_table("name", sorted(ROWS))
def test_no_row_is_damaged_that_a_sample_may_leave_out(name: str) -> None:
    sampled = SimpleNamespace(source=None, script=SimpleNamespace(sample=RowSample(0.01, 7)), migration=None)
    with ROWS[name](SimpleNamespace(evidence=sampled, kept=False), Random(1)) as touched:  # type: ignore[arg-type]
        assert touched is None

"""Where the time went: by step and by process, on the page and on the console; an older result says nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from harness.base.model import DrillResult, ProcessUsage
from harness.checks.evidence import Evidence
from harness.cli.main import main
from harness.records.run_directory import RunDirectory
from harness.reports.document import Grid
from harness.reports.timing import timing_grids
from tests.unit.reports.results import passed
from tests.unit.reports.test_report_page import section


def timed(evidence: Evidence) -> DrillResult:
    result = passed(evidence)
    started, loaded = result.steps
    used = (
        ProcessUsage("client", 1.5, 24_000_000, 24_000_000),
        ProcessUsage("MySQL", 7.25, 0, 90_000_000),
        ProcessUsage("harness", 0.01),
    )
    started = replace(started, processes=(ProcessUsage("MySQL", 0.75),))
    return replace(result, steps=(started, replace(loaded, size_bytes=24_000_000, processes=used)))


def test_time_is_reported_by_step_and_by_process(evidence: Evidence, tmp_path: Path) -> None:
    result = timed(evidence)
    by_step, by_process = timing_grids(result.steps)
    assert by_step.rows == (
        ("Start the servers of the target", "1.5 s", "0.8 s", "MySQL 0.8 s", "", ""),
        ("Load the dump", "12.0 s", "8.8 s", "MySQL 7.2 s, client 1.5 s", "24.0 MB", "2.0 MB/s"),
    )
    assert by_process.rows == (
        ("MySQL", "8.0 s", "0 bytes", "90.0 MB"),
        ("client", "1.5 s", "24.0 MB", "24.0 MB"),
        ("harness", "0.0 s", "0 bytes", "0 bytes"),
    )
    assert [block for block in section(result, None, tmp_path, "timeline") if isinstance(block, Grid)] == [
        by_step,
        by_process,
    ]


def test_the_command_prints_it_from_a_run_directory(evidence: Evidence, tmp_path: Path) -> None:
    RunDirectory(tmp_path).save_result(timed(evidence))
    answer = CliRunner().invoke(main, ["report", str(tmp_path), "--timing"])
    assert answer.exit_code == 0
    assert "2.0 MB/s" in answer.output
    assert "CPU time and bytes by process" in answer.output


def test_an_older_result_is_refused_and_its_page_has_no_table(evidence: Evidence, tmp_path: Path) -> None:
    result = passed(evidence)
    assert not any(isinstance(block, Grid) for block in section(result, None, tmp_path, "timeline"))
    RunDirectory(tmp_path).save_result(result)
    answer = CliRunner().invoke(main, ["report", str(tmp_path), "--timing"])
    assert answer.exit_code == 2
    assert "older version" in answer.output

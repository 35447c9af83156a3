"""A matrix as one table, and its verdict: the worst of all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

from harness.base.model import MatrixCell, MatrixResult, Verdict
from harness.reports.matrix import print_matrix
from harness.reports.terminal import Terminal
from tests.tables import over_table

GOOD = MatrixCell((("mysql", "9.7"),), ("MySQL 9.7.4",), "run-1", Verdict.PASS, 0, 40.0, 9.5, 0, ())
BAD = MatrixCell(
    (("mysql", "8.4"),), ("MySQL 8.4.6",), "run-2", Verdict.FAIL, 1, 20.0, None, 2, ("Table [x] is gone.", "Two.")
)
UNKNOWN = replace(GOOD, verdict=Verdict.INCONCLUSIVE, exit_code=3)


def matrix(*cells: MatrixCell, combinations: int | None = None) -> MatrixResult:
    return MatrixResult(1, "m", "Why.", datetime(2026, 11, 23, tzinfo=UTC), combinations or len(cells), cells)


@over_table(
    "cells, of, verdict",
    [
        ((GOOD, GOOD), 2, Verdict.PASS),
        ((GOOD, UNKNOWN), 2, Verdict.INCONCLUSIVE),
        ((UNKNOWN, BAD, GOOD), 3, Verdict.FAIL),
        ((GOOD,), 2, Verdict.INCONCLUSIVE),
        ((), 2, Verdict.INCONCLUSIVE),
    ],
)
def test_the_worst_counts_and_what_was_not_drilled_is_no_pass(
    cells: tuple[MatrixCell, ...], of: int, verdict: Verdict
) -> None:
    assert matrix(*cells, combinations=of).verdict is verdict


def test_one_line_for_each_and_why() -> None:
    out = StringIO()
    print_matrix(Terminal(file=out, width=100), matrix(GOOD, BAD, combinations=3), "/runs/m")
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "",
        "Matrix",
        "Verdict  mysql  Ran on       Restore  Errors  Run",
        "PASS     9.7    MySQL 9.7.4    9.5 s       0  run-1",
        "FAIL     8.4    MySQL 8.4.6        –       2  run-2",
        "mysql 8.4: Table [x] is gone.",
        "mysql 8.4: Two.",
        "1 of 3 combinations were not drilled",
        "",
        " FAIL   the worst result of 3 combinations",
        "  Details: /runs/m",
    ]

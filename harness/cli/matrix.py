"""`verify --matrix`: one drill for each combination, one after the other, and one table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import TypeAdapter

from harness.base.errors import EXIT_NOT_AS_EXPECTED, EXIT_USAGE, HarnessError
from harness.base.model import DrillResult, MatrixCell, MatrixResult, Severity, Verdict
from harness.base.settings import Settings
from harness.cli.common import print_progress
from harness.cli.context import is_quiet
from harness.drill.plan import new_drill_id
from harness.drill.result import exit_code
from harness.inputs.matrix import Combination, combinations, parse_axes
from harness.records.run_directory import RunDirectory
from harness.reports.matrix import print_matrix
from harness.reports.terminal import console_for, print_json

FORMAT_VERSION = 1


def drill_matrix(
    options: tuple[str, ...], settings: Settings, drill: Callable[[Settings, str], DrillResult], *, as_json: bool
) -> int:
    """Drill every combination, and show what came out of each.

    Args:
        drill: drills one combination, given its settings and its label.

    Returns:
        The worst exit code: 1 before 3 before 0.

    Raises:
        UsageError: the options are wrong, or a value can't be had; then nothing was started.
    """
    axes = parse_axes(options)
    matrix_id = new_drill_id("matrix")
    chosen = combinations(axes, settings, matrix_id, print_progress)
    store = RunDirectory(settings.runs_dir / matrix_id)
    result = MatrixResult(FORMAT_VERSION, matrix_id, "", datetime.now(UTC), len(chosen))
    try:
        for number, combination in enumerate(chosen, start=1):
            print_progress(f"combination {number} of {len(chosen)}: {combination.label}")
            cell, purpose = _cell(combination, drill)
            result = replace(
                result, purpose=purpose.partition(" One of several")[0] or result.purpose, cells=(*result.cells, cell)
            )
            store.save("matrix", MatrixResult, result)
    finally:
        # Also what was interrupted half way says what it came to.
        if result.cells:
            if as_json:
                shown = {**TypeAdapter(MatrixResult).dump_python(result, mode="json"), "verdict": str(result.verdict)}
                print_json(TypeAdapter(dict).dump_json(shown, indent=2).decode())
            elif not is_quiet() or result.verdict is not Verdict.PASS:
                print_matrix(console_for(), result, str(store.directory))
    codes = {cell.exit_code for cell in result.cells}
    return EXIT_NOT_AS_EXPECTED if EXIT_NOT_AS_EXPECTED in codes else max(codes)


def _cell(combination: Combination, drill: Callable[[Settings, str], DrillResult]) -> tuple[MatrixCell, str]:
    """Drill one combination; what keeps it from beginning is its own, and not the others'."""
    try:
        result = drill(combination.settings, combination.label)
    except HarnessError as error:
        if error.exit_code == EXIT_USAGE:
            raise
        verdict = Verdict.FAIL if error.exit_code == EXIT_NOT_AS_EXPECTED else Verdict.INCONCLUSIVE
        return MatrixCell(combination.values, (), "", verdict, error.exit_code, 0.0, None, 0, (error.fact,)), ""
    cell = MatrixCell(
        values=combination.values,
        servers=tuple(
            f"{part.name} {part.version}"
            for part in result.components
            if part.role in ("target mysql", "target meilisearch")
        ),
        drill_id=result.drill_id,
        verdict=result.verdict,
        exit_code=exit_code(result),
        duration_s=result.duration_s,
        recovery_time_s=result.recovery_time_s,
        errors=sum(finding.severity is Severity.ERROR for finding in result.findings),
        reasons=result.reasons,
    )
    return cell, result.purpose

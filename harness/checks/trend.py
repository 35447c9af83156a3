"""Is this backup about as large as the last ones that were good? It can be complete, and half of it lost upstream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import median

from harness.base.model import CheckResult, DirectoryTotals, Severity, TrendEvidence, TrendLimits
from harness.checks.collector import Collector

_SHRANK = "Find out who removed them and whether the backup reads the live system. Keep the earlier backups until then."
_JUMPED = "Find out where they come from; an import that ran twice is one possible cause."


def check_trend(
    trend: TrendEvidence,
    tables: Mapping[str, int],
    directories: Mapping[str, DirectoryTotals],
    documents: Mapping[str, int],
) -> CheckResult:
    """Every table, directory and index is about as large as in the last good drills of this backup.

    What is usual is the median of those drills; what one of them did not have counts as 0 there.

    Args:
        trend: the last good drills, and how far from them is too far.
        tables: rows by table, now.
        directories: files and bytes by directory of the first level, now.
        documents: documents by index, now.
    """
    limits, past = trend.limits, trend.past
    found = Collector("trend", "Size is close to that of recent passed drills")
    found.evidence("passed drills to compare with", len(past))
    if not past:
        return found.result()
    found.evidence("the latest of them", past[0].drill_id)
    compare = partial(_compare, found, limits)
    compare("table", "rows", limits.minimum_rows, tables, [drill.tables for drill in past])
    then = [drill.directories for drill in past]
    files = _files(directories), [_files(drill) for drill in then]
    reported = compare("directory", "files", limits.minimum_files, *files)
    # A directory that lost its files lost their bytes as well: it is reported once.
    sizes = _bytes(directories), [_bytes(drill) for drill in then]
    compare("directory", "bytes", limits.minimum_bytes, *sizes, leave_out=reported, count=False)
    compare("index", "documents", limits.minimum_documents, documents, [drill.documents for drill in past])
    return found.result()


def _compare(
    found: Collector,
    limits: TrendLimits,
    kind: str,
    unit: str,
    minimum: int,
    now: Mapping[str, int],
    past: Sequence[Mapping[str, int]],
    *,
    leave_out: Iterable[str] = (),
    count: bool = True,
) -> set[str]:
    """Names of what is far from usual; what is smaller than the minimum is not judged."""
    reported = set()
    for name in sorted({*now, *(name for drill in past for name in drill)}):
        found.compared += count
        usual, actual = median(drill.get(name, 0) for drill in past), now.get(name, 0)
        if max(usual, actual) < minimum or name in leave_out:
            continue
        figures = f"It has {actual:,} {unit}; the last passed drills usually had {usual:,.0f}."
        if actual < usual * (1 - limits.shrank_share):
            change, remedy = "shrank", _SHRANK
            share = f"{1 - actual / usual:.0%} less" if actual else "none of them is left"
        elif actual > usual * (1 + limits.jumped_share):
            change, remedy = "jumped", _JUMPED
            share = f"{actual / usual - 1:,.0%} more" if usual else "there were none before"
        else:
            continue
        found.add(
            f"{kind}-{change}",
            name,
            f"The {kind} {name} {change}: {share}. {figures}",
            severity=Severity.WARNING,
            expected=f"about {usual:,.0f} {unit}",
            actual=f"{actual:,} {unit}",
            remedy=remedy,
        )
        reported.add(name)
    return reported


def _files(directories: Mapping[str, DirectoryTotals]) -> dict[str, int]:
    return {name: totals.files for name, totals in directories.items()}


def _bytes(directories: Mapping[str, DirectoryTotals]) -> dict[str, int]:
    return {name: totals.size_bytes for name, totals in directories.items()}

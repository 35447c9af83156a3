"""Where the time of a drill went: by step and by process, in elapsed time, processor time and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.base.model import ProcessUsage, Step
from harness.base.sizes import size
from harness.reports.document import Column, Grid
from harness.reports.words import seconds


def timing_grids(steps: Sequence[Step]) -> Iterator[Grid]:
    """One table by step and one by process; nothing where a result of an older version says nothing of it."""
    if not any(step.processes for step in steps):
        return
    columns = (
        Column("Step"), Column("Elapsed", number=True), Column("CPU", number=True), Column("CPU by process"),
        Column("Data", number=True), Column("Rate", number=True),
    )  # fmt: skip
    yield Grid("Time and data by step", columns, tuple(_row(step) for step in steps))
    processes = (
        Column("Process"), Column("CPU", number=True), Column("Read", number=True), Column("Written", number=True)
    )  # fmt: skip
    yield Grid("CPU time and bytes by process", processes, tuple(_process_row(used) for used in _by_process(steps)))


def _row(step: Step) -> tuple[str, ...]:
    busy = sorted(step.processes, key=lambda used: -used.cpu_s)
    data, rate = "", ""
    if step.size_bytes is not None:
        data = size(step.size_bytes)
        rate = f"{size(round(step.size_bytes / step.duration_s))}/s" if step.duration_s else ""
    return (
        step.title,
        seconds(step.duration_s),
        seconds(sum(used.cpu_s for used in busy)),
        ", ".join(f"{used.name} {seconds(used.cpu_s)}" for used in busy if used.cpu_s >= _SHOWN_S),
        data,
        rate,
    )


_SHOWN_S = 0.05
"""Less is shown as 0.0 s."""


def _process_row(used: ProcessUsage) -> tuple[str, ...]:
    return used.name, seconds(used.cpu_s), size(used.read_bytes), size(used.written_bytes)


def _by_process(steps: Sequence[Step]) -> list[ProcessUsage]:
    """Sums over all steps, the busiest first."""
    total: dict[str, ProcessUsage] = {}
    for step in steps:
        for used in step.processes:
            used.add_to(total)
    return sorted(total.values(), key=lambda used: -used.cpu_s)

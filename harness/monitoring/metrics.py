"""Metrics of finished drills as a Prometheus textfile, for the textfile collector of node_exporter.

One file holds the last run of each backup. What a run does not know stays as it was: the time of the last good
drill survives a failing one, and a backup that is no longer drilled keeps its old time, so that its age is alarming.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.base.errors import UsageError
from harness.base.model import DrillResult, Verdict
from harness.base.private import whole_file

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PREFIX = "apiary_drill_"
LAST_RUN = "last_run_timestamp_seconds"
LAST_GOOD = "last_good_timestamp_seconds"
MOST_BACKUPS = 50
"Maximum number of backups in one file: those that were not drilled for the longest time are dropped."

_LARGEST_BYTES = 16 * 1024 * 1024
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")

FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "info": ("Version and mode of the last drill, always 1.", ("version", "mode")),
    "good": ("1 if the last drill ended as expected: PASS, or what its scenario expects.", ()),
    "verdict": ("1 for the verdict of the last drill, 0 for the others.", ("verdict",)),
    LAST_RUN: ("When the last drill ended.", ()),
    LAST_GOOD: ("When the last drill that ended as expected ended, 0 if unknown.", ()),
    "duration_seconds": ("How long the last drill took.", ()),
    "step_duration_seconds": ("How long each step of the last drill took.", ("step",)),
    "recovery_time_seconds": ("Measured recovery time: from stopping the application to the end of the reindex.", ()),
    "recovery_time_objective_seconds": ("Maximum recovery time (objective).", ()),
    "recovery_point_timestamp_seconds": ("Newest restored row.", ()),
    "recovery_point_age_seconds": ("Age of the newest row when the backup was taken.", ()),
    "recovery_point_objective_seconds": ("Maximum age of the newest row (objective).", ()),
    "artifact_size_bytes": ("Size of the backup's files.", ("role",)),
    "rows": ("Rows of the dump that were compared with the restored database.", ()),
    "check_compared": ("Number of items that each check compared.", ("check",)),
    "findings": ("Findings of the last drill that are listed in its result.", ("severity", "code")),
    "findings_unlisted": ("Findings of the last drill that are only counted, not listed.", ()),
    "peak_memory_bytes": ("Peak memory of the harness itself.", ()),
}
"""Name without prefix: what it means, and its labels besides `backup`. All are gauges of the last run."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value: family without prefix, backup, the other labels in the order of the family."""

    family: str
    backup: str
    labels: tuple[str, ...] = field(default=())
    value: float = 1.0


def write_metrics(path: Path, result: DrillResult) -> None:
    """Put a run into the file, in place of the earlier run of the same backup; the file is exchanged at once.

    Args:
        path: the textfile; node_exporter takes those that end in `.prom`.

    Raises:
        UsageError: the file that is there is none of this program.
        OSError: it cannot be written.
    """
    path = path.resolve()
    with _locked(path.parent):
        earlier = read_metrics(path)
        mine = tuple(samples_of(result, _last_good(earlier, _backup(result))))
        others = _most_recent([sample for sample in earlier if sample.backup != _backup(result)])
        # Its reader is another user. The collector takes every file that ends in .prom: the partial one does not.
        with whole_file(path, mode=0o644) as file:
            file.write(_render((*others, *mine)))


def check_file(path: Path) -> None:
    """Whether metrics could be written there; asked before a drill starts. Raises UsageError: they could not."""
    path = path.resolve()
    if not path.parent.is_dir():
        raise UsageError(f"cannot write metrics to {path}: directory {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write metrics to {path}: Permission denied")
    read_metrics(path)


def read_metrics(path: Path) -> tuple[Sample, ...]:
    """What an earlier run wrote; nothing where there is no file.

    Raises:
        UsageError: the file cannot be read, or is none of this program.
    """
    from prometheus_client.parser import text_string_to_metric_families

    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(f"cannot read the earlier metrics {path}: {error.strerror}") from None
    found = []
    try:
        samples = [each for family in text_string_to_metric_families(text.decode()) for each in family.samples]
    except (ValueError, KeyError, IndexError, TypeError):  # what the parser raises for text that is none
        samples = None
    if samples is None or not all(each.name.startswith(PREFIX) and "backup" in each.labels for each in samples):
        raise UsageError(
            f"{path} was not written as a metrics file by this program", "Give another file, or delete this one."
        )
    for sample in samples:
        name = sample.name.removeprefix(PREFIX)
        if name in FAMILIES and set(sample.labels) == {"backup", *FAMILIES[name][1]}:
            labels = tuple(sample.labels[label] for label in FAMILIES[name][1])
            found.append(Sample(name, sample.labels["backup"], labels, sample.value))
    return tuple(found)


def samples_of(result: DrillResult, last_good: float) -> Iterator[Sample]:
    """The values of one run.

    Args:
        last_good: when the last good drill before it ended, in seconds since 1970, or 0.
    """
    backup = _backup(result)
    ended = result.started_at.timestamp() + result.duration_s
    good = result.verdict is result.expected_verdict
    single: dict[str, float | None] = {
        "good": good,
        LAST_RUN: ended,
        LAST_GOOD: ended if good else last_good,
        "duration_seconds": result.duration_s,
        "recovery_time_seconds": result.recovery_time_s,
        "recovery_time_objective_seconds": result.recovery_time_objective_s,
        "recovery_point_timestamp_seconds": None
        if result.recovery_point_at is None
        else result.recovery_point_at.timestamp(),
        "recovery_point_age_seconds": result.recovery_point_s,
        "recovery_point_objective_seconds": result.recovery_point_objective_s,
        "rows": next((check.compared for check in result.checks if check.check == "rows-script"), None),
        "findings_unlisted": sum(check.suppressed for check in result.checks),
        "peak_memory_bytes": result.peak_memory_bytes,
    }
    yield Sample("info", backup, (_label(__version__), _label(result.mode)))
    for verdict in Verdict:
        yield Sample("verdict", backup, (str(verdict),), float(verdict is result.verdict))
    for name, value in single.items():
        if value is not None:
            yield Sample(name, backup, (), float(value))
    for name, counted in (
        ("step_duration_seconds", _summed(((step.name,), step.duration_s) for step in result.steps)),
        ("artifact_size_bytes", _summed(((file.role,), file.size_bytes) for file in set(result.artifacts))),
        ("check_compared", _summed(((check.check,), check.compared) for check in result.checks)),
        ("findings", _summed(((finding.severity, finding.code), 1) for finding in result.findings)),
    ):
        for labels, value in counted.items():
            yield Sample(name, backup, labels, float(value))


def _backup(result: DrillResult) -> str:
    return result.backup or result.scenario


def _last_good(earlier: Iterable[Sample], backup: str) -> float:
    return next((each.value for each in earlier if each.family == LAST_GOOD and each.backup == backup), 0.0)


def _most_recent(samples: list[Sample]) -> Iterator[Sample]:
    ended = {sample.backup: sample.value for sample in samples if sample.family == LAST_RUN}
    kept = set(sorted(ended, key=lambda backup: ended[backup], reverse=True)[: MOST_BACKUPS - 1])
    return (sample for sample in samples if sample.backup in kept)


def _summed(values: Iterable[tuple[tuple[str, ...], float]]) -> dict[tuple[str, ...], float]:
    total: Counter[tuple[str, ...]] = Counter()
    for labels, value in values:
        total[tuple(_label(label) for label in labels)] += value  # type: ignore[assignment]
    return dict(total)


def _label(text: str) -> str:
    """A label's value: names that this program gives, and nothing that a backup could bring in."""
    return text if _LABEL.fullmatch(text) else "other"


def _render(samples: Iterable[Sample]) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily

    families = {
        name: GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=("backup", *labels))
        for name, (meaning, labels) in FAMILIES.items()
    }
    for sample in samples:
        families[sample.family].add_metric((sample.backup, *sample.labels), sample.value)

    class Collected:
        def collect(self) -> Iterable[Metric]:
            return (family for family in families.values() if family.samples)

    registry = CollectorRegistry()
    registry.register(Collected())
    return generate_latest(registry)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One writer at a time; the lock is on the directory, so that no other file appears in it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

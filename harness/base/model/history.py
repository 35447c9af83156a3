"""Earlier drills of the same backup, and how far a new one may be from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from harness.base.model.files import DirectoryTotals


@dataclass(frozen=True, slots=True)
class TrendLimits:
    """How far a table, a directory or an index may be from what it usually was.

    Args:
        drills: how many of the last good drills are looked at; the median of them is what is usual.
        shrank_share: the share of the usual that may be missing, 0 to 1.
        jumped_share: the share of the usual that may have come on top; 1 is twice as much.
        minimum_rows, minimum_files, minimum_bytes, minimum_documents: what has less, then and now, is not judged.
    """

    drills: int = 5
    shrank_share: float = 0.2
    jumped_share: float = 1.0
    minimum_rows: int = 100
    minimum_files: int = 20
    minimum_bytes: int = 1_000_000
    minimum_documents: int = 100


@dataclass(frozen=True, slots=True)
class PastDrill:
    """One good drill of the same backup, as the history has it.

    Args:
        drill_id: name of the run.
        started_at: its beginning.
        recovery_time_s: of stop, files, database, start and reindex.
        steps: seconds by name of the step.
        tables: rows by table.
        directories: files and bytes by directory of the first level.
        documents: documents by index.
        artifacts: bytes by role of the artifact.
    """

    drill_id: str
    started_at: datetime
    recovery_time_s: float | None
    steps: Mapping[str, float]
    tables: Mapping[str, int]
    directories: Mapping[str, DirectoryTotals]
    documents: Mapping[str, int]
    artifacts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrendEvidence:
    """The last good drills of the same backup, newest first, and how far from them is too far."""

    limits: TrendLimits
    past: tuple[PastDrill, ...]

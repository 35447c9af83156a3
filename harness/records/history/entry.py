"""One finished run, as the history keeps it: names, counts, sizes, times and digests, a few kilobytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.base.errors import UsageError
from harness.base.model import (
    ArtifactFile,
    Component,
    DirectoryTotals,
    DrillResult,
    Finding,
    PastDrill,
    Severity,
    Verdict,
)
from harness.inputs.identity import backup_of_location, backup_of_scenario

if TYPE_CHECKING:
    from harness.checks.evidence import Evidence

ENTRY_VERSION = 1
_VERIFY = "verify"
"""What results call a drill of an existing backup; all others are names of scenarios."""
_KEPT_REASONS = 10
_KEPT_FINDINGS = 200


@dataclass(frozen=True, slots=True)
class PastStep:
    """One step with its time."""

    name: str
    title: str
    duration_s: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class PastFinding:
    """A finding, without its sentence: `count` says how many of this code were about this subject.

    A file is named by its directory of the first level only (`resumes/…`).
    """

    code: str
    severity: Severity
    subject: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished run.

    Args:
        format_version: 1.
        drill_id: name of the run; a run is in the history once.
        backup: name of the backup from one drill to the next.
        generated: True for a drill with generated data: it proves the procedure, and says nothing of a backup.
        scenario: name of the scenario, or `verify`.
        mode: `faithful` or `fast`.
        harness: version of apiary-drill that wrote the entry.
        started_at, finished_at: of the drill, UTC.
        verdict: what came out.
        expected: the verdict that the scenario is there for; not PASS for a negative control.
        faults: what was done to the backup on purpose.
        reasons: what decided the verdict.
        recovery_time_s, recovery_time_objective_s: of stop, files, database, start and reindex; what they may take.
        recovery_point_s, recovery_point_objective_s: age of the newest row when the backup was taken; what it may be.
        newest_row_at, backup_at: times, or None where nothing says them.
        steps: with their seconds.
        tables: rows by table, as they came back.
        directories: files and bytes by directory of the first level, as they came back.
        documents: documents by index, as they were rebuilt.
        artifacts: files of the backup, with size and digest.
        findings: by code and subject.
        components: what was run.
        result_sha256: digest of the run's `result.json`, hexadecimal.
    """

    format_version: int
    drill_id: str
    backup: str
    generated: bool
    scenario: str
    mode: str
    harness: str
    started_at: datetime
    finished_at: datetime
    verdict: Verdict
    expected: Verdict
    faults: tuple[str, ...]
    reasons: tuple[str, ...]
    recovery_time_s: float | None
    recovery_time_objective_s: float | None
    recovery_point_s: float | None
    recovery_point_objective_s: float | None
    newest_row_at: datetime | None
    backup_at: datetime | None
    steps: tuple[PastStep, ...]
    tables: Mapping[str, int]
    directories: Mapping[str, DirectoryTotals]
    documents: Mapping[str, int]
    artifacts: tuple[ArtifactFile, ...]
    findings: tuple[PastFinding, ...]
    components: tuple[Component, ...]
    result_sha256: str
    compared: Mapping[str, int] = field(default_factory=dict)

    @property
    def control(self) -> bool:
        """Whether something was broken on purpose: then it says nothing of the backup or of the procedure."""
        return bool(self.faults) or self.expected is not Verdict.PASS

    @property
    def good(self) -> bool:
        """Whether it proves that the backup restores."""
        return self.verdict is Verdict.PASS and not self.control

    def count(self, severity: Severity) -> int:
        """How many findings of this severity there were."""
        return sum(finding.count for finding in self.findings if finding.severity is severity)

    def past(self) -> PastDrill:
        """The figures that later drills are compared with."""
        return PastDrill(
            drill_id=self.drill_id,
            started_at=self.started_at,
            recovery_time_s=self.recovery_time_s,
            steps={step.name: step.duration_s for step in self.steps},
            tables=self.tables,
            directories=self.directories,
            documents=self.documents,
            artifacts={file.role: file.size_bytes for file in self.artifacts},
        )


def entry_of_run(run_dir: Path, backup: str = "") -> Entry:
    """Read a finished run's directory, of this version or an older one.

    Args:
        backup: the name for a backup of which the result does not say one; without it, its script's name is used.

    Raises:
        UsageError: the run did not finish, or its files are damaged or newer than this program.
    """
    # Only here: whoever reads the history does not wait for what it takes to read a run.
    from harness.records.run_directory import EVIDENCE, RunDirectory

    if not run_dir.is_dir():
        raise UsageError(f"{run_dir} is not a directory", "Give the run directory that the drill printed.")
    store = RunDirectory(run_dir)
    result = store.load_result()
    digest = hashlib.sha256(store.path("result.json").read_bytes()).hexdigest()
    evidence = store.load_evidence() if store.path(f"{EVIDENCE}.json").exists() else None
    entry = _entry(result, digest, backup)
    return entry if evidence is None else _with_content(entry, evidence)


def _entry(result: DrillResult, digest: str, backup: str) -> Entry:
    generated = result.scenario != _VERIFY
    return Entry(
        format_version=ENTRY_VERSION,
        drill_id=result.drill_id,
        backup=result.backup or (backup_of_scenario(result.scenario) if generated else backup or _by_artifact(result)),
        generated=generated,
        scenario=result.scenario,
        mode=result.mode,
        harness=__version__,
        started_at=_whole(result.started_at),
        finished_at=_whole(result.started_at + timedelta(seconds=result.duration_s)),
        verdict=result.verdict,
        expected=result.expected_verdict,
        faults=tuple(fault.name for fault in result.faults),
        reasons=tuple(dict.fromkeys(_plain(reason, result.findings) for reason in result.reasons))[:_KEPT_REASONS],
        recovery_time_s=_rounded(result.recovery_time_s),
        recovery_time_objective_s=_rounded(result.recovery_time_objective_s),
        recovery_point_s=_rounded(result.recovery_point_s),
        recovery_point_objective_s=_rounded(result.recovery_point_objective_s),
        newest_row_at=result.recovery_point_at,
        backup_at=result.backup_at,
        steps=tuple(PastStep(step.name, step.title, round(step.duration_s, 3), step.failed) for step in result.steps),
        tables={},
        directories={},
        documents={},
        artifacts=result.artifacts,
        findings=_findings(result.findings),
        components=tuple(replace(part, unproven=()) for part in result.components),
        result_sha256=digest,
        compared={check.check: check.compared for check in result.checks},
    )


def _with_content(entry: Entry, evidence: Evidence) -> Entry:
    from harness.artifacts.storage.directories import directories_of
    from harness.artifacts.storage.inventory import read_inventory

    recovery = evidence.recovery
    return replace(
        entry,
        # Results of the first versions do not say these; their evidence does.
        recovery_time_objective_s=entry.recovery_time_objective_s or _rounded(recovery.restore_objective_s),
        recovery_point_objective_s=entry.recovery_point_objective_s or _rounded(recovery.point_objective_s),
        backup_at=entry.backup_at or recovery.backup_at,
        tables={table.name: table.rows for table in evidence.target.tables},
        directories=directories_of(read_inventory(evidence.files.actual)) if evidence.files.actual.exists() else {},
        documents={index.name: index.documents for index in evidence.search.actual.indexes},
    )


def _by_artifact(result: DrillResult) -> str:
    """A result of an older version does not say where its backup was: the script's name has to do."""
    scripts = [file.name for file in result.artifacts if file.role == "database"]
    return backup_of_location(Path("/", scripts[0])).removeprefix("/") if scripts else "unknown"


def _findings(findings: Iterable[Finding]) -> tuple[PastFinding, ...]:
    counted: dict[tuple[str, Severity, str], int] = {}
    for finding in findings:
        key = finding.code, finding.severity, directory_only(finding.subject)
        counted[key] = counted.get(key, 0) + 1
    return tuple(PastFinding(*key, count) for key, count in counted.items())[:_KEPT_FINDINGS]


def _plain(reason: str, findings: Iterable[Finding]) -> str:
    """A reason without the names of files, which results of older versions hold."""
    for finding in findings:
        if finding.message == reason:
            return reason.replace(finding.subject, directory_only(finding.subject))
    return reason


def directory_only(subject: str) -> str:
    """A subject of a finding; of a file, only its directory of the first level."""
    first, slash, _ = subject.partition("/")
    return f"{first}/…" if slash and first else subject


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

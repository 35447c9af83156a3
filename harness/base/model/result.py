"""A drill that has ended: what was broken on purpose, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from harness.base.model.backup import ArtifactFile, Provenance
from harness.base.model.run import Acceptance, Component, Origin, Step
from harness.base.model.verdict import CheckResult, Finding, Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a fault did, described so that it can be done again by hand; never content.

    Args:
        kind: what was changed: `byte`, `row`, `statement`, `table`, `file`, `document`, `process`, `manifest`, …
        subject: which one: a file's name, a table with its key, a process.
        detail: how: offset, line, digest, count, what it became.
    """

    kind: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.detail}"


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault that a scenario asked for, and what it did; without a change it proves nothing.

    Args:
        name: in the table of faults.
        at: its injection point.
        changes: in the order in which they were made.
    """

    name: str
    at: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One drill of a matrix.

    Args:
        values: pairs of axis and value, as they were asked for.
        servers: what really ran, such as `MySQL 9.7.4`.
        drill_id: name of the run, also of its directory; empty where it could not begin.
        verdict: what came out.
        exit_code: of this drill alone.
        duration_s: all of it.
        recovery_time_s: of stop, files, database, start and reindex; None when the restore did not end.
        errors: findings of severity error.
        reasons: one sentence for each thing that decided the verdict.
    """

    values: tuple[tuple[str, str], ...]
    servers: tuple[str, ...]
    drill_id: str
    verdict: Verdict
    exit_code: int
    duration_s: float
    recovery_time_s: float | None
    errors: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """The same backup under several servers; written anew after each drill.

    Args:
        format_version: 1.
        matrix_id: name of the run of all of them, also of its directory.
        purpose: what was drilled.
        started_at: beginning of the first drill.
        combinations: how many there are to be; fewer cells mean that it was interrupted.
        cells: one for each that was drilled, in order.
    """

    format_version: int
    matrix_id: str
    purpose: str
    started_at: datetime
    combinations: int
    cells: tuple[MatrixCell, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of all; a combination that was not drilled is inconclusive."""
        verdicts = {cell.verdict for cell in self.cells}
        if Verdict.FAIL in verdicts:
            return Verdict.FAIL
        whole = len(self.cells) == self.combinations and verdicts == {Verdict.PASS}
        return Verdict.PASS if whole else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class NegativeControl:
    """What was broken in the restored target after the verdict, and whether the checks found it.

    Args:
        name: of what was done, such as `row-removed`; empty when none was made.
        subject: table, path or index.
        detail: what was done; a key, an offset or an id, never content.
        check: the check that had to find it.
        found_as: code of the finding; empty when it was not found.
        rng_seed: the random number that the choice followed from.
        duration_s: how long it took.
        note: why there was none, or why it failed.
    """

    name: str = ""
    subject: str = ""
    detail: str = ""
    check: str = ""
    found_as: str = ""
    rng_seed: int = 0
    duration_s: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """Everything that a drill found out: what the reports are made from.

    Args:
        format_version: 1.
        drill_id: name of the run, also of its directory.
        scenario: name of the scenario, or `verify`.
        purpose: why this drill is run, one paragraph.
        mode: `faithful` (durable as in production) or `fast` (fsync off).
        started_at: beginning of the drill.
        duration_s: all of it.
        verdict: what came out.
        reasons: one sentence for each thing that decided the verdict.
        components: what was run.
        steps: backup and restore steps with their times.
        checks: what each check saw.
        findings: of all checks and steps, worst first.
        recovery_time_s: of stop, files, database, start and reindex, measured; None when the restore did not end.
        recovery_point_at: newest row that came back, UTC.
        recovery_point_local: the same in the application's time zone, with its name: what stands in the row.
        unproven: what this drill did not prove, in words.
        recovery_time_objective_s: the most that recovery may take; None where no objective was set.
        recovery_point_objective_s: the most that the newest row may be old; None where no objective was set.
        recovery_point_s: age of the newest row when the backup was taken, or now, where nothing says when that was.
        backup_at: when the backup was taken, or None.
        backup: name of the backup from one drill to the next (docs/history.md); empty in results of older versions.
        expected_verdict: the verdict that makes the drill green; another one than PASS for a negative control.
        peak_memory_bytes: the most memory that the harness itself had, its servers and tools not counted.
        error: the error that ended the drill early, or empty.
        hints: what to do about that error.
        faults: the faults that the scenario injected, to test whether the drill detects them.
        negative_control: what was broken after the verdict, to see whether the checks find it; None where none
            was asked for (a scenario with faults is one itself).
        provenance: where the files of the backup came from, when they were fetched or chosen by a pattern.
        origin: who ran it, where and with what; None in results of older versions.
        accepted: what the configuration accepts to be left out.
        sample_share: share of the rows that were compared by value; None where all were.
    """

    format_version: int
    drill_id: str
    scenario: str
    purpose: str
    mode: str
    started_at: datetime
    duration_s: float
    verdict: Verdict
    reasons: tuple[str, ...]
    components: tuple[Component, ...]
    steps: tuple[Step, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    recovery_time_s: float | None = None
    recovery_point_at: datetime | None = None
    unproven: tuple[str, ...] = ()
    error: str = ""
    hints: tuple[str, ...] = ()
    artifacts: tuple[ArtifactFile, ...] = field(default=())
    peak_memory_bytes: int | None = None
    recovery_time_objective_s: float | None = None
    recovery_point_objective_s: float | None = None
    recovery_point_s: float | None = None
    recovery_point_local: str = ""
    backup_at: datetime | None = None
    backup: str = ""
    faults: tuple[InjectedFault, ...] = ()
    expected_verdict: Verdict = Verdict.PASS
    negative_control: NegativeControl | None = None
    provenance: tuple[Provenance, ...] = ()
    origin: Origin | None = None
    accepted: tuple[Acceptance, ...] = ()
    sample_share: float | None = None

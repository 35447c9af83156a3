"""What a period's drills say together: the facts of the exercise document, before anything is put into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from harness.base.model import Severity, Verdict
from harness.records.history.entry import Entry
from harness.records.history.period import Period
from harness.records.history.scorecard import ScorecardSummary

MET, MISSED, NOT_MEASURED, NO_OBJECTIVE = "met", "missed", "not measured", "no objective"
NOT_COUNTED = "not counted"
"""The drill did not pass, or ran in a mode whose times may not be quoted: it shows no recovery, quick or slow."""
_OF_OBJECTIVES = {"recovery-time", "recovery-point", "backup-age"}
_QUOTABLE = "faithful"


@dataclass(frozen=True, slots=True)
class Drilled:
    """One drill with what was asked of it.

    Args:
        time_objective_s, point_objective_s: its own objectives, else the configured ones for backups.
        time_met, point_met: MET, MISSED, NOT_MEASURED, NOT_COUNTED or NO_OBJECTIVE.
    """

    entry: Entry
    time_objective_s: float | None
    point_objective_s: float | None
    time_met: str
    point_met: str


@dataclass(frozen=True, slots=True)
class Series:
    """The drills of one backup, or of one scenario with generated data.

    Args:
        drills: those of the period, the oldest first.
        good: the last good one of them, or None.
        before: the last good one before the period, or None.
        passed_before: how many of those of the period before passed, and how many there were.
    """

    backup: str
    drills: tuple[Drilled, ...]
    good: Entry | None
    before: Entry | None
    passed_before: tuple[int, int] = (0, 0)

    @property
    def passed(self) -> int:
        """How many drills of the period passed."""
        return sum(1 for drilled in self.drills if drilled.entry.verdict is Verdict.PASS)

    @property
    def longest_gap_s(self) -> float | None:
        """How long that is; None where there was one good backup at most."""
        gap = self.longest_gap
        return (gap[1] - gap[0]).total_seconds() if gap else None

    @property
    def longest_gap(self) -> tuple[datetime, ...]:
        """Begin and end of the longest time between good backups, or nothing.

        It is looked for from the last good one before the period to the latest drill.

        A backup is good when its drill passed. What nothing dates counts as of the moment of its drill.
        """
        good = [drilled.entry for drilled in self.drills if drilled.entry.good]
        moments = [
            entry.backup_at or entry.started_at for entry in ((self.before,) if self.before else ()) + tuple(good)
        ]
        if not self.latest.good:
            moments.append(self.latest.started_at)
        return max(pairwise(sorted(set(moments))), key=lambda gap: gap[1] - gap[0], default=())

    @property
    def latest(self) -> Entry:
        """The last drill of the period."""
        return self.drills[-1].entry


@dataclass(frozen=True, slots=True)
class FindingHistory:
    """One finding over time, in the whole history.

    Args:
        backup, code, severity, subject: which one.
        first, last: the drills in which it was seen first and last, up to the end of the period.
        drills: in how many drills of the period it was seen.
        open: whether the latest drill of its backup in the period has it.
    """

    backup: str
    code: str
    severity: Severity
    subject: str
    first: Entry
    last: Entry
    drills: int
    open: bool

    def new_in(self, period: Period) -> bool:
        """Whether it was never seen before the period."""
        return self.first.started_at >= period.since


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """The faults of one family: detected, not detected, and not tried in this period or by the scorecard."""

    name: str
    detected: tuple[str, ...]
    undetected: tuple[str, ...]
    untried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of the history: how many entries were ever recorded, the last digest, what is wrong with it, and which
    drills count under another name or not at all, a sentence each."""

    entries: int
    digest: str
    problems: tuple[str, ...]
    amendments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exercise:
    """Everything that the document shows.

    Args:
        period, before: the period, and the one that it is compared with.
        series: backups first, then generated data.
        controls: drills in which something was broken on purpose.
        findings: worst first.
        gone: findings of the period before that no drill of this period had.
        not_drilled: backups that had a drill in the period before, or are configured, and none in this one.
        drills_before: how many drills the period before had, controls left out.
        scenarios: those that were run, with how often.
        scenarios_left: those that come with the project and were not run; those of a fault stand in its family.
        families: failure modes by family.
    """

    period: Period
    before: Period
    series: tuple[Series, ...]
    controls: tuple[Entry, ...]
    findings: tuple[FindingHistory, ...]
    gone: tuple[FindingHistory, ...]
    not_drilled: tuple[str, ...]
    drills_before: int
    scenarios: tuple[tuple[str, int], ...]
    scenarios_left: tuple[str, ...]
    families: tuple[FamilyResult, ...]
    scorecard: ScorecardSummary | None
    chain: Chain

    @property
    def drills(self) -> tuple[Drilled, ...]:
        """All drills of the period by time, controls left out."""
        found = [drilled for series in self.series for drilled in series.drills]
        return tuple(sorted(found, key=lambda drilled: drilled.entry.started_at))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the history.

    Args:
        faults: names of faults by family.
        scenarios: names of the scenarios that come with the project.
        configured: names of backups that are to be drilled.
        time_objective_s, point_objective_s: for drills of backups that had none of their own.
    """

    faults: Mapping[str, Sequence[str]]
    scenarios: Sequence[str]
    configured: Sequence[str] = ()
    time_objective_s: float | None = None
    point_objective_s: float | None = None


def exercise_of(
    entries: Iterable[Entry],
    period: Period,
    before: Period,
    known: Known,
    scorecard: ScorecardSummary | None,
    chain: Chain,
) -> Exercise:
    """Add up a period.

    Args:
        entries: the whole history, in any order; what came after the period is left out.
    """
    everything = sorted(
        (entry for entry in entries if entry.started_at < period.until),
        key=lambda entry: (entry.started_at, entry.drill_id),
    )
    inside = [entry for entry in everything if entry.started_at >= period.since]
    earlier = [entry for entry in everything if entry.started_at < period.since and not entry.control]
    drills = [entry for entry in inside if not entry.control]
    names = sorted({entry.backup for entry in drills}, key=lambda name: (name.startswith("generated data: "), name))
    series = tuple(_series(name, drills, earlier, before, known) for name in names)
    seen = _seen(everything, period, series)
    last_period = [entry for entry in earlier if entry.started_at >= before.since]
    wanted = sorted({*known.configured, *(entry.backup for entry in last_period)} - set(names))
    ran = [entry.scenario for entry in inside if entry.generated]
    return Exercise(
        period=period,
        before=before,
        series=series,
        controls=tuple(entry for entry in inside if entry.control),
        findings=tuple(each for each in seen if each.drills),
        gone=tuple(
            each for each in seen if each.backup in names and not each.drills and before.since <= each.last.started_at
        ),
        not_drilled=tuple(wanted),
        drills_before=len(last_period),
        scenarios=tuple((name, ran.count(name)) for name in sorted(set(ran))),
        scenarios_left=tuple(sorted(set(known.scenarios).difference(ran, *known.faults.values()))),
        families=tuple(_family(name, faults, inside, scorecard) for name, faults in known.faults.items()),
        scorecard=scorecard,
        chain=chain,
    )


def _series(backup: str, drills: Sequence[Entry], earlier: Sequence[Entry], before: Period, known: Known) -> Series:
    mine = [entry for entry in drills if entry.backup == backup]
    last = [entry for entry in earlier if entry.backup == backup and entry.started_at >= before.since]
    return Series(
        backup=backup,
        drills=tuple(_drilled(entry, known) for entry in mine),
        good=next((entry for entry in reversed(mine) if entry.good), None),
        before=next((entry for entry in reversed(earlier) if entry.good and entry.backup == backup), None),
        passed_before=(sum(1 for entry in last if entry.verdict is Verdict.PASS), len(last)),
    )


def _drilled(entry: Entry, known: Known) -> Drilled:
    time_s, point_s = entry.recovery_time_objective_s, entry.recovery_point_objective_s
    if not entry.generated:
        time_s = known.time_objective_s if time_s is None else time_s
        point_s = known.point_objective_s if point_s is None else point_s
    time_met = _met(entry, entry.recovery_time_s, time_s)
    if time_met in (MET, MISSED) and entry.mode != _QUOTABLE:
        time_met = NOT_COUNTED
    return Drilled(entry, time_s, point_s, time_met, _met(entry, entry.recovery_point_s, point_s))


def _met(entry: Entry, measured_s: float | None, objective_s: float | None) -> str:
    if objective_s is None:
        return NO_OBJECTIVE
    errors = {finding.code for finding in entry.findings if finding.severity is Severity.ERROR}
    if entry.verdict is not Verdict.PASS and not (errors and errors <= _OF_OBJECTIVES):
        return NOT_COUNTED
    if measured_s is None:
        return NOT_MEASURED
    return MET if measured_s <= objective_s else MISSED


def _seen(entries: Sequence[Entry], period: Period, series: Sequence[Series]) -> list[FindingHistory]:
    found: dict[tuple[str, str, str, Severity], list[Entry]] = {}
    for entry in entries:
        if not entry.control:
            for each in entry.findings:
                found.setdefault((entry.backup, each.code, each.subject, each.severity), []).append(entry)
    latest = {each.backup: each.latest for each in series}
    weight = list(Severity)
    return sorted(
        (
            FindingHistory(
                backup,
                code,
                severity,
                subject,
                drills[0],
                drills[-1],
                sum(1 for entry in drills if entry.started_at >= period.since),
                latest.get(backup) is drills[-1],
            )
            for (backup, code, subject, severity), drills in found.items()
        ),
        key=lambda each: (weight.index(each.severity), not each.open, each.backup, each.code, each.subject),
    )


def _family(
    name: str, faults: Sequence[str], inside: Sequence[Entry], scorecard: ScorecardSummary | None
) -> FamilyResult:
    detected, undetected, untried = [], [], []
    for fault in faults:
        tried = [entry for entry in inside if fault in entry.faults]
        by_scorecard = scorecard.detects(fault) if scorecard is not None else None
        if by_scorecard is False or any(entry.verdict is not entry.expected for entry in tried):
            undetected.append(fault)
        elif by_scorecard or any(entry.expected is Verdict.FAIL for entry in tried):
            detected.append(fault)
        else:
            untried.append(fault)
    return FamilyResult(name, tuple(detected), tuple(undetected), tuple(untried))

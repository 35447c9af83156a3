"""What a report says first: the backup, into what it was restored, what that leaves unproven, four figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.base.model import Component, DrillResult, Severity, Verdict
from harness.checks.evidence import Evidence
from harness.records.history.entry import Entry
from harness.reports.document import FindingGroup, Tile, Trend
from harness.reports.problems import causes
from harness.reports.verified import shares
from harness.reports.words import FAITHFUL, counted, judged_objectives, moment, seconds, span

_TARGET = "target "
_NETWORK = "network"
"""What a runtime leaves unproven stands with the application as well, and has nothing to do with a stand-in."""


def title_of(result: DrillResult, evidence: Evidence | None = None) -> str:
    """The backup's own name, and its time; the last line of a dump says that without a time zone."""
    if result.scenario != "verify":
        return f"Generated data, scenario {result.scenario}"
    scripts = [file.name for file in result.artifacts if file.role == "database"]
    name = result.backup or next(iter(scripts), "backup without a name")
    dumped_at = evidence.recovery.dumped_at if evidence is not None else None
    if result.backup_at is not None:
        return f"{name}, backup of {result.backup_at:%Y-%m-%d %H:%M} UTC"
    return f"{name}, backup of " + (f"about {dumped_at:%Y-%m-%d %H:%M} UTC" if dumped_at else "unknown time")


def subject_of(result: DrillResult) -> tuple[tuple[str, str], ...]:
    """Into what it was restored, when, and by whom."""
    into = ", ".join(f"{part.name} {part.version}" for part in targets(result)) or "no server was started"
    facts = [("Restored into", into)]
    when = f"{moment(result.started_at)}, took {seconds(result.duration_s)}"
    if result.origin is not None:
        when += f", by {result.origin.user} on {result.origin.host}"
    return (*facts, ("Drilled", when))


def targets(result: DrillResult) -> tuple[Component, ...]:
    """The servers and programs that the backup was restored into."""
    return tuple(part for part in result.components if part.role.startswith(_TARGET))


def caveat_of(result: DrillResult) -> str:
    """What stand-ins leave unproven, in one sentence; empty where every component was the real one."""
    stand_ins = [part for part in targets(result) if not part.real]
    if not stand_ins:
        return ""
    # "The stand-in stood in for Apiary: that the real application starts": what counts stands behind the colon.
    left = [text.partition(": ")[2] for part in stand_ins for text in part.unproven if _NETWORK not in text]
    names = " and ".join(part.name for part in stand_ins)
    unproven = "; ".join(dict.fromkeys(each.removeprefix("not verified ").rstrip(".") for each in left))
    return f"Restored into stand-ins ({names})." + (f" Not proven: {unproven}." if unproven else "")


def tiles_of(
    result: DrillResult, evidence: Evidence | None, problems: Sequence[FindingGroup], recent: Sequence[Entry]
) -> tuple[Tile, ...]:
    """Recovery time, recovery point, what was verified, findings."""
    time_s, point_s = result.recovery_time_s, result.recovery_point_s
    (time_text, met_time), (point_text, met_point) = judged_objectives(result)
    if time_s is not None and result.mode != FAITHFUL:
        time_text, met_time = "fsync off: not representative", None
    tally = {severity: sum(1 for each in result.findings if each.severity is severity) for severity in Severity}
    errors, warnings = tally[Severity.ERROR], tally[Severity.WARNING]
    rest = f"{counted(warnings, 'warning')}, {counted(tally[Severity.INFO], 'note')}"
    found = shares(evidence) if evidence is not None else ()
    whole = bool(found) and all(share.verified == share.expected for share in found)
    return (
        Tile(
            "Recovery time", ("not measured" if time_s is None else seconds(time_s),), time_text, met_time,
            _trend([drill.recovery_time_s for drill in recent], time_s, seconds),
        ),
        Tile(
            "Recovery point", ("not measured" if point_s is None else span(round(point_s)),), point_text, met_point,
            _trend([drill.recovery_point_s for drill in recent], point_s, lambda value: span(round(value))),
        ),
        Tile(
            "Verified",
            tuple(_share(share.verified, share.expected, share.word) for share in found) or ("nothing was compared",),
            "complete" if whole else "incomplete" if found else "the drill ended before",
            whole if found else None,
            _trend(
                [float(sum(drill.tables.values())) or None for drill in recent],
                None if evidence is None else float(sum(table.rows for table in evidence.target.tables)),
                lambda value: counted(round(value), "row"),
            ),
        ),
        Tile(
            "Findings", (counted(errors, "error"),),
            f"{counted(causes(problems), 'cause')}, {rest}" if errors else rest,
            not errors if result.verdict is not Verdict.INCONCLUSIVE else None,
            _trend(
                [float(drill.count(Severity.ERROR) + drill.count(Severity.WARNING)) for drill in recent],
                float(errors + warnings), lambda value: counted(round(value), "finding"),
            ),
        ),
    )  # fmt: skip


def _share(verified: int, expected: int | None, word: str) -> str:
    if expected is None:
        return f"{word}s: the list cannot be read"
    return f"{verified:,} of {counted(expected, word)}"


def _trend(before: Sequence[float | None], now: float | None, words: Callable[[float], str]) -> Trend:
    values = (*before, now)
    measured = [value for value in values if value is not None]
    if not before:
        return Trend((), "first drill")
    return Trend(values, " ".join(_range(measured, words, len(values))))


def _range(measured: Sequence[float], words: Callable[[float], str], drills: int) -> Iterator[str]:
    yield f"{drills} drills:"
    if not measured:
        yield "never measured"
    elif words(min(measured)) == words(max(measured)):
        yield f"always {words(measured[0])}"
    else:
        yield f"{words(min(measured))} to {words(max(measured))}"

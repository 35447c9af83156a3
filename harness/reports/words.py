"""How reports say verdicts, times, sizes and counts: the same words everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from harness.base.model import DrillResult, Finding, NegativeControl, Severity, Verdict
from harness.base.sizes import size

SENTENCES = {
    Verdict.PASS: "The backup restores: every check passed.",
    Verdict.INCONCLUSIVE: "The drill could not determine whether the backup restores.",
    Verdict.FAIL: "The backup does not restore correctly.",
}


def sentence_of(result: DrillResult) -> str:
    """The verdict as a sentence, which claims no more than was compared."""
    if result.verdict is Verdict.PASS and result.sample_share is not None:
        return f"Every check passed, with a sample of the rows: {result.sample_share:.4g} of them compared by value."
    return SENTENCES[result.verdict]


def moment(at: datetime) -> str:
    """A time to the second, UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def newest_row(result: DrillResult) -> str:
    """When the newest row was written: UTC, and as it stands in the row."""
    assert result.recovery_point_at is not None, "asked of results that have one"
    local = f" ({result.recovery_point_local})" if result.recovery_point_local else ""
    return moment(result.recovery_point_at) + local


def seconds(duration_s: float) -> str:
    """A measured duration: with fractions below a minute, in minutes and hours above."""
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    whole = round(duration_s)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def span(duration_s: float) -> str:
    """An age or an objective in its largest fitting units."""
    if duration_s < 0:
        return f"{span(-duration_s)} in the future"
    if duration_s < 60:
        return f"{duration_s:g} s" if duration_s == round(duration_s) else f"{duration_s:.1f} s"
    units = (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    left, parts = round(duration_s), []
    for name, unit in units:
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count} {'day' if name == 'days' and count == 1 else name}")
        if len(parts) == 2:
            break
    return " ".join(parts)


def counted(count: int, word: str) -> str:
    """A count with its word, such as `1 row` and `2 rows`."""
    return f"{count:,} {word}{'' if count == 1 else 'es' if word.endswith(('ex', 's')) else 's'}"


def are(count: int) -> str:
    """The verb of a count."""
    return "is" if count == 1 else "are"


def tally(findings: Sequence[Finding]) -> str:
    """How many findings of each severity there are, in words."""
    counts = [
        (sum(1 for finding in findings if finding.severity is severity), word)
        for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note"))
    ]
    parts = [counted(count, word) for count, word in counts if count]
    return ", ".join(parts) if parts else "no findings"


def times(result: DrillResult) -> str:
    """How long it took and how new the newest row is, in one line."""
    parts = [f"drill {result.duration_s:.1f} s"]
    if result.recovery_time_s is not None:
        parts.append(f"recovery time (RTO) {result.recovery_time_s:.1f} s, {mode_words(result.mode)}")
    if result.recovery_point_at is not None:
        parts.append(f"newest row {newest_row(result)}")
    if result.peak_memory_bytes is not None:
        parts.append(f"peak memory of the harness {size(result.peak_memory_bytes)}")
    return "; ".join(parts) + "."


def mode_words(mode: str) -> str:
    """What the mode of the target's servers means for the times."""
    return "production-like durability" if mode == "faithful" else "fsync off, timings not representative"


def control_sentence(control: NegativeControl) -> str:
    """What was broken after the verdict, and whether it was found."""
    if not control.name:
        return f"Negative control: none ({control.note}). This drill does not show whether the checks detect damage."
    if control.note:
        return f"Negative control {control.name}: {control.note}."
    found = f"detected, as {control.found_as}" if control.found_as else "NOT detected"
    return (
        f"Negative control {control.name}: after the verdict, {control.subject} was damaged deliberately "
        f"({control.detail}) and the check {control.check} ran again: {found}."
    )


FAITHFUL = "faithful"
"""The mode of a drill whose times may be quoted."""
MODES = {
    FAITHFUL: "production-like durability (the documented commands, with servers as durable as in production)",
    "fast": "fsync off (the same checks, timings not representative)",
}


def judged_objectives(result: DrillResult) -> tuple[tuple[str, bool | None], tuple[str, bool | None]]:
    """What became of the objectives for recovery time and recovery point."""
    codes = {finding.code for finding in result.findings}
    time_s, point_s = result.recovery_time_s, result.recovery_point_s
    return (
        _judged(time_s, result.recovery_time_objective_s, result, missed="recovery-time" in codes),
        _judged(point_s, result.recovery_point_objective_s, result, missed="recovery-point" in codes),
    )


def _judged(
    measured_s: float | None, objective_s: float | None, result: DrillResult, *, missed: bool
) -> tuple[str, bool | None]:
    """What became of an objective, in words, and whether it was met; None where nobody judged it.

    A drill that did not pass has no time in which anything was recovered: it can only miss an objective.

    Args:
        missed: whether a check found that.
    """
    if measured_s is None or objective_s is None:
        return ("no objective set" if objective_s is None else f"objective {span(objective_s)}: not measured"), None
    if missed:
        return f"objective {span(objective_s)}: missed", False
    if result.verdict is not Verdict.PASS:
        return f"objective {span(objective_s)}: not judged, the drill did not pass", None
    return f"objective {span(objective_s)}: met", True

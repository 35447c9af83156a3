"""The scorecard for people: on the console, and as Markdown for a page or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from harness.base.model import Verdict
from harness.reports.markdown import inline
from harness.reports.terminal import Terminal
from harness.runner.scorecard import FAULT_FREE, GOOD, FamilyScore, Outcome, Scorecard, ScoredDrill

_HEADINGS = tuple(Outcome)
_LISTED = 20


def drill_line(drill: ScoredDrill) -> str:
    """One line for a drill that has ended."""
    mark = "✓" if drill.outcome in GOOD else "✗"
    line = f"{mark} {drill.outcome:<13}{drill.duration_s:7.1f} s  {drill.name}"
    return line if drill.outcome in GOOD else f"{line}: {' '.join(drill.unmet)}"


def print_scorecard(console: Terminal, card: Scorecard, directory: str) -> None:
    """One line for each family, then what is wrong, then one sentence."""
    table = Table(box=None, pad_edge=False, title="Scorecard", title_justify="left", title_style="bold")
    for heading in ("Family", "Drills", *(word.capitalize() for word in _HEADINGS), "Seconds"):
        table.add_column(heading, justify="left" if heading == "Family" else "right")
    for family in (*card.families, card.total):
        table.add_row(*_cells(family))
    console.print()
    console.print(table)
    for drill in card.wrong[:_LISTED]:
        console.whole(f"{drill.outcome}: {drill.name} ({drill.drill_id or 'no run'})")
        for sentence in drill.unmet[:5]:
            console.whole(f"  {sentence}")
    if len(card.wrong) > _LISTED:
        console.print(f"… and {len(card.wrong) - _LISTED} more")
    mark = "[bold green reverse] GOOD [/]" if card.as_expected else "[bold red reverse] NOT GOOD [/]"
    console.print(f"{mark}[bold]  {escape(sentence_of(card))}[/]")
    console.plain(f"  {_ran_on(card)}")
    console.whole(f"  Details: {directory}")


def sentence_of(card: Scorecard) -> str:
    total = card.total.counts
    healthy = sum(drill.expected is Verdict.PASS for drill in card.drills)
    faults = len(card.drills) - healthy
    parts = [
        f"{total[Outcome.DETECTED]} of {faults} faults detected for the expected reason",
        f"{total[Outcome.FALSE_POSITIVE]} of {healthy} healthy backups with a false positive",
    ]
    if card.whole:
        shown = len(card.checks) - len(card.unshown)
        parts.append(f"{shown} of {len(card.checks)} checks shown failing")
    if card.unshown:
        parts[-1] += f" (not shown: {', '.join(card.unshown)})"
    return "; ".join(parts) + "."


def render_markdown(card: Scorecard) -> str:
    """The same as a page: families, every fault, and what each check is shown by."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: Scorecard) -> Iterator[str]:
    yield from (f"**{sentence_of(card)}**", "")
    yield from (f"{_ran_on(card)} Made {card.made_at:%Y-%m-%d %H:%M} UTC.", "")
    yield f"| family | drills | {' | '.join(_HEADINGS)} | seconds |"
    yield "|---|" + "---:|" * (len(_HEADINGS) + 2)
    for family in (*card.families, card.total):
        yield f"| {' | '.join(_cells(family))} |"
    yield ""
    for drill in card.wrong:
        yield f"- `{drill.name}`: {drill.outcome}. {inline(' '.join(drill.unmet))}"
    if card.wrong:
        yield ""
    yield "| scenario | family | expected | outcome | seconds |"
    yield "|---|---|---|---|---:|"
    for drill in card.drills:
        if drill.family != FAULT_FREE:
            yield (f"| `{drill.name}` | {drill.family} | {drill.expected} | {drill.outcome} | {drill.duration_s:.1f} |")
    yield from ("", "| check | undetected without it |", "|---|---|")
    for each in card.checks:
        yield f"| `{each.check}` | {', '.join(f'`{name}`' for name in each.scenarios) or '–'} |"


def _cells(family: FamilyScore) -> tuple[str, ...]:
    counts = (str(family.counts[outcome]) for outcome in Outcome)
    return family.family, str(family.drills), *counts, f"{family.duration_s:.1f}"


def _ran_on(card: Scorecard) -> str:
    at_once = "one at a time" if card.jobs == 1 else f"{card.jobs} in parallel"
    left = f" Left out, because they need another runtime: {', '.join(card.left_out)}." if card.left_out else ""
    servers = ", ".join(card.servers) or "nothing"
    return f"Runtime {card.runtime}, {servers}, {at_once}, {card.duration_s:.0f} s in total.{left}"

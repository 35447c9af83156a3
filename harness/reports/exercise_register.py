"""The register: each open finding once, with what it means, its owner, its date and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from harness.base.model import Finding, Severity
from harness.records.history.exercise import Exercise, FindingHistory
from harness.records.history.register import Action
from harness.reports.document import SEVERITY_WORDS, Block, Column, Fold, Grid, Paragraph
from harness.reports.meanings import meaning_of
from harness.reports.words import counted


@dataclass(frozen=True, slots=True)
class Registered:
    """One open finding with what people wrote about it; `today` decides whether it is overdue."""

    seen: FindingHistory
    action: Action | None
    today: date

    @property
    def owner(self) -> str:
        """Who answers for it, or empty."""
        return self.action.owner if self.action else ""

    @property
    def decision(self) -> str:
        """What was decided, or empty."""
        return self.action.decision if self.action else ""

    @property
    def overdue(self) -> bool:
        return self.action is not None and self.action.due is not None and self.action.due < self.today

    @property
    def due_text(self) -> str:
        """Its day in words."""
        if self.action is None or self.action.due is None:
            return "no date"
        return f"{self.action.due}{', overdue' if self.overdue else ''}"

    @property
    def sentence(self) -> str:
        """What it is and what follows, in a sentence."""
        return in_words(self.seen)


def register_of(exercise: Exercise, actions: Sequence[Action], today: date) -> tuple[Registered, ...]:
    """Every open error and warning, the worst first."""
    found = [seen for seen in exercise.findings if seen.open and seen.severity is not Severity.INFO]
    return tuple(
        Registered(seen, next((action for action in actions if action.about(seen)), None), today) for seen in found
    )


def in_words(seen: FindingHistory) -> str:
    """What follows from a finding, in a sentence, and what it is called."""
    return f"{_consequence(seen)} ({seen.code}, {seen.subject}, {seen.backup})"


def _consequence(seen: FindingHistory) -> str:
    if seen.code.startswith("step-"):
        return "A step failed: what comes after it was not shown."
    check = next((check for prefix, check in _CHECKS if seen.code.startswith(prefix)), "")
    known = meaning_of(check, Finding(seen.code, seen.severity, seen.subject, "")).means
    if known or seen.severity is not Severity.ERROR:
        return known or "It is noted, and nothing follows from it."
    return "The restored instance is not what the backup held."


_CHECKS = (
    ("row-", "rows-source"), ("content-", "rows-source"), ("table-shrank", "trend"), ("table-jumped", "trend"),
    ("table-", "table-set"), ("orphans", "orphans"), ("file-reference", "file-references"), ("file-", "files"),
    ("directory-", "trend"), ("index-shrank", "trend"), ("index-jumped", "trend"), ("index-", "search-indexes"),
    ("recovery-time", "recovery-time"), ("recovery-point", "recovery-point"), ("backup-age", "recovery-point"),
    ("artifact-", "artifact"), ("app-", "app-answers"), ("acceptance-", "excluded-tables"),
)  # fmt: skip
"""The history keeps codes, not checks: by their beginning, the first that fits."""


def register_section(exercise: Exercise, register: Sequence[Registered]) -> Iterator[Block]:
    """Open findings in full; those that are closed are folded away."""
    if register:
        yield Grid(
            "Open: the latest drill of the backup still has it",
            (
                Column("Finding"), Column("Severity", whole=True), Column("First seen", whole=True),
                Column("Last seen", whole=True), Column("Owner", whole=True), Column("Due", whole=True),
                Column("Decision"),
            ),
            tuple(
                (
                    each.sentence, SEVERITY_WORDS[each.seen.severity], f"{each.seen.first.started_at:%Y-%m-%d}",
                    f"{each.seen.last.started_at:%Y-%m-%d}", each.owner or "nobody yet", each.due_text,
                    each.decision or "none yet",
                )
                for each in register
            ),
            frozenset(number for number, each in enumerate(register) if each.overdue or not each.owner),
            frozenset({4, 5}),
        )  # fmt: skip
    else:
        yield Paragraph("No finding is open.")
    closed = [
        seen for seen in (*exercise.findings, *exercise.gone) if not seen.open and seen.severity is not Severity.INFO
    ]
    if closed:
        columns = (Column("Finding"), Column("Severity", whole=True), Column("First seen", whole=True),
                   Column("Last seen", whole=True))  # fmt: skip
        rows = tuple(
            (in_words(seen), SEVERITY_WORDS[seen.severity], f"{seen.first.started_at:%Y-%m-%d}",
             f"{seen.last.started_at:%Y-%m-%d}")
            for seen in closed
        )  # fmt: skip
        yield Fold("Closed: a later drill of the backup no longer has it",
                   (Grid("Closed findings", columns, rows),), counted(len(rows), "finding"))  # fmt: skip

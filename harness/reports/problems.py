"""Findings grouped by their cause: one lost row is one problem, and what refers to it are its consequences.

Checks come in the order of the procedure (artifact, script, tables, rows, files, search, application), so the first
error that is about a thing is its cause, and later ones about the same thing follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.base.model import DrillResult, Finding, Severity
from harness.checks import CHECKS
from harness.checks.evidence import Evidence
from harness.reports.document import FindingGroup
from harness.reports.meanings import meaning_of

_ANY_TABLE, _ANY_FILE = "table *", "file *"
_ORDER = {check.name: number for number, check in enumerate(CHECKS)}
_OF_FILES = ("files", "file-references", "downloads")
_APART = ("recovery-point", "recovery-time", "trend")
"""Checks of objectives and of sizes: what they find is a matter of its own, whatever else is broken."""


@dataclass(frozen=True, slots=True)
class _SubjectNames:
    """Names that subjects are read with: tables, and for a foreign key the table that it refers to."""

    tables: frozenset[str] = frozenset()
    prefix: str = ""
    referenced: Mapping[str, str] | None = None


def problems_of(result: DrillResult, evidence: Evidence | None) -> tuple[FindingGroup, ...]:
    """Every finding of a result in exactly one problem, the worst first."""
    known = _known(evidence)
    check_of = {id(finding): check.check for check in result.checks for finding in check.findings}
    grouped: list[tuple[FindingGroup, set[str]]] = []
    for finding in sorted(result.findings, key=lambda each: _place(each, check_of)):
        check = check_of.get(id(finding), "")
        about = set(_about(finding, check, known))
        cause = next(
            (
                number
                for number, (problem, explained) in enumerate(grouped)
                if _same_kind(problem.finding, finding)
                or (finding.severity is not Severity.INFO and check not in _APART and about & explained)
                or (result.error and finding.severity is Severity.ERROR)
            ),
            None,
        )
        if cause is None:
            meaning = meaning_of(check, finding)
            action = finding.remedy or meaning.remedy
            grouped.append((FindingGroup(finding, meaning.means, action), set(_explains(finding, check, about))))
        else:
            problem, explained = grouped[cause]
            if _same_kind(problem.finding, finding):  # what only follows explains nothing further
                explained |= set(_explains(finding, check, about))
            grouped[cause] = replace(problem, others=(*problem.others, finding)), explained
    weight = list(Severity)
    return tuple(problem for problem, _ in sorted(grouped, key=lambda each: weight.index(each[0].severity)))


def causes(problems: Iterable[FindingGroup]) -> int:
    """How many of them hold an error."""
    return sum(1 for problem in problems if problem.severity is Severity.ERROR)


def _place(finding: Finding, check_of: Mapping[int, str]) -> tuple[int, int]:
    """Errors first; of these the backup's own files, then what ended the drill, then all that was compared."""
    check = check_of.get(id(finding), "")
    return list(Severity).index(finding.severity), -1 if check == "artifact" else _ORDER.get(check, 0)


def _same_kind(one: Finding, other: Finding) -> bool:
    return one.code == other.code and one.severity is other.severity and _advice(one) == _advice(other)


def _advice(finding: Finding) -> str:
    """The remedy without names: the same advice for another table is the same advice."""
    return finding.remedy.replace(finding.subject, "").replace(finding.subject.partition(".")[0], "")


def _known(evidence: Evidence | None) -> _SubjectNames:
    if evidence is None:
        return _SubjectNames()
    states = (evidence.target, evidence.fresh, *((evidence.source,) if evidence.source else ()))
    names = {table.name for state in states for table in state.tables} | {
        table.name for table in evidence.script.tables
    }
    referenced = {
        f"{orphans.table}.{column}": orphans.referenced
        for orphans in evidence.target.orphans
        for column in orphans.columns
    }
    return _SubjectNames(frozenset(names), evidence.search.prefix, referenced)


def _about(finding: Finding, check: str, known: _SubjectNames) -> Iterator[str]:
    """What a finding is about, and what it refers to: `table users`, `file resumes/~3fa1.pdf`."""
    subject = finding.subject
    if check in _OF_FILES:
        yield _ANY_FILE
        yield f"file {subject}"
        if finding.code == "file-reference-missing":
            yield f"file {finding.expected}"
        return
    first = re.split(r"[. ]", subject, maxsplit=1)[0]
    for name in (first, first.removeprefix(known.prefix)):
        if name in known.tables:
            yield f"table {name}"
            yield _ANY_TABLE
    if known.referenced and (table := known.referenced.get(subject)):
        yield f"table {table}"
        yield _ANY_TABLE


def _explains(finding: Finding, check: str, about: set[str]) -> Iterator[str]:
    """What of the later findings has this one as its cause."""
    if finding.severity is not Severity.ERROR:
        return
    yield from about - {_ANY_TABLE, _ANY_FILE}
    if check == "artifact":
        yield _ANY_FILE if finding.subject.startswith(("storage", "files")) else _ANY_TABLE
    elif check == "script":
        yield _ANY_TABLE

"""The evidence behind a verdict, folded away: every table, files by directory, indexes, probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.artifacts.storage.directories import directories_of
from harness.artifacts.storage.inventory import read_inventory
from harness.base.errors import HarnessError
from harness.base.expressions import HEALTH_CHECKS
from harness.base.model import DirectoryTotals, DrillResult, IdSet, Probe
from harness.base.sizes import size
from harness.checks.evidence import Evidence, FileEvidence, expected_tables, found_tables
from harness.reports.document import Block, Bullets, Column, Facts, Fold, Grid, Paragraph, Section
from harness.reports.words import control_sentence, counted


def evidence_section(result: DrillResult, evidence: Evidence | None, run_dir: Path, *, kept: str) -> Section:
    """Everything that was compared, what was broken on purpose, and the digests of the backup's files.

    Args:
        kept: what else the run directory holds, in a sentence.
    """
    blocks: list[Block] = list(_faults(result))
    if evidence is None:
        why = "the drill ended before it was collected" if result.error else "it is not in the run directory"
        blocks.insert(0, Paragraph(f"Not available: {why}."))
    else:
        blocks += [
            Fold("Tables", tuple(_tables(evidence)), counted(len(expected_tables(evidence)), "table")),
            _files(evidence.files, run_dir),
            Fold("Search indexes", tuple(_indexes(evidence)), counted(len(evidence.search.actual.indexes), "index")),
            _probes(evidence),
        ]
    if result.artifacts:
        columns = (Column("What"), Column("Name"), Column("Size", number=True), Column("SHA-256", code=True))
        rows = tuple((file.role, file.name, size(file.size_bytes), file.sha256) for file in result.artifacts)
        grid = Grid("Files of the backup", columns, rows)
        blocks.append(Fold("Checksums of the backup", (grid,), counted(len(rows), "file")))
    if result.peak_memory_bytes is not None:
        kept = f"Peak memory of the harness: {size(result.peak_memory_bytes)}. {kept}"
    blocks.append(Paragraph(kept))
    return Section("evidence", "Evidence", tuple(blocks))


def _faults(result: DrillResult) -> Iterator[Block]:
    """What was broken on purpose, to see whether the drill notices."""
    if result.negative_control is not None:
        yield Paragraph(control_sentence(result.negative_control))
    if not result.faults:
        if result.negative_control is None:
            yield Paragraph("No fault was injected in this drill.")
        return
    rows = [
        (fault.name, fault.at, change.kind, change.subject, change.detail)
        for fault in result.faults
        for change in fault.changes
    ]
    rows += [(fault.name, fault.at, "", "", "without effect") for fault in result.faults if not fault.changes]
    columns = (Column("Fault", code=True), Column("At"), Column("What"), Column("Which"), Column("How"))
    grid = Grid("Injected faults", columns, tuple(rows))
    yield Fold("Injected faults", (grid,), counted(len(result.faults), "fault"))


def _tables(evidence: Evidence) -> Iterator[Block]:
    expected, found = expected_tables(evidence), found_tables(evidence)
    in_database = {t.name: t.rows for t in evidence.target.tables}
    equal, rows = [], []
    for name, (count, digest) in sorted(expected.items()):
        rows_now, digest_now = found.get(name, (in_database.get(name), ""))
        if rows_now == count and digest and digest_now == digest:
            equal.append(f"{name} {count:,}")
        elif rows_now is None:
            rows.append((name, f"{count:,}", "none", "table is missing"))
        else:
            same = "not compared" if not digest or not digest_now else "yes" if digest == digest_now else "no"
            rows.append((name, f"{count:,}", f"{rows_now:,}", same))
    than = "the source" if evidence.source is not None else "the dump"
    if rows:
        columns = (
            Column("Table", code=True), Column("Rows expected", number=True), Column("Rows found", number=True),
            Column("Content equal"),
        )  # fmt: skip
        yield Grid(f"Tables that differ from {than}", columns, tuple(rows), frozenset(range(len(rows))), frozenset({3}))
    if equal:
        yield Paragraph(f"With the same rows and content as {than}:")
        yield Bullets(tuple(equal), compact=True)
    if evidence.excluded_tables and evidence.manifest is None:
        left = sorted(set(evidence.excluded_tables) - set(expected))
        yield Paragraph(f"Excluded from the backup: {', '.join(left)}." if left else "No table was excluded.")


def _files(files: FileEvidence, run_dir: Path) -> Fold:
    try:
        expected, actual = (directories_of(read_inventory(path)) for path in (files.expected, files.actual))
    except HarnessError as error:
        return Fold("Files by directory", (Paragraph(f"The list of files cannot be read: {error.fact}."),))
    nothing = DirectoryTotals(0, 0)
    rows, equal = [], []
    for name in sorted({*expected, *actual}):
        before, after = expected.get(name, nothing), actual.get(name, nothing)
        if name in files.excluded and not after.files:
            equal.append(f"{name} excluded")
        elif before == after:
            equal.append(f"{name} {counted(after.files, 'file')}, {size(after.size_bytes)}")
        else:
            left_out = name in files.excluded
            wanted = ("excluded", "excluded") if left_out else (f"{before.files:,}", size(before.size_bytes))
            rows.append((name, wanted[0], f"{after.files:,}", wanted[1], size(after.size_bytes)))
    blocks: list[Block] = []
    if rows:
        columns = (
            Column("Directory", code=True), Column("Files expected", number=True), Column("Files found", number=True),
            Column("Size expected", number=True), Column("Size found", number=True),
        )  # fmt: skip
        marked = frozenset(number for number, row in enumerate(rows) if row[1] != "excluded")
        blocks.append(Grid("Directories that differ", columns, tuple(rows), marked, frozenset({2, 4})))
    if equal:
        blocks += [Paragraph("With as many files and bytes as expected:"), Bullets(tuple(equal), compact=True)]
    total = sum(sums.files for sums in actual.values())
    return Fold("Files by directory", tuple(blocks), counted(total, "file"))


def _indexes(evidence: Evidence) -> Iterator[Block]:
    search = evidence.search
    wanted = {rows.index: len(rows.ids) for rows in search.searchable if rows.imported}
    proper = {index.name: index for index in search.expected_settings.indexes}
    there = {index.name: index for index in search.actual.indexes}
    not_imported = {rows.index for rows in search.searchable if not rows.imported}
    rows, equal = [], []
    for name in sorted({*wanted, *proper, *there} - not_imported):
        index = there.get(name)
        expected = wanted.get(name, len(proper[name].ids) if name in proper else 0)
        found = len(index.ids if index is not None else IdSet())
        settings = _settings(
            dict(proper[name].settings) if name in proper else {}, dict(index.settings) if index else {}
        )
        if index is not None and expected == found and settings.startswith("all"):
            equal.append(f"{name} {found:,}")
        else:
            rows.append((name, f"{expected:,}", f"{found:,}" if index is not None else "no index", settings))
    if rows:
        columns = (
            Column("Index", code=True), Column("Documents expected", number=True),
            Column("Documents found", number=True), Column("Settings equal"),
        )  # fmt: skip
        yield Grid("Indexes that differ", columns, tuple(rows), frozenset(range(len(rows))), frozenset({2, 3}))
    if equal:
        yield Paragraph("With every expected document and setting:")
        yield Bullets(tuple(equal), compact=True)
    for name in sorted(not_imported):
        yield Paragraph(f"{name} is searchable in the application's code, but scout:import-all skips it.")
    bad = search.actual.bad_tasks
    yield Paragraph(f"{counted(search.actual.tasks, 'task')} of the search server, {len(bad)} of them failed.")


def _settings(proper: dict[str, str], found: dict[str, str]) -> str:
    if not proper:
        return "nothing to compare with"
    equal = sum(1 for name, value in proper.items() if found.get(name) == value)
    return f"all {len(proper)}" if equal == len(proper) else f"{equal} of {len(proper)}"


def _probes(evidence: Evidence) -> Fold:
    app = evidence.app
    kinds: tuple[tuple[str, Sequence[Probe]], ...] = (
        ("search for a known row", evidence.search.probes),
        ("answer of the application", (app.ping,)),
        ("health check", tuple(probe for probe in app.health if probe.subject in HEALTH_CHECKS)),
        ("decrypt a value", app.decrypt),
        ("download a file", app.downloads),
    )
    asked = [(kind, probe.subject, _answer(probe), probe.error) for kind, probes in kinds for probe in probes]
    asked += [
        ("outbound access", attempt.target, "reached" if attempt.reached else attempt.unknown or _CLOSED, "")
        for attempt in evidence.egress or ()
    ]
    wrong = tuple(row for row in asked if row[2] not in (_EXPECTED, _CLOSED))
    right: dict[str, list[str]] = {}
    for kind, subject, answer, _ in asked:
        if answer in (_EXPECTED, _CLOSED):
            right.setdefault(kind, []).append(subject)
    blocks: list[Block] = []
    if wrong:
        columns = (Column("Question"), Column("About"), Column("Answer"), Column("Error"))
        grid = Grid("Answers that are not the expected ones", columns, wrong, frozenset(range(len(wrong))))
        blocks.append(replace(grid, strong=frozenset({2})))
    if right:
        facts = tuple((kind, ", ".join(subjects)) for kind, subjects in right.items())
        blocks += [Paragraph("Answered as expected:"), Facts(facts, compact=True)]
    return Fold("Queries with known answers", tuple(blocks), counted(len(asked), "question"))


_EXPECTED, _CLOSED = "as expected", "closed"


def _answer(probe: Probe) -> str:
    return _EXPECTED if not probe.error and probe.expected == probe.actual else "not as expected"

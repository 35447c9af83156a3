"""The evidence behind a verdict, folded away: every table, files by directory, indexes, probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.artifacts.storage.directories import directories_of
from harness.artifacts.storage.inventory import read_inventory
from harness.base.errors import HarnessError
from harness.base.expressions import HEALTH_CHECKS
from harness.base.model import DirectoryTotals, DrillResult, IdSet, Probe
from harness.base.sizes import size
from harness.checks.evidence import Evidence, FileEvidence
from harness.reports.document import Bar, Block, Column, Fold, Grid, Paragraph, Picture, Section
from harness.reports.words import control_sentence, counted

DRAWN = 12
"""Bars in a picture; the table beside it has all."""


def evidence_section(result: DrillResult, evidence: Evidence | None, run_dir: Path) -> Section:
    """Everything that was compared, and everything that was broken on purpose.

    Args:
        result: what came out.
        evidence: None where there is none.
        run_dir: where its sidecars are.
    """
    if evidence is None:
        why = "the drill ended before it was gathered" if result.error else "it is not in the run directory"
        return Section("evidence", "Evidence", (Paragraph(f"There is none: {why}."), *_faults(result)))
    blocks = (
        Fold("Tables", tuple(_tables(evidence)), counted(len(_expected_tables(evidence)), "table")),
        _files(evidence.files, run_dir),
        Fold("Search indexes", tuple(_indexes(evidence)), counted(len(evidence.search.actual.indexes), "index")),
        _probes(evidence),
        *_faults(result),
    )
    return Section("evidence", "Evidence", blocks)


def _faults(result: DrillResult) -> Iterator[Block]:
    """What was broken on purpose, to see whether the drill notices."""
    if result.negative_control is not None:
        yield Paragraph(control_sentence(result.negative_control))
    if not result.faults:
        if result.negative_control is None:
            yield Paragraph("Nothing was broken on purpose in this drill.")
        return
    rows = [
        (fault.name, fault.stage, change.kind, change.subject, change.detail)
        for fault in result.faults
        for change in fault.changes
    ]
    rows += [(fault.name, fault.stage, "", "", "without effect") for fault in result.faults if not fault.changes]
    columns = (Column("Fault", code=True), Column("At"), Column("What"), Column("Which"), Column("How"))
    grid = Grid("Broken on purpose", columns, tuple(rows))
    yield Fold("Faults put in on purpose", (grid,), counted(len(result.faults), "fault"))


def _expected_tables(evidence: Evidence) -> dict[str, tuple[int, str]]:
    """Rows and digest by table: the source's, where it is known, and what the script holds elsewhere."""
    if evidence.source is not None:
        left_out = set(evidence.excluded_tables)
        return {t.name: (t.rows, t.digest) for t in evidence.source.tables if t.name not in left_out}
    return {t.name: (t.rows, t.digest) for t in evidence.script.tables}


def _tables(evidence: Evidence) -> Iterator[Block]:
    expected = _expected_tables(evidence)
    there = evidence.target.tables if evidence.source is not None else evidence.redump.tables
    found = {t.name: (t.rows, t.digest) for t in there}
    in_database = {t.name: t.rows for t in evidence.target.tables}
    rows, marked = [], set()
    for number, (name, (count, digest)) in enumerate(sorted(expected.items())):
        rows_now, digest_now = found.get(name, (in_database.get(name), ""))
        if rows_now is None:
            equal = "table is missing"
        elif not digest or not digest_now:
            equal = "not compared"
        else:
            equal = "yes" if digest == digest_now else "no"
        if equal != "yes" or rows_now != count:
            marked.add(number)
        rows.append((name, f"{count:,}", "none" if rows_now is None else f"{rows_now:,}", equal))
    largest = sorted(expected.items(), key=lambda item: (-item[1][0], item[0]))[:DRAWN]
    if largest:
        yield Picture(
            "Rows by table",
            f"The {len(largest)} tables with the most rows; the largest is {largest[0][0]} with "
            f"{counted(largest[0][1][0], 'row')}.",
            tuple(Bar(name, 0.0, float(count), f"{count:,}") for name, (count, _) in largest),
        )
    columns = (
        Column("Table", code=True),
        Column("Rows expected", number=True),
        Column("Rows found", number=True),
        Column("Content equal"),
    )
    than = "the source" if evidence.source is not None else "the script"
    yield Grid(f"Tables, compared with {than}", columns, tuple(rows), frozenset(marked))
    if evidence.excluded_tables:
        left = sorted(set(evidence.excluded_tables) - set(expected))
        yield Paragraph(f"Left out of the backup: {', '.join(left)}." if left else "No table was left out.")


def _files(files: FileEvidence, run_dir: Path) -> Fold:
    try:
        expected, actual = (directories_of(read_inventory(path)) for path in (files.expected, files.actual))
    except HarnessError as error:
        return Fold("Files by directory", (Paragraph(f"The list of files cannot be read: {error.fact}."),))
    names = sorted({*expected, *actual})
    nothing = DirectoryTotals(0, 0)
    rows, marked = [], set()
    for number, name in enumerate(names):
        before, after = expected.get(name, nothing), actual.get(name, nothing)
        left_out = name in files.excluded
        if before != after and not left_out:
            marked.add(number)
        rows.append(
            (
                name,
                "left out" if left_out else f"{before.files:,}",
                f"{after.files:,}",
                "left out" if left_out else size(before.size_bytes),
                size(after.size_bytes),
            )
        )
    columns = (
        Column("Directory", code=True),
        Column("Files expected", number=True),
        Column("Files found", number=True),
        Column("Size expected", number=True),
        Column("Size found", number=True),
    )
    largest = sorted(actual.items(), key=lambda item: (-item[1].size_bytes, item[0]))[:DRAWN]
    picture: tuple[Block, ...] = ()
    if largest and largest[0][1].size_bytes:
        picture = (
            Picture(
                "Sizes by directory",
                f"The largest directory is {largest[0][0]} with {size(largest[0][1].size_bytes)}.",
                tuple(Bar(name, 0.0, float(sums.size_bytes), size(sums.size_bytes)) for name, sums in largest),
            ),
        )
    total = sum(sums.files for sums in actual.values())
    grid = Grid("Files by directory", columns, tuple(rows), frozenset(marked))
    return Fold("Files by directory", (*picture, grid), counted(total, "file"))


def _indexes(evidence: Evidence) -> Iterator[Block]:
    search = evidence.search
    wanted = {rows.index: len(rows.ids) for rows in search.searchable if rows.imported}
    proper = {index.name: index for index in search.expected_settings.indexes}
    there = {index.name: index for index in search.actual.indexes}
    not_imported = {rows.index for rows in search.searchable if not rows.imported}
    rows, marked = [], set()
    for number, name in enumerate(sorted({*wanted, *proper, *there} - not_imported)):
        index = there.get(name)
        expected = wanted.get(name, len(proper[name].ids) if name in proper else 0)
        found = len(index.ids if index is not None else IdSet())
        settings = _settings(
            dict(proper[name].settings) if name in proper else {}, dict(index.settings) if index else {}
        )
        if index is None or expected != found or not settings.startswith("all"):
            marked.add(number)
        rows.append((name, f"{expected:,}", f"{found:,}" if index is not None else "no index", settings))
    columns = (
        Column("Index", code=True),
        Column("Documents expected", number=True),
        Column("Documents found", number=True),
        Column("Settings equal"),
    )
    yield Grid("Search indexes", columns, tuple(rows), frozenset(marked))
    for name in sorted(not_imported):
        yield Paragraph(f"{name} is searchable in the application's code, and scout:import-all leaves it out.")
    bad = search.actual.bad_tasks
    yield Paragraph(f"{counted(search.actual.tasks, 'task')} of the search server, {len(bad)} of them without success.")


def _settings(proper: dict[str, str], found: dict[str, str]) -> str:
    if not proper:
        return "nothing to compare with"
    equal = sum(1 for name, value in proper.items() if found.get(name) == value)
    return f"all {len(proper)}" if equal == len(proper) else f"{equal} of {len(proper)}"


def _probes(evidence: Evidence) -> Fold:
    app = evidence.app
    kinds: tuple[tuple[str, Sequence[Probe]], ...] = (
        ("Search for a known row", evidence.search.probes),
        ("Answer of the application", (app.ping,)),
        ("Health check", tuple(probe for probe in app.health if probe.subject in HEALTH_CHECKS)),
        ("Decrypt a value", app.decrypt),
        ("Download a file", app.downloads),
    )
    rows = [(kind, probe.subject, _answer(probe), probe.error) for kind, probes in kinds for probe in probes]
    rows += [
        ("Way out of the network", attempt.target, "reached" if attempt.reached else attempt.unknown or "closed", "")
        for attempt in evidence.egress or ()
    ]
    marked = frozenset(number for number, row in enumerate(rows) if row[2] not in ("as expected", "closed"))
    columns = (Column("Question"), Column("About"), Column("Answer"), Column("Error"))
    grid = Grid("Questions with known answers", columns, tuple(rows), marked)
    return Fold("Questions with known answers", (grid,), counted(len(rows), "question"))


def _answer(probe: Probe) -> str:
    return "as expected" if not probe.error and probe.expected == probe.actual else "not as expected"

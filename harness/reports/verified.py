"""How much of what was expected is proven to be back: rows, files and documents."""

from __future__ import annotations

from dataclasses import dataclass

from harness.artifacts.storage.inventory import read_inventory
from harness.artifacts.storage.names import is_below
from harness.artifacts.storage.order import pair
from harness.base.errors import HarnessError
from harness.checks.evidence import Evidence, expected_tables, found_tables


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the expected things were verified; `expected` is None where that cannot be read."""

    word: str
    verified: int
    expected: int | None


def shares(evidence: Evidence) -> tuple[Share, ...]:
    """Rows in tables whose digest is the expected one, files with the expected content, documents of expected rows."""
    return _rows(evidence), _files(evidence), _documents(evidence)


def _rows(evidence: Evidence) -> Share:
    expected, found = expected_tables(evidence), found_tables(evidence)
    if evidence.source is None and evidence.script.sample is not None:
        return Share("row", evidence.script.sample.rows, sum(rows for rows, _ in expected.values()))
    verified = sum(
        rows for name, (rows, digest) in expected.items() if digest and found.get(name, (0, ""))[1] == digest
    )
    return Share("row", verified, sum(rows for rows, _ in expected.values()))


def _files(evidence: Evidence) -> Share:
    files, verified, expected = evidence.files, 0, 0
    left_out = [name.strip("/").encode("utf-8", "surrogateescape") for name in files.excluded]
    try:
        for before, after in pair(read_inventory(files.expected), read_inventory(files.actual)):
            if before is None or before.kind != "file" or any(is_below(before.path, each) for each in left_out):
                continue
            expected += 1
            verified += after is not None and (after.kind, after.size_bytes, after.sha256) == (
                before.kind, before.size_bytes, before.sha256,
            )  # fmt: skip
    except HarnessError:
        return Share("file", 0, None)
    return Share("file", verified, expected)


def _documents(evidence: Evidence) -> Share:
    found = {index.name: index.ids for index in evidence.search.actual.indexes}
    wanted = [rows for rows in evidence.search.searchable if rows.imported]
    expected = sum(len(rows.ids) for rows in wanted)
    missing = sum(len(rows.ids.minus(found[rows.index]) if rows.index in found else rows.ids) for rows in wanted)
    return Share("document", expected - missing, expected)

"""The list of files: every entry comes back from it as it went in, and damage is noticed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifacts.storage.inventory import from_line, read_inventory, to_line, totals_of, write_inventory
from harness.base.errors import BrokenArtifact, UsageError
from harness.base.model import FileState, FileTotals
from tests.naming import uncoded
from tests.tables import over_table

ROOT = FileState(b"", "directory", 0, "", 0o755, 33, 33, 1000)
ENTRIES = (
    ROOT,
    FileState(b"a", "directory", 0, "", 0o2755, 33, 33, -5),
    FileState(b"a/b \xff\n\x01", "file", 1 << 40, "ab" * 32, 0o4640, 1 << 31, 0, 1 << 33),
    FileState(b"a/c", "hardlink", 0, "", 0o644, 0, 0, 0, b"a/b \xff\n\x01"),
    FileState("e\u0301".encode(), "symlink", 0, "", 0o777, 0, 0, 0, b"\xfe/x"),
    FileState("é".encode(), "symlink", 0, "", 0o777, 0, 0, 0, b"x"),
    FileState(b"\xed\xb3\xbf", "special", 0, "", 0o600, 0, 0, 0),  # the bytes of a surrogate itself
)


def test_every_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "files.jsonl"
    write_inventory(ENTRIES[:6], path)
    assert tuple(read_inventory(path)) == ENTRIES[:6]
    for entry in ENTRIES:
        assert from_line(to_line(entry)) == entry


def test_a_line_is_documented_json() -> None:
    """docs/storage.md shows these fields; other programs read them."""
    assert json.loads(to_line(ENTRIES[3])) == {
        "path": "a/c",
        "kind": "hardlink",
        "size_bytes": 0,
        "mode": "0644",
        "uid": 0,
        "gid": 0,
        "mtime_s": 0,
        "target": "a/b \udcff\n\x01",
    }
    assert json.loads(to_line(ROOT))["path"] == "."
    assert to_line(ENTRIES[2]).isascii()


def test_what_was_written_is_summed_up_and_hashed(tmp_path: Path) -> None:
    path = tmp_path / "files.jsonl"
    inventory = write_inventory(ENTRIES, path)
    assert inventory.totals == FileTotals(1, 1, 3, 1 << 40, "files.jsonl")
    assert replace(inventory.totals, inventory="") == totals_of(ENTRIES)
    assert inventory.size_bytes == path.stat().st_size
    assert inventory.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@over_table(
    "line",
    [
        b"{}",
        b"[]",
        b"null",
        b"garbage",
        b'{"path":1}',
        to_line(ENTRIES[2])[:-30],
        to_line(ROOT).replace(b"0755", b"0855"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "files.jsonl"
    path.write_bytes(to_line(ROOT) + line + b"\n")
    with pytest.raises(BrokenArtifact) as caught:
        list(read_inventory(path))
    assert str(caught.value) == (
        f"{path}: line 2 is not a valid entry\n"
        "HINT: This list of files was damaged or edited and is not usable: use an earlier backup."
    )


@over_table("second", [0, 1])
def test_lines_out_of_order_or_twice_are_named(tmp_path: Path, second: int) -> None:
    path = tmp_path / "files.jsonl"
    path.write_bytes(to_line(ENTRIES[1]) + to_line(ENTRIES[second]))
    with pytest.raises(BrokenArtifact) as caught:
        list(read_inventory(path))
    assert uncoded(caught.value.fact) == f"{path}: line 2 is out of order with {('.', 'a')[second]}"


def test_a_list_that_is_not_there_is_reported_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        list(read_inventory(tmp_path / "gone"))
    assert str(caught.value) == f"cannot read the list of files {tmp_path}/gone: No such file or directory"

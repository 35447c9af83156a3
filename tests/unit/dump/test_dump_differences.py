"""Naming the rows that differ."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.dump import differences
from harness.dump.differences import iter_rows, row_differences
from harness.dump.model import RowDifference

TABLE = b"CREATE TABLE `t` (`id` int NOT NULL, `v` varchar(20), PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"


def write(path: Path, rows: list[bytes], *, table: bytes = TABLE) -> Path:
    path.write_bytes(table + b"INSERT INTO `t` VALUES " + b",".join(b"(%b)" % row for row in rows) + b";\n")
    return path


def test_equal_tables_have_no_differences(tmp_path: Path) -> None:
    rows = [b"%d,'x'" % number for number in range(500)]
    first = write(tmp_path / "a", rows)
    random.Random(1).shuffle(rows)
    assert row_differences(first, write(tmp_path / "b", rows), "a", "t") == []


def test_missing_unexpected_and_changed_rows_are_named_by_their_key(tmp_path: Path) -> None:
    expected = write(tmp_path / "a", [b"1,'a'", b"2,'b'", b"3,'c'", b"10,'d'"])
    actual = write(tmp_path / "b", [b"1,'a'", b"3,'C'", b"10,'d'", b"11,'e'"])
    assert row_differences(expected, actual, "a", "t") == [
        RowDifference((b"2",), "missing"),
        RowDifference((b"3",), "changed"),
        RowDifference((b"11",), "unexpected"),
    ]


def test_without_a_key_equal_rows_are_counted_and_no_value_is_shown(tmp_path: Path) -> None:
    table = b"CREATE TABLE `t` (`v` int);\n"
    expected = write(tmp_path / "a", [b"1", b"1", b"1", b"2"], table=table)
    actual = write(tmp_path / "b", [b"1", b"2"], table=table)
    assert row_differences(expected, actual, "a", "t") == [RowDifference((), "missing", 2)]


def test_only_as_many_as_asked_for_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "_MOST_ROWS", 50)
    expected = write(tmp_path / "a", [b"%d,'x'" % number for number in range(3000)])
    actual = write(tmp_path / "b", [b"%d,'y'" % number for number in range(3000)])
    found = row_differences(expected, actual, "a", "t", limit=5)
    assert len(found) == 5
    assert {difference.kind for difference in found} == {"changed"}


def test_the_key_may_be_of_several_columns_in_another_order(data: Path) -> None:
    rows = list(iter_rows(data / "mysql-9.7" / "full.sql", "apiary", "nasty"))
    assert [row.key for row in rows] == [(b"k", b"1"), (b"k", b"2")]


def test_a_pair_without_structure_gets_its_key_from_outside(data: Path) -> None:
    source = data / "mysql-9.7" / "no-create-info.sql"
    assert [row.key for row in iter_rows(source, "apiary", "users", primary_key=("id",))] == [
        (b"%d" % number,) for number in range(1, 9)
    ]
    assert {row.key for row in iter_rows(source, "apiary", "users")} == {()}


def test_by_value_another_tool_is_no_difference(data: Path) -> None:
    ours, theirs = data / "mysql-9.7" / "full.sql", data / "mysql-9.7" / "by-mariadb-dump.sql"
    for table in ("users", "nasty", "dup", "odd `name"):
        assert row_differences(ours, theirs, "apiary", table, by_value=True) == []
    assert [difference.kind for difference in row_differences(ours, theirs, "apiary", "users")] == ["changed"] * 8


def test_one_database_of_several_is_read(data: Path) -> None:
    source = data / "mysql-9.7" / "databases.sql"
    assert len(list(iter_rows(source, "apiary", "users"))) == 8
    assert len(list(iter_rows(source, "other", "users"))) == 2


def test_a_changed_row_of_a_real_table_is_found(dump: Callable[..., Path], run_sql: Callable[..., None]) -> None:
    before = dump("apiary")
    run_sql(b"UPDATE nasty SET bl = x'00FF00FF00FE' WHERE a = 1", "apiary")
    try:
        assert row_differences(before, dump("apiary"), "apiary", "nasty") == [RowDifference((b"k", b"1"), "changed")]
    finally:
        run_sql(b"UPDATE nasty SET bl = x'00FF00FF00FF' WHERE a = 1", "apiary")

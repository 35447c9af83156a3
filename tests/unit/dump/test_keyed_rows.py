"""Rows by primary key, out of a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.artifacts.dump.keyed_rows import equal_tables, keyed_rows, rows_of, value_digests
from harness.artifacts.dump.source import open_script
from harness.checks.evidence import RowDifference
from harness.checks.rowdiff import differing_rows_of

TABLE = b"CREATE TABLE `t` (`id` int NOT NULL, `v` varchar(20), `n` double, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"


def script(*rows: bytes, table: bytes = TABLE) -> list[bytes]:
    return [table + b"INSERT INTO `t` VALUES " + b",".join(b"(%b)" % row for row in rows) + b";\n"]


def keys(data: Path, name: str, table: str, database: str = "apiary") -> list[str]:
    return [key for _, key, _ in keyed_rows(open_script(data / "mysql-9.7" / name), database, {table})]


def test_rows_that_differ_are_named_by_table(tmp_path: Path) -> None:
    expected = script(b"1,'a',1.50", b"2,'b',-0", b"3,'c',NULL", b"10,'d',1")
    actual = script(b"10,'d',1.0", b"1,'a',1.5", b"3,'C',NULL", b"11,'e',0", b"-2,'f',0")
    found = differing_rows_of(keyed_rows(expected, "a", {"t"}), keyed_rows(actual, "a", {"t"}), tmp_path)
    assert found == {"t": RowDifference(missing=("[2]",), extra=("[11]", "[-2]"), changed=("[3]",))}
    same = differing_rows_of(keyed_rows(expected, "a", {"t"}), keyed_rows(expected, "a", {"t"}), tmp_path)
    assert same == {}


def test_values_that_mean_the_same_are_no_difference(tmp_path: Path) -> None:
    """A double's -0, the digits of a decimal, the numbers in JSON: as the server stores what it reads."""
    table = b"CREATE TABLE `t` (`id` int NOT NULL, `d` double, `j` json, PRIMARY KEY (`id`));\n"
    expected = script(b'1,-0,\'{"a": 1.10, "b": "1.10"}\'', table=table)
    actual = script(b'1,0,\'{"a": 1.1, "b": "1.10"}\'', table=table)
    other = script(b'1,0,\'{"a": 1.1, "b": "1.1"}\'', table=table)
    left = keyed_rows(expected, "a", {"t"})
    assert differing_rows_of(left, keyed_rows(actual, "a", {"t"}), tmp_path) == {}
    left = keyed_rows(expected, "a", {"t"})
    assert differing_rows_of(left, keyed_rows(other, "a", {"t"}), tmp_path)["t"].changed == ("[1]",)


def test_keys_of_several_columns_and_of_bytes(data: Path) -> None:
    assert keys(data, "full.sql", "nasty") == ['["k", 1]', '["k", 2]']
    numbers = [key for _, key, _ in keyed_rows(script(b"-500,'a',0", b"+7,'b',0", b"100,'c',0"), "a", {"t"})]
    assert numbers == ["[-500]", "[7]", "[100]"]
    table = b"CREATE TABLE `t` (`id` binary(2) NOT NULL, PRIMARY KEY (`id`));\n"
    for row in (b"_binary '\x00\xff'", b"0x00FF"):
        assert next(keyed_rows(script(row, table=table), "a", {"t"}))[1] == '["00FF"]'


def test_a_table_without_a_key_or_without_its_structure_gives_no_rows(data: Path) -> None:
    assert keys(data, "no-create-info.sql", "users") == []
    assert list(keyed_rows(script(b"1", table=b"CREATE TABLE `t` (`id` int);\n"), "a", {"t"})) == []


def test_one_database_of_several_is_read(data: Path) -> None:
    assert len(keys(data, "databases.sql", "users")) == 8
    assert len(keys(data, "databases.sql", "users", "other")) == 2


@pytest.mark.parametrize("table", ["users", "nasty", "odd `name"])
def test_another_tool_is_no_difference(data: Path, table: str, tmp_path: Path) -> None:
    sides = [
        keyed_rows(open_script(data / "mysql-9.7" / name), "apiary", {table}) for name in ("full.sql", "hex-blob.sql")
    ]
    assert differing_rows_of(*sides, tmp_path) == {}


WIDE = b"CREATE TABLE `%b` (`id` int NOT NULL, `f` float, `j` json, `t` varchar(9), PRIMARY KEY (`id`));\n"


def dumped(*tables: tuple[bytes, list[bytes]], names: bytes = b"utf8mb4", listed: bytes = b"") -> list[bytes]:
    script = [b"/*!40101 SET NAMES %b */;\n" % names]
    for name, rows in tables:
        script += [WIDE % name, b"INSERT INTO `%b` %bVALUES (%b);\n" % (name, listed, b"),(".join(rows))]
    return script


def equal(expected: list[bytes], actual: list[bytes], *tables: str) -> set[str]:
    return equal_tables(rows_of(expected, "a", tables), rows_of(actual, "a", tables))


def digests_equal(expected: list[bytes], actual: list[bytes], *tables: str) -> set[str]:
    before, now = (value_digests(rows_of(script, "a", tables)) for script in (expected, actual))
    return {table for table in tables if before[table] == now[table]}


BEFORE = [b"1,1.50,'{\"a\": 1.10}','x'", b"2,-0,NULL,'y''s'", b"3,0,'[]','z'"]
AFTER = [b"1,1.5,'{\"a\": 1.1}','x'", b"2,0,NULL,'y\\'s'", b"3,0,'[]','z'"]


def test_rows_that_are_written_differently_are_the_same_by_value() -> None:
    expected, actual = (dumped((b"t", rows), (b"u", rows)) for rows in (BEFORE, AFTER))
    assert equal(expected, actual, "t", "u") == {"t", "u"}
    assert equal(expected, actual, "u") == {"u"}


@pytest.mark.parametrize(
    "rows",
    [
        [b"1,1.6,'{\"a\": 1.1}','x'", *AFTER[1:]],
        [b"1,1.5,'{\"a\": 1.2}','x'", *AFTER[1:]],
        [b"1,1.5,NULL,'x'", *AFTER[1:]],
        [*AFTER[:2], b"3,0,'[]','Z'"],
        AFTER[:2],
        [*AFTER, b"4,0,'[]','z'"],
    ],
    ids=["number", "json", "null", "text", "fewer", "more"],
)
def test_one_value_or_row_that_is_another_is_a_difference(rows: list[bytes]) -> None:
    expected, actual = dumped((b"t", BEFORE), (b"u", BEFORE)), dumped((b"t", rows), (b"u", AFTER))
    assert equal(expected, actual, "t", "u") == {"u"}
    assert digests_equal(expected, actual, "t", "u") == {"u"}


def test_another_order_of_rows_or_tables_is_for_the_digests() -> None:
    expected = dumped((b"t", BEFORE), (b"u", BEFORE))
    turned = dumped((b"t", AFTER[::-1]), (b"u", AFTER))
    assert equal(expected, turned, "t", "u") == {"u"}
    assert digests_equal(expected, turned, "t", "u") == {"t", "u"}
    exchanged = dumped((b"u", AFTER), (b"t", AFTER))
    assert equal(expected, exchanged, "t", "u") == set()
    assert digests_equal(expected, exchanged, "t", "u") == {"t", "u"}
    twice = dumped((b"t", AFTER), (b"u", AFTER), (b"t", AFTER))
    assert equal([*expected, *dumped((b"t", BEFORE))], twice, "t", "u") == {"u"}


def test_the_same_bytes_mean_something_else_in_other_columns_or_another_character_set() -> None:
    expected = dumped((b"t", [b"1,2,NULL,'\xc3\xa9'"]))
    assert equal(expected, expected, "t") == {"t"}
    assert equal(expected, dumped((b"t", [b"1,2,NULL,'\xc3\xa9'"]), names=b"latin1"), "t") == set()
    assert equal(expected, dumped((b"t", [b"1,2,NULL,'\xe9'"]), names=b"latin1"), "t") == {"t"}
    other = dumped((b"t", [b"2,1,NULL,'\xc3\xa9'"]), listed=b"(`f`,`id`,`j`,`t`) ")
    assert equal(expected, other, "t") == {"t"}
    assert equal(dumped((b"t", [b"2,1,NULL,'\xc3\xa9'"])), other, "t") == set()

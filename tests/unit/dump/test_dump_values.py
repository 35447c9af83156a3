"""Values of a script, decoded: what they mean, by primary key too, and what a long one costs."""

import random
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.artifacts.dump import fast, values
from harness.artifacts.dump.ddl import parse_create_table
from harness.artifacts.dump.encoding import is_utf8
from harness.artifacts.dump.keyed_rows import equal_tables, keyed_rows, rows_of, value_digests
from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.tokens import tokenize
from harness.artifacts.dump.values import (
    canonical_row,
    canonical_value,
    columns_of_row,
    normal_number,
    parse_row,
    read_row,
    to_utf8,
)
from harness.checks.evidence import RowDifference
from harness.checks.rowdiff import differing_rows_of
from tests.tables import over_table


def test_every_way_of_writing_a_value_is_decoded() -> None:
    row = b"NULL,1,-1.5e3,'it''s','\\0\\'\\n\\\\\\Z\\%',0x4142,x'4142',_binary 'AB',b'101',\"a\"\"b\",_utf8mb4 0xC3AB"
    texts = [("text", text) for text in (b"it's", b"\0'\n\\\x1a\\%", b"AB", b"AB", b"AB")]
    assert parse_row(row) == [
        *(("null", b""), ("number", b"1"), ("number", b"-1.5e3"), *texts),
        *(("bits", b"\x05"), ("text", b'a"b'), ("text", b"\xc3\xab")),
    ]
    content = bytes(range(256))
    written = content.replace(b"\\", b"\\\\").replace(b"'", b"\\'").replace(b"\0", b"\\0").replace(b"\n", b"\\n")
    assert parse_row(b"'" + written + b"'") == [("text", content)]
    assert parse_row(b"0x" + content.hex().encode()) == [("text", content)]


def test_an_apostrophe_in_double_quotes_and_a_backslash_without_escapes_stand_for_themselves() -> None:
    assert parse_row(b"'a\\','b''c'", escapes=False) == [("text", b"a\\"), ("text", b"b'c")]
    row = b"'a''b',\"a''b\\\\\\'\",\"''\""
    assert parse_row(row) == [("text", b"a'b"), ("text", b"a''b\\'"), ("text", b"''")]
    assert parse_row(b"'a''b',\"a''b\\\"", escapes=False) == [("text", b"a'b"), ("text", b"a''b\\")]


def test_numbers_are_equal_by_value() -> None:
    equal = {b"1.50": b"1.5", b"0010": b"10", b"1e3": b"1000", b"-0.0": b"0", b"+5": b"5", b".5": b"0.50"}
    for one, other in (*equal.items(), (b"1E+2", b"100")):
        assert normal_number(one) == normal_number(other)
    long = (b"123456789012345678901", b"123456789012345678902")
    for one, other in ((b"1", b"10"), (b"1", b"-1"), (b"1.5", b"15"), long):
        assert normal_number(one) != normal_number(other)


def test_the_columns_type_decides_what_a_value_is() -> None:
    number, bit, text = ColumnInfo("a", "decimal(10,3)"), ColumnInfo("a", "bit(10)"), ColumnInfo("a", "varchar(5)")
    assert canonical_value(("text", b"1.50"), number) == canonical_value(("number", b"1.5"), number)
    assert canonical_value(("text", b"\0\x05"), bit) == canonical_value(("bits", b"\x05"), bit)
    assert canonical_value(("text", b"1.50"), text) != canonical_value(("text", b"1.5"), text)
    assert canonical_value(("text", b""), text) != canonical_value(("null", b""), text)
    assert canonical_value(("text", b"\xeb\x80\x81"), text, "cp1252") == "Së€\x81".encode()


def test_columns_are_matched_by_name_and_generated_ones_left_out() -> None:
    """No two rows share their bytes: lengths are part of it, `('a','b')` and `('ab','')` differ."""
    columns = (ColumnInfo("a", "int"), ColumnInfo("g", "int", generated=True), ColumnInfo("b", "int", invisible=True))
    plain = canonical_row(parse_row(b"1,2"), columns_of_row(2, ("B", "A"), columns))
    assert plain == canonical_row(parse_row(b"2,99,1"), columns_of_row(3, None, columns))
    assert plain != canonical_row(parse_row(b"1,2"), columns_of_row(2, ("a", "b"), columns))
    named = columns_of_row(2, ("x", "y"), ())
    assert canonical_row(parse_row(b"'a','b'"), named) != canonical_row(parse_row(b"'ab',''"), named)


def test_a_create_table_is_read_with_everything_that_gets_in_the_way() -> None:
    statement = b"""/*!50100 CREATE TABLE IF NOT EXISTS `d`.`odd ``name` (
      `a,b` enum('x,y)','it''s') CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'PRIMARY KEY' COMMENT 'GENERATED',
      c decimal(10,2) unsigned zerofill DEFAULT (1 + (2)), -- a comment, with commas
      `d` int GENERATED ALWAYS AS ((`c` + 1)) STORED INVISIBLE,
      `e` int AS (1) PERSISTENT,
      `key` double precision,
      PRIMARY KEY (`key`(10) DESC,`a,b`) USING BTREE,
      KEY `k` (`c`), CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `x` (`y`), CHECK (`c` > 0)
    ) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='ENGINE=MyISAM' */;"""
    found = parse_create_table(tokenize(statement))
    assert found is not None
    assert (found.database, found.name) == ("d", "odd `name")
    assert found.columns == (
        ColumnInfo("a,b", "enum('x,y)','it''s')", collation="latin1_bin", charset="latin1"),
        ColumnInfo("c", "decimal(10,2) unsigned zerofill"),
        ColumnInfo("d", "int", generated=True, invisible=True),
        ColumnInfo("e", "int", generated=True),
        ColumnInfo("key", "double precision"),
    )
    assert found.primary_key == ("key", "a,b")
    assert (found.engine, found.auto_increment, found.charset, found.collation) == (
        *("InnoDB", 17, "utf8mb4", "utf8mb4_0900_ai_ci"),
    )
    assert parse_create_table(tokenize(b"CREATE VIEW v AS SELECT 1")) is None
    inline = parse_create_table(tokenize(b"CREATE TABLE t (id int PRIMARY KEY, b int)"))
    assert inline is not None
    assert inline.primary_key == ("id",)


@over_table(
    "held, carried",
    [
        (b'{"a": 1.10}', b'{"a": 1.1}'),
        (b'{"a": 3.00, "b": [1.50, -2.000]}', b'{"a": 3.0, "b": [1.5, -2.0]}'),
        (b"[0.1234567890123456789012]", b"[0.12345678901234568]"),
        (b"[123456789012345678901234567890]", b"[1.2345678901234568e29]"),
        (b"[0.000000000000000001]", b"[1e-18]"),
        (b'{"1.10": "1.10", "x": "\\"1.10"}', b'{"1.10": "1.10", "x": "\\"1.10"}'),
    ],
)
def test_numbers_in_json_are_compared_as_they_are_read(held: bytes, carried: bytes) -> None:
    column = ColumnInfo("j", "json")
    assert canonical_value(("text", held), column) == canonical_value(("text", carried), column)
    text = ColumnInfo("j", "longtext")
    assert (canonical_value(("text", held), text) == canonical_value(("text", carried), text)) is (held == carried)


@over_table(
    "first, second",
    [(b"[1]", b"[1.0]"), (b"[1.1]", b"[1.11]"), (b'["1.10"]', b'["1.1"]'), (b"[1e-18]", b"[1e-17]"), (b"[1]", b"[-1]")],
)
def test_other_numbers_in_json_are_other_values(first: bytes, second: bytes) -> None:
    column = ColumnInfo("j", "json")
    assert canonical_value(("text", first), column) != canonical_value(("text", second), column)


LONG = 1 << 17
JSON, TEXT = (ColumnInfo("a", kind) for kind in ("json", "longtext"))
ESCAPES = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a", b"%": b"\\%", b"_": b"\\_"}
VALUES = (
    (b"'" + b"\\'" * (LONG // 2) + b"'", TEXT),
    (b"'" + b"\\\\" * (LONG // 2) + b"'", TEXT),
    (b"'" + b"''" * (LONG // 2) + b"'", TEXT),
    (b"'" + b"x\\n" * (LONG // 3) + b"'", TEXT),
    (b"0x" + b"A1" * (LONG // 2), TEXT),
    (b"'[" + b"1," * (LONG // 2) + b"1]'", JSON),
    (b"'[" + b"1.0," * (LONG // 4) + b"1]'", JSON),
    (b"x " * (LONG // 2), TEXT),
)


def most(work: Callable[[], object]) -> int:
    """The most bytes that were in use at once while it worked."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_long_value_is_read_in_a_small_multiple_of_its_size() -> None:
    for value, column in VALUES:
        used = most(lambda value=value, column=column: canonical_row(parse_row(value), [column]))  # type: ignore[misc]
        assert used < 5 * LONG, (value[:10], used / LONG)
    text = b"\\'" * (LONG * 16)
    assert most(lambda: fast.blank_escapes(text)) < 3 * len(text)
    for letter in ("é", "🐝"):
        encoded = letter.encode() * (LONG * 16)
        assert is_utf8(encoded)
        assert is_utf8(b"a" + encoded)
        assert not is_utf8(encoded[:-1])
        assert not is_utf8(encoded + b"\xff")
        assert most(lambda encoded=encoded: is_utf8(encoded)) < len(encoded)  # type: ignore[misc]
    assert most(lambda: to_utf8(b"\xe9" * LONG, "cp1252")) < 6 * LONG


def test_a_long_string_is_digested_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no memory, and the same result as a copy of it (which is shown on what is long here alone)."""
    blob, latin = ColumnInfo("a", "longblob"), ColumnInfo("a", "text")
    row = b"7,'" + (b"x\\n" + b"z" * 1000) * 2200 + b"'"
    assert len(row) > values._SURELY_LONG_BYTES
    assert most(lambda: canonical_row(read_row(row), [None, blob])) < len(row) // 8
    for name, size_bytes in (("_LONG_BYTES", 1 << 10), ("_SURELY_LONG_BYTES", 1 << 11)):
        monkeypatch.setattr(values, name, size_bytes)
    for part in (b"\\'", b"''\xe9", b"\\%\\0y"):
        text = (part + b"z" * 1000) * 3
        for escapes in (True, False):
            row = b"7,'" + (text if escapes else text.replace(b"\\'", b"''")) + b"',NULL"
            for column, codec in ((blob, None), (TEXT, None), (None, None), (JSON, None), (latin, "cp1252")):
                columns = [None, column, None]
                known = canonical_row(parse_row(row, escapes=escapes), columns, codec)
                assert canonical_row(read_row(row, escapes=escapes), columns, codec) == known
                assert isinstance(read_row(row, escapes=escapes)[1], values.LongText)


def test_what_is_read_in_parts_is_what_it_was_as_a_whole() -> None:
    chance = random.Random(1)
    for _ in range(200):
        text = b"".join(chance.choices([b"\\'", b"\\\\", b"''", b"\\n", b"\\%", b"x", b"\xff"], k=chance.randrange(60)))
        parts = re.split(rb"(\\.)", text, flags=re.DOTALL)
        meant = b"".join(
            ESCAPES.get(part[1:], part[1:]) if part.startswith(b"\\") else part.replace(b"''", b"'") for part in parts
        )
        assert parse_row(b"'" + text + b"'") == [("text", meant)], text
    for shift in range(8):
        text = b"y" * shift + b"\\'\\\\\\'z\\\\" * 20_000
        blanked = text.replace(b"\\\\", b"\0\0").replace(b"\\'", b"\0\0")
        assert fast.blank_escapes(text).replace(b"\\\\", b"\0\0") == blanked
    assert [to_utf8(bytes((byte,)), "cp1252").decode() for byte in (0x80, 0x81, 0xE9)] == ["€", "\x81", "é"]


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


def test_one_database_of_several_is_read_and_a_table_without_key_or_structure_gives_no_rows(data: Path) -> None:
    assert len(keys(data, "databases.sql", "users")) == 8
    assert len(keys(data, "databases.sql", "users", "other")) == 2
    assert keys(data, "no-create-info.sql", "users") == []
    assert list(keyed_rows(script(b"1", table=b"CREATE TABLE `t` (`id` int);\n"), "a", {"t"})) == []


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


@over_table(
    "rows",
    [
        ([b"1,1.6,'{\"a\": 1.1}','x'", *AFTER[1:]],),
        ([b"1,1.5,'{\"a\": 1.2}','x'", *AFTER[1:]],),
        ([b"1,1.5,NULL,'x'", *AFTER[1:]],),
        ([*AFTER[:2], b"3,0,'[]','Z'"],),
        (AFTER[:2],),
        ([*AFTER, b"4,0,'[]','z'"],),
    ],
)
def test_one_value_or_row_that_is_another_is_a_difference(rows: tuple[list[bytes]]) -> None:
    """A number, JSON, NULL, a text; a row fewer or more."""
    expected, actual = dumped((b"t", BEFORE), (b"u", BEFORE)), dumped((b"t", rows[0]), (b"u", AFTER))
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

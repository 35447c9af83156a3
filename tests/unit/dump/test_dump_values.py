"""Decoded values."""

from __future__ import annotations

from harness.artifacts.dump.ddl import parse_create_table
from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.tokens import tokenize
from harness.artifacts.dump.values import canonical_row, canonical_value, columns_of_row, normal_number, parse_row
from tests.tables import over_table


def test_every_way_of_writing_a_value_is_decoded() -> None:
    row = b"NULL,1,-1.5e3,'it''s','\\0\\'\\n\\\\\\Z\\%',0x4142,x'4142',_binary 'AB',b'101',\"a\"\"b\",_utf8mb4 0xC3AB"
    assert parse_row(row) == [
        ("null", b""),
        ("number", b"1"),
        ("number", b"-1.5e3"),
        ("text", b"it's"),
        ("text", b"\0'\n\\\x1a\\%"),
        ("text", b"AB"),
        ("text", b"AB"),
        ("text", b"AB"),
        ("bits", b"\x05"),
        ("text", b'a"b'),
        ("text", b"\xc3\xab"),
    ]


def test_a_backslash_is_a_backslash_without_escapes() -> None:
    assert parse_row(b"'a\\','b''c'", escapes=False) == [("text", b"a\\"), ("text", b"b'c")]


def test_an_apostrophe_in_double_quotes_stands_for_itself() -> None:
    row = b"'a''b',\"a''b\\\\\\'\",\"''\""
    assert parse_row(row) == [("text", b"a'b"), ("text", b"a''b\\'"), ("text", b"''")]
    assert parse_row(b"'a''b',\"a''b\\\"", escapes=False) == [("text", b"a'b"), ("text", b"a''b\\")]


def test_every_byte_survives() -> None:
    content = bytes(range(256))
    written = content.replace(b"\\", b"\\\\").replace(b"'", b"\\'").replace(b"\0", b"\\0").replace(b"\n", b"\\n")
    assert parse_row(b"'" + written + b"'") == [("text", content)]
    assert parse_row(b"0x" + content.hex().encode()) == [("text", content)]


@over_table(
    "one, other",
    [
        (b"1.50", b"1.5"),
        (b"0010", b"10"),
        (b"1e3", b"1000"),
        (b"-0.0", b"0"),
        (b"+5", b"5"),
        (b".5", b"0.50"),
        (b"1E+2", b"100"),
    ],
)
def test_numbers_are_equal_by_value(one: bytes, other: bytes) -> None:
    assert normal_number(one) == normal_number(other)


@over_table(
    "one, other", [(b"1", b"10"), (b"1", b"-1"), (b"1.5", b"15"), (b"123456789012345678901", b"123456789012345678902")]
)
def test_other_numbers_are_not(one: bytes, other: bytes) -> None:
    assert normal_number(one) != normal_number(other)


def test_the_columns_type_decides_what_a_value_is() -> None:
    number, bit, text = ColumnInfo("a", "decimal(10,3)"), ColumnInfo("a", "bit(10)"), ColumnInfo("a", "varchar(5)")
    assert canonical_value(("text", b"1.50"), number) == canonical_value(("number", b"1.5"), number)
    assert canonical_value(("text", b"\0\x05"), bit) == canonical_value(("bits", b"\x05"), bit)
    assert canonical_value(("text", b"1.50"), text) != canonical_value(("text", b"1.5"), text)
    assert canonical_value(("text", b""), text) != canonical_value(("null", b""), text)
    assert canonical_value(("text", b"\xeb\x80\x81"), text, "cp1252") == "Së€\x81".encode()


def test_columns_are_matched_by_name_and_generated_ones_left_out() -> None:
    columns = (ColumnInfo("a", "int"), ColumnInfo("g", "int", generated=True), ColumnInfo("b", "int", invisible=True))
    plain = canonical_row(parse_row(b"1,2"), columns_of_row(2, ("B", "A"), columns))
    assert plain == canonical_row(parse_row(b"2,99,1"), columns_of_row(3, None, columns))
    assert plain != canonical_row(parse_row(b"1,2"), columns_of_row(2, ("a", "b"), columns))


def test_no_two_rows_share_their_bytes() -> None:
    """Lengths are part of it: `('a','b')` and `('ab','')` differ."""
    columns = columns_of_row(2, ("x", "y"), ())
    assert canonical_row(parse_row(b"'a','b'"), columns) != canonical_row(parse_row(b"'ab',''"), columns)


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

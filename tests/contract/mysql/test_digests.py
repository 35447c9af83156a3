"""Digests of tables: equal exactly if the rows are, whatever their order and whatever the server is set to."""

import hashlib
from pathlib import Path

import pytest

from harness.base.model import TableState
from tests.contract.mysql.places import Place

EMPTY = "0" * 32

CHANGES = {
    "int": ("INT", "1", "2"),
    "int-sign": ("INT", "1", "-1"),
    "bigint-unsigned": ("BIGINT UNSIGNED", "18446744073709551615", "18446744073709551614"),
    "decimal": ("DECIMAL(40,10)", "12345678901234567890.0000000001", "12345678901234567890.0000000002"),
    "float": ("FLOAT", "1.00001", "1.00002"),
    "double": ("DOUBLE", "0.1", "0.10000000000000002"),
    "date": ("DATE", "'2026-08-01'", "'2026-08-02'"),
    "zero-date": ("DATE", "'0000-00-00'", "'0001-01-01'"),
    "datetime": ("DATETIME(6)", "'2026-08-01 12:00:00.000001'", "'2026-08-01 12:00:00.000002'"),
    "timestamp": ("TIMESTAMP(6) NULL", "'2026-08-01 12:00:00.000001'", "'2026-08-01 12:00:00.000002'"),
    "time": ("TIME", "'-838:59:58'", "'838:59:58'"),
    "time-fraction": ("TIME(6)", "'12:00:00.000001'", "'12:00:00.000002'"),
    "year": ("YEAR", "2025", "2026"),
    "char": ("CHAR(5)", "'abc'", "'abd'"),
    "varchar": ("VARCHAR(50)", "'abc'", "'abd'"),
    "varchar-case": ("VARCHAR(50)", "'abc'", "'Abc'"),
    "varchar-accent": ("VARCHAR(50)", "'e'", "'é'"),
    "varchar-trailing-space": ("VARCHAR(50)", "'abc'", "'abc '"),
    "varchar-emoji": ("VARCHAR(50)", "'🐝'", "'?'"),
    "varchar-composition": ("VARCHAR(50)", "_utf8mb4 X'C3A9'", "_utf8mb4 X'65CC81'"),
    "varchar-latin1": ("VARCHAR(50) CHARACTER SET latin1", "'é'", "'è'"),
    "text": ("TEXT", "'abc'", "'abd'"),
    "text-trailing-space": ("TEXT", "'abc'", "'abc '"),
    "text-emoji": ("TEXT", "'🐝'", "'?'"),
    "mediumtext": ("MEDIUMTEXT", "CONCAT(REPEAT('a', 70000), 'a')", "CONCAT(REPEAT('a', 70000), 'b')"),
    "binary": ("BINARY(4)", "X'00000000'", "X'00000001'"),
    "varbinary": ("VARBINARY(4)", "X'00'", "X'0000'"),
    "blob": ("BLOB", "X'00FF'", "X'00FE'"),
    "blob-not-utf8": ("BLOB", "X'FF'", "X'FE'"),
    "longblob": ("LONGBLOB", "CONCAT(REPEAT(X'00', 1000000), X'00')", "CONCAT(REPEAT(X'00', 1000000), X'01')"),
    "bit": ("BIT(9)", "b'100000000'", "b'100000001'"),
    "enum": ("ENUM('a', 'b', 'A!')", "'a'", "'b'"),
    "set": ("SET('a', 'b', 'c')", "'a,b'", "'a,c'"),
    "json": ("JSON", """'{"a": [1, "x"]}'""", """'{"a": [1, "y"]}'"""),
    "json-null": ("JSON", "'null'", "'[]'"),
    "point": ("POINT", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(1 3)')"),
    "geometry": ("GEOMETRY", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('LINESTRING(1 2, 3 4)')"),
    "geometry-srid": ("GEOMETRY", "ST_GeomFromText('POINT(1 2)', 0)", "ST_GeomFromText('POINT(1 2)', 4326)"),
    "invisible": ("INT INVISIBLE", "1", "2"),
    "generated-from": ("INT, g INT AS (v + 1) STORED, h INT AS (v + 2) VIRTUAL", "1", "2"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_the_smallest_change_of_a_value_changes_the_digest(place: Place, kind: str) -> None:
    """And NULL is a value like no other; the old value gives the old digest again."""
    column, first, second = CHANGES[kind]
    place.run(f"CREATE TABLE t (id INT PRIMARY KEY, v {column})", f"INSERT INTO t (id, v) VALUES (1, {first})")
    before = place.digest()
    digests = [before]
    for value in (second, "NULL"):
        place.run(f"UPDATE t SET v = {value}")
        digests.append(place.digest())
    place.run(f"UPDATE t SET v = {first}")
    assert len(set(digests)) == 3
    assert place.digest() == before


CARRIED = {
    "double": ("DOUBLE", "-0e0", "0", "-1e-300"),
    "float": ("FLOAT", "-0e0", "0", "-1e-30"),
    "json-decimal": (
        "JSON",
        "JSON_OBJECT('a', CAST(1.10 AS DECIMAL(8, 2)), 'b', '1.10')",
        """'{"a": 1.1, "b": "1.10"}'""",
        """'{"a": 1.11, "b": "1.10"}'""",
    ),
    "json-whole": ("JSON", "JSON_ARRAY(CAST(3 AS DECIMAL(20, 2)))", "'[3.0]'", "'[3.5]'"),
    "json-long": (
        "JSON",
        "JSON_ARRAY(CAST(0.1234567890123456789012 AS DECIMAL(30, 25)))",
        "'[0.12345678901234568]'",
        "'[0.12345678901234566]'",
    ),
}


@pytest.mark.parametrize("kind", CARRIED)
def test_a_value_that_a_dump_carries_as_another_has_its_digest(place: Place, kind: str) -> None:
    """The first is what the source holds, the second what its dump gives; the third is another value."""
    if place.flavour == "MariaDB" and kind.startswith("json"):
        return  # JSON is text there: the dump carries it as it stands
    column, held, carried, other = CARRIED[kind]
    digests = []
    place.run(f"CREATE TABLE t (id INT PRIMARY KEY, v {column})", f"INSERT INTO t VALUES (1, {held})")
    for value in (held, carried, other, "NULL"):
        place.run(f"UPDATE t SET v = {value}")
        digests.append(place.digest())
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@pytest.mark.parametrize("storage", ["STORED", "VIRTUAL"])
def test_what_a_generated_column_computes_is_part_of_the_digest(place: Place, storage: str) -> None:
    place.run(
        f"CREATE TABLE a (v INT, g INT AS (v + 1) {storage})",
        f"CREATE TABLE b (v INT, g INT AS (v + 2) {storage})",
        "INSERT INTO a (v) VALUES (1)",
        "INSERT INTO b (v) VALUES (1)",
    )
    tables = place.tables()
    assert tables["a"].digest != tables["b"].digest


def test_an_empty_table_has_no_rows_and_the_digest_zero(place: Place) -> None:
    place.run("CREATE TABLE t (id INT PRIMARY KEY, created_at DATETIME)")
    assert place.tables() == {"t": TableState("t", 0, EMPTY)}


def test_the_order_of_rows_does_not_matter(place: Place) -> None:
    rows = [f"({number}, 'name {number}')" for number in range(300)]
    place.run(
        "CREATE TABLE a (id INT, name VARCHAR(20))",
        "CREATE TABLE b (id INT, name VARCHAR(20), KEY (name))",
        f"INSERT INTO a VALUES {', '.join(rows)}",
        f"INSERT INTO b VALUES {', '.join(reversed(rows))}",
    )
    tables = place.tables()
    assert tables["a"].digest == tables["b"].digest
    assert tables["a"].rows == tables["b"].rows == 300


def test_the_order_of_columns_does_not_matter_but_their_names_order_the_values(place: Place) -> None:
    place.run(
        "CREATE TABLE a (x INT, y INT)",
        "CREATE TABLE b (y INT, x INT)",
        "CREATE TABLE swapped (x INT, y INT)",
        "INSERT INTO a (x, y) VALUES (1, 2)",
        "INSERT INTO b (x, y) VALUES (1, 2)",
        "INSERT INTO swapped (x, y) VALUES (2, 1)",
    )
    tables = place.tables()
    assert tables["a"].digest == tables["b"].digest
    assert tables["a"].digest != tables["swapped"].digest


def test_duplicate_rows_add_up_and_never_cancel(place: Place) -> None:
    """An exclusive or of the rows' digests would be the same for none, two and four equal rows."""
    place.run("CREATE TABLE t (v INT)")
    digests = [place.digest()]
    for _ in range(4):
        place.run("INSERT INTO t VALUES (7)")
        digests.append(place.digest())
    assert len(set(digests)) == 5
    assert digests[0] == EMPTY


def test_null_and_what_looks_like_it_differ(place: Place) -> None:
    values = ["NULL", "''", "'N'", "'0'", "'0:'", "'1:N'", "'NULL'", "' '", "'\\0'"]
    digests = {}
    place.run("CREATE TABLE t (v VARCHAR(10), w TEXT, x VARBINARY(10))", "INSERT INTO t VALUES ('', '', '')")
    for column in ("v", "w", "x"):
        for value in values:
            place.run(f"UPDATE t SET {column} = {value}")
            digests[column, value] = place.digest()
        place.run(f"UPDATE t SET {column} = '#'")
    assert len(set(digests.values())) == len(values) * 3


def test_values_that_look_like_the_digests_own_marks_do_not_imitate_other_columns(place: Place) -> None:
    rows = [
        ("1:a", "b"), ("a", "1:b"), ("a|1:b", ""), ("a", "|1:b"), ("a|1:b|1:c", "d"), ("a", "b|1:c|1:d"),
        ("", "a|1:b"), ("|", "|"), ("||", ""), ("", "||"), ("3:a|1", ":b"), ("N|N", ""), ("N", "N"),
    ]  # fmt: skip
    place.run("CREATE TABLE t (v VARCHAR(20), w VARCHAR(20))", "INSERT INTO t VALUES (NULL, NULL)")
    digests = {place.digest()}
    for first, second in rows:
        place.run(f"UPDATE t SET v = '{first}', w = '{second}'")
        digests.add(place.digest())
    assert len(digests) == len(rows) + 1


def test_a_blob_beyond_the_servers_packet_limit_is_digested(place: Place) -> None:
    """CONCAT answers NULL beyond max_allowed_packet; the digest has to count such a row all the same."""
    place.run("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)")
    digests = []
    for last in ("a", "b"):
        with place.server_set({"max_allowed_packet": 64 << 20}), place.session() as session:
            session.execute(f"REPLACE INTO t VALUES (1, CONCAT(REPEAT('a', 20971519), '{last}')), (2, 'small')")
        with place.server_set({"max_allowed_packet": 1 << 20}), place.session() as session:
            assert session.row("SELECT MAX(LENGTH(v)), CONCAT(v, '') IS NULL FROM t WHERE id = 1") == (20 << 20, 1)
            assert place.tables(session)["t"].rows == 2
            digests.append(place.tables(session)["t"].digest)
    assert digests[0] != digests[1]


def test_settings_of_the_server_do_not_matter(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id INT PRIMARY KEY, c CHAR(10), at TIMESTAMP(6) NULL, d DATETIME, f FLOAT, v VARCHAR(20),"
        " j JSON, b BIT(3), created_at TIMESTAMP NULL)",
        "INSERT INTO t VALUES (1, 'a', '2026-08-01 12:00:00.5', '2026-08-01 12:00:00', 1.5, 'x\"y\\\\', '[1]', 5,"
        " '2026-08-01 12:00:00')",
    )
    expected = place.tables()
    settings: dict[str, object] = {
        "sql_mode": "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,IGNORE_SPACE,"
        "STRICT_ALL_TABLES,NO_ZERO_DATE,ONLY_FULL_GROUP_BY",
        "time_zone": "+09:30",
        "character_set_server": "latin1",
        "collation_connection": "latin1_bin",
        "lc_time_names": "de_DE",
        "group_concat_max_len": 4,
    }
    with place.server_set(settings), place.session() as session:
        assert place.tables(session) == expected
    assert expected["t"].newest_at is not None
    assert expected["t"].newest_at.isoformat() == "2026-08-01T12:00:00+00:00"


def test_the_newest_time_is_the_later_one_of_both_columns(place: Place) -> None:
    place.run(
        "CREATE TABLE t (created_at DATETIME, updated_at TIMESTAMP NULL)",
        "INSERT INTO t VALUES ('2026-01-01 00:00:00', '2026-03-01 00:00:01'), ('2026-02-01 00:00:00', NULL)",
        "CREATE TABLE u (created_at DATE, updated_at VARCHAR(30))",
        "INSERT INTO u VALUES ('2026-01-01', 'yesterday')",
    )
    tables = place.tables()
    newest = tables["t"].newest_at
    assert newest is not None
    assert newest.isoformat() == "2026-03-01T00:00:01+00:00"
    assert tables["u"].newest_at is None


def test_odd_names_are_quoted(place: Place) -> None:
    place.run(
        "CREATE TABLE `odd ``name` (`a``b` INT, `select` INT, `c%%d` INT, `é` INT)".replace("%%", "%"),
        "INSERT INTO `odd ``name` VALUES (1, 2, 3, 4)",
    )
    assert place.tables()["odd `name"].rows == 1


def test_the_digest_can_be_recomputed_in_python(place: Place) -> None:
    """As docs/manifest.md says it, for every kind of column."""
    place.run(
        "CREATE TABLE t (id BIGINT, B VARCHAR(20), a DECIMAL(10,3), c BLOB, d DATETIME(6), e TEXT, f FLOAT, g BIT(9),"
        " h BINARY(3), i CHAR(9), j ENUM('x', 'y'), k DOUBLE, l TIME, m YEAR, n INT)",
        "INSERT INTO t VALUES (-5, 'é|1:x', 1.5, X'00FF', '2026-08-01 12:00:00.5', 'text', 1.5, 261, 'ab', 'c ', 'y',"
        " 0.1, '-01:02:03', 2026, NULL), (6, '', 0, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 7)",
    )

    def plain(value: bytes) -> bytes:
        return b"%d:%b" % (len(value), value)

    def large(value: bytes) -> bytes:
        return hashlib.sha256(value).hexdigest().encode()

    names = ["B", "a", "c", "d", "e", "f", "g", "h", "i", "id", "j", "k", "l", "m", "n"]
    first = {
        "B": plain("é|1:x".encode()), "a": plain(b"1.500"), "c": large(b"\0\xff"),
        "d": plain(b"2026-08-01 12:00:00.500000"), "e": large(b"text"), "f": plain(b"1.5"), "g": large(b"105"),
        "h": plain(b"ab\0"), "i": plain(b"c"), "id": plain(b"-5"), "j": plain(b"y"), "k": plain(b"0.1"),
        "l": plain(b"-01:02:03"), "m": plain(b"2026"), "n": b"N",
    }  # fmt: skip
    second = dict.fromkeys(names, b"N") | {
        "id": plain(b"6"), "B": plain(b""), "a": plain(b"0.000"), "c": large(b""), "n": plain(b"7"),
    }  # fmt: skip
    total = 0
    for row in (first, second):
        digest = hashlib.sha256(b"|".join(row[name] for name in names)).hexdigest()
        total += int(digest[:16], 16) * 2**64 + int(digest[16:32], 16)
    assert place.digest() == f"{total % 2**128:032x}"


def test_the_digest_can_be_recomputed_in_sql(place: Place) -> None:
    """With the statements of docs/manifest.md as they stand there."""
    place.run(
        "CREATE TABLE t (id INT, name VARCHAR(20))",
        "INSERT INTO t VALUES (1, 'é 🐝'), (2, NULL), (2, NULL), (NULL, ''), (-7, '1:a|N')",
    )
    page = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text(encoding="utf-8")
    settings, query = page.split("```sql\n")[1].split("```")[0].split(";\n", 1)
    with place.session() as session:
        session.execute(settings)
        total = session.value(query.strip().rstrip(";"))
    assert place.digest() == f"{int(total) % 2**128:032x}"


def test_text_goes_in_with_the_bytes_of_its_own_character_set(place: Place) -> None:
    """So the digest does not depend on what a connection converts it to, and sees bytes that it cannot show."""
    place.run("CREATE TABLE t (v VARCHAR(9) CHARACTER SET latin1, w VARCHAR(9))", "INSERT INTO t VALUES (X'E981', 'é')")
    assert place.digest() == hashlib.sha256(b"2:\xe9\x81|2:\xc3\xa9").hexdigest()[:32]

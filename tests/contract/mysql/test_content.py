"""What is read besides rows: orphans, missing definers, counters, variables, and which rows differ."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import ServerFailed
from harness.base.model import IdSet, Orphans
from harness.checks.evidence import RowDifference
from harness.checks.rowdiff import differing_rows
from harness.procedure.snapshot import read_database, read_kept_row_digests, write_references
from harness.runtime.services.mysql import Account, Session, server_variables
from harness.runtime.services.mysql_content import (
    read_auto_increments,
    read_ids,
    read_orphans,
    read_row_digests,
    read_shapes,
)
from harness.runtime.services.mysql_schema import missing_definers, read_objects
from tests.contract.mysql.places import Place

NO_KEYS = "SET foreign_key_checks = 0"
KEYS = "SET foreign_key_checks = 1"


def test_orphans_are_counted_for_every_key_and_a_key_without_any_is_listed(place: Place) -> None:
    place.run(
        "CREATE TABLE p (id INT PRIMARY KEY, code VARCHAR(10) UNIQUE)",
        "CREATE TABLE c (id INT PRIMARY KEY, p_id INT, code VARCHAR(10), up INT,"
        " CONSTRAINT c_p FOREIGN KEY (p_id) REFERENCES p (id),"
        " CONSTRAINT c_code FOREIGN KEY (code) REFERENCES p (code),"
        " CONSTRAINT c_up FOREIGN KEY (up) REFERENCES c (id))",
        "INSERT INTO p VALUES (1, 'a'), (2, NULL)",
        NO_KEYS,
        "INSERT INTO c VALUES (1, 1, 'a', NULL), (2, 2, 'A', 1), (3, 9, 'b', 3), (4, 9, NULL, 99), (5, NULL, 'a', 6)",
        KEYS,
    )
    assert read_orphans(place.kept, place.name) == (
        Orphans("c", "c_code", ("code",), "p", 1),
        Orphans("c", "c_p", ("p_id",), "p", 2),
        Orphans("c", "c_up", ("up",), "c", 2),
    )


def test_an_orphan_of_a_composite_key_has_a_value_in_every_column_and_no_such_row(place: Place) -> None:
    place.run(
        "CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))",
        "CREATE TABLE c (x INT, y INT, CONSTRAINT c_p FOREIGN KEY (x, y) REFERENCES p (a, b))",
        "INSERT INTO p VALUES (1, 1), (2, 2)",
        NO_KEYS,
        "INSERT INTO c VALUES (1, 1), (1, 2), (2, 1), (2, 2), (NULL, 9), (9, NULL), (NULL, NULL), (9, 9)",
        KEYS,
    )
    assert read_orphans(place.kept, place.name) == (Orphans("c", "c_p", ("x", "y"), "p", 3),)


def test_every_row_that_points_into_a_missing_table_is_an_orphan(place: Place) -> None:
    """As Apiary's documented exclusion leaves them, in a database that was not migrated."""
    place.run(
        NO_KEYS,
        "CREATE TABLE c (id INT PRIMARY KEY, p_id INT, CONSTRAINT c_p FOREIGN KEY (p_id) REFERENCES gone (id))",
        "INSERT INTO c VALUES (1, 1), (2, NULL), (3, 7)",
        KEYS,
    )
    assert read_orphans(place.kept, place.name) == (Orphans("c", "c_p", ("p_id",), "gone", 2),)


def test_definers_that_are_no_accounts_are_named_with_their_objects(place: Place) -> None:
    app = place.server.app.user
    place.run(
        "CREATE TABLE t (id INT)",
        "CREATE VIEW mine AS SELECT id FROM t",
        f"CREATE DEFINER = '{app}'@'%' VIEW of_the_app AS SELECT id FROM t",
        f"CREATE DEFINER = '{app}'@'localhost' VIEW elsewhere AS SELECT id FROM t",
        "CREATE DEFINER = 'ghost'@'%' TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
        "CREATE DEFINER = 'ghost'@'%' FUNCTION f() RETURNS INT RETURN 1",
        "CREATE DEFINER = 'ghost'@'%' EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 00:00:00' DO SET @a = 1",
    )
    assert missing_definers(place.kept, read_objects(place.kept, place.name)) == (
        ("event e", "ghost@%"),
        ("routine f", "ghost@%"),
        ("trigger t.g", "ghost@%"),
        ("view elsewhere", f"{app}@localhost"),
    )


def test_a_counter_is_read_as_it_is_now(place: Place) -> None:
    """MySQL's information_schema keeps old counters for a day, unless asked otherwise."""
    place.run("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)")
    with place.session() as stale:
        stale.execute("SELECT * FROM information_schema.tables WHERE table_schema = DATABASE()")
        place.run("INSERT INTO t VALUES (NULL), (NULL)")
        stale.execute("SELECT * FROM information_schema.tables WHERE table_schema = DATABASE()")
    place.run("ALTER TABLE t AUTO_INCREMENT = 1000")
    assert read_auto_increments(place.kept, place.name) == {"t": 1000}
    place.run("INSERT INTO t VALUES (NULL)")
    assert read_auto_increments(place.kept, place.name) == {"t": 1001}


def test_variables_are_those_of_the_server_and_missing_ones_are_left_out(place: Place) -> None:
    with place.server_set({"sql_mode": "ANSI_QUOTES"}), place.session() as session:
        found = server_variables(session)
    assert dict(found) == {
        "character_set_server": "utf8mb4",
        "collation_server": "utf8mb4_unicode_ci",
        "default_storage_engine": "InnoDB",
        "explicit_defaults_for_timestamp": "ON",
        "lower_case_table_names": "0",
        "max_allowed_packet": str(64 << 20 if place.flavour == "MySQL" else 16 << 20),
        "sql_mode": "ANSI_QUOTES",
        "system_time_zone": place.value("SELECT @@system_time_zone"),
        "time_zone": "SYSTEM",
        "version": found["version"],
    } | ({"sql_require_primary_key": "OFF"} if place.flavour == "MySQL" else {})
    assert found["version"].startswith(place.version)
    assert list(found) == sorted(found)


def test_ids_are_read_without_soft_deleted_rows(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, deleted_at TIMESTAMP NULL)",
        "INSERT INTO t VALUES (1, NULL), (2, NULL), (3, '2026-01-01'), (4, NULL), (18446744073709551615, NULL)",
        "CREATE TABLE airports (iata VARCHAR(3) PRIMARY KEY)",
        "INSERT INTO airports VALUES ('JFK'), ('ATL')",
    )
    shapes = {shape.name: shape for shape in read_shapes(place.kept, place.name)}
    assert read_ids(place.kept, place.name, shapes["t"], "id") == IdSet(
        ((1, 2), (4, 4), (18446744073709551615, 18446744073709551615))
    )
    whole = replace(shapes["t"], columns=(("id", "bigint"),))
    assert read_ids(place.kept, place.name, whole, "id").ranges[0] == (1, 4)
    assert read_ids(place.kept, place.name, shapes["airports"], "iata") == IdSet((), ("ATL", "JFK"))
    # Its place among the rows is beyond what the server counts with: the keys travel.
    place.run("INSERT INTO t VALUES (9223372036854775808, NULL)")
    assert read_ids(place.kept, place.name, whole, "id").ranges[1:] == (
        (9223372036854775808, 9223372036854775808),
        (18446744073709551615, 18446744073709551615),
    )


def test_references_are_paths_as_bytes_in_the_order_of_a_tree(place: Place, tmp_path: Path) -> None:
    place.run(
        "CREATE TABLE signatures (id INT PRIMARY KEY, scanned_agreement VARCHAR(200))",
        "INSERT INTO signatures VALUES (1, 'a/é 🐝.pdf'), (2, NULL), (3, ''), (4, 'a b/x.pdf'), (5, 'a/b.pdf')",
        "CREATE TABLE users (id INT PRIMARY KEY, uid VARCHAR(20))",
        "CREATE TABLE resumes (id INT PRIMARY KEY, user_id INT)",
        "INSERT INTO users VALUES (7, 'gburdell3'), (8, 'none')",
        "INSERT INTO resumes VALUES (1, 7)",
    )
    path = tmp_path / "references"
    assert write_references(place.kept, place.name, path) == 4
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        ["a/b.pdf", "signatures id=5 (scanned_agreement)"],
        ["a/é 🐝.pdf", "signatures id=1 (scanned_agreement)"],
        ["a b/x.pdf", "signatures id=4 (scanned_agreement)"],
        ["resumes/gburdell3.pdf", "resumes id=1"],
    ]


def digests(session: Session, place: Place, table: str) -> list[tuple[str, str]]:
    (shape,) = [shape for shape in read_shapes(session, place.name) if shape.name == table]
    return list(read_row_digests(session, place.name, shape))


KEYED = {
    "integer": ("id BIGINT UNSIGNED, PRIMARY KEY (id)", ["1", "2", "18446744073709551615", "4"],
                ("[2]", "[18446744073709551615]", "[4]")),
    "string": ("id VARCHAR(50) COLLATE utf8mb4_bin, PRIMARY KEY (id)",
               ["'a'", "'tab\\tnewline\\n\"'", "'é 🐝'", "'A'"],
               (r'["tab\tnewline\n\""]', r'["\u00e9 \ud83d\udc1d"]', '["A"]')),
    "binary": ("id VARBINARY(9), PRIMARY KEY (id)", ["X'00'", "X'FF00'", "X'2722'", "''"],
               ('["FF00"]', '["2722"]', '[""]')),
    "composite": ("b INT, a VARCHAR(9), PRIMARY KEY (b, a)", ["1, 'x'", "1, 'y'", "2, 'x'", "2, 'y'"],
                  ('[1, "y"]', '[2, "x"]', '[2, "y"]')),
    "date": ("id DATETIME(3), PRIMARY KEY (id)",
             ["'2026-01-01'", "'2026-01-02 03:04:05.678'", "'2026-01-03'", "'2026-01-04'"],
             ('["2026-01-02 03:04:05.678000"]', '["2026-01-03 00:00:00"]', '["2026-01-04 00:00:00"]')),
    "decimal": ("id DECIMAL(20,2), PRIMARY KEY (id)", ["1", "2.50", "-3", "4"], ('["2.50"]', '["-3.00"]', '["4.00"]')),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYED)
def test_rows_that_differ_are_named_by_their_keys(place: Place, elsewhere: Place, tmp_path: Path, kind: str) -> None:
    """Missing, changed, and extra ones; never a value."""
    columns, keys, (missing, changed, extra) = KEYED[kind]
    for side, rows in ((place, keys[:3]), (elsewhere, [keys[0], keys[2], keys[3]])):
        side.run(f"CREATE TABLE t ({columns}, v VARCHAR(20))", *(f"INSERT INTO t VALUES ({key}, 'v')" for key in rows))
    elsewhere.run(f"REPLACE INTO t VALUES ({keys[2]}, 'secret')")
    assert differing_rows(
        digests(place.kept, place, "t"), digests(elsewhere.kept, elsewhere, "t"), tmp_path
    ) == RowDifference((missing,), (extra,), (changed,))
    assert list(tmp_path.iterdir()) == []


def test_equal_tables_have_no_differing_rows_and_at_most_five_are_named(
    place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    rows = ", ".join(f"({number}, {number % 7})" for number in range(2000))
    for side in (place, elsewhere):
        side.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)", f"INSERT INTO t VALUES {rows}")
    expected = digests(place.kept, place, "t")
    assert differing_rows(expected, digests(elsewhere.kept, elsewhere, "t"), tmp_path) == RowDifference()
    elsewhere.run("DELETE FROM t WHERE id >= 10")
    found = differing_rows(expected, digests(elsewhere.kept, elsewhere, "t"), tmp_path)
    assert found == RowDifference(missing=("[10]", "[11]", "[12]", "[13]", "[14]"))


def test_kept_row_digests_are_those_of_the_moment(place: Place, tmp_path: Path) -> None:
    place.run(
        "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, v INT)",
        "INSERT INTO t VALUES ('a\\tb\\n', 1), ('é', 2)",
        "CREATE TABLE `t 2` (id INT PRIMARY KEY)",
        "INSERT INTO `t 2` VALUES (7)",
        "CREATE TABLE without_key (id INT)",
        "INSERT INTO without_key VALUES (1)",
    )
    kept = tmp_path / "rows.zst"
    state = read_database(place.kept, place.name, row_digests=kept)
    before = digests(place.kept, place, "t")
    place.run("UPDATE t SET v = 3 WHERE id = 'é'")
    assert list(read_kept_row_digests(kept, "t")) == before
    assert [key for key, _ in read_kept_row_digests(kept, "t 2")] == ["[7]"]
    assert list(read_kept_row_digests(kept, "without_key")) == []
    assert {table.name: table.rows for table in state.tables} == {"t": 2, "t 2": 1, "without_key": 1}
    assert differing_rows(read_kept_row_digests(kept, "t"), digests(place.kept, place, "t"), tmp_path) == (
        RowDifference(changed=(r'["\u00e9"]',))
    )


def test_the_digest_of_a_table_is_the_sum_of_the_digests_of_its_rows(place: Place) -> None:
    place.run("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    total = sum(int(digest, 16) for _, digest in digests(place.kept, place, "t"))
    assert place.digest() == f"{total % 2**128:032x}"


def test_rows_are_counted_and_dated_without_a_digest_as_with_one(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id INT PRIMARY KEY, created_at TIMESTAMP NULL, updated_at DATETIME NULL)",
        "INSERT INTO t VALUES (1, '2026-08-01 10:00:00', NULL), (2, NULL, '2026-08-01 12:00:00')",
        "CREATE TABLE u (id INT PRIMARY KEY)",
    )
    whole = read_database(place.kept, place.name)
    assert [(table.rows, bool(table.digest)) for table in whole.tables] == [(2, True), (0, True)]
    assert whole.tables[0].newest_at is not None
    plain = tuple(replace(table, digest="") for table in whole.tables)
    assert read_database(place.kept, place.name, digests=False) == replace(whole, tables=plain)


def test_a_wrong_password_and_a_server_that_is_not_there_are_reported(
    place: Place, new_place: Callable[..., Place]
) -> None:
    server = place.server
    with pytest.raises(ServerFailed) as wrong, server.session(Account("nobody", "guess")):
        pass
    assert str(wrong.value).startswith(
        f"cannot connect to MySQL at 127.0.0.1:{server.port} as 'nobody': ERROR 1045: Access denied for user 'nobody'@"
    )
    assert "guess" not in str(wrong.value)
    with pytest.raises(ServerFailed) as refused:
        place.run("SELECT * FROM nowhere")
    assert str(refused.value) == f"MySQL refused SELECT: ERROR 1146: Table '{place.name}.nowhere' doesn't exist"

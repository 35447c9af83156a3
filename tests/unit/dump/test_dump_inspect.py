"""What one reading of a script tells."""

import gzip
import io
import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import inspect
from harness.artifacts.dump.keyed_rows import rows_of, value_digests
from harness.artifacts.dump.model import ColumnInfo, DatabaseInfo, DumpInfo, Mention
from harness.artifacts.dump.source import open_script
from harness.base.guide import EXCLUDABLE_TABLES
from tests.tables import over_table

ROWS = {"dup": 3, "empty_one": 0, "gipk": 2, "inv": 2, "nasty": 2, "odd `name": 2, "sessions": 1, "users": 8}


def look(script: bytes) -> DumpInfo:
    return inspect(io.BytesIO(script))


def apiary(info: DumpInfo) -> DatabaseInfo:
    found = info.database("apiary") or info.database()
    assert found is not None
    return found


def by_value(*scripts: Path) -> dict[str, str]:
    """Digests by value of every table with rows; several scripts are one in parts."""
    chunks = itertools.chain.from_iterable(open_script(script) for script in scripts)
    return value_digests(rows_of(chunks, "apiary", ROWS))


@pytest.fixture(scope="module")
def full(data: Path) -> DumpInfo:
    return inspect(data / "mysql-9.7" / "full.sql")


def test_the_header_and_the_footer_say_who_when_and_whether_it_finished(full: DumpInfo) -> None:
    assert (full.tool, full.tool_version) == ("mysqldump", "9.7.4")
    assert (full.server_version, full.flavour) == ("9.7.4-2", "mysql")
    assert full.header_database == "apiary"
    assert full.finished_at is not None
    assert full.finished_at.date() == datetime(2026, 11, 22).date()
    assert (full.complete, full.incomplete_because) == (True, "")


def test_tables_come_with_rows_columns_and_keys(full: DumpInfo) -> None:
    assert {table.name: table.rows for table in apiary(full).tables} == ROWS
    users = apiary(full).table("users")
    assert users is not None
    assert users.primary_key == ("id",)
    assert (users.engine, users.collation, users.charset) == ("InnoDB", "utf8mb4_unicode_ci", "utf8mb4")
    assert users.auto_increment == 9
    assert users.insert_columns == ("id", "uid", "first_name", "deleted_at")
    assert users.columns == (
        ColumnInfo("id", "bigint unsigned"),
        ColumnInfo("uid", "varchar(127)", collation="utf8mb4_unicode_ci", charset="utf8mb4"),
        ColumnInfo("first_name", "varchar(127)", collation="utf8mb4_unicode_ci"),
        ColumnInfo("full_uid", "varchar(200)", generated=True, collation="utf8mb4_unicode_ci"),
        ColumnInfo("stored_len", "int", generated=True),
        ColumnInfo("deleted_at", "timestamp"),
    )
    nasty = apiary(full).table("nasty")
    assert nasty is not None
    assert nasty.primary_key == ("b", "a")
    gipk = apiary(full).table("gipk")
    assert gipk is not None
    assert gipk.columns[0] == ColumnInfo("my_row_id", "bigint unsigned", invisible=True)


def test_objects_come_with_their_definers(full: DumpInfo) -> None:
    assert [(item.kind, item.name, item.definer) for item in apiary(full).objects] == [
        ("event", "e1", "root@localhost"),
        ("function", "f1", "root@localhost"),
        ("procedure", "p1", "root@localhost"),
        ("procedure", "p2", "root@localhost"),
        ("trigger", "users_bi", "root@localhost"),
        ("view", "active_users", "root@localhost"),
        ("view", "v2", "root@localhost"),
    ]
    assert not any(item.placeholder for item in apiary(full).objects)
    assert [mention.name for mention in full.definers] == ["root@localhost"]
    assert [mention.name for mention in full.collations] == ["utf8mb4_0900_ai_ci", "utf8mb4_unicode_ci"]
    assert [mention.name for mention in full.engines] == ["InnoDB", "MyISAM"]
    assert apiary(full).left_out == EXCLUDABLE_TABLES


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("full", {"extended_insert": True, "routines": True, "events": True, "hex_blob": False}),
        ("skip-extended-insert", {"extended_insert": False, "complete_insert": False}),
        ("complete-insert", {"complete_insert": True}),
        ("hex-blob", {"hex_blob": True}),
        ("order-by-primary", {"extended_insert": True, "complete_insert": False}),
        ("no-create-info", {"create_info": False, "data": True}),
        ("no-data", {"create_info": True, "data": False, "extended_insert": None}),
        ("skip-comments", {"comments": False, "compact": False, "dump_date": None}),
        ("skip-dump-date", {"dump_date": False, "comments": True}),
        ("skip-tz-utc", {"tz_utc": False}),
        ("compact", {"compact": True, "comments": False, "add_drop_table": False}),
        ("compact-skip-extended", {"compact": True, "extended_insert": False}),
        ("insert-ignore", {"insert_ignore": True}),
        ("replace", {"replace": True}),
        ("databases", {"databases": True, "set_gtid_purged": True}),
        ("latin1", {"charset": "latin1"}),
        ("plain", {"set_gtid_purged": True, "routines": False, "events": False, "charset": "utf8mb4"}),
    ],
)
def test_the_options_of_the_tool_are_inferred(data: Path, name: str, options: dict[str, object]) -> None:
    info = inspect(data / "mysql-9.7" / f"{name}.sql")
    assert {option: getattr(info.options, option) for option in options} == options
    assert info.complete is (None if ("comments" in options and not options["comments"]) or "compact" in name else True)


def test_options_come_back_as_arguments(data: Path) -> None:
    for name in ("hex-blob", "skip-tz-utc"):
        arguments = inspect(data / "mysql-9.7" / f"{name}.sql").options.as_arguments()
        assert arguments == (f"--{name}", "--default-character-set=utf8mb4")


def test_by_value_every_way_of_writing_a_table_is_the_same(data: Path) -> None:
    """Text digests differ between some of them; what they hold does not. A pair is read with the structure.

    An emoji does not fit into latin1: the tool writes a question mark, exit status 0.
    """
    ways = "skip-extended-insert complete-insert hex-blob order-by-primary compact replace by-mariadb-dump full latin1"
    held = {name: by_value(data / "mysql-9.7" / f"{name}.sql") for name in ways.split()}
    latin1, full = held.pop("latin1"), held["full"]
    assert [name for name, digests in held.items() if digests != full] == []
    assert by_value(*(data / "mysql-9.7" / f"{name}.sql" for name in ("no-data", "no-create-info"))) == full
    assert full.keys() == latin1.keys()
    assert [name for name in full if full[name] != latin1[name]] == ["users"]


def test_values_for_generated_columns_are_seen(data: Path) -> None:
    info = inspect(data / "mysql-9.7" / "by-mariadb-dump.sql")
    assert {
        table.name: table.generated_values_line for table in apiary(info).tables if table.generated_values_line
    } == {"users": 246}


def test_every_database_of_a_script_is_distinguished(data: Path) -> None:
    info = inspect(data / "mysql-9.7" / "databases.sql")
    assert [(database.name, database.used, database.rows) for database in info.databases] == [
        ("other", True, 2),
        ("apiary", True, 20),
    ]
    everything = inspect(data / "mysql-9.7" / "all-databases.sql.gz")
    assert [database.name for database in everything.databases] == ["mysql", "apiary", "other"]
    assert everything.complete is True


def test_statements_about_gtids_and_logs_have_lines(data: Path) -> None:
    info = inspect(data / "mysql-9.7" / "plain.sql")
    assert (info.gtid_lines, info.log_bin_lines) == ((24,), (17, 18, info.log_bin_lines[-1]))
    assert info.sandbox_line is None


def test_mariadbs_own_dump_is_read(dump: Callable[..., Path]) -> None:
    info = inspect(dump("--routines", "--events", "apiary"))
    assert (info.tool, info.flavour, info.complete) == ("mariadb-dump", "mariadb", True)
    assert info.sandbox_line == 1
    assert {table.name: table.rows for table in apiary(info).tables} == {
        name: rows for name, rows in ROWS.items() if name not in ("inv", "gipk")
    }
    assert [item.kind for item in apiary(info).objects] == [
        *("event", "function", "procedure", "procedure", "trigger", "view", "view")
    ]


def test_by_value_two_servers_hold_the_same(dump: Callable[..., Path], data: Path, full: DumpInfo) -> None:
    """The same statements ran on MySQL 9.7 and on this MariaDB."""
    for options in ((), ("--hex-blob",), ("--skip-extended-insert", "--complete-insert"), ("--compact",)):
        script = dump(*options, "apiary")
        tables = apiary(inspect(script)).tables
        ours = by_value(data / "mysql-9.7" / "full.sql")
        assert by_value(script) == {table.name: ours[table.name] for table in tables if table.rows}, options
        for table in tables:
            other = apiary(full).table(table.name)
            assert other is not None
            assert table.rows == other.rows, (options, table.name)


def test_the_same_tool_with_the_same_options_writes_the_same_text(dump: Callable[..., Path]) -> None:
    first, second = (inspect(dump("--skip-dump-date", "apiary")) for _ in range(2))
    assert apiary(first).tables == apiary(second).tables


@over_table(
    "script, complete, why",
    [
        (b"", False, "is empty"),
        (b"-- MySQL dump 10.13  Distrib 8.4.0, for Linux (x86_64)\n", False, 'no "-- Dump completed" line'),
        (b"SELECT 1;\nINSERT INTO t VALUES (1,'a", False, "ends inside a statement that started on line 2"),
        (b"-- MySQL dump 10.13  Distrib 8.4.0, for Linux (x86_64)\nSELECT 1;\n", False, 'no "-- Dump completed" line'),
        (
            b"-- MySQL dump 10.13  Distrib 8.4.0, for Linux\nSELECT '-- Dump completed on 2020-01-01  1:02:03';\n",
            False,
            'no "-- Dump completed" line',
        ),
        (
            b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\nCREATE TABLE t (a int);\n",
            False,
            "ends before the settings of its header are restored (OLD_SQL_MODE)",
        ),
        (b"CREATE TABLE t (a int);\n", None, "comments are off, so it is unknown whether the tool finished"),
        (
            b"-- MySQL dump 10.13  Distrib 8.4.0, for Linux (x86_64)\nSELECT 1;\n-- Dump completed\nSELECT 2;\n",
            False,
            'statements follow the last "-- Dump completed" line',
        ),
    ],
)
def test_a_dump_that_did_not_finish_says_why(script: bytes, complete: bool | None, why: str) -> None:
    info = look(script)
    assert (info.complete, info.incomplete_because) == (complete, why)


def test_cut_anywhere_a_dump_is_never_complete(data: Path, tmp_path: Path) -> None:
    """Also with a whole gzip around it."""
    script = (data / "mysql-9.7" / "full.sql").read_bytes()
    for end in range(0, script.rindex(b"-- Dump completed"), 389):
        assert look(script[:end]).complete is not True, end
    (tmp_path / "dead.sql.gz").write_bytes(gzip.compress(script[:9000]))
    assert inspect(tmp_path / "dead.sql.gz").complete is False


def test_the_largest_statement_is_measured_wherever_it_is() -> None:
    insert = b"INSERT INTO t VALUES (1,'" + b"x" * 5000 + b"');"
    info = look(b"CREATE TABLE t (a int, b text);\n" + insert + b"\nSELECT 1;\n")
    assert (info.largest_statement_bytes, info.largest_statement_line) == (len(insert), 2)
    comment = b"CREATE TABLE u (a int) COMMENT='" + b"y" * 9000 + b"';"
    assert look(comment + insert).largest_statement_bytes == len(comment)


def test_a_view_that_stays_a_placeholder_is_seen() -> None:
    placeholder = b"/*!50001 CREATE VIEW `v` AS SELECT \n 1 AS `id`,\n 1 AS `uid`*/;\n"
    found = look(placeholder).databases[0].objects
    assert [(item.kind, item.name, item.placeholder) for item in found] == [("view", "v", True)]
    old = b"/*!50001 CREATE TABLE `v` (\n  `id` tinyint NOT NULL\n) ENGINE=MyISAM */;\n"
    real = b"/*!50001 DROP TABLE IF EXISTS `v`*/;\n/*!50001 CREATE VIEW `v` AS SELECT `a` FROM `t` */;\n"
    after = look(old + real).databases[0]
    assert after.tables == ()
    assert [(item.name, item.placeholder) for item in after.objects] == [("v", False)]


def test_mentions_and_inserts_whose_rows_can_not_be_counted_have_lines() -> None:
    script = (
        b"INSERT INTO t SELECT * FROM u;\nINSERT INTO t SET a=1;\n"
        b"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a=2;\n"
        b"/*!50001 INSERT INTO t VALUES (1)*/;\n"
    )
    assert look(script).uncounted_lines == (1, 2, 3, 4)
    script = b"CREATE TABLE a (x int) ENGINE=Aria COLLATE=utf8mb4_uca1400_ai_ci;\nCREATE TABLE b (x int) ENGINE=Aria;\n"
    assert (look(script).engines, look(script).collations) == (
        (Mention("Aria", 1),),
        (Mention("utf8mb4_uca1400_ai_ci", 1),),
    )


@pytest.mark.parametrize("version", ["10.5", "11.8"])
def test_the_dumps_of_mariadb_before_and_after_10_11_are_understood(data: Path, version: str) -> None:
    """11.8 has another first line, writes each row on its own line, and saves AUTOCOMMIT around every table."""
    directory = data / f"mariadb-{version}"
    full, compact = inspect(directory / "full.sql"), inspect(directory / "compact.sql")
    assert (full.tool, full.flavour, full.complete) == ("mariadb-dump", "mariadb", True)
    assert full.tool_version.startswith(f"{version}." if version == "10.5" else f"10.19-{version}.")
    assert full.server_version.startswith(f"{version}.")
    assert (full.sandbox_line, full.sandbox_spelling) == ((1, "/*M!") if version == "11.8" else (None, ""))
    assert (full.options.compact, compact.options.compact) == (False, True)
    assert (compact.complete, compact.incomplete_because) == (
        None,
        "comments are off, so it is unknown whether the tool finished",
    )
    for name in (
        "full", "compact", "plain", "skip-extended-insert", "hex-blob-complete-insert", "skip-comments-skip-tz-utc",
    ):  # fmt: skip
        script = directory / f"{name}.sql"
        database = inspect(script).databases[0]
        assert {table.name: table.rows for table in database.tables} == {
            "dup": 3, "empty_one": 0, "nasty": 2, "odd `name": 2, "sessions": 1, "users": 8,
        }  # fmt: skip
        assert by_value(script) == by_value(directory / "full.sql")


def test_a_compact_dump_of_mariadb_11_that_is_cut_inside_a_tables_rows_says_so(data: Path) -> None:
    """Nothing but the AUTOCOMMIT that is never set back gives it away."""
    script = (data / "mariadb-11.8" / "compact.sql").read_bytes()
    cut = script[: script.index(b"COMMIT;\n")]
    info = inspect(io.BytesIO(cut))
    assert (info.complete, info.incomplete_because) == (
        False,
        "ends before the settings of its header are restored (OLD_AUTOCOMMIT)",
    )


def test_every_cut_inside_the_last_line_is_seen(data: Path) -> None:
    """Up to the date's last digit: whoever cut the file there cut it somewhere, and the next time earlier."""
    script = (data / "mysql-9.7" / "no-create-info.sql").read_bytes()
    begin = script.rindex(b"-- Dump completed")
    for end in range(begin + len("-- Dump completed"), len(script) - 1):
        info = look(script[:end])
        assert (info.complete, info.incomplete_because) == (False, 'ends inside its last line, "-- Dump completed"'), (
            script[begin:end]
        )
    assert look(script[:-1]).complete is True, "only the new line is gone, as an editor may leave it"
    without_date = (data / "mysql-9.7" / "skip-dump-date.sql").read_bytes()
    assert look(without_date).complete is True
    assert look(without_date[:-1]).complete is False, "nothing tells it from a line whose date was cut off"

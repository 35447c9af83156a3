"""The stream that is loaded, and the commands for sed that do the same."""

import functools
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine, inspect
from harness.artifacts.dump.rewrite import Dropped, RewriteReport, choose_database, missing_drops, restore_stream
from harness.artifacts.dump.sed import sed_commands
from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.statements import Kind, scan
from harness.base.errors import BrokenArtifact, HarnessError, UsageError
from tests.tables import over_table


def rewritten(script: bytes, database: str = "apiary", **options: object) -> tuple[bytes, RewriteReport]:
    report = RewriteReport()
    stream = restore_stream(io.BytesIO(script), database, report=report, **options)  # type: ignore[arg-type]
    return b"".join(stream), report


def test_with_nothing_to_leave_out_every_byte_stays(data: Path) -> None:
    for name in ("full", "compact", "skip-extended-insert", "hex-blob", "no-data", "latin1"):
        script = (data / "mysql-9.7" / f"{name}.sql").read_bytes()
        out, report = rewritten(script)
        assert out == script
        assert (report.dropped, report.other_databases, report.size_bytes) == ([], [], len(script))


def test_gtids_and_log_settings_are_left_out_and_reported(data: Path) -> None:
    plain = (data / "mysql-9.7" / "plain.sql").read_bytes()
    out, report = rewritten(plain)
    info = inspect(io.BytesIO(plain))
    assert report.dropped == [
        Dropped(17, "sql-log-bin", "SQL_LOG_BIN"),
        Dropped(18, "sql-log-bin", "SQL_LOG_BIN"),
        Dropped(24, "gtid-purged", "GTID_PURGED"),
        Dropped(info.log_bin_lines[-1], "sql-log-bin", "SQL_LOG_BIN"),
    ]
    assert b"GTID_PURGED" not in out
    assert b"SQL_LOG_BIN" not in out
    kept = inspect(io.BytesIO(out)).databases[0]
    assert [table.digest for table in kept.tables] == [table.digest for table in info.databases[0].tables]


def test_no_blanks_stand_around_a_command() -> None:
    """Else MariaDB's client goes on with the old delimiter, and both have one that ends with a carriage return."""
    script = b"COMMIT;\r\n\r\nDELIMITER //\r\nCOMMIT//\n \t\n DELIMITER ;\nCOMMIT;\n"
    assert rewritten(script)[0] == b"COMMIT;\n\nDELIMITER //\nCOMMIT//\n\nDELIMITER ;\nCOMMIT;\n"
    assert rewritten(b"COMMIT;" + b" \n" * 200_000 + b"DELIMITER //\n")[0].split() == [b"COMMIT;", b"DELIMITER", b"//"]


@over_table("spelling", [b"/*!", b"/*M!"])
def test_the_sandbox_line_is_left_out(spelling: bytes) -> None:
    line = spelling + b"999999\\- enable the sandbox mode */ "
    assert rewritten(line + b"\n-- MariaDB dump\nSELECT 1;\n") == (
        b"\n-- MariaDB dump\nSELECT 1;\n",
        RewriteReport([Dropped(1, "sandbox", "MariaDB's sandbox line")], [], 27),
    )


SEVERAL = b"""-- MySQL dump 10.13  Distrib 8.4.0, for Linux (x86_64)
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `other`;
USE `other`;
SET @saved_cs_client = @@character_set_client;
CREATE TABLE t (a int);
INSERT INTO t VALUES ('USE `apiary`;');
DELIMITER ;;
CREATE PROCEDURE p() SELECT 1; ;;
DELIMITER ;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `apiary`;
USE `apiary`;
CREATE TABLE u (a int);
USE `other`;
CREATE VIEW v AS SELECT 1;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
-- Dump completed
"""


def test_one_database_is_trimmed_out_of_several() -> None:
    out, report = rewritten(SEVERAL)
    assert (
        out
        == b"""-- MySQL dump 10.13  Distrib 8.4.0, for Linux (x86_64)
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
CREATE TABLE u (a int);
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
-- Dump completed
"""
    )
    assert report.other_databases == ["other"]
    assert report.dropped == [Dropped(11, "database", "CREATE DATABASE"), Dropped(12, "database", "USE")]
    other, _ = rewritten(SEVERAL, "other")
    apiary = b"\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `apiary`;\nUSE `apiary`;\nCREATE TABLE u (a int);"
    chosen = b"\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `other`;", b"\nUSE `other`;"
    assert other == functools.reduce(lambda script, gone: script.replace(gone, b""), (apiary, *chosen), SEVERAL)


def test_a_delimiter_is_never_lost_with_the_part_it_stands_in() -> None:
    script = b"USE a;\nDELIMITER ;;\nSELECT 1;;\nUSE b;;\nSELECT 2;;\n"
    assert rewritten(script, "b")[0] == b"\nDELIMITER ;;\n\nSELECT 2;;\n"


def test_alter_database_goes_to_the_targets_name() -> None:
    """Routines made under another collation are wrapped in it, also where nothing else names the database."""
    script = b"ALTER DATABASE `apiary` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;\nSELECT 1;\n"
    out, report = rewritten(script, target="drill`1")
    assert out == b"ALTER DATABASE `drill``1` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;\nSELECT 1;\n"
    assert report.dropped == [Dropped(1, "database", "ALTER DATABASE goes to the target's name")]


def test_what_a_script_creates_without_dropping_it_is_dropped_before(data: Path) -> None:
    """A migrated instance has the tables already, and `--compact` leaves the drops out."""
    compact = inspect(data / "mysql-9.7" / "compact.sql")
    database = compact.databases[0]
    assert missing_drops(compact, database) == (
        b"SET foreign_key_checks=0;\n"
        b"DROP TABLE IF EXISTS `dup`, `empty_one`, `gipk`, `inv`, `nasty`, `odd ``name`, `sessions`, `users`;\n"
        b"DROP VIEW IF EXISTS `active_users`, `v2`;\n"
        b"SET foreign_key_checks=DEFAULT;\n"
    )
    plain, rows = inspect(data / "mysql-9.7" / "plain.sql"), inspect(data / "mysql-9.7" / "no-create-info.sql")
    assert missing_drops(plain, plain.databases[0]) == b""
    assert missing_drops(rows, rows.databases[0]) == b""


def test_a_database_that_is_not_in_the_script_is_refused() -> None:
    with pytest.raises(UsageError) as unknown:
        rewritten(SEVERAL, "nobody")
    assert str(unknown.value) == (
        "standard input: contains no database nobody; it contains other, apiary\nHINT: Choose one of them "
        "with --database."
    )
    info = inspect(io.BytesIO(SEVERAL))
    with pytest.raises(BrokenArtifact) as caught:
        choose_database(info, "nobody")
    assert caught.value.fact == "standard input: contains no database nobody; it contains other, apiary"
    with pytest.raises(UsageError) as several:
        choose_database(info, None)
    assert several.value.fact == "standard input: contains 2 databases: other, apiary"
    assert choose_database(info, "apiary") == "apiary"


def test_a_script_whose_parts_can_not_be_distinguished_is_refused(data: Path) -> None:
    mixed = b"CREATE TABLE t (a int);\nUSE `a`;\nCREATE TABLE u (a int);\n"
    with pytest.raises(BrokenArtifact) as caught:
        choose_database(inspect(io.BytesIO(mixed)), "a")
    assert str(caught.value) == (
        "standard input: line 1 creates an object before the dump selects a database, and the dump continues "
        "with a\n"
        "HINT: Its parts cannot be separated: make a dump of the database alone."
    )
    full = (data / "mysql-9.7" / "full.sql").read_bytes()
    two = full + full.replace(b"Database: apiary", b"Database: other")
    with pytest.raises(BrokenArtifact) as caught:
        choose_database(inspect(io.BytesIO(two)), None)
    assert caught.value.fact == (
        "standard input: contains the dumps of apiary and other, but no USE separates their statements"
    )


def test_a_script_of_one_unnamed_database_needs_no_name(data: Path) -> None:
    info = inspect(data / "mysql-9.7" / "full.sql")
    assert choose_database(info, None) == "apiary"
    with pytest.raises(BrokenArtifact) as caught:
        choose_database(info, "other")
    assert caught.value.fact.endswith("full.sql: contains no database other; it contains apiary")
    assert choose_database(inspect(data / "mysql-9.7" / "compact.sql"), "anything") == "anything"


@pytest.mark.parametrize(
    "options", [("apiary",), ("--databases", "other", "apiary"), ("--skip-extended-insert", "apiary")]
)
def test_what_is_loaded_from_the_stream_is_what_the_script_holds(
    options: tuple[str, ...], dump: Callable[..., Path], run_sql: Callable[..., None]
) -> None:
    """Loaded into another database of the same server and dumped again, every table has its digest."""
    script = dump("--routines", "--events", *options)
    report = RewriteReport()
    stream = b"".join(restore_stream(script, "apiary", target="copy", report=report))
    run_sql(b"DROP DATABASE IF EXISTS copy; CREATE DATABASE copy;")
    run_sql(stream, "copy")
    before, after = (
        inspect(path).database(name)
        for path, name in ((script, "apiary"), (dump("--routines", "--events", *options[:-2], "copy"), "copy"))
    )
    assert before is not None
    assert after is not None
    assert [(table.name, table.rows, table.digest) for table in after.tables] == [
        (table.name, table.rows, table.digest) for table in before.tables
    ]
    assert [(item.kind, item.name) for item in after.objects] == [(item.kind, item.name) for item in before.objects]


def test_a_script_that_tries_to_run_a_command_is_loaded_without_client_commands(tmp_path: Path, mariadb: Path) -> None:
    """The stream does not take commands out: that is for the check before, and for how the load runs."""
    proof = tmp_path / "proof"
    script = f"\\! touch {proof}\nsystem touch {proof}\nSELECT 1;\n".encode()
    command = ["mariadb", "--no-defaults", "--user=root", f"--socket={mariadb}", "--binary-mode", "mysql"]
    done = subprocess.run(command, input=b"".join(restore_stream(io.BytesIO(script), "mysql")), capture_output=True)
    assert done.returncode != 0
    assert not proof.exists()


DEFINED = b"""/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `a` BEFORE INSERT ON `t`
FOR EACH ROW SET NEW.b = 'DEFINER=`root`@`localhost`' */;
CREATE DEFINER = 'root'@'localhost' PROCEDURE p() SELECT 1;
CREATE ALGORITHM=UNDEFINED DEFINER=root@localhost SQL SECURITY DEFINER VIEW v AS SELECT 1 AS a;
CREATE DEFINER=`apiary`@`%` FUNCTION f() RETURNS int RETURN 1;
CREATE DEFINER=CURRENT_USER() FUNCTION g() RETURNS int RETURN 1;
INSERT INTO `t` VALUES ('DEFINER=`root`@`localhost`');
"""


def test_only_the_clauses_of_the_named_accounts_are_left_out() -> None:
    assert rewritten(DEFINED)[0] == DEFINED
    out, report = rewritten(DEFINED, definers=frozenset(("root@localhost",)))
    assert out.splitlines() == [
        b"/*!50003 CREATE*/ /*!50017 */ /*!50003 TRIGGER `a` BEFORE INSERT ON `t`",
        b"FOR EACH ROW SET NEW.b = 'DEFINER=`root`@`localhost`' */;",
        b"CREATE  PROCEDURE p() SELECT 1;",
        b"CREATE ALGORITHM=UNDEFINED  SQL SECURITY DEFINER VIEW v AS SELECT 1 AS a;",
        *DEFINED.splitlines()[4:],
    ]
    assert [(dropped.line, dropped.code) for dropped in report.dropped] == [
        (1, "definer"),
        (3, "definer"),
        (4, "definer"),
    ]


def test_the_time_zone_of_an_event_goes_with_its_database(data: Path) -> None:
    """Kept alone, it would be the zone in which the times of a database behind it are loaded."""
    script = (data / "mysql-9.7" / "databases.sql").read_bytes()
    assert b"SET time_zone             = 'SYSTEM'" in rewritten(script)[0]
    assert b"'SYSTEM'" not in rewritten(script, "other")[0]


def test_what_goes_to_another_database_does_not_name_its_own(data: Path) -> None:
    """mysqlpump writes the database before each name; the definitions are created once more in one of their own."""
    script = b"".join(restore_stream(data / "versions" / "mysqlpump-8.0.33.sql", "apiary", target="scratch"))
    made = [line for line in script.split(b"\n") if line.startswith((b"CREATE", b"ALTER", b"DROP", b"/*!50017"))]
    assert len(made) > 30
    assert not [line for line in made if b"`apiary`" in line]
    assert b"CREATE TABLE `users` (" in script
    assert b"ALTER TABLE `sessions` ADD CONSTRAINT `s_fk` FOREIGN KEY (`u`) REFERENCES `users` (`id`);" in script
    assert b"VIEW `v2` AS select `active_users`.`id` AS `id`" in script


TESTS = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for folder in ("unit/dump/data", "data/cases", "data/real-apiary")
    for path in (TESTS / folder).rglob("*.sql*")
    if path.name != "source.sql"  # written by hand, with several statements on a line
)


def statements(script: bytes) -> list[bytes]:
    """What a client sends, without comments and blanks."""
    return [
        piece.data.strip()
        for piece in scan([script])
        if piece.kind not in (Kind.BLANK, Kind.COMMENT) and piece.data.strip()
    ]


def by_sed(path: Path, commands: tuple[str, ...], directory: Path) -> bytes:
    script, given = directory / "script.sql", directory / "commands.sed"
    script.write_bytes(b"".join(open_script(path)))
    given.write_bytes("\n".join(commands).encode("utf-8", "surrogateescape"))
    return subprocess.run(["sed", "-f", given, script], env={"LC_ALL": "C"}, capture_output=True, check=True).stdout


@over_table("path", SCRIPTS)
def test_sed_leaves_out_what_the_drill_leaves_out(path: Path, tmp_path: Path) -> None:
    leaves_out_the_same(path, tmp_path)


@over_table("name", ["mysql-9.7/databases.sql", "mariadb-10.5/full.sql"])
def test_blanks_around_commands_of_the_client_are_left_out_by_sed_too(name: str, data: Path, tmp_path: Path) -> None:
    """CR LF and an empty line before DELIMITER, which MariaDB's client does not read there; blanks work alike."""
    script = (data / name).read_bytes()
    for number, blank in enumerate((b"\r", b" \t")):
        text = script.replace(b"\nDELIMITER", b"\n\nDELIMITER").replace(b"\n", blank + b"\n")
        path = tmp_path / f"{number}.sql"
        path.write_bytes(text)
        leaves_out_the_same(path, tmp_path)
        line = text[: text.index(b"DELIMITER")].count(b"\n") + 1
        assert examine(path)[0].unread_delimiter_line == line
        assert Dropped(line, "blanks", "blanks around a command of the client") in rewritten(text)[1].dropped


def leaves_out_the_same(path: Path, tmp_path: Path) -> None:
    try:
        info = examine(path)[0]
    except HarnessError:
        return
    for database in [one.name for one in info.databases if one.used] or [""]:
        definers = frozenset(mention.name for mention in info.definers)
        loaded = b"".join(restore_stream(path, database, definers=definers, target="other"))
        commands = sed_commands(path, database, definers=definers, target="other")
        sent = by_sed(path, commands, tmp_path)
        assert sent == loaded or statements(sent) == statements(loaded), path


def test_statements_that_share_a_line_are_named(tmp_path: Path) -> None:
    script = tmp_path / "one-line.sql"
    script.write_bytes(b"CREATE TABLE a (b INT);\nSET @@GLOBAL.GTID_PURGED='x'; INSERT INTO a VALUES (1);\n")
    with pytest.raises(UsageError, match="on line 2 one statement is to be loaded and another is not"):
        sed_commands(script, "")

"""What a script lost, although it loads: named where it is so, and nowhere else."""

from __future__ import annotations

import io

import pytest

from harness.dump.inspect import inspect
from harness.dump.losses import losses
from harness.dump.model import Severity

HEADER = """-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)
--
-- Host: localhost    Database: apiary
-- ------------------------------------------------------
-- Server version\t9.7.4

/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
"""
FOOTER = "/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n-- Dump completed on 2026-11-22  2:00:03\n"


def table(name: str, column: str, rows: str = "", *, charset: str = "utf8mb4") -> str:
    """A table as mysqldump writes it, with the section that it opens for its rows."""
    insert = f"INSERT INTO `{name}` VALUES {rows};\n" if rows else ""
    return (
        f"CREATE TABLE `{name}` (\n  `id` int NOT NULL,\n  `v` {column},\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
        f" DEFAULT CHARSET={charset};\n\n--\n-- Dumping data for table `{name}`\n--\n\nLOCK TABLES `{name}` WRITE;\n"
        f"{insert}UNLOCK TABLES;\n"
    )


WHOLE = HEADER + table("users", "varchar(9)", "(1,'a?')") + table("jobs", "timestamp NULL") + FOOTER


def found(script: str) -> list[tuple[str, str, str]]:
    info = inspect(io.BytesIO(script.encode()))
    (database,) = info.databases
    return [(one.code, one.severity.value, one.subject) for one in losses(info, database)]


def without_section(script: str, name: str) -> str:
    """The section of one table is gone, its structure is there."""
    begin = script.index(f"--\n-- Dumping data for table `{name}`")
    return script[:begin] + script[script.index("UNLOCK TABLES;\n", begin) + 15 :]


def test_a_whole_script_lost_nothing() -> None:
    assert found(WHOLE) == []


@pytest.mark.parametrize("charset", ["utf8mb3", "utf8", "latin1", "ascii"])
def test_a_connection_that_cannot_carry_utf8mb4_is_named(charset: str) -> None:
    lossy = ("lossy-charset", "warning", charset)
    script = WHOLE.replace("NAMES utf8mb4", f"NAMES {charset}")
    assert found(script) == [lossy]
    # no column that could hold what is lost: no false alarm
    narrow = HEADER.replace("NAMES utf8mb4", f"NAMES {charset}")
    for column, table_charset, expected in (
        ("varchar(9)", "utf8mb3", []),
        ("varchar(9) COLLATE utf8mb3_bin", "utf8mb4", []),
        ("varbinary(9)", "utf8mb4", []),
        ("datetime", "utf8mb4", []),
        ("varchar(9) CHARACTER SET utf8mb4", "latin1", [lossy]),
        ("json", "latin1", [lossy]),
    ):
        assert found(narrow + table("t", column, "(1,NULL)", charset=table_charset) + FOOTER) == expected


@pytest.mark.parametrize("charset", ["utf8mb4", "binary", "utf16"])
def test_a_connection_that_carries_all_is_not(charset: str) -> None:
    assert found(WHOLE.replace("NAMES utf8mb4", f"NAMES {charset}")) == []


def test_times_without_a_zone_are_named_where_there_are_any() -> None:
    line = "/*!40103 SET TIME_ZONE='+00:00' */;\n"
    times = HEADER + table("users", "timestamp NULL", "(1,'2026-11-22 02:00:03')") + FOOTER
    assert found(times) == []
    assert found(times.replace(line, "")) == [("time-zone-missing", "warning", "TIME_ZONE")]
    assert found(times.replace(line, 'SET time_zone = "-05:00";\n')) == [], "a fixed zone, as other tools write it"
    assert found(WHOLE.replace(line, "")) == [], "the one table with a TIMESTAMP has no rows"
    assert found(times.replace(line, "").replace("timestamp NULL", "datetime NULL")) == []


def test_a_table_whose_rows_section_is_gone_is_named() -> None:
    more = HEADER + table("users", "int", "(1,2)") + table("teams", "int") + table("jobs", "int") + FOOTER
    assert found(more) == []
    assert found(without_section(more, "teams")) == [("rows-section-missing", "error", "teams")]
    assert found(without_section(more, "jobs")) == [("rows-section-missing", "info", "jobs")], "may be left out"
    assert found(without_section(more, "teams").replace("InnoDB", "MRG_MyISAM")) == []


def test_a_script_that_opens_no_sections_lacks_none() -> None:
    """--compact, --no-data, and tools that write one only for tables with rows."""
    more = HEADER + table("users", "int", "(1,2)") + table("teams", "int") + FOOTER
    without = without_section(without_section(more, "teams"), "users")
    assert found(without.replace(FOOTER, "INSERT INTO `users` VALUES (1,2);\n" + FOOTER)) == []
    assert found(without_section(more, "teams").replace("-- MySQL dump", "-- another dump")) == []


def test_a_script_without_any_row_is_told() -> None:
    script = HEADER + table("users", "int") + table("teams", "int") + FOOTER
    assert found(script) == [("no-rows", "warning", "apiary")]
    assert found(without_section(without_section(script, "teams"), "users")) == [("no-rows", "warning", "apiary")]


def test_the_messages_name_what_to_do() -> None:
    info = inspect(io.BytesIO(WHOLE.replace("NAMES utf8mb4", "NAMES utf8mb3").encode()))
    (one,) = losses(info, info.databases[0])
    assert (one.line, one.severity) == (7, Severity.WARNING)
    assert one.message == (
        "the dump was made over a connection in utf8mb3, and columns in utf8mb4 are in users: emoji and other"
        " characters of four bytes are question marks in it already"
    )
    assert "--default-character-set=utf8mb4" in one.remedy


def bytes_line(script: bytes) -> int | None:
    return inspect(io.BytesIO(script)).not_utf8_line


def test_text_that_is_not_utf8_is_found_with_its_line() -> None:
    text = HEADER + table("users", "varchar(9)", "(1,'a'),\n(2,'café'),\n(3,'é')") + FOOTER
    line = text[: text.index("(2,")].count("\n") + 1
    assert bytes_line(text.encode()) is None
    assert bytes_line(text.encode("cp1252")) == line
    assert bytes_line(text.encode("cp1252").replace(b"NAMES utf8mb4", b"NAMES latin1")) is None, "it says so"
    assert bytes_line(text.encode("cp1252").replace(b"varchar(9)", b"varbinary(9)")) is None, "bytes are bytes"
    assert (
        bytes_line(text.encode("cp1252").replace(b"'caf\xe9'", b"_latin1'caf\xe9'", 1).replace(b"'\xe9'", b"''"))
        is None
    )

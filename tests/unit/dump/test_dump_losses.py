"""What a script lost although it loads, and text in it that is not SQL: named with its line."""

import io
from pathlib import Path

from harness.artifacts.dump import encoding
from harness.artifacts.dump.inspect import Inspector, examine, inspect
from harness.artifacts.dump.judgement import refusals
from harness.artifacts.dump.losses import losses
from harness.artifacts.dump.walk import walk
from harness.base.model import Severity
from tests.tables import over_table

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


@over_table("charset", ["utf8mb4", "binary", "utf16"])
def test_a_connection_that_carries_all_lost_nothing(charset: str) -> None:
    assert found(WHOLE) == found(WHOLE.replace("NAMES utf8mb4", f"NAMES {charset}")) == []


@over_table("charset", ["utf8mb3", "utf8", "latin1", "ascii"])
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


def test_the_time_zone_of_an_event_is_not_that_of_the_rows() -> None:
    """`--skip-tz-utc --events`: mysqldump sets the zone of each event around it."""
    event = "DELIMITER ;;\n/*!50003 SET time_zone = 'SYSTEM' */ ;;\n"
    event += "/*!50106 CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */ ;;\nDELIMITER ;\n"
    rows = table("jobs", "timestamp NULL", "(1,'2026-11-22 02:00:03')")
    header = HEADER.replace("/*!40103 SET TIME_ZONE='+00:00' */;\n", "")
    assert found(HEADER + rows + event + FOOTER) == []
    assert found(header + rows + event + FOOTER) == [("time-zone-missing", "warning", "TIME_ZONE")]


def test_a_script_without_any_row_is_reported() -> None:
    script = HEADER + table("users", "int") + table("teams", "int") + FOOTER
    assert found(script) == [("no-rows", "warning", "apiary")]
    assert found(without_section(without_section(script, "teams"), "users")) == [("no-rows", "warning", "apiary")]


def test_the_messages_name_what_to_do() -> None:
    info = inspect(io.BytesIO(WHOLE.replace("NAMES utf8mb4", "NAMES utf8mb3").encode()))
    (one,) = losses(info, info.databases[0])
    assert (one.line, one.severity) == (7, Severity.WARNING)
    assert one.message == (
        "the dump was made over a connection in utf8mb3, but columns in utf8mb4 are in users: emoji and "
        "other characters of four bytes have already become question marks"
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


UNQUOTED = """
north|the north hive|2026-11-29|02:00:03|9e-4f|550e8400-e29b-41d4-a716-446655440000|nan|naïve
""".strip().split("|")
QUOTED = r"""
NULL|null|-1.5e-3|.5|0x41|b'101'|_binary 'ab'|_utf8mb4'a' COLLATE utf8mb4_bin|TRUE|default|CURRENT_TIMESTAMP|'north'
|"north"|x'41'|\N|N'north'|'it''s'|'(north'|''
""".strip().split("|")


def test_a_value_without_quotes_is_found_with_its_line() -> None:
    """Whatever stands in its column before; in every row at first, later in one of each piece."""

    def line_of(rows: str) -> int | None:
        return inspect(io.BytesIO((HEADER + table("users", "varchar(99)", rows) + FOOTER).encode())).unquoted_line

    line = (HEADER + table("users", "varchar(99)", "()")).partition("INSERT")[0].count("\n") + 1
    for value in UNQUOTED:
        assert line_of(f"(1,'a'),\n(2,NULL),\n(3,{value})") == line + 2, value
        assert line_of(f"({value},'a')") == line, value
    assert line_of(",\n".join(f"({number},{value})" for number, value in enumerate(QUOTED))) is None
    many = ["(1,'a')"] * 999
    assert line_of(",".join([*many, "(2,north)"])) == line
    script = HEADER + table("users", "varchar(99)", "(1,north)") + FOOTER
    info, findings = examine(io.BytesIO(script.encode()))
    (refused,) = refusals("d.sql", info, info.databases[0], findings)
    assert refused.fact == f"the dump d.sql is not usable: line {line} has a value that is neither quoted nor a number"
    assert [cause.code for cause in refused.causes] == ["unquoted-value"]


HEALTHY = (
    "Café crème, naïve façade; « Où ? » « ÉTÉ » “MAÇÔ ”",
    "CORAÇÃO, MAÇÃ\u00a0», IRMÃ™, Ãlvaro Â, Ê; ¿QUÉ? ¡ESPAÑA! AÑO; 20 °C, 5 µm, ½ ©",
    "Größe, Straße, ÄÖÜ – Ångström, Ørsted; Łódź, Čapek, Özgür, Việt Nam Ân Ầ",
    "Привет, Ελλάδα, 日本語, 한국어, עברית; bees 🐝🇫🇷 — ‘quotes’ … €",
)


def twice(text: str, charset: str) -> str:
    """Text as somebody stores it who takes its UTF-8 for another encoding; MySQL's latin1 is cp1252 without holes."""
    known = [bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in text.encode()]
    return "".join(known)


@over_table("charset", ["cp1252", "latin1"])
def test_text_that_was_encoded_twice_is_counted(charset: str) -> None:
    """Values, not occurrences, of text columns alone; with the number, the tables, and none of the text."""
    values = [
        twice(text, charset) for text in ("é", "Zoë", "Müller, Señor Peña", "l’été", "20 °C", "мёд", "🐝", "“no”")
    ]
    if charset == "cp1252":
        assert twice("é", charset) == "Ã©"
    rows = ",".join(f"({number},'{text}')" for number, text in enumerate((*values, *HEALTHY, "plain"), 1))
    script = HEADER + table("users", "varchar(99)", rows) + table("jobs", "varbinary(99)", rows) + FOOTER
    info = inspect(io.BytesIO(script.encode()))
    (lost,) = losses(info, info.databases[0])
    assert (lost.code, lost.severity, lost.subject, lost.line) == ("mojibake", Severity.WARNING, "apiary", 10)
    assert lost.message == f"{len(values)} values look like text that was encoded twice (é as Ã©), in users"
    single = HEADER + table("users", "varchar(99)", f"(1,'{values[0]}')") + FOOTER
    info = inspect(io.BytesIO(single.encode()))
    assert losses(info, info.databases[0])[0].message.startswith("1 value looks like ")


def test_healthy_text_is_not() -> None:
    """Accents, quotation marks behind capitals, other scripts, emoji; and a script that is not in UTF-8."""
    rows = ",".join(f"({number},'{text}')" for number, text in enumerate(HEALTHY, 1))
    assert found(HEADER + table("users", "varchar(99)", rows) + FOOTER) == []
    other = HEADER.replace("NAMES utf8mb4", "NAMES latin1") + table("users", "blob", f"(1,'{twice('é', 'cp1252')}')")
    assert found(other + FOOTER) == []


def test_what_was_encoded_twice_is_counted_wherever_the_reading_was_cut() -> None:
    """And up to a limit: the rows of such a table are decoded."""
    rows = ",".join(f"({number},'{'x' * (number % 90)}Ã©')" for number in range(encoding.MOST_COUNTED + 5000))
    script = (HEADER + table("users", "varchar(99)", rows) + FOOTER).encode()
    info = inspect(io.BytesIO(script))
    (users,) = info.databases[0].tables
    assert encoding.MOST_COUNTED <= users.twice_encoded <= users.rows
    assert losses(info, info.databases[0])[0].message.startswith("at least 1")
    few = rows.split("),(")[:9000]
    for size in (1 << 16, (1 << 16) + 13):
        inspector = Inspector("few")
        whole = (HEADER + table("users", "varchar(99)", "),(".join(few) + ")") + FOOTER).encode()
        walk((whole[at : at + size] for at in range(0, len(whole), size)), inspector)
        (users,) = inspector.info().databases[0].tables
        assert 8990 <= users.twice_encoded <= 9000


MIXED = "line {} is not SQL: the output of another program is mixed in (`{}`)"

MESSAGES = (
    b'Defaulted container "mysql" out of: mysql, metrics',
    b"mysqldump: [Warning] Using a password on the command line interface.",
    b"mysqldump: Couldn't execute 'FLUSH TABLES': Access denied (1227)",
    b"/usr/bin/mysqldump: Deprecated program name. Use mariadb-dump instead",
    b"Warning: Permanently added 'db,10.0.0.1' (ED25519) to the list.",
    b"Warning: the keeper's config is world-writable and is ignored",
    b"Unauthorised use of this system is prohibited.",
    b"bash: warning: setlocale: LC_ALL: cannot change locale",
    b"time=\"2026-11-22T02:00:00Z\" level=warning msg=\"obsolete\"",
    b"Unable to use a TTY - input is not a terminal",
    b"Status: Downloaded newer image for mysql:8",
    b"Update available 5.1.0 -> 6.0.0",
    b"Using docker-compose is deprecated",
    b"Enter password: ",
    b"ERROR 2013 (HY000): Lost connection",
    b"PHP Warning:  Module already loaded",
    b"nohup: ignoring input",
    b"<<<<<<< HEAD",
    b"=======",
)  # fmt: skip


def test_a_message_is_named_wherever_it_stands(data: Path) -> None:
    script = (data / "mysql-9.7" / "no-create-info.sql").read_bytes()
    whole = inspect(io.BytesIO(script))
    middle = script.index(b"\n--\n-- Dumping data for table `users`") + 1
    for message in MESSAGES:
        shown = message.decode().strip()[:60] + ("…" if len(message.strip()) > 60 else "")
        for at in (0, middle, len(script)):
            info = inspect(io.BytesIO(script[:at] + message + b"\n" + script[at:]))
            assert info.foreign is not None, message
            assert info.foreign.message == MIXED.format(script[:at].count(b"\n") + 1, shown)
            assert (info.tool_version, info.complete, info.finished_at) == (
                whole.tool_version, True, whole.finished_at,
            ), message  # fmt: skip
            assert info.databases[0].rows == whole.databases[0].rows, message


def test_several_lines_are_one_finding(data: Path) -> None:
    script = (data / "mysql-9.7" / "full.sql").read_bytes()
    info = inspect(io.BytesIO(b"Linux db 6.1.0\n\nThe programs are free software;\nsee the licence.\n" + script))
    assert info.foreign is not None
    assert info.foreign.message == MIXED.format(1, "Linux db 6.1.0") + ", as on 2 more lines"


def test_marks_and_holes_are_named(data: Path) -> None:
    script = (data / "mysql-9.7" / "full.sql").read_bytes()
    line = script.count(b"\n") + 1
    for more, what in (
        (b"\xef\xbb\xbf" + script, "starts with a byte order mark: several files were joined"),
        (b"\0" * 4096, "contains NUL bytes where SQL should be: part of the file was never written"),
    ):
        info = inspect(io.BytesIO(script + more))
        assert info.foreign is not None
        assert (info.foreign.line, info.foreign.what, info.complete) == (line, what, True)
    assert inspect(io.BytesIO(b"\xef\xbb\xbf" + script)).foreign is None, "an editor may put one at the beginning"


def test_what_may_be_a_row_is_not_quoted() -> None:
    for line in (b"(2,'burdell@example.org','x'),", b"burdell@example.org','x'),(3,'a');", b"\tburdell\t4"):
        info = inspect(io.BytesIO(line + b"\nCREATE TABLE t (a int);\n"))
        assert info.foreign is not None
        assert info.foreign.message == "line 1 is not SQL: no statement starts with it"


def test_what_a_terminal_would_act_on_is_not_printed() -> None:
    info = inspect(
        io.BytesIO(b"login: \x1b[31mred\x1b[0m \xc2\x9b31m and a long banner behind it, so that text prevails\n")
    )
    assert info.foreign is not None
    assert info.foreign.message.isprintable()


def test_small_letters_are_sql_as_well() -> None:
    script = (
        b"use apiary;\nset foreign_key_checks=0;\ncreate table t (\n a int\n);\ninsert  into `t`(`a`) values \n(1);\n"
        b"lock tables t write;\nunlock tables;\nstart transaction;\ncommit;\nbegin\n;\ndrop table if exists t;\n"
    )
    assert inspect(io.BytesIO(script)).foreign is None

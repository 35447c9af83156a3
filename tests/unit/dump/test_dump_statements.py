"""Cutting a script into statements."""

import gzip
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.artifacts.dump.notes import DELIMITER_INSIDE, INSIDE, TORN
from harness.artifacts.dump.statements import Kind, Piece, ReaderNote, scan
from tests.tables import over_table
from tests.unit.dump import reference

SOUP = (
    *(b"'", b"'", b'"', b"`", b"\\", b"\\", b";", b";\n", b"--", b"-- ", b"#", b"/*", b"/*!", b"/*!50001 ", b"/*M!"),
    *(b"*/", b"\n", b" ", b"a", b"),(", b"),\n(", b"(", b")", b",", b"''", b"\\'", b"\\\\", b"\0", b"\xff", b"1"),
    *(b"INSERT INTO `t` VALUES (", b";\nINSERT INTO `t` VALUES (", b"INSERT INTO t (a) VALUES (", b"/*+ ", b"-", b"N"),
)


def chunks(script: bytes, size: int) -> Iterable[bytes]:
    return (script[begin : begin + size] for begin in range(0, len(script), size))


def pieces(script: bytes, *, read: int = 1 << 18, part: int = 1 << 18) -> list[Piece]:
    """As the client reads it, lines that are not SQL included."""
    found = list(scan(chunks(script, read), part_bytes=part, whole_bytes=part, foreign_lines=False))
    assert b"".join(piece.data for piece in found) == script
    return found


def statements(script: bytes, *, read: int = 1 << 18, part: int = 1 << 18) -> list[bytes]:
    found: list[bytes] = []
    data = b""
    for piece in pieces(script, read=read, part=part):
        if piece.kind is Kind.STATEMENT:
            data = piece.data if piece.first else data + piece.data
            if piece.last:
                found += reference.statements(data) if piece.run else [data.lstrip()]
    return found


@over_table("number", range(12))
def test_scripts_put_together_at_random_are_cut_as_the_client_cuts_them(number: int) -> None:
    chance = random.Random(number)
    for _ in range(75):
        script = b"".join(chance.choice(SOUP) for _ in range(chance.randint(1, 60)))
        if chance.random() < 0.7:
            script = b"INSERT INTO `t` VALUES (" + script
        expected = reference.statements(script)
        for read in (1, 2, 7, 65536):
            for part in (1, 65536):
                assert statements(script, read=read, part=part) == expected, (read, part, script)


@pytest.mark.parametrize("name", ["full", "skip-extended-insert", "databases", "compact", "by-mariadb-dump"])
def test_the_read_size_changes_nothing(data: Path, name: str) -> None:
    script = (data / "mysql-9.7" / f"{name}.sql").read_bytes()
    expected = [piece._replace(run=False) for piece in pieces(script) if not piece.run]
    for read in (1, 7, 65536):
        got = [piece._replace(run=False) for piece in pieces(script, read=read)]
        if name != "skip-extended-insert":
            assert got == expected
        assert statements(script, read=read) == statements(script)


def test_no_dump_of_a_real_tool_is_odd_or_cut(data: Path) -> None:
    files = sorted((data / "mysql-9.7").iterdir())
    assert len(files) == 20
    for file in files:
        script = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        found = pieces(script)
        assert [piece.notes for piece in found if piece.notes] == []
        assert [piece.line for piece in found if piece.last and not piece.ended] == []


@over_table(
    "statement",
    [
        b"INSERT INTO t VALUES ('a;b');",
        b"INSERT INTO t VALUES ('a\n-- Dump completed on 2020-01-01\n');",
        b"INSERT INTO t VALUES ('),(','\\'','\\\\');",
        b'INSERT INTO t VALUES ("a\'b;");',
        b"INSERT INTO t VALUES ('-- ','# ','/* ','*/');",
        b"INSERT INTO t VALUES ("
        + bytes(range(1, 34))
        + b"'"
        + bytes(b for b in range(256) if b not in b"'\\")
        + b"');",
        b"CREATE TABLE `a;b` (`c``;d` int COMMENT 'it''s; fine');",
        b"CREATE TABLE t ( -- a; comment's\n a int # another; one\n);",
        b"SELECT 1 /* a ; in ' a comment */ + 1;",
        b"/*!50003 CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW SET @a = ';' */;",
    ],
)
def test_a_semicolon_ends_a_statement_only_where_it_stands_for_itself(statement: bytes) -> None:
    assert statements(statement + b"\nSELECT 1;\n") == [statement, b"SELECT 1;"]


def test_what_a_backslash_means_follows_the_sql_mode_of_the_script() -> None:
    script = (
        b"SET @saved_sql_mode = @@sql_mode;\n"
        b"SET sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES';\n"
        b"INSERT INTO t VALUES ('\\');\n"
        b"SELECT '\\';\n"
        b"/*!50003 SET sql_mode = @saved_sql_mode */;\n"
        b"INSERT INTO t VALUES ('\\';');\n"
    )
    assert statements(script)[2:4] == [b"INSERT INTO t VALUES ('\\');", b"SELECT '\\';"]
    assert statements(script)[5] == b"INSERT INTO t VALUES ('\\';');"
    modes = [piece.mode.no_backslash_escapes for piece in pieces(script) if piece.kind is Kind.STATEMENT]
    assert modes == [False, False, True, True, True, False]


def test_a_mode_that_the_script_does_not_show_is_odd() -> None:
    for statement in (
        b"SET sql_mode = CONCAT('NO_BACK','SLASH_ESCAPES');",
        b"SET sql_mode = @nobody_set_this;",
        b"SET sql_mode = /* no tool writes a comment here */ 'NO_BACKSLASH_ESCAPES';",
        b"SET STATEMENT sql_mode = 'NO_BACKSLASH_ESCAPES' FOR SELECT 1;",
    ):
        assert pieces(statement)[0].notes == (ReaderNote("ambiguous", 1, "an SQL mode that is computed"),)


def test_a_long_statement_that_sets_the_mode_is_followed_or_odd() -> None:
    """However much stands before the mode: else a quote would open for the reader what it closes for the server."""
    script = b"SET @a = '" + b"x" * 5000 + b"', sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\\';"
    assert [piece.mode.no_backslash_escapes for piece in pieces(script)] == [False, True]
    longer = b"SET @a = '" + b"x" * 500_000 + b"', sql_mode = 'NO_BACKSLASH_ESCAPES';"
    assert pieces(longer)[-1].notes == (ReaderNote("ambiguous", 1, "an SQL mode that is computed"),)


def test_delimiter_changes_what_ends_a_statement() -> None:
    script = b"DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END ;;\ndelimiter ;\nSELECT 3;"
    kinds = [(piece.kind, piece.line, piece.data.strip()) for piece in pieces(script)]
    assert kinds == [
        (Kind.CLIENT, 1, b"DELIMITER ;;"),
        (Kind.STATEMENT, 2, b"CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END ;;"),
        (Kind.CLIENT, 3, b"delimiter ;"),
        (Kind.STATEMENT, 4, b"SELECT 3;"),
    ]


def test_lines_that_the_client_keeps_for_itself_are_distinguished() -> None:
    script = b"system id\nUSE `a`;\nsource /etc/passwd\nSELECT 1;\nuse b\n"
    assert [(piece.kind.value, piece.line) for piece in pieces(script) if piece.kind is not Kind.BLANK] == [
        ("client", 1),
        ("statement", 2),
        ("client", 3),
        ("statement", 4),
        ("client", 5),
    ]


def test_a_backslash_outside_of_a_string_is_a_command_of_the_client() -> None:
    script = b"SELECT 1;\nSELECT 2 \\! id\n;\nINSERT INTO t VALUES (1,'\\n') \\g\n;INSERT INTO t VALUES (\\N);"
    assert [note for piece in pieces(script) for note in piece.notes] == [
        ReaderNote("client-escape", 2, "\\!"),
        ReaderNote("client-escape", 4, "\\g"),
    ]


@over_table("spelling", [b"/*!999999\\- enable the sandbox mode */ ", b"/*M!999999\\- enable the sandbox mode */ "])
def test_both_spellings_of_the_sandbox_line_are_known(spelling: bytes) -> None:
    found = pieces(spelling + b"\n-- MariaDB dump\nSELECT 1;\n")
    assert [piece.kind for piece in found] == [Kind.SANDBOX, Kind.COMMENT, Kind.STATEMENT, Kind.BLANK]
    assert found[0].notes == ()


@over_table(
    "script, text",
    [
        (b"/*M!100100 SET @a = '*/ x' */;", "a string with */ inside a /*M! comment"),
        (b"/*M!100100 SET @a = 1; */;", "a statement that ends inside a versioned comment"),
        (b"SELECT /*+ \\! id */ 1;", "an optimizer hint with a backslash, a new line or a delimiter"),
        (b"SELECT 1 --\x01 DROP;", "-- before a control character"),
        (b"/*!50001 SELECT 1 */* 2;", "*/* at the end of a versioned comment"),
        (b"SET sql_mode='ANSI_QUOTES';SELECT \"a\\\";", "a backslash in a name in double quotes"),
        (b"SELECT 1 /* a /*/;", INSIDE),
        (b"/* a /*/ SELECT 1;", INSIDE),
        (b"/* a *//*M!100100 COMMIT */;", TORN),
        (b"COMMIT /* a */;/*M!100100 COMMIT */;", TORN),
        (b"/*M!100100 COMMIT */;/*M!100100 COMMIT */;", TORN),
        (b"/*!50001 SELECT 1 /* a */ */\\N;", TORN),
        (b"SELECT 1 /* a *//*+ b */;", TORN),
        (b"SELECT /* a */\xc3\xa9;", TORN),
        (b";DELIMITER //\n", "a client command behind other text"),
        (b"DELIMITER // ;\n", "a DELIMITER line of a form that no tool writes"),
        (b"/*!50001 SET ; DO 1 /* a */;", "a statement that ends inside a versioned comment"),
        (b"DELIMITER //\n/*M!100616 COMMIT *///\n", "a statement that ends inside a versioned comment"),
        (b"/*!50001 SELECT /* a */ /*!50001 1 */;", "a versioned comment inside another"),
        (b"DELIMITER //\nSELECT 1 /*+ a *///\n", "an optimizer hint with a backslash, a new line or a delimiter"),
        (b"/*!50001 SELECT \n/* a */ delimiter 1 */;", DELIMITER_INSIDE),
        (b"/*!50001 SELECT \n-- a\n\t delimiter 1 */;", DELIMITER_INSIDE),
        (b"/*!50001 SELECT \ndelimiter 'a\nb' */;", DELIMITER_INSIDE),
        (
            b"/*!50001 SELECT /* a */ `/*!50001 b` */;",
            "the mark of a comment in a string or a line inside a versioned comment",
        ),
    ],
)
def test_what_two_readers_can_read_differently_is_odd(script: bytes, text: str) -> None:
    for chunks in ([script], [script[at : at + 1] for at in range(len(script))]):
        notes = [note for piece in scan(chunks) for note in piece.notes]
        assert [(note.code, note.text) for note in notes if note.text == text] == [("ambiguous", text)], notes


def test_what_only_looks_so_is_read() -> None:
    """A body with comments, lines that only hold the word, versioned comments side by side, slashes at their ends."""
    script = (
        b"/* a */ /*M!100100 COMMIT */;\n/*!40101 SET @a=1 */;/*!40101 SET @b=2 */;\n/*/ a */ COMMIT;\nDELIMITER ;;\n"
        b"CREATE PROCEDURE p() BEGIN /* a */ SELECT a /* b */ , 'x\ndelimiter\n/* ' FROM t; -- /*\n"
        b"# the delimiter\n/*\ndelimiter */ SELECT `delimiter`, t.delimiter FROM t /**/; END;;\nDELIMITER ;\n"
    )
    assert [note for piece in pieces(script) for note in piece.notes] == []


def test_a_script_that_ends_inside_a_statement_says_so() -> None:
    for script in (b"SELECT 1;\n\nINSERT INTO t VALUES (1,'a", b"SELECT 1;\n\nCREATE TABLE t (a int)"):
        last = pieces(script)[-1]
        assert (last.line, last.last, last.ended) == (3, True, False)
    assert pieces(b"SELECT 1;\n/* not closed")[-1].ended is False


def test_a_long_statement_comes_in_parts_of_bounded_size() -> None:
    row = b"(1,'" + b"x" * 1000 + b"')"
    script = b"INSERT INTO t VALUES " + b",".join([row] * 3000) + b";\n"
    found = pieces(script, read=10_000, part=50_000)
    assert len(found) > 40
    assert max(len(piece.data) for piece in found) <= 70_000
    assert [piece.first for piece in found[:2]] == [True, False]
    assert {piece.line for piece in found[:-1]} == {1}


def test_inserts_of_one_row_each_come_as_a_run() -> None:
    statement = b"INSERT INTO `t` VALUES (1,'a;b');\n"
    found = pieces(statement * 100 + b"UNLOCK TABLES;")
    assert [(piece.run, piece.line) for piece in found] == [(True, 1), (False, 101)]


def test_a_byte_order_mark_is_skipped() -> None:
    found = pieces(b"\xef\xbb\xbfSELECT 1;")
    assert (found[0].kind, found[0].data) == (Kind.STATEMENT, b"\xef\xbb\xbfSELECT 1;")

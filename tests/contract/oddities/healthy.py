"""Healthy databases that are unusual, and options of mysqldump that write them in another way."""

from __future__ import annotations

from dataclasses import dataclass

EVERY_BYTE = "X'" + bytes(range(256)).hex() + "'"
SOME = (
    "CREATE TABLE parents (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), raw VARBINARY(300), at TIMESTAMP NULL)",
    "CREATE TABLE children (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES parents (id))",
    "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    f"INSERT INTO parents VALUES (0, 'zero', NULL, NULL), (1, 'é 🐝', {EVERY_BYTE}, '2026-03-29 01:30:00'),"
    " (7, 'a;\\n-- Dump completed on 2026-01-01  1:00:00\\n', '', '2026-10-25 01:30:00'), (8, '\\\\N', 'x', NULL)",
    "INSERT INTO children VALUES (1, 1), (2, NULL), (3, 7)",
    "CREATE VIEW adults AS SELECT id, name FROM parents WHERE id > 1",
    "CREATE TRIGGER stamp BEFORE INSERT ON children FOR EACH ROW SET NEW.up = COALESCE(NEW.up, 7)",
)
"""A small database with a bit of everything that options write differently; its trigger changes what is inserted."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One healthy database.

    Args:
        name: what is unusual about it.
        statements: what makes it, run as the application's own account.
        options: of mysqldump, besides none.
        only: the one kind of server that has it.
        as_admin: the statements need an administrator.
        tables: how many tables must be compared, when it is not one.
    """

    name: str
    statements: tuple[str, ...]
    options: tuple[str, ...] = ()
    only: str = ""
    as_admin: bool = False
    tables: int = 1


DATA = (
    Oddity(
        "no primary key, duplicate rows",
        ("CREATE TABLE t (a INT, b VARCHAR(9))", "INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL)"),
    ),
    Oddity(
        "empty tables",
        (
            "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT) AUTO_INCREMENT = 900",
            "CREATE TABLE b (v TEXT)",
        ),
        tables=2,
    ),
    Oddity(
        "a row of 17 MiB",
        ("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)", "INSERT INTO t VALUES (1, REPEAT('x', 17 << 20)), (2, '')"),
        ("--max-allowed-packet=64M",),
    ),
    Oddity("every byte in a blob", ("CREATE TABLE t (v BLOB, c CHAR(1))", f"INSERT INTO t VALUES ({EVERY_BYTE}, '')")),
    Oddity(
        "every byte in a blob, as hexadecimal digits",
        ("CREATE TABLE t (v BLOB, f BINARY(3), e BLOB)", f"INSERT INTO t VALUES ({EVERY_BYTE}, 'a', '')"),
        ("--hex-blob",),
    ),
    Oddity(
        "BIT",
        (
            "CREATE TABLE t (a BIT(1), b BIT(9), c BIT(64))",
            "INSERT INTO t VALUES (b'1', b'100000001', ~0), (0, 9, 10), (NULL, 39, 92)",
        ),
    ),
    Oddity(
        "JSON",
        (
            "CREATE TABLE t (v JSON)",
            """INSERT INTO t VALUES ('{"a": [1.50, "é 🐝", null, true, {}]}'), ('"\\\\n"'), ('[]'), (NULL),"""
            """ ('{"b": 1, "a": "it''s \\\\"x\\\\""}')""",
        ),
    ),
    Oddity(
        "geometry",
        (
            "CREATE TABLE t (p POINT NOT NULL, g GEOMETRY, SPATIAL INDEX (p))",
            "INSERT INTO t VALUES (ST_GeomFromText('POINT(1 2)'), NULL), (ST_GeomFromText('POINT(92 39)'),"
            " ST_GeomFromText('LINESTRING(0 0, 10 39)'))",
        ),
    ),
    Oddity(
        "generated columns, stored and virtual, one between the others",
        (
            "CREATE TABLE t (a INT, b INT AS (a * 2) STORED, c VARCHAR(9), d VARCHAR(20) AS (UPPER(c)) VIRTUAL, e INT)",
            "INSERT INTO t (a, c, e) VALUES (1, 'x', 5), (NULL, NULL, 6)",
        ),
    ),
    Oddity(
        "invisible columns",
        ("CREATE TABLE t (a INT, b INT INVISIBLE DEFAULT 7, c INT)", "INSERT INTO t (a, b, c) VALUES (1, 2, 3)"),
    ),
    Oddity(
        "a generated invisible primary key",
        (
            "SET SESSION sql_generate_invisible_primary_key = ON",
            "CREATE TABLE t (a INT)",
            "INSERT INTO t VALUES (1), (1)",
        ),
        only="MySQL",
        as_admin=True,
    ),
    Oddity(
        "partitions",
        (
            "CREATE TABLE t (y INT NOT NULL, v TEXT) PARTITION BY RANGE (y)"
            " (PARTITION old VALUES LESS THAN (2000), PARTITION rest VALUES LESS THAN MAXVALUE)",
            "INSERT INTO t VALUES (1999, 'a'), (2026, 'b')",
            "CREATE TABLE h (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 5",
            "INSERT INTO h VALUES (1), (2), (3)",
        ),
        tables=2,
    ),
    Oddity(
        "zero dates",
        (
            "CREATE TABLE t (d DATE, t DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', y YEAR, s TIMESTAMP NULL)",
            "INSERT INTO t VALUES ('0000-00-00', '0000-00-00 00:00:00', 0, '0000-00-00 00:00:00'),"
            " ('2026-00-00', '2026-02-00 10:00:00', 1901, NULL)",
        ),
    ),
    Oddity(
        "floats",
        (
            "CREATE TABLE t (f FLOAT, d DOUBLE, n DECIMAL(30,15))",
            "INSERT INTO t VALUES (1.00001, 0.1, 1.5), (3.4e38, 1.7976931348623157e308, -0.000000000000001),"
            " (1e-45, 5e-324, 0), (16777217, -0.0, 99999)",
        ),
    ),
    Oddity(
        "ENUM and SET with odd members",
        (
            "CREATE TABLE t (e ENUM('a', 'it''s', 'é', '1'), s SET('x', 'y z', 'ř'))",
            "INSERT INTO t VALUES ('it''s', 'x,ř'), ('1', ''), (1, 'y z'), (NULL, NULL)",
        ),
    ),
    Oddity(
        "tables in latin1",
        (
            "CREATE TABLE t (v VARCHAR(20), w VARCHAR(20) CHARACTER SET utf8mb4) CHARACTER SET latin1",
            "INSERT INTO t VALUES ('é€ÿ', '🐝')",
        ),
    ),
    Oddity(
        "foreign keys in a cycle",
        (
            "SET foreign_key_checks = 0",
            "CREATE TABLE a (id INT PRIMARY KEY, b INT, FOREIGN KEY (b) REFERENCES b (id))",
            "CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id))",
            "INSERT INTO a VALUES (1, 2)",
            "INSERT INTO b VALUES (2, 1)",
        ),
        tables=2,
    ),
    Oddity(
        "190 columns",
        (
            f"CREATE TABLE t ({', '.join(f'c{n} TEXT' for n in range(190))})",
            f"INSERT INTO t VALUES ({', '.join(repr('v' * (n % 90)) for n in range(190))})",
        ),
    ),
    Oddity(
        "names with blanks, backticks, quotes, dots, and not in ASCII",
        (
            "CREATE TABLE `a b` (`c``d` INT PRIMARY KEY, `e.f` INT)",
            "CREATE TABLE `table` (`select` INT, `it's` INT, `-- x` INT, `(` INT)",
            "CREATE TABLE `žluťoučký` (`ó` INT)",
            "INSERT INTO `a b` VALUES (1, 2)",
            "INSERT INTO `table` VALUES (1, 2, 3, 4)",
            "INSERT INTO `žluťoučký` VALUES (1)",
            "CREATE VIEW `the ``view``` AS SELECT `e.f` FROM `a b`",
        ),
        tables=3,
    ),
    Oddity(
        "FULLTEXT, prefix and descending keys",
        (
            "CREATE TABLE t (id INT PRIMARY KEY, v TEXT, FULLTEXT KEY words (v), KEY short (v(9)), KEY down (id DESC))",
            "INSERT INTO t VALUES (1, 'bees in the hive')",
        ),
    ),
    Oddity(
        "check constraints and defaults that are expressions",
        (
            "CREATE TABLE t (id INT CHECK (id > 0 AND id <> 13), v VARCHAR(40) DEFAULT (CONCAT('a', ';', 'b')),"
            " at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3))",
            "INSERT INTO t (id, at) VALUES (1, '2026-08-01 12:00:00.123')",
        ),
    ),
    Oddity(
        "views on views, made in the other order",
        (
            "CREATE TABLE t (a INT, b INT)",
            "INSERT INTO t VALUES (1, 2)",
            "CREATE VIEW zz AS SELECT a, b FROM t",
            "CREATE VIEW mm AS SELECT a FROM zz WHERE b > 1",
            "CREATE SQL SECURITY INVOKER VIEW aa AS SELECT mm.a, zz.b FROM mm JOIN zz ON mm.a = zz.a",
        ),
    ),
    Oddity(
        "a view that only selects constants, as its placeholder does",
        ("CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT 1 AS a, 1 AS b"),
    ),
    Oddity(
        "triggers that change what is inserted",
        (
            "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
            "CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(40))",
            "CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n * 2",
            "CREATE TRIGGER two AFTER INSERT ON t FOR EACH ROW INSERT INTO log (what) VALUES (CONCAT(NEW.id, ';'))",
            "INSERT INTO t VALUES (1, 5), (2, 6)",
        ),
        tables=2,
    ),
    Oddity(
        "routines with every kind of body",
        (
            "CREATE TABLE t (v TEXT)",
            "CREATE PROCEDURE p(INOUT a INT) COMMENT 'it''s'"
            " BEGIN /* c; */ -- d;\n IF a > 1 THEN SET a = 2; END IF; END",
            "CREATE FUNCTION f(s TEXT) RETURNS TEXT DETERMINISTIC NO SQL RETURN CONCAT(s, ';;', 'DELIMITER', '//')",
        ),
        ("--routines",),
    ),
    Oddity(
        "routines made under another collation than the database's",
        (
            "CREATE TABLE t (v TEXT)",
            "ALTER DATABASE COLLATE utf8mb4_bin",
            "CREATE FUNCTION f() RETURNS TEXT DETERMINISTIC NO SQL RETURN 'é'",
            "ALTER DATABASE COLLATE utf8mb4_unicode_ci",
        ),
        ("--routines",),
    ),
    Oddity(
        "events",
        (
            "CREATE TABLE t (v INT)",
            "CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 03:00:00' DISABLE DO DELETE FROM t",
            "CREATE EVENT once ON SCHEDULE AT '2036-02-03 04:05:06' COMMENT ';' DO BEGIN DELETE FROM t; SELECT 1; END",
        ),
        ("--events",),
    ),
    Oddity(
        "objects that run as their definer",
        (
            "CREATE TABLE t (v INT)",
            "CREATE DEFINER = CURRENT_USER SQL SECURITY DEFINER VIEW v AS SELECT v FROM t",
            "CREATE DEFINER = CURRENT_USER PROCEDURE p() SQL SECURITY DEFINER SELECT COUNT(*) FROM t",
        ),
        ("--routines",),
    ),
    Oddity(
        "text that looks like a script",
        (
            "CREATE TABLE t (v TEXT)",
            "INSERT INTO t VALUES ('-- Dump completed on 2026-01-01  1:00:00\\n'), ('\\nDELIMITER ;;\\nUSE x;\\n'),"
            " ('),('), (''';'), ('\\\\'';'), ('/*!40000 DROP TABLE t */;'), ('\\\\! touch /tmp/x'), ('`'), ('\\0\\Z')",
        ),
    ),
    Oddity(
        "a sequence",
        (
            "CREATE SEQUENCE s START WITH 5",
            "CREATE TABLE t (id INT, v INT)",
            "INSERT INTO t (v) VALUES (1)",
        ),
        only="MariaDB",
    ),
    Oddity(
        "a table with the history of its rows",
        ("CREATE TABLE t (v INT) WITH SYSTEM VERSIONING", "INSERT INTO t VALUES (1)", "UPDATE t SET v = 2"),
        only="MariaDB",
    ),
    Oddity(
        "a table with histograms",
        ("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1), (2)", "ANALYZE TABLE t UPDATE HISTOGRAM ON v"),
        ("--column-statistics",),
        only="MySQL",
    ),
)  # fmt: skip

OPTIONS = (
    Oddity("--skip-comments", SOME, ("--skip-comments",), tables=2),
    Oddity("--compact", SOME[:6], ("--compact",), tables=2),
    Oddity("--skip-extended-insert", SOME, ("--skip-extended-insert",), tables=2),
    Oddity("--complete-insert", SOME, ("--complete-insert",), tables=2),
    Oddity("--order-by-primary", SOME, ("--order-by-primary",), tables=2),
    Oddity("--skip-tz-utc", SOME, ("--skip-tz-utc",), tables=2),
    Oddity("--skip-opt", SOME, ("--skip-opt",), tables=2),
    Oddity("--insert-ignore", SOME, ("--insert-ignore",), tables=2),
    Oddity("--replace", SOME, ("--replace",), tables=2),
    Oddity("--single-transaction --no-autocommit", SOME, ("--single-transaction", "--no-autocommit"), tables=2),
    Oddity("--skip-quote-names", SOME, ("--skip-quote-names",), tables=2),
    Oddity("--default-character-set=utf8mb3", SOME[:2], ("--default-character-set=utf8mb3",), tables=2),
    Oddity("--databases", SOME, ("--databases",), tables=2),
    Oddity("--databases --add-drop-database", SOME, ("--add-drop-database", "--databases"), tables=2),
    Oddity("--all-databases", SOME, ("--all-databases",), tables=2),
    Oddity("--all-databases --add-drop-database", SOME, ("--add-drop-database", "--all-databases"), tables=2),
    Oddity("--no-data", SOME, ("--no-data",), tables=2),
)

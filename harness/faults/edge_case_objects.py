"""Unusual but healthy views, triggers, routines and events, and unusual names: data only."""

from __future__ import annotations

from harness.faults.edge_case import EdgeCase

OBJECTS = (
    EdgeCase(
        "views on views, made in the other order",
        (
            "CREATE TABLE odd_viewed (a INT, b INT)",
            "INSERT INTO odd_viewed VALUES (1, 2)",
            "CREATE VIEW odd_zz AS SELECT a, b FROM odd_viewed",
            "CREATE VIEW odd_mm AS SELECT a FROM odd_zz WHERE b > 1",
            "CREATE SQL SECURITY INVOKER VIEW odd_aa AS"
            " SELECT odd_mm.a, odd_zz.b FROM odd_mm JOIN odd_zz ON odd_mm.a = odd_zz.a",
        ),
    ),
    EdgeCase(
        "a view that only selects constants, as its placeholder does",
        ("CREATE TABLE odd_beside (a INT)", "CREATE VIEW odd_constants AS SELECT 1 AS a, 1 AS b"),
    ),
    EdgeCase(
        "triggers that change what is inserted",
        (
            "CREATE TABLE odd_doubled (id INT PRIMARY KEY, n INT)",
            "CREATE TABLE odd_log (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(40))",
            "CREATE TRIGGER odd_one BEFORE INSERT ON odd_doubled FOR EACH ROW SET NEW.n = NEW.n * 2",
            "CREATE TRIGGER odd_two AFTER INSERT ON odd_doubled FOR EACH ROW"
            " INSERT INTO odd_log (what) VALUES (CONCAT(NEW.id, ';'))",
            "INSERT INTO odd_doubled VALUES (1, 5), (2, 6)",
        ),
        tables=2,
    ),
    EdgeCase(
        "two triggers of one moment, in an order that was asked for",
        (
            "CREATE TABLE odd_in_order (id INT PRIMARY KEY, v VARCHAR(9))",
            "CREATE TRIGGER odd_second BEFORE INSERT ON odd_in_order FOR EACH ROW SET NEW.v = CONCAT(NEW.v, 'b')",
            "CREATE TRIGGER odd_first BEFORE INSERT ON odd_in_order FOR EACH ROW PRECEDES odd_second"
            " SET NEW.v = CONCAT(NEW.v, 'a')",
            "INSERT INTO odd_in_order VALUES (1, '')",
        ),
    ),
    EdgeCase(
        "routines with every kind of body",
        (
            "CREATE TABLE odd_called (v TEXT)",
            "CREATE PROCEDURE odd_body(INOUT a INT) COMMENT 'it''s'"
            " BEGIN /* c; */ -- d;\n IF a > 1 THEN SET a = 2; END IF; END",
            "CREATE FUNCTION odd_text(s TEXT) RETURNS TEXT DETERMINISTIC NO SQL"
            " RETURN CONCAT(s, ';;', 'DELIMITER', '//')",
        ),
        ("--routines",),
    ),
    EdgeCase(
        "routines made under another collation than the database's",
        (
            "CREATE TABLE odd_collated (v TEXT)",
            "ALTER DATABASE COLLATE utf8mb4_bin",
            "CREATE FUNCTION odd_collation() RETURNS TEXT DETERMINISTIC NO SQL RETURN 'é'",
            "ALTER DATABASE COLLATE utf8mb4_unicode_ci",
        ),
        ("--routines",),
    ),
    EdgeCase(
        "events",
        (
            "CREATE TABLE odd_cleared (v INT)",
            "CREATE EVENT odd_daily ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 03:00:00' DISABLE"
            " DO DELETE FROM odd_cleared",
            "CREATE EVENT odd_once ON SCHEDULE AT '2036-02-03 04:05:06' COMMENT ';'"
            " DO BEGIN DELETE FROM odd_cleared; SELECT 1; END",
        ),
        ("--events",),
    ),
    EdgeCase(
        "objects that run as their definer",
        (
            "CREATE TABLE odd_owned (v INT)",
            "CREATE DEFINER = CURRENT_USER SQL SECURITY DEFINER VIEW odd_owned_view AS SELECT v FROM odd_owned",
            "CREATE DEFINER = CURRENT_USER PROCEDURE odd_owned_count() SQL SECURITY DEFINER"
            " SELECT COUNT(*) FROM odd_owned",
        ),
        ("--routines",),
    ),
)

NAMES = (
    EdgeCase(
        "names with blanks, backticks and dots",
        (
            "CREATE TABLE `odd a b` (`c``d` INT PRIMARY KEY, `e.f` INT)",
            "INSERT INTO `odd a b` VALUES (1, 2)",
            "CREATE VIEW `odd the ``view``` AS SELECT `e.f` FROM `odd a b`",
        ),
    ),
    EdgeCase(
        "names that are words, quotes and marks of the language",
        (
            # The one name without `odd_`: with it, it would be no word of the language.
            'CREATE TABLE `table` (`select` INT, `it\'s` INT, `"x"` INT, `-- x` INT, `(` INT, `;` INT)',
            "INSERT INTO `table` VALUES (1, 2, 3, 4, 5, 6)",
            "CREATE TABLE `odd_it's; -- /*` (v INT)",
            "INSERT INTO `odd_it's; -- /*` VALUES (1)",
        ),
        tables=2,
    ),
    EdgeCase(
        "names that are not ASCII",
        (
            "CREATE TABLE `odd_žluťoučký` (`ó` INT, KEY `klíč` (`ó`))",
            "INSERT INTO `odd_žluťoučký` VALUES (1)",
            "CREATE VIEW `odd_pohled_蜂` AS SELECT `ó` AS `蜜` FROM `odd_žluťoučký`",
        ),
    ),
    EdgeCase(
        "names of 64 characters",
        (
            f"CREATE TABLE `odd_{'é' * 60}` (`{'c' * 64}` INT, `{'d' * 63}e` INT)",
            f"INSERT INTO `odd_{'é' * 60}` VALUES (1, 2)",
        ),
    ),
    EdgeCase(
        "names that differ in case only",
        (
            "CREATE TABLE odd_bees (v INT)",
            "CREATE TABLE ODD_BEES (v INT)",
            "INSERT INTO odd_bees VALUES (1)",
            "INSERT INTO ODD_BEES VALUES (2)",
        ),
        tables=2,
    ),
    EdgeCase(
        "names that are patterns",
        (
            "CREATE TABLE `odd_%` (`_` INT, `*` INT, `%s` INT, `\\\\` INT)",
            "INSERT INTO `odd_%` VALUES (1, 2, 3, 4)",
        ),
    ),
    EdgeCase(
        "names with line breaks and tabs",
        (
            # Not in the name of the key: mysqldump --order-by-primary looks for another name then (error 1054).
            "CREATE TABLE `odd_a\nDROP TABLE b;\n-- \tc` (`d\te` INT PRIMARY KEY, `f\n-- g` INT)",
            "INSERT INTO `odd_a\nDROP TABLE b;\n-- \tc` VALUES (1, 2)",
        ),
    ),
    EdgeCase(
        "objects and keys with such names",
        (
            "CREATE TABLE odd_named (id INT PRIMARY KEY, up INT, KEY `odd key; ``k``` (up),"
            " CONSTRAINT `odd it's` FOREIGN KEY (up) REFERENCES odd_named (id), CONSTRAINT `odd c.d` CHECK (up < 9))",
            "INSERT INTO odd_named VALUES (1, NULL), (2, 1)",
            "CREATE TRIGGER `odd trigger; ``t``` BEFORE INSERT ON odd_named FOR EACH ROW SET @odd = 1",
            "CREATE FUNCTION `odd it's a.b`(`a b` INT) RETURNS INT DETERMINISTIC NO SQL RETURN `a b`",
            "CREATE PROCEDURE `odd ``p```(IN `it's` INT) SELECT `it's`",
            "CREATE EVENT `odd \"event\"` ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 03:00:00' DISABLE DO SELECT 1",
        ),
        ("--routines", "--events"),
    ),
)

"""Unusual but healthy tables: data only."""

from __future__ import annotations

from harness.faults.edge_case import EdgeCase

TABLES = (
    EdgeCase(
        "no primary key, duplicate rows",
        (
            "CREATE TABLE odd_duplicates (a INT, b VARCHAR(9))",
            "INSERT INTO odd_duplicates VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL)",
        ),
    ),
    EdgeCase(
        "empty tables",
        (
            "CREATE TABLE odd_empty_a (id INT PRIMARY KEY AUTO_INCREMENT) AUTO_INCREMENT = 900",
            "CREATE TABLE odd_empty_b (v TEXT)",
        ),
        tables=2,
    ),
    EdgeCase(
        "a counter near its end",
        (
            "CREATE TABLE odd_counter (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT)",
            "INSERT INTO odd_counter VALUES (18446744073709551610)",
        ),
    ),
    EdgeCase(
        "generated columns, stored and virtual, one between the others",
        (
            "CREATE TABLE odd_generated"
            " (a INT, b INT AS (a * 2) STORED, c VARCHAR(9), d VARCHAR(20) AS (UPPER(c)) VIRTUAL, e INT)",
            "INSERT INTO odd_generated (a, c, e) VALUES (1, 'x', 5), (NULL, NULL, 6)",
        ),
    ),
    EdgeCase(
        "invisible columns",
        (
            "CREATE TABLE odd_invisible (a INT, b INT INVISIBLE DEFAULT 7, c INT)",
            "INSERT INTO odd_invisible (a, b, c) VALUES (1, 2, 3)",
        ),
    ),
    EdgeCase(
        "a generated invisible primary key",
        (
            "SET SESSION sql_generate_invisible_primary_key = ON",
            "CREATE TABLE odd_invisible_key (a INT)",
            "INSERT INTO odd_invisible_key VALUES (1), (1)",
        ),
        only="MySQL",
        as_admin=True,
    ),
    EdgeCase(
        "partitions",
        (
            "CREATE TABLE odd_years (y INT NOT NULL, v TEXT) PARTITION BY RANGE (y)"
            " (PARTITION old VALUES LESS THAN (2000), PARTITION rest VALUES LESS THAN MAXVALUE)",
            "INSERT INTO odd_years VALUES (1999, 'a'), (2026, 'b')",
            "CREATE TABLE odd_hashed (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 5",
            "INSERT INTO odd_hashed VALUES (1), (2), (3)",
        ),
        tables=2,
    ),
    EdgeCase(
        "foreign keys in a cycle",
        (
            "SET foreign_key_checks = 0",
            "CREATE TABLE odd_cycle_a (id INT PRIMARY KEY, b INT, FOREIGN KEY (b) REFERENCES odd_cycle_b (id))",
            "CREATE TABLE odd_cycle_b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES odd_cycle_a (id))",
            "INSERT INTO odd_cycle_a VALUES (1, 2)",
            "INSERT INTO odd_cycle_b VALUES (2, 1)",
        ),
        tables=2,
    ),
    EdgeCase(
        "rows that refer to rows of their own table",
        (
            "CREATE TABLE odd_tree (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES odd_tree (id))",
            "SET foreign_key_checks = 0",
            "INSERT INTO odd_tree VALUES (1, 9), (5, 5), (9, NULL)",
        ),
    ),
    EdgeCase(
        "190 columns",
        (
            f"CREATE TABLE odd_wide ({', '.join(f'c{n} TEXT' for n in range(190))})",
            f"INSERT INTO odd_wide VALUES ({', '.join(repr('v' * (n % 90)) for n in range(190))})",
        ),
    ),
    EdgeCase(
        "FULLTEXT, prefix and descending keys",
        (
            "CREATE TABLE odd_keys"
            " (id INT PRIMARY KEY, v TEXT, FULLTEXT KEY words (v), KEY short (v(9)), KEY down (id DESC))",
            "INSERT INTO odd_keys VALUES (1, 'bees in the hive')",
        ),
    ),
    EdgeCase(
        "check constraints and defaults that are expressions",
        (
            "CREATE TABLE odd_checked"
            " (id INT CHECK (id > 0 AND id <> 13), v VARCHAR(40) DEFAULT (CONCAT('a', ';', 'b')),"
            " at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3))",
            "INSERT INTO odd_checked (id, at) VALUES (1, '2026-08-01 12:00:00.123')",
        ),
    ),
    EdgeCase(
        "comments and defaults that look like a script",
        (
            "CREATE TABLE odd_comments (a INT COMMENT '); DROP TABLE x; -- ',"
            " b VARCHAR(40) DEFAULT '/*!40000 x */;\\n''', c VARCHAR(9) DEFAULT '`')"
            " COMMENT 'it''s; \\n-- Dump completed'",
            "INSERT INTO odd_comments (a) VALUES (1)",
        ),
    ),
    EdgeCase(
        "a table of another engine",
        (
            "CREATE TABLE odd_myisam (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(9)) ENGINE = MyISAM",
            "INSERT INTO odd_myisam VALUES (1, 'a'), (2, 'b')",
        ),
    ),
    EdgeCase(
        "a sequence",
        (
            "CREATE SEQUENCE odd_sequence START WITH 5",
            "CREATE TABLE odd_by_sequence (id INT, v INT)",
            "INSERT INTO odd_by_sequence (v) VALUES (1)",
        ),
        only="MariaDB",
    ),
    EdgeCase(
        "a table with the history of its rows",
        (
            "CREATE TABLE odd_history (v INT) WITH SYSTEM VERSIONING",
            "INSERT INTO odd_history VALUES (1)",
            "UPDATE odd_history SET v = 2",
        ),
        only="MariaDB",
    ),
    EdgeCase(
        "a table with histograms",
        (
            "CREATE TABLE odd_histogram (v INT)",
            "INSERT INTO odd_histogram VALUES (1), (2)",
            "ANALYZE TABLE odd_histogram UPDATE HISTOGRAM ON v",
        ),
        ("--column-statistics",),
        only="MySQL",
    ),
)

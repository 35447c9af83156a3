"""Unusual but healthy values of rows: data only."""

from __future__ import annotations

from harness.faults.edge_case import EdgeCase

EVERY_BYTE = "X'" + bytes(range(256)).hex() + "'"

VALUES = (
    EdgeCase(
        "a row of 17 MiB",
        (
            "CREATE TABLE odd_large (id INT PRIMARY KEY, v LONGBLOB)",
            "INSERT INTO odd_large VALUES (1, REPEAT('x', 17 << 20)), (2, '')",
        ),
        ("--max-allowed-packet=64M",),
        # A dump with --hex-blob has two digits for each byte, and the target has to take it as well.
        packet_bytes=36 << 20,
    ),
    EdgeCase(
        "every byte in a blob",
        ("CREATE TABLE odd_bytes (v BLOB, c CHAR(1))", f"INSERT INTO odd_bytes VALUES ({EVERY_BYTE}, '')"),
    ),
    EdgeCase(
        "every byte in a blob, as hexadecimal digits",
        (
            "CREATE TABLE odd_digits (v BLOB, f BINARY(3), e BLOB)",
            f"INSERT INTO odd_digits VALUES ({EVERY_BYTE}, 'a', '')",
        ),
        ("--hex-blob",),
    ),
    EdgeCase(
        "BIT",
        (
            "CREATE TABLE odd_bits (a BIT(1), b BIT(9), c BIT(64))",
            "INSERT INTO odd_bits VALUES (b'1', b'100000001', ~0), (0, 9, 10), (NULL, 39, 92)",
        ),
    ),
    EdgeCase(
        "JSON",
        (
            "CREATE TABLE odd_json (v JSON)",
            """INSERT INTO odd_json VALUES ('{"a": [1.50, "é 🐝", null, true, {}]}'), ('"\\\\n"'), ('[]'), (NULL),"""
            """ ('{"b": 1, "a": "it''s \\\\"x\\\\""}')""",
            # A DECIMAL in JSON: MySQL keeps its digits, and makes a DOUBLE of the text in the dump.
            "INSERT INTO odd_json VALUES"
            " (JSON_OBJECT('n', CAST(1.10 AS DECIMAL(8, 2)), 'm', CAST(3 AS DECIMAL(30, 10))))",
        ),
    ),
    EdgeCase(
        "geometry",
        (
            "CREATE TABLE odd_places (p POINT NOT NULL, g GEOMETRY, SPATIAL INDEX (p))",
            "INSERT INTO odd_places VALUES (ST_GeomFromText('POINT(1 2)'), NULL), (ST_GeomFromText('POINT(92 39)'),"
            " ST_GeomFromText('LINESTRING(0 0, 10 39)'))",
        ),
    ),
    EdgeCase(
        "vectors",
        (
            "CREATE TABLE odd_vectors (id INT PRIMARY KEY, v VECTOR(3))",
            "INSERT INTO odd_vectors VALUES (1, STRING_TO_VECTOR('[1, 0.1, -3e38]')), (2, NULL)",
        ),
        only="MySQL",
    ),
    EdgeCase(
        "addresses and UUIDs",
        (
            "CREATE TABLE odd_addresses (id UUID PRIMARY KEY, a INET6)",
            "INSERT INTO odd_addresses VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329'),"
            " ('00000000-0000-0000-0000-000000000000', NULL)",
        ),
        only="MariaDB",
    ),
    EdgeCase(
        "zero dates",
        (
            "CREATE TABLE odd_zero_dates"
            " (d DATE, t DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', y YEAR, s TIMESTAMP NULL)",
            "INSERT INTO odd_zero_dates VALUES ('0000-00-00', '0000-00-00 00:00:00', 0, '0000-00-00 00:00:00'),"
            " ('2026-00-00', '2026-02-00 10:00:00', 1901, NULL)",
        ),
    ),
    EdgeCase(
        "times below zero, microseconds, and the hour that a clock has twice",
        (
            "CREATE TABLE odd_times (t TIME, m TIME(6), d DATETIME(6), s TIMESTAMP(3) NULL)",
            "INSERT INTO odd_times VALUES ('-838:59:59', '-00:00:00.000001', '9999-12-31 23:59:59.999999',"
            " '2026-10-25 00:30:00.5'), ('838:59:59', '00:00:00', '1000-01-01 00:00:00', '2026-10-25 01:30:00'),"
            " (NULL, '12:00:00.5', '2026-03-29 02:30:00', '1970-01-01 00:00:01')",
        ),
    ),
    EdgeCase(
        "floats",
        (
            "CREATE TABLE odd_floats (f FLOAT, d DOUBLE, n DECIMAL(30,15))",
            "INSERT INTO odd_floats VALUES (1.00001, 0.1, 1.5),"
            " (3.4e38, 1.7976931348623157e308, -0.000000000000001), (1e-45, 5e-324, 0), (16777217, -0e0, 99999),"
            " (-0e0, 1, -0.0)",
        ),
    ),
    EdgeCase(
        "ENUM and SET with odd members",
        (
            "CREATE TABLE odd_members (e ENUM('a', 'it''s', 'é', '1'), s SET('x', 'y z', 'ř'))",
            "INSERT INTO odd_members VALUES ('it''s', 'x,ř'), ('1', ''), (1, 'y z'), (NULL, NULL)",
        ),
    ),
    EdgeCase(
        "tables in latin1",
        (
            "CREATE TABLE odd_latin1 (v VARCHAR(20), w VARCHAR(20) CHARACTER SET utf8mb4) CHARACTER SET latin1",
            "INSERT INTO odd_latin1 VALUES ('é€ÿ', '🐝')",
        ),
    ),
    EdgeCase(
        "emoji",
        (
            "CREATE TABLE odd_emoji (k VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, v TEXT, j JSON)",
            """INSERT INTO odd_emoji VALUES ('🐝', '👩🏽‍🚀 and 🏳️‍🌈', '{"🐝": "🍯"}'), ('🍯', '', '[]')""",
        ),
    ),
    EdgeCase(
        "empty, NULL, and texts that say so",
        (
            "CREATE TABLE odd_nothing (id INT PRIMARY KEY, a VARCHAR(9), b BLOB, c CHAR(3))",
            "INSERT INTO odd_nothing VALUES (1, '', '', ''), (2, NULL, NULL, NULL), (3, 'NULL', 'NULL', '\\\\N'),"
            " (4, ' ', ' ', ' '), (-1, '0', '\\0', 'a  ')",
        ),
    ),
    EdgeCase(
        "text that looks like a script",
        (
            "CREATE TABLE odd_script (v TEXT)",
            "INSERT INTO odd_script VALUES ('-- Dump completed on 2026-01-01  1:00:00\\n'),"
            " ('\\nDELIMITER ;;\\nUSE x;\\n'), ('),('), (''';'), ('\\\\'';'), ('/*!40000 DROP TABLE t */;'),"
            " ('\\\\! touch /tmp/x'), ('`'), ('\\0\\Z')",
        ),
    ),
)

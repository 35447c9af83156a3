"""Schema objects: every change of an attribute is seen, and nothing else."""

from collections.abc import Callable
from unittest.mock import ANY

import pytest

from tests.contract.mysql.everything import EVERYTHING
from tests.contract.mysql.places import Changes, Place, differences

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, a INT, s VARCHAR(20))"
PARENT = "CREATE TABLE p (id INT PRIMARY KEY)"
CHILD = "CREATE TABLE t (id INT PRIMARY KEY, p_id INT, CONSTRAINT t_p FOREIGN KEY (p_id) REFERENCES p (id)"
PARTITIONED = "CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10)"
COLLATIONS = ("utf8mb4_unicode_ci", "utf8mb4_bin")
VIEW = [TABLE, "CREATE VIEW v AS SELECT id FROM t"]
EVENT = ["CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 00:00:00' DO SET @a = 1"]
DATE = ["CREATE TABLE t (d DATETIME NULL)"]

ALTERED = {
    "column-type": ("MODIFY a BIGINT", ("column t.a", "type"), ("int", "bigint")),
    "column-unsigned": ("MODIFY a INT UNSIGNED", ("column t.a", "type"), ("int", "int unsigned")),
    "column-length": ("MODIFY s VARCHAR(21)", ("column t.s", "type"), ("varchar(20)", "varchar(21)")),
    "column-default": ("ALTER a SET DEFAULT 7", ("column t.a", "default"), (None, "7")),
    "column-default-empty": ("ALTER s SET DEFAULT ''", ("column t.s", "default"), (None, "''")),
    "column-default-quote": ("ALTER s SET DEFAULT 'it''s'", ("column t.s", "default"), (None, "it's")),
    "column-nullability": ("MODIFY a INT NOT NULL", ("column t.a", "nullable"), ("YES", "NO")),
    "column-collation": ("MODIFY s VARCHAR(20) COLLATE utf8mb4_bin", ("column t.s", "collation"), COLLATIONS),
    "column-comment": ("MODIFY a INT COMMENT 'x'", ("column t.a", "comment"), (None, "x")),
    "column-invisible": ("MODIFY a INT INVISIBLE", ("column t.a", "extra"), (None, "INVISIBLE")),
    "column-auto-increment": ("MODIFY id INT AUTO_INCREMENT", ("column t.id", "extra"), (None, "auto_increment")),
    "column-new": ("ADD b INT", ("column t.b", ""), (None, "there")),
    "column-gone": ("DROP s", ("column t.s", ""), ("there", None)),
    "table-engine": ("ENGINE = MyISAM", ("table t", "engine"), ("InnoDB", "MyISAM")),
    "table-collation": ("COLLATE utf8mb4_bin", ("table t", "collation"), COLLATIONS),
    "table-row-format": ("ROW_FORMAT = COMPACT", ("table t", "row format"), ("Dynamic", "Compact")),
    "table-comment": ("COMMENT = 'x'", ("table t", "comment"), (None, "x")),
}

CASES: dict[str, tuple[list[str], list[str], Changes]] = {
    name: ([TABLE], [f"ALTER TABLE t {change}"], {attribute: values})
    for name, (change, attribute, values) in ALTERED.items()
} | {
    "column-default-time": (
        DATE, ["ALTER TABLE t MODIFY d DATETIME NULL DEFAULT CURRENT_TIMESTAMP"],
        {("column t.d", "default"): (None, "CURRENT_TIMESTAMP")},
    ),
    "column-on-update": (
        DATE, ["ALTER TABLE t MODIFY d DATETIME NULL ON UPDATE CURRENT_TIMESTAMP"],
        {("column t.d", "extra"): (None, "on update CURRENT_TIMESTAMP")},
    ),
    "column-charset": (
        [TABLE], ["ALTER TABLE t MODIFY s VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin"],
        {("column t.s", "collation"): ("utf8mb4_unicode_ci", "latin1_bin"),
         ("column t.s", "character set"): ("utf8mb4", "latin1")},
    ),
    "column-position": (
        [TABLE], ["ALTER TABLE t MODIFY s VARCHAR(20) AFTER id"],
        {("column t.a", "position"): ("2", "3"), ("column t.s", "position"): ("3", "2")},
    ),
    "column-generated": (
        ["CREATE TABLE t (a INT, g INT AS (a + 1) STORED)"], ["ALTER TABLE t MODIFY g INT AS (a + 2) STORED"],
        {("column t.g", "generated as"): (ANY, ANY)},
    ),
    "index-columns": (
        [TABLE, "CREATE INDEX i ON t (a, s)"], ["DROP INDEX i ON t", "CREATE INDEX i ON t (s, a)"],
        {("index t.i", "columns"): ("a, s", "s, a")},
    ),
    "index-unique": (
        [TABLE, "CREATE INDEX i ON t (a)"], ["DROP INDEX i ON t", "CREATE UNIQUE INDEX i ON t (a)"],
        {("index t.i", "unique"): ("no", "yes")},
    ),
    "index-prefix": (
        [TABLE, "CREATE INDEX i ON t (s)"], ["DROP INDEX i ON t", "CREATE INDEX i ON t (s(5))"],
        {("index t.i", "columns"): ("s", "s(5)")},
    ),
    "index-descending": (
        [TABLE, "CREATE INDEX i ON t (a, s)"], ["DROP INDEX i ON t", "CREATE INDEX i ON t (a, s DESC)"],
        {("index t.i", "columns"): ("a, s", "a, s DESC")},
    ),
    "index-type": (
        [TABLE, "CREATE INDEX i ON t (s)"], ["DROP INDEX i ON t", "CREATE FULLTEXT INDEX i ON t (s)"],
        {("index t.i", "type"): ("BTREE", "FULLTEXT")},
    ),
    "primary-key-gone": (
        ["CREATE TABLE t (id INT NOT NULL PRIMARY KEY)"], ["ALTER TABLE t DROP PRIMARY KEY"],
        {("index t.PRIMARY", ""): ("there", None)},
    ),
    "foreign-key-rule": (
        [PARENT, f"{CHILD})"],
        ["ALTER TABLE t DROP FOREIGN KEY t_p",
         "ALTER TABLE t ADD CONSTRAINT t_p FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL"],
        {("foreign-key t.t_p", "on delete"): ("RESTRICT", "CASCADE"),
         ("foreign-key t.t_p", "on update"): ("RESTRICT", "SET NULL")},
    ),
    "foreign-key-target": (
        [PARENT, "CREATE TABLE q (id INT PRIMARY KEY)", f"{CHILD})"],
        ["ALTER TABLE t DROP FOREIGN KEY t_p", "ALTER TABLE t ADD CONSTRAINT t_p FOREIGN KEY (p_id) REFERENCES q (id)"],
        {("foreign-key t.t_p", "references"): ("p (id)", "q (id)")},
    ),
    "foreign-key-gone": (
        [PARENT, f"{CHILD})"], ["ALTER TABLE t DROP FOREIGN KEY t_p"], {("foreign-key t.t_p", ""): ("there", None)},
    ),
    "check-clause": (
        ["CREATE TABLE t (a INT, CONSTRAINT small CHECK (a < 10))"],
        ["ALTER TABLE t DROP CONSTRAINT small", "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 11)"],
        {("check t.small", "clause"): (ANY, ANY)},
    ),
    "view-definition": (
        VIEW, ["CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE a > 1"],
        {("view v", "definition"): (ANY, ANY)},
    ),
    "view-definer": (
        VIEW, ["ALTER DEFINER = 'ghost'@'%' VIEW v AS SELECT id FROM t"],
        {("view v", "definer"): ("drill@%", "ghost@%")},
    ),
    "view-security": (
        VIEW, ["ALTER SQL SECURITY INVOKER VIEW v AS SELECT id FROM t"],
        {("view v", "security"): ("DEFINER", "INVOKER")},
    ),
    "view-check-option": (
        VIEW, ["ALTER VIEW v AS SELECT id FROM t WITH LOCAL CHECK OPTION"],
        {("view v", "check option"): ("NONE", "LOCAL")},
    ),
    "trigger-body": (
        [TABLE, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1"],
        ["DROP TRIGGER g", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2"],
        {("trigger t.g", "body"): ("SET NEW.a = 1", "SET NEW.a = 2")},
    ),
    "trigger-timing": (
        [TABLE, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1"],
        ["DROP TRIGGER g", "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW SET @a = 1"],
        {("trigger t.g", "when"): ("BEFORE INSERT #1", "AFTER UPDATE #1")},
    ),
    "trigger-sql-mode": (
        [TABLE, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1"],
        ["DROP TRIGGER g", "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
         "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "SET sql_mode = ''"],
        {("trigger t.g", "sql mode"): (None, "NO_BACKSLASH_ESCAPES")},
    ),
    "routine-body": (
        ["CREATE PROCEDURE r() SELECT 1"], ["DROP PROCEDURE r", "CREATE PROCEDURE r() SELECT 2"],
        {("routine r", "body"): ("SELECT 1", "SELECT 2")},
    ),
    "routine-parameters": (
        ["CREATE PROCEDURE r(IN a INT) SELECT 1"], ["DROP PROCEDURE r", "CREATE PROCEDURE r(INOUT b BIGINT) SELECT 1"],
        {("routine r", "parameters"): ("IN a int", "INOUT b bigint")},
    ),
    "routine-returns": (
        ["CREATE FUNCTION r() RETURNS INT RETURN 1"],
        ["DROP FUNCTION r", "CREATE FUNCTION r() RETURNS CHAR(3) RETURN 1"],
        {("routine r", "parameters"): ("int", "char(3)")},
    ),
    "routine-security": (
        ["CREATE PROCEDURE r() SELECT 1"], ["ALTER PROCEDURE r SQL SECURITY INVOKER"],
        {("routine r", "security"): ("DEFINER", "INVOKER")},
    ),
    "routine-kind": (
        ["CREATE PROCEDURE r() SELECT 1"], ["CREATE FUNCTION r() RETURNS INT RETURN 1"],
        {("routine r", ""): (None, "there")},
    ),
    "event-schedule": (
        EVENT,
        ["ALTER EVENT e ON SCHEDULE EVERY 2 HOUR STARTS '2037-01-01 00:00:00'"],
        {("event e", "schedule"): ("RECURRING - 1 DAY", "RECURRING - 2 HOUR"),
         ("event e", "starts"): ("2036-01-01 00:00:00", "2037-01-01 00:00:00")},
    ),
    "event-status": (EVENT, ["ALTER EVENT e DISABLE"], {("event e", "status"): ("ENABLED", "DISABLED")}),
    "event-body": (EVENT, ["ALTER EVENT e DO SET @a = 2"], {("event e", "body"): ("SET @a = 1", "SET @a = 2")}),
    "partition-new": (
        [f"{PARTITIONED})"], ["ALTER TABLE t ADD PARTITION (PARTITION p1 VALUES LESS THAN (20))"],
        {("table t", "partitions"): ("p0 RANGE `id` 10", "p0 RANGE `id` 10; p1 RANGE `id` 20")},
    ),
    "partitions-gone": (
        [f"{PARTITIONED})"], ["ALTER TABLE t REMOVE PARTITIONING"],
        {("table t", "partitions"): ("p0 RANGE `id` 10", None)},
    ),
    "database-collation": (
        [], ["ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin"],
        {("database database", "collation"): ("utf8mb4_unicode_ci", "latin1_bin"),
         ("database database", "character set"): ("utf8mb4", "latin1")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_change_of_an_object_is_seen_and_nothing_else(place: Place, case: str) -> None:
    setup, change, expected = CASES[case]
    place.run(*setup)
    before = place.objects()
    place.run(*change)
    assert differences(before, place.objects()) == expected


def test_objects_of_other_databases_are_not_seen(place: Place, new_place: Callable[..., Place]) -> None:
    other = new_place()
    other.run(*EVERYTHING)
    assert [(item.kind, item.label) for item in place.objects()] == [("database", "database")]


def test_a_foreign_key_into_another_database_names_it(place: Place, new_place: Callable[..., Place]) -> None:
    other = new_place()
    other.run(PARENT)
    place.run(f"CREATE TABLE t (p_id INT, CONSTRAINT t_p FOREIGN KEY (p_id) REFERENCES {other.name}.p (id))")
    assert place.attributes("foreign-key", "t.t_p") == {
        "columns": "p_id",
        "references": "p (id)",
        "database": other.name,
        "on delete": "RESTRICT",
        "on update": "RESTRICT",
    }
    place.run("DROP TABLE t")

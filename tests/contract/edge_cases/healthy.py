"""Options of mysqldump that write a healthy database in another way."""

from harness.faults.edge_case import EdgeCase

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

OPTIONS = (
    EdgeCase("--skip-comments", SOME, ("--skip-comments",), tables=2),
    EdgeCase("--compact", SOME[:6], ("--compact",), tables=2),
    EdgeCase("--skip-extended-insert", SOME, ("--skip-extended-insert",), tables=2),
    EdgeCase("--complete-insert", SOME, ("--complete-insert",), tables=2),
    EdgeCase("--order-by-primary", SOME, ("--order-by-primary",), tables=2),
    EdgeCase("--skip-tz-utc", SOME, ("--skip-tz-utc",), tables=2),
    EdgeCase("--skip-opt", SOME, ("--skip-opt",), tables=2),
    EdgeCase("--insert-ignore", SOME, ("--insert-ignore",), tables=2),
    EdgeCase("--replace", SOME, ("--replace",), tables=2),
    EdgeCase("--single-transaction --no-autocommit", SOME, ("--single-transaction", "--no-autocommit"), tables=2),
    EdgeCase("--skip-quote-names", SOME, ("--skip-quote-names",), tables=2),
    EdgeCase("--default-character-set=utf8mb3", SOME[:2], ("--default-character-set=utf8mb3",), tables=2),
    EdgeCase("--databases", SOME, ("--databases",), tables=2),
    EdgeCase("--databases --add-drop-database", SOME, ("--add-drop-database", "--databases"), tables=2),
    EdgeCase("--all-databases", SOME, ("--all-databases",), tables=2),
    EdgeCase("--all-databases --add-drop-database", SOME, ("--add-drop-database", "--all-databases"), tables=2),
    EdgeCase("--no-data", SOME, ("--no-data",), tables=2),
)

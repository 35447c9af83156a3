"""Options of mysqldump that write a healthy database in another way; harness/faults/odd*.py has unusual databases."""

from __future__ import annotations

from harness.faults.odd_values import EVERY_BYTE
from harness.faults.oddity import Oddity

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

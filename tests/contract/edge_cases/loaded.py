"""What goes wrong with dumps and shows when they are loaded, or after it."""

import re
from dataclasses import dataclass

from harness.base.errors import ProcedureFailed, UnsafeArtifact
from tests.contract.edge_cases.broken import CUT, Change, Damage, swapped, then, with_line, without


@dataclass(frozen=True, slots=True)
class Silent:
    """A way that loads without an error: only comparing shows it.

    Args:
        findings: code and subject of every error that must be found.
    """

    name: str
    change: Change
    findings: tuple[tuple[str, str], ...]
    only: str = ""


UNFIT = "this server cannot load the dump: on line \\d+, "
FAILED = r"loading the dump failed: \w+ exited with status 1, ERROR "

UNLOADABLE = (
    Damage(
        "an unknown collation",
        swapped(b"`name` varchar(40)", b"`name` varchar(40) COLLATE utf8mb4_klingon_ci"),
        UNFIT + r"\w+ [\d.]+ does not support the collation utf8mb4_klingon_ci \(error 1273\)$",
        ProcedureFailed,
    ),
    Damage(
        "an unknown character set",
        swapped(b"`name` varchar(40)", b"`name` varchar(40) CHARACTER SET klingon"),
        UNFIT + r"\w+ [\d.]+ does not support the character set klingon \(error 1115\)$",
        ProcedureFailed,
    ),
    Damage(
        "an unknown engine",
        swapped(b"ENGINE=InnoDB", b"ENGINE=TokuDB"),
        UNFIT + r"\w+ [\d.]+ does not have the engine TokuDB \(error 1286, or it silently uses another engine\)$",
        ProcedureFailed,
    ),
    Damage(
        "a key that is there twice",
        swapped(b"PRIMARY KEY (`id`)", b"PRIMARY KEY (`id`),\n  PRIMARY KEY (`id`)"),
        FAILED + r"1068 \(42000\) at line \d+: Multiple primary key defined$",
        ProcedureFailed,
    ),
    Damage(
        "values for a generated column",
        lambda s: re.sub(rb"INSERT INTO `sums` \([^)]*\) VALUES\s*\(1,2\)", b"INSERT INTO `sums` VALUES (1,2,3)", s),
        UNFIT + r"the rows of sums contain values for generated columns, which MySQL rejects \(error 3105\)$",
        ProcedureFailed,
        only="MySQL",
    ),
    Damage(
        "the same row twice",
        lambda s: re.sub(rb"(INSERT INTO `guests` VALUES\s*)(\(1,[^)]*\))", rb"\1\2,\2", s),
        FAILED + r"(1062 \(23000\) at line \d+: Duplicate entry '…'|1180 \(HY000\) .* during COMMIT)",
        ProcedureFailed,
    ),
    Damage(
        "a table that is not created",
        without(rb"^CREATE TABLE `guests` \(.*?;$"),
        FAILED + r"1146 \(42S02\) at line \d+: Table 'apiary_\w+\.guests' doesn't exist$",
        ProcedureFailed,
    ),
    Damage(
        "a row with a value too many",
        swapped(b"(2,NULL,NULL)", b"(2,NULL,NULL,NULL)"),
        FAILED + r"1136 \(21S01\) at line \d+: Column count doesn't match value count at row \d$",
        ProcedureFailed,
    ),
    Damage(
        "a word that is damaged",
        swapped(b"CREATE TABLE `guests`", b"CREATE TABKE `guests`"),
        r"the dump {name} was rejected: on line \d+, not a statement of a dump tool: CREATE TABKE guests …$",
        UnsafeArtifact,
    ),
    Damage(
        "a quote that is lost",
        swapped(b"'Burdell'", b"'Burdell"),
        CUT + r"ends inside a statement that started on line \d+$",
    ),
    Damage(
        "a view of a table that is not in the dump",
        then(
            without(rb"^CREATE TABLE `guests` \(.*?;$"),
            without(rb"^INSERT INTO `guests` .*?;$"),
            without(rb"^/\*!40000 ALTER TABLE `guests` .*?;$"),
            without(rb"^LOCK TABLES `guests` .*?;$"),
        ),
        FAILED + r"1146 \(42S02\) at line \d+: ",
        ProcedureFailed,
    ),
)

SILENT = (
    Silent(
        "text that is too long for its column",
        swapped(b"'Burdell'", b"'" + b"x" * 50 + b"'"),
        (("content-digest", "guests"),),
    ),
    Silent(
        "a number that is too large for its column",
        swapped(b"424242", b"99999999999"),
        (("content-digest", "numbers"),),
    ),
    Silent("a date that there is not", swapped(b"'2026-08-01'", b"'2026-08-41'"), (("content-digest", "guests"),)),
    Silent(
        "a member that its ENUM does not have",
        swapped(b"enum('bee','wasp')", b"enum('bee','ant')"),
        (("content-digest", "kinds"),),
    ),
    Silent(
        "a row that INSERT IGNORE leaves out",
        lambda s: re.sub(rb"INSERT (INTO `guests` VALUES\s*)(\(1,[^)]*\))", rb"INSERT IGNORE \1\2,\2", s),
        (("row-count", "guests"),),
    ),
    Silent(
        "a trigger that runs before the rows come",
        lambda s: s.replace(
            b"LOCK TABLES `guests` WRITE;",
            b"CREATE TRIGGER early BEFORE INSERT ON `guests` FOR EACH ROW SET NEW.name = 'x';\n"
            b"LOCK TABLES `guests` WRITE;",
        ),
        (("content-digest", "guests"),),  # the trigger itself is the script's, DEFINER or none
    ),
    Silent(
        "rows that are deleted again", with_line(b"DELETE FROM `guests` WHERE `id` = 1;"), (("row-count", "guests"),)
    ),
    Silent(
        "rows that are changed again",
        with_line(b"UPDATE `guests` SET `name` = 'x' WHERE `id` = 1;"),
        (("content-digest", "guests"),),
    ),
    Silent(
        "a table that is dropped again",
        with_line(b"DROP TABLE `kinds`;"),
        (("row-count", "kinds"), ("table-missing", "kinds")),
    ),
    Silent("a view that is dropped again", with_line(b"DROP VIEW `adults`;"), (("view-missing", "adults"),)),
    Silent(
        "a column that comes later",
        with_line(b"ALTER TABLE `kinds` ADD COLUMN more INT;"),
        (("content-digest", "kinds"), ("table-differs", "kinds")),
    ),
)

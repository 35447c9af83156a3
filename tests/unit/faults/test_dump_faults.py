"""Each fault of the dump does what it says: exactly that, in any compression, and the same again for the same seed."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import zstandard

from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.statements import scan
from harness.base.errors import HarnessError
from harness.base.model import Change
from harness.base.settings import Limits
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.injection_points import InjectionPoint
from harness.faults.script_edit import key_of, picked, program_of, row_spans, value_spans
from harness.procedure.backup.manifest import read_manifest
from tests.tables import over_table
from tests.unit.faults.backups import a_backup

SCRIPT = b"""\
-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)

/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;

--
-- Table structure for table `teams`
--

DROP TABLE IF EXISTS `teams`;
CREATE TABLE `teams` (
  `id` int NOT NULL AUTO_INCREMENT,
  `name` varchar(20) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  `lead` int DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `teams_name_index` (`name`),
  KEY `teams_lead_foreign` (`lead`),
  CONSTRAINT `teams_lead_foreign` FOREIGN KEY (`lead`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO `teams` VALUES (1,'it\\'s (one), \xf0\x9f\x90\x9d',NULL),(2,'Two',7);
INSERT INTO `teams` VALUES (3,'Three',NULL);
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`apiary`@`%`*/ /*!50003 TRIGGER `lower` BEFORE INSERT ON `teams` SET @a = 1 */;;
DELIMITER ;

--
-- Temporary view structure for view `sizes`
--

/*!50001 CREATE VIEW `sizes` AS SELECT
 1 AS `id`*/;

--
-- Dumping routines for database 'apiary'
--
DELIMITER ;;
CREATE DEFINER=`apiary`@`%` FUNCTION `twice`(n INT) RETURNS int DETERMINISTIC
RETURN n + n ;;
DELIMITER ;

--
-- Final view structure for view `sizes`
--

/*!50013 DEFINER=`apiary`@`%` SQL SECURITY INVOKER */
/*!50001 VIEW `sizes` AS select 1 AS `id` */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

-- Dump completed on 2026-11-23  1:18:04
"""

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "sql": lambda data: data,
    "sql.gz": gzip.compress,
    "sql.zst": zstandard.compress,
}


def damaged(
    directory: Path,
    name: str,
    /,
    *,
    suffix: str = "sql.zst",
    rng_seed: int = 1,
    script: bytes = SCRIPT,
    **options: object,
) -> tuple[bytes, list[Change]]:
    """The script after a fault, and what the fault says that it did."""
    path = a_backup(directory, **{f"database.{suffix}": COMPRESSIONS[suffix](script)})
    fault = FAULTS[name]
    context = FaultContext(InjectionPoint.ARTIFACT, directory, Limits(), _directory=path)
    with fault.inject(context, Random(f"{rng_seed}:{name}"), fault.options.model_validate(options)):
        pass
    data = (path / f"database.{suffix}").read_bytes()
    assert [file.name for file in path.iterdir() if file.name.startswith(".")] == []
    if name in ("truncate-dump", "flip-dump-byte"):
        return data, context.changes
    return b"".join(open_script(path / f"database.{suffix}")), context.changes


OPTIONS = {"drop-table": {"name": "teams"}, "unsafe-statement": {"statement": "global-variable"}}


@over_table("suffix", COMPRESSIONS)
@pytest.mark.parametrize(
    ("name", "change", "before", "after"),
    [
        (
            "drop-table",
            "table | teams | section on line 7 removed",
            SCRIPT[SCRIPT.index(b"-- Table structure") : SCRIPT.index(b"-- Temporary view")],
            b"",
        ),
        (
            "drop-trigger",
            "trigger | lower | statement on line 24 removed",
            next(line for line in SCRIPT.splitlines() if b"TRIGGER `lower`" in line),
            b"",
        ),
        (
            "drop-index",
            "definition | teams.teams_name_index | index removed, table of line 11",
            b"  KEY `teams_name_index` (`name`),\n",
            b"",
        ),
        (
            "drop-foreign-key",
            "definition | teams.teams_lead_foreign | foreign key removed, table of line 11",
            b",\n  CONSTRAINT `teams_lead_foreign` FOREIGN KEY (`lead`) REFERENCES `users` (`id`)",
            b"",
        ),
        (
            "drop-auto-increment",
            "definition | teams.id | AUTO_INCREMENT removed, table of line 11",
            b"NOT NULL AUTO_INCREMENT",
            b"NOT NULL",
        ),
        (
            "drop-default",
            "definition | teams.name | DEFAULT removed, table of line 11",
            b"NOT NULL DEFAULT ''",
            b"NOT NULL",
        ),
        (
            "change-charset",
            "definition | teams.name | character set is latin1, table of line 11",
            b" COLLATE utf8mb4_unicode_ci",
            b" CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        ),
        (
            "unknown-collation",
            "definition | teams.name | collation is utf8mb4_klingon_ci, table of line 11",
            b" COLLATE utf8mb4_unicode_ci",
            b" COLLATE utf8mb4_klingon_ci",
        ),
        ("wrong-charset-line", "statement | line 3 | SET NAMES says latin1", b"SET NAMES utf8mb4", b"SET NAMES latin1"),
        (
            "wrong-time-zone-line",
            "statement | line 4 | TIME_ZONE says +05:00",
            b"SET TIME_ZONE='+00:00'",
            b"SET TIME_ZONE='+05:00'",
        ),
        (
            "unknown-definer",
            "statement | line 24 | DEFINER is nobody@localhost",
            b"/*!50003 CREATE*/ /*!50017 DEFINER=`apiary`@`%`*/",
            b"/*!50003 CREATE*/ /*!50017 DEFINER=`nobody`@`localhost`*/",
        ),
        (
            "lose-emoji",
            "byte | database.SUFFIX | 1 characters of four bytes became question marks",
            "\N{HONEYBEE}".encode(),
            b"?",
        ),
        (
            "wrong-database",
            "statement | line 7 | CREATE DATABASE and USE of the database `wordpress` put in",
            b"--\n-- Table structure for table `teams`",
            b"--\n\nCREATE DATABASE IF NOT EXISTS `wordpress`;\nUSE `wordpress`;\n-- Table structure for table `teams`",
        ),
        (
            "unsafe-statement",
            "statement | line 7 | statement inserted: global-variable",
            b"--\n-- Table structure for table `teams`",
            b"--\n\nSET GLOBAL general_log = ON;\n-- Table structure for table `teams`",
        ),
        (
            "sandbox-line",
            "statement | line 1 | MariaDB's sandbox line inserted",
            b"-- MySQL dump",
            b"/*M!999999\\- enable the sandbox mode */ \n-- MySQL dump",
        ),
        (
            "gtid-line",
            "statement | line 1 | GTID_PURGED inserted",
            b"-- MySQL dump",
            b"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';\n-- MySQL dump",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "|" not in value else "",
)
def test_one_place_is_changed_and_nothing_else(
    tmp_path: Path, suffix: str, name: str, change: str, before: bytes, after: bytes
) -> None:
    script, changes = damaged(tmp_path, name, suffix=suffix, **OPTIONS.get(name, {}))
    assert changes == [Change(*change.replace("SUFFIX", suffix).split(" | "))]
    assert SCRIPT.count(before) >= 1
    # What is left out leaves its line behind.
    assert script.replace(b"\n\n", b"\n") == SCRIPT.replace(before, after, 1).replace(b"\n\n", b"\n")


def test_a_view_goes_with_its_placeholder(tmp_path: Path) -> None:
    script, changes = damaged(tmp_path, "drop-view")
    assert {change.subject for change in changes} == {"sizes"}
    assert [change.detail for change in changes] == ["section on line 28 removed", "section on line 43 removed"]
    assert b"sizes" not in script
    for kept in (b"TRIGGER `lower`", b"FUNCTION `twice`", b"SET TIME_ZONE=@OLD", b"-- Dump completed"):
        assert kept in script


@over_table("rng_seed", range(6))
def test_one_row_is_left_out(tmp_path: Path, rng_seed: int) -> None:
    """Whichever row it is, the others stay, and the script stays one."""
    script, (change,) = damaged(tmp_path, "drop-row", rng_seed=rng_seed)
    lines = {
        "key 1 removed, line 21": b"\nINSERT INTO `teams` VALUES (2,'Two',7);\nINSERT INTO `teams` VALUES (3,",
        "key 2 removed, line 21": "one), \N{HONEYBEE}',NULL);\nINSERT INTO `teams` VALUES (3,".encode(),
        "key 3 removed, line 22": b",(2,'Two',7);\n\nDELIMITER ;;",
    }
    assert (change.kind, change.subject) == ("row", "teams")
    assert lines[change.detail] in script


def test_one_letter_is_changed(tmp_path: Path) -> None:
    found = set()
    for rng_seed in range(12):
        script, (change,) = damaged(tmp_path / str(rng_seed), "alter-row", rng_seed=rng_seed)
        assert (change.kind, change.subject, len(script)) == ("cell", "teams.name", len(SCRIPT))
        differing = [(a, b) for a, b in zip(SCRIPT, script, strict=True) if a != b]
        found.add((change.detail.split(":")[0], bytes(differing[0])))
        assert len(differing) == 1
    assert found == {("key 1", b"ij"), ("key 2", b"TU"), ("key 3", b"TU")}


def test_an_insert_is_left_out(tmp_path: Path) -> None:
    found = {damaged(tmp_path / str(seed), "drop-insert", rng_seed=seed)[1][0].detail for seed in range(6)}
    assert found == {"INSERT on line 21 removed", "INSERT on line 22 removed"}
    script, _ = damaged(tmp_path / "again", "drop-insert", rng_seed=1)
    assert script.count(b"INSERT INTO") == 1


def test_an_insert_of_many_pieces_is_left_out_as_a_whole(tmp_path: Path) -> None:
    rows = b",".join(b"(%d,'%b')" % (number, b"x" * 1000) for number in range(700))
    script = b"-- before\nINSERT INTO `t` VALUES " + rows + b";\n-- after\n"
    shorter, (change,) = damaged(tmp_path, "drop-insert", script=script)
    assert (shorter.split(), change) == (
        [b"--", b"before", b"--", b"after"],
        Change("statement", "t", "INSERT on line 2 removed"),
    )
    without, (change,) = damaged(tmp_path / "row", "drop-row", script=script)
    number = int(change.detail.split()[1])
    assert without == script.replace(b"(%d,'%b')," % (number, b"x" * 1000), b"")


def test_the_same_seed_does_the_same_again(tmp_path: Path) -> None:
    first, second = (damaged(tmp_path / name, "alter-row", rng_seed=5) for name in ("a", "b"))
    assert first == second


def test_a_truncated_file_is_the_beginning_of_it(tmp_path: Path) -> None:
    whole = COMPRESSIONS["sql.gz"](SCRIPT)
    data, changes = damaged(tmp_path, "truncate-dump", suffix="sql", keep=0.5)
    assert data == SCRIPT[: len(SCRIPT) // 2]
    assert changes == [Change("byte", "database.sql", f"cut from {len(SCRIPT)} to {len(SCRIPT) // 2} bytes")]
    assert len(damaged(tmp_path / "gz", "truncate-dump", suffix="sql.gz", keep=0.5)[0]) == len(whole) // 2


@over_table("suffix", COMPRESSIONS)
def test_a_script_that_is_truncated_inside_unpacks_well(tmp_path: Path, suffix: str) -> None:
    script, changes = damaged(tmp_path, "truncate-inside", suffix=suffix, keep=0.25)
    kept = len(SCRIPT) // 4
    assert script == SCRIPT[:kept]
    assert changes[0].detail == f"the script in it cut from {len(SCRIPT)} to {kept} bytes"


def test_one_bit_flips(tmp_path: Path) -> None:
    data, (change,) = damaged(tmp_path, "flip-dump-byte", suffix="sql")
    (offset,) = (at for at, (a, b) in enumerate(zip(SCRIPT, data, strict=True)) if a != b)
    mask = SCRIPT[offset] ^ data[offset]
    assert mask.bit_count() == 1
    assert offset >= len(SCRIPT) // 2
    assert change == Change("byte", "database.sql", f"offset {offset}, bits {mask:#04x} flipped")


def test_an_insert_becomes_too_long(tmp_path: Path) -> None:
    script, (change,) = damaged(tmp_path, "oversized-statement", size_bytes=3 << 20)
    assert change.detail == "an INSERT 3145728 bytes longer"
    assert len(script) == len(SCRIPT) + (3 << 20)
    assert script.replace(b" " * (3 << 20), b"") == SCRIPT
    script, (change,) = damaged(tmp_path / "odd", "oversized-statement", size_bytes=(1 << 20) + 7)
    assert (len(script), change.detail) == (len(SCRIPT) + (1 << 20) + 7, "an INSERT 1048583 bytes longer")


def test_a_header_alone_is_left(tmp_path: Path) -> None:
    """What stands before the first table and after the last view stays, with the routines between them."""
    script, (change,) = damaged(tmp_path, "header-only")
    begin, end = SCRIPT.index(b"\n--\n-- Table structure"), SCRIPT.index(b"\n--\n-- Dumping routines")
    assert script.startswith(SCRIPT[:begin])
    assert b"FUNCTION `twice`" in script
    assert script.endswith(b"-- Dump completed on 2026-11-23  1:18:04\n")
    assert not re.search(rb"TABLE|INSERT|VIEW", script)
    assert len(script) < len(SCRIPT) - (end - begin) + 20
    assert change.detail == "3 sections of tables and views removed: all of them"
    with pytest.raises(HarnessError, match="nowhere in a comment"):
        damaged(tmp_path / "bare", "header-only", script=b"CREATE TABLE `t` (\n  `id` int\n);\n")


def test_the_manifest_is_another_backup_s(tmp_path: Path) -> None:
    """Every size, every digest and the nonce are others; the files stay."""
    before = read_manifest(a_backup(tmp_path / "as it was", **{"database.sql": SCRIPT}))
    script, (change,) = damaged(tmp_path, "manifest-of-another", suffix="sql")
    after = read_manifest(tmp_path / "backup")
    assert (script, change.subject) == (SCRIPT, "manifest.json")
    assert after.nonce != before.nonce
    for was, now in zip(before.artifacts, after.artifacts, strict=True):
        assert (was.name, was.role) == (now.name, now.role)
        assert was.sha256 != now.sha256
        assert was.size_bytes < now.size_bytes


@over_table(
    "name, options, message",
    [
        ("drop-row", {"table": "users"}, "the dump has no rows of users"),
        ("drop-insert", {"table": "users"}, "the dump has no rows of users"),
        ("alter-row", {"column": "lead"}, "the dump has no such text"),
        ("drop-table", {"name": "users"}, "the dump contains no such table"),
        ("drop-view", {"name": "users"}, "the dump contains no such view"),
        ("drop-trigger", {"name": "users"}, "the dump contains no such trigger"),
        ("drop-index", {"name": "teams_lead_foreign"}, "no table of the dump has such a part (index removed)"),
    ],
)
def test_what_is_not_there_is_reported(tmp_path: Path, name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        damaged(tmp_path, name, **options)
    assert caught.value.fact == message


@over_table("name", ["lose-emoji", "wrong-charset-line", "wrong-time-zone-line", "unknown-definer"])
def test_nothing_to_change_is_no_change(tmp_path: Path, name: str) -> None:
    script = b"CREATE TABLE `teams` (\n  `id` int\n) ;\n-- Dump completed\n"
    assert damaged(tmp_path, name, script=script) == (script, [])


def test_the_artifact_faults_of_the_family_are_all_here() -> None:
    """Those that need a source are drilled; every other one has a test above."""
    source = Path(__file__).read_text(encoding="utf-8")
    for name, fault in FAULTS.items():
        if fault.family == "dump" and fault.injection_point is InjectionPoint.ARTIFACT:
            assert f'"{name}"' in source, name


def test_rows_are_cut_at_their_own_parentheses() -> None:
    (piece,) = scan([b"INSERT INTO `t` VALUES (1,'a),(b','c\\'),(d'),(2,ST_X((3)),NULL);"])
    rows = [piece.data[start:end] for start, end in row_spans(piece)]
    assert rows == [b"(1,'a),(b','c\\'),(d')", b"(2,ST_X((3)),NULL)"]
    assert [[row[a:b] for a, b in value_spans(row)] for row in rows] == [
        [b"1", b"'a),(b'", b"'c\\'),(d'"],
        [b"2", b"ST_X((3))", b"NULL"],
    ]
    assert [key_of(row) for row in (rows[0], b"('somebody',2)")] == ["key 1", "a row whose key is not a number"]
    assert program_of(piece) is None


def test_each_candidate_is_as_likely() -> None:
    counts = [0, 0, 0]
    for seed in range(3000):
        chosen = picked(iter(range(3)), Random(seed))
        assert chosen is not None
        counts[chosen] += 1
    assert min(counts) > 900
    assert picked(iter(()), Random(1)) is None

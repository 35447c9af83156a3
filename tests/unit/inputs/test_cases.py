"""Each case of tests/data/cases, rebuilt from public reports, has its right answer in `inspect` and in `verify`."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.model import DumpInfo, ScriptFinding
from harness.artifacts.dump.source import Dump, ScriptSource
from harness.artifacts.dump.tab import TabDirectory
from harness.base.errors import HarnessError
from harness.cli.inspection import inspection
from harness.inputs.discover import find_backup
from harness.inputs.dumps import named_dump
from harness.procedure.restore.script import Script, read_script
from tests.tables import over_table

Examined = Callable[[ScriptSource], tuple[DumpInfo, tuple[ScriptFinding, ...]]]
CASES = Path(__file__).parents[2] / "data" / "cases"
REAL = Path(__file__).parents[2] / "data" / "real-apiary" / "apiary.sql.gz"


@dataclass(frozen=True)
class Answer:
    """What is reported of a case.

    Args:
        path: below tests/data/cases; a directory that holds `storage` too is a BACKUP.
        refused: the first line, with `{name}` for the file's name and `{path}` for all of it; empty if it may run.
        exit_code: of the refusal.
        database: that is asked for.
        left_out: codes of what the harness leaves out of the load.
        warnings: codes of findings.
    """

    path: str
    refused: str = ""
    exit_code: int = 0
    database: str | None = None
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


MIXED = "the dump {{name}} is not usable: line {} is not SQL: the output of another program is mixed in (`{}`)"
PERCONA = ("dynamic-sql",)

ANSWERS = (
    Answer("age/d.sql.age", "{path} is encrypted (age)", 2),
    Answer("appended/d.sql", warnings=("several-dumps",)),
    Answer("create-database-no-use/d.sql", left_out=("database",)),
    Answer("definer-stripped/d.sql"),
    Answer("definition-spaces/d.sql"),
    Answer("flush-privileges/d.sql", "{path}: contains 2 databases: apiary, mysql", 2),
    Answer("flush-privileges/d.sql", database="apiary", left_out=("database",)),
    Answer("keys-by-alter/d.sql", warnings=("drop-table-missing",)),
    Answer("latest-link/b"),
    Answer("lz4/d.sql.lz4", "{path} is compressed with lz4", 2),
    Answer("mydumper-dir/d", "{path} is a dump of mydumper, not a script of mysqldump", 2),
    Answer(
        "mysqlsh-dir/d",
        "{path} is a dump of MySQL Shell (util.dumpInstance and the like), not a script of mysqldump",
        2,
    ),
    Answer("names-utf8mb3/d.sql", warnings=("lossy-charset",)),
    Answer("nested/b"),
    Answer("only-a-message/d.sql", MIXED.format(1, "bash: line 1: mysqldump: command not found"), 1),
    Answer("openssl/d.sql.enc", "{path} is encrypted with openssl", 2),
    Answer("prepare-in-header/d.sql", left_out=PERCONA, warnings=PERCONA),
    Answer(
        "qualified-names/d.sql",
        "the dump {name} is bound to the database forge: from line 5 on, its names are prefixed with it, as "
        "mysqlpump writes them",
        2,
    ),
    Answer("sidecar/b"),
    Answer("source-data/d.sql", left_out=("replication",), warnings=("replication",)),
    Answer(
        "text-first-apostrophe/d.sql",
        MIXED.format(1, "Warning: the keeper's config is world-writable and is ignore…"),
        1,
    ),
    Answer("text-first-plain/d.sql", MIXED.format(1, "Welcome to db1. Authorised use only."), 1),
    Answer(
        "text-middle-couldnt/d.sql",
        MIXED.format(22, "mysqldump: Couldn't execute 'SHOW FIELDS FROM `hive_names`':…"),
        1,
    ),
    Answer("use-before-header/d.sql", left_out=("database",)),
    Answer("zlib/d.sql.z", "{path} is bare zlib data (pigz -z, a PHP gzcompress)", 2),
)
ELSEWHERE = {"no-app-key", "storage-link", "tar-verbose-mixed"}
"""Cases that are about other things than the script: the key, the archive of files."""


def located(path: Path) -> Dump:
    """The script of a case, as `verify BACKUP` and `--dump` find it."""
    return find_backup(path).dump if path.name == "b" else named_dump([path])


def verified(dump: Dump, database: str | None) -> Script:
    """What `verify` does before any server starts, and what it would hand to the client."""
    script = read_script(dump, database)
    assert b"".join(script.chunks())
    return script


def test_every_case_has_its_right_answer() -> None:
    for answer in ANSWERS:
        path = CASES / answer.path
        expected = answer.refused.format(name=path.name, path=path)
        if expected:
            with pytest.raises(HarnessError) as refused:
                verified(located(path), answer.database)
            assert (refused.value.fact, refused.value.exit_code) == (expected, answer.exit_code), answer.path
            assert refused.value.hints, answer.path
            assert not any("allow" in hint for hint in refused.value.hints), answer.path
            continue
        script = verified(located(path), answer.database)
        assert [table.name for table in script.database.tables] == ["hives"], answer.path
        assert {dropped.code for dropped in script.report.dropped} == set(answer.left_out), answer.path
        assert {finding.code for finding in script.findings} - {"gtid-purged"} == set(answer.warnings), answer.path


def test_no_case_is_forgotten() -> None:
    known = {answer.path.split("/")[0] for answer in ANSWERS} | ELSEWHERE
    assert known == {path.name for path in CASES.iterdir() if path.is_dir()}


def inspected(dump: Dump, database: str | None, examined: Examined = examine) -> tuple[str, int]:
    """The first refusal of `inspect`, and its exit code."""
    try:
        found = inspection(*examined(dump), name=dump.name, database=database)
    except HarnessError as error:
        return error.fact, error.exit_code
    return (found.refused[0] if found.refused else "", found.exit_code)


def read(dump: Dump, database: str | None) -> tuple[str, int]:
    """The same of what `verify` reads."""
    try:
        read_script(dump, database)
    except HarnessError as error:
        return error.fact, error.exit_code
    return "", 0


def test_inspect_and_verify_say_the_same_of_every_script_in_the_tests() -> None:
    """Sentence and exit code, with and without a database's name; of BACKUPs, a zip and a directory of --tab too.

    What each tool wrote of the real Apiary is read in tests/unit/dump/test_dump_versions.py.
    """
    data = Path(__file__).parents[2]
    scripts = [
        path
        for folder in ("unit/dump/data", "unit/inputs/data", "data")
        for path in sorted((data / folder).rglob("*.sql*"))
        if path.is_file() and path.parent.name != "tools"
    ]
    assert len(scripts) > 60
    composed = [
        found.dump for found in map(find_backup, (*CASES.glob("*/b"), data / "unit/inputs/data/spatie/plain.zip"))
    ]
    for dump in (*scripts, *composed, TabDirectory(data / "unit/inputs/data/tab-mysql-9.7")):
        once = lru_cache(maxsize=1)(examine)
        for database in (None, "apiary", "nobody"):
            assert inspected(dump, database, once) == read(dump, database), (dump, database)


Change = Callable[[bytes], bytes]
PROBE = (
    b"/*!50717 SELECT COUNT(*) INTO @rocksdb_has_p_s_session_variables FROM INFORMATION_SCHEMA.TABLES WHERE"
    b" TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = 'session_variables' */;\n"
    b"/*!50717 SET @rocksdb_get_is_supported = IF (@rocksdb_has_p_s_session_variables, 'SELECT 1', 'SELECT 0') */;\n"
    b"/*!50717 PREPARE s FROM @rocksdb_get_is_supported */;\n/*!50717 EXECUTE s */;\n"
    b"/*!50717 DEALLOCATE PREPARE s */;\n"
)


BINLOG = b"CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='b.7', SOURCE_LOG_POS=157;\n"
OLDER = BINLOG.replace(b"REPLICATION SOURCE", b"MASTER").replace(b"SOURCE_", b"MASTER_")
CHOICE = b"CREATE DATABASE IF NOT EXISTS `apiary`;\nUSE `apiary`;\n"


def before_tables(text: bytes) -> Change:
    return lambda script: script.replace(b"\n--\n-- Table structure", b"\n" + text + b"--\n-- Table structure", 1)


HEALTHY: tuple[tuple[str, Change, set[str]], ...] = (
    ("as it is", lambda script: script, set()),
    ("USE before the header", lambda script: CHOICE + script, {"database"}),
    ("--source-data", before_tables(BINLOG), {"replication"}),
    ("--master-data", before_tables(OLDER), {"replication"}),
    ("Percona Server", before_tables(PROBE), {"dynamic-sql"}),
    ("two nights in one file", lambda script: script + script, set()),
    ("CREATE DATABASE without USE", lambda script: b"CREATE DATABASE `apiary`;\n" + script, {"database"}),
)  # fmt: skip


def test_the_backup_of_the_real_apiary_may_run_whatever_wrote_it(tmp_path: Path) -> None:
    """And one row less is seen: what the script says is what is compared."""
    whole = gzip.decompress(REAL.read_bytes())
    plain = read_script(REAL, None)
    for name, change, left_out in HEALTHY:
        path = tmp_path / "apiary.sql"
        path.write_bytes(change(whole))
        script = verified(path, None)
        assert script.content.tables == plain.content.tables, name
        assert script.content.objects == plain.content.objects, name
        assert {found.code for found in script.report.dropped} - {"gtid-purged", "sql-log-bin"} == left_out, name
        assert inspected(path, None) == ("", 0), name
    members = tmp_path / "members.sql.gz"
    members.write_bytes(gzip.compress(whole) + gzip.compress(whole))
    script = read_script(members, None)
    assert script.content.tables == plain.content.tables
    assert "several-dumps" in {finding.code for finding in script.findings}


@over_table("night", [b"MARK", b""])
def test_the_last_of_two_dumps_is_what_counts(tmp_path: Path, night: bytes) -> None:
    """A row that came between the two nights, or went."""
    dump = (CASES / "use-before-header" / "d.sql").read_bytes().split(b"\n", 2)[2]
    other = dump.replace(b"(1,'north'),", b"" if not night else b"(1,'north'),(9,'nine'),").replace(
        b"-22  2:", b"-23  2:"
    )
    path = tmp_path / "both.sql"
    path.write_bytes(dump + other)
    script = read_script(path, None)
    (hives,) = script.database.tables
    assert hives.rows == (4 if night else 2)
    (found,) = [finding for finding in script.findings if finding.code == "several-dumps"]
    assert "finished: 2026-11-22 02:00:03, 2026-11-23 02:00:03" in found.message


def test_the_halves_of_a_pair_in_the_wrong_order_are_reported() -> None:
    """The structure drops the tables, and every row with them."""
    halves = [
        Path(__file__).parents[1] / "dump/data/mysql-9.7" / name for name in ("no-create-info.sql", "no-data.sql")
    ]
    dump = named_dump(halves)
    message = f"the dump {dump.name} has its rows before its structure, which drops the tables that they are in"
    assert inspected(dump, None) == read(dump, None) == (message, 2)
    assert read(named_dump(halves[::-1]), None)[0] != message

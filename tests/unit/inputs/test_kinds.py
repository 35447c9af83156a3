"""Each case of tests/data/cases stands for a kind: two more inputs of each, and other files that people hand in."""

import base64
import gzip
import re
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine
from harness.artifacts.storage.inventory import read_inventory
from harness.base.errors import HarnessError
from harness.cli.inspection import inspection
from harness.procedure.restore.storage import check_storage
from tests.tables import over_table
from tests.unit.inputs.test_cases import BINLOG, CASES, CHOICE, ELSEWHERE, PROBE, Change, located, verified
from tests.unit.storage.tars import file, soft, tar_of

PLAIN = (CASES / "use-before-header" / "d.sql").read_bytes().split(b"\n", 2)[2]
"""A healthy dump of the table of all cases."""
WITH_OBJECTS = (CASES / "definer-stripped" / "d.sql").read_bytes()
TABLE = re.compile(rb"DROP TABLE IF EXISTS `hives`;.*?UNLOCK TABLES;\n", re.DOTALL)
MIXED = r"line {} is not SQL: the output of another program is mixed in"
NO_DROP = ("drop-table-missing",)
ENCRYPTED, PACKED = (
    r"is encrypted with openssl|is encrypted \(age\)|is base64",
    "is compressed with lz4|is bare zlib data",
)


@dataclass(frozen=True)
class Input:
    """One more input of a kind.

    Args:
        kind: directory of tests/data/cases.
        made: the file's content, or what makes a directory of it.
        refused: in the first line; empty if it may run.
        exit_code: of the refusal.
        warnings: codes of findings, and of what is left out of the load.
        database: that is asked for.
    """

    kind: str
    made: bytes | Callable[[Path], object]
    refused: str = ""
    exit_code: int = 0
    warnings: tuple[str, ...] = ()
    database: str | None = None


def swapped(old: bytes, new: bytes, script: bytes = PLAIN) -> bytes:
    assert old in script, old
    return script.replace(old, new)


def before_tables(text: bytes) -> bytes:
    return swapped(b"\nDROP TABLE", b"\n" + text + b"DROP TABLE")


def tree(**files: bytes) -> Callable[[Path], None]:
    """A directory of these files, `__` for a slash and `_` for a dot; a link to another where they begin with `->`."""

    def make(place: Path) -> None:
        for name, content in files.items():
            path = place / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith(b"->"):
                path.symlink_to(content[2:].decode())
            else:
                path.write_bytes(content)

    return make


RESUME = {"files__resumes__x_pdf": b"%PDF-1.4\n"}
MD5 = b"0" * 32
PUMPED = (CASES / "qualified-names" / "d.sql").read_bytes()
SEVERAL_PUMPED = (Path(__file__).parent / "data" / "mysqlpump-8.0.33-two-databases.sql").read_bytes()
"""`mysqlpump --set-gtid-purged=OFF --databases apiary other`, of what tests/unit/dump/data/source.sql makes."""
ALTERED = (CASES / "keys-by-alter" / "d.sql").read_bytes()
OTHER = TABLE.search(PLAIN).group().replace(b"hives", b"func")  # type: ignore[union-attr]
SEVERAL = swapped(b"\nDROP TABLE", b"\nCREATE DATABASE `apiary`;\nUSE `apiary`;\nDROP TABLE").replace(
    b"\n/*!40101 SET SQL_MODE=@OLD",
    b"\nCREATE DATABASE `mysql`;\nUSE `mysql`;\n" + OTHER + b"\n/*!40101 SET SQL_MODE=@OLD",
)

INPUTS = (
    Input("age", b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", ENCRYPTED, 2),
    Input("age", gzip.compress(b"age-encryption.org/v1\n-> scrypt x 18\n" + bytes(range(256))), ENCRYPTED, 2),
    Input("openssl", base64.encodebytes(b"Salted__" + bytes(range(200))), ENCRYPTED, 2),
    Input("openssl", gzip.compress(b"Salted__" + bytes(range(200))), ENCRYPTED, 2),
    Input("lz4", b"\x02\x21\x4c\x18" + bytes(range(99)), PACKED, 2),
    Input("lz4", gzip.compress(b"\x04\x22\x4d\x18" + bytes(range(99))), PACKED, 2),
    Input("zlib", zlib.compress(PLAIN, 1), PACKED, 2),
    Input("zlib", zlib.compress(PLAIN, 9), PACKED, 2),
    Input("appended", gzip.compress(PLAIN) + gzip.compress(PLAIN), warnings=("several-dumps",)),
    Input("appended", PLAIN * 3, warnings=("several-dumps",)),
    Input("appended", (b"CREATE DATABASE `apiary`;\n" + PLAIN) * 2, warnings=("database", "several-dumps")),
    Input("appended", PLAIN + PLAIN.replace(b"hives", b"bees"), warnings=()),  # one dump for each table
    Input(
        "appended",
        PLAIN + PLAIN.replace(b"Database: apiary", b"Database: forge"),
        "no USE separates their statements",
        1,
    ),
    Input("create-database-no-use", before_tables(b"CREATE DATABASE `apiary`;\n"), warnings=("database",)),
    Input(
        "create-database-no-use",
        b"CREATE SCHEMA IF NOT EXISTS apiary DEFAULT CHARACTER SET utf8mb4;\n" + PLAIN,
        warnings=("database",),
    ),
    Input("definer-stripped", swapped(b" /*!50017 */", b"", WITH_OBJECTS)),
    Input("definer-stripped", swapped(b"/*!50013 */", b"/*!50013 SQL SECURITY INVOKER */", WITH_OBJECTS)),
    Input("definition-spaces", swapped(b"\n  ", b" \t")),
    Input("definition-spaces", swapped(b") ENGINE", b"\n)\n\nENGINE")),
    Input("definition-spaces", swapped(b"\nDELIMITER", b"\n\nDELIMITER", WITH_OBJECTS)),
    Input(
        "definition-spaces",
        swapped(b"\nDELIMITER", b"\n \nDELIMITER", WITH_OBJECTS),
        warnings=("blanks", "unread-delimiter"),
    ),
    Input("definition-spaces", WITH_OBJECTS.replace(b"\n", b"\r\n"), warnings=("blanks",)),
    Input(
        "definition-spaces",
        swapped(b"\nDELIMITER", b"\n\nDELIMITER", WITH_OBJECTS).replace(b"\n", b"\r\n"),
        warnings=("blanks", "unread-delimiter"),
    ),
    Input("flush-privileges", SEVERAL, "contains 2 databases: apiary, mysql", 2),
    Input(
        "flush-privileges",
        swapped(b"`mysql`;\nDROP", b"`mysql`;\nFLUSH TABLES;\nDROP", SEVERAL),
        "contains 2 databases",
        2,
    ),
    Input("flush-privileges", SEVERAL, warnings=("database",), database="apiary"),
    Input(
        "keys-by-alter",
        swapped(b"CREATE TABLE `hives`", b"DROP TABLE IF EXISTS `hives`;\nCREATE TABLE `hives`", ALTERED),
        warnings=NO_DROP,
    ),
    Input("keys-by-alter", swapped(b"DROP TABLE IF EXISTS `hive_names`;\n", b"", ALTERED), warnings=NO_DROP),
    Input("latest-link", tree(**RESUME, a1_sql=PLAIN, latest_sql=b"->a1.sql")),
    Input("latest-link", tree(**RESUME, a1_sql=PLAIN, z=b"->files", gone_sql=b"->nowhere.sql")),
    Input(
        "mydumper-dir",
        tree(metadata=b"", **{"apiary_hives-schema_sql_zst": b"", "apiary_hives_00000_sql_zst": b""}),
        "mydumper",
        2,
    ),
    Input("mydumper-dir", b"\n-- metadata.header 9\n# config\n", r"is a stream of mydumper \(--stream\)", 2),
    Input("mysqlsh-dir", tree(**{"@_done_json": b"{}", "apiary@hives@@0_tsv_zst": b""}), "MySQL Shell", 2),
    Input("mysqlsh-dir", tree(**{"@_json": b"{}", "apiary@hives@0_tsv_gz": b""}), "MySQL Shell", 2),
    Input("names-utf8mb3", swapped(b"NAMES utf8mb4", b"NAMES utf8"), warnings=("lossy-charset",)),
    Input("names-utf8mb3", swapped(b"NAMES utf8mb4", b"NAMES latin1"), warnings=("lossy-charset",)),
    Input("nested", tree(**RESUME, **{"db-dumps__mysql__apiary_sql": PLAIN, "html__artisan": b""})),
    Input("nested", tree(**RESUME, sql__apiary_sql_gz=gzip.compress(PLAIN))),
    Input("nested", tree(**RESUME, mon__a_sql=PLAIN, tue__a_sql=PLAIN), "2 folders hold a script", 2),
    Input(
        "only-a-message", b'mysqldump: Got error: 2002: "Can\'t connect" when trying to connect\n', MIXED.format(1), 1
    ),
    Input("only-a-message", b"Error: No such container: mysql\n", MIXED.format(1), 1),
    Input("prepare-in-header", before_tables(PROBE), warnings=("dynamic-sql",)),
    Input("prepare-in-header", before_tables(PROBE.replace(b"50717", b"80000")), warnings=("dynamic-sql",)),
    Input("qualified-names", PUMPED.replace(b"forge", b"hive"), "is bound to the database hive", 2),
    Input(
        "qualified-names",
        re.sub(
            rb"(INTO|EXISTS|TABLES?) `hives`",
            rb"\1 `forge`.`hives`",
            PLAIN.replace(b"Database: apiary", b"Database: forge"),
        ),
        "is bound to the database forge",
        2,
    ),
    Input("qualified-names", SEVERAL_PUMPED, "contains 2 databases, and every name is prefixed with its own", 2),
    Input("qualified-names", SEVERAL_PUMPED, "contains 2 databases, and every name", 2, database="apiary"),
    Input("sidecar", tree(**RESUME, a_sql=PLAIN, a_sql_md5=MD5), "does not match a.sql.md5", 1),
    Input("sidecar", tree(**RESUME, a_sql=PLAIN, a_sql_asc=b"-----BEGIN PGP SIGNATURE-----\n", b_sql_part=b"CRE")),
    Input("source-data", before_tables(BINLOG.replace(b"CHANGE", b"-- CHANGE")), warnings=()),
    Input(
        "source-data",
        before_tables(b"CHANGE MASTER '' TO MASTER_LOG_FILE='b.7', MASTER_LOG_POS=4;\n"),
        warnings=("replication",),
    ),
    Input("source-data", before_tables(b"STOP REPLICA;\n" + BINLOG), warnings=("replication",)),
    Input("text-first-apostrophe", b"ssh: Couldn't agree a key exchange algorithm\n" + PLAIN, MIXED.format(1), 1),
    Input(
        "text-first-apostrophe",
        b'Defaulted container "mysql" out of: mysql, wait-for-it\'s\n' + PLAIN,
        MIXED.format(1),
        1,
    ),
    Input("text-first-plain", b"mysqldump: [Warning] Using a password can be insecure.\n" + PLAIN, MIXED.format(1), 1),
    Input("text-first-plain", b"[sudo] password for backup: " + PLAIN, "line 1 is not SQL", 1),
    Input(
        "text-middle-couldnt",
        swapped(b"UNLOCK", b"mysqldump: Error 2013: Lost connection\nUNLOCK"),
        MIXED.format(21),
        1,
    ),
    Input("text-middle-couldnt", swapped(b"UNLOCK", b"<<<<<<< HEAD\nUNLOCK"), MIXED.format(21), 1),
    Input(
        "text-middle-couldnt", swapped(b"UNLOCK", b"<!-- PMA-SQL-ERROR -->\nUNLOCK"), "phpMyAdmin met an error there", 1
    ),
    Input("use-before-header", b"-- mine\n" + CHOICE + b"SET autocommit=0;\n" + PLAIN, warnings=("database",)),
    Input("use-before-header", b"USE apiary;\n\n" + PLAIN, warnings=("database",)),
)
FIFO, CHARACTERS = tarfile.FIFOTYPE, tarfile.CHRTYPE
PDF = b"%PDF-1.4\n%%EOF\n"
NAMES = b"./resumes/\n./resumes/x.pdf\n"
STORAGE = tar_of(file("resumes/x.pdf", PDF))
INSERTED = r"Messages \(2>&1\) or a terminal's line ends"
STORAGES = (
    # kind; archive; the directory in it that is taken, or what the refusal says, its exit code and its remedy
    (
        "storage-link",  # a deployment in releases: the links lead to each other and out
        tar_of(
            soft("srv/current", "/srv/releases/7"),
            soft("srv/releases/7/storage", "../../shared/storage"),
            soft("srv/releases/7/public/storage", "/srv/shared/storage/app/public"),
            file("srv/shared/storage/app/resumes/x.pdf", PDF),
        ),
        "srv/shared/storage/app",
    ),
    (
        "storage-link",  # a container's whole file system
        tar_of(
            ("dev/null", CHARACTERS, "", b""),
            ("run/php.pipe", FIFO, "", b""),
            soft("var/www/html/public/storage", "../storage/app/public"),
            file("var/www/html/storage/app/public/logo.png", b"\x89PNG\r\n"),
            file("var/www/html/storage/app/resumes/x.pdf", PDF),
            soft("var/www/html/storage/logs/laravel.log", "/dev/stderr"),
        ),
        "var/www/html/storage/app",
    ),
    (
        "storage-link",  # the same inside of it is no business of an application's
        tar_of(soft("html/storage/app/resumes/x.pdf", "/etc/passwd")),
        ("symbolic link that leaves the directory", 1, "Replace the link in storage/app with its file"),
    ),
    (
        "tar-verbose-mixed",
        b"tar: Removing leading `/' from member names\n" + gzip.compress(STORAGE),
        (r"it starts with text \(1 lines, 44 bytes\)", 1, r"\(2>&1\)"),
    ),
    (
        "tar-verbose-mixed",
        b"Warning: Permanently added 'db1' to the list of known hosts.\r\n" + STORAGE,
        (r"it starts with text \(1 lines, 62 bytes\)", 1, r"\(2>&1\)"),
    ),
    (
        "tar-verbose-mixed",
        STORAGE[:1024] + NAMES + STORAGE[1024:],
        ("a header has a wrong checksum|a header follows half of an end-of-archive mark", 1, ""),
    ),
    (
        "tar-verbose-mixed",
        STORAGE[:1024] + NAMES + STORAGE,
        ("a header starts 27 bytes late, at byte 1536", 1, INSERTED),
    ),
    (
        "tar-verbose-mixed",  # a line break more in each text line, as from a terminal
        STORAGE[:512] + PDF.replace(b"\n", b"\r\n") + bytes(512 - len(PDF)) + STORAGE,
        ("a header starts 2 bytes late, at byte 1536", 1, INSERTED),
    ),
    (
        "tar-verbose-mixed",
        STORAGE + b"tar: ./resumes/x.pdf: file changed as we read it\n",
        ("data follows the end-of-archive mark", 1, r"\(2>&1\)"),
    ),
    ("tar-verbose-mixed", STORAGE + STORAGE, ("data follows the end-of-archive mark", 1, "contains two archives")),
    ("tar-verbose-mixed", STORAGE + b"\xff" * 512, ("data follows the end-of-archive mark", 1, "were changed")),
    (
        "tar-verbose-mixed",
        b"tar: /srv/storage: Cannot open: No such file or directory\n",
        ("not a tar archive: it contains only text", 2, r"\(2>&1\)"),
    ),
)
OTHERS = (
    # What else public reports tell of: named in one sentence.
    (b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "is a dump of PostgreSQL", 2),
    (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "is a dump of SQLite", 2),
    (b"USE [apiary]\nGO\nSET ANSI_NULLS ON\nGO\n", "is a script of SQL Server", 2),
    (b"/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=1*/;\nDELIMITER /*!*/;\n", "is output of mysqlbinlog", 2),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a pointer of Git LFS", 2),
    (b'{"message":"Not Found","status":404}\n', "is an HTML, XML or JSON document", 1),
    (PLAIN + b"\0" * 4096, "line 28 contains NUL bytes", 1),
    (PLAIN.rstrip(b"\n") + b"\n\xef\xbb\xbf" + PLAIN, "line 28 starts with a byte order mark", 1),
    (b"id\tlabel\n1\tnorth\n", "line 1 is not SQL", 1),
)
ALTERATIONS: tuple[Change, ...] = (
    lambda script: script.replace(b"\n", b"\r\n"),
    lambda script: b"\xef\xbb\xbf" + script,
    lambda script: b"\n\n   " + script,
)
"""What leaves a script as it was, for its client and for the reader."""


def answered(path: Path, database: str | None) -> tuple[str, int, set[str]]:
    """The first line, exit code and codes of findings; `inspect` and `verify` say the same."""
    try:
        dump = located(path)
        answer = inspection(*examine(dump), name=dump.name, database=database)
        script = verified(dump, database)
    except HarnessError as error:
        return error.fact, error.exit_code, set()
    assert (answer.refused, answer.exit_code) == ((), 0)
    codes = {finding.code for finding in script.findings} | {dropped.code for dropped in script.report.dropped}
    return "", 0, codes


@over_table("one", INPUTS)
def test_two_more_inputs_of_each_kind(tmp_path: Path, one: Input) -> None:
    path = tmp_path / ("d" if isinstance(one.made, bytes) else "b")
    if isinstance(one.made, bytes):
        path.write_bytes(one.made)
    else:
        path.mkdir()
        one.made(path)
    fact, exit_code, codes = answered(path, one.database)
    assert exit_code == one.exit_code, fact
    assert re.search(one.refused, fact) if one.refused else not fact, fact
    assert codes == set(one.warnings)


def test_every_kind_has_two() -> None:
    kinds = {path.name for path in CASES.iterdir() if path.is_dir()} - ELSEWHERE
    assert {
        kind: sum(one.kind == kind for one in INPUTS) for kind in kinds if sum(one.kind == kind for one in INPUTS) < 2
    } == {}
    assert {one.kind for one in INPUTS} == kinds
    assert min(sum(kind == one for one, *_ in STORAGES) for kind in ("storage-link", "tar-verbose-mixed")) > 2


@over_table("kind, content, expected", STORAGES)
def test_more_archives_of_each_kind(
    tmp_path: Path, kind: str, content: bytes, expected: str | tuple[str, int, str]
) -> None:
    """Of a whole application the storage directory is taken; where text is mixed in, it is the cause."""
    archive, listed = tmp_path / "s.tar.gz", tmp_path / "files.jsonl"
    archive.write_bytes(content)
    if isinstance(expected, str):
        assert check_storage(archive, listed).prefix.decode() == expected
        assert b"resumes/x.pdf" in {entry.path for entry in read_inventory(listed)}
        return
    fact, exit_code, remedy = expected
    with pytest.raises(HarnessError, match=fact) as refused:
        check_storage(archive, listed)
    assert refused.value.exit_code == exit_code
    assert re.search(remedy, " ".join(refused.value.hints)), refused.value.hints


def test_files_of_other_programs_are_named(tmp_path: Path) -> None:
    for content, message, exit_code in OTHERS:
        path = tmp_path / "d.sql"
        path.write_bytes(content)
        fact, code, _ = answered(path, None)
        assert (message in fact, code) == (True, exit_code), (message, fact)


@over_table("change", ALTERATIONS)
def test_a_mark_blanks_and_line_ends_change_nothing(tmp_path: Path, change: Change) -> None:
    path = tmp_path / "d.sql"
    path.write_bytes(change(PLAIN))
    info, _ = examine(path)
    assert (info.tool, info.tool_version, info.complete, info.databases[0].rows) == ("mysqldump", "9.7.4", True, 3)
    assert answered(path, None) == ("", 0, set())


def test_a_header_behind_a_prompt_is_found(tmp_path: Path) -> None:
    path = tmp_path / "d.sql"
    for prompt in (b"[sudo] password for backup: ", b"mysql> ", b" 1.2MiB 0:00:01 [1.1MiB/s]\r"):
        path.write_bytes(prompt + PLAIN)
        info, _ = examine(path)
        assert (info.tool, info.tool_version, info.complete) == ("mysqldump", "9.7.4", True)

"""Whether a target takes a script, and whether a key fits its encrypted values."""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.artifacts.dump.compatibility import problems
from harness.artifacts.dump.encrypted import EncryptedValues
from harness.artifacts.dump.inspect import inspect
from harness.artifacts.dump.model import Problem, TargetServer
from harness.artifacts.dump.walk import walk
from harness.base.model import Severity
from harness.standins.apiary.encryption import IV_BYTES, encrypt_string
from tests.tables import over_table

MYSQL = TargetServer(
    version="9.7.4-2",
    flavour="mysql",
    collations=frozenset(("utf8mb4_0900_ai_ci", "utf8mb4_unicode_ci", "utf8mb3_general_ci")),
    charsets=frozenset(("utf8mb4", "utf8mb3", "latin1")),
    engines=frozenset(("innodb", "myisam", "memory")),
    max_allowed_packet_bytes=64 << 20,
    user="restore@%",
    privileges=frozenset(("SET_ANY_DEFINER", "SYSTEM_VARIABLES_ADMIN")),
    accounts=frozenset(("root@localhost", "restore@%")),
)
MARIADB = replace(
    MYSQL,
    version="10.11.19-MariaDB-0+deb12u1",
    flavour="mariadb",
    collations=frozenset(("utf8mb4_unicode_ci", "utf8mb4_general_ci", "uca1400_ai_ci")),
    privileges=frozenset(("SUPER",)),
)


def codes(script: bytes, target: TargetServer) -> list[tuple[str, int, str, bool]]:
    found = problems(inspect(io.BytesIO(script)), target, "apiary")
    return [(problem.code, problem.line, problem.subject, problem.copable) for problem in found]


def test_a_script_meets_its_own_server_without_problems(data: Path) -> None:
    assert problems(inspect(data / "mysql-9.7" / "full.sql"), MYSQL, "apiary") == []


def test_what_mysql_writes_and_mariadb_does_not_know_is_named_with_its_line(data: Path) -> None:
    found = problems(inspect(data / "mysql-9.7" / "plain.sql"), MARIADB, "apiary")
    assert [(problem.code, problem.severity, problem.subject, problem.copable) for problem in found] == [
        ("gtid-purged", Severity.WARNING, "GTID_PURGED", True),
        ("unknown-collation", Severity.ERROR, "utf8mb4_0900_ai_ci", False),
    ]
    assert found[1].message == ("MariaDB 10.11.19 does not support the collation utf8mb4_0900_ai_ci (error 1273)")


def test_the_modes_of_a_mysql_5_are_those_of_mariadb(data: Path) -> None:
    """What 10.1 sets around its routines, and --compatible=mysql40 in the header; 5.6 sets nothing that is gone."""
    for name, server, lost in (
        ("mariadb-10.1.23.sql", MARIADB, []),
        ("mariadb-10.1.23.sql", MYSQL, ["NO_AUTO_CREATE_USER"]),
        ("mysql-5.5.34-compatible.sql", MYSQL, ["MYSQL40"]),
        ("mysql-5.6.21-ansi.sql", MYSQL, []),
    ):
        found = problems(inspect(data / "versions" / name), server, "apiary")
        assert [one.subject for one in found if one.code == "unknown-sql-mode"] == lost, (name, server.flavour)


def test_values_for_generated_columns_stop_mysql_only(data: Path) -> None:
    info = inspect(data / "mysql-9.7" / "by-mariadb-dump.sql")
    assert [problem.code for problem in problems(info, MYSQL, "apiary")] == ["sandbox-line", "generated-values"]
    assert "generated-values" not in [problem.code for problem in problems(info, MARIADB, "apiary")]


@over_table(
    "script, target, expected",
    [
        (b"/*!999999\\- enable the sandbox mode */ \nSELECT 1;", MYSQL, ("sandbox-line", 1, "/*!999999\\-", True)),
        (b"CREATE TABLE t (a int) ENGINE=Aria;", MYSQL, ("unknown-engine", 1, "Aria", False)),
        (
            b"\nCREATE TABLE t (a int) COLLATE=utf8mb4_uca1400_ai_ci;",
            MYSQL,
            ("unknown-collation", 2, "utf8mb4_uca1400_ai_ci", False),
        ),
        (
            b"CREATE TABLE t (a int);\n/*!50003 SET sql_mode = 'STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER' */;",
            MYSQL,
            ("unknown-sql-mode", 2, "NO_AUTO_CREATE_USER", False),
        ),
        (b"CREATE TABLE t (a int) CHARSET=utf16;", MYSQL, ("unknown-charset", 1, "utf16", False)),
        (b"SET SQL_LOG_BIN=0;", replace(MYSQL, privileges=frozenset()), ("log-bin-privilege", 1, "SQL_LOG_BIN", True)),
        (b"CREATE DEFINER=`x`@`%` VIEW v AS SELECT a FROM t;", MYSQL, ("definer-missing", 1, "x@%", True)),
        (
            b"CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT a FROM t;",
            replace(MYSQL, privileges=frozenset()),
            ("definer-privilege", 1, "root@localhost", True),
        ),
        (
            b"INSERT INTO t VALUES ('" + b"x" * 3000 + b"');",
            replace(MYSQL, max_allowed_packet_bytes=2048),
            ("packet-too-large", 1, "max_allowed_packet", False),
        ),
        (b"CREATE TABLE t (a int);", replace(MYSQL, require_primary_key=True), ("primary-key-required", 1, "t", False)),
        (
            b"CREATE TABLE a (a int);\nCREATE TABLE A (a int);",
            replace(MYSQL, lower_case_table_names=1),
            ("table-names-collide", 1, "a", False),
        ),
        (
            b"CREATE TABLE Users (a int);",
            replace(MYSQL, lower_case_table_names=1),
            ("table-name-case", 1, "Users", False),
        ),
        (
            b"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;",
            replace(MYSQL, log_bin=True),
            ("function-creators", 1, "f", False),
        ),
        (b"CREATE TABLE t (a int);", MYSQL, ("session-settings", 1, "sql_mode, foreign_key_checks", True)),
    ],
)
def test_each_problem_is_found(script: bytes, target: TargetServer, expected: tuple[str, int, str, bool]) -> None:
    assert expected in codes(script, target)
    assert expected[0] not in ["sandbox-line", "unknown-engine"] or expected not in codes(b"SELECT 1;", target)


def test_names_that_mean_the_same_are_known() -> None:
    assert codes(b"SET NAMES utf8;\nCREATE TABLE t (a int PRIMARY KEY) COLLATE=utf8_general_ci;", MYSQL) == [
        ("session-settings", 1, "sql_mode, foreign_key_checks", True)
    ]
    uca = b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE */;\nCREATE TABLE t (a int) COLLATE=utf8mb4_uca1400_ai_ci;"
    assert codes(uca, MARIADB) == []


def test_a_problem_says_what_to_do() -> None:
    script = b"INSERT INTO t VALUES ('" + b"x" * 3000 + b"');\n/*!40101 SET @OLD_A=1 */;"
    found = problems(inspect(io.BytesIO(script)), replace(MYSQL, max_allowed_packet_bytes=2048), "apiary")
    assert found == [
        Problem(
            "packet-too-large",
            Severity.ERROR,
            1,
            "max_allowed_packet",
            "the largest statement has 3026 bytes, but the target's max_allowed_packet is 2048 (errors 1153, 2006)",
            "Set max_allowed_packet to 4096 or more.",
        )
    ]


OURS, EARLIER, OTHER = bytes(range(32)), bytes([1] * 32), bytes([2] * 32)


def made(key: bytes, plain: str = "token") -> str:
    """A value as Laravel writes it."""
    return encrypt_string(plain, key, bytes(IV_BYTES))


def inserts(*values: str, table: str = "users") -> bytes:
    """A script with one row for each value."""
    rows = ",".join(f"({number},'{value}')" for number, value in enumerate(values))
    return f"-- MySQL dump\nINSERT INTO `{table}` VALUES {rows};\n".encode()


def damaged(value: str) -> str:
    """Well-formed, with another mac."""
    return as_payload(json.loads(base64.b64decode(value)) | {"mac": "0" * 64})


def as_payload(fields: dict[str, str]) -> str:
    """Base64 of JSON, as PHP writes it."""
    return base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()


GCM = as_payload({"iv": "a" * 16, "value": "b" * 24, "mac": "", "tag": "c" * 24})
SEVERAL = (made(OTHER), made(OTHER, "2"))
EARLIER_ONES = (made(EARLIER), made(EARLIER, "2"))

ROWS = {
    "of another instance": (inserts(*SEVERAL), [OURS], True),
    "its own": (inserts(made(OURS), made(OURS, "2")), [OURS], False),
    "one that fits behind damaged ones": (inserts(damaged(made(OURS)), *SEVERAL, made(OURS, "3")), [OURS], False),
    "written before and after the key was rotated": (inserts(*EARLIER_ONES, made(OURS)), [OURS], False),
    "all written before, and the earlier key is known": (inserts(*EARLIER_ONES), [OURS, EARLIER], False),
    "all written before, and it is not": (inserts(*EARLIER_ONES), [OURS], True),
    "a single one, which may be damaged": (inserts(damaged(made(OURS))), [OURS], False),
    "none at all": (inserts("text", "eyJpdiI6I", "eyJpdiI6Inot base64"), [OURS], False),
    "no key": (inserts(*SEVERAL), [], False),
    "in a table that the guide leaves out": (inserts(*SEVERAL, table="webhook_calls"), [OURS], False),
    "in a longer text": (inserts(f"a {SEVERAL[0]}", f"{SEVERAL[1]} b", f'{{"a":"x {SEVERAL[0]}"}}'), [OURS], False),
    "of a cipher without a mac": (inserts(GCM, GCM), [OURS], False),
    "in double quotes, a row a statement": (
        b"".join(inserts(value).replace(b"'", b'"') for value in SEVERAL),
        [OURS],
        True,
    ),
}


@over_table("script, keys, foreign", ROWS.values())
def test_only_when_none_of_several_values_fits_the_key_is_another_instances(
    script: bytes, keys: list[bytes], foreign: bool
) -> None:
    for size in (len(script), 700, 100, 7):
        values = EncryptedValues(keys)
        walk(parts(script, size), values)
        assert values.are_foreign is foreign, size


def parts(script: bytes, size: int) -> Iterator[bytes]:
    """The script as a stream of reads of this size."""
    yield from (script[at : at + size] for at in range(0, len(script), size))


def test_a_long_value_that_is_read_in_pieces_is_one_value_or_leaves_it_open() -> None:
    """However it is cut: bounded memory, and a key that cannot be judged is not called wrong."""
    for plain_bytes, open_ in ((100_000, False), (3_000_000, True)):
        script = inserts(made(OTHER, "x" * plain_bytes), made(OTHER), made(OTHER, "2"))
        values = EncryptedValues([OURS])
        walk(parts(script, 1 << 16), values)
        assert values.are_foreign is not open_

"""`apiary-drill inspect`: everything about a dump, in words and as JSON, with the exit code of what verify would do."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.command_line import main
from tests.tables import over_table
from tests.unit.inputs.test_tab import RECORDED

DUMPS = Path(__file__).parents[1] / "dump" / "data" / "mysql-9.7"


def inspected(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)], input=stdin)


def output_of(result: Result) -> str:
    """What was printed, its lines joined."""
    return " ".join(result.stdout.split())


def test_it_tells_everything_that_a_full_script_says() -> None:
    result = inspected(DUMPS / "full.sql")
    text = output_of(result)
    assert result.exit_code == 0
    for fact in (
        "No problems found.",
        "created by mysqldump 9.7.4",
        "server 9.7.4-2 (mysql)",
        "finished yes, on 2026-11-22 at ",
        "--routines, --events",
        "collations utf8mb4_0900_ai_ci (line ",
        "engines InnoDB (line ",
        "definers root@localhost (line ",
        "largest statement ",
        "Database apiary: ",
        "excluded by the documented procedure: action_events, ",
        "expected by Apiary and missing here: attendance, ",
    ):
        assert fact in text, fact
    for kind in ("views: ", "triggers: ", "procedures: ", "functions: ", "events: "):
        assert kind in text, kind


def test_json_holds_all_of_it() -> None:
    read = json.loads(inspected(DUMPS / "full.sql", "--json").stdout)
    assert (read["script"]["tool_version"], read["script"]["complete"], read["refused"]) == ("9.7.4", True, [])
    tables = {table["name"]: table["rows"] for table in read["script"]["databases"][0]["tables"]}
    assert tables["users"] > 0
    assert "users" not in read["expected_and_missing"]["apiary"]
    assert "attendance" in read["expected_and_missing"]["apiary"]


def test_gtids_and_the_log_are_reported() -> None:
    text = output_of(inspected(DUMPS / "all-databases.sql.gz"))
    assert "GTID_PURGED set on line 26; verify omits it" in text
    assert "SQL_LOG_BIN set on lines 19, 20, 1509; verify omits it" in text
    assert "Database mysql: " in text
    assert "Database other: " in text
    assert "none of its tables belongs to Apiary" in text


@over_table("first, message", [
        ("/*!999999\\- enable the sandbox mode */ \n", "/*!999999\\- on line 1: stops MySQL's client; omitted"),
        ("/*M!999999\\- enable the sandbox mode */ \n", "/*M!999999\\- on line 1: is a comment to MySQL's client;"),
    ])  # fmt: skip
def test_both_spellings_of_the_sandbox_line_are_reported(first: str, message: str) -> None:
    script = first.encode() + (DUMPS / "by-mariadb-dump.sql").read_bytes().split(b"\n", 1)[1]
    assert message in output_of(inspected("-", stdin=script))


def test_what_verify_would_refuse_is_refused() -> None:
    """Unsafe statements each with its line, those of every database; a view that would load, and show nothing."""
    head = "verify would reject this dump:\n  the dump standard input "
    for script, message in (
        ((DUMPS / "full.sql").read_bytes()[:9000], "is truncated: "),
        (
            b"CREATE TABLE t (a int);\nGRANT ALL ON *.* TO x;\nSHUTDOWN;\n",
            "was rejected: on line 2, GRANT changes privileges of accounts\n  line 3: server-control SHUTDOWN\n",
        ),
        (b"-- MySQL dump 10.13  Distrib 9.7.4\nSET sql_mode = '';\n-- Dump completed\n", "contains no table"),
        (
            b"CREATE TABLE `t` (`a` int);\n/*!50001 CREATE VIEW `v` AS SELECT \n 1 AS `a`*/;\n-- Dump completed\n",
            "contains only the placeholder of the view v, on line 2",
        ),
    ):
        result = inspected("-", stdin=script)
        assert result.exit_code == 1
        assert result.stdout.startswith(head + message), result.stdout


def test_pairs_and_directories_are_read_as_one(tmp_path: Path) -> None:
    text = output_of(inspected(DUMPS / "no-data.sql", DUMPS / "no-create-info.sql"))
    assert "no-data.sql and no-create-info.sql" in text
    assert "rows only, no CREATE TABLE" not in text
    assert "every" in output_of(inspected(RECORDED))


def test_no_value_of_a_row_is_printed() -> None:
    """A dump is full of personal data: names, counts and sizes only."""
    script = b"CREATE TABLE t (a text);\nINSERT INTO t VALUES ('burdell@example.org');\n"
    for arguments in (("-",), ("-", "--json")):
        assert "burdell" not in inspected(*arguments, stdin=script).stdout


@over_table(
    "name, message, code",
    [
        ("none.sql", "file not found: ", 2),
        ("page.7z", "is a 7z archive, not an SQL dump", 2),
        ("page.zip", "the zip archive is truncated: it has no end", 1),
    ],
)
def test_what_cannot_be_read_is_bad_usage_or_a_bad_backup(tmp_path: Path, name: str, message: str, code: int) -> None:
    """A zip archive may be a backup: one that is cut short is broken."""
    (tmp_path / "page.zip").write_bytes(b"PK\x03\x04 and so on, as archives do")
    (tmp_path / "page.7z").write_bytes(b"7z\xbc\xaf\x27\x1c and so on, as archives do")
    result = inspected(tmp_path / name)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())


SCRIPT = b"CREATE TABLE `users` (`id` int);\nINSERT INTO `users` VALUES (1);\nFLUSH PRIVILEGES;\n"


def test_it_takes_what_verify_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A BACKUP directory, a configuration, several databases, codes that are allowed."""
    night = tmp_path / "night"
    (night / "files" / "resumes").mkdir(parents=True)
    (night / "apiary.sql").write_bytes(SCRIPT)
    refused = "the dump apiary.sql was rejected: on line 3, FLUSH affects the whole server"
    assert refused in output_of(inspected(night))
    assert inspected(night).exit_code == 1
    assert inspected(night, "--allow", "server-control").exit_code == 0
    config = tmp_path / "apiary-drill.toml"
    config.write_text('[backup]\ndirectory = "night"\n\n[safety]\nallow = ["server-control"]\n')
    assert inspected("--config", config).exit_code == 0
    monkeypatch.chdir(tmp_path)
    assert "No problems found." in output_of(inspected())
    several = inspected(DUMPS / "databases.sql")
    assert several.exit_code == 2
    assert "contains 2 databases: other, apiary HINT: Choose one of them with --database." in output_of(several)
    assert inspected(DUMPS / "databases.sql", "--database", "apiary").exit_code == 0
    assert inspected(DUMPS / "databases.sql", "--config", config).exit_code == 2


def test_without_anything_to_read_it_is_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = inspected()
    assert result.exit_code == 2
    assert "no input: give a dump FILE or a BACKUP directory" in " ".join(result.stderr.split())

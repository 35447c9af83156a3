"""read_script, check_compatibility, redump: judged before it runs, and equal after it was restored."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from harness.base.errors import EXIT_NOT_AS_EXPECTED, BrokenArtifact, ProcedureFailed, UnsafeArtifact, UsageError
from harness.base.model import Severity
from harness.checks.evidence import RowDifference
from harness.checks.schema import check_script_objects
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.load import run_script
from harness.procedure.restore.redump import differing_rows_of_script, redump
from harness.procedure.restore.sample import compare_sample
from harness.procedure.restore.script import Script, check_compatibility, read_script
from tests.contract.mysql.everything import EVERYTHING
from tests.contract.mysql.places import Place, differences, dump

PLAN = BackupPlan(excluded_tables=())


def written(path: Path, script: bytes) -> Path:
    path.write_bytes(script)
    return path


def line_of(script: bytes, needle: bytes) -> int:
    return script[: script.index(needle)].count(b"\n") + 1


def restored(script: Script, target: Place) -> Script:
    """Through the whole procedure: compatible, loaded."""
    judged = check_compatibility(script, target.server)
    run_script(target.server, judged.chunks())
    return judged


@pytest.mark.parametrize(
    "options", [(), ("--skip-extended-insert",), ("--complete-insert", "--replace"), ("--skip-tz-utc",)],
    ids=["plain", "one-row-each", "complete", "local-times"],
)  # fmt: skip
def test_content_is_equal_after_a_restore(
    place: Place, elsewhere: Place, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Rows and definitions of a dump of the restored database are those of the script."""
    place.run(*EVERYTHING, account=place.server.app)
    path = written(tmp_path / "dump.sql", dump(place, replace(PLAN, dump_options=options)))
    script = restored(read_script(path, None), elsewhere)
    expected, content = redump(elsewhere.server, script, PLAN)
    assert expected == script.content
    assert expected.compared_as == "text"
    assert {table.name: table.rows for table in script.content.tables} == {
        "children": 2, "empty_one": 0, "loose": 3, "parents": 2, "spread": 4, "years": 2,
    }  # fmt: skip
    assert script.rows == 13
    assert {(item.kind, item.name) for item in script.content.objects if item.kind != "table"} == {
        ("event", "daily"), ("event", "once"), ("function", "twice"), ("procedure", "doing"),
        ("trigger", "first_trigger"), ("trigger", "second_trigger"), ("view", "a_view_of_views"), ("view", "adults"),
    }  # fmt: skip
    assert all(item.digest for item in script.content.objects)
    assert content.tables == script.content.tables
    assert set(content.objects) == set(script.content.objects)
    assert differences(place.objects(), elsewhere.objects()) == {}
    warned = ["time-zone-missing"] if "--skip-tz-utc" in options else []
    assert [found.code for found in script.findings if found.severity is not Severity.INFO] == warned


def test_a_change_after_the_restore_is_in_the_second_dump(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    place.run(*EVERYTHING, account=place.server.app)
    script = restored(read_script(written(tmp_path / "dump.sql", dump(place)), None), elsewhere)
    elsewhere.run(
        "UPDATE children SET note = CONCAT(note, ' ') WHERE id = 1",
        "DELETE FROM loose WHERE a = 1",
        "DROP TRIGGER second_trigger",
        "ALTER TABLE years COMMENT = 'x'",
    )
    expected, content = redump(elsewhere.server, script, PLAN)
    before = {table.name: table for table in expected.tables}
    after = {table.name: table for table in content.tables}
    assert sorted(name for name in before if before[name] != after[name]) == ["children", "loose"]
    assert (after["children"].rows, after["loose"].rows) == (2, 2)
    named = differing_rows_of_script(elsewhere.server, script, PLAN, ["children", "loose"], tmp_path)
    assert named["children"] == RowDifference(changed=("[1]",))
    assert named["loose"] == RowDifference(note="It has no primary key, so the rows cannot be identified.")
    changed = set(expected.objects) ^ set(content.objects)
    assert {(item.kind, item.name) for item in changed} == {("trigger", "second_trigger"), ("table", "years")}


def test_compressed_scripts_are_read_as_they_are(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v VARCHAR(20))", "INSERT INTO t VALUES ('é 🐝')")
    path = written(tmp_path / "renamed", zstandard.compress(dump(place)))
    script = restored(read_script(path, None), elsewhere)
    assert redump(elsewhere.server, script, PLAN) == (script.content, script.content)
    assert elsewhere.tables() == place.tables()


def test_one_of_several_databases_is_restored_and_the_others_are_not(
    place: Place, new_place: Callable[..., Place], tmp_path: Path
) -> None:
    other = new_place()
    for each in (place, other):
        each.run("CREATE TABLE t (v TEXT)", f"INSERT INTO t VALUES ('{each.name}')")
    path = written(tmp_path / "dump.sql", dump(place, replace(PLAN, further_databases=(other.name,))))
    with pytest.raises(UsageError) as unnamed:
        read_script(path, None)
    assert str(unnamed.value) == (
        f"{path}: contains 2 databases: {other.name}, {place.name}\nHINT: Choose one of them with --database."
    )
    target = new_place(on="elsewhere", like=place)
    script = restored(read_script(path, place.name), target)
    assert script.report.other_databases == [other.name]
    assert target.tables() == place.tables()
    assert (
        target.kept.value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = %s", (other.name,)) == 0
    )


def test_a_name_that_is_not_in_the_script_is_reported_with_those_that_are(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v INT)")
    path = written(tmp_path / "dump.sql", dump(place))
    with pytest.raises(BrokenArtifact) as wrong:
        read_script(path, "wrong")
    assert wrong.value.fact == f"{path}: contains no database wrong; it contains {place.name}"
    assert [cause.code for cause in wrong.value.causes] == ["database-missing"]


def test_an_unknown_collation_is_found_before_the_load(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v VARCHAR(9) COLLATE utf8mb4_bin)", "INSERT INTO t VALUES ('a')")
    text = dump(place).replace(b"utf8mb4_bin", b"utf8mb4_from_the_future_ci")
    script = read_script(written(tmp_path / "dump.sql", text), None)
    with pytest.raises(ProcedureFailed) as failed:
        check_compatibility(script, elsewhere.server)
    line = line_of(text, b"CREATE TABLE `t`")  # where the statement begins
    assert str(failed.value) == (
        f"this server cannot load the dump: on line {line}, {place.flavour} {place.version} does not support "
        "the collation utf8mb4_from_the_future_ci (error 1273)\n"
        "HINT: Restore to the kind and version of server that the dump was taken from."
    )
    assert elsewhere.tables() == {}


def test_a_definer_without_the_privilege_is_reported_before_the_load_and_left_out(
    place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    place.run(
        "CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1)", "CREATE DEFINER = 'ghost'@'%' VIEW v AS SELECT 1 AS a"
    )
    script = dump(place)
    judged = restored(read_script(written(tmp_path / "dump.sql", script), None), elsewhere)
    user = place.server.app.user
    line = line_of(script, b"DEFINER=`ghost`") - 1  # where the statement begins
    findings = [found for found in judged.findings if found.severity is not Severity.INFO]
    assert [(found.code, found.severity, found.subject) for found in findings] == [
        ("definer-missing", Severity.WARNING, f"line {line}"),
        ("definer-privilege", Severity.WARNING, f"line {line}"),
    ]
    assert f"{user}@% may not create objects that run as ghost@%" in findings[1].message
    assert elsewhere.attributes("view", "v")["definer"] == f"{user}@%"
    expected, content = redump(elsewhere.server, judged, PLAN)
    assert expected.definers_left_out == ("ghost@%",)
    assert check_script_objects(expected.objects, content.objects).findings == ()
    with pytest.raises(ProcedureFailed, match="ERROR 1227"):  # what the documented procedure meets
        run_script(elsewhere.server, replace(judged, as_it_stands=True).chunks())


def test_a_statement_beyond_the_targets_limit_is_found_before_the_load(
    place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    place.run("CREATE TABLE t (v LONGTEXT)", "INSERT INTO t VALUES (REPEAT('x', 2000000))")
    script = read_script(written(tmp_path / "dump.sql", dump(place)), None)
    with elsewhere.server_set({"max_allowed_packet": 1 << 20}), pytest.raises(ProcedureFailed) as failed:
        check_compatibility(script, elsewhere.server)
    assert re.fullmatch(
        r"this server cannot load the dump: on line \d+, the largest statement has 2000\d\d\d bytes, but the"
        r" target's max_allowed_packet is 1048576 \(errors 1153, 2006\)",
        failed.value.fact,
    )
    assert failed.value.hints == ("Set max_allowed_packet to 2097152 or more.",)
    found = check_compatibility(script, elsewhere.server).findings
    assert {finding.severity for finding in found} <= {Severity.INFO}


def test_a_script_that_is_cut_short_is_refused(place: Place, tmp_path: Path) -> None:
    """After a third, nearly at the end, and before its last line."""
    place.run(*EVERYTHING, account=place.server.app)
    script = dump(place)
    for end in (len(script) // 3, script.index(b"SET SQL_NOTES=@OLD"), script.index(b"-- Dump completed")):
        with pytest.raises(BrokenArtifact) as broken:
            read_script(written(tmp_path / "dump.sql", script[:end]), None)
        assert broken.value.fact.startswith("the dump dump.sql is truncated: ")
        assert broken.value.hints == (
            "Take the backup again, and check the exit status of every program in its pipeline.",
        )


def test_a_script_without_tables_is_refused(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "dump.sql", dump(place))
    with pytest.raises(BrokenArtifact) as broken:
        read_script(path, None)
    assert str(broken.value) == (
        "the dump dump.sql contains no table\n"
        "HINT: It would restore without an error, to an empty database: check how the backup is made."
    )


UNSAFE = [
    ("DROP DATABASE `production`;", "DROP DATABASE refers to the database production"),
    ("SET GLOBAL max_connections = 1;", "SET GLOBAL changes max_connections for the whole server"),
    ("CREATE USER 'x'@'%' IDENTIFIED BY 'y';", "CREATE USER changes accounts"),
    ("GRANT ALL ON *.* TO 'x'@'%';", "GRANT changes privileges of accounts"),
    ("INSERT INTO mysql.user VALUES (1);", "INSERT refers to the database mysql"),
    ("SELECT * FROM t INTO OUTFILE 'x';", "INTO OUTFILE reads or writes files of the server"),
    ("LOAD DATA INFILE 'x' INTO TABLE t;", "LOAD DATA reads or writes files of the server"),
    ("\\! touch x", "\\! outside of a string is a command of the mysql client"),
    ("system touch x", "system is a command of the mysql client"),
    ("source x", "source is a command of the mysql client"),
]


def test_an_unsafe_statement_is_refused_with_its_line(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1)")
    script = dump(place)
    at = script.index(b"-- Dump completed")
    line = script[:at].count(b"\n") + 1
    for statement, message in UNSAFE:
        path = written(tmp_path / "dump.sql", script[:at] + statement.encode() + b"\n\n" + script[at:])
        with pytest.raises(UnsafeArtifact) as refused:
            read_script(path, place.name)
        assert refused.value.fact == f"the dump dump.sql was rejected: on line {line}, {message}"
        assert len(refused.value.hints) == 1
        assert refused.value.exit_code == EXIT_NOT_AS_EXPECTED


def test_the_progress_of_reading_is_reported(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (v LONGTEXT)", "INSERT INTO t VALUES (REPEAT('x', 3000000))")
    lines: list[str] = []
    read_script(written(tmp_path / "dump.sql", dump(place)), None, progress=lines.append)
    assert re.fullmatch(r"\d+ bytes(, [\d.]+ [kMG]?B/s)?", lines[0])
    assert re.fullmatch(r"3\.0 MB, [\d.]+ [MG]B/s", lines[-1])


SAMPLED = (
    "CREATE TABLE numbers (id INT PRIMARY KEY, v VARCHAR(9))",
    "CREATE TABLE texts (k VARCHAR(20) CHARACTER SET latin1, n INT, v TEXT, PRIMARY KEY (k, n)) CHARSET utf8mb4",
    "CREATE TABLE raw_keys (id BINARY(4) PRIMARY KEY, v TEXT)",
    "CREATE TABLE moments (at DATETIME PRIMARY KEY, v TEXT)",
    "CREATE TABLE keyless (v TEXT)",
    "CREATE TABLE `none` (id INT PRIMARY KEY)",
    "CREATE TABLE filled (id INT(6) ZEROFILL PRIMARY KEY)",
    "INSERT INTO numbers VALUES " + ",".join(f"({number},'v{number}')" for number in range(-500, 500)),
    "INSERT INTO texts SELECT CONCAT('é', id), id, v FROM numbers",
    "INSERT INTO raw_keys SELECT UNHEX(LPAD(HEX(id + 500), 8, '0')), v FROM numbers",
    "INSERT INTO filled SELECT id + 500 FROM numbers",
    "INSERT INTO moments VALUES ('2026-01-01 00:00:00', 'a'), ('2026-01-02 00:00:00', 'b')",
    "INSERT INTO keyless VALUES ('x'), ('x'), (NULL)",
)


def test_a_sample_picks_the_same_rows_of_the_script_and_of_the_server(
    place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    place.run(*SAMPLED, account=place.server.app)
    script = restored(read_script(written(tmp_path / "dump.sql", dump(place)), None), elsewhere)
    expected, content = compare_sample(elsewhere.server, script, PLAN, 0.1)
    assert expected.tables == content.tables
    assert set(expected.objects) == set(content.objects)
    assert expected.sample is not None
    assert 4 * 50 < expected.sample.rows < 4 * 200, "a tenth, and the tables that are read whole"
    assert {table.name: bool(table.digest) for table in expected.tables} == {
        "filled": True, "keyless": True, "moments": True, "none": False, "numbers": True, "raw_keys": True,
        "texts": True,
    }  # fmt: skip
    elsewhere.run(
        "UPDATE texts SET v = CONCAT(v, 'x')",
        "DELETE FROM numbers WHERE id = 499",
        "UPDATE keyless SET v = 'y' LIMIT 1",
        "UPDATE moments SET v = 'c' LIMIT 1",
    )
    after = {table.name: table for table in compare_sample(elsewhere.server, script, PLAN, 0.1)[1].tables}
    differing = {table.name for table in expected.tables if after[table.name] != table}
    assert differing == {"keyless", "moments", "numbers", "texts"}
    assert after["numbers"].rows == 999

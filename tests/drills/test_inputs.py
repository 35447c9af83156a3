"""What operators really have, drilled end to end: each file was written by the real tool of a running Apiary."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
import zstandard

from harness.artifacts.dump.inspect import inspect
from harness.base.settings import Limits, Settings
from harness.drill.flow import verify as verify_backup
from harness.drill.run import Run
from harness.drill.steps.restore import Restoration
from harness.drill.steps.source import prepare_source
from harness.inputs.backup import BackupUnderTest
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.spec import StackSpec, new_app_key
from harness.scenario.definition import Objectives, Scenario
from tests.commands import called
from tests.drills.by_runbook import restoration_by
from tests.drills.conftest import Backed, drill_of

of_mysql = pytest.mark.xdist_group("inputs-mysql")
of_mariadb = pytest.mark.xdist_group("inputs-mariadb")


@dataclass(frozen=True)
class Operator:
    """What an operator's cron jobs left of one Apiary.

    Args:
        plain: mysqldump without options.
        structure: `--no-data`.
        rows: `--no-create-info`.
        tab: `--tab`, where the server may write files.
        one_by_one: a row per INSERT, with names of columns, hexadecimal digits and the database's own name.
        everything: all databases of the server, without comments, with times as the server's zone has them.
        compact: `--compact`.
        by_mariadb: what MariaDB's own client wrote.
        storage: a copy of the storage directory.
        app_key_file: its APP_KEY.
    """

    plain: Path
    structure: Path
    rows: Path
    tab: Path | None
    one_by_one: Path
    everything: Path
    compact: Path
    by_mariadb: Path
    storage: Path
    app_key_file: Path


FURTHER = {
    "one_by_one": (
        "--skip-extended-insert", "--complete-insert", "--hex-blob", "--order-by-primary", "--databases",
    ),
    "everything": ("--skip-comments", "--skip-tz-utc", "--routines", "--events", "--all-databases"),
    "compact": ("--compact",),
}  # fmt: skip


def mysqldump(server: MySqlServer, *options: str, into: Path | None = None) -> None:
    """Run the tool as a cron job does."""
    whose = () if "--all-databases" in options else (server.database,)
    argv = [server.dump, "--no-defaults", *server.tool_arguments(server.admin), *options, *whose]
    made = subprocess.run(
        argv, env={**os.environ, **server.tool_environment(server.admin)}, capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    if into is not None:
        into.write_bytes(made.stdout)


def operator_of(settings: Settings, scenario: Scenario, directory: Path) -> Operator:
    """Start an Apiary with data, dump it in every way, and end it."""
    app_key = new_app_key()
    with drill_of(settings, "operator") as drill:
        spec = StackSpec("source", drill.plan.drill_id, drill.plan.store.logs / "source", app_key)
        with drill.plan.runtime.stack(spec) as source:
            prepare_source(source, scenario, secrets.token_hex(4), Limits(), drill.clock)
            server = source.mysql
            names = {name: directory / f"{name}.sql" for name in ("plain", "structure", "rows", "by_mariadb", *FURTHER)}
            mysqldump(server, into=names["plain"])
            mysqldump(server, "--no-data", "--skip-triggers", into=names["structure"])
            mysqldump(server, "--no-create-info", "--hex-blob", into=names["rows"])
            for name, options in FURTHER.items():
                mysqldump(server, *options, into=names[name])
            mysqldump(replace(server, dump="mariadb-dump"), into=names["by_mariadb"])
            tab = None
            if "maria" in server.dump:
                tab = directory / "tab"
                tab.mkdir()
                tab.chmod(0o777)
                mysqldump(server, f"--tab={tab}")
            storage = directory / "storage"
            subprocess.run(["cp", "-a", source.apiary.storage_root, str(storage)], check=True)
    key = directory / "app-key"
    key.write_text(app_key)
    return Operator(**names, tab=tab, storage=storage, app_key_file=key)


@pytest.fixture(scope="session")
def mysql_operator(settings: Settings, scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """One whose Apiary runs on MySQL."""
    return operator_of(settings, scenario, tmp_path_factory.mktemp("mysql"))


@pytest.fixture(scope="session")
def mariadb_operator(settings: Settings, scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """One whose Apiary runs on MariaDB."""
    return operator_of(replace(settings, mysqld="mariadbd"), scenario, tmp_path_factory.mktemp("mariadb"))


def run(
    settings: Settings,
    *arguments: str | Path,
    command: str = "verify",
    cwd: Path | None = None,
    stdin: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, on local processes."""
    options = () if command in ("cleanup", "runbook") else ("--runtime=process", "--fast", "--json")
    return called(
        command, *options, *map(str, arguments),
        env={
            **os.environ,
            "APIARY_DRILL_STATE_DIR": str(settings.state_dir),
            "APIARY_DRILL_RUNS_DIR": str(settings.runs_dir),
        },
        cwd=cwd, stdin=stdin, alone=command == "restore",
    )  # fmt: skip


def verify(settings: Settings, *arguments: str | Path, cwd: Path | None = None, stdin: Path | None = None) -> Any:
    """Run `verify`, expect it to pass, and return its result."""
    return whole(run(settings, *arguments, cwd=cwd, stdin=stdin))


def whole(process: subprocess.CompletedProcess[str]) -> Any:
    """The result of a command that passed, on rows and encrypted values."""
    assert process.stdout, process.stderr
    result = json.loads(process.stdout)
    errors = [(found["code"], found["message"]) for found in result["findings"] if found["severity"] == "error"]
    assert errors == []
    assert (process.returncode, result["verdict"]) == (0, "PASS"), result["reasons"]
    assert compared(result, "rows-script") > 1000
    assert compared(result, "encrypted-values") > 0
    return result


def rows_of(operator: Operator) -> int:
    """How many rows the operator's Apiary has, by its plain dump."""
    return inspect(operator.plain).databases[0].rows


def compared(result: Any, check: str) -> int:
    """How much a check compared."""
    return next(one["compared"] for one in result["checks"] if one["check"] == check)


def compared_as(result: Any) -> str:
    """Whether rows were compared as text or by value."""
    (rows,) = [one for one in result["checks"] if one["check"] == "rows-script"]
    return str(dict(map(tuple, rows["evidence"]))["compared as"])


def packed(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@of_mysql
def test_a_directory_without_a_manifest_named_by_the_configuration(
    settings: Settings, mysql_operator: Operator, tmp_path: Path
) -> None:
    """gzip of several members and a tar archive in last night's directory, found by its pattern."""
    night = tmp_path / "backups" / "2026-11-22"
    night.mkdir(parents=True)
    (tmp_path / "backups" / "2026-11-21").mkdir()
    os.utime(tmp_path / "backups" / "2026-11-21", (1, 1))
    text = mysql_operator.plain.read_bytes()
    packed(night / "apiary.sql.gz", gzip.compress(text[: len(text) // 2], 1) + gzip.compress(text[len(text) // 2 :], 1))
    subprocess.run(["tar", "-C", mysql_operator.storage, "-cJf", night / "files.tar.xz", "."], check=True)
    shutil.copy(mysql_operator.app_key_file, tmp_path / "app-key")
    (tmp_path / "apiary-drill.toml").write_text(
        '[backup]\ndirectory = "backups/*"\napp_key_file = "app-key"\n[objectives]\nrecovery_time_s = 86400\n'
    )
    result = verify(settings, cwd=tmp_path)
    assert compared_as(result) in ("text", "value")
    assert "apiary.sql.gz with files.tar.xz" in result["purpose"]


@of_mysql
@pytest.mark.parametrize("kind", ["plain dump of several databases", "dump by MariaDB's client", "own backup"])
def test_a_runbook_followed_word_by_word_restores_the_backup(
    kind: str,
    settings: Settings,
    mysql_operator: Operator,
    backed: Backed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its commands take the place of the drill's own steps 2 to 6; every check then passes."""
    if kind == "own backup":
        assert backed.backup.directory is not None
        backup, names = backed.backup.as_from_elsewhere(), [backed.backup.directory]
    else:
        dump = mysql_operator.everything if kind.startswith("plain") else mysql_operator.by_mariadb
        tar = tmp_path / "storage.tar.gz"
        subprocess.run(["tar", "-C", mysql_operator.storage.parent, "-czf", tar, "storage"], check=True)
        key = mysql_operator.app_key_file.read_text()
        backup = BackupUnderTest(dump, tar, database="apiary", app_key=key)
        names = ["--dump", dump, "--storage", tar, "--database", "apiary"]
    page = tmp_path / "runbook.md"
    assert run(settings, *names, "--markdown", page, command="runbook").returncode == 0
    printed = []

    def by_hand(work: Restoration, *others: object, **more: object) -> None:
        printed.append(restoration_by(page.read_text(), work, tmp_path))

    monkeypatch.setattr("harness.drill.flow.restore", by_hand)
    with drill_of(settings, "runbook") as run_of:
        result = verify_backup(Run(run_of.plan.of_backup(backup, Objectives(), "By hand.")), backup)
    assert (result.verdict, [found for found in result.findings if found.severity == "error"]) == ("PASS", [])
    assert re.findall("^done: (.*)$", printed[0], re.MULTILINE) == [
        *("step 1", "step 2", "step 3", "step 4"),
        *("rows", "step 5", "step 6"),
    ]


@of_mysql
def test_standard_input(settings: Settings, mysql_operator: Operator, tmp_path: Path) -> None:
    """A script that comes through a pipe, compressed by bzip2."""
    pipe = packed(tmp_path / "pipe", bz2.compress(mysql_operator.plain.read_bytes(), 1))
    key = mysql_operator.app_key_file
    verify(settings, "--dump", "-", "--storage", mysql_operator.storage, "--app-key-file", key, stdin=pipe)


@of_mysql
def test_a_pair(settings: Settings, mysql_operator: Operator, tmp_path: Path) -> None:
    """What --no-data wrote, as zstd, and what --no-create-info wrote, as xz."""
    structure = packed(tmp_path / "structure.sql.zst", zstandard.compress(mysql_operator.structure.read_bytes()))
    rows = packed(tmp_path / "rows.sql.xz", lzma.compress(mysql_operator.rows.read_bytes(), preset=0))
    key = mysql_operator.app_key_file
    result = verify(
        settings, "--dump", structure, "--dump", rows, "--storage", mysql_operator.storage, "--app-key-file", key
    )
    assert [file["name"] for file in result["artifacts"]] == ["structure.sql.zst", "rows.sql.xz"]


def archive(operator: Operator, path: Path, *options: str) -> Path:
    """The storage directory as `tar` packs it."""
    subprocess.run(["tar", "-C", operator.storage, *options, "-cf", path, "."], check=True)
    return path


@of_mysql
def test_a_row_per_insert_with_everything_spelled_out(
    settings: Settings, mysql_operator: Operator, tmp_path: Path
) -> None:
    """--skip-extended-insert --complete-insert --hex-blob --order-by-primary --databases, as gzip; files in tar.gz."""
    dump = packed(tmp_path / "apiary.sql.gz", gzip.compress(mysql_operator.one_by_one.read_bytes(), 1))
    assert b"USE `apiary`" in mysql_operator.one_by_one.read_bytes()
    files = archive(mysql_operator, tmp_path / "files.tar.gz", "--gzip")
    result = verify(settings, "--dump", dump, "--storage", files, "--app-key-file", mysql_operator.app_key_file)
    assert compared(result, "rows-script") == rows_of(mysql_operator)


@of_mysql
def test_one_database_out_of_all(settings: Settings, mysql_operator: Operator, tmp_path: Path) -> None:
    """--all-databases with GTIDs on, --skip-comments, --skip-tz-utc, as zstd; files in tar.bz2."""
    dump = packed(tmp_path / "all.sql.zst", zstandard.compress(mysql_operator.everything.read_bytes()))
    files = archive(mysql_operator, tmp_path / "files.tar.bz2", "--bzip2")
    key = mysql_operator.app_key_file
    result = verify(settings, "--dump", dump, "--database", "apiary", "--storage", files, "--app-key-file", key)
    assert compared(result, "rows-script") == rows_of(mysql_operator)
    assert "gtid-purged" in {found["code"] for found in result["findings"]}


@of_mysql
def test_a_script_with_nothing_but_statements(settings: Settings, mysql_operator: Operator, tmp_path: Path) -> None:
    """--compact, plain; files in a tar that is not compressed."""
    files = archive(mysql_operator, tmp_path / "files.tar")
    key = mysql_operator.app_key_file
    result = verify(settings, "--dump", mysql_operator.compact, "--storage", files, "--app-key-file", key)
    assert compared(result, "rows-script") == rows_of(mysql_operator)
    assert {"session-settings", "drop-table-missing"} <= {found["code"] for found in result["findings"]}


@of_mariadb
def test_the_dump_of_mariadb_on_mysql(settings: Settings, mariadb_operator: Operator) -> None:
    """Another tool wrote it: rows are compared by value where it writes them in another way."""
    result = verify(
        settings, "--dump", mariadb_operator.plain, "--storage", mariadb_operator.storage,
        "--app-key-file", mariadb_operator.app_key_file,
    )  # fmt: skip
    assert compared_as(result) in ("text", "value")
    assert compared(result, "rows-script") == rows_of(mariadb_operator)
    assert ("MySQL", True) in {(part["name"], part["real"]) for part in result["components"]}


@of_mysql
def test_the_dump_of_mysql_on_mariadb(settings: Settings, mysql_operator: Operator) -> None:
    """MariaDB does not support the collation that MySQL's client had when it made a trigger: known before it runs."""
    process = run(settings, "--mysqld", "mariadbd", "--dump", mysql_operator.plain, "--storage", mysql_operator.storage)
    result = json.loads(process.stdout)
    lines = mysql_operator.plain.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "utf8mb4_0900_ai_ci" in text)
    found, *causes = [found for found in result["findings"] if found["severity"] == "error"]
    assert (causes[0]["code"], causes[0]["subject"]) == ("unknown-collation", f"line {line}")
    assert {cause["code"] for cause in causes} == {"unknown-collation"}
    assert found["message"].startswith(
        f"Check the dump against the target server: this server cannot load the dump: on line {line}, MariaDB "
    )
    assert found["message"].endswith(" does not support the collation utf8mb4_0900_ai_ci (error 1273).")
    assert (process.returncode, result["verdict"]) == (1, "FAIL")


@of_mariadb
def test_restore_leaves_an_instance_to_look_at(settings: Settings, mariadb_operator: Operator) -> None:
    """It answers on loopback after the command has ended, until `cleanup` removes it.

    Of a directory that --tab wrote: its rows become INSERTs, and are compared by value.
    """
    assert mariadb_operator.tab is not None
    process = run(
        settings, "--mysqld", "mariadbd", "--dump", mariadb_operator.tab,
        "--storage", mariadb_operator.storage, "--app-key-file", mariadb_operator.app_key_file, command="restore",
    )  # fmt: skip
    result = whole(process)
    drill_id = result["drill_id"]
    try:
        url = next(line.split()[1] for line in process.stderr.splitlines() if line.startswith("  Apiary "))
        assert url.startswith("http://127.0.0.1:")
        assert requests.get(f"{url}ping", timeout=30).status_code == 401, "not to every user of this machine"
    finally:
        removed = run(settings, drill_id, command="cleanup")
    assert f"removed {drill_id}: " in removed.stdout
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}ping", timeout=30)
    assert compared_as(result) == "value"

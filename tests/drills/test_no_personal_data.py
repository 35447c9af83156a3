"""A backup full of marked values and marked names of files: no output of a drill holds the mark, whatever happens."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pypdf import PdfReader

from harness.base.settings import Settings
from harness.drill.flow import restored
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import MySqlServer, Session, quote_name
from tests.commands import called
from tests.drills.conftest import Backed, drill_of

pytestmark = pytest.mark.xdist_group("verify")

MARK = "Zqxmark"
NUMBER = "90777"
"""The beginning of every GTID, which is nine digits that stand for a person."""

MARKED = re.compile(rf"{MARK}|{NUMBER}\d{{4}}", re.IGNORECASE)

KEPT = {"docusign_access_token", "docusign_refresh_token"}
"""Encrypted: a mark in them would only make them unreadable."""

CONSTANTS = ("migrations", "permissions", "roles")
"""Tables whose texts are names that the application's code knows: with others nobody could log in."""

NOT_OUTPUTS = {"evidence.json", "source-files.jsonl", "artifact-files.jsonl", "target-files.jsonl", "references.jsonl"}
"""What checks and `report --name` read: it stays in the run directory, as the backup does (docs/reports.md)."""


@dataclass(frozen=True)
class Marked:
    """A backup in which every text, and every name of a file that a person can choose, holds the mark."""

    script: Path
    storage: Path
    key: Path
    columns: int


def mark_rows(session: Session, database: str) -> int:
    """Put the mark into every column that has room for it; how many those are."""
    session.execute("SET foreign_key_checks = 0")
    values = list(
        session.rows(
            "SELECT c.table_name, c.column_name, c.data_type, c.character_maximum_length"
            " FROM information_schema.columns c JOIN information_schema.tables t"
            " ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'"
            " WHERE c.table_schema = %s AND c.generation_expression = '' AND c.table_name NOT IN %s"
            " AND (c.character_maximum_length >= 16 OR c.data_type = 'json')",
            (database, CONSTANTS),
        )
    )
    marked = 0
    for table, column, kind, length in values:
        if column in KEPT or column.endswith(("_type", "_filename")) or column == "scanned_agreement":
            continue
        if kind == "json":
            new = f"JSON_OBJECT('{MARK}', '{MARK}')"
        elif kind in ("char", "varchar", "text", "tinytext", "mediumtext", "longtext"):
            new = f"CONCAT('{MARK}', RIGHT({quote_name(column)}, {min(length, 10_000) - len(MARK)}))"
        else:
            continue
        session.execute(
            f"UPDATE {quote_name(table)} SET {quote_name(column)} = {new} WHERE {quote_name(column)} IS NOT NULL"
        )
        marked += 1
    session.execute(f"UPDATE users SET gtid = {NUMBER}0000 + id")
    session.execute("UPDATE users SET first_name = CONCAT('Žofie 🐝 ', RIGHT(first_name, 40)) WHERE id % 2 = 0")
    session.execute("DELETE FROM rsvps WHERE id % 3 = 0")
    session.execute(
        f"UPDATE signatures SET scanned_agreement = REPLACE(scanned_agreement, 'agreements/', 'agreements/{MARK} ')"
        " WHERE scanned_agreement IS NOT NULL"
    )
    return marked


def dump(server: MySqlServer, path: Path) -> None:
    argv = [server.dump, "--no-defaults", *server.tool_arguments(server.admin), server.database]
    dumped = run(server.tools, argv, env=server.tool_environment(server.admin))
    assert dumped.exit_status == 0, dumped.stderr
    path.write_bytes(dumped.stdout)


@pytest.fixture(scope="module")
def marked(settings: Settings, backed: Backed, tmp_path_factory: pytest.TempPathFactory) -> Marked:
    place = tmp_path_factory.mktemp("marked")
    with drill_of(settings, "marked") as drill, restored(drill, backed.backup) as (target, _):
        with target.mysql.session(database=target.mysql.database) as session:
            columns = mark_rows(session, target.mysql.database)
        dump(target.mysql, place / "apiary.sql")
        storage = place / "storage"
        shutil.copytree(target.apiary.storage_root, storage, symlinks=True)
    for path in storage.glob("resumes/*"):
        path.rename(path.with_name(MARK + path.name))
    for path in storage.glob("agreements/*"):
        path.rename(path.with_name(f"{MARK} {path.name}"))
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "33:33", str(storage)], check=True)
    key = place / "app-key"
    key.write_text(backed.app_key)
    return Marked(place / "apiary.sql", storage, key, columns)


@dataclass(frozen=True)
class Ended:
    """A command that ended, and all that it put out."""

    code: int
    console: str
    outputs: dict[str, str]


def verify(marked: Marked, place: Path, script: Path, storage: Path, *, pdf: bool = True) -> Ended:
    """Drill with every output that there is; a PDF, made of the same document as the page, takes the longest."""
    files = {kind: place / f"drill.{kind}" for kind in ("html", "markdown", "junit", *(("pdf",) if pdf else ()))}
    summary = place / "summary.md"
    environment = {
        **os.environ,
        "APIARY_DRILL_STATE_DIR": str(place / "state"),
        "APIARY_DRILL_RUNS_DIR": str(place / "runs"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    argv = ["verify", "--runtime", "process", "--fast"]
    argv += ["--metrics", str(place / "metrics")]
    argv += ["--dump", str(script), "--storage", str(storage), "--app-key-file", str(marked.key)]
    argv += [text for kind, path in files.items() for text in (f"--{kind}", str(path))]
    ended = called(*argv, env=environment)
    console = ended.stdout + ended.stderr
    (run_dir,) = (place / "runs").iterdir()
    outputs = {"console": console}
    for path in sorted([*place.glob("*"), *place.glob("state/*"), *run_dir.rglob("*")]):
        if path.is_file() and path.name not in NOT_OUTPUTS:
            name = str(path.relative_to(place))
            outputs[name] = (
                "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages)
                if path.suffix == ".pdf"
                else path.read_bytes().decode("utf-8", "replace")
            )
    wanted = {*(path.name for path in files.values()), "metrics", "summary.md"}
    assert wanted <= set(outputs), ended.stderr
    assert {"result.json", "report.html"} <= {Path(name).name for name in outputs}
    assert any("history" in name for name in outputs)
    again = called("report", str(run_dir), "--json", env=environment)
    outputs["report --json"] = again.stdout + again.stderr
    return Ended(ended.returncode, " ".join(console.split()), outputs)


def leaks(ended: Ended) -> Iterator[str]:
    """Where the mark stands, with what is around it."""
    for name, text in ended.outputs.items():
        for found in MARKED.finditer(text):
            yield f"{name}: …{text[max(0, found.start() - 60) : found.end() + 20]!r}"


def test_the_mark_is_everywhere_in_the_backup(marked: Marked) -> None:
    """Or the tests below would prove nothing."""
    text = marked.script.read_bytes()
    assert marked.columns > 60
    assert text.count(MARK.encode()) > 1_000
    assert len(re.findall(rb"90777\d{4}", text)) > 50
    assert len([path for path in marked.storage.rglob("*") if MARK in path.name]) > 10


def test_a_drill_of_a_whole_backup_leaks_nothing(marked: Marked, tmp_path: Path) -> None:
    """The documented command as it stands made it, of a database that nobody generated as it is: it passes."""
    ended = verify(marked, tmp_path, marked.script, marked.storage)
    assert "PASS" in ended.console
    assert re.search(r"Report: \S+/report\.html", ended.console)
    assert list(leaks(ended)) == []


def test_findings_about_files_name_nobody(marked: Marked, tmp_path: Path) -> None:
    """A resume is gone, one is called otherwise, one stands where its rows don't know of it: paths in many findings."""
    storage = tmp_path / "storage"
    shutil.copytree(marked.storage, storage, copy_function=shutil.copy2)
    first, second, *_ = sorted(storage.glob("resumes/*"))
    first.unlink()
    second.rename(second.with_name(f"{MARK} other.pdf"))
    agreement = next(iter(storage.glob("agreements/*")))
    agreement.unlink()
    ended = verify(marked, tmp_path, marked.script, storage)
    assert ended.code == 1
    text = ended.outputs["drill.junit"]
    assert text.count("file-reference-missing") >= 3
    assert "file-unreferenced" in text
    assert re.search(r"resumes/~[0-9a-f]{10}\.pdf", text)
    assert list(leaks(ended)) == []


def test_errors_of_the_server_quote_nobody(marked: Marked, tmp_path: Path) -> None:
    """The script gives a user twice: the server names the value, the client may quote the statement."""
    text = marked.script.read_bytes()
    at = text.index(b"INSERT INTO `users` VALUES (")
    start = text.index(b"(", at)
    row = text[start : text.index(b"),(", start) + 1]
    number = row[1 : row.index(b",")]
    twice = b"INSERT INTO `users` VALUES " + row.replace(b"(" + number, b"(" + number + b"00000", 1) + b";\n"
    end = text.index(b"\n", at) + 1
    script = tmp_path / "given" / "twice.sql"
    script.parent.mkdir()
    script.write_bytes(text[:end] + twice + text[end:])
    ended = verify(marked, tmp_path, script, marked.storage)
    assert ended.code == 1
    assert "Duplicate entry '…'" in ended.console
    assert list(leaks(ended)) == []


@pytest.mark.parametrize(
    "statement",
    [f"\\! echo {MARK}", f"SELECT '{MARK}' INTO OUTFILE '/tmp/{MARK}';", f"INSERT INTO t VALUES ('{MARK}"],
    ids=["shell", "file", "cut short"],
)
def test_a_script_that_is_refused_is_not_quoted(marked: Marked, tmp_path: Path, statement: str) -> None:
    script = tmp_path / "given" / "refused.sql"
    script.parent.mkdir()
    script.write_text(
        "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\nCREATE TABLE `users` (`id` int);\n"
        f"{statement}\n-- Dump completed on 2026-11-22  1:00:00\n"
    )
    ended = verify(marked, tmp_path, script, marked.storage, pdf=False)
    assert ended.code == 1
    assert list(leaks(ended)) == []

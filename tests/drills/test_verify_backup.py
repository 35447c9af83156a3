"""An existing backup: what is whole passes, what is not ends with one sentence and the right exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zstandard
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from harness.artifacts.dump.source import open_script
from harness.artifacts.storage.names import coded
from harness.base.settings import Settings
from harness.drill.steps import restore as steps
from harness.faults.storage import unpacked
from harness.procedure.restore.parallel import NotInParallel, run_in_parallel
from harness.records.attestation.keys import generate
from harness.records.schema import SCHEMAS
from harness.runtime.spec import new_app_key
from tests.commands import called
from tests.drills.conftest import Backed

pytestmark = pytest.mark.xdist_group("verify")


def drill(
    settings: Settings, *arguments: str, fast: bool = True, alone: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does; where a drill's times are not looked at, no server waits for the disk."""
    command, *options = arguments
    if fast and command == "verify":
        options.insert(0, "--fast")
    return called(command, *options, env=environment(settings), alone=alone or command == "backup")


def environment(settings: Settings) -> dict[str, str]:
    """Of the command: its directories are this test session's."""
    return {
        **os.environ,
        "APIARY_DRILL_STATE_DIR": str(settings.state_dir),
        "APIARY_DRILL_RUNS_DIR": str(settings.runs_dir),
    }


def output_of(process: subprocess.CompletedProcess[str]) -> str:
    """The command's stderr, its lines joined (a console wraps them)."""
    return " ".join(process.stderr.split())


def rows_of(backed: Backed) -> int:
    """How many rows the manifest promises."""
    assert backed.backup.manifest is not None
    return sum(table.rows for table in backed.backup.manifest.tables)


@pytest.fixture
def script(backed: Backed, tmp_path: Path) -> Path:
    """The dump of a generated Apiary as plain text."""
    path = tmp_path / "apiary.sql"
    with path.open("wb") as file:
        for chunk in open_script(backed.backup.dump):
            file.write(chunk)
    return path


def storage_directory(backed: Backed, directory: Path) -> Path:
    """The storage artifact unpacked by tar, as an operator's own copy would be."""
    directory.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", str(backed.backup.storage), "-C", str(directory)], check=True)
    return directory


def how_loaded(result: dict[str, Any]) -> str:
    """What the report says of the script's load behind its size."""
    (detail,) = (step["detail"] for step in result["steps"] if step["name"] == "restore-database")
    return str(detail).partition("of script")[2]


def test_a_backup_directory_is_drilled_by_its_manifest(
    settings: Settings, backed: Backed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a manifest, rows are compared with the source's own digests as well; others are warned, and can check it."""
    monkeypatch.setattr(steps, "WORTHWHILE_BYTES", 1)
    directory, key, metrics = tmp_path / "backup", tmp_path / "key", tmp_path / "drill.prom"
    shutil.copytree(backed.directory, directory)
    generate(key, None)
    asked = ("--runtime", "process", "--json", "--sign", str(key), "--metrics", str(metrics))
    process = drill(settings, "verify", *asked, str(directory))
    result = json.loads(process.stdout)
    assert re.fullmatch(r", over \d connections, the indexes of 0 tables after their rows", how_loaded(result))
    assert process.returncode == 0, "without the key of the source its encrypted values are not proven, and no error"
    assert "app-key-not-given" in {finding["code"] for finding in result["findings"]}
    assert not [finding for finding in result["findings"] if finding["severity"] == "error"]
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert compared["rows-source"] == compared["rows-script"] == rows_of(backed)
    Draft202012Validator(json.loads(SCHEMAS[0].text())).validate(result)
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.read_text())
        for sample in family.samples
    }
    assert values["apiary_drill_rows", result["backup"]] == rows_of(backed)
    assert values["apiary_drill_last_good_timestamp_seconds", result["backup"]] > 0
    evidence = settings.runs_dir / result["drill_id"] / "evidence.intoto.jsonl"
    manifest = {"role": "manifest", "name": "manifest.json"}
    assert manifest in [{part: file[part] for part in manifest} for file in result["artifacts"]], "it is signed too"
    checked = drill(settings, "evidence", "verify", str(evidence), "--key", f"{key}.pub", "--artifact", str(directory))
    assert "backup/manifest.json unchanged" in checked.stdout
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (
        0,
        "The signature is valid, and every file is unchanged.",
    )
    (directory / "manifest.json").write_text((directory / "manifest.json").read_text().replace("apiary", "apiarY", 1))
    verify = ("evidence", "verify", str(evidence), "--key", f"{key}.pub")
    checked = drill(settings, *verify, "--artifact", str(directory))
    assert "✗ backup/manifest.json changed since signing" in checked.stdout
    assert (checked.returncode, checked.stdout.splitlines()[-1].endswith("were changed after signing.")) == (1, True)
    checked = drill(settings, *verify)
    assert (checked.returncode, "give their location with --artifact" in checked.stdout) == (3, True)


def test_a_backup_that_was_altered_is_not_the_manifests(
    settings: Settings, backed: Backed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row less in the script, three files that differ: digests, the table, the key and the files tell.

    The load in parallel fails with all of it done, and the client loads it once more.
    """

    def fail(*arguments: Any) -> None:
        run_in_parallel(*arguments)
        raise NotInParallel("ERROR 1213: Deadlock found")

    monkeypatch.setattr(steps, "WORTHWHILE_BYTES", 1)
    monkeypatch.setattr(steps, "run_in_parallel", fail)
    directory = tmp_path / "backup"
    shutil.copytree(backed.directory, directory)
    text = b"".join(open_script(directory / "database.sql.zst"))
    at = text.index(b"INSERT INTO `rsvps` VALUES (")
    end = text.index(b"),(", at)
    altered = text[: text.index(b"(", at)] + text[end + 2 :]
    (directory / "database.sql.zst").write_bytes(zstandard.ZstdCompressor().compress(altered))
    with unpacked(directory / "storage.tar.zst", tmp_path) as root:
        changed, missing, *_ = sorted((root / "resumes").iterdir())
        changed.write_bytes(changed.read_bytes() + b"\n")
        missing.unlink()
        (root / "public" / "new.txt").parent.mkdir(exist_ok=True)
        (root / "public" / "new.txt").write_text("bees")
    process = drill(settings, "verify", "--json", "--runtime", "process", str(directory))
    result = json.loads(process.stdout)
    assert how_loaded(result) == ", as it stands (in parallel: ERROR 1213: Deadlock found)"
    assert process.returncode == 1
    errors = {(f["code"], f["subject"]) for f in result["findings"] if f["severity"] == "error"}
    assert {("artifact-digest", "database.sql.zst"), ("row-count", "rsvps")} <= errors
    assert {
        ("artifact-digest", "storage.tar.zst"),
        ("file-size", coded(f"resumes/{changed.name}".encode())),
        ("file-missing", coded(f"resumes/{missing.name}".encode())),
        ("file-extra", coded(b"public/new.txt")),
    } <= errors, "the files that differ from the backup's own list are named"


def test_a_dump_that_is_cut_short_is_a_bad_backup(settings: Settings, script: Path, tmp_path: Path) -> None:
    """Exit code 1, and the sentence says where it ends."""
    with script.open("r+b") as file:
        file.truncate(script.stat().st_size // 2)
    storage = tmp_path / "storage"
    storage.mkdir()
    process = drill(settings, "verify", "--quiet", "--dump", str(script), "--storage", str(storage))
    assert (process.returncode, process.stderr) == (1, "")
    first, *found, last = process.stdout.splitlines()
    assert first.startswith("FAIL  ")
    assert "the dump apiary.sql is truncated: " in found[0]
    assert last.startswith(f"Report: {settings.runs_dir}")
    assert not list((settings.state_dir / "drills").iterdir()), "nothing is left behind"


def test_an_archive_that_is_cut_short_is_found_before_a_server_starts(
    settings: Settings, backed: Backed, tmp_path: Path
) -> None:
    archive, whole = tmp_path / "storage.tar.zst", backed.backup.storage
    assert isinstance(whole, Path)
    archive.write_bytes(whole.read_bytes()[:-5000])
    process = drill(
        settings, "verify", "--json", "--dump", str(backed.directory / "database.sql.zst"), "--storage", str(archive)
    )
    result = json.loads(process.stdout)
    assert (process.returncode, result["verdict"]) == (1, "FAIL")
    assert "storage.tar.zst" in result["reasons"][0]
    assert (result["components"], [step["name"] for step in result["steps"]]) == ([], ["read"])
    key = tmp_path / "app-key"
    key.write_text("base64:c2hvcnQ=")
    process = drill(settings, "verify", str(backed.directory), "--app-key-file", str(key))
    assert (process.returncode, process.stdout) == (2, "")
    assert f"--app-key-file: {key} does not contain an APP_KEY" in output_of(process)


def test_an_empty_dump_is_a_bad_backup(settings: Settings, tmp_path: Path) -> None:
    """A file of no bytes, and a dump of no tables."""
    storage = tmp_path / "storage"
    storage.mkdir()
    empty = tmp_path / "empty.sql"
    empty.touch()
    process = drill(settings, "verify", "--dump", str(empty), "--storage", str(storage))
    assert process.returncode in (1, 2)
    assert "empty" in output_of(process) + process.stdout
    header = tmp_path / "header.sql"
    header.write_text(
        "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\n--\n-- Host: localhost    Database: apiary\n"
        "-- Server version\t9.7.4\n/*!40101 SET NAMES utf8mb4 */;\n-- Dump completed on 2026-11-22  1:00:00\n"
    )
    process = drill(settings, "verify", "--dump", str(header), "--storage", str(storage))
    assert process.returncode == 1
    assert "contains no table" in " ".join(process.stdout.split())


def test_a_storage_that_is_not_there_is_bad_usage(settings: Settings, script: Path, tmp_path: Path) -> None:
    """Exit code 2, before anything is started."""
    process = drill(settings, "verify", "--dump", str(script), "--storage", str(tmp_path / "nowhere"))
    assert process.returncode == 2
    assert f"Invalid value for --storage: not found: {tmp_path / 'nowhere'}" in output_of(process)


def test_a_database_that_the_script_does_not_hold(settings: Settings, tmp_path: Path) -> None:
    """A wrong name on the command line is bad usage; what a configuration names is lost: a result that is kept."""
    storage = tmp_path / "storage"
    storage.mkdir()
    script = tmp_path / "two.sql"
    script.write_text(
        "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\nCREATE DATABASE `one`;\nUSE `one`;\n"
        "CREATE TABLE `a` (`id` int);\nCREATE DATABASE `two`;\nUSE `two`;\nCREATE TABLE `b` (`id` int);\n"
        "-- Dump completed on 2026-11-22  1:00:00\n"
    )
    process = drill(settings, "verify", "--dump", str(script), "--storage", str(storage), "--database", "three")
    assert (process.returncode, "Start the servers" in process.stdout) == (2, False)
    assert "contains no database three; it contains one, two HINT: Choose one of these with --database." in output_of(
        process
    )
    process = drill(settings, "inspect", str(script), "--database", "three")
    assert process.returncode == 2, process.stdout
    configuration = tmp_path / "apiary-drill.toml"
    configuration.write_text('[backup]\ndump = "two.sql"\nstorage = "storage"\ndatabase = "three"\n')
    process = drill(settings, "verify", "--json", "--config", str(configuration))
    assert process.returncode == 1
    result = json.loads(process.stdout)
    (found,) = [finding for finding in result["findings"] if finding["code"] == "database-missing"]
    assert (result["verdict"], found["subject"]) == ("FAIL", "three")
    assert found["message"] == "The dump does not contain three, but one, two."
    assert (result["components"], [step["name"] for step in result["steps"]]) == ([], ["read"]), "nothing was started"
    assert json.loads((settings.runs_dir / result["drill_id"] / "result.json").read_text())["verdict"] == "FAIL"


def test_the_key_of_another_instance_is_found_before_any_server_starts(
    settings: Settings, backed: Backed, script: Path, tmp_path: Path
) -> None:
    """Exit code 2: nothing was restored, and nothing is wrong with the backup."""
    key = tmp_path / "key"
    for contents in (new_app_key(), f"{new_app_key()}\nAPP_PREVIOUS_KEYS={new_app_key()}"):
        key.write_text(contents)
        for backup in ([str(backed.directory)], ["--dump", str(script), "--storage", str(backed.backup.storage)]):
            process = drill(settings, "verify", "--json", "--app-key-file", str(key), *backup)
            assert (process.returncode, process.stdout) == (2, ""), process.stderr
            assert "the APP_KEY does not belong to this backup: it made none of the " in output_of(process)
            assert "Start the servers" not in process.stderr


def test_a_server_program_that_is_named_and_not_there_is_bad_usage(
    settings: Settings, script: Path, tmp_path: Path
) -> None:
    """Exit code 2, with what was looked for and the ways to get it."""
    storage = tmp_path / "storage"
    storage.mkdir()
    process = drill(settings, "verify", "--dump", str(script), "--storage", str(storage), "--mysqld", "no-such-server")
    assert process.returncode == 2
    assert "no database server: no no-such-server in " in output_of(process)
    assert " doctor --install` installs what is missing." in output_of(process)


def test_a_script_that_wants_a_shell_is_refused(settings: Settings, tmp_path: Path) -> None:
    """The line is named, and nothing was run."""
    storage = tmp_path / "storage"
    storage.mkdir()
    script = tmp_path / "evil.sql"
    mark = tmp_path / "pwned"
    script.write_text(
        "-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\nCREATE TABLE `users` (`id` int);\n"
        f"\\! touch {mark}\n-- Dump completed on 2026-11-22  1:00:00\n"
    )
    process = drill(settings, "verify", "--dump", str(script), "--storage", str(storage))
    assert process.returncode == 1
    assert "evil.sql was rejected: on line 3" in " ".join(process.stdout.split())
    assert not mark.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="owners and modes are restored by root alone")
def test_files_that_are_there_and_cannot_be_used(
    settings: Settings, backed: Backed, script: Path, tmp_path: Path
) -> None:
    """Without a manifest nothing says what a file held: each kind of damage is one error, and there are no others."""
    storage = storage_directory(backed, tmp_path / "storage")
    files = sorted((storage / "docusign").glob("*/*.pdf"))[:7]
    names = [coded(os.fsencode(path.relative_to(storage))) for path in files]
    empty, zeros, page, cut, closed, link, nested = files
    empty.write_bytes(b"")
    zeros.write_bytes(bytes(zeros.stat().st_size))
    page.write_text("<!DOCTYPE html>\n<title>502 Bad Gateway</title>")
    cut.write_bytes(cut.read_bytes()[:-40])
    os.chown(closed, 0, 0)
    closed.chmod(0o600)
    link.unlink()
    link.symlink_to("gone.pdf")
    deeper = storage / "app" / nested.relative_to(storage)
    deeper.parent.mkdir(parents=True)
    nested.rename(deeper)
    process = drill(
        settings, "verify", "--json", "--runtime", "process", "--dump", str(script), "--storage", str(storage)
    )
    result = json.loads(process.stdout)
    errors = {(f["code"], f["subject"]): f["actual"] for f in result["findings"] if f["severity"] == "error"}
    (lacking,) = [f for f in result["findings"] if f["code"] == "file-reference-missing"]
    assert (process.returncode, result["verdict"], lacking["expected"]) == (1, "FAIL", names[6])
    assert errors == {
        ("file-content", names[0]): "empty",
        ("file-content", names[1]): "zeros",
        ("file-content", names[2]): "html",
        ("file-content", names[3]): "pdf-without-end",
        ("file-unreadable", names[4]): "0:0 0600",
        ("link-broken", names[5]): "nothing",
        ("file-reference-missing", lacking["subject"]): "nothing",
        ("storage-nested", "app"): "1 files",
    }

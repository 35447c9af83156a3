"""The backup of the real Apiary is healthy: it passes, and each thing taken out of it is an error that names it."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from harness.base.guide import PRESTART_COMMANDS
from harness.base.settings import Settings
from tests.drills.test_verify_backup import drill
from tests.unit.inputs.test_zips import PASSWORD, Entry, zip_of

pytestmark = pytest.mark.xdist_group("real-apiary")

REAL = Path(__file__).parents[1] / "data" / "real-apiary"

HTML = "var/www/html"
"""Where Apiary is in production."""

ACCEPTED = {"log-bin-privilege", "gtid-purged", "orphans-accepted", "index-not-imported"}
"""Warnings of the healthy backup: its plain dump sets what only an administrator may, and the guide loses these."""

ENVELOPE = "docusign/00000012-0001-4000-8000-000000000012"
"""The envelope of the row that is taken out."""

DOCUMENTS = (
    "COVID Risk Acknowledgement",
    "Direct Bill Airfare Request",
    "Itinerary Request",
    "Summary",
    "Travel Information Form",
)
CHILDREN = (
    "attendance.recorded_by",
    "docusign_envelopes.signed_by",
    "dues_transactions.user_id",
    "events.organizer_id",
    "payments.recorded_by",
    "rsvps.user_id",
    "signatures.user_id",
    "team_user.user_id",
    "travel_assignments.user_id",
)
"""What refers to the three users that are taken out."""


def verify(settings: Settings, *arguments: str, alone: bool = False) -> tuple[int, dict[str, Any]]:
    """Exit code and result."""
    key = ("--app-key-file", str(REAL / "app-key"))
    process = drill(settings, "verify", "--json", *key, *arguments, alone=alone)
    assert process.stdout, process.stderr
    assert PASSWORD.decode() not in process.stdout + process.stderr
    return process.returncode, json.loads(process.stdout)


def found(result: dict[str, Any], severity: str) -> list[tuple[str, str]]:
    """Code and subject of each finding of a severity."""
    return [(each["code"], each["subject"]) for each in result["findings"] if each["severity"] == severity]


def without(script: bytes, table: str, first: bytes, following: bytes) -> bytes:
    """The script without the rows of a table from one key up to another."""
    at = script.index(b"INSERT INTO `%s` VALUES " % table.encode())
    begin = script.index(b"(%s," % first, at)
    return script[:begin] + script[script.index(b"(%s," % following, begin) :]


def spatie_zip(directory: Path, name: str, script: bytes, left_out: str = "") -> tuple[str, ...]:
    """What names a backup that Laravel's usual package made: one encrypted zip with the whole application.

    It holds the dump, the storage below the path that it has in production, and something of the application besides.
    """
    entries: list[Entry] = [
        ("db-dumps/mysql-apiary.sql.gz", gzip.compress(script)),
        (f"{HTML}/", b""),
        (f"{HTML}/artisan", b"#!/usr/bin/env php\n"),
        (f"{HTML}/database/schema/mysql-schema.sql", b"-- not the dump\n"),
        (f"{HTML}/public/index.php", b"<?php\n"),
    ]
    with tarfile.open(REAL / "storage.tar.gz") as storage:
        for member in storage:
            path = f"{HTML}/storage/app/{member.name.removeprefix('.').strip('/')}"
            if member.isdir():
                entries.append((f"{path.rstrip('/')}/", b""))
            elif not left_out or not path.endswith(left_out):
                content = storage.extractfile(member)
                assert content is not None
                entries.append((path, content.read()))
    secret = directory / "zip-password"
    secret.write_bytes(PASSWORD)
    packed = zip_of(directory / name, *entries, password=PASSWORD)
    return str(packed), "--password-file", str(secret)


@pytest.mark.parametrize(
    ("where", "zone"),
    [
        pytest.param(("--runtime", "process"), "America/New_York", id="process-zip"),
        pytest.param(("--runtime", "process", "--mysqld", "mariadbd"), "Asia/Kathmandu", id="process-mariadb"),
        pytest.param(("--runtime", "docker"), "UTC", id="docker", marks=pytest.mark.docker),
    ],
)
def test_the_real_backup_passes(
    settings: Settings,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[str, ...],
    zone: str,
) -> None:
    """With warnings only for what is really accepted, and every row, file and migration compared.

    The zone of the machine does not matter: the newest row was written at 08:20:35 in New York. Nor does it matter
    whether the backup is a zip of everything, or a dump and a tar archive.
    """
    monkeypatch.setenv("TZ", zone)
    if "docker" in where:
        request.getfixturevalue("engine")
    dump, storage = REAL / "apiary.sql.gz", REAL / "storage.tar.gz"
    named: tuple[str, ...] = ("--dump", str(dump), "--storage", str(storage))
    artifacts = [dump.name, storage.name]
    if zone == "America/New_York":
        artifacts = ["2026-11-22-02-00-00.zip"]
        named = spatie_zip(tmp_path, artifacts[0], gzip.decompress(dump.read_bytes()))
    # A process reads its zone when it starts.
    code, result = verify(settings, *where, "--rpo", "36500d", *named, alone=True)
    assert found(result, "error") == []
    assert (code, result["verdict"]) == (0, "PASS")
    assert {code for code, _ in found(result, "warning")} == ACCEPTED
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert (compared["rows-script"], compared["migrations"]) == (2461, 207)
    assert (compared["table-set"], compared["file-references"] >= 240) == (53, True)
    start = next(step for step in result["steps"] if step["name"] == "start")
    assert start["detail"] == "after " + ", ".join((*PRESTART_COMMANDS[1:], "migrate --force"))
    assert result["recovery_point_at"] == "2026-11-29T13:20:35Z"
    assert result["recovery_point_local"] == "2026-11-29 08:20:35 America/New_York"
    assert [file["name"] for file in result["artifacts"]] == artifacts
    if artifacts[0].endswith(".zip"):
        return
    runbook = drill(settings, "runbook", str(settings.runs_dir / result["drill_id"]), alone=True)
    text = runbook.stdout.replace("\\", "")
    assert f"PASS Drill {result['drill_id']} restored this backup in " in text
    assert "What was written after 2026-11-29 08:20:35 America/New_York is lost" in text
    for title in ("2. Stop the application", "3. Restore the files", "4. Load the database", "5. Start", "6. Rebuild"):
        assert re.search(rf"^## {title}.* [(]took [\d.]+ s in the drill[)]$", text, re.MULTILINE), title


def test_each_thing_taken_out_is_an_error_that_names_it(settings: Settings, tmp_path: Path) -> None:
    """Three users, an envelope's row and a referenced file are gone, in the script and in the archive alike.

    Script and restored database agree on it all; what else the backup holds tells.
    """
    script = gzip.decompress((REAL / "apiary.sql.gz").read_bytes())
    script = without(script, "users", b"246", b"249")
    script = without(script, "docusign_envelopes", b"139", b"140")
    dump, storage = tmp_path / "apiary.sql", tmp_path / "storage.tar"
    dump.write_bytes(script)
    with tarfile.open(REAL / "storage.tar.gz") as whole, tarfile.open(storage, "w") as less:
        for member in whole:
            if not member.name.endswith("agreements/zkoch29.pdf"):
                less.addfile(member, whole.extractfile(member) if member.isfile() else None)
    code, result = verify(settings, "--runtime", "process", "--dump", str(dump), "--storage", str(storage))
    errors = found(result, "error")
    assert (code, result["verdict"]) == (1, "FAIL")
    assert set(errors) == {
        ("file-reference-missing", "signatures id=81 (scanned_agreement)"),
        *(("file-unreferenced", f"{ENVELOPE}/{name}.pdf") for name in DOCUMENTS),
        *(("orphans", column) for column in CHILDREN),
    }


def test_a_row_and_a_file_less_in_a_zip_are_named(settings: Settings, tmp_path: Path) -> None:
    """Its files are newer than its dump, so that those without a row are no errors."""
    script = gzip.decompress((REAL / "apiary.sql.gz").read_bytes())
    script = without(script, "users", b"246", b"247")
    named = spatie_zip(tmp_path, "less.zip", script, left_out="agreements/zkoch29.pdf")
    code, result = verify(settings, "--runtime", "process", *named)
    errors = found(result, "error")
    assert (code, result["verdict"]) == (1, "FAIL")
    assert ("file-reference-missing", "signatures id=81 (scanned_agreement)") in errors
    assert {code for code, _ in errors} == {"file-reference-missing", "orphans"}
    assert any("users" in one["message"] for one in result["findings"] if one["code"] == "orphans")

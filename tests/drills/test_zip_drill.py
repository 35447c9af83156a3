"""The backup of the real Apiary as Laravel's usual package packs it: one encrypted zip with the whole application."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from harness.base.settings import Settings
from tests.drills.test_real_apiary import ACCEPTED, REAL, found, without
from tests.drills.test_verify_backup import drill
from tests.unit.inputs.test_zips import PASSWORD, Entry, zip_of

pytestmark = pytest.mark.xdist_group("real-apiary")

HTML = "var/www/html"


def spatie_zip(path: Path, script: bytes, left_out: str = "") -> Path:
    """The dump, the storage below the path that it has in production, and something of the application besides."""
    entries: list[Entry] = [
        ("db-dumps/mysql-apiary.sql.gz", gzip.compress(script)),
        (f"{HTML}/", b""),
        (f"{HTML}/artisan", b"#!/usr/bin/env php\n"),
        (f"{HTML}/database/schema/mysql-schema.sql", b"-- not the dump\n"),
        (f"{HTML}/public/index.php", b"<?php\n"),
    ]
    with tarfile.open(REAL / "storage.tar.gz") as storage:
        for member in storage:
            name = f"{HTML}/storage/app/{member.name.removeprefix('.').strip('/')}"
            if member.isdir():
                entries.append((f"{name.rstrip('/')}/", b""))
            elif not left_out or not name.endswith(left_out):
                content = storage.extractfile(member)
                assert content is not None
                entries.append((name, content.read()))
    return zip_of(path, *entries, password=PASSWORD)


def verify(settings: Settings, path: Path) -> tuple[int, dict[str, Any]]:
    secret = path.with_name("zip-password")
    secret.write_bytes(PASSWORD)
    process = drill(
        settings, "verify", "--json", "--runtime", "process", str(path), "--password-file", str(secret),
        "--app-key-file", str(REAL / "app-key"),
    )  # fmt: skip
    assert process.stdout, process.stderr
    assert PASSWORD.decode() not in process.stdout + process.stderr
    return process.returncode, json.loads(process.stdout)


def test_a_zip_of_the_real_apiary_passes(settings: Settings, tmp_path: Path) -> None:
    """As its dump and its tar archive do (test_real_apiary.py): every row and file is compared."""
    script = gzip.decompress((REAL / "apiary.sql.gz").read_bytes())
    code, result = verify(settings, spatie_zip(tmp_path / "2026-11-22-02-00-00.zip", script))
    assert found(result, "error") == []
    assert (code, result["verdict"]) == (0, "PASS")
    assert {code for code, _ in found(result, "warning")} <= ACCEPTED
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert (compared["rows-script"], compared["table-set"]) == (2461, 53)
    assert compared["file-references"] >= 240
    assert [file["name"] for file in result["artifacts"]] == ["2026-11-22-02-00-00.zip"]


def test_a_row_and_a_file_less_in_a_zip_are_named(settings: Settings, tmp_path: Path) -> None:
    script = gzip.decompress((REAL / "apiary.sql.gz").read_bytes())
    script = without(script, "users", b"246", b"247")
    path = spatie_zip(tmp_path / "less.zip", script, left_out="agreements/zkoch29.pdf")
    code, result = verify(settings, path)
    errors = found(result, "error")
    assert (code, result["verdict"]) == (1, "FAIL")
    assert ("file-reference-missing", "signatures id=81 (scanned_agreement)") in errors
    assert {code for code, _ in errors} == {"file-reference-missing", "orphans"}
    assert any("users" in one["message"] for one in result["findings"] if one["code"] == "orphans")

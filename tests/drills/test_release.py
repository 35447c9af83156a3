"""Before a release: a backup of the running version under a newer application, on both runtimes."""

from __future__ import annotations

import io
import json
import secrets
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.base.settings import Settings
from harness.runtime.docker.images import LOCAL_STANDIN
from harness.standins import apiary as standins
from tests.drills.conftest import Backed
from tests.drills.test_verify_backup import drill, rows_of

pytestmark = pytest.mark.xdist_group("verify")

NEXT = Path(standins.__file__).parent / "schema/next.sql"

EXPECTED = {
    ("migration-table-added", "standin_badges"),
    ("migration-column-added", "travel.standin_note"),
    ("migration-column-added", "notification_templates.standin_archived_at"),
    ("migration-column-rewritten", "majors.school"),
    ("migration-object", "column events.location"),
    ("migration-rows-added", "migrations"),
}
"""What schema/next.sql does, and what Laravel writes down of it."""


def verify(settings: Settings, backed: Backed, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    key = tmp_path / "key"
    key.write_text(backed.app_key)
    return drill(settings, "verify", "--json", str(backed.directory), "--app-key-file", str(key), *arguments)


def migrations_of(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f["code"], f["subject"]) for f in result["findings"] if f["code"].startswith("migration-")}


@pytest.fixture
def newer_image(engine: docker.DockerClient) -> Iterator[str]:
    """An image of an Apiary that is one release newer."""
    reference = f"test-apiary-{secrets.token_hex(4)}:next"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        text = f"FROM {LOCAL_STANDIN}\nENV STANDIN_RELEASE=next\n".encode()
        header = tarfile.TarInfo("Dockerfile")
        header.size = len(text)
        archive.addfile(header, io.BytesIO(text))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=reference, rm=True)
    yield reference
    engine.images.remove(reference, force=True)


@pytest.mark.docker
def test_a_newer_image_migrates_what_came_back(
    settings: Settings, backed: Backed, newer_image: str, tmp_path: Path
) -> None:
    """`--apiary-image` alone says that it is a release that is drilled.

    Everything is compared before the migrations run, and what they changed is reported.
    """
    process = verify(settings, backed, tmp_path, "--runtime", "docker", "--apiary-image", newer_image)
    result = json.loads(process.stdout)
    assert [f for f in result["findings"] if f["severity"] == "error"] == []
    assert process.returncode == 0, process.stderr
    assert migrations_of(result) == EXPECTED
    checks = {check["check"]: check for check in result["checks"]}
    assert checks["rows-source"]["compared"] == checks["rows-script"]["compared"] == rows_of(backed)
    assert dict(checks["release"]["evidence"])["migrations that ran"] == "5"
    assert dict(checks["migrations"]["evidence"])["migrations that ran"] == str(121 + 86 + 5)
    steps = [step["name"] for step in result["steps"]]
    assert steps.index("restore-database") < steps.index("redump") < steps.index("migrate") < steps.index("start")
    assert newer_image in json.dumps(result["components"])


def test_a_migration_that_fails_on_the_data_is_named(settings: Settings, backed: Backed, tmp_path: Path) -> None:
    """It would run on an empty database: only the backup shows it."""
    release = tmp_path / "release.sql"
    release.write_text(
        "-- migration: 2027_02_01_000000_fine\nalter table `teams` add `motto` varchar(20) default null;\n\n"
        "-- migration: 2027_02_02_000000_one_rsvp_for_all\n"
        "alter table `rsvps` add `single` int not null default 1;\n"
        "alter table `rsvps` add unique key `rsvps_single_unique` (`single`);\n"
    )
    process = verify(settings, backed, tmp_path, "--runtime", "process", "--standin-release", str(release))
    result = json.loads(process.stdout)
    assert (process.returncode, result["verdict"]) == (1, "FAIL")
    assert result["reasons"] == [
        "Run the migrations of the newer application: a migration failed on the data of this backup: "
        "2027_02_02_000000_one_rsvp_for_all, with error 1062."
    ]


def test_a_migration_that_loses_rows_is_found(settings: Settings, backed: Backed, tmp_path: Path) -> None:
    """And a table that goes with its rows, and a column with its values; as local processes, with all that the next
    release changes besides."""
    release = tmp_path / "release.sql"
    release.write_text(
        NEXT.read_text() + "\n-- migration: 2027_02_01_000000_lossy\n"
        "delete from `rsvps` order by `id` limit 1;\n"
        "alter table `events` drop column `location`;\n"
        "drop table `major_user`;\n"
    )
    process = verify(settings, backed, tmp_path, "--runtime", "process", "--standin-release", str(release))
    result = json.loads(process.stdout)
    assert process.returncode == 1
    assert migrations_of(result) >= EXPECTED - {("migration-object", "column events.location")}, "that one is gone"
    findings = {
        (f["code"], f["severity"], f["subject"]) for f in result["findings"] if f["code"].startswith("migration-")
    }
    assert {
        ("migration-rows-lost", "error", "rsvps"),
        ("migration-table-dropped", "error", "major_user"),
        ("migration-column-dropped", "warning", "events.location"),
    } <= findings
    lost = next(f for f in result["findings"] if f["code"] == "migration-rows-lost")
    assert int(lost["expected"]) == int(lost["actual"]) + 1
    assert "First primary keys: [1]." in lost["message"]
    errors = {f["code"] for f in result["findings"] if f["severity"] == "error"}
    assert errors == {"migration-rows-lost", "migration-table-dropped"}, "what came back was whole before it"

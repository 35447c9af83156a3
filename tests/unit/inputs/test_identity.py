"""What the same backup is: dates in a location don't count, everything else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.inputs.identity import backup_of_location, backup_of_scenario, checked_name
from tests.tables import over_table


@over_table(
    "path, name",
    [
        ("/backups/apiary-2026-11-22.sql.gz", "/backups/apiary-*.sql.gz"),
        ("/backups/apiary_20261122.sql", "/backups/apiary_*.sql"),
        ("/backups/apiary-20261122T214200Z.sql", "/backups/apiary-*.sql"),
        ("/backups/apiary-2026-11-22_21-42-00.sql", "/backups/apiary-*.sql"),
        ("/backups/2026-11-22", "/backups/*"),
        ("/backups/2026/11/22/apiary.sql", "/backups/*/apiary.sql"),
        ("/backups/apiary.1795393372.sql", "/backups/apiary.*.sql"),
        ("/backups/apiary-2026-11.sql", "/backups/apiary-*.sql"),
    ],
)
def test_dates_are_left_out(path: str, name: str) -> None:
    assert backup_of_location(Path(path)) == name


@over_table("path", [
        "/backups/apiary1/dump.sql", "/backups/apiary-8.4.sql", "/backups/20269/a.sql", "/srv/1234/a.sql",
        "/backups/2026-13-40.sql",
    ])  # fmt: skip
def test_other_digits_stay(path: str) -> None:
    """Two instances must not be taken for one: the drill of one would hide the silence of the other."""
    assert backup_of_location(Path(path)) == path


def test_a_relative_path_is_the_place_that_it_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert backup_of_location(Path("a.sql")) == backup_of_location(tmp_path / "a.sql")


def test_a_name_that_is_no_text_is_escaped() -> None:
    assert backup_of_location(Path("/b\udcff.sql")) == "/b\\xff.sql"


def test_generated_data_has_names_that_nobody_can_choose() -> None:
    assert backup_of_scenario("documented") == "generated data: documented"
    with pytest.raises(UsageError):
        checked_name(backup_of_scenario("documented"), "--backup-name")


@over_table("name", ["", "  ", "a\nb", "x" * 201])
def test_what_can_not_be_a_name(name: str) -> None:
    with pytest.raises(UsageError) as wrong:
        checked_name(name, "--backup-name")
    assert str(wrong.value) == (
        f"--backup-name: {name!r} is not a valid backup name\n"
        "HINT: A name has 1 to 200 printable characters and does not start with 'generated data:'."
    )
    assert checked_name(" the nightly one ", "--backup-name") == "the nightly one"


def test_a_url_is_a_name_without_its_secrets(tmp_path: Path) -> None:
    for url, name in (
        ("s3://bucket/night/apiary-2026-11-22.sql.gz", "s3://bucket/night/apiary-*.sql.gz"),
        ("sftp://root@host:2222/srv/apiary-?.sql", "sftp://host:2222/srv/apiary-?.sql"),
        ("https://user:secret@host/a.sql?X-Amz-Signature=secret", "https://host/a.sql"),
    ):
        assert backup_of_location(url, tmp_path) == name

"""A directory is searched for one script and one storage, by what its entries hold."""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from harness.artifacts.dump.model import DatabaseInfo
from harness.artifacts.dump.source import Parts
from harness.artifacts.dump.tab import TabDirectory
from harness.base.errors import BrokenArtifact, HarnessError, UsageError
from harness.cli.inspection import expected_tables, missing_tables
from harness.inputs.discover import find_backup
from harness.inputs.dumps import named_dump, spool
from harness.inputs.patterns import newest
from tests.tables import over_table
from tests.unit.inputs.test_tab import RECORDED

SCRIPT = b"-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\nCREATE TABLE `t` (`a` int);\n"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A directory with a storage directory in it."""
    directory = tmp_path / "night"
    (directory / "files" / "resumes").mkdir(parents=True)
    return directory


def error_of(directory: Path) -> str:
    with pytest.raises(UsageError) as wrong:
        find_backup(directory)
    return str(wrong.value)


def test_a_script_is_known_by_its_first_bytes_and_a_damaged_one_by_its_name(backup: Path) -> None:
    """The drill then says that it is broken, not that it is missing. Keys and settings lie beside many a backup."""
    packed = gzip.compress(SCRIPT)
    (backup / "notes.txt").write_text("Nothing of importance.\n")
    (backup / ".hidden.sql").write_bytes(SCRIPT)
    for name, content in (
        ("apiary.sql", SCRIPT), ("apiary.sql.gz", packed), ("db", SCRIPT), ("backup.gz", packed),
        ("apiary.sql.gz", b""), ("apiary.sql.gz", packed[:20]), ("apiary.sql.gz", b"<html>"),
    ):  # fmt: skip
        (backup / name).write_bytes(content)
        found = find_backup(backup)
        assert (found.dump, found.storage, found.manifest) == (backup / name, backup / "files", None), content
        (backup / name).unlink()
    (backup / "apiary.sql").write_bytes(SCRIPT)
    for beside in (b"-----BEGIN RSA PRIVATE KEY-----\n", b"---\nkey: value\n", b"SETTINGS=1\n"):
        (backup / "beside").write_bytes(beside)
        assert find_backup(backup).dump == backup / "apiary.sql"


def test_an_archive_is_known_by_its_first_bytes_and_a_damaged_one_by_its_name(backup: Path) -> None:
    """Or a backup that is broken would be bad usage: `storage.tar.gz` of 0 bytes, or with a list of names in front."""
    (backup / "apiary.sql").write_bytes(SCRIPT)
    subprocess.run(["tar", "-C", backup / "files", "-czf", backup / "uploads.bin", "."], check=True)
    shutil.rmtree(backup / "files")
    assert find_backup(backup).storage == backup / "uploads.bin"
    (backup / "uploads.bin").unlink()
    archive = backup / "storage.tar.gz"
    for content in (b"", b"\x1f\x8b\x08\0", b"./\n./resumes/\n\x1f\x8b\x08\0", b"-- text\n"):
        archive.write_bytes(content)
        (backup / "storage.tar.gz.sha256").write_text(f"{hashlib.sha256(content).hexdigest()}  storage.tar.gz\n")
        assert find_backup(backup).storage == archive


def test_the_inner_directory_of_a_storage_that_was_copied_whole(backup: Path) -> None:
    """A directory beside the storage is no second one."""
    (backup / "apiary.sql").write_bytes(SCRIPT)
    (backup / "logs").mkdir()
    assert find_backup(backup).storage == backup / "files"
    (backup / "logs").rmdir()
    (backup / "storage").mkdir()
    (backup / "files").rename(backup / "storage" / "app")
    assert find_backup(backup).storage == backup / "storage" / "app"
    (backup / "storage").rename(backup / "app")
    assert find_backup(backup).storage == backup / "app", "it was copied into itself: a check reports that"


def test_a_tab_directory_is_a_script_and_one_may_lie_two_folders_deeper(backup: Path) -> None:
    shutil.copytree(RECORDED, backup / "tab")
    assert find_backup(backup).dump == TabDirectory(backup / "tab")
    shutil.rmtree(backup / "tab")
    (backup / "db-dumps" / "mysql").mkdir(parents=True)
    (backup / "db-dumps" / "mysql" / "apiary.sql").write_bytes(SCRIPT)
    found = find_backup(backup)
    assert (found.dump, found.storage) == (backup / "db-dumps" / "mysql" / "apiary.sql", backup / "files")


GIVE_BOTH = "HINT: Give the dump with --dump and the storage with --storage."


@over_table(
    "files, message",
    [
        (
            {"apiary.sql": SCRIPT, "manifest.json": b'{"name": "Apiary", "icons": []}'},
            f"^{{}}/manifest.json is not a manifest of apiary-drill: it has no format_version\n{GIVE_BOTH}$",
        ),
        (
            {"b.sql": SCRIPT, "a.sql": SCRIPT},
            f"^{{}} contains more than one mysqldump script: a.sql, b.sql\n{GIVE_BOTH}$",
        ),
        (
            {"users.sql": SCRIPT, "teams.sql": SCRIPT, "events.sql": SCRIPT},
            r"concatenate them \(cat \*.sql > apiary.sql\)",
        ),
        (
            {"apiary.sql.gz.aa": SCRIPT, "apiary.sql.gz.ab": SCRIPT},
            r"put them together \(cat apiary.sql.gz.\* > apiary.sql.gz\)",
        ),
        ({}, "^{} contains no mysqldump script\n"),
    ],
)
def test_what_is_no_backup_is_bad_usage_with_what_to_do(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    (tmp_path / "files" / "resumes").mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert re.search(message.format(tmp_path), error_of(tmp_path))


def test_links_checksums_and_logs_are_no_second_script(backup: Path) -> None:
    """And a checksum is compared with what lies beside it."""
    script = backup / "apiary-20261122.sql"
    script.write_bytes(SCRIPT)
    (backup / "latest.sql").symlink_to(script.name)
    (backup / "gone.sql").symlink_to("nowhere.sql")
    (backup / "loop.sql").symlink_to("loop.sql")
    (backup / "apiary.sql.log").write_text("CREATE is fine\n")
    digest = hashlib.sha256(SCRIPT).hexdigest()
    for name, text in (
        (f"{script.name}.sha256", f"{digest}  {script.name}\n"),
        (f"{script.name}.sha256", f"{digest}\n"),
        (f"{script.name}.md5", f"{hashlib.md5(SCRIPT, usedforsecurity=False).hexdigest()} *{script.name}\n"),
        ("SHA256SUMS", f"{'0' * 64}  other\n{digest}  ./{script.name}\n"),
    ):
        sidecar = backup / name
        sidecar.write_text(text)
        assert find_backup(backup).dump == script
        sidecar.write_text(text.replace(text.split()[-2 if "SUMS" in name else 0], "0" * len(text.split()[0])))
        with pytest.raises(BrokenArtifact, match=f"^{script.name} does not match {name}: its "):
            find_backup(backup)
        sidecar.unlink()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("metadata", "apiary-schema-create.sql", "apiary.users.sql"), "is a dump of mydumper"),
        (("@.json", "apiary@users@@0.tsv.zst"), "is a dump of MySQL Shell"),
        (("xtrabackup_info", "ibdata1"), "is a physical backup"),
        (("config", "data", "index", "keys", "snapshots", "locks"), "is a repository of restic"),
        (("README", "config", "data", "hints.9"), "is a repository of borg"),
    ],
    ids=["mydumper", "mysql-shell", "xtrabackup", "restic", "borg"],
)
def test_the_directories_of_other_tools_are_named(backup: Path, names: tuple[str, ...], message: str) -> None:
    for name in names:
        (backup / name).write_bytes(SCRIPT)
    with pytest.raises(UsageError) as named:
        named_dump([backup])
    for refused in (error_of(backup), str(named.value)):
        assert message in refused
        assert "HINT: " in refused


def test_what_a_zip_of_laravel_backup_unpacks_to_is_a_backup(tmp_path: Path) -> None:
    """The zip itself is one too: test_zips.py."""
    path, unpacked = tmp_path / "2026-11-22.zip", tmp_path / "unpacked"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("db-dumps/mysql-apiary.sql", SCRIPT)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(unpacked)
    (unpacked / "var" / "www" / "html" / "storage" / "app" / "resumes").mkdir(parents=True)
    found = find_backup(unpacked)
    assert (found.dump, found.storage) == (unpacked / "db-dumps" / "mysql-apiary.sql", unpacked / "var")


def test_a_script_without_its_storage_or_with_a_zip_of_it_alone_is_reported(backup: Path) -> None:
    shutil.rmtree(backup / "files")
    (backup / "apiary.sql").write_bytes(SCRIPT)
    assert error_of(backup).startswith(f"{backup} contains no storage directory or archive\n")
    with zipfile.ZipFile(backup / "storage.zip", "w") as archive:
        archive.writestr("resumes/x.pdf", b"%PDF-1.4")
    assert "unpack storage.zip, and name the directory with --storage" in error_of(backup)


def test_of_several_nights_none_is_taken_in_silence(backup: Path) -> None:
    """A link to one of them is no further one; what is still copied, and a signature, is no script."""
    for night in ("2026-11-21", "2026-11-22"):
        (backup / night / "resumes").mkdir(parents=True)
        (backup / night / "apiary.sql").write_bytes(SCRIPT)
        (backup / night / "apiary.sql.asc").write_bytes(b"-----BEGIN PGP SIGNATURE-----")
        (backup / night / "apiary.sql.part").write_bytes(SCRIPT[:9])
    (backup / "latest").symlink_to("2026-11-22")
    assert (
        f"2 folders hold a script of mysqldump: {backup}/2026-11-21, {backup}/2026-11-22\nHINT: Name one of"
        in error_of(backup)
    )
    shutil.rmtree(backup / "2026-11-21")
    assert find_backup(backup).dump == backup / "2026-11-22" / "apiary.sql"


def test_the_newest_that_matches_is_meant(tmp_path: Path) -> None:
    """A link to it is the same file; a link to nothing does not count."""
    for age, name in enumerate(("apiary-1.sql.gz", "apiary-3.sql.gz", "apiary-2.sql.gz", "apiary-4.sql.gz.partial")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    (tmp_path / "apiary-latest.sql.gz").symlink_to("apiary-2.sql.gz")
    (tmp_path / "apiary-old.sql.gz").symlink_to("apiary-0.sql.gz")
    assert newest("apiary-*", tmp_path)[0].resolve() == tmp_path / "apiary-2.sql.gz"
    assert newest(f"{tmp_path}/apiary-[13].sql.gz", Path("/"))[0] == tmp_path / "apiary-3.sql.gz"
    assert newest("apiary-1.sql.gz", tmp_path)[0] == tmp_path / "apiary-1.sql.gz"


def test_two_that_are_equally_new_and_none_at_all_are_errors(tmp_path: Path) -> None:
    for name in ("b.sql", "a.sql"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000, 1000))
    for pattern, message in (
        ("*.sql", "2 candidates for *.sql are equally new: a.sql, b.sql\nHINT: Give one of them, or make the pattern"
         " more specific."),
        ("backups/*.sql", f"no match for backups/*.sql in {tmp_path}\nHINT: Check whether the last backup was made at"
         " all."),
    ):  # fmt: skip
        with pytest.raises(UsageError) as wrong:
            newest(pattern, tmp_path)
        assert str(wrong.value) == message


def test_names_become_a_script(tmp_path: Path) -> None:
    one, two = tmp_path / "structure.sql", tmp_path / "rows.sql"
    one.write_bytes(b"CREATE TABLE t (a int);")
    two.write_bytes(b"INSERT INTO t VALUES (1);")
    assert named_dump([one]) == one
    assert named_dump([RECORDED]) == TabDirectory(RECORDED)
    pair = named_dump([one, two])
    assert pair == Parts((one, two))
    assert pair.name == "structure.sql and rows.sql"
    assert isinstance(pair, Parts)
    assert b"".join(pair.chunks()) == b"CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n"
    for names, message in (
        ([tmp_path / "none"], f"file not found: {tmp_path / 'none'}"),
        ([one, one], "structure.sql was given twice"),
        ([one, RECORDED], f"{RECORDED} is a directory: a pair consists of two dump files"),
    ):
        with pytest.raises(UsageError) as wrong:
            named_dump(names)
        assert wrong.value.fact == message


def test_standard_input_is_kept_where_nobody_else_reads_it(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(SCRIPT)
    with (tmp_path / "in").open("rb") as stream:
        kept = spool(stream, tmp_path)
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (SCRIPT, 0o600)
    kept.unlink()
    kept.mkdir()
    with Path("/dev/null").open("rb") as stream, pytest.raises(HarnessError) as full:
        spool(stream, tmp_path)
    assert str(full.value) == (
        f"cannot store standard input in {tmp_path}: Is a directory\n"
        "HINT: Free space there for all of the dump, or give its FILE: that is not copied."
    )


def test_the_tables_of_an_apiary_are_known_and_what_may_be_left_out_is_not_missing() -> None:
    tables = expected_tables()
    assert len(tables) == 53
    assert {"users", "attendance", "webhook_calls", "devices"} <= set(tables)
    assert "oauth_personal_access_clients" not in tables, "a later migration drops it"
    missing = missing_tables(DatabaseInfo("apiary", False, 1, (), (), ()))
    assert len(missing) == 53 - 14
    assert ("users" in missing, "jobs" in missing) == (True, False)

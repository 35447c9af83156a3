"""A zip of spatie/laravel-backup is a backup; what is wrong with one is named before anything is unpacked.

`data/spatie` was written by PHP 8.2's ZipArchive (libzip 1.7.3) with the script beside it, as the package calls it.
"""

import gzip
import os
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import pyzipper
from click.testing import CliRunner

from harness.artifacts.storage import zipped
from harness.artifacts.storage.archive import read_archive_file
from harness.artifacts.storage.safety import ArchiveLimits
from harness.artifacts.storage.zipped import ZipArchive
from harness.base.errors import BrokenArtifact, HarnessError, UsageError
from harness.cli import config
from harness.cli.command_line import main
from harness.inputs.backup import BackupUnderTest
from harness.inputs.discover import find_backup
from harness.inputs.zips import ZippedScript, read_password
from harness.procedure.restore.script import read_script
from harness.procedure.restore.storage import check_storage
from tests.tables import over_table
from tests.unit.inputs.fetching import sources_of

RECORDED = Path(__file__).parent / "data" / "spatie"
PASSWORD = "Bienenstock ü".encode()
SCRIPT = (Path(__file__).parents[2] / "data" / "cases" / "nested" / "b" / "db-dumps" / "mysql-apiary.sql").read_bytes()
APP = "var/www/html/storage/app"
DUMP = ("db-dumps/mysql-apiary.sql", SCRIPT)
RESUME = (f"{APP}/resumes/x.pdf", b"%PDF-1.4\n%%EOF\n")
Entry = tuple[str | zipfile.ZipInfo, bytes]


def zip_of(path: Path, *entries: Entry, password: bytes | None = None, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive of these entries; the names may be any that Python writes."""
    encryption = pyzipper.WZ_AES if password else None
    with pyzipper.AESZipFile(path, "w", compression=method, encryption=encryption) as archive:
        archive.setpassword(password)
        for name, content in entries:
            if isinstance(name, zipfile.ZipInfo):
                info = pyzipper.zipfile_aes.AESZipInfo(name.filename)
                info.external_attr, info.create_system = name.external_attr, 3
                archive.writestr(info, content)
            else:
                archive.writestr(name, content)
    return path


def special(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


def refused(path: Path, password: bytes | None = None, limits: ArchiveLimits | None = None) -> HarnessError:
    """What `verify` says before any server starts."""
    with pytest.raises(HarnessError) as wrong:
        read_whole(find_backup(path, password), path.parent, limits)
    assert wrong.value.hints
    return wrong.value


def read_whole(found: BackupUnderTest, scratch: Path, limits: ArchiveLimits | None = None) -> list[bytes]:
    assert isinstance(found.storage, ZipArchive)
    read_script(found.dump, None)
    inventory = scratch / "files.jsonl"
    checked = check_storage(found.storage, inventory, limits=limits or ArchiveLimits())
    return [checked.prefix, *sorted(entry.path for entry in read_archive_file(found.storage) if entry.kind == "file")]


@over_table("name, password", [("plain", None), ("aes", PASSWORD)])
def test_what_libzip_wrote_is_read(tmp_path: Path, name: str, password: bytes | None) -> None:
    """Dump, files with their bytes and modes; the application's own `mysql-schema.sql` is no second dump."""
    path = RECORDED / f"{name}.zip"
    found = find_backup(path, password)
    assert isinstance(found.storage, ZipArchive)
    assert (found.dump.name, repr(PASSWORD)[2:-1] in repr(found)) == (f"db-dumps/mysql-apiary.sql in {name}.zip", False)
    assert b"".join(found.dump.chunks()) == SCRIPT if isinstance(found.dump, ZippedScript) else False
    assert read_whole(found, tmp_path) == [
        APP.encode(), b"var/www/html/database/schema/mysql-schema.sql",
        f"{APP}/public/ümlaut.txt".encode(), f"{APP}/resumes/x.pdf".encode(),
    ]  # fmt: skip
    resume = next(entry for entry in read_archive_file(found.storage) if entry.path.endswith(b"x.pdf"))
    assert (resume.content, resume.mode, resume.size_bytes, resume.uid) == ("pdf", 0o644, 17, 33)
    assert found.files == (("database", path),), "the archive is measured once"


def test_other_places_of_dump_and_storage(tmp_path: Path) -> None:
    """`relative_path`, a compressed dump, a storage at the top; folders without a file decide nothing."""
    for name, content, folder in (
        ("db-dumps/mysql-apiary.sql.gz", gzip.compress(SCRIPT), "storage/app"),
        ("mysql-apiary.sql", SCRIPT, "html/storage/app"),
        ("backup/db-dumps/a.sql.gz", gzip.compress(SCRIPT), ""),
    ):
        path = zip_of(
            tmp_path / "b.zip", (name, content), ("var/www/html/storage/app/", b""),
            (f"{folder}/resumes/x.pdf".lstrip("/"), b"%PDF"), ("database/schema/s.sql", b"x"), ("app/", b""),
        )  # fmt: skip
        assert read_whole(find_backup(path), tmp_path)[0] == folder.encode()
        restored = [entry.path for entry in read_archive_file(ZipArchive(path, script=name.encode()))]
        assert name.encode() not in restored
        assert len(restored) == 4


def test_modes_links_and_empty_files(tmp_path: Path) -> None:
    path = zip_of(
        tmp_path / "b.zip", DUMP, RESUME, (f"{APP}/empty", b""), (special(f"{APP}/l", stat.S_IFLNK), b"resumes"),
        (special(f"{APP}/" + "n" * 300, stat.S_IFREG), b"x"), password=b"p",
    )  # fmt: skip
    found = find_backup(path, b"p")
    assert isinstance(found.storage, ZipArchive)
    entries = {entry.path.rpartition(b"/")[2]: entry for entry in read_archive_file(found.storage)}
    assert (entries[b"l"].kind, entries[b"l"].target) == ("symlink", b"resumes")
    assert (entries[b"empty"].size_bytes, entries[b"n" * 300].mode) == (0, 0o644)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_scripts_of_one_name_are_refused(tmp_path: Path) -> None:
    """What must not be unpacked of a storage is refused as of a tar: test_archives.py."""
    error = refused(zip_of(tmp_path / "dumps.zip", DUMP, DUMP, RESUME))
    assert error.fact.endswith("dumps.zip contains db-dumps/mysql-apiary.sql twice")


def test_bombs_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By size, by ratio and by the number of entries; what an entry says of its size is all that is read of it."""
    path = zip_of(tmp_path / "b.zip", DUMP, RESUME, (f"{APP}/zeros", bytes(4 << 20)))
    assert read_whole(find_backup(path), tmp_path)
    for limits, message in (
        (ArchiveLimits(total_bytes=1 << 20), "the storage archive unpacks to more than 1048576 bytes, 4194319 with"),
        (ArchiveLimits(ratio_from_bytes=1 << 20), "above the ratio of 200"),
        (ArchiveLimits(members=1), "the storage archive contains more than 1 members"),
    ):
        assert message in refused(path, limits=limits).fact
    lying = path.read_bytes().replace(struct.pack("<L", 4 << 20), struct.pack("<L", 1 << 20))
    path.write_bytes(lying)
    assert "the zip archive is damaged" in refused(path).fact
    encrypted = zip_of(tmp_path / "e.zip", DUMP, (RESUME[0], bytes(4 << 20)), password=b"p")
    for size, message in (
        (1 << 20, "has more content than"),
        ((4 << 20) - 1, "has more"),
        ((4 << 20) + 1, "lacks 1 bytes"),
    ):
        path.write_bytes(encrypted.read_bytes().replace(struct.pack("<L", 4 << 20), struct.pack("<L", size)))
        assert message in refused(path, b"p").fact
    monkeypatch.setattr(zipped, "MOST_ENTRIES", 3)
    many = zip_of(tmp_path / "many.zip", DUMP, RESUME, *((f"{APP}/{number}", b"") for number in range(9)))
    assert refused(many).fact == f"{many}: the zip archive may contain more than 3 entries"


def test_every_cut_of_a_zip_is_broken_and_no_change_goes_unseen(tmp_path: Path) -> None:
    """Exit code 1 wherever it ends; a changed byte is an error, or changes nothing that is restored."""
    for password in (None, b"p"):
        whole = zip_of(tmp_path / "w.zip", DUMP, RESUME, password=password).read_bytes()
        path = tmp_path / "b.zip"
        healthy = contents(zip_of(tmp_path / "w.zip", DUMP, RESUME, password=password), password)
        for size in range(4, len(whole) - 1, 37):
            path.write_bytes(whole[:size])
            error = refused(path, password)
            assert (type(error), error.exit_code) == (BrokenArtifact, 1), size
            assert error.fact == f"{path}: the zip archive is truncated: it has no end"
        for at in range(4, len(whole), 11):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
            try:
                assert contents(path, password) == healthy, at
            except HarnessError:
                continue


def contents(path: Path, password: bytes | None) -> list[bytes]:
    found = find_backup(path, password)
    assert isinstance(found.storage, ZipArchive)
    assert isinstance(found.dump, ZippedScript)
    return [b"".join(found.dump.chunks()), *(entry.sha256.encode() for entry in read_archive_file(found.storage))]


Change = Callable[[Path], Path]
USAGE: tuple[tuple[str, Change, str], ...] = (
    ("no script", lambda p: zip_of(p, RESUME), "{} is a zip archive without a mysqldump script in db-dumps/"),
    ("no files", lambda p: zip_of(p, DUMP),
     "{} contains no storage directory (storage/app), as after backup:run --only-db"),
    ("no files but the code", lambda p: zip_of(p, DUMP, ("public/index.php", b""), ("app/Http/x.php", b"")),
     "{} contains no storage directory (storage/app), as after backup:run --only-db"),
    ("two scripts", lambda p: zip_of(p, DUMP, ("db-dumps/b.sql", SCRIPT), RESUME),
     "{} contains more than one mysqldump script: db-dumps/mysql-apiary.sql, db-dumps/b.sql"),
    ("two storages", lambda p: zip_of(p, DUMP, RESUME, ("old/storage/app/x", b"")),
     "{}: it contains more than one storage directory: old/storage/app, var/www/html/storage/app"),
    ("bzip2", lambda p: zip_of(p, DUMP, RESUME, method=zipfile.ZIP_BZIP2),
     "{}: the zip archive contains entries compressed by method 12, which is neither deflate nor none"),
    ("empty", lambda p: zip_of(p), "{} is a zip archive without a mysqldump script in db-dumps/"),
    ("encrypted", lambda p: zip_of(p, DUMP, RESUME, password=b"p"), "{} is encrypted, but no password was given"),
)  # fmt: skip


def test_what_is_no_backup_is_named_with_what_to_do(tmp_path: Path) -> None:
    for number, (what, make, message) in enumerate(USAGE):
        path = make(tmp_path / f"{number}.zip")
        error = refused(path)
        assert (type(error), error.exit_code) == (UsageError, 2), what
        assert error.fact == message.format(path), what


def test_the_password_comes_from_a_file(tmp_path: Path) -> None:
    """Of an option, or of the configuration; a wrong one is one sentence, and exit code 2."""
    path, secret, wrong = zip_of(tmp_path / "b.zip", DUMP, RESUME, password=PASSWORD), tmp_path / "s", tmp_path / "w"
    secret.write_bytes(PASSWORD + b"\n")
    wrong.write_bytes(b"something else")
    assert find_backup(path, read_password(secret))
    assert str(refused(path, read_password(wrong))) == (
        f"the password does not decrypt {path}\n"
        "HINT: Use the password of the backup (BACKUP_ARCHIVE_PASSWORD of spatie/laravel-backup)."
    )
    settings = tmp_path / "apiary-drill.toml"
    settings.write_text('[backup]\ndirectory = "*.zip"\npassword_file = "s"\n')
    assert (
        config.locate(config.load(settings), tmp_path, sources_of(tmp_path)).dump.name
        == "db-dumps/mysql-apiary.sql in b.zip"
    )
    for options, code in (
        ((str(path), "--password-file", str(secret)), 0),
        (("--config", str(settings)), 0),
        (("--config", str(settings), "--password-file", str(wrong)), 2),
        ((str(path), "--password-file", str(wrong)), 2),
        ((str(path),), 2),
        ((str(path), "--password-file", str(tmp_path / "none")), 2),
    ):
        result = CliRunner().invoke(main, ["inspect", *options])
        assert result.exit_code == code, (options, result.output)
        assert PASSWORD.decode() not in result.output
    both = ["verify", "--dump", str(path), "--storage", str(path), "--password-file", str(secret)]
    assert "--password-file applies only to a BACKUP that is a zip" in CliRunner().invoke(main, both).output
    for content in (b"", b"\n", b"a\nb", bytes(2000)):
        secret.write_bytes(content)
        with pytest.raises(UsageError, match="does not contain a password"):
            read_password(secret)


def test_a_wrong_password_of_the_old_kind(tmp_path: Path) -> None:
    """PKWARE's own encryption, as `zip -e` writes it."""
    names = (tmp_path / "db-dumps" / "a.sql", tmp_path / "storage" / "app" / "x")
    for name in names:
        name.parent.mkdir(parents=True)
        name.write_bytes(SCRIPT)
    path = tmp_path / "b.zip"
    subprocess.run(["zip", "-q", "-r", "-P", "secret", path, "db-dumps", "storage"], cwd=tmp_path, check=True)
    assert contents(path, b"secret")[0] == SCRIPT
    assert refused(path, b"other").exit_code == 2


def test_a_zip_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """Chunks stay small, whatever an entry unpacks to."""
    path = zip_of(tmp_path / "b.zip", DUMP, RESUME, (f"{APP}/zeros", bytes(32 << 20)))
    assert max(map(len, ZipArchive(path).chunks())) <= 1 << 18
    assert sum(map(len, ZipArchive(path).chunks())) > 32 << 20


def test_a_script_named_by_dump_learns_that_its_zip_is_a_backup(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "b.zip", DUMP, RESUME)
    with pytest.raises(UsageError) as wrong:
        read_script(path, None)
    assert "can be verified as BACKUP" in wrong.value.hints[0]


def test_a_directory_of_zips_stands_for_the_newest(tmp_path: Path) -> None:
    """As the package keeps them, in a directory of its own; which one it is, is reported. A checksum is compared."""
    kept = tmp_path / "backups" / "Apiary"
    kept.mkdir(parents=True)
    nights = [zip_of(kept / f"2026-11-2{night}-02-00-00.zip", DUMP, RESUME) for night in range(3)]
    for number, night in enumerate(nights):
        os.utime(night, (1_800_000_000 + number,) * 2)
    for directory in (kept, kept.parent):
        found = find_backup(directory)
        assert isinstance(found.storage, ZipArchive)
        assert (found.storage.path, found.dump.files) == (nights[2], (nights[2],))
        assert found.chosen == f"2026-11-22-02-00-00.zip is the newest of 3 zip archives in {directory}"
        shown = CliRunner().invoke(main, ["inspect", str(directory)], env={"COLUMNS": "400"})
        assert (shown.exit_code, "".join(found.chosen.split()) in "".join(shown.stderr.split())) == (0, True)
        assert "mysql-apiary.sql in 2026-11-22-02-00-00.zip" in shown.stdout
    (kept / f"{nights[2].name}.sha256").write_text("0" * 64 + f"  {nights[2].name}\n")
    with pytest.raises(BrokenArtifact, match="does not match"):
        find_backup(kept)
    (kept / f"{nights[2].name}.sha256").unlink()
    os.utime(nights[1], (1_800_000_002,) * 2)
    with pytest.raises(UsageError, match=r"2 candidates .* equally new: 2026-11-21-02-00-00.zip, 2026-11-22-02"):
        find_backup(kept)
    (kept.parent / "apiary.sql").write_bytes(SCRIPT)
    (kept.parent / "files" / "resumes").mkdir(parents=True)
    assert find_backup(kept.parent).dump == kept.parent / "apiary.sql", "zips beside a backup change nothing"

"""Which key, options, storage and backup: asked for, found, or refused."""

import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.artifacts.storage.safety import ArchiveLimits
from harness.base.errors import HarnessError, UsageError
from harness.base.settings import ImageSettings, from_environment
from harness.cli.backup_drill import BackupOptions
from harness.cli.command_line import main
from harness.cli.options.backup import backup_options, read_size
from harness.inputs.app_key import known_keys, read_app_key, read_previous_keys
from harness.inputs.backup import BackupUnderTest
from harness.inputs.identity import backup_of_location, backup_of_scenario, checked_name
from harness.inputs.mysql_options import client_options
from harness.inputs.room import beside_rows, expected_space
from harness.inputs.sources.fetch import Sources
from tests.tables import over_table
from tests.unit.faults.backups import a_backup


@over_table(
    "place, name",
    [
        ("/backups/apiary-2026-11-22.sql.gz", "/backups/apiary-*.sql.gz"),
        ("/backups/apiary_20261122.sql", "/backups/apiary_*.sql"),
        ("/backups/apiary-20261122T214200Z.sql", "/backups/apiary-*.sql"),
        ("/backups/apiary-2026-11-22_21-42-00.sql", "/backups/apiary-*.sql"),
        ("/backups/2026-11-22", "/backups/*"),
        ("/backups/2026/11/22/apiary.sql", "/backups/*/apiary.sql"),
        ("/backups/apiary.1795393372.sql", "/backups/apiary.*.sql"),
        ("/backups/apiary-2026-11.sql", "/backups/apiary-*.sql"),
        # Two instances must not be taken for one: the drill of one would hide the silence of the other.
        *((same, same) for same in ("/backups/apiary1/dump.sql", "/backups/apiary-8.4.sql", "/backups/20269/a.sql")),
        *((same, same) for same in ("/srv/1234/a.sql", "/backups/2026-13-40.sql")),
        ("/b\udcff.sql", "/b\\xff.sql"),
        ("s3://bucket/night/apiary-2026-11-22.sql.gz", "s3://bucket/night/apiary-*.sql.gz"),
        ("sftp://root@host:2222/srv/apiary-?.sql", "sftp://host:2222/srv/apiary-?.sql"),
        ("https://user:secret@host/a.sql?X-Amz-Signature=secret", "https://host/a.sql"),
    ],
)
def test_a_backup_is_named_by_its_place_without_dates_and_secrets(
    place: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backup_of_location(place if "://" in place else Path(place), tmp_path) == name
    monkeypatch.chdir(tmp_path)
    assert backup_of_location(Path("a.sql")) == backup_of_location(tmp_path / "a.sql")


@over_table("name", ["", "  ", "a\nb", "x" * 201, "generated data: documented"])
def test_what_can_not_be_a_name(name: str) -> None:
    """Among it are the names of generated data."""
    assert backup_of_scenario("documented") == "generated data: documented"
    with pytest.raises(UsageError) as wrong:
        checked_name(name, "--backup-name")
    assert str(wrong.value) == (
        f"--backup-name: {name!r} is not a valid backup name\n"
        "HINT: A name has 1 to 200 printable characters and does not start with 'generated data:'."
    )
    assert checked_name(" the nightly one ", "--backup-name") == "the nightly one"


KEY = "base64:" + base64.b64encode(bytes(range(32))).decode()


def test_forms_of_a_key(tmp_path: Path) -> None:
    file = tmp_path / "key"
    forms = {
        KEY: KEY,
        f"{KEY}\n": KEY,
        f"\ufeff\n  {KEY}\r\n": KEY,
        "x" * 32: "x" * 32,
        f"APP_KEY={KEY}\n": KEY,
        f"APP_ENV=production\nAPP_KEY='{KEY}'\nDB_HOST=db\n": KEY,
        "base64:" + base64.b64encode(bytes(16)).decode(): "base64:" + base64.b64encode(bytes(16)).decode(),
    }
    for text, key in forms.items():
        file.write_text(text, encoding="utf-8")
        assert read_app_key(file) == key, text
        assert read_previous_keys(file) == "", text


def test_earlier_keys_stand_in_a_line_of_their_own(tmp_path: Path) -> None:
    """As Laravel has them since the key was rotated; the key itself may stand alone beside them."""
    file, earlier = tmp_path / "key", ["base64:" + base64.b64encode(bytes([n] * 32)).decode() for n in (1, 2)]
    for text in (
        f"{KEY}\nAPP_PREVIOUS_KEYS={earlier[0]},{earlier[1]}\n",
        f"APP_PREVIOUS_KEYS='{','.join(earlier)}'\nA=b\nAPP_KEY={KEY}",
    ):
        file.write_text(text)
        assert (read_app_key(file), read_previous_keys(file)) == (KEY, ",".join(earlier))
    assert known_keys([KEY, ""], ["", ",".join(earlier)]) == [bytes(range(32)), bytes([1] * 32), bytes([2] * 32)]
    assert known_keys(["x,y" + "z" * 29], []) == [b"x,y" + b"z" * 29], "Laravel takes raw bytes, and a comma is one"
    file.write_text(f"{KEY}\nAPP_PREVIOUS_KEYS={earlier[0]},base64:AAAA\n")
    with pytest.raises(UsageError, match="key 2 is not a key of 16 or 32 bytes") as refused:
        read_previous_keys(file)
    assert "AAAA" not in str(refused.value)


def test_what_is_not_a_key_is_described_without_its_content(tmp_path: Path) -> None:
    file = tmp_path / "key"
    wrong = {
        b"": "it is empty, or not text",
        b"\xff\xfe\x00": "it is empty, or not text",
        b"hunter2": "its line of 7 characters does not start with base64:, and is not a key of 16 or 32 bytes",
        b"base64:AAAA": "its line of 11 characters starts with base64:, and is not a key of 16 or 32 bytes",
        b"base64:!!": "its line of 9 characters starts with base64:, and is not a key of 16 or 32 bytes",
        b"-- MySQL dump\n--\nCREATE TABLE": "it has 3 lines, none of which starts with APP_KEY=",
        b"APP_KEY=\n": "its line of 0 characters does not start with base64:, and is not a key of 16 or 32 bytes",
    }
    for content, shape in wrong.items():
        file.write_bytes(content)
        with pytest.raises(UsageError) as refused:
            read_app_key(file)
        assert refused.value.fact == f"--app-key-file: {file} does not contain an APP_KEY: {shape}"
        assert "base64:" in refused.value.hints[0]
    with pytest.raises(UsageError, match=r"--app-key-file: cannot read .*: No such file or directory"):
        read_app_key(tmp_path / "none")


def test_a_key_that_stands_in_the_images_environment_alone_is_given(tmp_path: Path) -> None:
    """The application has it all the same; a file of its own is more exact, and a line that is not a key is refused."""
    (tmp_path / "a.sql").write_text("-- MySQL dump 10.13\n")
    (tmp_path / "storage").mkdir()
    environment, own = tmp_path / "apiary.env", tmp_path / "app-key"
    own.write_text("x" * 32)

    def found(lines: str | None, key_file: Path | None = None) -> BackupUnderTest:
        environment.write_text(lines or "")
        images = ImageSettings(apiary="apiary:1", apiary_env=environment if lines is not None else None)
        asked = BackupOptions(
            None, (str(tmp_path / "a.sql"),), str(tmp_path / "storage"), None, None, key_file, (), ()
        )  # fmt: skip
        with Sources(replace(from_environment({}), images=images), "fetch", print) as sources:
            return asked.find(lambda _: pytest.fail("no volume"), sources)[0]

    for lines, key_file, keys in (
        (None, None, (None, "")),
        ("APP_ENV=production\n", None, (None, "")),
        (f"APP_KEY={KEY}\n", None, (KEY, "")),
        (f"APP_KEY={KEY}\nAPP_PREVIOUS_KEYS={KEY}\n", None, (KEY, KEY)),
        (f"APP_KEY={KEY}\n", own, ("x" * 32, "")),
    ):
        backup = found(lines, key_file)
        assert (backup.app_key, backup.previous_keys) == keys, lines
    for wrong in ("APP_KEY=\n", f"APP_KEY='{KEY}'\n"):
        with pytest.raises(UsageError, match=r"^--apiary-env: APP_KEY in .* is not a key of 16 or 32 bytes") as refused:
            found(wrong)
        assert KEY not in str(refused.value)


TEXT = r"""
# a remark
; another
[mysqld]
user = server
[client]
user=backup
password = "a # b \"c\" \s\\d"   # a remark
loose-ssl_mode = REQUIRED
socket='/run/my socket' # one more
host = a b # c
quick
[mysqldump]
port=3307
"""


def test_options_of_the_groups_that_count_are_read_as_the_real_program_does(tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(TEXT)
    expected = {"user": "backup", "password": 'a # b "c"  \\d', "ssl-mode": "REQUIRED", "socket": "/run/my socket"}
    assert client_options(file) == {**expected, "host": "a b", "quick": "", "port": "3307"}
    argv = ["my_print_defaults", f"--defaults-file={file}", "client", "mysqldump"]
    printed = subprocess.run([*argv, "--show"], capture_output=True, text=True, check=False)
    if printed.returncode:  # MariaDB's hides nothing, and has no such option
        printed = subprocess.run(argv, capture_output=True, text=True, check=True)
    options = [line.removeprefix("--").removeprefix("loose-").partition("=") for line in printed.stdout.splitlines()]
    assert {name.replace("_", "-"): value for name, _, value in options} == client_options(file)


def test_files_that_are_included(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/b.cnf").write_text("[client]\nport=2\n")
    (tmp_path / "more/a.cnf").write_text("[client]\nport=1\nhost=a\n")
    (tmp_path / "more/c.txt").write_text("[client]\nport=3\n")
    (tmp_path / "one.cnf").write_text("[client]\nuser=one\n")
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nhost=first\n!include {tmp_path / 'one.cnf'}\n!includedir {tmp_path / 'more'}\n")
    assert client_options(file) == {"host": "a", "user": "one", "port": "2"}
    file.write_text(f"!include {file}\n")
    with pytest.raises(UsageError, match="more than 10 files include each other"):
        client_options(file)


@over_table(
    "text, message",
    [
        ("user=secret\n", "line 1: an option stands before the first [group]"),
        ("[client]\n!inclode x\n", "line 2: !inclode is not a directive"),
        ("[client]\n!include /nowhere/my.cnf\n", "cannot read the client options file /nowhere/my.cnf: No such file"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_values(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "my.cnf").write_text(text)
    with pytest.raises(UsageError) as caught:
        client_options(tmp_path / "my.cnf")
    assert message in caught.value.fact
    assert "secret" not in str(caught.value)


def test_sizes_are_read_and_reach_the_limits() -> None:
    def size(text: str | None) -> int | None:
        return read_size(click.Context(click.Command("verify")), click.Option(["--max-storage"]), text)

    sizes = {"1": 1, "512K": 512 << 10, "3m": 3 << 20, "20GB": 20 << 30, "3TiB": 3 << 40}
    assert {text: size(text) for text in sizes} == sizes
    assert size(None) is None
    for text in ("", "0", "-1", "1.5T", "much", "1P"):
        with pytest.raises(click.BadParameter, match="is not a valid size, such as 500G"):
            size(text)
    backup = BackupUnderTest(Path("d.sql"), Path("s.tar"), max_storage_bytes=3 << 40)
    limits = ArchiveLimits.of(backup.max_storage_bytes)
    assert (limits.total_bytes, limits.ratio) == (3 << 40, None)
    assert ArchiveLimits.of(None) == ArchiveLimits()
    command = click.command()(backup_options(lambda **options: click.echo(options["asked"].max_storage)))
    assert CliRunner().invoke(command, ["--max-storage", "2K"]).output == "2048\n"


SCRIPT = b"-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\nCREATE TABLE `t` (`a` int);\n"
HUGE = 10 << 40
"""A sparse file of this size has no blocks; no machine here has so much room."""


def test_what_a_backup_takes_is_estimated_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(SCRIPT)
    (tmp_path / "a.sql.gz").write_bytes(SCRIPT)
    (tmp_path / "app" / "resumes").mkdir(parents=True)
    (tmp_path / "app" / "resumes" / "x.pdf").write_bytes(bytes(1000))
    (tmp_path / "app.tar").write_bytes(bytes(2000))
    plain = expected_space(BackupUnderTest(tmp_path / "a.sql", tmp_path / "app"))
    assert plain == 2 * len(SCRIPT) + 1000
    assert expected_space(BackupUnderTest(tmp_path / "a.sql.gz", tmp_path / "app.tar")) == 12 * len(SCRIPT) + 2000


def test_rows_that_do_not_fit_are_reported_before_anything_starts() -> None:
    assert beside_rows(100, None, "there") == (None, "there")
    assert beside_rows(100, 80, "there") == (30, "there beside the rows")
    with pytest.raises(HarnessError) as caught:
        beside_rows(200, 99, "/var/lib/drills")
    assert caught.value.fact == (
        "there is no room for the database: at least 100 bytes are needed, and 99 are free in /var/lib/drills"
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("fits", [True, False])
def test_doctor_knows_the_backup_that_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    backup = a_backup(tmp_path, **{"database.sql": SCRIPT, "storage.tar": bytes(1024)})
    if not fits:
        with (tmp_path / "large.sql").open("wb") as file:
            file.write(SCRIPT)
            file.truncate(HUGE)
    dump = backup / "database.sql" if fits else tmp_path / "large.sql"
    config = tmp_path / "apiary-drill.toml"
    config.write_text(f'[backup]\ndump = "{dump}"\nstorage = "{backup / "storage.tar"}"\n')
    monkeypatch.setenv("APIARY_DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    answer = CliRunner().invoke(main, ["doctor", "--config", str(config)])
    line = next(line for line in answer.output.splitlines() if "room for the backup" in line)
    assert line.startswith("✓" if fits else "✗"), answer.output
    assert ("about 2.0 GB for database.sql" if fits else "about 21992.2 GB for large.sql") in line.replace(",", "")
    assert "containers: no Docker engine answers" in answer.output
    if not fits:
        assert answer.exit_code == 3
        assert "Make room there, or name another place with APIARY_DRILL_STATE_DIR." in answer.output

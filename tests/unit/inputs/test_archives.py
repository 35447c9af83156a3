"""Archives as inputs, and where they are fetched from."""

import hashlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.base.errors import HarnessError, UsageError
from harness.cli.command_line import main
from harness.inputs.sources.command import Snapshot, newest_snapshot
from harness.inputs.sources.fetch import written
from harness.runtime.process.host import LocalHost
from tests.naming import uncoded
from tests.tables import over_table
from tests.unit.inputs.archives import APP, TARS, zips_with
from tests.unit.inputs.fetching import sources_of
from tests.unit.storage.test_archive_safety import MALICIOUS

DUMP = (Path(__file__).parents[2] / "data" / "cases" / "nested" / "b" / "db-dumps" / "mysql-apiary.sql").read_bytes()

UP, ABSOLUTE, LINK = "which leaves the directory with ..", "which is an absolute path", "which is a symbolic link that"
BELOW, DAMAGED, CUT = "which is a link or a file", "the zip archive is damaged", "the zip archive is truncated"
OTHER = "which is neither deflate nor none"
NO_TAR = "not a tar archive: its first 512 bytes are not a header"

REASONS = {
    **{name: f"the storage archive contains {fact}" for name, (_, fact, _) in MALICIOUS.items()},
    "NUL in a name": "which has a NUL byte in it",
    "control characters in a refused name": UP,
    "upwards behind a long name": UP,
    "upwards in an extended header": f"contains ../evil, {UP}",
    "absolute in an extended header": f"contains /evil, {ABSOLUTE}",
    "link with a long target": f"{LINK} leaves the directory",
    "link through a link": f"contains b, {LINK} leaves the directory, to a/../..",
    "file through two links": f"contains a/x below a, {BELOW}",
    "hard link through ..": "is a hard link that leaves the directory",
    "900 GiB of holes": "bytes to 966367643136 or more, above the ratio of 200",
    "holes that go backwards": "its segment 2 is out of order",
    "an extended header of 1 GiB": "an extended header of 1073741824 bytes at byte 512, more than 8388608",
    "a size below zero": "is a file but has -1 bytes of content",
    "a size that is no number": "a header contains 12 bytes that are not a number",
    "more than 1 TiB": "unpacks to more than 1099511627776 bytes, 2199023255552 with",
    "a changed header": NO_TAR,
    "cut in a content": "it ends inside the content of a file, at byte 1536",
    "cut in a header": "it ends inside a header, at byte 1124",
    "no end": "it ends without an end-of-archive mark",
    "two archives": "data follows the end-of-archive mark",
    "text in front": "it starts with text (1 lines, 44 bytes)",
    "text alone": NO_TAR,
    "nothing": "is empty: it has no end-of-archive mark",
    "cut gzip": "the gzip data is truncated after",
    "changed gzip": "the gzip data is damaged at or after byte 0",
    "cut xz": "the xz data is truncated after",
    "xz with a dictionary of 1.5 GiB": "its xz data takes more than 128 MiB of memory to be unpacked",
    "zstd with a window of 2 GiB": "its zstd data takes more than 128 MiB of memory to be unpacked",
    "zip: upwards": UP,
    "zip: upwards at once": f"contains ../evil, {UP}",
    "zip: absolute": f"contains /etc/cron.d/evil, {ABSOLUTE}",
    "zip: absolute link": f"contains {APP}/l, {LINK} leaves the directory, to /etc",
    "zip: link upwards": f"contains {APP}/l, {LINK} leaves the directory",
    "zip: long link": "is a symbolic link of more than 4096 bytes",
    "zip: below a link": f"contains {APP}/l/x below {APP}/l, {BELOW}",
    "zip: below a file": f"contains {APP}/f/x below {APP}/f, {BELOW}",
    "zip: twice": f"contains {APP}/x twice",
    "zip: character device": f"contains {APP}/d, a character device",
    "zip: block device": f"contains {APP}/d, a block device",
    "zip: fifo": f"contains {APP}/d, a fifo",
    "zip: socket": f"contains {APP}/d, a socket",
    "zip: NUL in a name": "which has a NUL byte in it",
    "zip: packed with bzip2": f"compressed by method 12, {OTHER}",
    "zip: packed with lzma": f"compressed by method 14, {OTHER}",
    "zip: packed in an unknown way": f"compressed by method 77, {OTHER}",
    "zip: cut": CUT,
    "zip: without its end": CUT,
    "zip: another checksum": DAMAGED,
    "zip: larger than its list says": DAMAGED,
    "zip: smaller than its list says": "lacks 100000 bytes of its content",
    "zip: an entry behind the end": DAMAGED,
    "zip: an entry that is another one": DAMAGED,
    "zip: a list of 3 GiB": DAMAGED,
    "zip: encrypted": "is encrypted, but no password was given",
}
USAGE = (NO_TAR, OTHER, "of memory to be unpacked", "no password was given")
"""What is for the operator to change, and not the backup's fault: exit code 2."""
NAMES = ["evil", "etc", "cron.d", "l", "d", "x", "f", "a", "b"]


def test_every_archive_is_refused_for_its_reason_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives = {**TARS, **zips_with(DUMP)}
    assert archives.keys() == REASONS.keys()
    assert len(archives) >= 60
    elsewhere = tmp_path / "elsewhere"
    for name in ("HOME", "TMPDIR", "APIARY_DRILL_STATE_DIR"):
        (elsewhere / name).mkdir(parents=True)
        monkeypatch.setenv(name, str(elsewhere / name))
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr("tempfile.tempdir", None)
    empty = sorted(elsewhere.rglob("*"))
    wrong = {}
    for number, (name, data) in enumerate(archives.items()):
        directory = tmp_path / str(number)
        directory.mkdir()
        backup = directory
        if name.startswith("zip: "):
            backup = directory / "backup.zip"
            backup.write_bytes(data)
        else:
            (directory / "database.sql").write_bytes(DUMP)
            (directory / "storage.tar").write_bytes(data)
        before = sorted(tmp_path.rglob("*"))
        result = CliRunner().invoke(main, ["inspect", str(backup)])
        members = [part for member in MALICIOUS.get(name, ((), "", ""))[0] for part in (member[0], member[2])]
        output = " ".join(uncoded(result.output, [*members, *NAMES]).split())
        code = 2 if any(reason in REASONS[name] for reason in USAGE) else 1
        if REASONS[name] not in output or result.exit_code != code or "HINT: " not in output:
            wrong[name] = result.exit_code, output[:400]
        assert sorted(tmp_path.rglob("*")) == before, name
    assert wrong == {}
    assert sorted(elsewhere.rglob("*")) == empty


def test_the_storage_of_a_healthy_backup_is_reported() -> None:
    recorded = Path(__file__).parent / "data" / "spatie" / "plain.zip"
    result = CliRunner().invoke(main, ["inspect", str(recorded)])
    assert result.exit_code == 0, result.output
    assert "storage            2 files, " in result.output


PYTHON = (sys.executable, "-c")


def left_in(directory: Path) -> list[str]:
    """Names of all files below a directory."""
    return [str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()]


def test_the_output_of_a_command_is_a_file_and_known(tmp_path: Path) -> None:
    """Arguments are handed over as they are, from the directory of the configuration; the same command runs once."""
    argv = (*PYTHON, "import os, sys; print(os.getcwd(), sys.argv[1:]); open('ran', 'a').write('x')", "$HOME *")
    with sources_of(tmp_path) as sources:
        path = sources.output(argv, "dump_command", tmp_path)
        assert path == sources.output(argv, "dump_command", tmp_path)
        content = path.read_bytes()
        assert content.decode() == f"{tmp_path} ['$HOME *']\n"
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        (known,) = sources.provenance
        assert (known.role, known.location) == ("database", f"dump_command ({sys.executable})")
        assert (known.size_bytes, known.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "ran").read_text() == "x"
    assert left_in(tmp_path / "state") == []


def test_what_was_fetched_can_be_kept(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    with sources_of(tmp_path, keep) as sources:
        path = sources.output((*PYTHON, "print(1)"), "storage_command", tmp_path)
    assert path.read_bytes() == b"1\n"
    assert (keep.stat().st_mode & 0o777, path.name) == (0o700, f"storage-from-{Path(sys.executable).name}")
    with sources_of(tmp_path, keep) as sources, pytest.raises(UsageError) as full:
        sources.output((*PYTHON, "print(1)"), "dump_command", tmp_path)
    assert str(full.value) == f"--fetch-to: {keep} is not an empty directory\nHINT: Name a new one."


@over_table(
    "argv, limit_s, code, message",
    [
        (("no-such-program", "dump"), None, 2, "dump_command: there is no program 'no-such-program' on this machine"),
        ((*PYTHON, "print('-- rows'); exit(7)"), None, 3, f"({sys.executable}) ended with exit status 7 after 8 bytes"),
        ((*PYTHON, "pass"), None, 3, f"dump_command ({sys.executable}) wrote nothing"),
        ((*PYTHON, "import time; print(1, flush=True); time.sleep(60)"), 2.5, 3, "timed out after 2.5 s waiting for"),
    ],
)
def test_a_command_that_fails_is_one_sentence_and_leaves_nothing(
    argv: tuple[str, ...], limit_s: float | None, code: int, message: str, tmp_path: Path
) -> None:
    with sources_of(tmp_path, tmp_path / "kept", limit_s=limit_s) as sources:
        with pytest.raises(HarnessError) as wrong:
            sources.output(argv, "dump_command", tmp_path)
        assert sources.provenance == []
    assert message in wrong.value.fact
    assert wrong.value.exit_code == code
    assert left_in(tmp_path) == []


def test_what_a_failing_command_printed_is_shown_and_its_arguments_are_not(tmp_path: Path) -> None:
    argv = (*PYTHON, "import sys; sys.exit('no such repository')", "password=hunter2")
    with sources_of(tmp_path) as sources, pytest.raises(HarnessError) as wrong:
        sources.output(argv, "dump_command", tmp_path)
    assert "no such repository" in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


RESTIC = '[{"time": "2026-11-29T02:00:00.123456789-05:00", "id": "4f"}, {"time": "2026-11-28T02:00:00Z", "id": "3e"}]'
BORG = '{"archives": [{"name": "apiary-29", "id": "9c", "start": "2026-11-29T02:00:00.000000"}], "repository": {}}'
RCLONE = '[{"Path": "a/b.sql", "Name": "b.sql", "ModTime": "2026-11-29T02:00:00Z"}]'


@over_table(
    "listed, expected",
    [
        (RESTIC, Snapshot("4f", datetime(2026, 11, 29, 7, 0, 0, 123456, UTC))),
        (BORG, Snapshot("apiary-29", datetime(2026, 11, 29, 2).astimezone(UTC))),
        (RCLONE, Snapshot("a/b.sql", datetime(2026, 11, 29, 2, tzinfo=UTC))),
    ],
)
def test_the_newest_snapshot_is_known_by_its_name(listed: str, expected: Snapshot) -> None:
    argv = (*PYTHON, "import sys; print(sys.argv[1])", listed)
    assert newest_snapshot(LocalHost(os.environ), argv, key="snapshot_command", limit_s=20) == expected


@over_table("message", ["[]", "latest", '{"archives": []}', "[1]", "null"])
def test_no_snapshot_is_reported(message: str) -> None:
    argv = (*PYTHON, "import sys; print(sys.argv[1])", message)
    with pytest.raises(HarnessError, match="lists no snapshot as JSON"):
        newest_snapshot(LocalHost(os.environ), argv, key="snapshot_command", limit_s=20)


def test_dump_and_storage_are_of_one_snapshot(tmp_path: Path) -> None:
    """It is asked for once, although a newer one is there a moment later."""
    listing = "import json, os; open('n', 'a').write('x'); print(json.dumps([{'id': f'id{os.path.getsize(\"n\")}'}]))"
    with sources_of(tmp_path) as sources:
        for key in ("dump_command", "storage_command"):
            argv = (*PYTHON, "import sys; print(sys.argv[1])", "repository::{snapshot}")
            path = sources.output(argv, key, tmp_path, (*PYTHON, listing))
            assert path.read_bytes() == b"repository::id1\n"
        assert [each.version for each in sources.provenance] == ["id1", "id1"]


def test_room_is_looked_for_first(tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as full:
        written(tmp_path / "apiary.sql", iter([b"x"]), size_bytes=1 << 60)
    assert full.value.fact.startswith(f"apiary.sql has {1 << 60} bytes, and {tmp_path} has room for ")
    assert left_in(tmp_path) == []


def test_the_report_says_among_which_files_of_this_machine(tmp_path: Path) -> None:
    """Once, however often it is looked for; of a file that is named, and is somewhere else, nothing is reported."""
    there = tmp_path / "there"
    there.mkdir()
    for age in (1, 2):
        (there / f"{age}.sql").touch()
        os.utime(there / f"{age}.sql", (1000 + age, 1000 + age))
    with sources_of(tmp_path) as sources:
        for _ in range(2):
            assert sources.located(f"{there}/*.sql", tmp_path / "elsewhere", "database") == there / "2.sql"
        assert sources.located(f"{there}/1.sql", tmp_path / "elsewhere", "database") == there / "1.sql"
        (known,) = sources.provenance
    assert (known.location, known.matched) == (f"{there}/2.sql", 2)
    assert known.among == (f"{there}/2.sql", f"{there}/1.sql")
    assert known.modified_at == datetime.fromtimestamp(1002, UTC)

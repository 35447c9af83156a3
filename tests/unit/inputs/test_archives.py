"""Hostile and damaged archives: `inspect` refuses each for its reason, and writes nothing anywhere.

The archives are in archives.py. Names that the application did not choose are reported as codes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from tests.naming import uncoded
from tests.unit.inputs.archives import APP, TARS, zips_with
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

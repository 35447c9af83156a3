"""A backup that restores completely, and had lost half of a table before it was taken: the history knows."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from harness.artifacts.dump.source import open_script
from harness.base.settings import Settings
from harness.records.history.database import History
from tests.drills.conftest import Backed
from tests.drills.test_verify_backup import drill, rows_of, storage_directory

pytestmark = pytest.mark.xdist_group("verify")

TABLE = b"attendance"


def without_half(script: bytes) -> bytes:
    """The script without every other row of a table that nothing refers to."""
    lines = []
    for line in script.split(b"\n"):
        head = b"INSERT INTO `" + TABLE + b"` VALUES "
        if line.startswith(head):
            rows = line.removeprefix(head).removesuffix(b";").split(b"),(")
            line = head + b"(" + b"),(".join(rows[0::2]).strip(b"()") + b");"
        lines.append(line)
    return b"\n".join(lines)


def test_a_table_that_lost_half_of_its_rows_upstream_is_a_warning(
    settings: Settings, backed: Backed, tmp_path: Path
) -> None:
    """Both drills pass, each of a script and a directory without a manifest: everything that they say is back.

    The second one says what is less, and says it again later without the history.
    """
    storage, key = storage_directory(backed, tmp_path / "storage"), tmp_path / "app-key"
    key.write_text(backed.app_key)
    script = b"".join(open_script(backed.backup.dump))
    results = []
    for name, content in (("apiary-2026-11-21.sql.gz", script), ("apiary-2026-11-22.sql.gz", without_half(script))):
        (tmp_path / name).write_bytes(gzip.compress(content, 1))
        process = drill(
            settings, "verify", "--json", "--runtime", "process", "--dump", str(tmp_path / name),
            "--storage", str(storage), "--app-key-file", str(key), fast=bool(results),
        )  # fmt: skip
        assert process.returncode == 0, process.stderr
        results.append(json.loads(process.stdout))
    assert [result["mode"] for result in results] == ["faithful", "fast"]
    compared = {check["check"]: check["compared"] for check in results[0]["checks"]}
    assert compared["rows-script"] == rows_of(backed)
    assert compared["encrypted-values"] > 0
    assert "rows-source" not in compared, "nothing is known of the source"
    backup = f"{tmp_path}/apiary-*.sql.gz"
    assert [result["backup"] for result in results] == [backup, backup]
    assert [finding for finding in results[0]["findings"] if finding["code"] == "table-shrank"] == []
    (shrank,) = [finding for finding in results[1]["findings"] if finding["code"] == "table-shrank"]
    assert (shrank["subject"], shrank["severity"]) == (TABLE.decode(), "warning")

    history = History(settings.history_path)
    first, second = [link.entry() for link in history.links(backup=backup)][::-1]
    assert shrank["expected"] == f"about {first.tables[TABLE.decode()]:,} rows"
    assert shrank["actual"] == f"{second.tables[TABLE.decode()]:,} rows"
    assert second.tables[TABLE.decode()] == (first.tables[TABLE.decode()] + 1) // 2
    assert [entry.drill_id for entry in (first, second)] == [result["drill_id"] for result in results]
    assert history.problems() == []
    assert drill(settings, "status", "--max-age", "1d", "--backup", backup).returncode == 0

    run_dir = settings.runs_dir / results[1]["drill_id"]
    assert drill(settings, "history", "verify", str(run_dir)).returncode == 0
    moved = tmp_path / "elsewhere"
    shutil.copytree(run_dir, moved)
    process = drill(settings, "report", "--json", str(moved))
    again = [finding for finding in json.loads(process.stdout)["findings"] if finding["code"] == "table-shrank"]
    assert again == [shrank]

"""A dump of many gigabytes, inspected, restored and verified: seconds, and the memory of the harness's own process.

    python benchmarks/large_dump.py [--size-gb 5] [--directory DIR] [--mysqld PROGRAM]

A real backup of a generated Apiary gets one more table with rows enough to make the script as large as asked for.
The servers run as local processes. What is measured is `VmHWM` of the command's process: the most memory that it
ever had, without that of the servers. Needs about three times the size on disk; nothing is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import zstandard

from harness.artifacts.dump.source import open_script
from harness.base.settings import Settings, from_environment
from harness.drill.flow import back_up
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.inputs.backup import BackupUnderTest
from harness.records.run_directory import RunDirectory
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.scenario.definition import find, load

FOOTER = b"\n-- Dump completed"
STATEMENT_BYTES = 1 << 20
TABLE = b"""
CREATE TABLE `ballast` (
  `id` bigint unsigned NOT NULL,
  `note` text COLLATE utf8mb4_unicode_ci,
  `raw` blob,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
"""


def backed_up(settings: Settings) -> BackupUnderTest:
    """A backup of a generated Apiary."""
    drill_id = new_drill_id("large-dump")
    with workspace(settings.state_dir, drill_id) as directory:
        runtime = ProcessRuntime(settings, directory)
        run = Run(DrillPlan(drill_id, runtime, settings, RunDirectory(settings.runs_dir / drill_id)))
        return back_up(run, load(find("documented")))


def ballast(size_bytes: int) -> Iterator[bytes]:
    """INSERTs of about this size together, each of one MiB as mysqldump's are; words, escapes and raw digits."""
    chance = random.Random(1)  # noqa: S311 (the same bytes each time)
    words = ("robotics team meets tuesday at the shop", "it\\'s open;", "caf\u00e9", "\U0001f41d", "bring glasses")
    made = number = 0
    while made < size_bytes:
        rows: list[bytes] = []
        length = 0
        while length < STATEMENT_BYTES:
            number += 1
            note = " ".join(chance.choices(words, k=30)).encode()
            rows.append(b"(%d,'%b',0x%b)" % (number, note, chance.randbytes(40).hex().upper().encode()))
            length += len(rows[-1]) + 1
        statement = b"INSERT INTO `ballast` VALUES " + b",".join(rows) + b";\n"
        made += len(statement)
        yield statement


def inflate(dump: Path, path: Path, size_bytes: int) -> int:
    """Write the script with its new table, compressed; returns its size before compression."""
    script = b"".join(open_script(dump))
    at = script.rindex(FOOTER)
    written = len(script)
    with zstandard.ZstdCompressor(level=1, threads=2).stream_writer(path.open("wb"), closefd=True) as file:
        file.write(script[:at] + TABLE)
        for statement in ballast(size_bytes - written):
            file.write(statement)
            written += len(statement)
        file.write(script[at:])
    return written


def measured(arguments: list[str], environment: dict[str, str]) -> tuple[float, int, bytes]:
    """Run a command of the harness: seconds, the most memory that its process had in KiB, what it printed."""
    began = time.monotonic()
    peak_kib = 0
    with tempfile.TemporaryFile() as printed:
        argv = [sys.executable, "-m", "harness.cli.main", *arguments]
        with subprocess.Popen(argv, env=environment, stdout=printed, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak_kib = max(peak_kib, *(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)
                try:
                    process.wait(0.2)
                except subprocess.TimeoutExpired:
                    continue
        printed.seek(0)
        return time.monotonic() - began, peak_kib, printed.read()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size-gb", type=float, default=5.0)
    parser.add_argument("--directory", type=Path, default=None, help="where there is room")
    parser.add_argument("--mysqld", default=None)
    chosen = parser.parse_args()
    root = Path(tempfile.mkdtemp(dir=chosen.directory, prefix="large-dump-"))
    try:
        settings = replace(
            from_environment(os.environ, mysqld=chosen.mysqld), state_dir=root / "state", runs_dir=root / "runs"
        )
        backup = backed_up(settings)
        dump, key = root / "apiary.sql.zst", root / "app-key"
        key.write_text(backup.app_key or "")
        size_bytes = inflate(backup.dump if isinstance(backup.dump, Path) else Path(), dump, int(chosen.size_gb * 1e9))
        say(f"script: {size_bytes / 1e9:.2f} GB, {dump.stat().st_size / 1e9:.2f} GB compressed")
        environment = {
            **os.environ,
            "APIARY_DRILL_STATE_DIR": str(settings.state_dir),
            "APIARY_DRILL_RUNS_DIR": str(settings.runs_dir),
        }
        seconds, peak_kib, _ = measured(["inspect", "--json", str(dump)], environment)
        say(f"inspect: {seconds:.0f} s ({size_bytes / 1e6 / seconds:.0f} MB/s), {peak_kib / 1024:.0f} MiB")
        options = ["--dump", str(dump), "--storage", str(backup.storage), "--app-key-file", str(key)]
        options += ["--runtime", "process", "--json", *(["--mysqld", chosen.mysqld] if chosen.mysqld else [])]
        seconds, peak_kib, printed = measured(["verify", *options], environment)
        result = json.loads(printed)
        say(f"verify: {result['verdict']}, {seconds:.0f} s, {peak_kib / 1024:.0f} MiB")
        for step in result["steps"]:
            if step["duration_s"] > 1:
                say(f"  {step['duration_s']:7.1f} s  {step['title']}")
        for reason in result["reasons"]:
            say(f"  {reason}")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()

"""A history of a thousand runs: how long `status`, `history`, `report` and the exercise document take.

    python benchmarks/history.py [--runs 1000] [--run-dir RUN_DIR]

Each command is a process of its own, started as cron starts it, beside a Python that starts and does nothing: the
ratio says how much of the time is the command's. The best of three, by the clock and by the processor; on a machine
that does other work the second one counts. `report` needs the directory of a finished drill, and is left out without.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.base.model import Component, DirectoryTotals, Verdict
from harness.records.history.database import History
from harness.records.history.entry import Entry, PastStep

TABLES = {f"table_{number:02}": number * 1000 for number in range(60)}


def run(number: int, runs: int, now: datetime) -> Entry:
    """One of three backups in turn; every tenth drill fails."""
    started_at = now - timedelta(hours=runs - number)
    return Entry(
        format_version=1,
        drill_id=f"{started_at:%Y%m%dT%H%M%SZ}-verify-{number:06x}",
        backup=("production", "staging", "archive")[number % 3],
        generated=False,
        scenario="verify",
        mode="faithful",
        harness="0.1.0",
        started_at=started_at,
        finished_at=started_at + timedelta(minutes=5),
        verdict=Verdict.FAIL if number % 10 == 0 else Verdict.PASS,
        expected=Verdict.PASS,
        faults=(),
        reasons=(),
        recovery_time_s=100.0 + number % 17,
        recovery_time_objective_s=3600.0,
        recovery_point_s=3600.0,
        recovery_point_objective_s=86400.0,
        newest_row_at=started_at,
        backup_at=started_at,
        steps=tuple(PastStep(f"step-{each}", "A step of the drill", 1.5) for each in range(20)),
        tables=TABLES,
        directories={f"directory-{each}": DirectoryTotals(1000, 10_000_000) for each in range(10)},
        documents={f"apiary_index_{each}": 5000 for each in range(11)},
        artifacts=(),
        findings=(),
        components=tuple(Component(f"part {each}", "MySQL", "9.7.4", "image", True) for each in range(6)),
        result_sha256="ab" * 32,
        compared={f"check-{each}": 1000 for each in range(30)},
    )


def best_s(argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of the fastest of three runs, by the clock and of the processor; the command may say what it wants."""
    clock, processor = [], []
    for _ in range(3):
        began, used = time.monotonic(), _used_s()
        subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        clock.append(time.monotonic() - began)
        processor.append(_used_s() - used)
    return min(clock), min(processor)


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Fill a history, run the commands, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--run-dir", type=Path, help="directory of a finished drill")
    arguments = parser.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as place:
        history = History(Path(place) / "history.sqlite3")
        began = time.monotonic()
        for number in range(arguments.runs):
            history.append(run(number, arguments.runs, now))
        filling_s = time.monotonic() - began
        size = history.path.stat().st_size
        each_ms = filling_s / arguments.runs * 1000
        sys.stdout.write(f"{arguments.runs:,} runs, {size / 1e6:.1f} MB, {each_ms:.1f} ms to record one\n")
        environment = {**os.environ, "APIARY_DRILL_HISTORY": str(history.path)}
        nothing_s, nothing_used_s = best_s([sys.executable, "-c", "pass"], environment)
        day = f"{now:%Y-%m-%d}"
        commands = {
            "status --max-age 100d": ["status", "--max-age", "100d"],
            "history": ["history"],
            "history verify": ["history", "verify"],
            "history trend": ["history", "trend"],
            "exercise --format html": [
                "exercise",
                "--from",
                "2020-01-01",
                "--to",
                day,
                "--format",
                "html",
                "--out",
                place,
            ],
        }
        if arguments.run_dir is not None:
            commands["report RUN_DIR"] = ["report", str(arguments.run_dir)]
        times = f"{nothing_s:6.2f} s by the clock, {nothing_used_s:5.2f} s of the processor"
        sys.stdout.write(f"{'python -c pass':<28} {times}\n")
        for name, argv in commands.items():
            took_s, used_s = best_s([sys.executable, "-m", "harness.cli.main", *argv], environment)
            times = f"{took_s:6.2f} s by the clock, {used_s:5.2f} s of the processor"
            sys.stdout.write(f"{name:<28} {times}, {used_s / nothing_used_s:4.0f} times python\n")


if __name__ == "__main__":
    main()

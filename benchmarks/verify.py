"""What proof costs: a whole `verify` against the documented restore that it times, in both modes, in one run.

    python -m benchmarks.verify [--scale medium] [--ballast-mb 0] [--rows long] [--runtime process] [--json]

A backup of a generated Apiary is made (its script made longer by one table of `--ballast-mb`, if asked for) and
verified. Bare is what that drill itself measured: starting the servers, and steps 2 to 6 of the procedure. The fast
drill is compared with the bare commands of the production-like one. CPU seconds stand beside: they say more than
elapsed time on a machine that other work keeps busy.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.ballast import LONG, SHORT, inflate
from benchmarks.imports_at_once import imports_at_once
from harness.base.settings import from_environment
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.drill.steps.restore import RECOVERY_STEPS
from harness.drill.steps.source import prepare_source
from harness.procedure.backup.plan import BackupSource
from harness.procedure.backup.take import take_backup
from harness.records.run_directory import RunDirectory
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.spec import new_app_key
from harness.scenario.definition import find, load

BARE = ("start-target", *RECOVERY_STEPS)


def made(root: Path, scale: str, ballast_mb: int, rows: str = LONG) -> list[str]:
    """Make a backup; the options that name it."""
    settings = replace(from_environment(os.environ), state_dir=root / "state", runs_dir=root / "runs")
    drill_id, key, directory = new_drill_id("benchmark"), root / "app-key", root / "backup"
    scenario = load(find("documented")).with_data(scale=scale, rng_seed=None)
    key.write_text(new_app_key())
    with workspace(settings.state_dir, drill_id) as work:
        plan = DrillPlan(drill_id, ProcessRuntime(settings, work), settings, RunDirectory(root / "source"))
        with plan.runtime.stack(plan.stack("target", key.read_text())):
            pass  # what is prepared for the second who asks is no part of what is measured
        run = Run(plan)
        with run.stack("source", key.read_text()) as stack:
            nonce = secrets.token_hex(8)
            prepare_source(stack, scenario, nonce, run.limits, run.clock, indexed=False)
            source = BackupSource.of(stack)
            backup = take_backup(source, scenario.backup.plan(), directory, run.clock, nonce=nonce)
    files = {file.role: directory / file.name for file in backup.manifest.artifacts}
    dump = files["database"]
    if ballast_mb:
        dump = root / "inflated.sql.zst"
        inflate(files["database"], dump, ballast_mb * 1_000_000, rows)
    return ["--dump", str(dump), "--storage", str(files["storage"]), "--app-key-file", str(key)]


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


def measured_environment(root: Path) -> dict[str, str]:
    """The environment of a command that keeps its state and its runs below `root`."""
    return {**os.environ, "APIARY_DRILL_STATE_DIR": str(root / "state"), "APIARY_DRILL_RUNS_DIR": str(root / "runs")}


def verified(root: Path, options: list[str]) -> tuple[dict[str, Any], float]:
    """The result of one `verify`, and the most memory of its process in units of 1,000,000 bytes."""
    _, peak_kib, printed = measured(["verify", *options, "--json"], measured_environment(root))
    result: dict[str, Any] = json.loads(printed)
    if result["verdict"] != "PASS":
        raise SystemExit(f"{result['verdict']}: {result['reasons']}")
    return result, peak_kib * 1024 / 1e6


def cost(result: dict[str, Any], names: tuple[str, ...] = ()) -> tuple[float, float]:
    """Elapsed and CPU seconds of these steps; of all of the drill where none is named."""
    steps = [step for step in result["steps"] if not names or step["name"] in names]
    elapsed_s = sum(step["duration_s"] for step in steps) if names else result["duration_s"]
    return elapsed_s, sum(used["cpu_s"] for step in steps for used in step["processes"])


def compare(scale: str, ballast_mb: int, runtime: str, rows: str = LONG, *, at_once: bool = False) -> dict[str, Any]:
    """Both modes on one backup: seconds, CPU seconds, ratios, and the steps that are the drill's own.

    Args:
        rows: of the ballast, long or short.
        at_once: also measure what two imports at once would take in fast mode (imports_at_once.py).
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-verify-") as name:
        root = Path(name)
        options = made(root, scale, ballast_mb, rows)
        options += ["--runtime", runtime]
        faithful, peak_mb = verified(root, options)
        fast, _ = verified(root, [*options, "--fast"])
        two_index_s = imports_at_once(Path(options[1])) if at_once else 0.0
    whole, bare, quick = cost(faithful), cost(faithful, BARE), cost(fast)
    return {
        "scale": scale,
        "script_bytes": next(step["size_bytes"] for step in faithful["steps"] if step["name"] == "restore-database"),
        "verify_s": whole,
        "bare_s": bare,
        "fast_s": quick,
        "verify_ratio": (whole[0] / bare[0], whole[1] / bare[1]),
        "fast_ratio": (quick[0] / bare[0], quick[1] / bare[1]),
        "peak_mb": peak_mb,
        "load_s": cost(faithful, ("restore-database",))[0],
        "fast_load_s": cost(fast, ("restore-database",))[0],
        "fast_index_s": cost(fast, ("reindex",))[0],
        "two_index_s": two_index_s,
        "own_steps": [
            (step["title"], *cost(faithful, (step["name"],))) for step in faithful["steps"] if step["name"] not in BARE
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", choices=["tiny", "small", "medium", "large"], default="medium")
    parser.add_argument("--ballast-mb", type=int, default=0, help="size of the script, with one more table")
    parser.add_argument("--rows", choices=[LONG, SHORT], default=LONG, help="of that table")
    parser.add_argument("--runtime", choices=["process", "docker"], default="process")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = compare(chosen.scale, chosen.ballast_mb, chosen.runtime, chosen.rows)
    if chosen.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write(f"script {found['script_bytes'] / 1e6:.0f} MB; elapsed (CPU) seconds\n")
    for title, key in (("start + steps 2 to 6", "bare_s"), ("verify", "verify_s"), ("verify --fast", "fast_s")):
        sys.stdout.write(f"  {found[key][0]:7.1f} ({found[key][1]:7.1f})  {title}\n")
    for title, key in (("verify / bare", "verify_ratio"), ("verify --fast / bare", "fast_ratio")):
        sys.stdout.write(f"  {found[key][0]:7.2f} ({found[key][1]:7.2f})  {title}\n")
    sys.stdout.write("what the drill adds, production-like:\n")
    for title, elapsed_s, cpu_s in found["own_steps"]:
        sys.stdout.write(f"  {elapsed_s:7.1f} ({cpu_s:7.1f})  {title}\n")


if __name__ == "__main__":
    main()

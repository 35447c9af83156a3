"""How much faster two drills at once are: the same drills under pytest, one after the other and with `-n 2`.

    python benchmarks/parallel.py [--drills 6] [--pairs 3] [--runtime process] [--scale small]

Both are timed in one run, in turn, as whole commands, and the ratio of each pair is reported: a machine that is busy
with something else slows both. Two cores are needed to see anything.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DRILL = """
name = "equal-{number}"
why = "One of several equal drills, to time how many of them fit into a minute."

[data]
scale = "{scale}"
rng_seed = {number}
"""


def main() -> int:
    """Time pairs and print their ratios."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="apiary-drill-parallel-") as name:
        directory = Path(name)
        for number in range(1, options.drills + 1):
            path = directory / f"equal-{number}.drill.toml"
            path.write_text(DRILL.format(number=number, scale=options.scale))
        _pytest(directory, options.runtime, ["-k", "equal-1"])  # templates and images are made now
        ratios = []
        for pair in range(1, options.pairs + 1):
            serial = _pytest(directory, options.runtime, [])
            at_once = _pytest(directory, options.runtime, ["-n", "2"])
            ratios.append(serial / at_once)
            _say(f"pair {pair}: one at a time {serial:.1f} s, two at once {at_once:.1f} s, ratio {ratios[-1]:.2f}")
    _say(
        f"{options.drills} {options.scale} drills, runtime {options.runtime}, {os.cpu_count()} processors:"
        f" median ratio {statistics.median(ratios):.2f}"
    )
    return 0


def _pytest(directory: Path, runtime: str, arguments: list[str]) -> float:
    """Seconds of one run of pytest, from its start to its end; every drill of it has to be green."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--drill-runtime={runtime}", *arguments],
        cwd=directory, env={**os.environ, "APIARY_DRILL_STATE_DIR": str(directory / "state")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0 or not re.search(r"\d+ passed", done.stdout):
        sys.exit(f"a drill was not green:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return time.monotonic() - began


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--drills", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--runtime", choices=["process", "docker"], default="process")
    parser.add_argument("--scale", choices=["tiny", "small", "medium"], default="small")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

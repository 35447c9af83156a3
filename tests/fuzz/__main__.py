"""`python -m tests.fuzz [--seconds N] [TARGET …]`: fuzz each target for its share of the time, two at once.

New inputs that reach new code go to build/fuzz/TARGET; what fails is written there and reported, and belongs into
tests/fuzz/corpus/TARGET once it is mended, where `make test` reads it for ever.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FOUND = Path("build") / "fuzz"
NAMES = ("statements", "rows", "tar", "zipped", "manifest", "configuration")
MEMORY_MB = 1024
ONE_INPUT_S = 20
LONGEST = 16384
"""Bytes of one input; a small tar archive has 10,240."""


_ENDINGS = {
    70: f"an input took longer than {ONE_INPUT_S} s",
    71: f"an input took more than {MEMORY_MB} MB",
    77: "an input broke it",
}
"""By libFuzzer's exit statuses."""
RUNS = {"statements": 400, "rows": 1000, "tar": 7500, "zipped": 2500, "manifest": 75000, "configuration": 60000}
"""Inputs of a run that is the same each time: about five seconds each."""


def fuzz_one(name: str, seconds: int, fixed: bool) -> tuple[str, int, str]:
    """Fuzz a target in a process of its own; how it ended, and the end of its output."""
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    argv = [
        sys.executable, "-m", "tests.fuzz.one", name, str(found), str(CORPUS / name),
        *([f"-runs={RUNS[name]}", "-seed=1"] if fixed else [f"-max_total_time={seconds}"]),
        f"-timeout={ONE_INPUT_S}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={LONGEST}",
        f"-artifact_prefix={found}/failed-", "-print_final_stats=1",
    ]  # fmt: skip
    # In memory where that can be; libFuzzer ends the process without any cleaning up.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="apiary-drill-fuzz-", dir=memory) as directory:
        done = subprocess.run(
            argv, env={**os.environ, "TMPDIR": directory}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, errors="replace",
        )  # fmt: skip
    return name, done.returncode, done.stdout


def ending(status: int, output: str) -> str:
    """How a target ended, and what it wrote of it: a traceback, to standard output, and libFuzzer's own lines."""
    how = _ENDINGS.get(status, f"it ended with exit status {status}")
    if status < 0:
        how = f"it was killed by {signal.Signals(-status).name}"
        how += ", by the kernel where memory ran out" if status == -signal.SIGKILL else ""
    shown = [line for line in output.splitlines() if not line.startswith(("#", "INFO:"))]
    return "\n".join((how, *shown))[:6000]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--fixed", action="store_true", help="the same inputs each time, for CI, whatever they take")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(NAMES)}; all unless given")
    options = parser.parse_args()
    names = options.targets or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    share = max(1, options.seconds // len(names))
    with ThreadPoolExecutor(max_workers=2) as together:
        ended = list(together.map(lambda name: fuzz_one(name, share, options.fixed), names))
    failed = [(name, ending(status, output)) for name, status, output in ended if status]
    for name, _, output in ended:
        runs = output.partition("stat::number_of_executed_units:")[2].split("\n")[0].strip() or "no"
        print(f"{name}: {runs} inputs" + ("" if options.fixed else f" in {share} s"))
    for name, how in failed:
        print(f"\n{name} failed: {how}", file=sys.stderr)
    print(f"{len(ended) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

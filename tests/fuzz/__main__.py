"""`python -m tests.fuzz [--seconds N] [TARGET …]`: fuzz each target for its share of the time, two at once.

New inputs that reach new code go to build/fuzz/TARGET; what fails is written there and reported, and belongs into
tests/fuzz/corpus/TARGET once it is mended, where `make test` reads it for ever.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FOUND = Path("build") / "fuzz"
NAMES = ("statements", "rows", "tar", "zipped", "manifest", "configuration")
MEMORY_MB = 1024
ONE_INPUT_S = 20
LONGEST = 16384
"""Bytes of one input; a small tar archive has 10,240."""


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
    done = subprocess.run(argv, capture_output=True, text=True, check=False, errors="replace")
    return name, done.returncode, done.stdout + done.stderr


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
    failed = [(name, output) for name, status, output in ended if status]
    for name, _, output in ended:
        runs = output.partition("stat::number_of_executed_units:")[2].split("\n")[0].strip() or "no"
        print(f"{name}: {runs} inputs" + ("" if options.fixed else f" in {share} s"))
    for name, output in failed:
        print(f"\n{name} failed:\n{output[-6000:]}", file=sys.stderr)
    print(f"{len(ended) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Dumps of many gigabytes, inspected, restored and verified: seconds, memory, and what proof costs at each size.

    python -m benchmarks.large_dump [--gigabytes 1 2 5] [--rows long] [--fast] [--directory DIR]

A real backup of a generated Apiary gets one more table with rows enough to make the script as large as asked for
(ballast.py). The servers run as local processes. The memory is the most that the command's process ever had (`VmHWM`),
without that of the servers. Needs about three times the largest size on disk; nothing is kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.ballast import LONG, SHORT
from benchmarks.verify import BARE, cost, made, measured, measured_environment, verified


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[1, 2, 5], help="sizes of the script")
    parser.add_argument("--rows", choices=[LONG, SHORT], default=LONG, help="of the table that makes it large")
    parser.add_argument("--fast", action="store_true", help="in fast mode as well")
    parser.add_argument("--directory", type=Path, default=None, help="where there is room")
    chosen = parser.parse_args()
    sys.stdout.write("script     inspect                    verify             start + steps 2 to 6  ratio\n")
    for gigabytes in chosen.gigabytes:
        with tempfile.TemporaryDirectory(prefix="benchmark-large-", dir=chosen.directory) as name:
            root = Path(name)
            options = made(root, "small", int(gigabytes * 1000), chosen.rows)
            inspect_s, inspect_kib, _ = measured(["inspect", "--json", options[1]], measured_environment(root))
            result, verify_mb = verified(root, [*options, "--runtime", "process"])
            fast = verified(root, [*options, "--runtime", "process", "--fast"])[0] if chosen.fast else None
        loaded = next(step for step in result["steps"] if step["name"] == "restore-database")
        size_mb = loaded["size_bytes"] / 1e6
        whole, bare = cost(result)[0], cost(result, BARE)[0]
        sys.stdout.write(
            f"{size_mb:6.0f} MB  {inspect_s:5.0f} s {size_mb / inspect_s:4.0f} MB/s {inspect_kib * 1024 / 1e6:4.0f} MB"
            f"  {whole:5.0f} s, {verify_mb:4.0f} MB  {bare:14.0f} s  {whole / bare:12.2f}\n"
        )
        if fast is not None:
            fast_s, load_s = cost(fast)[0], cost(fast, ("restore-database",))[0]
            loaded_s = cost(result, ("restore-database",))[0]
            sys.stdout.write(
                f"  --fast: {fast_s:.0f} s, {fast_s / bare:.2f}; load {load_s:.0f} s, as documented {loaded_s:.0f} s\n"
            )
        for step in result["steps"]:
            if step["duration_s"] > 1 and step["name"] not in BARE:
                sys.stdout.write(f"  {step['duration_s']:7.1f} s  {step['title']}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

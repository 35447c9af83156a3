"""How fast a script is read: statements, rows and everything `inspect` does, next to what C does with the same bytes.

    python benchmarks/dump_scan.py [--size-mib 64] [--rng-seed 1] [--repeats 5]

Absolute numbers depend on the machine, so each is also given as a ratio to `zlib.crc32` over the same bytes, a plain
pass through memory, in the same run; both in CPU time of one core. Each is the best of several repeats, as other work
on the machine takes caches and memory from this. The scripts are made here: many short columns (Apiary's attendance),
text (events), and attendance again without extended inserts.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from harness.artifacts.dump.compression import CHUNK_BYTES
from harness.artifacts.dump.inspect import inspect
from harness.artifacts.dump.rows import Rows, Tally
from harness.artifacts.dump.statements import Piece, scan

STATEMENT_BYTES = 1 << 20  # mysqldump starts another INSERT at net_buffer_length, 1 MiB


def attendance(chance: random.Random) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        day = b"2026-%02d-%02d %02d:00:%02d" % (number % 12 + 1, number % 28 + 1, number % 24, number % 60)
        gtid = chance.randrange(900_000_000, 999_999_999)
        yield b"(%d,'App\\\\Models\\\\Team',%d,%d,NULL,'%b','%b','kiosk',NULL)" % (number, number % 30, gtid, day, day)


_PROSE = (
    b"the robotics team meets every tuesday at the shop and everyone is welcome; bring safety glasses please \\r\\n "
    b"we\\'re looking for people who like to build, weld, program (python or rust) and drive -- no experience needed, "
    b'really caf\xc3\xa9 \\"open house\\" \xf0\x9f\x90\x9d see you there on saturday if it does not rain too much'
).split(b" ")


def events(chance: random.Random) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        yield b"(%d,'event %d','%b',NULL)" % (number, number, b" ".join(chance.choices(_PROSE, k=60)))


def script(rows: Iterator[bytes], size_bytes: int, *, extended: bool = True) -> bytes:
    out = io.BytesIO()
    out.write(b"CREATE TABLE `t` (`id` int NOT NULL, PRIMARY KEY (`id`));\n")
    while out.tell() < size_bytes:
        if not extended:
            out.write(b"INSERT INTO `t` VALUES " + next(rows) + b";\n")
            continue
        held: list[bytes] = []
        length = 0
        while length < STATEMENT_BYTES:
            held.append(next(rows))
            length += len(held[-1]) + 1
        out.write(b"INSERT INTO `t` VALUES " + b",".join(held) + b";\n")
    return out.getvalue()


def best_s(work: Callable[[], object], repeats: int) -> float:
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


def digest(pieces: list[Piece]) -> Tally:
    rows, tally = Rows(), Tally()
    for piece in pieces:
        if piece.head:
            tally.add(rows.feed(piece))
    return tally


def statements(chunks: list[bytes]) -> int:
    """How many statements the reader finds."""
    return sum(1 for _ in scan(chunks))


def inspected(data: bytes) -> object:
    """What `inspect` finds in a script."""
    return inspect(io.BytesIO(data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size-mib", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rng-seed", type=int, default=1)
    arguments = parser.parse_args()
    size = arguments.size_mib << 20
    chance = random.Random(arguments.rng_seed)  # noqa: S311 (rows for a benchmark)
    scripts = {
        "attendance": script(attendance(chance), size),
        "events": script(events(chance), size),
        "attendance, one row per INSERT": script(attendance(chance), size, extended=False),
    }
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    sys.stdout.write(f"{os.cpu_count()} cores, load average {load}, best of {arguments.repeats}\n")
    for name, data in scripts.items():
        chunks = [data[begin : begin + CHUNK_BYTES] for begin in range(0, len(data), CHUNK_BYTES)]
        pieces = list(scan(chunks))
        tally = digest(pieces)
        sys.stdout.write(
            f"{name}: {len(data) / 1e6:.0f} MB, {tally.rows} rows of {tally.data_bytes // tally.rows} bytes\n"
        )
        base_s = best_s(partial(zlib.crc32, data), arguments.repeats)
        works: dict[str, Callable[[], object]] = {
            "count newlines": partial(data.count, b"\n"),
            "statement scan": partial(statements, chunks),
            "row scan with digests": partial(digest, pieces),
            "inspect (both, and safety)": partial(inspected, data),
        }
        for work_name, work in works.items():
            took_s = best_s(work, arguments.repeats)
            sys.stdout.write(
                f"  {work_name:<28}{len(data) / took_s / 1e6:8.0f} MB/s {took_s / base_s:8.1f} times as long as crc32\n"
            )
    sys.stdout.write(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB, the scripts included\n"
    )


if __name__ == "__main__":
    main()

"""The most memory that the harness needs for large inputs, against a limit; no server is started.

    python -m benchmarks.memory [--dump-mb 1000] [--row-mib 64] [--files 1000000] [--limit-mb 200] [--directory DIR]

Four inputs are made, and each is read in a process of its own: a dump of small rows (`inspect`), a dump with one long
row (`inspect`), the same dump by value (what is done where another tool or version dumped), and an archive of files
(validated, listed in order, compared with its own list). Measured is `VmHWM` of that process: the most that it ever
had. Each is given with what a process has that reads next to nothing. Exit status 1 if one is above the limit.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.ballast import STATEMENT_BYTES, inserts
from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.keyed_rows import rows_of, value_digests
from harness.artifacts.dump.source import open_script
from harness.artifacts.storage.inventory import read_inventory, write_inventory
from harness.artifacts.storage.order import sorted_entries
from harness.checks.files import check_files
from harness.procedure.backup.scan import read_artifact

HEADER = b"-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)\n--\n-- Host: localhost    Database: apiary\n"
HEADER += b"-- " + b"-" * 54 + b"\n-- Server version\t9.7.4\n\n/*!50503 SET NAMES utf8mb4 */;\n" + b"--\n" * 100
TABLE = b"CREATE TABLE `t` (\n  `id` bigint NOT NULL,\n  `v` longblob,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB;\n"
FOOTER = b"-- Dump completed on 2026-11-29 12:00:00\n"
_ESCAPES = ((b"\\", b"\\\\"), (b"'", b"\\'"), (b'"', b'\\"'), (b"\0", b"\\0"), (b"\n", b"\\n"), (b"\r", b"\\r"))


def small_rows(size_bytes: int) -> Iterator[bytes]:
    """INSERTs of 1 MiB, about this much together."""
    chance = random.Random(1)  # noqa: S311 (the same bytes each time)
    words = [b"robotics", b"it\\'s open;", "caf\u00e9".encode(), b"bring\\nglasses", b"tuesday", b"(shop)"]
    return inserts(b"t", lambda number: b"(%d,'%b')" % (number, b" ".join(chance.choices(words, k=12))), size_bytes)


def one_row(size_bytes: int) -> Iterator[bytes]:
    """One row of so many bytes, which its escapes make a little longer in the dump."""
    chance = random.Random(1)  # noqa: S311 (the same bytes each time)
    yield b"INSERT INTO `t` VALUES (1,'"
    for _ in range(0, size_bytes, STATEMENT_BYTES):
        part = chance.randbytes(STATEMENT_BYTES)
        for raw, escaped in _ESCAPES:
            part = part.replace(raw, escaped)
        yield part
    yield b"');\n"


def write_dump(path: Path, inserts: Iterator[bytes]) -> None:
    """A script with one table."""
    with path.open("wb") as file:
        file.write(HEADER + TABLE)
        file.writelines(inserts)
        file.write(FOOTER)


def write_archive(path: Path, files: int) -> None:
    """An archive of empty files, a thousand in a directory."""
    with path.open("wb") as file:
        for number in range(files):
            member = tarfile.TarInfo(f"docusign/{number // 1000:06d}/{number:09d} Travel Information Form.pdf")
            member.mtime = 1_780_000_000
            file.write(member.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1024))


def inspected(path: Path) -> None:
    info, _ = examine(path)
    say(f"    {sum(database.rows for database in info.databases):,} rows")


def by_value(path: Path) -> None:
    value_digests(rows_of(open_script(path), "apiary", ("t",)))


def listed(path: Path) -> None:
    inventory = write_inventory(sorted_entries(read_artifact(path), path.parent), path.with_suffix(".jsonl"))
    twice = (read_inventory(inventory.path) for _ in range(2))
    check_files(*twice, excluded=(), owners_comparable=True)
    say(f"    {inventory.totals.files:,} files")


READERS: dict[str, Callable[[Path], None]] = {"inspect": inspected, "values": by_value, "files": listed}


def peak_mb(reader: str, path: Path) -> float:
    """Run a reader in a process of its own; the most memory that it had, in units of 1,000,000 bytes."""
    argv = [sys.executable, __file__, "--read", reader, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        *lines, last = process.stdout.read().splitlines() or [""]
    for line in lines:
        say(line)
    if process.returncode:
        raise SystemExit(f"{reader} of {process.returncode} failed with exit status {process.returncode}")
    return int(last) * 1024 / 1e6


def most_kib() -> int:
    """`VmHWM` of this process."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dump-mb", type=int, default=1000, help="of small rows")
    parser.add_argument("--row-mib", type=int, default=64, help="of the one row")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--limit-mb", type=float, default=200.0)
    parser.add_argument("--directory", type=Path, default=None, help="where there is room")
    parser.add_argument("--read", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read is not None:
        READERS[chosen.read[0]](Path(chosen.read[1]))
        say(str(most_kib()))
        return
    above = False
    with tempfile.TemporaryDirectory(dir=chosen.directory, prefix="memory-") as directory:
        nothing, path = Path(directory, "nothing"), Path(directory, "input")
        write_dump(nothing, iter([b"INSERT INTO `t` VALUES (1,'x');\n"]))
        base = peak_mb("inspect", nothing)
        say(f"next to nothing: {base:.0f} MB")
        dump_bytes, row_bytes = chosen.dump_mb * 1_000_000, chosen.row_mib << 20
        inputs: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("inspect", f"inspect {chosen.dump_mb} MB of small rows", lambda: write_dump(path, small_rows(dump_bytes))),
            ("inspect", f"inspect one row of {chosen.row_mib} MiB", lambda: write_dump(path, one_row(row_bytes))),
            ("values", f"by value, one row of {chosen.row_mib} MiB", lambda: None),
            ("files", f"list and compare {chosen.files:,} files", lambda: write_archive(path, chosen.files)),
        )
        for reader, title, write in inputs:
            write()
            peak = peak_mb(reader, path)
            above |= peak > chosen.limit_mb
            say(f"{title}: {peak:.0f} MB{', ABOVE THE LIMIT' if peak > chosen.limit_mb else ''}")
    sys.exit(int(above))


if __name__ == "__main__":
    main()

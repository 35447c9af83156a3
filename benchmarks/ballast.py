"""A script made longer by one table, as large as asked for: real INSERTs of one MiB with long rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from harness.artifacts.dump.source import open_script

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


def ballast(size_bytes: int) -> Iterator[bytes]:
    """INSERTs of about this size together, each of one MiB as mysqldump's are; words, escapes and raw digits."""
    chance = random.Random(1)  # noqa: S311 (the same bytes each time)
    words = ("robotics team meets tuesday at the shop", "it\\'s open;", "caf\u00e9", "\U0001f41d", "bring glasses")

    def row(number: int) -> bytes:
        note = " ".join(chance.choices(words, k=30)).encode()
        return b"(%d,'%b',0x%b)" % (number, note, chance.randbytes(40).hex().upper().encode())

    return inserts(b"ballast", row, size_bytes)


def inserts(table: bytes, row: Callable[[int], bytes], size_bytes: int) -> Iterator[bytes]:
    """INSERTs of one MiB each and of about this size together; `row` makes each row of its number, from 1 on."""
    made = number = 0
    while made < size_bytes:
        rows: list[bytes] = []
        length = 0
        while length < STATEMENT_BYTES:
            number += 1
            rows.append(row(number))
            length += len(rows[-1]) + 1
        statement = b"INSERT INTO `" + table + b"` VALUES " + b",".join(rows) + b";\n"
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

"""A script made longer by one table, as large as asked for: real INSERTs of one MiB, with long or with short rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from harness.artifacts.dump.source import open_script

FOOTER = b"\n-- Dump completed"
STATEMENT_BYTES = 1 << 20
LONG, SHORT = "long", "short"
TABLES = {
    LONG: b"""
CREATE TABLE `ballast` (
  `id` bigint unsigned NOT NULL,
  `note` text COLLATE utf8mb4_unicode_ci,
  `raw` blob,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
""",
    SHORT: b"""
CREATE TABLE `ballast` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `attendable_type` varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  `attendable_id` int unsigned NOT NULL,
  `gtid` int NOT NULL,
  `source` varchar(255) COLLATE utf8mb4_unicode_ci DEFAULT NULL,
  `recorded_by` int unsigned DEFAULT NULL,
  `created_at` timestamp NULL DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `ballast_recorded_by_index` (`recorded_by`),
  KEY `ballast_attendable_type_attendable_id_index` (`attendable_type`,`attendable_id`),
  KEY `ballast_gtid_index` (`gtid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
""",
}
"""Long rows are such as texts and files in the database, short ones are those of Apiary's largest table, attendance."""


def ballast(size_bytes: int, rows: str = LONG) -> Iterator[bytes]:
    """INSERTs of about this size together, each of one MiB as mysqldump's are; the same bytes each time."""
    chance = random.Random(1)  # noqa: S311 (the same bytes each time)
    words = ("robotics team meets tuesday at the shop", "it\\'s open;", "caf\u00e9", "\U0001f41d", "bring glasses")

    def long(number: int) -> bytes:
        note = " ".join(chance.choices(words, k=30)).encode()
        return b"(%d,'%b',0x%b)" % (number, note, chance.randbytes(40).hex().upper().encode())

    def short(number: int) -> bytes:
        kind = b"event" if chance.random() < 0.4 else b"team"
        at = b"2026-%02d-%02d 18:%02d:00" % (number % 12 + 1, number % 28 + 1, number % 60)
        numbers = chance.randrange(5_000), 903_000_000 + chance.randrange(40_000), chance.randrange(1, 300)
        return b"(%d,'%b',%d,%d,'kiosk',%d,'%b')" % (number, kind, *numbers, at)

    return inserts(b"ballast", {LONG: long, SHORT: short}[rows], size_bytes)


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


def inflate(dump: Path, path: Path, size_bytes: int, rows: str = LONG) -> int:
    """Write the script with its new table, compressed; returns its size before compression."""
    script = b"".join(open_script(dump))
    at = script.rindex(FOOTER)
    written = len(script)
    with zstandard.ZstdCompressor(level=1, threads=2).stream_writer(path.open("wb"), closefd=True) as file:
        file.write(script[:at] + TABLES[rows])
        for statement in ballast(size_bytes - written, rows):
            file.write(statement)
            written += len(statement)
        file.write(script[at:])
    return written

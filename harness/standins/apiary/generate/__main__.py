"""`python -m harness.standins.apiary.generate`: fill the database of the environment (`DB_*`) and its storage."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pymysql

from harness.base.errors import HarnessError
from harness.standins.apiary.config import load_config
from harness.standins.apiary.database import error_text
from harness.standins.apiary.encryption import DecryptError
from harness.standins.apiary.generate import EXTRAS, SCALES, generate


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def main(argv: list[str]) -> int:
    """Generate, and write one line per table; 1 when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m harness.standins.apiary.generate", description=__doc__)
    parser.add_argument("--scale", choices=tuple(SCALES), default="small")
    parser.add_argument("--rng-seed", type=int, default=1)
    parser.add_argument("--nonce", default="", help="goes into the name of the newest event")
    parser.add_argument("--now", type=_moment, default=None, help="ISO 8601; dates count back from it")
    parser.add_argument("--extra", choices=EXTRAS, action="append", default=[], help="what Apiary itself does not have")
    options = parser.parse_args(argv)
    config = load_config(os.environ, Path.cwd())
    try:
        data = generate(
            config.database,
            config.storage_dir,
            options.scale,
            options.rng_seed,
            app_key=config.key,
            now=options.now or datetime.now(UTC),
            nonce=options.nonce,
            extras=options.extra,
        )
    except (HarnessError, DecryptError, pymysql.MySQLError) as error:
        sys.stderr.write(f"{error_text(error)}\n")
        return 1
    for table, count in sorted(data.rows.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{count:>12,} {table}\n")
    total = sum(data.rows.values())
    sys.stdout.write(f"{total:>12,} rows, {data.files:,} files, {data.file_bytes:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.standin.traffic`: what a busy app writes, until SIGTERM, for a backup of a running app.

Attendance rows at a steady rate; with every tenth, a resume is uploaded: first the file, then its row, as the
real app does. The writer's rows are marked by the source `traffic`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.base.errors import HarnessError
from harness.standins.apiary.config import load_config
from harness.standins.apiary.database import connect, error_text, now
from harness.standins.apiary.generate.uploads import make_pdf

_UPLOAD_EVERY = 10
_PADDING_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Written:
    """How much was written."""

    attendance: int
    uploads: int


def write_traffic(
    connection: Connection[Cursor], files_dir: Path, rate_per_s: float, stopped: Callable[[float], bool]
) -> Written:
    """Write until stopped.

    Args:
        connection: to a database with users and teams.
        files_dir: `storage/app`.
        rate_per_s: attendance rows per second.
        stopped: waits for the given seconds, and answers whether to stop (`threading.Event.wait`).

    Returns:
        The counts.

    Raises:
        pymysql.MySQLError: the database refused.
    """
    attendance = uploads = 0
    started = monotonic()
    while not stopped(max(0.0, started + attendance / rate_per_s - monotonic())):
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into attendance (attendable_type, attendable_id, gtid, source, created_at, updated_at) "
                "select 'team', (select min(id) from teams), gtid, 'traffic', %s, %s from users "
                "where id >= 1 + %s %% (select max(id) from users) order by id limit 1",
                (now(), now(), attendance * 7919),
            )
        attendance += 1
        if attendance % _UPLOAD_EVERY == 0:
            uploads += _upload(connection, files_dir)
    return Written(attendance, uploads)


def _upload(connection: Connection[Cursor], files_dir: Path) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select users.id, users.uid from users left join resumes on resumes.user_id = users.id "
            "where resumes.id is null and users.deleted_at is null order by users.id desc limit 1"
        )
        owner = cursor.fetchone()
        if owner is None:
            return 0
        directory = files_dir / "resumes"
        directory.mkdir(parents=True, exist_ok=True)
        content = make_pdf(f"Resume of {owner[1]}", os.urandom(_PADDING_BYTES))
        (directory / f"{owner[1]}.pdf").write_bytes(content)
        cursor.execute(
            "insert into resumes (user_id, created_at, updated_at) values (%s, %s, %s)", (owner[0], now(), now())
        )
    return 1


def main(argv: list[str]) -> int:
    """Write into the database of the environment until SIGTERM or SIGINT, then say how much."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin.traffic", description=__doc__)
    parser.add_argument("--rate", type=float, default=20.0, help="attendance rows per second")
    options = parser.parse_args(argv)
    if options.rate <= 0:
        parser.error(f"a rate of {options.rate:g} writes nothing")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    config = load_config(os.environ, Path.cwd())
    try:
        connection = connect(config.database)
        try:
            written = write_traffic(connection, config.files_dir, options.rate, stop.wait)
        finally:
            connection.close()
    except (HarnessError, pymysql.MySQLError) as error:
        sys.stderr.write(f"{error_text(error)}\n")
        return 1
    sys.stdout.write(f"{written.attendance} attendance rows, {written.uploads} uploads\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

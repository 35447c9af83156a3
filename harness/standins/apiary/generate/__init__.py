"""Generated data: rows and files of an Apiary that never was, the same bytes for the same random seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.base.errors import UsageError
from harness.standins.apiary.config import DatabaseArgs
from harness.standins.apiary.database import connect, read_catalog, scalar
from harness.standins.apiary.encryption import parse_app_key
from harness.standins.apiary.generate import activity, money, others, paper, people
from harness.standins.apiary.generate.activity import NONCE_EVENT_PREFIX
from harness.standins.apiary.generate.extras import EXTRAS, Extra, make_objects
from harness.standins.apiary.generate.literals import Loader, TableRows
from harness.standins.apiary.generate.plan import HISTORY_S, SCALES, make_plan, timestamp
from harness.standins.apiary.generate.uploads import write_files

__all__ = ["EXTRAS", "NONCE_EVENT_PREFIX", "SCALES", "TABLES", "GeneratedData", "generate"]

TABLES: tuple[TableRows, ...] = (*people.TABLES, *activity.TABLES, *money.TABLES, *paper.TABLES, *others.TABLES)


@dataclass(frozen=True, slots=True)
class GeneratedData:
    """What was made.

    `rows` counts the generated rows by table; the rows that the migrations insert are not in it. `files` and
    `file_bytes` are everything below `storage/app`. The event `nonce_event_id` is named `NONCE_EVENT_PREFIX`
    and the nonce.
    """

    rows: Mapping[str, int]
    files: int
    file_bytes: int
    nonce: str
    nonce_event_id: int


def generate(
    database: DatabaseArgs,
    storage_dir: Path,
    scale: str,
    rng_seed: int,
    *,
    app_key: str,
    now: datetime,
    nonce: str = "",
    extras: Collection[Extra] = (),
) -> GeneratedData:
    """Fill a migrated, empty database and its storage directory.

    Args:
        database: how to reach it, as a user who may insert and update, and make the objects among the extras.
        storage_dir: the app's storage directory; the files go to `app` below it.
        scale: `tiny`, `small`, `medium` or `large`.
        rng_seed: the same one makes the same rows and files, given the same `now`, `app_key` and `nonce`.
        app_key: `APP_KEY` of the app; encrypted values are made with it.
        now: with a time zone; every date counts back from it, the newest row is half a minute old.
        nonce: put into the name of the newest event, so that this very data differs from any other.
        extras: what the data holds beyond Apiary.

    Returns:
        The counts.

    Raises:
        UsageError: an unknown scale, a database that is not migrated, or one that holds users or teams.
        DecryptError: `app_key` is not a key.
        pymysql.MySQLError: the database refused.
    """
    if scale not in SCALES:
        raise UsageError(f"scale {scale!r} is unknown", f"Use one of {', '.join(SCALES)}.")
    plan = make_plan(SCALES[scale], rng_seed, now, parse_app_key(app_key), nonce, extras)
    with connect(database) as connection:
        catalog = read_catalog(connection)
        missing = [table.name for table in TABLES if table.name not in catalog.tables]
        if missing:
            raise UsageError(
                f"database {database.database} lacks {len(missing)} tables, {missing[0]} among them",
                "Run `php artisan migrate --force` first.",
            )
        for table in ("users", "teams"):
            if scalar(connection, f"select 1 from {table} limit 1") is not None:
                raise UsageError(
                    f"database {database.database} already holds {table}", "Generate into an empty database."
                )
        make_objects(connection, extras)
        loader = Loader(connection)
        with connection.cursor() as cursor:
            cursor.execute("set session foreign_key_checks = 0, unique_checks = 0, autocommit = 0")
            # The migrations stamped these with the time at which they ran.
            birth = timestamp(plan.now_s - HISTORY_S)
            for table in ("class_standings", "permissions", "roles"):
                cursor.execute(f"update {table} set created_at = {birth}, updated_at = {birth}")
        for table_rows in TABLES:
            loader.load(table_rows, plan)
        with connection.cursor() as cursor:
            # A server counts new rows some seconds later. Until then the import of users looks through whole tables.
            loaded = ", ".join(f"`{name}`" for name in loader.counts)
            cursor.execute(f"analyze no_write_to_binlog table {loaded}")
        connection.commit()
    files, file_bytes = write_files(plan, storage_dir / "app")
    return GeneratedData(loader.counts, files, file_bytes, nonce, plan.events)

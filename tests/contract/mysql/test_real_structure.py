"""The stand-in's migrated database is the real Apiary's, and follows a newer one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.base.errors import UsageError
from harness.procedure.restore.load import run_script
from harness.standins.apiary.config import DatabaseArgs
from harness.standins.apiary.database import connect
from harness.standins.apiary.migrations import migrate
from tests.contract.mysql.conftest import NewPlace
from tests.contract.mysql.places import Place, differences
from tests.standin.follow import new_migrations

REAL = Path(__file__).parents[2] / "data" / "real-apiary"

NEWER = (
    "CREATE TABLE badges (id INT PRIMARY KEY, team_id INT UNSIGNED, CONSTRAINT to_team FOREIGN KEY (team_id)"
    " REFERENCES teams (id))",
    "ALTER TABLE attendance DROP FOREIGN KEY attendance_device_serial_number_foreign, DROP COLUMN device_serial_number",
    "DROP TABLE devices",
    "ALTER TABLE users ADD COLUMN nickname VARCHAR(20) AFTER uid, MODIFY gender VARCHAR(300), DROP COLUMN shirt_size,"
    " MODIFY phone VARCHAR(255) AFTER id, DROP INDEX users_uid_unique, ADD UNIQUE users_uid_unique (uid, gtid)",
    "ALTER TABLE travel COMMENT 'trips'",
    "INSERT INTO migrations (migration, batch) VALUES ('2027_01_01_000000_one', 3), ('2027_01_02_000000_two', 3)",
)
"""What a newer Apiary could do: a table more, one less, columns that came, went, moved and changed, other keys."""


@contextmanager
def connected(place: Place) -> Iterator[Connection[Cursor]]:
    """A connection as the stand-in makes it."""
    server = place.server
    connection = connect(DatabaseArgs(server.host, server.port, server.app.user, server.app.password, server.database))
    try:
        yield connection
    finally:
        connection.close()


def migrated(place: Place, release: str = "") -> Place:
    """A database that the stand-in migrated."""
    with connected(place) as connection:
        migrate(connection, lambda line: None, release=release)
    return place


def migrations_of(place: Place) -> list[str]:
    """Their names, in the order in which they ran."""
    place.run()
    return [str(name) for (name,) in place.kept.rows("SELECT migration FROM migrations ORDER BY id")]


def test_the_migrated_database_is_the_real_one_and_follows_a_newer_one(new_place: NewPlace, tmp_path: Path) -> None:
    """Types, defaults, collations, order of columns, keys and foreign keys; and the migrations, name by name."""
    real, standin = new_place(), migrated(new_place())
    run_script(real.server, [gzip.decompress((REAL / "schema.sql.gz").read_bytes())])
    assert len(real.tables()) == 53
    assert differences(real.objects(), standin.objects()) == {}
    names = (REAL / "migrations.txt").read_text(encoding="utf-8").split()
    assert migrations_of(standin) == names

    newer, next_sql = migrated(new_place()), tmp_path / "next.sql"
    with connected(standin) as old, connected(newer) as new:
        assert new_migrations(old, new) == ""
        newer.run(*NEWER[:-1])
        with pytest.raises(UsageError, match=r"^\d+ differences and no new migration: drop table `devices`"):
            new_migrations(old, new)
        newer.run(NEWER[-1])
        next_sql.write_text(new_migrations(old, new), encoding="utf-8")
    followed = migrated(new_place(), release=str(next_sql))
    assert differences(newer.objects(), followed.objects()) == {}
    assert migrations_of(followed) == [*names, "2027_01_01_000000_one", "2027_01_02_000000_two"]

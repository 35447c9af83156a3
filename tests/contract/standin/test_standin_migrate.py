"""`migrate` and `migrate:status` on a real server."""

from pathlib import Path

from harness.base.guide import EXCLUDABLE_TABLES, FILE_REFERENCES
from harness.standins.apiary import migrations
from harness.standins.apiary.config import DatabaseArgs
from harness.standins.apiary.database import connect, read_catalog
from harness.standins.apiary.generate.extras import TRIGGER, VIEW
from harness.standins.apiary.migrations import load_stored_schema
from tests.contract.standin.standin_app import App, make_app


def columns(app: App) -> list[tuple[object, ...]]:
    return app.query(
        "select table_name, column_name, column_type, is_nullable, column_default from information_schema.columns "
        "where table_schema = database() order by 1, 2"
    )


def test_an_empty_database_gets_every_table_and_nothing_else(app: App) -> None:
    assert app.artisan("migrate", "--force") == 0
    lines = app.out.splitlines()
    assert lines[:4] == [
        "   INFO  Preparing database.",
        "   INFO  Loading stored database schemas.",
        "   INFO  Running migrations.",
        "  2016_06_01_000001_create_oauth_auth_codes_table ........................................... DONE",
    ]
    connection = connect(app.config.database)
    try:
        catalog = read_catalog(connection)
    finally:
        connection.close()
    assert len(catalog.tables) == 53
    assert set(EXCLUDABLE_TABLES) <= set(catalog.tables)
    assert all(catalog.has(reference.table, reference.column) for reference in FILE_REFERENCES)
    assert app.query("select trigger_name from information_schema.triggers where trigger_schema = database()") == []
    assert app.query("select table_name from information_schema.views where table_schema = database()") == []
    assert app.query(
        "select distinct engine, table_collation from information_schema.tables "
        "where table_schema = database() and table_type = 'BASE TABLE'"
    ) == [("InnoDB", "utf8mb4_unicode_ci")]


def test_a_second_run_changes_nothing(app: App) -> None:
    app.artisan("migrate", "--force")
    before = columns(app)
    assert app.artisan("migrate", "--force") == 0
    assert app.out == "   INFO  Nothing to migrate.\n"
    assert columns(app) == before


def test_the_migrations_table_holds_every_name_once(filled: App) -> None:
    names = [name for (name,) in filled.query("select migration from migrations order by id")]
    later = [migration.name for migration in migrations.later_migrations()]
    assert names == [*migrations.stored_migrations(), *later]
    assert len(names) == len(set(names)) == 121 + 86


def test_an_older_database_gets_what_it_lacks_in_a_batch_of_its_own(root: DatabaseArgs, tmp_path: Path) -> None:
    """As an Apiary of today does with a dump of 2021 in its database."""
    fresh, older = make_app(root, tmp_path / "fresh"), make_app(root, tmp_path / "older")
    fresh.artisan("migrate", "--force")
    connection = connect(older.config.database)
    try:
        load_stored_schema(connection)
    finally:
        connection.close()
    assert older.artisan("migrate:status", "--pending=3") == 3
    assert older.artisan("migrate", "--force") == 0
    assert older.out.splitlines()[0] == "   INFO  Running migrations."
    assert columns(older) == columns(fresh)
    assert older.query("select distinct batch from migrations order by 1") == [(1,), (2,)]


def test_production_wants_force(app: App) -> None:
    for command in ("migrate", "db:seed"):
        assert app.artisan(command, APP_ENV="production") == 1
        assert app.out == "  APPLICATION IN PRODUCTION.\n\n   WARN  Command cancelled.\n"
    assert app.query("show tables") == []


def test_status_says_what_is_pending_and_without_a_migrations_table_it_is_an_error(app: App) -> None:
    assert app.artisan("migrate:status") == 1
    assert app.err == "  ERROR  Migration table not found.\n"
    app.artisan("migrate", "--force")
    assert app.artisan("migrate:status") == 0
    assert "Pending" not in app.out
    app.query("delete from migrations where migration = '2026_04_18_160855_create_resumes_table'")
    assert app.artisan("migrate:status") == 0
    pending = [line for line in app.out.splitlines() if line.endswith("Pending")]
    assert [line.split()[0] for line in pending] == ["2026_04_18_160855_create_resumes_table"]


def test_permissions_are_those_of_the_last_migration(filled: App) -> None:
    def granted(role: str) -> set[object]:
        rows = filled.query(
            "select p.name from permissions p join role_has_permissions h on h.permission_id = p.id "
            f"join roles r on r.id = h.role_id where r.name = '{role}'"
        )
        return {name for (name,) in rows}

    read = {"read-events", "read-teams", "read-teams-hidden", "read-users"}
    assert granted("shared-device") == {"create-attendance", *read}
    assert {"approve-travel", "manage-sponsors"} <= granted("officer")
    assert not {"update-fiscal-years", "create-dues-transactions"} & granted("officer")
    assert filled.query("select count(*) from permissions where name = 'read-users-api_token'") == [(0,)]


def test_the_extras_of_generated_data(filled: App) -> None:
    """A trigger and a view come with the data; the trigger works: the generator writes `Sponsor1.Example`."""
    assert filled.query("select trigger_name from information_schema.triggers where trigger_schema = database()") == [
        (TRIGGER,)
    ]
    assert filled.query(f"select count(*) > 0 from {VIEW}") == [(1,)]
    assert filled.query("select count(*), sum(binary domain_name = lower(domain_name)) from sponsor_domains") == [
        (30, 30)
    ]


def test_seeding_adds_the_six_teams(searchable: App) -> None:
    assert searchable.query("select name, self_serviceable from teams where name in ('IGVC', 'Core') order by id") == [
        ("IGVC", 1),
        ("Core", 0),
    ]
    assert searchable.query("select count(*) from teams") == [(6,)]

"""A newer application's migrations: rows that are gone are errors, what a release is made of is reported."""

from dataclasses import replace

from harness.base.model import Finding, Severity
from harness.checks.evidence import MigratedTable, MigrationEvidence
from harness.checks.release import check_release
from tests.tables import over_table
from tests.unit.checks.builders import database, finding, only, part, table

BEFORE = database(table("teams", 6), table("users", 10), objects=(part("column", "users", "id", type="int"),))
QUIET = MigrationEvidence(("2027_a", "2027_b"), BEFORE, (MigratedTable("teams"), MigratedTable("users")))
ACCEPT = "If the release intends this, accept it with --accept-missing users."


def info(head: str, message: str) -> Finding:
    return finding(head, message, severity=Severity.INFO)


def with_users(rows: int = 10, **what: object) -> MigrationEvidence:
    changed = MigratedTable("users", **what)  # type: ignore[arg-type]
    after = replace(BEFORE, tables=(table("teams", 6), table("users", rows, "other")))
    return replace(QUIET, after=after, tables=(MigratedTable("teams"), changed))


def test_migrations_that_changed_nothing() -> None:
    result = check_release(BEFORE, QUIET)
    assert (result.check, result.findings, result.compared) == ("release", (), 18)
    assert result.evidence == (
        ("migrations that ran", "2"),
        ("rows before", "16"),
        ("rows after", "16"),
        ("migration", "2027_a"),
        ("migration", "2027_b"),
    )


def test_rows_that_are_gone() -> None:
    assert only(check_release(BEFORE, with_users(8, lost=("[3]", '["x"]')))) == finding(
        "migration-rows-lost | users | 10 | 8",
        "The migrations removed rows of table users: it had 10 and now has 8. First primary keys: [3], [~2d711642b7].",
        ACCEPT,
    )


def test_rows_that_are_gone_although_others_came() -> None:
    found = only(check_release(BEFORE, with_users(10, lost=("[3]",))))
    assert (found.code, found.severity, found.expected, found.actual) == (
        "migration-rows-lost",
        Severity.ERROR,
        "10",
        "10",
    )


def test_a_loss_that_was_accepted_is_a_warning() -> None:
    found = only(check_release(BEFORE, replace(with_users(8, lost=("[3]",)), accepted=("users",))))
    assert (found.code, found.severity, found.remedy) == ("migration-rows-lost", Severity.WARNING, "")


def test_rows_that_came() -> None:
    assert only(check_release(BEFORE, with_users(12))) == info(
        "migration-rows-added | users | 10 | 12", "The migrations add 2 rows to table users."
    )


@over_table(
    "rows, accepted, severity", [(10, (), Severity.ERROR), (10, ("users",), Severity.WARNING), (0, (), Severity.INFO)]
)
def test_a_table_that_is_dropped(rows: int, accepted: tuple[str, ...], severity: Severity) -> None:
    gone = table("users", rows)
    before = replace(BEFORE, tables=(table("teams", 6), gone))
    after = replace(BEFORE, tables=(table("teams", 6),), objects=())
    migration = MigrationEvidence(("m",), after, (MigratedTable("teams"),), dropped=(gone,), accepted=accepted)
    assert only(check_release(before, migration)) == finding(
        f"migration-table-dropped | users | {rows} | no table",
        f"The migrations drop table users{' with its 10 rows' if rows else ''}.",
        ACCEPT if severity is Severity.ERROR else "",
        severity,
    )


def test_a_table_that_is_made() -> None:
    badges = table("badges", 3)
    after = replace(BEFORE, tables=(badges, *BEFORE.tables), objects=(*BEFORE.objects, part("column", "badges", "id")))
    assert only(check_release(BEFORE, replace(QUIET, after=after, added=(badges,)))) == info(
        "migration-table-added | badges | no table | 3", "The migrations create table badges with 3 rows."
    )


def test_columns_that_come_and_go() -> None:
    migration = with_users(
        columns_added=("nick",),
        columns_dropped=(("old", 4), ("empty", 0)),
        columns_renamed=(("a", "b"),),
        columns_rewritten=("school",),
    )
    assert check_release(BEFORE, migration).findings == (
        finding(
            "migration-column-dropped | users.old | 4 | no column",
            "The migrations drop column users.old with 4 values in it.",
            "Make sure that these values are stored elsewhere or no longer needed.",
            Severity.WARNING,
        ),
        info(
            "migration-column-dropped | users.empty | 0 | no column",
            "The migrations drop column users.empty, which was empty.",
        ),
        info("migration-column-added | users.nick", "The migrations add column users.nick."),
        info("migration-column-rewritten | users.school", "The migrations change values in column users.school."),
        info(
            "migration-column-renamed | users.a", "The migrations rename column users.a to b; its values are unchanged."
        ),
    )


def test_another_primary_key() -> None:
    assert only(check_release(BEFORE, with_users(key_changed=True))) == finding(
        "migration-key-changed | users",
        "Table users has another primary key after the migrations: its rows were counted, not compared.",
        severity=Severity.WARNING,
    )


def test_types_keys_and_programs_that_change() -> None:
    wider = part("column", "users", "id", type="bigint", position="2")
    after = replace(BEFORE, objects=(wider, part("view", "", "sizes", body="d")))
    assert check_release(BEFORE, replace(QUIET, after=after)).findings == (
        info("migration-object | column users.id", "Column users.id is changed by the migrations."),
        info("migration-object | view sizes", "View sizes is made by the migrations."),
    )
    assert only(check_release(after, replace(QUIET, after=replace(after, objects=after.objects[:1])))) == info(
        "migration-object | view sizes", "View sizes is dropped by the migrations."
    )

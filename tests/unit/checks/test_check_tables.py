"""The checks on tables: nothing where nothing is wrong, and one finding for each thing that is."""

from dataclasses import replace
from datetime import date

from harness.artifacts.storage.names import code_of
from harness.base.model import Acceptance, CheckResult, Orphans, Severity
from harness.checks.evidence import RowDifference, ScriptTable
from harness.checks.tables import check_excluded, check_orphans, check_rows, check_script_rows, check_table_set
from tests.tables import over_table
from tests.unit.checks.builders import database, finding, only, part, table

GUESTS = Orphans("attendance", "attendance_link", ("remote_attendance_link_id",), "remote_attendance_links", 7)


def test_equal_table_sets_have_no_findings() -> None:
    result = check_table_set(["users", "teams"], ["users", "teams", "jobs"], ["users", "teams", "jobs"], ["jobs"])
    assert (result.check, result.findings, result.compared, result.unknown) == ("table-set", (), 3, "")
    assert result.evidence == (("tables expected", "2"), ("tables found", "3"))
    gone = check_table_set(["users", "jobs"], ["users", "jobs"], ["users"], ["jobs"])
    assert (gone.findings, gone.compared) == ((), 2), "an excluded table that is gone is the matter of its own check"
    # A table that no fresh Apiary has can't come from the migrations: leaving it out lost it.
    assert only(check_table_set(["users", "own_jobs"], ["users"], ["users"], ["own_jobs"])).code == "table-missing"


def test_a_table_that_is_gone() -> None:
    assert only(check_table_set(["users", "teams"], ["users", "teams"], ["users"], [])) == finding(
        "table-missing | teams | present | missing",
        "Table teams is missing from the restored database.",
        "Look for the table in the dump: the dump may be truncated, or the table was excluded.",
    )


def test_a_table_of_nobody() -> None:
    assert only(check_table_set(["users"], ["users"], ["users", "telescope"], [])) == finding(
        "table-extra | telescope | absent | present",
        "Table telescope is in the restored database, but neither in the backup nor in a fresh Apiary.",
    )


def test_a_table_that_only_the_fresh_instance_still_has_was_not_backed_up() -> None:
    tables = ["users", "travel", "jobs"]
    assert only(check_table_set(tables, tables, tables, ["jobs"], ["users"])) == finding(
        "table-not-in-backup | travel | in the backup | only in the fresh instance, empty",
        "The source had table travel, but the backup does not contain it: the restored table is the empty one of a "
        "fresh instance.",
        "Check the options and the exit status of the dump.",
    )
    assert check_table_set(tables, tables, tables, ["jobs"], ["users", "travel"]).findings == ()


def test_a_table_that_todays_apiary_has_and_the_backup_lacks() -> None:
    assert only(check_table_set(["users"], ["users", "travel"], ["users", "travel"], [])) == finding(
        "table-not-in-backup | travel | in the backup | only in the fresh instance, empty",
        "This Apiary version expects table travel; the backup does not contain it, and the documented procedure "
        "does not exclude it.",
        "If the backup comes from an older Apiary, restore it into that version, then migrate.",
    )


def test_equal_rows_are_counted_and_those_of_excluded_tables_are_not_compared() -> None:
    tables = [table("users", 2), table("teams", 5)]
    result = check_rows(tables, [*tables, table("jobs", 9)], [], {})
    assert (result.check, result.findings, result.compared) == ("rows-source", (), 7)
    assert result.evidence == (("tables", "2"), ("rows expected", "7"), ("rows found", "7"))
    result = check_rows([table("users"), table("jobs", 9)], [table("users"), table("jobs", 0)], ["jobs"], {})
    assert (result.findings, result.compared) == ((), 2)
    gone = check_rows([table(rows=2)], [], [], {})
    assert only(gone) == finding("row-count | users | 2 | 0", "Table users with its 2 rows is missing.")
    assert gone.compared == 2


@over_table(
    "difference, which",
    [
        (RowDifference(changed=("[1]",)), "Primary keys of the first changed rows: [1]."),
        # An account's name can be a primary key; numbers in the same key stay.
        (
            RowDifference(changed=('[7, "gburdell3"]',)),
            f"Primary keys of the first changed rows: [7, {code_of(b'gburdell3')}].",
        ),
        (
            RowDifference(note="It has no primary key, so no row is named."),
            "It has no primary key, so no row is named.",
        ),
    ],
)
def test_a_changed_value_names_its_row(difference: RowDifference, which: str) -> None:
    assert only(check_rows([table()], [table(digest="bb")], [], {"users": difference})) == finding(
        "content-digest | users | aa | bb",
        f"Table users has as many rows as the source, but with different content. {which}",
    )


def test_lost_and_changed_rows_are_two_findings() -> None:
    difference = RowDifference(missing=("[1]",), extra=("[9]",), changed=("[2]",))
    result = check_rows([table(rows=3)], [table(rows=2, digest="bb")], [], {"users": difference})
    which = " Primary keys of the first missing rows: [1]; extra rows: [9]; changed rows: [2]."
    assert result.findings == (
        finding("row-count | users | 3 | 2", f"Table users has 2 rows; the source had 3.{which}"),
        finding("content-digest | users | aa | bb", f"Rows of table users differ from the source.{which}"),
    )
    less = RowDifference(missing=("[1]", "[2]"))
    assert only(check_rows([table(rows=2)], [table(rows=1, digest="bb")], [], {"users": less})) == finding(
        "row-count | users | 2 | 1",
        "Table users has 1 rows; the source had 2. Primary keys of the first missing rows: [1], [2].",
    )


def test_other_rows_than_in_the_script() -> None:
    rows = [ScriptTable("users", 2, "aa")]
    result = check_script_rows(rows, rows, {}, "text")
    assert (result.check, result.findings, result.compared) == ("rows-script", (), 2)
    assert result.evidence[-1] == ("compared as", "text")
    script = [ScriptTable("teams", 3, "cc"), ScriptTable("users", 2, "aa")]
    result = check_script_rows(script, [ScriptTable("teams", 2, "dd"), ScriptTable("users", 2, "bb")], {}, "text")
    assert result.findings == (
        finding("row-count | teams | 3 | 2", "Table teams has 2 rows; the dump had 3."),
        finding(
            "content-digest | users | aa | bb", "Table users has as many rows as the dump, but with different content."
        ),
    )


def test_an_excluded_table_is_there_and_empty_with_the_columns_of_a_fresh_instance() -> None:
    """One that is in the backup all the same is not judged."""
    jobs, full = database(table("jobs", 0), objects=(part("column", "jobs", "id"),)), database(table("jobs", rows=4))
    result = check_excluded(["jobs"], jobs, jobs, ["users"])
    assert (result.findings, result.compared, result.evidence) == ((), 1, (("excluded tables", "1"),))
    result = check_excluded(["jobs"], full, full, ["jobs"])
    assert (result.findings, result.compared) == ((), 0)
    assert only(check_excluded(["jobs"], full, database(), [])) == finding(
        "excluded-table-missing | jobs | present, empty | missing",
        "Table jobs was excluded from the dump and does not exist in the restored database: the application fails "
        "where it uses it (error 1146), although all migrations are recorded as done.",
        "Restore into a migrated instance, as step 1 of the documented procedure says.",
    )
    assert only(check_excluded(["jobs"], full, full, [])) == finding(
        "excluded-table-not-empty | jobs | 0 | 4",
        "Table jobs was excluded from the dump but contains 4 rows: the target was not empty.",
    )
    fresh = replace(jobs, objects=(part("column", "jobs", "queue"), *jobs.objects))
    restored = replace(jobs, objects=(*jobs.objects, part("index", "jobs", "PRIMARY")))
    assert only(check_excluded(["jobs"], fresh, restored, [])) == finding(
        "excluded-table-structure | jobs | id, queue | id", "Table jobs lacks columns that a fresh instance has."
    )


def test_an_acceptance_holds_until_its_last_day_and_is_an_error_after_it() -> None:
    accepted = [Acceptance(("jobs", "audits"), "Head of IT", "2026-11-29", "Kept elsewhere."), Acceptance(("teams",))]
    state = database(*(table(name, rows=0) for name in ("jobs", "audits", "teams")))

    def judged(day: date) -> CheckResult:
        return check_excluded(["jobs", "audits", "teams"], state, state, ["audits"], accepted, day)

    assert judged(date(2026, 11, 29)).findings == ()
    assert only(judged(date(2026, 11, 30))) == finding(
        "acceptance-expired | jobs | accepted on 2026-11-30 | accepted until 2026-11-29",
        "Table jobs is left out of the backup, and the acceptance of that by Head of IT ended on 2026-11-29.",
        "Back up jobs, or renew [accepted] with `by`, `until` and `why`.",
    )


def test_orphans_of_a_documented_exclusion_are_an_accepted_loss() -> None:
    assert only(check_orphans(database(orphans=(GUESTS,)), database(), ["remote_attendance_links"])) == finding(
        "orphans-accepted | attendance.remote_attendance_link_id | 0 | 7",
        "7 rows of attendance refer to rows of remote_attendance_links, which the documented procedure excludes "
        "from the backup: this loss is accepted.",
        "Back up remote_attendance_links as well if these references matter.",
        Severity.WARNING,
    )


def test_orphans_that_the_source_had_already_are_a_warning() -> None:
    none = check_orphans(database(orphans=(replace(GUESTS, rows=0),)), None, [])
    assert (none.check, none.findings, none.compared) == ("orphans", (), 1)
    assert only(check_orphans(database(orphans=(GUESTS,)), database(orphans=(GUESTS,)), [])) == finding(
        "orphans-at-source | attendance.remote_attendance_link_id | 7 | 7",
        "7 rows of attendance refer to missing rows of remote_attendance_links; the source had as many.",
        severity=Severity.WARNING,
    )


def test_one_orphan_more_than_at_the_source_is_an_error() -> None:
    source = database(orphans=(replace(GUESTS, rows=6),))
    assert only(check_orphans(database(orphans=(GUESTS,)), source, [])) == finding(
        "orphans | attendance.remote_attendance_link_id | 6 | 7",
        "7 rows of attendance refer to missing rows of remote_attendance_links.",
        "Take the dump with --single-transaction, and look for the missing rows at the source.",
    )


def test_only_what_the_backup_really_leaves_out_is_an_accepted_loss() -> None:
    """A dump that holds the table and lost its rows may be torn, whatever the guide would have left out."""
    excluded = held = ["remote_attendance_links"]
    target = database(orphans=(GUESTS,))
    unexplained = only(check_orphans(target, None, excluded, held))
    assert (unexplained.code, unexplained.severity) == ("orphans-unexplained", Severity.WARNING)
    assert unexplained.message == (
        "7 rows of attendance refer to rows of remote_attendance_links that the backup does not contain: an "
        "earlier restore by the documented procedure lost them, or the dump is inconsistent."
    )
    # Where the source is known, it decides.
    assert only(check_orphans(target, database(), excluded, held)).code == "orphans"
    assert only(check_orphans(target, database(orphans=(GUESTS,)), excluded, held)).code == "orphans-at-source"

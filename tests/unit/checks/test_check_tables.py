"""The checks on tables: nothing where nothing is wrong, and one finding for each thing that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from harness.artifacts.storage.names import code_of
from harness.base.model import Acceptance, CheckResult, Orphans, Severity
from harness.checks.evidence import RowDifference, ScriptTable
from harness.checks.tables import check_excluded, check_orphans, check_rows, check_script_rows, check_table_set
from tests.unit.checks.builders import database, finding, only, part, table

GUESTS = Orphans("attendance", "attendance_link", ("remote_attendance_link_id",), "remote_attendance_links", 7)


def test_equal_table_sets_have_no_findings() -> None:
    result = check_table_set(["users", "teams"], ["users", "teams", "jobs"], ["users", "teams", "jobs"], ["jobs"])
    assert result.findings == ()
    assert (result.check, result.compared, result.unknown) == ("table-set", 3, "")
    assert result.evidence == (("tables expected", "2"), ("tables found", "3"))


def test_a_table_that_is_gone() -> None:
    assert only(check_table_set(["users", "teams"], ["users", "teams"], ["users"], [])) == finding(
        "table-missing",
        "teams",
        "Table teams is missing from the restored database.",
        "present",
        "missing",
        "Look for the table in the dump: the dump may be truncated, or the table was excluded.",
    )


def test_an_excluded_table_that_is_gone_is_the_matter_of_its_own_check() -> None:
    result = check_table_set(["users", "jobs"], ["users", "jobs"], ["users"], ["jobs"])
    assert (result.findings, result.compared) == ((), 2)


def test_an_excluded_table_that_only_the_source_had_is_missing() -> None:
    """A table that no fresh Apiary has can't come from the migrations: leaving it out lost it."""
    assert only(check_table_set(["users", "own_jobs"], ["users"], ["users"], ["own_jobs"])).code == "table-missing"


def test_a_table_of_nobody() -> None:
    assert only(check_table_set(["users"], ["users"], ["users", "telescope"], [])) == finding(
        "table-extra",
        "telescope",
        "Table telescope is in the restored database, but neither in the backup nor in a fresh Apiary.",
        "absent",
        "present",
    )


def test_a_table_that_only_the_fresh_instance_still_has_was_not_backed_up() -> None:
    tables = ["users", "travel", "jobs"]
    assert only(check_table_set(tables, tables, tables, ["jobs"], ["users"])) == finding(
        "table-not-in-backup",
        "travel",
        "The source had table travel, but the backup does not contain it: the restored table is the empty one of a "
        "fresh instance.",
        expected="in the backup",
        actual="only in the fresh instance, empty",
        remedy="Check the options and the exit status of the dump.",
    )
    assert check_table_set(tables, tables, tables, ["jobs"], ["users", "travel"]).findings == ()


def test_a_table_that_todays_apiary_has_and_the_backup_lacks() -> None:
    assert only(check_table_set(["users"], ["users", "travel"], ["users", "travel"], [])) == finding(
        "table-not-in-backup",
        "travel",
        "This Apiary version expects table travel; the backup does not contain it, and the documented procedure "
        "does not exclude it.",
        "in the backup",
        "only in the fresh instance, empty",
        "If the backup comes from an older Apiary, restore it into that version, then migrate.",
    )


def test_equal_rows_are_counted() -> None:
    tables = [table("users", 2), table("teams", 5)]
    result = check_rows(tables, [*tables, table("jobs", 9)], [], {})
    assert result.findings == ()
    assert (result.check, result.compared) == ("rows-source", 7)
    assert result.evidence == (("tables", "2"), ("rows expected", "7"), ("rows found", "7"))


def test_rows_of_excluded_tables_are_not_compared() -> None:
    result = check_rows([table("users"), table("jobs", 9)], [table("users"), table("jobs", 0)], ["jobs"], {})
    assert (result.findings, result.compared) == ((), 2)


def test_one_row_less_names_its_key() -> None:
    result = check_rows(
        [table(rows=2)], [table(rows=1, digest="bb")], [], {"users": RowDifference(missing=("[1]", "[2]"))}
    )
    assert only(result) == finding(
        "row-count",
        "users",
        "Table users has 1 rows; the source had 2. First primary keys: missing: [1], [2].",
        "2",
        "1",
    )


def test_a_changed_value_names_its_row() -> None:
    result = check_rows([table()], [table(digest="bb")], [], {"users": RowDifference(changed=("[1]",))})
    assert only(result) == finding(
        "content-digest",
        "users",
        "Table users has as many rows as the source, but with different content. First primary keys: changed: [1].",
        "aa",
        "bb",
    )


def test_lost_and_changed_rows_are_two_findings() -> None:
    difference = RowDifference(missing=("[1]",), extra=("[9]",), changed=("[2]",))
    result = check_rows([table(rows=3)], [table(rows=2, digest="bb")], [], {"users": difference})
    which = " First primary keys: missing: [1]; extra: [9]; changed: [2]."
    assert result.findings == (
        finding("row-count", "users", f"Table users has 2 rows; the source had 3.{which}", "3", "2"),
        finding("content-digest", "users", f"Rows of table users differ from the source.{which}", "aa", "bb"),
    )


def test_a_key_that_is_a_text_is_named_by_its_code() -> None:
    """An account's name can be a primary key; numbers in the same key stay."""
    result = check_rows(
        (table(digest="aa"),), (table(digest="bb"),), (), {"users": RowDifference(changed=('[7, "gburdell3"]',))}
    )
    code = code_of(b"gburdell3")
    assert only(result).message == (
        "Table users has as many rows as the source, but with different content. First primary keys: changed: [7, "
        f"{code}]."
    )


def test_a_table_without_a_primary_key_says_why_no_row_is_named() -> None:
    note = RowDifference(note="It has no primary key, so the rows cannot be identified.")
    assert only(check_rows([table()], [table(digest="bb")], [], {"users": note})).message == (
        "Table users has as many rows as the source, but with different content. It has no primary key, so the "
        "rows cannot be identified."
    )


def test_a_table_that_is_gone_takes_its_rows_with_it() -> None:
    result = check_rows([table(rows=2)], [], [], {})
    assert only(result) == finding("row-count", "users", "Table users with its 2 rows is missing.", "2", "0")
    assert result.compared == 2


def test_an_equal_script_has_no_findings() -> None:
    rows = [ScriptTable("users", 2, "aa")]
    result = check_script_rows(rows, rows, {}, "text")
    assert result.findings == ()
    assert (result.check, result.compared) == ("rows-script", 2)
    assert result.evidence[-1] == ("compared as", "text")


def test_other_rows_than_in_the_script() -> None:
    script = [ScriptTable("teams", 3, "cc"), ScriptTable("users", 2, "aa")]
    result = check_script_rows(script, [ScriptTable("teams", 2, "dd"), ScriptTable("users", 2, "bb")], {}, "text")
    assert result.findings == (
        finding("row-count", "teams", "Table teams has 2 rows; the dump had 3.", "3", "2"),
        finding(
            "content-digest",
            "users",
            "Table users has as many rows as the dump, but with different content.",
            "aa",
            "bb",
        ),
    )


def test_an_excluded_table_that_is_there_and_empty() -> None:
    jobs = database(table("jobs", rows=0), objects=(part("column", "jobs", "id"),))
    result = check_excluded(["jobs"], jobs, jobs, ["users"])
    assert (result.findings, result.compared, result.evidence) == ((), 1, (("excluded tables", "1"),))


def test_an_excluded_table_that_is_in_the_backup_all_the_same_is_not_judged() -> None:
    result = check_excluded(["jobs"], database(table("jobs")), database(table("jobs")), ["jobs"])
    assert (result.findings, result.compared) == ((), 0)


def test_an_acceptance_holds_until_its_last_day_and_is_an_error_after_it() -> None:
    accepted = [Acceptance(("jobs", "audits"), "Head of IT", "2026-11-29", "Kept elsewhere."), Acceptance(("teams",))]
    state = database(*(table(name, rows=0) for name in ("jobs", "audits", "teams")))

    def judged(day: date) -> CheckResult:
        return check_excluded(["jobs", "audits", "teams"], state, state, ["audits"], accepted, day)

    assert judged(date(2026, 11, 29)).findings == ()
    assert only(judged(date(2026, 11, 30))) == finding(
        "acceptance-expired",
        "jobs",
        "Table jobs is left out of the backup, and the acceptance of that by Head of IT ended on 2026-11-29.",
        "accepted on 2026-11-30",
        "accepted until 2026-11-29",
        "Back up jobs, or renew [accepted] with `by`, `until` and `why`.",
    )


def test_an_excluded_table_without_its_structure() -> None:
    assert only(check_excluded(["jobs"], database(table("jobs")), database(), [])) == finding(
        "excluded-table-missing",
        "jobs",
        "Table jobs was excluded from the dump and does not exist in the restored database: the application fails "
        "where it uses it (error 1146), although all migrations are recorded as done.",
        "present, empty",
        "missing",
        "Restore into a migrated instance, as step 1 of the documented procedure says.",
    )


def test_an_excluded_table_that_is_not_empty() -> None:
    assert only(check_excluded(["jobs"], database(table("jobs")), database(table("jobs", rows=4)), [])) == finding(
        "excluded-table-not-empty",
        "jobs",
        "Table jobs was excluded from the dump but contains 4 rows: the target was not empty.",
        "0",
        "4",
    )


def test_an_excluded_table_with_other_columns() -> None:
    fresh = database(table("jobs", 0), objects=(part("column", "jobs", "queue"), part("column", "jobs", "id")))
    restored = replace(fresh, objects=(part("column", "jobs", "id"), part("index", "jobs", "PRIMARY")))
    assert only(check_excluded(["jobs"], fresh, restored, [])) == finding(
        "excluded-table-structure", "jobs", "Table jobs lacks columns that a fresh instance has.", "id, queue", "id"
    )


def test_foreign_keys_without_orphans_are_counted() -> None:
    result = check_orphans(database(orphans=(replace(GUESTS, rows=0),)), None, [])
    assert (result.check, result.findings, result.compared) == ("orphans", (), 1)


def test_orphans_of_a_documented_exclusion_are_an_accepted_loss() -> None:
    assert only(check_orphans(database(orphans=(GUESTS,)), database(), ["remote_attendance_links"])) == finding(
        "orphans-accepted",
        "attendance.remote_attendance_link_id",
        "7 rows of attendance refer to rows of remote_attendance_links, which the documented procedure excludes "
        "from the backup: this loss is accepted.",
        "0",
        "7",
        "Back up remote_attendance_links as well if these references matter.",
        Severity.WARNING,
    )


def test_orphans_that_the_source_had_already_are_a_warning() -> None:
    assert only(check_orphans(database(orphans=(GUESTS,)), database(orphans=(GUESTS,)), [])) == finding(
        "orphans-at-source",
        "attendance.remote_attendance_link_id",
        "7 rows of attendance refer to missing rows of remote_attendance_links; the source had as many.",
        "7",
        "7",
        severity=Severity.WARNING,
    )


def test_one_orphan_more_than_at_the_source_is_an_error() -> None:
    source = database(orphans=(replace(GUESTS, rows=6),))
    assert only(check_orphans(database(orphans=(GUESTS,)), source, [])) == finding(
        "orphans",
        "attendance.remote_attendance_link_id",
        "7 rows of attendance refer to missing rows of remote_attendance_links.",
        "6",
        "7",
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

"""Messages of MySQL: names stay, values go."""

from __future__ import annotations

from harness.runtime.services.mysql import error_text
from harness.runtime.services.mysql_errors import disk_full, without_values
from tests.tables import over_table


@over_table(
    "code, message, expected",
    [
        (1146, "Table 'apiary.users' doesn't exist", "Table 'apiary.users' doesn't exist"),
        (1062, "Duplicate entry 'ann@example.org' for key 'users.gt_email'", "Duplicate entry '…'"),
        (1367, "Illegal double value 'Ann' found during parsing", "Illegal double value '…' found during parsing"),
        (1690, "BIGINT value is out of range in '(7 - 8)'", "BIGINT value is out of range in '…'"),
        (1644, "Ann Burdell may not do that", "a trigger or routine rejected a row"),
        (9999, "An error of tomorrow quotes 'Ann's'", "An error of tomorrow quotes '…"),
        (9999, "An error of tomorrow quotes 'Ann", "An error of tomorrow quotes '…"),
    ],
)
def test_a_message_that_is_not_known_to_quote_names_only_is_reported_without_quotes(
    code: int, message: str, expected: str
) -> None:
    assert error_text(Exception(code, message)) == f"ERROR {code}: {expected}"


def test_each_message_of_several_is_judged_by_its_own_code() -> None:
    text = (
        "ERROR 1146 (42S02) at line 1: Table 'a' is gone\nERROR 1062 (23000) at line 2: Duplicate 'Ann\nof Atlanta' x\n"
    )
    assert without_values(text) == (
        "ERROR 1146 (42S02) at line 1: Table 'a' is gone\nERROR 1062 (23000) at line 2: Duplicate '…' x\n"
    )


def test_a_full_disk_is_named_where_its_place_is_known() -> None:
    message = disk_full("ERROR 1114", "the volume apiary-drill-x-target-mysql")
    assert message.fact == (
        "the disk of the target is full (the volume apiary-drill-x-target-mysql): this says nothing about the backup"
    )
    assert disk_full(needed_bytes=2_000_000).hints[0].startswith("Make room for about 2.0 MB of database and run")
    assert disk_full().fact == "the disk of the target is full: this says nothing about the backup"
    assert message.exit_code == 3

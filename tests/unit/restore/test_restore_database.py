"""How a script is run, and what of the client's messages may be shown."""

from __future__ import annotations

from harness.base.model import Finding, Severity
from harness.procedure.restore.load import client_arguments, complaint_findings, redacted
from harness.runtime.process.host import LocalHost
from harness.runtime.services.mysql import Account, MySqlServer
from tests.tables import over_table

SERVER = MySqlServer(
    host="127.0.0.1",
    port=3307,
    admin=Account("drill", "admin-secret"),
    app=Account("apiary", "app-secret"),
    database="apiary",
    tools=LocalHost(),
    tools_address=("mysql", 3306),
    client="/usr/bin/mysql",
    dump="/usr/bin/mysqldump",
)


def test_a_script_runs_as_the_application_without_the_clients_own_commands() -> None:
    assert client_arguments(SERVER) == [
        "/usr/bin/mysql",
        "--no-defaults",
        "--host=mysql",
        "--port=3306",
        "--user=apiary",
        "--protocol=TCP",
        "--binary-mode",
        "--local-infile=0",
        "--batch",
        "--comments",
        "--default-character-set=utf8mb4",
        "--max-allowed-packet=1G",
        "--database=apiary",
    ]


def test_no_password_is_in_an_argument_list_or_a_report() -> None:
    assert [word for word in client_arguments(SERVER) if "secret" in word] == []
    assert SERVER.tool_environment(SERVER.app) == {"MYSQL_PWD": "app-secret"}
    assert "secret" not in repr(SERVER)


@over_table(
    "stderr, message",
    [
        ("", ""),
        (
            "ERROR 1146 (42S02) at line 7: Table 'apiary.users' doesn't exist\n",
            "ERROR 1146 (42S02) at line 7: Table 'apiary.users' doesn't exist",
        ),
        (
            "ERROR 1062 (23000) at line 7: Duplicate entry 'ann@example.org' for key 'users.gt_email'",
            "ERROR 1062 (23000) at line 7: Duplicate entry '…'",
        ),
        (
            "ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; check the manual that corresponds to"
            " your MySQL server version for the right syntax to use near ''Ann','ann@example.org')' at line 1",
            "ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; check the manual that corresponds to"
            " your MySQL server version for the right syntax to use near '…' at line 1",
        ),
        (
            "ERROR 1366 (HY000) at line 9: Incorrect string value: '\\xF0\\x9F' for column 'name' at row 1",
            "ERROR 1366 (HY000) at line 9: Incorrect string value: '…' at row 1",
        ),
        (
            "ERROR 1292 (22007) at line 9: Incorrect datetime value: '2020-13-01' for column 'born_on' at row 1",
            "ERROR 1292 (22007) at line 9: Incorrect datetime value: '…' at row 1",
        ),
        (
            "--------------\nINSERT INTO `users` VALUES (1,'Ann',\n'ann@example.org')\n--------------\n\n"
            "ERROR 1062 (23000) at line 7: Duplicate entry '1' for key 'PRIMARY'\n",
            "ERROR 1062 (23000) at line 7: Duplicate entry '…'",
        ),
        (
            "WARNING: option --ssl-verify-server-cert is disabled\n\nERROR 2006 (HY000): Server has gone away\n",
            "WARNING: option --ssl-verify-server-cert is disabled\nERROR 2006 (HY000): Server has gone away",
        ),
    ],
)
def test_messages_are_reported_without_what_they_quote_of_a_row(stderr: str, message: str) -> None:
    assert redacted(stderr) == message


def test_a_quoted_value_of_several_lines_is_not_reported() -> None:
    """A value holds whatever people typed, line breaks too."""
    text = redacted("ERROR 1062 (23000) at line 7: Duplicate entry 'Ann\nof Atlanta' for key 'name'")
    assert text == "ERROR 1062 (23000) at line 7: Duplicate entry '…'"
    text = redacted("ERROR 1064 (42000) at line 3: syntax to use near 'Ann\nann@example.org\nAtlanta' at line 1\nbye")
    assert text == "ERROR 1064 (42000) at line 3: syntax to use near '…' at line 1\nbye"


def test_a_value_with_a_quote_in_it_is_not_reported() -> None:
    stderr = "ERROR 1062 (23000) at line 7: Duplicate entry 'O'Hara' for key 'name'\nERROR 1146 (42S02): no 't'\n"
    assert redacted(stderr) == "ERROR 1062 (23000) at line 7: Duplicate entry '…\nERROR 1146 (42S02): no 't'"


def test_a_statement_with_a_line_of_dashes_in_it_is_not_reported() -> None:
    statement = "INSERT INTO `notes` VALUES ('Ann\n--------------\nann@example.org')"
    quoted = f"--------------\n{statement}\n--------------\n\n"
    assert redacted(f"{quoted}ERROR 1114 (HY000) at line 7: The table 'notes' is full") == (
        "ERROR 1114 (HY000) at line 7: The table 'notes' is full"
    )
    assert redacted(quoted) == ""
    assert redacted(f"--------------\n{statement}") == ""


def test_a_quoted_value_that_the_bound_on_stderr_cut_off_is_not_reported() -> None:
    assert redacted("ERROR 1406 (22001) at line 2: Data too long: 'Ann of Atl") == (
        "ERROR 1406 (22001) at line 2: Data too long: '…"
    )


def test_what_the_client_says_although_it_ends_well_is_reported() -> None:
    """Each line is a warning, five at most, none of them longer than a console shows."""
    assert complaint_findings(()) == ()
    assert complaint_findings(["mysql: [Warning] Using a password"]) == (
        Finding(
            code="client-warning",
            severity=Severity.WARNING,
            subject="stderr",
            message="While the dump was loading, the client reported: mysql: [Warning] Using a password",
            remedy="Look up what it means: a real restore would report it too.",
        ),
    )
    many = complaint_findings(["x" * 1000] * 9)
    assert (len(many), len(many[0].message)) == (5, 300 + len("While the dump was loading, the client reported: "))

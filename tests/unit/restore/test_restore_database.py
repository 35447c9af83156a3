"""Steps of the restore: database, search, and what runs before the application."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.base.errors import ProcedureFailed
from harness.base.guide import PRESTART_COMMANDS
from harness.base.model import Finding, Prestart, Severity
from harness.procedure.restore.load import client_arguments, complaint_findings, redacted
from harness.procedure.restore.prestart import prestart
from harness.procedure.restore.reindex import refusals
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import Completed
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


def test_a_script_runs_as_the_application_without_the_clients_own_commands_or_a_password() -> None:
    reached = ["/usr/bin/mysql", "--no-defaults", "--host=mysql", "--port=3306", "--user=apiary", "--protocol=TCP"]
    safe = ["--binary-mode", "--local-infile=0", "--batch", "--comments", "--default-character-set=utf8mb4"]
    assert client_arguments(SERVER) == [*reached, *safe, "--max-allowed-packet=1G", "--database=apiary"]
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


def test_a_value_is_not_reported_whatever_people_typed() -> None:
    """Line breaks, a quote, a line of dashes; or what the bound on stderr cut off."""
    duplicate, syntax = "ERROR 1062 (23000) at line 7: Duplicate entry", "ERROR 1064 (42000) at line 3: syntax"
    quoted = "--------------\nINSERT INTO `notes` VALUES ('Ann\n--------------\nann@example.org')"
    full = "ERROR 1114 (HY000) at line 7: The table 'notes' is full"
    for stderr, message in (
        (f"{duplicate} 'Ann\nof Atlanta' for key 'name'", f"{duplicate} '…'"),
        (f"{syntax} to use near 'Ann\nann@example.org\nAtlanta' at 1\nbye", f"{syntax} to use near '…' at 1\nbye"),
        (f"{duplicate} 'O'Hara' for key 'name'\nERROR 1146: no 't'\n", f"{duplicate} '…\nERROR 1146: no 't'"),
        (f"{quoted}\n--------------\n\n{full}", full),
        (f"{quoted}\n--------------\n\n", ""),
        (quoted, ""),
        ("ERROR 1406 (22001) at line 2: too long: 'Ann of Atl", "ERROR 1406 (22001) at line 2: too long: '…"),
    ):
        assert redacted(stderr) == message


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


class Artisan:
    """An application that answers so: exit status, stdout and stderr by command."""

    def __init__(self, **answers: tuple[int, bytes, str]) -> None:
        self.answers = {name.replace("_", ":"): answer for name, answer in answers.items()}
        self.asked: list[tuple[str, ...]] = []

    def artisan(self, *arguments: str) -> Completed:
        self.asked.append(arguments)
        return Completed(arguments, *self.answers.get(arguments[0], (0, b"", "")))

    def run(self, *, migrate: bool = False) -> Prestart:
        apiary = SimpleNamespace(artisan=self.artisan, must_artisan=self.artisan)
        return prestart(cast(Any, apiary), migrate=migrate)


def test_production_runs_them_in_this_order() -> None:
    app = Artisan()
    assert app.run(migrate=True) == Prestart((*PRESTART_COMMANDS, "migrate --force"))
    assert app.asked == [*((name, "--no-interaction") for name in PRESTART_COMMANDS), ("migrate", "--force")]
    assert Artisan().run().ran == PRESTART_COMMANDS


def test_a_command_that_the_application_lacks_is_named() -> None:
    """Both of Symfony's messages, as Laravel 12 logs and shows them; `config:validate` comes from a package."""
    log = '[2026-11-29 18:05:24] production.ERROR: {} {{"exception":"[object] (Symfony\\\\Component\\\\Console…"}}\n'

    done = Artisan(
        config_validate=(1, b"", log.format('Command "config:validate" is not defined.')),
        responsecache_clear=(
            1,
            b'\n   ERROR  There are no commands defined in the "responsecache" namespace.  \n\n',
            "",
        ),
    ).run()
    assert done.unknown == ("config:validate", "responsecache:clear")
    assert (done.failed, done.ran) == ((), PRESTART_COMMANDS[1:-1])


def test_what_may_fail_and_what_ends_the_start() -> None:
    """`config:validate` judges the drill's own settings; the script goes on after the two that clear."""
    no = (1, b"cas.cas_masquerade  The field is prohibited.", "")
    done = Artisan(config_validate=no, cache_clear=no, responsecache_clear=no).run()
    assert (done.failed, done.unknown) == (("config:validate", "cache:clear", "responsecache:clear"), ())
    for name in ("config_cache", "view_cache", "event_cache", "route_cache"):
        app = Artisan(**{name: (1, b"", "In Route.php line 1:\n\n  Unable to prepare route for serialization.\n")})
        with pytest.raises(ProcedureFailed) as caught:
            app.run(migrate=True)
        command = name.replace("_", ":")
        assert caught.value.fact == (
            f"`php artisan {command}` failed with exit status 1: Unable to prepare route for serialization"
        )
        assert app.asked[-1] == (command, "--no-interaction")


REFUSED = (
    "[App\\Models\\User] Meilisearch\\Exceptions\\ApiException: Http Status: 403 - Message: The provided API key is"
    " invalid. - Code: invalid_api_key - Type: auth - Link: https://docs.meilisearch.com/errors#invalid_api_key"
)
TOO_LARGE = (
    "Meilisearch ApiException: Http Status: 413 - Message: The provided payload reached the limit. The maximum accepted"
    " payload size is 1000 B. - Code: payload_too_large - Type: invalid_request"
    " - Link: https://docs.meilisearch.com/errors#payload_too_large"
)


def test_each_code_with_how_often_it_came() -> None:
    """A server that nobody reached is counted as well: cURL's text quotes addresses, and of it nothing is taken."""
    assert refusals([REFUSED, TOO_LARGE, REFUSED]) == (("invalid_api_key", 2), ("payload_too_large", 1))
    assert refusals(["RuntimeException: Connection refused", "Code: of a person", ""]) == ()
    line = "[App\\Models\\User] Meilisearch\\Exceptions\\CommunicationException: cURL error 7: Failed to connect to x"
    assert refusals([line, REFUSED, line]) == (("invalid_api_key", 1), ("unreachable", 2))

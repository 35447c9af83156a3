"""What holds for a stack of every runtime while it runs."""

import hashlib
import json
import secrets

import pytest
import requests

from harness.base.errors import ProcedureFailed, ServerFailed
from harness.base.expressions import state_expression
from harness.base.guide import PRESTART_COMMANDS
from harness.base.model import Prestart
from harness.base.settings import Settings
from harness.procedure.restore.prestart import prestart
from harness.runtime.services.execution import run
from harness.runtime.services.meilisearch import EMBEDDED_HEADER
from harness.runtime.services.mysql import Account
from tests.contract.runtimes.stacks import Running

# One worker holds the stacks for all of them.
pytestmark = pytest.mark.xdist_group("docker")


def test_the_components_say_what_runs_and_where_it_came_from(running: Running) -> None:
    """A result names every component it ran, and what it leaves unproven unless it is the real one."""
    assert [component.role for component in running.stack.components] == ["mysql", "meilisearch", "apiary"]
    for component in running.stack.components:
        assert component.version
        assert component.reference
        assert component.real or component.unproven
    mysql, search, app = running.stack.components
    assert mysql.real == (mysql.name == "MySQL")
    assert (app.name, app.real) == ("stand-in Apiary", False)
    # As a process it is started by a script called `meilisearch`: what it is, the server says.
    embedded = EMBEDDED_HEADER in requests.get(f"{running.stack.meilisearch.url}/health", timeout=10).headers
    assert (search.name, search.real) == (("embedded Meilisearch", False) if embedded else ("Meilisearch", True))
    if running.kind == "process":
        assert search.reference.endswith("/meilisearch")


def test_the_database_answers_both_accounts(running: Running) -> None:
    """The server's own word for who is connected is the account that was asked for."""
    mysql, spec = running.stack.mysql, running.spec
    for account in (spec.admin, spec.app):
        with mysql.session(account, database=spec.database) as session:
            assert session.value("SELECT CURRENT_USER()") == f"{account.user}@%"
            assert session.value("SELECT DATABASE()") == "apiary"


def test_a_wrong_password_is_refused(running: Running) -> None:
    """ERROR 1045, not a connection without rights."""
    mysql, app = running.stack.mysql, running.spec.app
    with pytest.raises(ServerFailed, match="ERROR 1045: Access denied for user 'apiary'"):
        mysql.connect(Account(app.user, "wrong"))


def test_the_app_account_is_limited_to_its_database(running: Running) -> None:
    """What a script does as the app cannot reach another database or make an account."""
    with running.stack.mysql.session(running.spec.app) as session:
        with pytest.raises(ServerFailed, match="ERROR 1044"):
            session.execute("CREATE DATABASE elsewhere")
        with pytest.raises(ServerFailed, match="ERROR 1227"):
            session.execute("CREATE USER x@localhost")


def test_root_has_no_empty_password(running: Running) -> None:
    """The template's root account gets a random password before anybody is let in."""
    with pytest.raises(ServerFailed, match=r"ERROR 1045|ERROR 1698"):
        running.stack.mysql.connect(Account("root", ""))


def test_the_database_server_is_as_in_production(running: Running) -> None:
    """The faithful mode's times are a recovery time that an operator can quote."""
    with running.stack.mysql.session() as session:
        assert session.value("SELECT @@innodb_flush_log_at_trx_commit") == 1
        assert session.value("SELECT @@collation_server") == "utf8mb4_unicode_ci"
        assert session.value("SELECT @@local_infile") == 0
        assert session.value("SELECT @@performance_schema_max_digest_length") > 0


def test_the_search_server_wants_its_key(running: Running) -> None:
    """`/health` is open; everything else is 401 without the master key and 403 with another one."""
    url = running.stack.meilisearch.url
    assert requests.get(f"{url}/health", timeout=10).json() == {"status": "available"}
    assert requests.get(f"{url}/indexes", timeout=10).status_code == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert requests.get(f"{url}/indexes", headers=wrong, timeout=10).status_code == 403
    assert running.stack.meilisearch.version()


def test_the_search_server_is_given_how_much_memory_it_may_take(running: Running, settings: Settings) -> None:
    """In a variable, of which the embedded server takes no notice."""
    files = running.stack.server_controls["meilisearch"].files
    assert files is not None
    words = 'for p in /proc/[0-9]*; do tr "\\0" "\\n" <"$p/environ"; done 2>/dev/null | grep -x "$0" | sort -u'
    answer = run(files.host, ["sh", "-c", words, f"MEILI_MAX_INDEXING_MEMORY={settings.indexing_memory}"])
    assert answer.stdout.decode().strip() == f"MEILI_MAX_INDEXING_MEMORY={settings.indexing_memory}"


def test_the_app_starts_stops_and_starts_with_the_same_storage(running: Running) -> None:
    """Under the same address, answering, and with the file that was put there while it was stopped."""
    app = running.stack.apiary
    assert not app.lifecycle.running()
    content = secrets.token_bytes(100_000)
    name = f"{app.storage_root}/kept.bin"
    put = run(app.storage_host, ["sh", "-c", 'cat > "$0"', name], stdin=[content])
    assert (put.exit_status, put.stderr) == (0, "")
    try:
        for _ in range(2):
            app.lifecycle.start()
            assert app.lifecycle.running()
            assert app.ping()
            assert app.get("/up").status == 200
            read = run(app.host, ["sha256sum", name])
            assert read.stdout.split()[0].decode() == hashlib.sha256(content).hexdigest()
            app.lifecycle.stop()
            assert not app.lifecycle.running()
            assert not app.ping()
    finally:
        run(app.storage_host, ["rm", name])


def test_an_app_that_runs_is_not_started_twice(running: Running) -> None:
    """Starting it again is a mistake of the caller, and reported as one."""
    app = running.stack.apiary
    app.lifecycle.start()
    try:
        with pytest.raises(ServerFailed, match=r"^Apiary is already running$"):
            app.lifecycle.start()
    finally:
        app.lifecycle.stop()


def test_storage_goes_in_and_out_as_a_tar_stream(running: Running) -> None:
    """Owner, mode, time and an odd name come back as they went in."""
    app = running.stack.apiary
    root, other = app.storage_root, f"{app.storage_root}/copy"
    make = (
        'cd "$0" && mkdir -p in/docusign && printf hello > "in/docusign/Travel Information Form.pdf"'
        ' && printf x > "in/$(printf "n\\303\\244me\\nline")" && chmod 640 in/docusign/*'
        ' && touch -d 2020-02-03T04:05:06Z in/docusign/* && chown -R "$1:$1" in && mkdir copy'
    )
    try:
        made = run(app.storage_host, ["sh", "-c", make, root, str(app.storage_uid)])
        assert made.exit_status == 0, made.stderr
        with app.storage_host.start(
            ["tar", "-C", f"{root}/in", "--format=pax", "--numeric-owner", "-cf", "-", "."]
        ) as out:
            archive = b"".join(out.chunks())
            assert out.wait(30).exit_status == 0
        unpack = ["tar", "-C", other, "--numeric-owner", "--same-owner", "-xpf", "-"]
        assert run(app.storage_host, unpack, stdin=[archive]).exit_status == 0
        listing = ["find", ".", "-printf", "%P|%U|%m|%s|%T@\\n"]
        listings = [
            sorted(
                run(app.storage_host, ["sh", "-c", 'cd "$0" && shift 0 && "$@"', place, *listing]).stdout.splitlines()
            )
            for place in (f"{root}/in", other)
        ]
        assert listings[0] == listings[1]
        assert f"docusign/Travel Information Form.pdf|{app.storage_uid}|640|5|1580702706" in "\n".join(
            line.decode("utf-8").split(".0000")[0] for line in listings[0]
        )
    finally:
        run(app.storage_host, ["rm", "-rf", f"{root}/in", other])


def test_a_start_as_a_job_replaces_what_was_cached_before(running: Running) -> None:
    """Where the application runs, `config:cache` is the last word; a start that fails leaves nothing running."""
    app = running.stack.apiary
    state = ("tinker", f"--execute={state_expression()}")
    assert app.artisan("config:cache", env={"APP_KEY": "of another instance"}).exit_status == 0
    assert json.loads(app.must_artisan(*state).stdout) == {"differs": ["APP_KEY"], "digests": []}
    done: list[Prestart] = []
    commands = (*PRESTART_COMMANDS, "nova:publish")
    try:
        app.lifecycle.start(prepare=lambda: done.append(prestart(app, migrate=True, commands=commands)))
        assert json.loads(app.must_artisan(*state).stdout) == {"differs": [], "digests": []}
        assert done == [Prestart((*PRESTART_COMMANDS[1:], "migrate --force"), ("nova:publish",), ("config:validate",))]
        app.lifecycle.stop()
        with pytest.raises(ProcedureFailed, match=r"^`php artisan migrate` failed with exit status 1"):
            app.lifecycle.start(prepare=lambda: done.append(prestart(app, migrate=False, commands=("migrate",))))
        assert not app.lifecycle.running()
    finally:
        app.lifecycle.stop()
        app.must_artisan("config:clear")


def test_artisan_runs_while_the_app_is_stopped_and_while_it_runs(running: Running) -> None:
    """Both find the same database, with the environment of the app."""
    app = running.stack.apiary
    stopped = app.migrations()
    app.lifecycle.start()
    try:
        assert app.migrations() == stopped
    finally:
        app.lifecycle.stop()
    ran, pending = stopped
    assert len(ran) > 50
    assert pending == ()

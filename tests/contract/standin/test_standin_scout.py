"""The search commands against a real Meilisearch API: what they index, and how they succeed too easily."""

import json

import pytest

from harness.base.expressions import QUEUE_SIZE, state_expression
from harness.base.guide import IMPORTED_MODELS
from harness.standins.apiary.encryption import encrypt_string, new_app_key
from harness.standins.apiary.models import index_settings
from harness.standins.apiary.scout import airports
from tests.contract.standin.standin_app import App


def documents(app: App, table: str) -> set[object] | None:
    """The keys of an index's documents; None without the index."""
    key = "iata" if table == "airports" else "id"
    answer = app.search(f"/indexes/{app.config.scout_prefix}{table}/documents?limit=100000&fields={key}")
    if answer.status_code == 404:
        return None
    return {document[key] for document in answer.json()["results"]}


@pytest.fixture(scope="module")
def indexed(filled: App) -> App:
    """Small data, imported as the start script does it."""
    assert filled.artisan("scout:sync-index-settings") == 0
    assert filled.err == ""
    assert filled.artisan("scout:import-all") == 0
    assert filled.err == ""
    filled.settle()
    return filled


def test_documents_are_the_rows_that_are_not_deleted(indexed: App) -> None:
    """No task failed, and resumes are not imported."""
    assert documents(indexed, "airports") == {airport["iata"] for airport in airports()}
    for model in IMPORTED_MODELS[1:]:
        ids = {row[0] for row in indexed.query(f"select id from {model.table} where deleted_at is null")}
        assert documents(indexed, model.table) == ids, model.table
        assert ids
    assert documents(indexed, "resumes") is None
    indexes = ",".join(indexed.config.scout_prefix + model.table for model in IMPORTED_MODELS)
    assert indexed.search(f"/tasks?statuses=failed,canceled&indexUids={indexes}").json()["total"] == 0


def test_settings_are_those_that_were_sent(indexed: App) -> None:
    for table, settings in index_settings().items():
        stored = indexed.search(f"/indexes/{indexed.config.scout_prefix}{table}/settings").json()
        for name, value in settings.items():
            if name == "typoTolerance":
                assert stored[name]["disableOnNumbers"] is True
            elif name == "filterableAttributes":
                assert sorted(stored[name]) == sorted(value)
            else:
                assert stored[name] == value, (table, name)


def test_every_searchable_attribute_stands_in_some_document(indexed: App) -> None:
    """But the one that the real app spells in a way no document has."""
    stats = indexed.search("/stats").json()["indexes"]
    for table, settings in index_settings().items():
        fields = set(stats[indexed.config.scout_prefix + table]["fieldDistribution"])
        wanted = {str(name).split(".")[0] for name in settings["searchableAttributes"]} - {"user_first_name"}
        assert wanted <= fields, table
        assert set(settings.get("filterableAttributes", ())) - {"trip_id"} <= fields, table


def test_a_person_is_found_by_the_nested_name(indexed: App) -> None:
    row = indexed.query(
        "select a.id, u.uid from attendance a join users u on u.gtid = a.gtid "
        "where a.deleted_at is null and u.deleted_at is null order by a.id limit 1"
    )[0]
    index = f"{indexed.config.scout_prefix}attendance"
    hits = indexed.search(f"/indexes/{index}/search", {"q": row[1], "limit": 100}).json()["hits"]
    assert {"id": row[0]} in hits


def test_importing_again_removes_nothing(searchable: App) -> None:
    searchable.artisan("scout:import-all")
    searchable.query("delete from teams where name = 'Core'")
    assert searchable.artisan("scout:import-all") == 0
    searchable.settle()
    assert documents(searchable, "teams") == {1, 2, 3, 4, 5, 6}
    assert searchable.artisan("scout:flush", "App\\Models\\Team") == 0
    assert searchable.artisan("scout:import", "App\\Models\\Team") == 0
    assert searchable.out == "All [App\\Models\\Team] records have been imported. (5)\n"
    searchable.settle()
    assert documents(searchable, "teams") == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("connection", ["database", "redis"])
def test_without_a_worker_nothing_is_indexed_and_the_exit_code_is_0(searchable: App, connection: str) -> None:
    searchable.env["QUEUE_CONNECTION"] = connection
    assert searchable.artisan("scout:import-all") == 0
    searchable.settle()
    assert documents(searchable, "teams") is None
    assert searchable.artisan("tinker", f"--execute={QUEUE_SIZE}") == 0
    assert searchable.out == "2"  # airports and teams; the other tables are empty
    assert searchable.artisan("queue:work", "--stop-when-empty") == 0  # reads the queue `default`
    searchable.settle()
    assert documents(searchable, "teams") is None
    assert searchable.artisan("queue:work", "--queue=meilisearch", "--stop-when-empty") == 0
    searchable.settle()
    assert documents(searchable, "teams") == {1, 2, 3, 4, 5, 6}
    searchable.artisan("tinker", "--execute", QUEUE_SIZE)
    assert searchable.out == "0"


def test_a_job_that_fails_ends_in_failed_jobs(searchable: App) -> None:
    searchable.env["QUEUE_CONNECTION"] = "database"
    searchable.artisan("scout:import", "Team")
    worker = ("queue:work", "--queue=meilisearch", "--stop-when-empty")
    assert searchable.artisan(*worker, MEILISEARCH_KEY="wrong") == 0
    rows = searchable.query("select connection, queue, exception from failed_jobs")
    assert [row[:2] for row in rows] == [("database", "meilisearch")]
    assert "Http Status: 403" in str(rows[0][2])
    assert searchable.query("select count(*) from jobs") == [(0,)]


def test_a_wrong_key_and_an_unreachable_host_are_reported_on_stderr_only(searchable: App) -> None:
    for command in ("scout:sync-index-settings", "scout:import-all"):
        assert searchable.artisan(command, MEILISEARCH_KEY="wrong") == 0
        assert "ApiException: Http Status: 403 - Message: The provided API key is invalid." in searchable.err
    assert searchable.artisan("scout:import", "Team", MEILISEARCH_KEY="wrong") == 1
    assert searchable.artisan("scout:import-all", MEILISEARCH_HOST="http://127.0.0.1:1") == 0
    assert searchable.err.count("CommunicationException") == 2  # airports and teams have documents
    assert searchable.out.count("(0)") == 9


def test_a_missing_table_is_reported_and_the_others_are_imported(searchable: App) -> None:
    searchable.query("drop table travel")
    assert searchable.artisan("scout:import-all") == 0
    name = searchable.config.database.database
    assert searchable.err == (
        "  ERROR  [App\\Models\\Travel] SQLSTATE[42S02]: Base table or view not found: "
        f"1146 Table '{name}.travel' doesn't exist\n"
    )
    searchable.settle()
    assert documents(searchable, "teams") == {1, 2, 3, 4, 5, 6}


def test_columns_that_an_older_dump_lacks_are_left_out(searchable: App) -> None:
    searchable.query(
        "insert into users (uid, gtid, gt_email, first_name, last_name, create_reason, has_ever_logged_in) "
        "values ('a1', 903000001, 'a@b', 'A', 'B', 'x', 1)"
    )
    for column in ("legal_middle_name", "gmail_address", "updated_at"):
        searchable.query(f"alter table users drop column {column}")
    searchable.query("drop table resumes")
    assert searchable.artisan("scout:import", "User") == 0, searchable.err
    searchable.settle()
    assert documents(searchable, "users") == {1}


def test_an_unknown_driver_is_an_error_and_the_null_driver_does_nothing(searchable: App) -> None:
    assert searchable.artisan("scout:import", "Team", SCOUT_DRIVER="algolia") == 1
    assert searchable.err == "  ERROR  Driver [algolia] not supported.\n"
    assert searchable.artisan("scout:import-all", SCOUT_DRIVER="null") == 0
    assert (searchable.out, searchable.err) == ("", "")


def test_dump_waits_and_keeps_the_newest_file(searchable: App) -> None:
    dumps = searchable.config.files_dir / "meilisearch" / "dumps"
    dumps.mkdir(parents=True)
    for number in (1, 2):
        (dumps / f"{number}.dump").write_bytes(b"old")
    searchable.artisan("scout:import", "Team")
    assert searchable.artisan("meilisearch:dump") == 0, searchable.err
    assert "Indexing complete." in searchable.out
    assert "Dump created successfully." in searchable.out
    assert len(list(dumps.iterdir())) == 1


def test_tinker_tells_whether_a_value_decrypts_and_refuses_any_other_code(filled: App) -> None:
    tokens = filled.query("select docusign_access_token from users where docusign_access_token is not null limit 1")
    other = encrypt_string("of another instance", bytes(32), bytes(16))
    code = state_expression([str(tokens[0][0]), other])
    done = filled.php("artisan", "tinker", f"--execute={code}")
    digest, lost = json.loads(done.stdout)["digests"]
    assert (done.returncode, len(digest), lost, done.stderr) == (0, 64, None, "")
    done = filled.php("artisan", "tinker", f"--execute={code}", APP_KEY=new_app_key())
    assert (done.returncode, json.loads(done.stdout)["digests"], done.stderr) == (0, [None, None], "")
    assert filled.artisan("tinker", "--execute=echo 1;") == 1
    only = "PHP Parse error: the stand-in understands only the expressions of harness/base/expressions.py"
    assert (filled.out, filled.err) == ("", f"  ERROR  {only}\n")

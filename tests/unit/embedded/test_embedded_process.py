"""The embedded server as a process: restarts, kills, signals, options, refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time

import psutil
import pytest
import requests

from harness.wait import wait_until

WAIT_MS = 60_000


def done(client, task):
    return client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS, interval_in_ms=10)


def test_everything_survives_a_restart(embedded):
    client = embedded.start(key="a-master-key")
    index = client.index("people")
    done(client, index.update_settings({"displayedAttributes": ["id"], "searchableAttributes": ["name"]}))
    done(client, index.add_documents([{"id": 1, "name": "Zoë"}, {"id": 2, "name": "Jon"}]))
    done(client, index.add_documents([{"id": "a b"}]))
    key = client.create_key({"actions": ["search"], "indexes": ["*"], "expiresAt": None})
    before = (
        embedded.request("GET", "/tasks", headers={"Authorization": "Bearer a-master-key"}).json(),
        index.get_settings(),
        client.get_all_stats()["indexes"],
        [vars(document) for document in index.get_documents().results],
    )
    embedded.stop()
    client = embedded.start(key="a-master-key")
    index = client.index("people")
    assert before == (
        embedded.request("GET", "/tasks", headers={"Authorization": "Bearer a-master-key"}).json(),
        index.get_settings(),
        client.get_all_stats()["indexes"],
        [vars(document) for document in index.get_documents().results],
    )
    assert index.search("zoe")["hits"] == [{"id": 1}]
    assert client.get_key(key.uid).key == key.key
    assert index.add_documents([{"id": 3}]).task_uid == 3


def test_a_kill_in_the_middle_of_indexing_loses_no_acknowledged_task(embedded):
    """Whenever the kill comes: every acknowledged document is there afterwards, once, and can be found."""
    for round_ in range(3):
        client = embedded.start()
        index = client.index("people")
        done(client, index.add_documents([{"id": 0, "name": "first"}]))
        acknowledged = []
        for number in range(30):
            documents = [{"id": number * 200 + n + 1, "name": f"robot{number * 200 + n + 1}"} for n in range(200)]
            acknowledged.append(index.add_documents(documents).task_uid)
        wait_until(
            lambda tasks=acknowledged, client=client: client.get_task(tasks[0]).status != "enqueued",
            what="the first batch",
            timeout_s=30,
            interval_s=0.01,
        )
        threading.Event().wait(0.1 * round_)  # another moment of the batch each round
        embedded.kill()
        client = embedded.start()
        index = client.index("people")
        for task in acknowledged:
            ended = client.wait_for_task(task, timeout_in_ms=WAIT_MS)
            assert (ended.status, ended.details) == (
                "succeeded",
                {"receivedDocuments": 200, "indexedDocuments": 200},
            )
        assert index.get_stats().number_of_documents == 6001
        seen = [document.id for document in index.get_documents({"limit": 10_000}).results]
        assert len(seen) == 6001
        assert set(seen) == set(range(6001))
        assert [hit["id"] for hit in index.search("robot4711", {"limit": 1})["hits"]] == [4711]
        done(client, index.delete())
        embedded.stop()


def test_the_engine_ends_with_a_killed_server(embedded):
    client = embedded.start()
    done(client, client.index("x").add_documents([{"id": 1}]))
    children = psutil.Process(embedded.process.pid).children()
    assert len(children) == 1
    embedded.kill()
    wait_until(lambda: not children[0].is_running(), what="the engine's end", timeout_s=10)


def test_a_killed_engine_is_started_again(embedded):
    client = embedded.start()
    index = client.index("x")
    done(client, index.add_documents([{"id": 1, "a": "robot"}]))
    psutil.Process(embedded.process.pid).children()[0].kill()
    task = done(client, index.add_documents([{"id": 2, "a": "robot"}]))
    assert (task.status, task.error["code"], task.error["type"]) == ("failed", "internal", "internal")
    assert done(client, index.add_documents([{"id": 3, "a": "robot"}])).status == "succeeded"
    assert {hit["id"] for hit in index.search("robot")["hits"]} == {1, 3}


def test_what_the_engine_cannot_take_fails_alone(embedded):
    """The files of this index may not grow over 3 MiB: the payload that would is the one that fails."""
    client = embedded.start("--max-index-size", "3MiB")
    index = client.index("x")
    done(client, index.add_documents([{"id": 0, "a": "robot"}]))
    words = " ".join(f"word{number}" for number in range(60_000))
    tasks = [index.add_documents([{"id": number, "a": words if number == 3 else "robot"}]) for number in range(1, 6)]
    ended = [done(client, task) for task in tasks]
    assert [task.status for task in ended] == ["succeeded", "succeeded", "failed", "succeeded", "succeeded"]
    assert ended[2].error == {
        "message": "Maximum database size has been reached.",
        "code": "database_size_limit_reached",
        "type": "internal",
        "link": "https://docs.meilisearch.com/errors#database_size_limit_reached",
    }
    assert {hit["id"] for hit in index.search("robot")["hits"]} == {0, 1, 2, 4, 5}


def test_sigterm_ends_it_within_two_seconds_while_it_indexes(embedded):
    client = embedded.start()
    documents = [{"id": number, "name": f"robot {number} of many"} for number in range(30_000)]
    task = client.index("big").add_documents(documents)
    wait_until(lambda: client.get_task(task.task_uid).status == "processing", what="the task", timeout_s=30)
    embedded.stop()
    client = embedded.start()
    assert client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS).status == "succeeded"
    assert client.index("big").get_stats().number_of_documents == 30_000


def test_it_answers_while_it_indexes(embedded):
    client = embedded.start()
    documents = [{"id": number, "name": f"robot {number} of many"} for number in range(30_000)]
    task = client.index("big").add_documents(documents)
    slowest_s = 0.0
    while client.get_task(task.task_uid).status in ("enqueued", "processing"):
        started = time.monotonic()
        assert embedded.request("GET", "/health").json() == {"status": "available"}
        slowest_s = max(slowest_s, time.monotonic() - started)
    assert slowest_s < 1


def test_neighbouring_additions_are_one_batch(embedded):
    client = embedded.start()
    index = client.index("people")
    done(client, index.update_stop_words(["x"]))
    tasks = [index.add_documents([{"id": n * 100 + m} for m in range(100)]) for n in range(50)]
    ended = [done(client, task) for task in tasks]
    assert {task.status for task in ended} == {"succeeded"}
    assert len({task.finished_at for task in ended}) < 25
    assert index.get_stats().number_of_documents == 5000


def test_a_payload_over_the_limit_is_refused(embedded):
    embedded.start("--http-payload-size-limit", "1MiB")
    body = json.dumps([{"id": 1, "text": "x" * (1 << 20)}])
    answer = embedded.request("POST", "/indexes/x/documents", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json() == {
        "message": "The provided payload reached the size limit. The maximum accepted payload size is 1 MiB.",
        "code": "payload_too_large",
        "type": "invalid_request",
        "link": "https://docs.meilisearch.com/errors#payload_too_large",
    }
    assert embedded.request("GET", "/tasks").json()["total"] == 0


def test_without_a_master_key_only_the_keys_are_closed(embedded):
    client = embedded.start()
    assert client.get_indexes()["results"] == []
    answer = embedded.request("GET", "/keys")
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_master_key")


def test_a_database_of_another_version_is_refused(embedded):
    embedded.db_path.mkdir()
    (embedded.db_path / "VERSION").write_text("1.7.3")
    assert embedded.refusal() == (
        "Error: Your database version (1.7.3) is incompatible with your current engine version (1.8.1).\n"
        "HINT: Write a dump with the version that made the database, and import it into a new database directory.\n"
    )
    (embedded.db_path / "VERSION").unlink()
    (embedded.db_path / "data.mdb").touch()
    assert embedded.refusal() == "Error: Meilisearch (v1.8.1) failed to infer the version of the database.\n"
    (embedded.db_path / "VERSION").write_text("1.8.1")
    (embedded.db_path / "tasks").mkdir()
    assert embedded.refusal() == (
        f"Error: {embedded.db_path}: this database was made by the real server, and its files are laid out "
        "otherwise\n"
        "HINT: Write a dump with the real server, and import it into a new database directory.\n"
    )


def test_a_port_in_use_ends_it_with_one_clear_sentence(embedded):
    embedded.start()
    said = embedded.refusal(f"--db-path={embedded.directory / 'other'}")
    assert said == (
        f"Error: cannot listen on 127.0.0.1:{embedded.port}: Address already in use\n"
        "HINT: Stop what uses this address, or name another one with --http-addr.\n"
    )


def test_a_database_is_open_only_once(embedded):
    embedded.start()
    said = embedded.refusal("--http-addr=127.0.0.1:0")
    assert said == f"Error: {embedded.db_path}: another server has this database open\n"


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--http-addr", "7700"], {}, "--http-addr: '7700' is not HOST:PORT\nHINT: Example: 127.0.0.1:7700."),
        (
            ["--http-payload-size-limit", "much"],
            {},
            "'much' is not a size in bytes\nHINT: Examples: 104857600, 100MB, 100 MiB.",
        ),
        (
            ["--env", "production"],
            {"MEILI_MASTER_KEY": ""},
            "a production environment needs a master key\nHINT: Set MEILI_MASTER_KEY.",
        ),
        (
            [],
            {"MEILI_ENV": "production", "MEILI_MASTER_KEY": "short"},
            "the master key has 5 bytes, a production environment needs 16\nHINT: Set a longer MEILI_MASTER_KEY.",
        ),
        (["--log-level", "loud"], {}, "--log-level: 'loud' is none of OFF, ERROR, WARN, INFO, DEBUG, TRACE"),
    ],
)
def test_bad_options_end_it_with_exit_code_1(embedded, options, environment, said):
    assert embedded.refusal(*options, **environment) == f"Error: {said}\n"


def test_the_options_can_come_from_the_environment(embedded):
    environment = {
        "MEILI_HTTP_ADDR": f"127.0.0.1:{embedded.port}",
        "MEILI_DB_PATH": str(embedded.db_path),
        "MEILI_DUMP_DIR": str(embedded.dump_dir),
        "MEILI_NO_ANALYTICS": "true",
    }
    process = subprocess.Popen(embedded.command()[:3], env=os.environ | environment)
    try:

        def is_up() -> bool:
            try:
                return embedded.request("GET", "/version").json()["commitSha"] == "embedded"
            except requests.ConnectionError:
                return False

        wait_until(is_up, what="the server", timeout_s=30)
        assert (embedded.db_path / "VERSION").read_text() == "1.8.1"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 0

"""The embedded server as a process: restarts, kills, signals, and an engine that fails."""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import meilisearch
import psutil
import pytest
from meilisearch.models.task import Task, TaskInfo

from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.runtime.images.search_engine import install_engine
from harness.runtime.process.programs import engine_python
from tests.contract.meilisearch.servers import EmbeddedServer

WAIT_MS = 60_000


def done(client: meilisearch.Client, task: TaskInfo) -> Task:
    return client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS, interval_in_ms=10)


def test_everything_survives_a_restart(embedded: EmbeddedServer) -> None:
    client = embedded.start()
    done(client, client.index("people").update_settings({"displayedAttributes": ["id"], "novelty": 1}))
    done(client, client.index("people").add_documents([{"id": 1, "name": "Zoë"}, {"id": 2, "name": "Jon"}]))
    done(client, client.index("people").add_documents([{"id": "a b"}]))

    def held(client: meilisearch.Client) -> Any:
        index = client.index("people")
        tasks = embedded.server.request("GET", "/tasks", embedded.server.key).json()
        documents = [vars(document) for document in index.get_documents().results]
        return tasks, index.get_settings(), client.get_all_stats()["indexes"], documents

    before = held(client)
    embedded.stop()
    client = embedded.start()
    assert held(client) == before
    index = client.index("people")
    assert index.search("zoe")["hits"] == [{"id": 1}]
    assert index.add_documents([{"id": 3}]).task_uid == 3
    answer = embedded.server.request("GET", "/indexes/people/settings", embedded.server.key)
    assert (answer.json()["novelty"], answer.headers["X-Embedded-Unapplied-Settings"]) == (1, "novelty")


def test_a_kill_in_the_middle_of_indexing_loses_no_acknowledged_task(embedded: EmbeddedServer) -> None:
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
            timeout_s=60,
            interval_s=0.01,
        )
        threading.Event().wait(0.1 * round_)  # another moment of the batch each round
        embedded.kill()
        client = embedded.start()
        index = client.index("people")
        for task in acknowledged:
            ended = client.wait_for_task(task, timeout_in_ms=WAIT_MS)
            assert (ended.status, ended.details) == ("succeeded", {"receivedDocuments": 200, "indexedDocuments": 200})
        assert index.get_stats().number_of_documents == 6001
        seen = [document.id for document in index.get_documents({"limit": 10_000}).results]
        assert len(seen) == 6001
        assert set(seen) == set(range(6001))
        assert [hit["id"] for hit in index.search("robot4711", {"limit": 1})["hits"]] == [4711]
        done(client, index.delete())
        embedded.stop()


def test_it_answers_while_it_indexes_and_ends_by_sigterm(embedded: EmbeddedServer) -> None:
    """What it was at is done after the next start; nothing of it is left running."""
    client = embedded.start()
    documents = [{"id": number, "name": f"robot {number} of many"} for number in range(30_000)]
    task = client.index("big").add_documents(documents)
    wait_until(lambda: client.get_task(task.task_uid).status == "processing", what="the task", timeout_s=60)
    assert client.health() == {"status": "available"}
    assert client.get_task(task.task_uid).status == "processing"
    assert embedded.process is not None
    children = psutil.Process(embedded.process.pid).children()
    embedded.stop()
    wait_until(lambda: not any(child.is_running() for child in children), what="the engine's end", timeout_s=60)
    client = embedded.start()
    assert client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS).status == "succeeded"
    assert client.index("big").get_stats().number_of_documents == 30_000


def test_a_killed_engine_is_started_again_and_ends_with_a_killed_server(embedded: EmbeddedServer) -> None:
    client = embedded.start()
    index = client.index("x")
    done(client, index.add_documents([{"id": 1, "a": "robot"}]))
    assert embedded.process is not None
    server = psutil.Process(embedded.process.pid)
    server.children()[0].kill()
    task = done(client, index.add_documents([{"id": 2, "a": "robot"}]))
    assert task.error is not None
    assert (task.status, task.error["code"], task.error["type"]) == ("failed", "internal", "internal")
    assert done(client, index.add_documents([{"id": 3, "a": "robot"}])).status == "succeeded"
    assert {hit["id"] for hit in index.search("robot")["hits"]} == {1, 3}
    (engine,) = server.children()
    embedded.kill()
    wait_until(lambda: not engine.is_running(), what="the engine's end", timeout_s=60)


def test_what_the_engine_cannot_take_fails_alone(embedded: EmbeddedServer) -> None:
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


def test_batches_limits_and_a_server_without_a_key(embedded: EmbeddedServer) -> None:
    embedded.server = type(embedded.server)(embedded.server.url, "")
    client = embedded.start("--http-payload-size-limit", "1MiB")
    body = json.dumps([{"id": 1, "text": "x" * (1 << 20)}])
    headers = {"Content-Type": "application/json"}
    answer = embedded.server.request("POST", "/indexes/x/documents", data=body, headers=headers)
    assert answer.status_code == 413
    assert answer.json() == {
        "message": "The provided payload reached the size limit. The maximum accepted payload size is 1 MiB.",
        "code": "payload_too_large",
        "type": "invalid_request",
        "link": "https://docs.meilisearch.com/errors#payload_too_large",
    }
    assert embedded.server.request("GET", "/tasks").json()["total"] == 0
    # additions that wait together for one index are one batch
    index = client.index("people")
    done(client, index.update_stop_words(["x"]))
    tasks = [index.add_documents([{"id": n * 100 + m} for m in range(100)]) for n in range(50)]
    assert {done(client, task).status for task in tasks} == {"succeeded"}
    listed = embedded.server.request("GET", "/tasks?limit=50").json()["results"]
    assert len({task["batchUid"] for task in listed}) < 25
    assert index.get_stats().number_of_documents == 5000


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="it comes from Debian's packages")
def test_a_python_without_the_engine_runs_it_in_another(embedded: EmbeddedServer, tmp_path: Path) -> None:
    """As on Debian 13, whose Python has no wheel of it: what `doctor --install` unpacks there answers here as well."""
    settings = from_environment({**os.environ, "APIARY_DRILL_CACHE_DIR": str(tmp_path)})
    messages: list[str] = []
    install_engine(settings, messages.append)
    python = str(engine_python(settings))
    asked = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=False)
    assert asked.stdout == f"{engine_python(settings).parents[1]}/usr\n", (messages, asked)
    client = embedded.start("--engine-python", python)
    done(client, client.index("people").add_documents([{"id": 1, "name": "Zoë"}, {"id": 2, "name": "Jon"}]))
    assert client.index("people").search("zoe")["hits"] == [{"id": 1, "name": "Zoë"}]
    engine = psutil.Process(embedded.process.pid if embedded.process else 0).children()
    assert [python.removesuffix("bin/python") in each.cmdline()[0] for each in engine] == [True]
    embedded.stop()

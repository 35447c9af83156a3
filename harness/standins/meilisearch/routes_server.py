"""The routes that are not about one index: health, version, stats, tasks, dumps."""

from __future__ import annotations

from harness.standins.meilisearch import COMMIT_SHA, ENGINE_VERSION
from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.server import Answer, Call, Route, accepted, json_answer
from harness.standins.meilisearch.tasks import FILTERS, UNSUPPORTED_FILTERS, TaskFilter, read_filter


def _version(call: Call) -> Answer:
    return json_answer({"commitSha": COMMIT_SHA, "commitDate": "unknown", "pkgVersion": ENGINE_VERSION})


def _stats(call: Call) -> Answer:
    store, tasks = call.server.store, call.server.tasks
    indexes = store.indexes()
    size_bytes = store.size_bytes()
    return json_answer(
        {
            "databaseSize": size_bytes,
            "usedDatabaseSize": size_bytes,
            "lastUpdate": max((index.updated_at for index in indexes), default=None),
            "indexes": {index.uid: store.stats(index, tasks.is_indexing(index.uid)) for index in indexes},
        }
    )


def _tasks(call: Call) -> Answer:
    params = call.params(*FILTERS, "limit", "from", *UNSUPPORTED_FILTERS)
    condition = read_filter(params)
    limit = params.count("limit", "invalid_task_limit", 20)
    total = call.server.tasks.count(condition)
    if params.text("from") is not None:
        start = params.count("from", "invalid_task_from", 0)
        condition = TaskFilter(f"{condition.sql} AND uid <= ?", (*condition.values, start))
    found = call.server.tasks.find(condition, limit=limit + 1, newest_first=True)
    shown = found[:limit]
    return json_answer(
        {
            "results": [task.as_json() for task in shown],
            "total": total,
            "limit": limit,
            "from": shown[0].uid if shown else None,
            "next": found[limit].uid if len(found) > limit else None,
        }
    )


def _task(call: Call) -> Answer:
    text = call.path["task_uid"]
    if not text.isdecimal() or int(text) >= 2**32:
        raise ApiError("invalid_task_uids", f"Task uid `{text}` is invalid. It should only contain numeric characters.")
    return json_answer(call.server.tasks.get(int(text)).as_json())


def _dump(call: Call) -> Answer:
    call.params()
    return accepted(call.server.tasks.enqueue("dumpCreation", None, {}, {"dumpUid": None}))


ROUTES = (
    Route("GET", "/", lambda _: json_answer({"status": "Meilisearch is running"}), is_open=True),
    Route("GET", "/health", lambda _: json_answer({"status": "available"}), is_open=True),
    Route("GET", "/version", _version),
    Route("GET", "/stats", _stats),
    Route("GET", "/tasks", _tasks),
    Route("GET", "/tasks/{task_uid}", _task),
    Route("POST", "/dumps", _dump),
)

"""The routes that are not about one index: health, version, stats, tasks, keys, dumps."""

from __future__ import annotations

from urllib.parse import urlencode

from harness.embedded import COMMIT_SHA, ENGINE_VERSION
from harness.embedded.errors import ApiError
from harness.embedded.keys import Key
from harness.embedded.reading import parse_json
from harness.embedded.server import Answer, Call, Route, accepted, json_answer
from harness.embedded.tasks import FILTERS, TaskFilter, read_filter

_META = "customMetadata"


def _health(call: Call) -> Answer:
    return json_answer({"status": "available"})


def _version(call: Call) -> Answer:
    return json_answer({"commitSha": COMMIT_SHA, "commitDate": "unknown", "pkgVersion": ENGINE_VERSION})


def _stats(call: Call) -> Answer:
    indexes = [index for index in call.server.store.indexes() if call.access.covers(index.uid)]
    size_bytes = call.server.store.size_bytes()
    return json_answer(
        {
            "databaseSize": size_bytes,
            "usedDatabaseSize": size_bytes,
            "lastUpdate": max((index.updated_at for index in indexes), default=None),
            "indexes": {index.uid: index.stats(call.server.tasks.is_indexing(index.uid)) for index in indexes},
        }
    )


# tasks


def _condition(call: Call, *more: str) -> TaskFilter:
    allowed = None
    if not call.access.covers_all():
        known = {index.uid for index in call.server.store.indexes()}
        known.update(call.access.key.indexes if call.access.key else ())
        allowed = [uid for uid in known if call.access.covers(uid)]
    return read_filter(call.params(*FILTERS, *more), allowed)


def _tasks(call: Call) -> Answer:
    more = ("limit", "from", "reverse")
    condition = _condition(call, *more)
    params = call.params(*FILTERS, *more)
    limit = params.count("limit", "invalid_task_limit", 20)
    reverse = params.boolean("reverse", "invalid_task_reverse") or False
    total = call.server.tasks.count(condition)
    if params.text("from") is not None:
        start = params.count("from", "invalid_task_from", 0)
        sql = f"{condition.sql} AND uid {'>=' if reverse else '<='} ?"
        condition = TaskFilter(sql, (*condition.values, start))
    found = call.server.tasks.find(condition, limit=limit + 1, newest_first=not reverse)
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
    if not text.isdecimal() or int(text) > 2**32 - 1:
        raise ApiError("invalid_task_uids", f"Task uid `{text}` is invalid. It should only contain numeric characters.")
    task = call.server.tasks.get(int(text))
    if not call.access.covers_all() and (task.index_uid is None or not call.access.covers(task.index_uid)):
        raise ApiError("task_not_found", f"Task `{text}` not found.")
    return json_answer(task.as_json())


def _about_tasks(call: Call, kind: str, verb: str, result: str) -> Answer:
    if not any(name in call.query for name in FILTERS):
        listed = ", ".join(f"`{name}`" for name in FILTERS)
        raise ApiError(
            "missing_task_filters",
            f"Query parameters to filter the tasks to {verb} are missing. Available query parameters are: {listed}.",
        )
    condition = _condition(call, _META)
    uids = [task.uid for task in call.server.tasks.find(condition)]
    query = "?" + urlencode({name: value for name, value in call.query.items() if name != _META}, safe=",*:")
    task = call.server.tasks.enqueue(
        kind,
        None,
        {"tasks": uids, "query": query},
        {"matchedTasks": len(uids), result: None, "originalFilter": query},
        custom_metadata=call.query.get(_META),
    )
    return accepted(task)


def _cancel(call: Call) -> Answer:
    return _about_tasks(call, "taskCancelation", "cancel", "canceledTasks")


def _delete_tasks(call: Call) -> Answer:
    return _about_tasks(call, "taskDeletion", "delete", "deletedTasks")


def _dump(call: Call) -> Answer:
    params = call.params(_META)
    task = call.server.tasks.enqueue("dumpCreation", None, {}, {"dumpUid": None}, custom_metadata=params.text(_META))
    return accepted(task)


# keys


def _master(call: Call) -> str:
    assert call.server.master_key is not None  # the routes of keys are closed without one
    return call.server.master_key


def _shown(call: Call, key: Key, status: int = 200) -> Answer:
    return json_answer(key.as_json(_master(call)), status)


def _keys(call: Call) -> Answer:
    params = call.params("offset", "limit")
    offset = params.count("offset", "invalid_api_key_offset", 0)
    limit = params.count("limit", "invalid_api_key_limit", 20)
    keys = call.server.keys.all()
    results = [key.as_json(_master(call)) for key in keys[offset : offset + limit]]
    return json_answer({"results": results, "offset": offset, "limit": limit, "total": len(keys)})


def _create_key(call: Call) -> Answer:
    return _shown(call, call.server.keys.create(parse_json(call.body, call.content_type)), 201)


def _get_key(call: Call) -> Answer:
    return _shown(call, call.server.keys.get(call.path["key"], _master(call)))


def _update_key(call: Call) -> Answer:
    key = call.server.keys.get(call.path["key"], _master(call))
    return _shown(call, call.server.keys.update(key, parse_json(call.body, call.content_type)))


def _delete_key(call: Call) -> Answer:
    call.server.keys.delete(call.server.keys.get(call.path["key"], _master(call)))
    return Answer(None, 204)


ROUTES = (
    Route("GET", "/health", None, _health),
    Route("GET", "/version", "version", _version),
    Route("GET", "/stats", "stats.get", _stats),
    Route("GET", "/tasks", "tasks.get", _tasks),
    Route("DELETE", "/tasks", "tasks.delete", _delete_tasks),
    Route("POST", "/tasks/cancel", "tasks.cancel", _cancel),
    Route("GET", "/tasks/{task_uid}", "tasks.get", _task),
    Route("POST", "/dumps", "dumps.create", _dump),
    Route("GET", "/keys", "keys.get", _keys),
    Route("POST", "/keys", "keys.create", _create_key),
    Route("GET", "/keys/{key}", "keys.get", _get_key),
    Route("PATCH", "/keys/{key}", "keys.update", _update_key),
    Route("DELETE", "/keys/{key}", "keys.delete", _delete_key),
)

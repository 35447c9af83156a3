"""The routes of indexes, their settings, and search."""

from __future__ import annotations

from typing import Any

from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.query import read_query, run
from harness.standins.meilisearch.reading import need_index_uid, need_object, need_string
from harness.standins.meilisearch.server import Answer, Call, Route, accepted, json_answer
from harness.standins.meilisearch.settings import RESET, SETTINGS, Setting, Settings, read_patch, unapplied_settings

UNAPPLIED_HEADER = "X-Embedded-Unapplied-Settings"
"""On every answer that holds settings: those that are stored and change nothing, separated by commas."""


def _list(call: Call) -> Answer:
    params = call.params("offset", "limit")
    offset = params.count("offset", "invalid_index_offset", 0)
    limit = params.count("limit", "invalid_index_limit", 20)
    indexes = call.server.store.indexes()
    results = [index.as_json() for index in indexes[offset : offset + limit]]
    return json_answer({"results": results, "offset": offset, "limit": limit, "total": len(indexes)})


def _create(call: Call) -> Answer:
    call.params()
    given = need_object(call.json, "bad_request", "", ("uid", "primaryKey"))
    if "uid" not in given:
        raise ApiError("missing_index_uid", "Missing field `uid`")
    uid = need_index_uid(need_string(given["uid"], "invalid_index_uid", ".uid"), ".uid")
    primary_key = given.get("primaryKey")
    if primary_key is not None:
        need_string(primary_key, "invalid_index_primary_key", ".primaryKey")
    details = {"primaryKey": primary_key}
    return accepted(call.server.tasks.enqueue("indexCreation", uid, {"primary_key": primary_key}, details))


def _get(call: Call) -> Answer:
    return json_answer(call.server.store.get(call.index_uid).as_json())


def _delete(call: Call) -> Answer:
    call.params()
    return accepted(call.server.tasks.enqueue("indexDeletion", call.index_uid, {}, {"deletedDocuments": None}))


def _stats(call: Call) -> Answer:
    index = call.server.store.get(call.index_uid)
    return json_answer(call.server.store.stats(index, call.server.tasks.is_indexing(index.uid)))


def _search(call: Call) -> Answer:
    query = read_query(call.json)
    return json_answer(run(call.server.store, call.server.store.get(call.index_uid), query))


def _shown(settings: Settings, value: Any) -> Answer:
    return json_answer(value, headers={UNAPPLIED_HEADER: ",".join(unapplied_settings(settings))})


def _settings(call: Call) -> Answer:
    settings = call.server.store.get(call.index_uid).settings
    return _shown(settings, settings)


def _change(call: Call, patch: Settings) -> Answer:
    return _update(call, patch, patch, is_deletion=False)


def _reset(call: Call, patch: Settings, details: Settings) -> Answer:
    return _update(call, patch, details, is_deletion=True)


def _update(call: Call, patch: Settings, details: Settings, *, is_deletion: bool) -> Answer:
    call.params()
    content = {"settings": patch, "is_deletion": is_deletion}
    return accepted(call.server.tasks.enqueue("settingsUpdate", call.index_uid, content, details))


def _one_setting(setting: Setting) -> tuple[Route, ...]:
    def get(call: Call) -> Answer:
        settings = call.server.store.get(call.index_uid).settings
        return _shown(settings, settings[setting.name])

    def change(call: Call) -> Answer:
        return _change(call, read_patch({setting.name: call.json}))

    def reset(call: Call) -> Answer:
        return _reset(call, {setting.name: None}, {setting.name: setting.reset})

    address = f"/indexes/{{index_uid}}/settings/{setting.route}"
    return Route("GET", address, get), Route(setting.verb, address, change), Route("DELETE", address, reset)


_ONE = "/indexes/{index_uid}"
ROUTES = (
    Route("GET", "/indexes", _list),
    Route("POST", "/indexes", _create),
    Route("GET", _ONE, _get),
    Route("DELETE", _ONE, _delete),
    Route("GET", f"{_ONE}/stats", _stats),
    Route("POST", f"{_ONE}/search", _search),
    Route("GET", f"{_ONE}/settings", _settings),
    Route("PATCH", f"{_ONE}/settings", lambda call: _change(call, read_patch(call.json))),
    Route("DELETE", f"{_ONE}/settings", lambda call: _reset(call, {}, RESET)),
    *(route for setting in SETTINGS for route in _one_setting(setting)),
)

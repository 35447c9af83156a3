"""The routes of indexes, their settings, and search."""

from __future__ import annotations

from typing import Any

from harness.embedded.errors import ApiError, index_not_found
from harness.embedded.reading import (
    need_index_uid,
    need_object,
    need_string,
    parse_fields,
    parse_json,
    wrong_type,
)
from harness.embedded.search import PARAMETERS, Query, read_query, read_query_string, run
from harness.embedded.server import Answer, Call, Handler, Route, accepted, json_answer
from harness.embedded.settings import SETTINGS, Setting, read_one, read_patch, unapplied_settings

UNAPPLIED_HEADER = "X-Embedded-Unapplied-Settings"
"""On every answer that holds settings: those that are stored and change nothing, separated by commas."""

_META = "customMetadata"


def _list(call: Call) -> Answer:
    params = call.params("offset", "limit")
    offset = params.count("offset", "invalid_index_offset", 0)
    limit = params.count("limit", "invalid_index_limit", 20)
    indexes = [index for index in call.server.store.indexes() if call.access.covers(index.uid)]
    results = [index.as_json() for index in indexes[offset : offset + limit]]
    return json_answer({"results": results, "offset": offset, "limit": limit, "total": len(indexes)})


def _create(call: Call) -> Answer:
    params = call.params(_META)
    given = parse_fields(call.body, call.content_type, ("uid", "primaryKey"))
    if "uid" not in given:
        raise ApiError("missing_index_uid", "Missing field `uid`")
    uid = need_index_uid(need_string(given["uid"], "invalid_index_uid", ".uid"), ".uid")
    if not call.access.covers(uid):
        raise ApiError("invalid_api_key", "The provided API key is invalid.")
    primary_key = _primary_key(given)
    task = call.server.tasks.enqueue(
        "indexCreation",
        uid,
        {"primary_key": primary_key},
        {"primaryKey": primary_key},
        custom_metadata=params.text(_META),
    )
    return accepted(task)


def _primary_key(given: dict[str, Any]) -> str | None:
    value = given.get("primaryKey")
    return None if value is None else need_string(value, "invalid_index_primary_key", ".primaryKey")


def _get(call: Call) -> Answer:
    return json_answer(call.server.store.get(call.index_uid).as_json())


def _update(call: Call) -> Answer:
    params = call.params(_META)
    given = parse_json(call.body, call.content_type)
    for name in given if isinstance(given, dict) else ():
        if name in ("createdAt", "updatedAt"):
            code = "immutable_index_created_at" if name == "createdAt" else "immutable_index_updated_at"
            raise ApiError(code, f"Immutable field `{name}`: expected one of `primaryKey`, `uid`")
    given = need_object(given, "bad_request", "", ("primaryKey", "uid"))
    primary_key, uid = _primary_key(given), given.get("uid")
    details: dict[str, Any] = {"primaryKey": primary_key}
    if uid is not None:
        uid = need_index_uid(need_string(uid, "invalid_index_uid", ".uid"), ".uid")
        details |= {"oldIndexUid": call.index_uid, "newIndexUid": uid}
    task = call.server.tasks.enqueue(
        "indexUpdate",
        call.index_uid,
        {"primary_key": primary_key, "uid": uid},
        details,
        custom_metadata=params.text(_META),
    )
    return accepted(task)


def _delete(call: Call) -> Answer:
    params = call.params(_META)
    task = call.server.tasks.enqueue(
        "indexDeletion",
        call.index_uid,
        {},
        {"deletedDocuments": None},
        custom_metadata=params.text(_META),
    )
    return accepted(task)


def _stats(call: Call) -> Answer:
    index = call.server.store.get(call.index_uid)
    return json_answer(index.stats(call.server.tasks.is_indexing(index.uid)))


# settings


def _settings(call: Call) -> Answer:
    settings = call.server.store.get(call.index_uid).settings
    return json_answer(settings, headers=_unapplied(settings))


def _unapplied(settings: dict[str, Any]) -> dict[str, str]:
    return {UNAPPLIED_HEADER: ",".join(unapplied_settings(settings))}


def _change(call: Call, patch: dict[str, Any], *, is_deletion: bool = False) -> Answer:
    params = call.params(_META)
    content = {
        "settings": patch,
        "is_deletion": is_deletion,
        "allow_index_creation": call.access.may_create_index(),
    }
    task = call.server.tasks.enqueue(
        "settingsUpdate", call.index_uid, content, patch, custom_metadata=params.text(_META)
    )
    return accepted(task)


def _patch_settings(call: Call) -> Answer:
    return _change(call, read_patch(parse_json(call.body, call.content_type)))


def _reset_settings(call: Call) -> Answer:
    return _change(call, {}, is_deletion=True)


def _one_setting(setting: Setting) -> tuple[Route, ...]:
    def get(call: Call) -> Answer:
        settings = call.server.store.get(call.index_uid).settings
        return json_answer(settings[setting.name], headers=_unapplied(settings))

    def put(call: Call) -> Answer:
        return _change(call, {setting.name: read_one(setting, parse_json(call.body, call.content_type))})

    def reset(call: Call) -> Answer:
        return _change(call, {setting.name: None}, is_deletion=True)

    address = f"/indexes/{{index_uid}}/settings/{setting.route}"
    return (
        Route("GET", address, "settings.get", get),
        Route(setting.verb, address, "settings.update", put),
        Route("DELETE", address, "settings.update", reset),
    )


# search


def _search(call: Call, query: Query) -> Answer:
    return json_answer(run(call.server.store, call.server.store.get(call.index_uid), query))


def _search_get(call: Call) -> Answer:
    return _search(call, read_query_string(call.params(*PARAMETERS)))


def _search_post(call: Call) -> Answer:
    return _search(call, read_query(parse_fields(call.body, call.content_type, PARAMETERS)))


def _multi_search(call: Call) -> Answer:
    given = parse_fields(call.body, call.content_type, ("queries", "federation"))
    if given.get("federation") is not None:
        raise ApiError(
            "invalid_multi_search_federated",
            "Invalid value at `.federation`: the embedded server does not support federated search.",
        )
    queries = given.get("queries")
    if not isinstance(queries, list):
        raise wrong_type("bad_request", ".queries", "an array", queries)
    results = []
    for place, item in enumerate(queries):
        where = f".queries[{place}]"
        body = dict(need_object(item, "bad_request", where, ("indexUid", *PARAMETERS)))
        if "indexUid" not in body:
            raise ApiError("missing_index_uid", f"Missing field `indexUid` inside `{where}`")
        uid = need_index_uid(
            need_string(body.pop("indexUid"), "invalid_index_uid", f"{where}.indexUid"), f"{where}.indexUid"
        )
        if not call.access.covers(uid):
            raise ApiError("invalid_api_key", f"Inside `{where}`: The provided API key is invalid.")
        index = call.server.store.find(uid)
        if index is None:
            error = index_not_found(uid)
            raise ApiError(error.code, f"Inside `{where}`: {error.message}")
        results.append({"indexUid": uid} | run(call.server.store, index, read_query(body)))
    return json_answer({"results": results})


def _refused(name: str) -> Handler:
    def refuse(call: Call) -> Answer:
        call.server.store.get(call.index_uid)
        raise ApiError("bad_request", f"The embedded server does not support {name}.")

    return refuse


_ONE = "/indexes/{index_uid}"
ROUTES = (
    Route("GET", "/indexes", "indexes.get", _list),
    Route("POST", "/indexes", "indexes.create", _create),
    Route("GET", _ONE, "indexes.get", _get),
    Route("PATCH", _ONE, "indexes.update", _update),
    Route("DELETE", _ONE, "indexes.delete", _delete),
    Route("GET", f"{_ONE}/stats", "stats.get", _stats),
    Route("GET", f"{_ONE}/search", "search", _search_get),
    Route("POST", f"{_ONE}/search", "search", _search_post),
    Route("POST", f"{_ONE}/facet-search", "search", _refused("facet search")),
    Route("POST", f"{_ONE}/similar", "search", _refused("similar documents")),
    Route("POST", "/multi-search", "search", _multi_search),
    Route("GET", f"{_ONE}/settings", "settings.get", _settings),
    Route("PATCH", f"{_ONE}/settings", "settings.update", _patch_settings),
    Route("DELETE", f"{_ONE}/settings", "settings.update", _reset_settings),
    *(route for setting in SETTINGS for route in _one_setting(setting)),
)

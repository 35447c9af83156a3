"""The routes of documents."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import suppress
from typing import Any

from harness.standins.meilisearch.documents import as_line, read_payload
from harness.standins.meilisearch.errors import ApiError, unsupported
from harness.standins.meilisearch.pointers import select
from harness.standins.meilisearch.reading import LARGEST, need_count, need_object, need_strings, wrong_type
from harness.standins.meilisearch.server import Answer, Call, Route, accepted

_PLAIN = re.compile(r"\w+", re.ASCII)
_MOST_PICKED = 500
_LISTED = ("offset", "limit", "fields")
_UNSUPPORTED = {
    "filter": "invalid_document_filter",
    "ids": "invalid_document_ids",
    "sort": "invalid_document_sort",
    "retrieveVectors": "invalid_document_retrieve_vectors",
}


def _add(call: Call) -> Answer:
    primary_key = call.params("primaryKey").text("primaryKey")
    uid = call.index_uid
    lines = read_payload(call.body, call.content_type)
    content = {"primary_key": primary_key, "documents": len(lines)}
    details = {"receivedDocuments": len(lines), "indexedDocuments": None}
    return accepted(call.server.tasks.enqueue("documentAdditionOrUpdate", uid, content, details, payload=lines))


def _get(call: Call) -> Answer:
    fields = _fields(call.params("fields").text("fields"))
    index = call.server.store.get(call.index_uid)
    identifier = call.path["document_id"]
    line = call.server.store.line(index, identifier)
    if line is None:
        raise ApiError("document_not_found", f"Document `{identifier}` not found.")
    return Answer(_shaped(line, fields))


def _fields(text: str | None) -> list[str] | None:
    return None if text in (None, "*") else [name for name in str(text).split(",") if name]


def _shaped(line: bytes, fields: list[str] | None) -> bytes:
    return line if fields is None else as_line(select(json.loads(line), fields))


def _list(call: Call) -> Answer:
    params = call.params(*_LISTED, *_UNSUPPORTED)
    _check({name: params.text(name) for name in _UNSUPPORTED})
    offset = params.count("offset", "invalid_document_offset", 0)
    limit = params.count("limit", "invalid_document_limit", 20)
    return _page(call, offset, limit, _fields(params.text("fields")))


def _fetch(call: Call) -> Answer:
    """The same by POST: the official Python client lists documents so."""
    given = need_object(call.json, "bad_request", "", (*_LISTED, *_UNSUPPORTED))
    _check({name: given.get(name) for name in _UNSUPPORTED})
    offset = need_count(given.get("offset", 0), "invalid_document_offset", ".offset")
    limit = need_count(given.get("limit", 20), "invalid_document_limit", ".limit")
    fields = given.get("fields")
    if fields is not None:
        fields = need_strings(fields, "invalid_document_fields", ".fields")
    return _page(call, min(offset, LARGEST), min(limit, LARGEST), fields)


def _check(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value not in (None, False, []):
            raise unsupported(f"`{name}` in a list of documents", _UNSUPPORTED[name])


def _page(call: Call, offset: int, limit: int, fields: list[str] | None) -> Answer:
    store = call.server.store
    index = store.get(call.index_uid)
    lines = None
    if fields and len(fields) <= _MOST_PICKED and all(map(_PLAIN.fullmatch, fields)):
        with suppress(sqlite3.OperationalError):  # a document that is nested too deeply for SQLite
            lines = store.page(index, offset, limit, list(dict.fromkeys(fields)))
    if lines is None:
        lines = [_shaped(line, fields) for line in store.page(index, offset, limit)]
    # the documents are JSON already: nothing is parsed to be written again
    page = (b",".join(lines), offset, limit, index.documents)
    return Answer(b'{"results":[%b],"offset":%d,"limit":%d,"total":%d}' % page)


def _delete(call: Call, identifiers: list[str]) -> Answer:
    call.params()
    details = {"providedIds": len(identifiers), "deletedDocuments": None, "originalFilter": None}
    return accepted(call.server.tasks.enqueue("documentDeletion", call.index_uid, {"ids": identifiers}, details))


def _delete_batch(call: Call) -> Answer:
    given: Any = call.json
    if not isinstance(given, list):
        raise wrong_type("bad_request", "", "an array", given)
    return _delete(call, [item if isinstance(item, str) else json.dumps(item) for item in given])


def _delete_all(call: Call) -> Answer:
    call.params()
    details = {"deletedDocuments": None}
    return accepted(call.server.tasks.enqueue("documentDeletion", call.index_uid, {}, details))


def _delete_matching(call: Call) -> Answer:
    """By filter: not supported, with the codes that the real server has for the field."""
    given = need_object(call.json, "bad_request", "", ("filter",))
    if "filter" not in given:
        raise ApiError("missing_document_filter", "Missing field `filter`")
    raise unsupported("deleting documents by filter", "invalid_document_filter")


_BASE = "/indexes/{index_uid}/documents"
ROUTES = (
    Route("POST", _BASE, _add),
    Route("GET", _BASE, _list),
    Route("DELETE", _BASE, _delete_all),
    Route("POST", f"{_BASE}/fetch", _fetch),
    Route("POST", f"{_BASE}/delete-batch", _delete_batch),
    Route("POST", f"{_BASE}/delete", _delete_matching),
    Route("GET", _BASE + "/{document_id}", _get),
    Route("DELETE", _BASE + "/{document_id}", lambda call: _delete(call, [call.path["document_id"]])),
)

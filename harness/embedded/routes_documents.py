"""The routes of documents."""

from __future__ import annotations

import json
from typing import Any

from harness.embedded.documents import as_line, format_of, read_payload
from harness.embedded.errors import ApiError
from harness.embedded.filters import Filter
from harness.embedded.pointers import select
from harness.embedded.reading import need_count, parse_fields, parse_json, wrong_type
from harness.embedded.search import filter_of, read_fields, read_filter
from harness.embedded.server import Answer, Call, Route, accepted, page_of

_CODES = {"offset": "invalid_document_offset", "limit": "invalid_document_limit"}
_META = "customMetadata"


def _write(call: Call, method: str) -> Answer:
    params = call.params("primaryKey", "csvDelimiter", _META)
    uid = call.index_uid
    delimiter = params.text("csvDelimiter")
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii()):
        raise ApiError(
            "invalid_document_csv_delimiter",
            "Invalid value in parameter `csvDelimiter`: csv delimiter must be an ascii character. Found: "
            f"`{delimiter}`",
        )
    format_ = format_of(call.content_type, delimiter)
    lines = read_payload(call.body, format_, delimiter or ",")
    content = {
        "method": method,
        "primary_key": params.text("primaryKey"),
        "documents": len(lines),
        "allow_index_creation": call.access.may_create_index(),
    }
    details = {"receivedDocuments": len(lines), "indexedDocuments": None}
    task = call.server.tasks.enqueue(
        "documentAdditionOrUpdate", uid, content, details, custom_metadata=params.text(_META), payload=lines
    )
    return accepted(task)


def _replace(call: Call) -> Answer:
    return _write(call, "replace")


def _merge(call: Call) -> Answer:
    return _write(call, "update")


def _names(text: str | None) -> list[str] | None:
    if text is None or text == "*":
        return None
    return [name for name in text.split(",") if name]


def _get(call: Call) -> Answer:
    fields = _names(call.params("fields", "retrieveVectors").text("fields"))
    index = call.server.store.get(call.index_uid)
    identifier = call.path["document_id"]
    line = call.server.store.line(index, identifier)
    if line is None:
        raise ApiError("document_not_found", f"Document `{identifier}` not found.")
    return Answer(_shaped(line, fields))


def _shaped(line: bytes, fields: list[str] | None) -> bytes:
    return line if fields is None else as_line(select(json.loads(line), fields))


def _list(call: Call) -> Answer:
    params = call.params("offset", "limit", "fields", "filter", "ids", "sort", "retrieveVectors")
    if params.boolean("retrieveVectors", "invalid_document_retrieve_vectors"):
        raise _unsupported("retrieveVectors", "invalid_document_retrieve_vectors")
    if params.text("sort"):
        raise _unsupported("sort", "invalid_document_sort")
    expression = params.text("filter")
    return _page(
        call,
        params.count("offset", _CODES["offset"], 0),
        params.count("limit", _CODES["limit"], 20),
        _names(params.text("fields")),
        None if expression is None else filter_of(expression),
        _names(params.text("ids")),
    )


def _fetch(call: Call) -> Answer:
    allowed = ("offset", "limit", "fields", "filter", "ids", "sort", "retrieveVectors")
    given = parse_fields(call.body, call.content_type, allowed)
    for name in ("sort", "retrieveVectors"):
        if given.get(name):
            raise _unsupported(name, "invalid_document_" + ("sort" if name == "sort" else "retrieve_vectors"))

    def count(name: str, default: int) -> int:
        value = given.get(name)
        return default if value is None else need_count(value, _CODES[name], f".{name}")

    ids = given.get("ids")
    if ids is not None and not isinstance(ids, list):
        raise wrong_type("invalid_document_ids", ".ids", "an array", ids)
    return _page(
        call,
        count("offset", 0),
        count("limit", 20),
        read_fields(given.get("fields")),
        given.get("filter"),
        None if ids is None else [str(identifier) for identifier in ids],
    )


def _unsupported(name: str, code: str) -> ApiError:
    return ApiError(code, f"Invalid value at `.{name}`: the embedded server does not support `{name}`.")


def _page(
    call: Call, offset: int, limit: int, fields: list[str] | None, expression: Any, ids: list[str] | None
) -> Answer:
    store = call.server.store
    index = store.get(call.index_uid)
    wanted = read_filter(expression, index, "invalid_document_filter")
    if wanted is None and ids is None:
        lines = store.page(index, offset, limit)
        return page_of([_shaped(line, fields) for line in lines], offset, limit, index.documents)
    source = store.all_lines(index) if ids is None else ((name, line) for name, line in store.lines(index, ids).items())
    total, shown = 0, []
    for _, line in source:
        if wanted is None or wanted.matches(json.loads(line)):
            if offset <= total < offset + limit:
                shown.append(_shaped(line, fields))
            total += 1
    return page_of(shown, offset, limit, total)


def _delete(call: Call, content: dict[str, Any], provided: int, shown: str | None = None) -> Answer:
    params = call.params(_META)
    details = {"providedIds": provided, "deletedDocuments": None, "originalFilter": shown}
    task = call.server.tasks.enqueue(
        "documentDeletion", call.index_uid, content, details, custom_metadata=params.text(_META)
    )
    return accepted(task)


def _delete_one(call: Call) -> Answer:
    return _delete(call, {"ids": [call.path["document_id"]]}, 1)


def _delete_all(call: Call) -> Answer:
    return _delete(call, {}, 0)


def _delete_batch(call: Call) -> Answer:
    given = parse_json(call.body, call.content_type)
    if not isinstance(given, list):
        raise wrong_type("malformed_payload", "", "an array", given)
    identifiers = [item if isinstance(item, str) else json.dumps(item) for item in given]
    return _delete(call, {"ids": identifiers}, len(identifiers))


def _delete_matching(call: Call) -> Answer:
    given = parse_fields(call.body, call.content_type, ("filter",))
    if "filter" not in given:
        raise ApiError("missing_document_filter", "Missing field `filter`")
    # here only the grammar is checked: what is filterable is decided when the task runs
    if Filter(given["filter"], ["*"], "invalid_document_filter").is_empty:
        raise ApiError("invalid_document_filter", "Sending an empty filter is forbidden.")
    shown = json.dumps(given["filter"], ensure_ascii=False)
    return _delete(call, {"filter": given["filter"]}, 0, shown)


_BASE = "/indexes/{index_uid}/documents"
ROUTES = (
    Route("POST", _BASE, "documents.add", _replace),
    Route("PUT", _BASE, "documents.add", _merge),
    Route("GET", _BASE, "documents.get", _list),
    Route("DELETE", _BASE, "documents.delete", _delete_all),
    Route("POST", f"{_BASE}/fetch", "documents.get", _fetch),
    Route("POST", f"{_BASE}/delete-batch", "documents.delete", _delete_batch),
    Route("POST", f"{_BASE}/delete", "documents.delete", _delete_matching),
    Route("GET", _BASE + "/{document_id}", "documents.get", _get),
    Route("DELETE", _BASE + "/{document_id}", "documents.delete", _delete_one),
)

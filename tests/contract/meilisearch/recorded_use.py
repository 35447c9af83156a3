"""Which of the recorded calls Scout, the harness, a fault or an operator uses, and what became of the others.

A recorded call is *used* if its method and path are in `USED`, and its query and its body have no other keys than are
listed there. The embedded server answers it exactly as Meilisearch 1.50.0 did. Every other call it may answer with a
documented error instead.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Use:
    """A kind of call. `body`: the keys of a JSON object; None for a body of any kind, or none."""

    method: str
    path: str
    query: frozenset[str] = frozenset()
    body: frozenset[str] | None = None


def _use(method: str, path: str, query: str = "", body: str | None = None) -> Use:
    return Use(method, path, frozenset(query.split()), None if body is None else frozenset(body.split()))


_I = "/indexes/[^/]+"
USED = (
    _use("GET", "/"),  # an operator
    _use("GET", "/health"),  # the application's own /health, the harness
    _use("GET", "/version"),  # the harness
    _use("GET", "/stats"),  # an operator
    _use("GET", "/indexes", "offset limit"),  # the harness, scout:delete-all-indexes
    _use("POST", "/indexes", body="uid primaryKey"),  # scout:index
    _use("GET", _I),  # scout:index, the harness
    _use("DELETE", _I),  # scout:delete-index, a fault
    _use("GET", f"{_I}/stats"),  # the harness
    _use("POST", f"{_I}/documents", "primaryKey"),  # scout:import, a fault
    _use("GET", f"{_I}/documents", "offset limit fields"),  # the harness
    _use("POST", f"{_I}/documents/fetch", body="offset limit fields"),  # the official Python client, for a fault
    _use("DELETE", f"{_I}/documents"),  # scout:flush, a fault
    _use("GET", f"{_I}/documents/[^/]+", "fields"),  # the harness
    _use("DELETE", f"{_I}/documents/[^/]+"),  # the harness, a fault
    _use("POST", f"{_I}/documents/delete-batch"),  # Scout, when a model is deleted
    _use("POST", f"{_I}/search", body="q offset limit page hitsPerPage attributesToRetrieve filter"),  # Scout
    _use("GET", f"{_I}/settings"),  # the harness
    _use("PATCH", f"{_I}/settings"),  # scout:sync-index-settings
    _use("DELETE", f"{_I}/settings"),  # a fault
    _use("GET", f"{_I}/settings/(?!chat|foreign-keys).+"),  # an operator
    _use("PUT", f"{_I}/settings/(?!chat|foreign-keys).+"),
    _use("PATCH", f"{_I}/settings/(?!chat|foreign-keys).+"),
    _use("DELETE", f"{_I}/settings/(?!chat|foreign-keys).+"),
    _use("GET", "/tasks", "uids indexUids statuses types limit from"),  # meilisearch:dump, the harness
    _use("GET", "/tasks/[^/]+"),  # meilisearch:dump, the harness
    _use("POST", "/dumps"),  # meilisearch:dump
)

_BEYOND_SCOUT = re.compile(r"[<>()]| (TO|OR|EXISTS|EMPTY|CONTAINS|STARTS)\b|^NOT |\b(EXISTS|EMPTY)\b")
"""In a filter: what Scout never writes."""

INSTEAD: dict[int, tuple[str, str, Any]] = {
    81: (
        "POST",
        "/indexes/docs/documents",
        [{"id": 1, "name": "José 🎓", "team": {"x": 1}, "score": 2}, {"id": 4, "new": True}],
    ),
    109: ("POST", "/indexes/docs/documents", [{"id": 11, "gz": 1}]),
    140: (
        "POST",
        "/indexes/docs/documents",
        [{"id": "30", "a": 'x, "y"', "n": 1.5, "b": True}, {"id": "31", "a": None, "n": None, "b": None}],
    ),
    143: ("POST", "/indexes/docs/documents", [{"id": "32", "a": "z"}]),
    149: ("POST", "/indexes/docs/documents", [{"id": "33", "a": 7}]),
    151: ("POST", "/indexes/docs/documents", [{"id": 34, "a": "x"}, {"id": 35, "a": None}]),
    171: ("POST", "/indexes/docs/documents/delete-batch", [34]),
}
"""Writes that the embedded server refuses (merging, gzip, CSV, NDJSON, deleting by filter), each with a call of the
same effect, which is sent as well: the calls after it then meet the same documents."""

OTHERWISE: dict[int, str] = {
    337: "synonyms are stored, and not applied",
    341: "ranking rules are stored, and not applied",
    344: "ranking rules are stored, and not applied",
    388: "deleting tasks is not supported, so the task is still there",
    535: "the embedded server does not know which locales there are",
    559: "the embedded server does not know which embedders there are",
    562: "an unknown setting is stored",
    565: "an unknown setting is stored",
    568: "an unknown setting is stored",
    571: "an unknown setting is stored",
    586: "patterns of filterable attributes are refused",
    589: "patterns of filterable attributes are refused",
    592: "patterns of filterable attributes are refused",
}
"""Calls that are used, and answered with other values all the same, and why: only their status is compared."""

FORM_ONLY = re.compile(r"/tasks\?")
"""Lists of tasks: their number and order depend on every task before, also on those that are refused here. Only their
form is compared; the tests of tasks hold the values."""


def is_used(call: dict[str, Any]) -> bool:
    """Whether an answer has to be the recorded one."""
    url = urlsplit(call["path"])
    if call["key"] in ("K1", "K2") or "Content-Encoding" in call["headers"]:
        return False
    if call["content_type"] in ("text/csv", "application/x-ndjson"):
        return False
    return any(_matches(use, call, url.path, {name for name, _ in parse_qsl(url.query)}) for use in USED)


def _matches(use: Use, call: dict[str, Any], path: str, query: set[str]) -> bool:
    if use.method != call["method"] or not re.fullmatch(use.path, path) or not query <= use.query:
        return False
    body = call.get("json")
    if use.body is None or body is None:
        return True
    if not isinstance(body, dict) or not set(body) <= use.body:
        return False
    wanted = body.get("filter")
    return wanted is None or (isinstance(wanted, str) and not _BEYOND_SCOUT.search(wanted))

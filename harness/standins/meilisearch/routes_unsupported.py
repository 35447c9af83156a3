"""What the real server has and this one has not: every address of it answers with a documented error."""

from __future__ import annotations

from harness.standins.meilisearch.errors import unsupported
from harness.standins.meilisearch.server import Answer, Call, Handler, Method, Route

_INDEX = "/indexes/{index_uid}"
_ADDRESSES: tuple[tuple[str, tuple[Method, ...], str], ...] = (
    ("API keys", ("GET", "POST"), "/keys"),
    ("API keys", ("GET", "PATCH", "DELETE"), "/keys/{key}"),
    ("searching several indexes at once", ("POST",), "/multi-search"),
    ("searching with GET", ("GET",), f"{_INDEX}/search"),
    ("facet search", ("POST",), f"{_INDEX}/facet-search"),
    ("similar documents", ("GET", "POST"), f"{_INDEX}/similar"),
    ("changing an index", ("PATCH",), _INDEX),
    ("compacting an index", ("POST",), f"{_INDEX}/compact"),
    ("swapping indexes", ("POST",), "/swap-indexes"),
    ("merging documents", ("PUT",), f"{_INDEX}/documents"),
    ("editing documents by function", ("POST",), f"{_INDEX}/documents/edit"),
    ("chat", ("GET", "PATCH", "DELETE"), f"{_INDEX}/settings/chat"),
    ("chat", ("GET",), "/chats"),
    ("foreign keys", ("GET", "PUT", "DELETE"), f"{_INDEX}/settings/foreign-keys"),
    ("canceling tasks", ("POST",), "/tasks/cancel"),
    ("deleting tasks", ("DELETE",), "/tasks"),
    ("batches", ("GET",), "/batches"),
    ("batches", ("GET",), "/batches/{batch_uid}"),
    ("snapshots", ("POST",), "/snapshots"),
    ("exports", ("POST",), "/export"),
    ("a network", ("GET", "PATCH"), "/network"),
    ("webhooks", ("GET", "POST"), "/webhooks"),
    ("metrics", ("GET",), "/metrics"),
    ("experimental features", ("GET", "PATCH"), "/experimental-features"),
)


def _refuse(what: str) -> Handler:
    def refuse(call: Call) -> Answer:
        raise unsupported(what)

    return refuse


ROUTES = tuple(Route(method, address, _refuse(what)) for what, methods, address in _ADDRESSES for method in methods)

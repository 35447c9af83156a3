"""Search: the engine finds and ranks, this module filters, pages and shapes the answer."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from harness.embedded.errors import ApiError
from harness.embedded.filters import Filter
from harness.embedded.pointers import Document, select
from harness.embedded.reading import Params, need_count, need_string, need_strings, wrong_type
from harness.embedded.store import Index, Store

_CODES = {
    "q": "invalid_search_q",
    "offset": "invalid_search_offset",
    "limit": "invalid_search_limit",
    "page": "invalid_search_page",
    "hitsPerPage": "invalid_search_hits_per_page",
    "attributesToRetrieve": "invalid_search_attributes_to_retrieve",
    "filter": "invalid_search_filter",
}
_REFUSED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "attributesToCrop": ("invalid_search_attributes_to_crop", ([],)),
    "attributesToHighlight": ("invalid_search_attributes_to_highlight", ([],)),
    "attributesToSearchOn": ("invalid_search_attributes_to_search_on", (["*"],)),
    "cropLength": ("invalid_search_crop_length", (10,)),
    "cropMarker": ("invalid_search_crop_marker", ("…",)),
    "distinct": ("invalid_search_distinct", ()),
    "facets": ("invalid_search_facets", ([],)),
    "highlightPostTag": ("invalid_search_highlight_post_tag", ("</em>",)),
    "highlightPreTag": ("invalid_search_highlight_pre_tag", ("<em>",)),
    "hybrid": ("invalid_search_hybrid_query", ()),
    "locales": ("invalid_search_locales", ()),
    "matchingStrategy": ("invalid_search_matching_strategy", ("last",)),
    "rankingScoreThreshold": ("invalid_search_ranking_score_threshold", ()),
    "retrieveVectors": ("invalid_search_retrieve_vectors", (False,)),
    "showMatchesPosition": ("invalid_search_show_matches_position", (False,)),
    "showRankingScore": ("invalid_search_show_ranking_score", (False,)),
    "showRankingScoreDetails": ("invalid_search_show_ranking_score_details", (False,)),
    "sort": ("invalid_search_sort", ([],)),
    "vector": ("invalid_search_vector", ()),
}
"""Parameters that cannot be honoured: error code, and the values that ask for nothing."""

PARAMETERS = (*_CODES, *_REFUSED)
_LISTS = ("attributesToRetrieve", "attributesToCrop", "attributesToHighlight", "attributesToSearchOn")
_LISTS_TOO = ("facets", "sort", "locales", "vector")


@dataclass(frozen=True, slots=True)
class Query:
    """A search request, validated. `page` and `hits_per_page` are None for a search by offset and limit."""

    text: str
    offset: int
    limit: int
    page: int | None
    hits_per_page: int | None
    attributes: list[str] | None
    filter: Any


def read_query(given: dict[str, Any]) -> Query:
    """Validate a search request's body.

    Args:
        given: the body, its names already checked against `PARAMETERS`.

    Raises:
        ApiError: invalid_search_… for a bad value, and for a parameter that this server cannot honour.
    """
    for name, (code, harmless) in _REFUSED.items():
        value = given.get(name)
        if value is not None and value not in harmless:
            raise ApiError(
                code, f"Invalid value at `.{name}`: the embedded server does not support `{name}` in a search."
            )

    def count(name: str) -> int | None:
        return None if given.get(name) is None else need_count(given[name], _CODES[name], f".{name}")

    offset, limit = count("offset"), count("limit")
    text = given.get("q")
    attributes = given.get("attributesToRetrieve")
    return Query(
        text="" if text is None else need_string(text, _CODES["q"], ".q"),
        offset=0 if offset is None else offset,
        limit=20 if limit is None else limit,
        page=count("page"),
        hits_per_page=count("hitsPerPage"),
        attributes=None
        if attributes is None
        else need_strings(attributes, _CODES["attributesToRetrieve"], ".attributesToRetrieve"),
        filter=given.get("filter"),
    )


def read_query_string(params: Params) -> Query:
    """The same from a query string."""
    given: dict[str, Any] = {}
    for name in PARAMETERS:
        text = params.text(name)
        if text is None:
            continue
        if name in ("offset", "limit", "page", "hitsPerPage", "cropLength"):
            code = _CODES.get(name) or _REFUSED[name][0]
            given[name] = params.count(name, code, 0)
        elif name in (*_LISTS, *_LISTS_TOO):
            given[name] = [item for item in text.split(",") if item]
        elif name == "filter":
            given[name] = filter_of(text)
        elif name.startswith(("show", "retrieve")):
            given[name] = params.boolean(name, _REFUSED[name][0])
        else:
            given[name] = text
    return read_query(given)


def filter_of(text: str) -> Any:
    """A filter in a query string: JSON if it is JSON, else an expression."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (list, str)) else text


def read_filter(expression: Any, index: Index, code: str) -> Filter | None:
    """The filter of a request; None where it asks for nothing."""
    if expression is None:
        return None
    parsed = Filter(expression, index.settings["filterableAttributes"], code)
    return None if parsed.is_empty else parsed


def run(store: Store, index: Index, query: Query) -> dict[str, Any]:
    """Search an index; returns the result object of the API."""
    started = time.monotonic()
    most = index.settings["pagination"]["maxTotalHits"]
    wanted = read_filter(query.filter, index, "invalid_search_filter")
    shown: list[Document]
    if wanted is None:
        numbers = store.search(index, query.text, most)
        total = len(numbers)
        start, stop = _window(query, most)
        shown = [json.loads(line) for line in store.numbered(index, numbers[start:stop])]
    else:
        matching: list[Document] = []
        numbers = store.search(index, query.text, index.documents)
        for place in range(0, len(numbers), 1000):
            for line in store.numbered(index, numbers[place : place + 1000]):
                document = json.loads(line)
                if wanted.matches(document):
                    matching.append(document)
            if len(matching) >= most:
                break
        total = min(len(matching), most)
        start, stop = _window(query, most)
        shown = matching[start:stop]
    displayed = index.settings["displayedAttributes"]
    hits = []
    for document in shown:
        hit = select(document, displayed)
        hits.append(hit if query.attributes is None else select(hit, query.attributes))
    spent_ms = int((time.monotonic() - started) * 1000)
    result: dict[str, Any] = {"hits": hits, "query": query.text, "processingTimeMs": spent_ms}
    if query.page is None and query.hits_per_page is None:
        return result | {"limit": query.limit, "offset": query.offset, "estimatedTotalHits": total}
    per_page = 20 if query.hits_per_page is None else query.hits_per_page
    return result | {
        "hitsPerPage": per_page,
        "page": 1 if query.page is None else query.page,
        "totalPages": -(-total // per_page) if per_page else 0,
        "totalHits": total,
    }


def _window(query: Query, most: int) -> tuple[int, int]:
    if query.page is None and query.hits_per_page is None:
        return query.offset, min(query.offset + query.limit, most)
    per_page = 20 if query.hits_per_page is None else query.hits_per_page
    page = 1 if query.page is None else query.page
    if page == 0:
        return 0, 0
    return (page - 1) * per_page, min(page * per_page, most)


def read_fields(value: Any) -> list[str] | None:
    """The `fields` of a documents request in a body: a list, or null for all."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise wrong_type("invalid_document_fields", ".fields", "an array", value)
    names = need_strings(value, "invalid_document_fields", ".fields")
    return None if "*" in names else names

"""Search: the engine finds and ranks, this module filters, pages and shapes the answer."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from harness.standins.meilisearch.errors import unsupported
from harness.standins.meilisearch.filters import parse_filter
from harness.standins.meilisearch.index import Index
from harness.standins.meilisearch.pointers import Document, select
from harness.standins.meilisearch.reading import need_count, need_object, need_string, need_strings
from harness.standins.meilisearch.store import IndexStore

COUNTED = 1000
"""The number of matches is exact up to this many, or up to `maxTotalHits` where that is more."""

_SUPPORTED = ("q", "offset", "limit", "page", "hitsPerPage", "attributesToRetrieve", "filter")
_UNSUPPORTED = (
    *("attributesToCrop", "attributesToHighlight", "attributesToSearchOn", "cropLength", "cropMarker", "distinct"),
    *("facets", "highlightPostTag", "highlightPreTag", "hybrid", "locales", "matchingStrategy", "media", "personalize"),
    *("rankingScoreThreshold", "retrieveVectors", "showMatchesPosition", "showPerformanceDetails", "showRankingScore"),
    *("showRankingScoreDetails", "sort", "vector"),
)
_HARMLESS: tuple[Any, ...] = (None, [], False, "last")
"""Values with which these ask for nothing: `last` is the matching strategy that the engine has."""


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

    @property
    def is_paged(self) -> bool:
        return self.page is not None or self.hits_per_page is not None

    def window(self, most: int) -> tuple[int, int, int]:
        """The places of the first hit to show and of the one behind the last, and how many a page has."""
        if not self.is_paged:
            return self.offset, min(self.offset + self.limit, most), self.limit
        page = 1 if self.page is None else self.page
        per_page = 20 if self.hits_per_page is None else self.hits_per_page
        return max(page - 1, 0) * per_page, min(page * per_page, most), per_page


def read_query(body: Any) -> Query:
    """Validate a search request's body.

    Raises:
        ApiError: invalid_search_… for a bad value, and for a parameter that this server does not support.
    """
    given = need_object(body, "bad_request", "", (*_SUPPORTED, *_UNSUPPORTED))
    for name in _UNSUPPORTED:
        if given.get(name) not in _HARMLESS:
            raise unsupported(f"`{name}` in a search", _code("hybridQuery" if name == "hybrid" else name))

    def count(name: str, default: int | None) -> Any:
        if name not in given or (given[name] is None and default is None):
            return default
        return need_count(given[name], _code(name), f".{name}")

    text, attributes = given.get("q"), given.get("attributesToRetrieve")
    return Query(
        text="" if text is None else need_string(text, _code("q"), ".q"),
        offset=count("offset", 0),
        limit=count("limit", 20),
        page=count("page", None),
        hits_per_page=count("hitsPerPage", None),
        attributes=None
        if attributes is None
        else need_strings(attributes, _code("attributesToRetrieve"), ".attributesToRetrieve"),
        filter=given.get("filter"),
    )


def _code(name: str) -> str:
    return "invalid_search_" + re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


def run(store: IndexStore, index: Index, query: Query) -> dict[str, Any]:
    """Search an index; returns the result object of the API."""
    started = time.monotonic()
    most = index.settings["pagination"]["maxTotalHits"]
    wanted = parse_filter(query.filter, index.settings["filterableAttributes"])
    start, stop, per_page = query.window(most)
    shown: list[Document]
    if wanted is None:
        numbers = store.search(index, query.text, max(most, COUNTED))
        total = len(numbers) if query.text.strip() else index.documents
        shown = [json.loads(line) for line in store.numbered(index, numbers[start:stop])]
    else:
        matching: list[Document] = []
        numbers = store.search(index, query.text, index.documents)
        for place in range(0, len(numbers), 1000):
            documents = map(json.loads, store.numbered(index, numbers[place : place + 1000]))
            matching += [document for document in documents if wanted(document)]
            if len(matching) >= max(most, COUNTED):
                break
        total, shown = len(matching), matching[start:stop]
    hits = []
    for document in shown:
        hit = select(document, index.settings["displayedAttributes"])
        hits.append(hit if query.attributes is None else select(hit, query.attributes))
    result: dict[str, Any] = {
        "hits": hits,
        "query": query.text,
        "processingTimeMs": int((time.monotonic() - started) * 1000),
        "requestUid": str(uuid.uuid4()),
    }
    if not query.is_paged:
        return result | {"limit": query.limit, "offset": query.offset, "estimatedTotalHits": total}
    return result | {
        "hitsPerPage": per_page,
        "page": 1 if query.page is None else query.page,
        "totalPages": -(-total // per_page) if per_page else 0,
        "totalHits": total,
    }

"""What only the embedded server says: refusals, unapplied settings, whole texts of errors."""

from __future__ import annotations

from typing import Any

import pytest

from harness.standins.meilisearch import routes_documents, routes_indexes, routes_server, routes_unsupported
from harness.standins.meilisearch.clock import duration
from harness.standins.meilisearch.documents import document_id, infer_primary_key, read_payload
from harness.standins.meilisearch.engine import address_of, key_of, number_of, project
from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.filters import parse_filter
from harness.standins.meilisearch.pointers import select
from harness.standins.meilisearch.query import read_query
from harness.standins.meilisearch.settings import SETTINGS, apply_patch, defaults, read_patch, unapplied_settings


def test_a_search_parameter_that_cannot_be_honoured_is_refused() -> None:
    for name, value, code in (
        ("sort", ["id:asc"], "invalid_search_sort"),
        ("attributesToHighlight", ["*"], "invalid_search_attributes_to_highlight"),
        ("showRankingScore", True, "invalid_search_show_ranking_score"),
        ("matchingStrategy", "all", "invalid_search_matching_strategy"),
        ("rankingScoreThreshold", 0.5, "invalid_search_ranking_score_threshold"),
        ("hybrid", {"embedder": "x"}, "invalid_search_hybrid_query"),
    ):
        with pytest.raises(ApiError) as error:
            read_query({name: value})
        assert error.value.as_json() == {
            "message": f"The embedded server does not support `{name}` in a search (docs/embedded.md).",
            "code": code,
            "type": "invalid_request",
            "link": f"https://docs.meilisearch.com/errors#{code}",
        }
    query = read_query({"q": "x", "sort": [], "facets": None, "matchingStrategy": "last"})
    assert (query.text, query.offset, query.limit) == ("x", 0, 20)


def test_every_address_that_is_not_supported_says_so_and_hides_none_that_is() -> None:
    served = {
        (route.method, route.address)
        for module in (routes_server, routes_indexes, routes_documents)
        for route in module.ROUTES
    }
    call: Any = None
    for route in routes_unsupported.ROUTES:
        assert (route.method, route.address) not in served
        with pytest.raises(ApiError) as error:
            route.handler(call)
        assert (error.value.code, error.value.status, route.is_open) == ("feature_not_enabled", 400, False)


def test_settings_that_the_engine_cannot_apply_are_named() -> None:
    assert unapplied_settings(defaults()) == ()
    assert unapplied_settings({}) == ()
    sent = {
        "displayedAttributes": ["id"],
        "rankingRules": ["words"],
        "synonyms": {"bob": ["robert"]},
        "embedders": {"x": {"source": "userProvided"}},
        "ofALaterRelease": {"a": 1},
    }
    stored = apply_patch(defaults(), read_patch(sent))
    assert {name: stored[name] for name in sent} == sent
    assert unapplied_settings(stored) == ("rankingRules", "synonyms", "embedders", "ofALaterRelease")
    applied = {setting.name for setting in SETTINGS if setting.applied}
    assert applied == {"displayedAttributes", "searchableAttributes", "filterableAttributes", "pagination"}


def test_inference_of_the_primary_key() -> None:
    for document, code, message in (
        (
            {"name": 1},
            "index_primary_key_no_candidate_found",
            "The primary key inference failed as the engine did not find any field ending with `id` in its name. "
            "Please specify the primary key manually using the `primaryKey` query parameter.",
        ),
        (
            {"id": 1, "team_id": 2, "uid": 3},
            "index_primary_key_multiple_candidates_found",
            "The primary key inference failed as the engine found 3 fields ending with `id` in their names: 'id' and "
            "'uid'. Please specify the primary key manually using the `primaryKey` query parameter.",
        ),
    ):
        with pytest.raises(ApiError) as error:
            infer_primary_key(document)
        assert (error.value.code, error.value.message) == (code, message)
    assert infer_primary_key({"name": 1, "userId": 2}) == "userId"


def test_identifiers() -> None:
    for document, code, message in (
        ({"a": "é"}, "missing_document_id", 'Document doesn\'t have a `id` attribute: `{"a":"é"}`.'),
        (
            {"id": "a b"},
            "invalid_document_id",
            'Document identifier `"a b"` is invalid. A document identifier can be of type integer or string, only '
            "composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more "
            "than 511 bytes.",
        ),
    ):
        with pytest.raises(ApiError) as error:
            document_id(document, "id")
        assert (error.value.code, error.value.message) == (code, message)
    assert document_id({"user": {"id": -5}}, "user.id") == "-5"


def test_numbers_that_no_integer_of_the_server_holds_become_floats() -> None:
    for sent, kept in (
        (b'{"id":1,"n":123456789012345678901234567890}', b'{"id":1,"n":1.2345678901234568e+29}'),
        (b'{"id":18446744073709551615}', b'{"id":18446744073709551615}'),
    ):
        assert read_payload(b"[" + sent + b"]", "application/json") == [kept]


def test_what_is_wrong_with_a_filter_is_reported() -> None:
    reads = (
        ". The embedded server reads `=`, `!=`, `IN`, `NOT IN`, `IS NULL` and `IS NOT NULL`, joined by `AND` "
        "(docs/embedded.md)."
    )
    for expression, message in (
        ("title = x", "Attribute `title` is not filterable. Available filterable attributes are: `year`."),
        ("year = 1 OR year = 2", f"Was expecting `AND` but got `OR` in the filter: `year = 1 OR year = 2`{reads}"),
        ("year > 1", f"Unexpected characters in the filter: `> 1`{reads}"),
        ("year =", f"The filter ends too early: `year =`{reads}"),
        (["year = 1"], f"The filter is not a string: `['year = 1']`{reads}"),
    ):
        with pytest.raises(ApiError) as error:
            parse_filter(expression, ["year"])
        assert (error.value.code, error.value.message) == ("invalid_search_filter", message)
    matches = parse_filter("user.id=1 AND team='it\\'s'", ["user", "team"])
    assert matches is not None
    assert matches({"user": {"id": 1}, "team": "It's"})
    assert not matches({"user": {"id": True}, "team": "it's"})


def test_selection_reaches_into_objects_and_arrays() -> None:
    document = {"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}, {"f": 3}], "g.h": 4, "i": None}
    assert select(document, ["a.b", "d.e", "g.h", "i", "nothing"]) == {
        "a": {"b": 1},
        "d": [{"e": 1}],
        "g.h": 4,
        "i": None,
    }
    assert select(document, ["*"]) == document


def test_the_engine_sees_searchable_values_in_their_order_and_nothing_to_guess_a_key_from() -> None:
    line = b'{"id":7,"team_id":1,"user":{"uid":"u7","name":"Zoe"},"tags":["a","b"]}'
    seen = project(7, line, ["user.name", "tags", "missing"])
    assert seen == {"id": "___", "a0": "Zoe", "a1": ["a", "b"], "a2": [], "z": address_of(7)}
    assert number_of(key_of(600_000)) == 600_000


def test_durations_are_iso_8601() -> None:
    assert duration("2026-11-22T10:00:00.000000Z", "2026-11-22T10:00:01.250000Z") == "PT1.250000S"
    assert duration("2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z") == "P1DT0.000000S"

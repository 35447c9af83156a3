"""What only the embedded server says: refusals, unapplied settings, whole texts of errors."""

from __future__ import annotations

import pytest

from harness.embedded.app import shown_size
from harness.embedded.clock import duration
from harness.embedded.documents import document_id, infer_primary_key, read_payload
from harness.embedded.engine import address_of, key_of, number_of, project
from harness.embedded.errors import ApiError
from harness.embedded.filters import Filter
from harness.embedded.options import parse_size
from harness.embedded.pointers import select
from harness.embedded.search import PARAMETERS, read_query
from harness.embedded.settings import SETTINGS, defaults, unapplied_settings


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("sort", ["id:asc"], "invalid_search_sort"),
        ("facets", ["a"], "invalid_search_facets"),
        ("attributesToHighlight", ["*"], "invalid_search_attributes_to_highlight"),
        ("attributesToCrop", ["a"], "invalid_search_attributes_to_crop"),
        ("attributesToSearchOn", ["a"], "invalid_search_attributes_to_search_on"),
        ("showMatchesPosition", True, "invalid_search_show_matches_position"),
        ("showRankingScore", True, "invalid_search_show_ranking_score"),
        ("matchingStrategy", "all", "invalid_search_matching_strategy"),
        ("rankingScoreThreshold", 0.5, "invalid_search_ranking_score_threshold"),
        ("vector", [0.1], "invalid_search_vector"),
        ("hybrid", {"embedder": "x"}, "invalid_search_hybrid_query"),
        ("distinct", "a", "invalid_search_distinct"),
    ],
)
def test_a_search_parameter_that_cannot_be_honoured_is_refused(name, value, code):
    assert name in PARAMETERS
    with pytest.raises(ApiError) as error:
        read_query({name: value})
    assert error.value.as_json() == {
        "message": f"Invalid value at `.{name}`: the embedded server does not support `{name}` in a search.",
        "code": code,
        "type": "invalid_request",
        "link": f"https://docs.meilisearch.com/errors#{code}",
    }


def test_parameters_that_ask_for_nothing_are_let_through():
    query = read_query({"q": "x", "sort": [], "facets": None, "matchingStrategy": "last", "cropLength": 10})
    assert (query.text, query.offset, query.limit) == ("x", 0, 20)


def test_default_settings_leave_nothing_unapplied():
    assert unapplied_settings(defaults()) == ()
    assert unapplied_settings({}) == ()


def test_settings_that_the_engine_cannot_apply_are_named():
    settings = defaults() | {
        "displayedAttributes": ["id"],
        "rankingRules": ["words"],
        "synonyms": {"bob": ["robert"]},
        "embedders": {"x": {"source": "userProvided"}},
    }
    assert unapplied_settings(settings) == ("rankingRules", "synonyms", "embedders")


def test_the_header_names_them_too(embedded):
    client = embedded.start()
    task = client.index("x").update_settings({"stopWords": ["a"], "filterableAttributes": ["a"]})
    client.wait_for_task(task.task_uid)
    answer = embedded.request("GET", "/indexes/x/settings")
    assert answer.headers["X-Embedded-Unapplied-Settings"] == "stopWords"


def test_the_settings_that_are_applied():
    applied = {setting.name for setting in SETTINGS if setting.applied}
    assert applied == {"displayedAttributes", "searchableAttributes", "filterableAttributes", "pagination"}


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
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
    ],
)
def test_inference_of_the_primary_key(document, code, message):
    with pytest.raises(ApiError) as error:
        infer_primary_key(document)
    assert (error.value.code, error.value.message) == (code, message)
    assert infer_primary_key({"name": 1, "userId": 2}) == "userId"


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ({"a": "é"}, "missing_document_id", 'Document doesn\'t have a `id` attribute: `{"a":"é"}`.'),
        (
            {"id": "a b"},
            "invalid_document_id",
            'Document identifier `"a b"` is invalid. A document identifier can be of type integer or string, only '
            "composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more "
            "than 511 bytes.",
        ),
    ],
)
def test_identifiers(document, code, message):
    with pytest.raises(ApiError) as error:
        document_id(document, "id")
    assert (error.value.code, error.value.message) == (code, message)
    assert document_id({"user": {"id": -5}}, "user.id") == "-5"


def test_numbers_that_no_integer_of_the_server_holds_become_floats():
    assert read_payload(b'[{"id": 1, "n": 123456789012345678901234567890}]', "json") == [
        b'{"id":1,"n":1.2345678901234568e+29}'
    ]
    assert read_payload(b'[{"id": 18446744073709551615}]', "json") == [b'{"id":18446744073709551615}']


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "title = x",
            "Attribute `title` is not filterable. Available filterable attribute patterns are: `year`.\n1:10 title = x",
        ),
        (
            "year = 1 XOR year = 2",
            "Found unexpected characters at the end of the filter: `XOR year = 2`. You probably forgot an `OR` or an "
            "`AND` rule.\n10:22 year = 1 XOR year = 2",
        ),
        ("year > x", "Malformed value: `x`.\n8:9 year > x"),
        (
            "_geoRadius(1, 2, 3)",
            "Filters on `_geo` are not supported by the embedded server.\n1:20 _geoRadius(1, 2, 3)",
        ),
    ],
)
def test_what_is_wrong_with_a_filter_is_said(expression, message):
    with pytest.raises(ApiError) as error:
        Filter(expression, ["year"], "invalid_search_filter")
    assert (error.value.code, error.value.message) == ("invalid_search_filter", message)


@pytest.mark.parametrize(("pattern", "name"), [("user.*", "user.id"), ("*_id", "team_id"), ("user", "user.id")])
def test_filterable_patterns_cover_names(pattern, name):
    rule = {"attributePatterns": [pattern], "features": {"filter": {"equality": True, "comparison": False}}}
    assert Filter(f"{name} = 1", [rule], "x").matches({"user": {"id": 1}, "team_id": 1})
    with pytest.raises(ApiError):
        Filter(f"{name} > 1", [rule], "x")


def test_selection_reaches_into_objects_and_arrays():
    document = {"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}, {"f": 3}], "g.h": 4, "i": None}
    assert select(document, ["a.b", "d.e", "g.h", "i", "nothing"]) == {
        "a": {"b": 1},
        "d": [{"e": 1}],
        "g.h": 4,
        "i": None,
    }
    assert select(document, ["*"]) == document


def test_the_engine_sees_searchable_values_in_their_order_and_nothing_to_guess_a_key_from():
    line = b'{"id":7,"team_id":1,"user":{"uid":"u7","name":"Zoe"},"tags":["a","b"]}'
    seen = project(7, line, ["user.name", "tags", "missing"])
    assert seen == {"id": "___", "a0": "Zoe", "a1": ["a", "b"], "a2": [], "z": address_of(7)}
    assert number_of(key_of(600_000)) == 600_000


@pytest.mark.parametrize(
    ("text", "size_bytes", "shown"),
    [
        ("100 MB", 100_000_000, "100 MB"),
        ("100MiB", 104_857_600, "100 MiB"),
        ("104857600", 104_857_600, "100 MiB"),
        ("1.5GB", 1_500_000_000, "1.5 GB"),
        ("7", 7, "7 B"),
    ],
)
def test_sizes(text, size_bytes, shown):
    assert parse_size(text) == size_bytes
    assert shown_size(size_bytes) == shown


def test_durations_are_iso_8601():
    assert duration("2026-11-22T10:00:00.000000Z", "2026-11-22T10:00:01.250000Z") == "PT1.250000S"
    assert duration("2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z") == "P1DT0.000000S"

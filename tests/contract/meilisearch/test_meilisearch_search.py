"""Search: what is found, what is shown, how many there are, and what is refused."""

import pytest
from meilisearch.errors import MeilisearchApiError

FILMS = [
    {"id": 1, "title": "Carol", "year": 2015, "genres": ["Romance", "Drama"], "cast": {"lead": "Cate"}},
    {"id": 2, "title": "Wonder Woman", "year": 2017, "genres": ["Action"], "cast": {"lead": "Gal"}},
    {"id": 3, "title": "Life of Pi", "year": 2012, "genres": ["Drama"], "note": None},
    {"id": 4, "title": "Mad Max", "year": 1979.5, "genres": [], "note": ""},
    {"id": 5, "title": "Amélie", "genres": ["romance"], "seen": True, "note": "x"},
]


@pytest.fixture
def films(index, done):
    done(index.update_filterable_attributes(["year", "genres", "cast.lead", "seen", "note"]))
    done(index.add_documents(FILMS))
    return index


def ids(result):
    return [hit["id"] for hit in result["hits"]]


def test_words_prefixes_accents_and_typos_are_found(films):
    assert ids(films.search("carol")) == [1]
    assert ids(films.search("wond")) == [2]
    assert ids(films.search("amelie")) == [5]
    assert ids(films.search("carrol")) == [1]
    assert ids(films.search("cate")) == [1]
    assert ids(films.search("nothing-like-it")) == []


def test_the_answer_has_the_documented_fields(films):
    result = films.search("carol")
    assert result["hits"] == [FILMS[0]]
    assert (result["query"], result["offset"], result["limit"]) == ("carol", 0, 20)
    assert result["estimatedTotalHits"] == 1
    assert result["processingTimeMs"] >= 0


def test_an_empty_query_matches_everything(films):
    assert set(ids(films.search(""))) == {1, 2, 3, 4, 5}
    assert films.search(None)["estimatedTotalHits"] == 5


def test_the_filters_that_scout_writes(films):
    for expression, expected in (
        ("year=2015", {1}),
        ("year != 2015", {2, 3, 4, 5}),
        ("year=1979.50", {4}),
        ('genres="drama"', {1, 3}),
        ("genres IN [Action, Romance]", {1, 2, 5}),
        ("genres NOT IN [Action, Romance]", {3, 4}),
        ("year IN []", set()),
        ('cast.lead="Gal"', {2}),
        ("seen=true", {5}),
        ("note IS NULL", {3}),
        ("note IS NOT NULL", {1, 2, 4, 5}),
        ('genres="drama" AND year=2012', {3}),
        ("", {1, 2, 3, 4, 5}),
    ):
        result = films.search("", {"filter": expression})
        assert set(ids(result)) == expected, expression
        assert result["estimatedTotalHits"] == len(expected), expression


def test_a_filter_that_cannot_be_used_is_refused(films):
    for expression in ("title = Carol", "year =", "year = 1 year = 2", "(year = 1", "year ~ 3", 5, [[["year = 1"]]]):
        with pytest.raises(MeilisearchApiError) as error:
            films.search("", {"filter": expression})
        assert (error.value.code, error.value.status_code) == ("invalid_search_filter", 400), expression


def test_filters_and_words_go_together(films):
    assert ids(films.search("carol", {"filter": "year = 2015"})) == [1]
    assert ids(films.search("carol", {"filter": "year = 2017"})) == []


def test_displayed_attributes_hide_fields_in_hits_only(films, done):
    done(films.update_displayed_attributes(["id", "cast"]))
    assert films.search("carol")["hits"] == [{"id": 1, "cast": {"lead": "Cate"}}]
    assert films.search("carol", {"attributesToRetrieve": ["title", "id"]})["hits"] == [{"id": 1}]
    assert vars(films.get_document(1)) == FILMS[0]


def test_searchable_attributes_decide_what_is_found(films, done):
    done(films.update_searchable_attributes(["cast.lead", "genres"]))
    assert ids(films.search("carol")) == []
    assert ids(films.search("cate")) == [1]
    assert set(ids(films.search("drama"))) == {1, 3}
    done(films.reset_searchable_attributes())
    assert ids(films.search("carol")) == [1]


def test_the_order_of_searchable_attributes_ranks(index, done):
    done(index.update_searchable_attributes(["title", "text"]))
    done(index.add_documents([{"id": 1, "text": "robot", "title": "x"}, {"id": 2, "title": "robot", "text": "x"}]))
    assert ids(index.search("robot")) == [2, 1]
    done(index.update_searchable_attributes(["text", "title"]))
    assert ids(index.search("robot")) == [1, 2]


def test_attributes_to_retrieve(films):
    found = films.search("carol", {"attributesToRetrieve": ["title", "cast.lead"]})
    assert found["hits"] == [{"title": "Carol", "cast": {"lead": "Cate"}}]
    assert films.search("carol", {"attributesToRetrieve": ["*"]})["hits"] == [FILMS[0]]


def test_every_match_is_reached_by_offset_and_limit(index, done):
    """More matches than one page of the engine: none is missing, none comes twice."""
    done(index.add_documents([{"id": n, "name": f"robot {n}" if n % 3 else "other"} for n in range(1, 1201)]))
    expected = {n for n in range(1, 1201) if n % 3}
    first = index.search("robot")
    assert (len(first["hits"]), first["estimatedTotalHits"]) == (20, len(expected))
    seen: list[int] = []
    for offset in range(0, 1000, 100):
        seen += ids(index.search("robot", {"offset": offset, "limit": 100}))
    assert len(seen) == len(expected)
    assert set(seen) == expected


def test_max_total_hits_caps_the_hits_and_not_their_number(index, done):
    done(index.update_pagination_settings({"maxTotalHits": 30}))
    done(index.add_documents([{"id": n, "name": "robot"} for n in range(100)]))
    result = index.search("robot", {"hitsPerPage": 7, "page": 5})
    assert len(result["hits"]) == 2
    assert (result["totalHits"], result["page"], result["hitsPerPage"]) == (100, 5, 7)
    assert "estimatedTotalHits" not in result
    result = index.search("", {"limit": 1000})
    assert (len(result["hits"]), result["estimatedTotalHits"]) == (30, 100)


def test_a_page_of_its_own(films):
    result = films.search("", {"page": 2, "hitsPerPage": 2})
    assert (len(result["hits"]), result["totalHits"], result["totalPages"]) == (2, 5, 3)
    assert films.search("", {"page": 9})["hits"] == []


def test_changes_are_found_at_once(films, done):
    done(films.add_documents([{"id": 1, "title": "Brooklyn"}]))
    assert ids(films.search("carol")) == []
    assert ids(films.search("brooklyn")) == [1]
    done(films.delete_document(1))
    assert ids(films.search("brooklyn")) == []


def test_bad_parameters_are_refused(films):
    for parameters, code in (
        ({"limit": "x"}, "invalid_search_limit"),
        ({"offset": -1}, "invalid_search_offset"),
        ({"page": "x"}, "invalid_search_page"),
        ({"hitsPerPage": "x"}, "invalid_search_hits_per_page"),
        ({"attributesToRetrieve": "x"}, "invalid_search_attributes_to_retrieve"),
        ({"doggo": 1}, "bad_request"),
    ):
        with pytest.raises(MeilisearchApiError) as error:
            films.search("", parameters)
        assert (error.value.code, error.value.status_code) == (code, 400), parameters


def test_an_index_that_is_not_there(index):
    with pytest.raises(MeilisearchApiError) as error:
        index.search("x")
    assert (error.value.code, error.value.status_code) == ("index_not_found", 404)

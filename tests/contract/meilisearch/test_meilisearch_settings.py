"""Settings: defaults, changes, resets, and what is refused."""

import pytest
from meilisearch.errors import MeilisearchApiError

DEFAULTS = {
    "displayedAttributes": ["*"],
    "searchableAttributes": ["*"],
    "filterableAttributes": [],
    "sortableAttributes": [],
    "rankingRules": ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
    "stopWords": [],
    "nonSeparatorTokens": [],
    "separatorTokens": [],
    "dictionary": [],
    "synonyms": {},
    "distinctAttribute": None,
    "proximityPrecision": "byWord",
    "pagination": {"maxTotalHits": 1000},
    "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
    "typoTolerance": {
        "enabled": True,
        "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
        "disableOnWords": [],
        "disableOnAttributes": [],
        "disableOnNumbers": False,
    },
    "embedders": {},
    "searchCutoffMs": None,
    "localizedAttributes": None,
    "facetSearch": True,
    "prefixSearch": "indexingTime",
}
"""The twenty of 1.50.0; a later version may have more."""


def test_a_new_index_has_the_documented_defaults(client, uid, index, done):
    done(client.create_index(uid))
    settings = index.get_settings()
    assert {name: settings[name] for name in DEFAULTS} == DEFAULTS


def test_settings_like_apiarys_are_stored_and_returned(index, done):
    """The shape that `scout:sync-index-settings` sends: the index is made by it."""
    sent = {
        "displayedAttributes": ["id"],
        "searchableAttributes": ["first_name", "user.last_name", "uid"],
        "filterableAttributes": ["team_id", "event_id"],
        "rankingRules": ["words", "typo", "proximity", "attribute", "sort", "exactness", "updated_at_unix:desc"],
        "synonyms": {"liz": ["elizabeth"], "bob": ["robert", "rob"]},
    }
    task = done(index.update_settings(sent))
    assert (task.status, task.type, task.details) == ("succeeded", "settingsUpdate", sent)
    settings = index.get_settings()
    assert settings["filterableAttributes"] in (["team_id", "event_id"], ["event_id", "team_id"])
    for name in ("displayedAttributes", "searchableAttributes", "rankingRules", "synonyms"):
        assert settings[name] == sent[name]


def test_what_is_not_named_stays(index, done):
    done(index.update_settings({"stopWords": ["the", "a"], "typoTolerance": {"enabled": False}}))
    done(index.update_settings({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": 4}}}))
    settings = index.get_settings()
    assert settings["stopWords"] == ["a", "the"]
    assert settings["typoTolerance"]["enabled"] is False
    assert settings["typoTolerance"]["minWordSizeForTypos"] == {"oneTypo": 4, "twoTypos": 9}


def test_null_is_the_default(index, done):
    done(index.update_settings({"stopWords": ["the"], "pagination": {"maxTotalHits": 5}}))
    done(index.update_settings({"stopWords": None, "pagination": None}))
    settings = index.get_settings()
    assert (settings["stopWords"], settings["pagination"]) == ([], {"maxTotalHits": 1000})


def test_a_reset_brings_every_default_back(index, done):
    done(index.update_settings({"displayedAttributes": ["id"], "synonyms": {"a": ["b"]}, "searchCutoffMs": 100}))
    task = done(index.reset_settings())
    assert (task.status, task.type) == ("succeeded", "settingsUpdate")
    settings = index.get_settings()
    assert {name: settings[name] for name in DEFAULTS} == DEFAULTS


def test_each_setting_has_its_own_route(index, done):
    done(index.update_ranking_rules(["typo", "words", "when:asc"]))
    assert index.get_ranking_rules() == ["typo", "words", "when:asc"]
    done(index.reset_ranking_rules())
    assert index.get_ranking_rules()[:3] == ["words", "typo", "proximity"]
    done(index.update_distinct_attribute("sku"))
    assert index.get_distinct_attribute() == "sku"
    done(index.reset_distinct_attribute())
    assert index.get_distinct_attribute() is None
    done(index.update_searchable_attributes(["name", "*"]))
    assert index.get_searchable_attributes() == ["*"]
    done(index.update_displayed_attributes(["name"]))
    assert index.get_displayed_attributes() == ["name"]
    done(index.reset_displayed_attributes())
    assert index.get_displayed_attributes() == ["*"]
    done(index.update_filterable_attributes(["b", "a", "b"]))
    assert set(index.get_filterable_attributes()) == {"a", "b"}
    done(index.update_sortable_attributes(["b", "a"]))
    assert index.get_sortable_attributes() == ["a", "b"]
    done(index.update_synonyms({"a": ["b"]}))
    assert index.get_synonyms() == {"a": ["b"]}
    done(index.update_stop_words(["of"]))
    assert index.get_stop_words() == ["of"]
    done(index.update_typo_tolerance({"disableOnWords": ["robo"]}))
    assert index.get_typo_tolerance().disable_on_words == ["robo"]
    done(index.update_pagination_settings({"maxTotalHits": 7}))
    assert index.get_pagination_settings().max_total_hits == 7
    done(index.update_faceting_settings({"maxValuesPerFacet": 9}))
    assert index.get_faceting_settings().max_values_per_facet == 9
    done(index.update_dictionary(["J. R. R."]))
    assert index.get_dictionary() == ["J. R. R."]
    done(index.update_separator_tokens(["|"]))
    assert index.get_separator_tokens() == ["|"]
    done(index.update_non_separator_tokens(["#"]))
    assert index.get_non_separator_tokens() == ["#"]
    done(index.update_search_cutoff_ms(150))
    assert index.get_search_cutoff_ms() == 150
    done(index.update_proximity_precision("byAttribute"))
    assert index.get_proximity_precision() == "byAttribute"


def test_a_bad_value_is_refused_with_its_own_code(index):
    for settings, code in (
        ({"displayedAttributes": "x"}, "invalid_settings_displayed_attributes"),
        ({"searchableAttributes": [1]}, "invalid_settings_searchable_attributes"),
        ({"filterableAttributes": "x"}, "invalid_settings_filterable_attributes"),
        ({"sortableAttributes": "x"}, "invalid_settings_sortable_attributes"),
        ({"rankingRules": ["nonsense"]}, "invalid_settings_ranking_rules"),
        ({"stopWords": "x"}, "invalid_settings_stop_words"),
        ({"synonyms": []}, "invalid_settings_synonyms"),
        ({"distinctAttribute": 1}, "invalid_settings_distinct_attribute"),
        ({"typoTolerance": {"enabled": "x"}}, "invalid_settings_typo_tolerance"),
        ({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": 9, "twoTypos": 5}}}, "invalid_settings_typo_tolerance"),
        ({"faceting": {"maxValuesPerFacet": -1}}, "invalid_settings_faceting"),
        ({"pagination": {"maxTotalHits": "x"}}, "invalid_settings_pagination"),
        ({"proximityPrecision": "byLuck"}, "invalid_settings_proximity_precision"),
        ({"searchCutoffMs": "x"}, "invalid_settings_search_cutoff_ms"),
        ({"rankingRules": ["attribute", "attributeRank"]}, "invalid_settings_ranking_rules"),
        ({"pagination": {"maxTotalHits": 0}}, "invalid_settings_pagination"),
    ):
        with pytest.raises(MeilisearchApiError) as error:
            index.update_settings(settings)
        assert (error.value.code, error.value.status_code) == (code, 400), settings


def test_settings_of_an_index_that_is_not_there(index, done):
    with pytest.raises(MeilisearchApiError) as error:
        index.get_settings()
    assert error.value.code == "index_not_found"
    task = done(index.reset_settings())
    assert (task.status, task.error["code"]) == ("failed", "index_not_found")

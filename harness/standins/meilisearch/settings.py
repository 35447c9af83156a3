"""The settings of an index: what may be sent, what is stored, what the engine can be made to do.

Source of names, defaults and verbs: Meilisearch's settings reference, and what 1.50.0 answers. Every setting is stored
and returned; `unapplied_settings` names those that change nothing. New ones come with each release of the real server:
a setting that is not in the table is stored as it was sent, and is one of those.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.reading import (
    need_boolean,
    need_count,
    need_object,
    need_string,
    need_strings,
    wrong_type,
)

Settings = dict[str, Any]
Reader = Callable[[Any, str, str], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `applied` is False where the value is stored and returned, and changes nothing."""

    name: str
    default: Any
    read: Reader
    applied: bool = False
    verb: Literal["PUT", "PATCH"] = "PUT"
    reset: Any = None  # what the task of a reset shows

    @property
    def route(self) -> str:
        """The last part of its own address: `rankingRules` is at `ranking-rules`."""
        return re.sub("[A-Z]", lambda match: f"-{match[0].lower()}", self.name)

    @property
    def code(self) -> str:
        return "invalid_settings_" + self.route.replace("-", "_")


def _any_or_listed(value: Any, code: str, where: str) -> list[str]:
    names = need_strings(value, code, where)
    return ["*"] if "*" in names else list(dict.fromkeys(names))


def _sorted_strings(value: Any, code: str, where: str) -> list[str]:
    return sorted(set(need_strings(value, code, where)))


_RULES = ("words", "typo", "sort", "proximity", "attribute", "exactness", "attributeRank", "wordPosition")


def _ranking_rules(value: Any, code: str, where: str) -> list[str]:
    rules = need_strings(value, code, where)
    for rule in rules:
        if rule not in _RULES and not re.fullmatch(r"(?!_geo).+:(asc|desc)", rule):
            raise ApiError(
                code,
                f"Invalid value at `{where}`: `{rule}` ranking rule is invalid. Valid ranking rules are "
                "words, typo, sort, proximity, attribute, attributeRank, wordPosition, exactness and custom ranking "
                "rules.",
            )
    if "attribute" in rules and not {"attributeRank", "wordPosition"}.isdisjoint(rules):
        raise ApiError(
            code, f"Invalid value at `{where}`: `attribute` conflicts with `attributeRank` and `wordPosition`."
        )
    return rules


def _synonyms(value: Any, code: str, where: str) -> dict[str, list[str]]:
    given = need_object(value, code, where)
    return {word: need_strings(given[word], code, f"{where}.{word}") for word in sorted(given)}


def _one_of(*choices: str) -> Reader:
    def read(value: Any, code: str, where: str) -> str:
        text = need_string(value, code, where)
        if text not in choices:
            listed = ", ".join(f"`{choice}`" for choice in choices)
            raise ApiError(code, f"Unknown value `{text}` at `{where}`: expected one of {listed}")
        return text

    return read


def _objects(value: Any, code: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type(code, where, "an array", value)
    return [need_object(item, code, f"{where}[{place}]") for place, item in enumerate(value)]


def _nested(**readers: Reader) -> Reader:
    def read(value: Any, code: str, where: str) -> dict[str, Any]:
        given = need_object(value, code, where, tuple(readers))
        return {
            name: None if item is None else readers[name](item, code, f"{where}.{name}") for name, item in given.items()
        }

    return read


def _within(low: int, high: int) -> Reader:
    def read(value: Any, code: str, where: str) -> int:
        count = need_count(value, code, where)
        if not low <= count <= high:
            raise ApiError(code, f"Invalid value at `{where}`: `{count}` is not between {low} and {high}")
        return count

    return read


def _facet_order(value: Any, code: str, where: str) -> dict[str, str]:
    read = _one_of("alpha", "count")
    return {name: read(item, code, f"{where}.{name}") for name, item in need_object(value, code, where).items()}


_TYPO_TOLERANCE = _nested(
    enabled=need_boolean,
    minWordSizeForTypos=_nested(oneTypo=_within(0, 255), twoTypos=_within(0, 255)),
    disableOnWords=_sorted_strings,
    disableOnAttributes=_sorted_strings,
    disableOnNumbers=need_boolean,
)
_TYPO_DEFAULT = {
    "enabled": True,
    "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
    "disableOnWords": [],
    "disableOnAttributes": [],
    "disableOnNumbers": False,
}
_RANKING_DEFAULT = ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"]
_FACETING_DEFAULT = {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}}
_FACETING = _nested(maxValuesPerFacet=need_count, sortFacetValuesBy=_facet_order)

SETTINGS: tuple[Setting, ...] = (
    Setting("displayedAttributes", ["*"], _any_or_listed, applied=True, reset=["*"]),
    Setting("searchableAttributes", ["*"], _any_or_listed, applied=True, reset=["*"]),
    Setting("filterableAttributes", [], need_strings, applied=True),
    Setting("sortableAttributes", [], _sorted_strings),
    Setting("rankingRules", _RANKING_DEFAULT, _ranking_rules),
    Setting("stopWords", [], _sorted_strings),
    Setting("nonSeparatorTokens", [], _sorted_strings),
    Setting("separatorTokens", [], _sorted_strings),
    Setting("dictionary", [], _sorted_strings),
    Setting("synonyms", {}, _synonyms),
    Setting("distinctAttribute", None, need_string),
    Setting("proximityPrecision", "byWord", _one_of("byWord", "byAttribute")),
    Setting("typoTolerance", _TYPO_DEFAULT, _TYPO_TOLERANCE, verb="PATCH"),
    Setting("faceting", _FACETING_DEFAULT, _FACETING, verb="PATCH"),
    Setting("pagination", {"maxTotalHits": 1000}, _nested(maxTotalHits=_within(1, 2**63)), applied=True, verb="PATCH"),
    Setting("embedders", {}, need_object, verb="PATCH"),
    Setting("searchCutoffMs", None, need_count),
    Setting("localizedAttributes", None, _objects),
    Setting("facetSearch", True, need_boolean),
    Setting("prefixSearch", "indexingTime", _one_of("indexingTime", "disabled")),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
RESET: Settings = {setting.name: setting.reset for setting in SETTINGS} | {"foreignKeys": None, "chat": None}
"""What the task of a reset of all settings shows, those of experimental features included."""


def defaults() -> Settings:
    """The settings of a new index."""
    return {setting.name: copy.deepcopy(setting.default) for setting in SETTINGS}


def read_patch(value: Any) -> Settings:
    """Validate the body of an update of several settings; null stands for the default.

    Raises:
        ApiError: invalid_settings_… for a bad value.
    """
    return {name: _read(name, item) for name, item in need_object(value, "bad_request", "").items()}


def _read(name: str, value: Any) -> Any:
    setting = BY_NAME.get(name)
    if setting is None:
        return value
    if value is None:
        return copy.deepcopy(setting.reset)
    read = setting.read(value, setting.code, f".{name}")
    if name == "typoTolerance":
        _check_word_sizes(read.get("minWordSizeForTypos") or {})
    return read


def _check_word_sizes(sizes: dict[str, int | None]) -> None:
    one, two = sizes.get("oneTypo"), sizes.get("twoTypos")
    if one is not None and two is not None and one > two:
        raise ApiError(
            BY_NAME["typoTolerance"].code,
            "`minWordSizeForTypos` setting is invalid. `oneTypo` and `twoTypos` fields should be between `0` and "
            "`255`, and `twoTypos` should be greater or equals to `oneTypo` but found "
            f"`oneTypo: {one}` and twoTypos: {two}`.",
        )


def apply_patch(current: Settings, patch: Settings) -> Settings:
    """The settings after an update; a nested object changes only the keys that it names."""
    merged = copy.deepcopy(current)
    for name, value in patch.items():
        setting = BY_NAME.get(name)
        if setting is None:
            merged[name] = value
        elif value is None:
            merged[name] = copy.deepcopy(setting.default)
        elif setting.verb == "PATCH":
            merged[name] = _merge(merged[name], value, setting.default)
        else:
            merged[name] = value
    _check_word_sizes(merged["typoTolerance"]["minWordSizeForTypos"])
    return merged


def _merge(current: dict[str, Any], patch: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    merged = dict(current)
    for key, value in patch.items():
        fallback = default.get(key)
        if value is None and key in default:
            merged[key] = copy.deepcopy(fallback)
        elif value is None:
            merged.pop(key, None)
        elif key in ("minWordSizeForTypos", "sortFacetValuesBy") and isinstance(fallback, dict):
            merged[key] = _merge(merged[key], value, fallback)
        else:
            merged[key] = value
    return merged


def unapplied_settings(settings: Settings) -> tuple[str, ...]:
    """The settings that are stored with another value than the default, and change nothing.

    Args:
        settings: an index's settings as `GET /indexes/{uid}/settings` returns them.

    Returns:
        Their names, in the documented order, then those that this server does not know.
    """
    known = [
        setting.name
        for setting in SETTINGS
        if not setting.applied and settings.get(setting.name, setting.default) != setting.default
    ]
    return (*known, *(name for name, value in settings.items() if name not in BY_NAME and value is not None))

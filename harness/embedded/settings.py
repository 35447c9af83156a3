"""The settings of an index: what may be sent, what is stored, what the engine can be made to do.

Source of names, defaults and verbs: Meilisearch's settings reference. Every documented setting is validated,
stored and returned; `unapplied_settings` names those which the engine's binding has no way to apply.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from harness.embedded.errors import ApiError
from harness.embedded.reading import need_boolean, need_count, need_object, need_string, need_strings, wrong_type

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

    @property
    def route(self) -> str:
        """The last part of its own address: `rankingRules` is at `ranking-rules`."""
        return re.sub(r"([A-Z])", lambda match: "-" + match[1].lower(), self.name)

    @property
    def code(self) -> str:
        return "invalid_settings_" + self.route.replace("-", "_")


def _any_or_listed(value: Any, code: str, where: str) -> list[str]:
    names = need_strings(value, code, where)
    return ["*"] if "*" in names else names


def _sorted_strings(value: Any, code: str, where: str) -> list[str]:
    return sorted(set(need_strings(value, code, where)))


def _filterable(value: Any, code: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type(code, where, "an array", value)
    rules: list[Any] = []
    for place, item in enumerate(value):
        here = f"{where}[{place}]"
        if isinstance(item, str):
            rules.append(item)
            continue
        rule = need_object(item, code, here, ("attributePatterns", "features"))
        features = need_object(rule.get("features") or {}, code, f"{here}.features", ("facetSearch", "filter"))
        allowed = need_object(features.get("filter") or {}, code, f"{here}.features.filter", ("equality", "comparison"))
        rules.append(
            {
                "attributePatterns": need_strings(rule.get("attributePatterns"), code, f"{here}.attributePatterns"),
                "features": {
                    "facetSearch": need_boolean(features.get("facetSearch", False), code, here),
                    "filter": {
                        "equality": need_boolean(allowed.get("equality", True), code, here),
                        "comparison": need_boolean(allowed.get("comparison", False), code, here),
                    },
                },
            }
        )
    return rules


_RULES = ("words", "typo", "sort", "proximity", "attribute", "exactness", "attributeRank", "wordPosition")


def _ranking_rules(value: Any, code: str, where: str) -> list[str]:
    rules = need_strings(value, code, where)
    for place, rule in enumerate(rules):
        if rule not in _RULES and not re.fullmatch(r".+:(asc|desc)", rule):
            raise ApiError(
                code,
                f"Invalid value at `{where}[{place}]`: `{rule}` ranking rule is invalid. Valid ranking rules are "
                "words, typo, sort, proximity, attribute, exactness and custom ranking rules.",
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
            at = f" at `{where}`" if where else ""
            raise ApiError(code, f"Unknown value `{text}`{at}: expected one of {listed}")
        return text

    return read


def _localized(value: Any, code: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type(code, where, "an array", value)
    rules = []
    for place, item in enumerate(value):
        here = f"{where}[{place}]"
        rule = need_object(item, code, here, ("attributePatterns", "locales"))
        rules.append(
            {name: need_strings(rule.get(name), code, f"{here}.{name}") for name in ("attributePatterns", "locales")}
        )
    return rules


def _nested(**readers: Reader) -> Reader:
    def read(value: Any, code: str, where: str) -> dict[str, Any]:
        given = need_object(value, code, where, tuple(readers))
        return {
            name: None if item is None else readers[name](item, code, f"{where}.{name}") for name, item in given.items()
        }

    return read


def _letters(value: Any, code: str, where: str) -> int:
    count = need_count(value, code, where)
    if count > 255:
        raise ApiError(code, f"Invalid value at `{where}`: value: `{count}` is too large to be deserialized")
    return count


def _facet_order(value: Any, code: str, where: str) -> dict[str, str]:
    read = _one_of("alpha", "count")
    return {name: read(item, code, f"{where}.{name}") for name, item in need_object(value, code, where).items()}


_WORD_SIZES = _nested(oneTypo=_letters, twoTypos=_letters)
_TYPO_TOLERANCE = _nested(
    enabled=need_boolean,
    minWordSizeForTypos=_WORD_SIZES,
    disableOnWords=_sorted_strings,
    disableOnAttributes=_sorted_strings,
    disableOnNumbers=need_boolean,
)

SETTINGS: tuple[Setting, ...] = (
    Setting("displayedAttributes", ["*"], _any_or_listed, applied=True),
    Setting("searchableAttributes", ["*"], _any_or_listed, applied=True),
    Setting("filterableAttributes", [], _filterable, applied=True),
    Setting("sortableAttributes", [], _sorted_strings),
    Setting("rankingRules", ["words", "typo", "proximity", "attribute", "sort", "exactness"], _ranking_rules),
    Setting("stopWords", [], _sorted_strings),
    Setting("nonSeparatorTokens", [], _sorted_strings),
    Setting("separatorTokens", [], _sorted_strings),
    Setting("dictionary", [], _sorted_strings),
    Setting("synonyms", {}, _synonyms),
    Setting("distinctAttribute", None, need_string),
    Setting("proximityPrecision", "byWord", _one_of("byWord", "byAttribute")),
    Setting(
        "typoTolerance",
        {
            "enabled": True,
            "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
            "disableOnWords": [],
            "disableOnAttributes": [],
            "disableOnNumbers": False,
        },
        _TYPO_TOLERANCE,
        verb="PATCH",
    ),
    Setting(
        "faceting",
        {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
        _nested(maxValuesPerFacet=need_count, sortFacetValuesBy=_facet_order),
        verb="PATCH",
    ),
    Setting("pagination", {"maxTotalHits": 1000}, _nested(maxTotalHits=need_count), applied=True, verb="PATCH"),
    Setting("embedders", {}, need_object, verb="PATCH"),
    Setting("searchCutoffMs", None, need_count),
    Setting("localizedAttributes", None, _localized),
    Setting("facetSearch", True, need_boolean),
    Setting("prefixSearch", "indexingTime", _one_of("indexingTime", "disabled")),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
BY_ROUTE = {setting.route: setting for setting in SETTINGS}


def defaults() -> Settings:
    """The settings of a new index."""
    return {setting.name: copy.deepcopy(setting.default) for setting in SETTINGS}


def read_patch(value: Any) -> Settings:
    """Validate the body of an update of several settings; null stands for the default.

    Raises:
        ApiError: bad_request for an unknown name, invalid_settings_… for a bad value.
    """
    given = need_object(value, "bad_request", "", tuple(BY_NAME))
    return {name: read_one(BY_NAME[name], item, f".{name}") for name, item in given.items()}


def read_one(setting: Setting, value: Any, where: str = "") -> Any:
    """Validate one setting's value."""
    if value is None:
        return None
    read = setting.read(value, setting.code, where)
    if setting.name == "typoTolerance":
        _check_word_sizes(read.get("minWordSizeForTypos") or {}, setting.code)
    return read


def _check_word_sizes(sizes: dict[str, int | None], code: str) -> None:
    one, two = sizes.get("oneTypo"), sizes.get("twoTypos")
    if one is not None and two is not None and one > two:
        raise ApiError(
            code,
            "`minWordSizeForTypos` setting is invalid. `oneTypo` and `twoTypos` fields should be between `0` and "
            "`255`, and `twoTypos` should be greater or equals to `oneTypo` but found "
            f"`oneTypo: {one}` and twoTypos: {two}`.",
        )


def apply_patch(current: Settings, patch: Settings) -> Settings:
    """The settings after an update; a nested object changes only the keys that it names."""
    merged = copy.deepcopy(current)
    for name, value in patch.items():
        default = BY_NAME[name].default
        if value is None:
            merged[name] = copy.deepcopy(default)
        elif BY_NAME[name].verb == "PATCH":
            merged[name] = _merge(merged[name], value, default)
        else:
            merged[name] = value
    sizes = merged["typoTolerance"]["minWordSizeForTypos"]
    _check_word_sizes(sizes, BY_NAME["typoTolerance"].code)
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
        settings: an index's settings as `GET /indexes/{uid}/settings` returns them; unknown names are ignored.

    Returns:
        Their names, in the documented order.
    """
    return tuple(
        setting.name
        for setting in SETTINGS
        if not setting.applied and settings.get(setting.name, setting.default) != setting.default
    )

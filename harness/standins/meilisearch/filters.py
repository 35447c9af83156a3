"""The filters that Laravel Scout writes, evaluated in Python over the documents.

Scout joins conditions with AND: `name=1`, `name="text"`, `name != x`, `name IN [a, b]`, `name NOT IN [a, b]`,
`name IS NULL` and `name IS NOT NULL`. Everything else of the server's grammar is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.pointers import Document, leaves, values_at

Test = Callable[[Document], bool]

_TOKEN = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|!=|[=\[\],]|[\w\-./+]+)""")
_NEITHER_NAME_NOR_VALUE = frozenset(
    ("=", "!=", "[", "]", ",", "AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS")
)


def parse_filter(expression: Any, filterable: list[str]) -> Test | None:
    """What tells whether a document passes; None where the expression asks for nothing.

    Raises:
        ApiError: invalid_search_filter, for what is malformed, not filterable, or not supported here.
    """
    if expression is None or (isinstance(expression, str) and not expression.strip()):
        return None
    if not isinstance(expression, str):
        raise _bad("The filter is not a string", expression)
    return _Parser(expression, filterable).parse()


def _bad(what: str, expression: Any) -> ApiError:
    return ApiError(
        "invalid_search_filter",
        f"{what}: `{expression}`. The embedded server reads `=`, `!=`, `IN`, `NOT IN`, `IS NULL` and `IS NOT NULL`, "
        "joined by `AND` (docs/embedded.md).",
    )


class _Parser:
    """Conditions joined by AND, read from left to right."""

    def __init__(self, text: str, filterable: list[str]) -> None:
        self._text = text
        self._filterable = filterable
        self._tokens = list(self._scan())

    def _scan(self) -> Iterator[str]:
        place = 0
        while self._text[place:].strip():
            match = _TOKEN.match(self._text, place)
            if match is None:
                raise _bad("Unexpected characters in the filter", self._text[place:].strip())
            yield match[1]
            place = match.end()

    def parse(self) -> Test:
        tests = [self._condition()]
        while self._tokens:
            self._expect("AND")
            tests.append(self._condition())
        return lambda document: all(test(document) for test in tests)

    def _take(self) -> str:
        if not self._tokens:
            raise _bad("The filter ends too early", self._text)
        return self._tokens.pop(0)

    def _expect(self, wanted: str) -> None:
        found = self._take()
        if found != wanted:
            raise _bad(f"Was expecting `{wanted}` but got `{found}` in the filter", self._text)

    def _accept(self, word: str) -> bool:
        accepted = bool(self._tokens) and self._tokens[0] == word
        if accepted:
            self._tokens.pop(0)
        return accepted

    def _value(self) -> str:
        token = self._take()
        if token in _NEITHER_NAME_NOR_VALUE:
            raise _bad(f"Was expecting a value but got `{token}` in the filter", self._text)
        return re.sub(r"\\(.)", r"\1", token[1:-1]) if token[0] in "\"'" else token

    def _condition(self) -> Test:
        name = self._value()
        if not any(rule in ("*", name) or name.startswith(f"{rule}.") for rule in self._filterable):
            raise ApiError(
                "invalid_search_filter",
                f"Attribute `{name}` is not filterable. Available filterable attributes are: "
                f"`{', '.join(sorted(self._filterable))}`.",
            )
        if self._accept("="):
            return _equals(name, [self._value()])
        if self._accept("!="):
            return _negated(_equals(name, [self._value()]))
        if self._accept("IS"):
            negative = self._accept("NOT")
            self._expect("NULL")
            return _negated(_is_null(name)) if negative else _is_null(name)
        negative = self._accept("NOT")
        self._expect("IN")
        self._expect("[")
        values: list[str] = []
        while not self._accept("]"):
            values.append(self._value())
            self._accept(",")
        return _negated(_equals(name, values)) if negative else _equals(name, values)


def _key(value: Any) -> Any:
    """What two values have in common where the server takes them for equal: 7.20 is 7.2, `Drama` is `drama`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip().lower()
    return float(value) if isinstance(value, (int, float)) else None


def _equals(name: str, wanted: list[str]) -> Test:
    keys = {_key(text) for text in wanted}
    for text in wanted:
        try:
            keys.add(float(text))
        except ValueError:
            continue  # a text only, and no number
    return lambda document: any(
        _key(leaf) in keys for value in values_at(document, name) for leaf in leaves(value) if leaf is not None
    )


def _is_null(name: str) -> Test:
    return lambda document: any(value is None for value in values_at(document, name))


def _negated(test: Test) -> Test:
    return lambda document: not test(document)

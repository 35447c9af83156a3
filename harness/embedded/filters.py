"""Filter expressions: parsed as the server's grammar says, evaluated in Python over the documents.

Source of the grammar: the head of the `filter-parser` crate and the filter expression reference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.embedded.errors import ApiError
from harness.embedded.pointers import Document, leaves, values_at

Test = Callable[[Document], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>!=|>=|<=|[=<>()\[\],])|(?P<word>[\w\-./+]+))"""
)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}
_KEYWORDS = ("AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH")
_OPERATIONS = (
    "`=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, `IS NULL`, `IS NOT NULL`, "
    "`IS EMPTY`, `IS NOT EMPTY`, `CONTAINS`, `NOT CONTAINS`, `STARTS WITH`, `NOT STARTS WITH`, `_geoRadius`, "
    "`_geoBoundingBox` or `_geoPolygon`"
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    quoted: bool = False
    sign: bool = False

    def is_word(self, *words: str) -> bool:
        return not self.quoted and not self.sign and self.text in words

    def is_sign(self, *signs: str) -> bool:
        return self.sign and self.text in signs


class Filter:
    """A parsed filter.

    Args:
        expression: a string, or an array of strings and arrays (outer AND, inner OR), as the API takes it.
        filterable: the index's `filterableAttributes`.
        code: the code of the error: invalid_search_filter or invalid_document_filter.

    Raises:
        ApiError: the expression does not follow the grammar, or uses what is not filterable.
    """

    def __init__(self, expression: Any, filterable: list[Any], code: str) -> None:
        self._filterable = filterable
        self._code = code
        self._test = self._outer(expression)

    def matches(self, document: Document) -> bool:
        """Whether a document passes."""
        return self._test is None or self._test(document)

    @property
    def is_empty(self) -> bool:
        return self._test is None

    def _outer(self, expression: Any) -> Test | None:
        if isinstance(expression, str):
            return self._parse(expression)
        if not isinstance(expression, list):
            raise self._bad_type("String, Array", expression)
        parts: list[Test] = []
        for item in expression:
            if isinstance(item, str):
                test = self._parse(item)
            elif isinstance(item, list):
                test = self._inner(item)
            else:
                raise self._bad_type("String, [String]", item)
            if test is not None:
                parts.append(test)
        return _all_of(parts) if parts else None

    def _inner(self, items: list[Any]) -> Test | None:
        parts: list[Test] = []
        for item in items:
            if not isinstance(item, str):
                raise self._bad_type("String", item)
            test = self._parse(item)
            if test is not None:
                parts.append(test)
        return _any_of(parts) if parts else None

    def _bad_type(self, expected: str, value: Any) -> ApiError:
        shown = {True: "true", False: "false", None: "null"}.get(value, value) if _scalar(value) else value
        return ApiError(self._code, f"Invalid syntax for the filter parameter: `expected {expected}, found: {shown}`.")

    def _parse(self, text: str) -> Test | None:
        if not text.strip():
            return None
        return _Parser(text, self._filterable, self._code).parse()


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


class _Parser:
    """Recursive descent over one expression."""

    def __init__(self, text: str, filterable: list[Any], code: str) -> None:
        self._text = text
        self._filterable = filterable
        self._code = code
        self._tokens = list(self._scan())
        self._at = 0

    def _scan(self) -> Iterator[_Token]:
        place = 0
        end = len(self._text.rstrip())
        while place < end:
            match = _TOKEN.match(self._text, place)
            if match is None:
                rest = self._text[place:].strip()
                raise self._error(f"Was expecting a value but instead got `{rest}`.", place)
            if match["quoted"] is not None:
                text = re.sub(r"\\(.)", r"\1", match["quoted"][1:-1])
                yield _Token(text, match.start("quoted"), quoted=True)
            elif match["sign"] is not None:
                yield _Token(match["sign"], match.start("sign"), sign=True)
            else:
                yield _Token(match["word"], match.start("word"))
            place = match.end()

    def _error(self, message: str, start: int | None = None) -> ApiError:
        place = len(self._text) if start is None else start
        return ApiError(self._code, f"{message}\n{place + 1}:{len(self._text) + 1} {self._text}")

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> _Token:
        token = self._peek()
        if token is None:
            raise self._error("Was expecting a value but instead got nothing.")
        self._at += 1
        return token

    def _accept(self, *words: str) -> bool:
        token = self._peek()
        if token is not None and token.is_word(*words):
            self._at += 1
            return True
        return False

    def parse(self) -> Test:
        test = self._or(0)
        rest = self._peek()
        if rest is not None:
            left = self._text[rest.start :]
            raise self._error(
                f"Found unexpected characters at the end of the filter: `{left}`. You probably forgot an `OR` or an "
                "`AND` rule.",
                rest.start,
            )
        return test

    def _or(self, depth: int) -> Test:
        if depth > 200:  # the server's own limit is in the same order
            raise self._error("The filter exceeded the maximum depth limit. Try rewriting the filter.")
        parts = [self._and(depth)]
        while self._accept("OR"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else _any_of(parts)

    def _and(self, depth: int) -> Test:
        parts = [self._not(depth)]
        while self._accept("AND"):
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else _all_of(parts)

    def _not(self, depth: int) -> Test:
        if self._accept("NOT"):
            return _negated(self._not(depth + 1))
        token = self._peek()
        if token is not None and token.is_sign("("):
            opening = self._take()
            test = self._or(depth + 1)
            closing = self._peek()
            if closing is None or not closing.is_sign(")"):
                inside = self._text[opening.start + 1 :]
                raise self._error(
                    f"Expression `{inside}` is missing the following closing delimiter: `)`.", opening.start
                )
            self._at += 1
            return test
        return self._condition()

    def _value(self) -> str:
        token = self._take()
        if token.sign:
            raise self._error(f"Was expecting a value but instead got `{token.text}`.", token.start)
        if not token.quoted and token.text in _KEYWORDS:
            raise self._error(
                f"Was expecting a value but instead got `{token.text}`, which is a reserved keyword. To use "
                f"`{token.text}` as a field name or a value, surround it by quotes.",
                token.start,
            )
        return token.text

    def _condition(self) -> Test:
        start = self._peek()
        name = self._value()
        assert start is not None
        if name.startswith("_geo") and not start.quoted:
            raise self._error("Filters on `_geo` are not supported by the embedded server.", start.start)
        operation = self._peek()
        if operation is None:
            raise self._error(f"Was expecting an operation {_OPERATIONS} at `{name}`.", start.start)
        if operation.is_sign("=", "!=", *_COMPARISONS):
            return self._sign(name, start.start)
        negative = self._accept("NOT")
        if self._accept("IN"):
            test = self._in(name, start.start)
        elif self._accept("EXISTS"):
            self._check(name, None, start.start)
            test = _exists(name)
        elif self._accept("STARTS") and self._accept("WITH"):
            self._check(name, "equality", start.start)
            test = _starts_with(name, self._value())
        elif not negative and self._accept("IS"):
            negative = self._accept("NOT")
            if self._accept("NULL"):
                test = _is_null(name)
            elif self._accept("EMPTY"):
                test = _is_empty(name)
            else:
                raise self._error(f"Was expecting an operation {_OPERATIONS} at `{name}`.", start.start)
            self._check(name, None, start.start)
        elif self._accept("CONTAINS"):
            raise ApiError(
                "feature_not_enabled",
                "Using `CONTAINS` in a filter requires enabling the `contains filter` experimental feature. "
                "See https://github.com/orgs/meilisearch/discussions/763",
            )
        elif not negative and not operation.sign:
            test = self._range(name, start.start)
        else:
            rest = self._text[start.start :]
            raise self._error(f"Was expecting an operation {_OPERATIONS} at `{rest}`.", start.start)
        return _negated(test) if negative else test

    def _sign(self, name: str, start: int) -> Test:
        sign = self._take().text
        at = self._peek()
        value = self._value()
        self._check(name, "equality" if sign in ("=", "!=") else "comparison", start)
        if sign in ("=", "!="):
            test = _equals(name, value)
            return test if sign == "=" else _negated(test)
        assert at is not None
        return _compares(name, sign, self._number(value, at.start))

    def _number(self, text: str, start: int) -> float:
        number = _as_number(text)
        if number is None:
            raise self._error(f"Malformed value: `{text}`.", start)
        return number

    def _range(self, name: str, start: int) -> Test:
        low_at = self._peek()
        low = self._value()
        if not self._accept("TO"):
            rest = self._text[start:]
            raise self._error(f"Was expecting an operation {_OPERATIONS} at `{rest}`.", start)
        high_at = self._peek()
        high = self._value()
        assert low_at is not None
        assert high_at is not None
        self._check(name, "comparison", start)
        above = _compares(name, ">=", self._number(low, low_at.start))
        below = _compares(name, "<=", self._number(high, high_at.start))
        return _all_of([above, below])

    def _in(self, name: str, start: int) -> Test:
        self._check(name, "equality", start)
        opening = self._peek()
        if opening is None or not opening.is_sign("["):
            raise self._error("Expected `[` after `IN` keyword.", start)
        self._at += 1
        parts: list[Test] = []
        while True:
            token = self._peek()
            if token is None:
                raise self._error("Expected matching `]` after the list of field names given to `IN[`", opening.start)
            if token.is_sign("]"):
                self._at += 1
                return _any_of(parts)
            parts.append(_equals(name, self._value()))
            comma = self._peek()
            if comma is not None and comma.is_sign(","):
                self._at += 1

    def _check(self, name: str, feature: str | None, start: int) -> None:
        shown: list[str] = []
        for rule in self._filterable:
            patterns = [rule] if isinstance(rule, str) else rule["attributePatterns"]
            shown += patterns
            if any(_covers(pattern, name) for pattern in patterns):
                if isinstance(rule, dict) and feature and not rule["features"]["filter"][feature]:
                    raise self._error(
                        f"Filter operator is not allowed for the attribute `{name}`: `{feature}` is off in its "
                        "rule in `filterableAttributes`.",
                        start,
                    )
                return
        have = (
            f"Available filterable attribute patterns are: `{', '.join(sorted(shown))}`."
            if shown
            else "This index does not have configured filterable attributes."
        )
        raise self._error(f"Attribute `{name}` is not filterable. {have}", start)


def _covers(pattern: str, name: str) -> bool:
    if pattern in ("*", name) or name.startswith(pattern + "."):
        return True
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in name
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern.startswith("*") and name.endswith(pattern[1:])


def _as_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _facets(document: Document, name: str) -> Iterator[Any]:
    for value in values_at(document, name):
        yield from leaves(value)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip().lower() if isinstance(value, str) else None


def _equals(name: str, wanted: str) -> Test:
    number, text = _as_number(wanted), wanted.strip().lower()

    def test(document: Document) -> bool:
        for value in _facets(document, name):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                if number is not None and float(value) == number:
                    return True
            elif _as_text(value) == text:
                return True
        return False

    return test


def _compares(name: str, sign: str, bound: float) -> Test:
    compare = _COMPARISONS[sign]
    return lambda document: any(
        isinstance(value, (int, float)) and not isinstance(value, bool) and compare(float(value), bound)
        for value in _facets(document, name)
    )


def _starts_with(name: str, prefix: str) -> Test:
    wanted = prefix.lower()
    return lambda document: any(
        (_as_text(value) or "").startswith(wanted) for value in _facets(document, name) if value is not None
    )


def _exists(name: str) -> Test:
    return lambda document: any(True for _ in values_at(document, name))


def _is_null(name: str) -> Test:
    return lambda document: any(value is None for value in values_at(document, name))


def _is_empty(name: str) -> Test:
    return lambda document: any(value in ("", [], {}) for value in values_at(document, name))


def _negated(test: Test) -> Test:
    return lambda document: not test(document)


def _all_of(tests: list[Test]) -> Test:
    return lambda document: all(test(document) for test in tests)


def _any_of(tests: list[Test]) -> Test:
    return lambda document: any(test(document) for test in tests)

"""Reading request bodies and query parameters strictly: unknown names and wrong types are refused.

The wording is the server's, so that a client that shows or matches a message sees the same one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from harness.standins.meilisearch.errors import ApiError

LARGEST = 2**62
"""The largest number of documents or tasks that is asked for."""

INDEX_UID = re.compile(r"[A-Za-z0-9_-]{1,400}")


def found(value: Any) -> str:
    """A value the way messages name it: its type and its JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        kind = "a boolean"
    elif isinstance(value, int):
        kind = "a negative integer" if value < 0 else "a positive integer"
    elif isinstance(value, float):
        kind = "a float"
    elif isinstance(value, str):
        kind = "a string"
    else:
        kind = "an array" if isinstance(value, list) else "an object"
    return f"{kind}: `{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}`"


def wrong_type(code: str, where: str, expected: str, value: Any) -> ApiError:
    """The error for a value of the wrong type; `where` is a path such as `.uid`, or empty for the root."""
    at = f" at `{where}`" if where else ""
    return ApiError(code, f"Invalid value type{at}: expected {expected}, but found {found(value)}")


def need_string(value: Any, code: str, where: str) -> str:
    if not isinstance(value, str):
        raise wrong_type(code, where, "a string", value)
    return value


def need_boolean(value: Any, code: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong_type(code, where, "a boolean", value)
    return value


def need_count(value: Any, code: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wrong_type(code, where, "a positive integer", value)
    return value


def need_strings(value: Any, code: str, where: str) -> list[str]:
    if not isinstance(value, list):
        raise wrong_type(code, where, "an array", value)
    return [need_string(item, code, f"{where}[{place}]") for place, item in enumerate(value)]


def need_object(value: Any, code: str, where: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """A JSON object, with no other keys than `allowed` (None: any)."""
    if not isinstance(value, dict):
        raise wrong_type(code, where, "an object", value)
    if allowed is not None:
        for key in value:
            if key not in allowed:
                inside = f" inside `{where}`" if where else ""
                raise ApiError(code, f"Unknown field `{key}`{inside}: expected one of {_listed(allowed)}")
    return value


def need_index_uid(value: str, where: str = "") -> str:
    """An index uid. Raises ApiError: invalid_index_uid."""
    if not INDEX_UID.fullmatch(value):
        start = f"Invalid value at `{where}`: " if where else ""
        raise ApiError(
            "invalid_index_uid",
            f"{start}`{value}` is not a valid index uid. Index uid can be an integer or a string containing only "
            "alphanumeric characters, hyphens (-) and underscores (_), and can not be more than 400 bytes.",
        )
    return value


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class Params:
    """Query parameters; a name that is not allowed is refused."""

    def __init__(self, query: Mapping[str, str], allowed: Collection[str]) -> None:
        for name in query:
            if name not in allowed:
                raise ApiError("bad_request", f"Unknown parameter `{name}`: expected one of {_listed(allowed)}")
        self._query = query

    def text(self, name: str) -> str | None:
        return self._query.get(name)

    def count(self, name: str, code: str, default: int) -> int:
        """A number that is not negative; one that SQLite cannot hold is as good as the largest that it can."""
        text = self._query.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"\+?[0-9]+", text) or int(text) >= 2**64:
            raise ApiError(code, f"Invalid value in parameter `{name}`: could not parse `{text}` as a positive integer")
        return min(int(text), LARGEST)

    def names(self, name: str) -> list[str] | None:
        """A list separated by commas; None when it is missing or is a star."""
        text = self._query.get(name)
        if text is None or text.strip() == "*":
            return None
        return [item.strip() for item in text.split(",")]


def need_json(content_type: str | None) -> None:
    """Let no other payload through than JSON. Raises ApiError: missing_content_type or invalid_content_type."""
    accepted = "Accepted values for the Content-Type header are: `application/json`"
    if content_type is None:
        raise ApiError("missing_content_type", f"A Content-Type header is missing. {accepted}")
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise ApiError("invalid_content_type", f"The Content-Type `{content_type}` is invalid. {accepted}")


def parse_json(body: bytes, content_type: str | None) -> Any:
    """The JSON value of a request body.

    Raises:
        ApiError: missing_content_type, invalid_content_type, missing_payload or malformed_payload.
    """
    need_json(content_type)
    if not body:
        raise ApiError("missing_payload", "A json payload is missing.")
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError("malformed_payload", f"The json payload provided is malformed. `{error}`.") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")

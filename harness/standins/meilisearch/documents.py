"""Documents on their way in: the payload, the primary key, identifiers."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.pointers import Document, leaves, values_at
from harness.standins.meilisearch.reading import need_json

_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,511}")
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_UNSTORABLE = re.compile(rb"\\u[dD][89a-fA-F]|Infinity")
"""What a line holds, among other things, when its document has half a surrogate pair or a number beyond all floats."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
"""`json.dumps` would make one for each document."""


def as_line(document: Document) -> bytes:
    """A document as one line of JSON, UTF-8, without the newline.

    Raises:
        ValueError: it holds half a surrogate pair, which UTF-8 cannot, or a number beyond all floats.
    """
    return _ENCODER.encode(document).encode()


def read_payload(body: bytes, content_type: str | None) -> list[bytes]:
    """Parse a payload: a JSON array of documents, or one document.

    Returns:
        One line of JSON per document. What cannot be stored is still in it, see `check_storable`: such a document fails
        as a task.

    Raises:
        ApiError: invalid_content_type, missing_payload or malformed_payload, and internal for an array that holds
            something else than objects, as on the real server.
    """
    need_json(content_type)
    if not body.strip():
        raise ApiError("missing_payload", "A json payload is missing.")
    try:
        # the text is decoded first: `json` would let a byte order mark, UTF-16 and UTF-32 through
        parse_int = _parse_int if _LONG_NUMBER.search(body) else None
        value = json.loads(body.decode(), parse_constant=_no_constant, parse_int=parse_int)
    except (ValueError, RecursionError) as error:
        raise _malformed(str(error)) from error
    if not isinstance(value, (dict, list)):
        raise _malformed("data are neither an object nor a list of objects")
    documents = value if isinstance(value, list) else [value]
    if not all(isinstance(document, dict) for document in documents):
        raise ApiError("internal", "An internal error has occurred. `a document is not an object`.")
    return [_line(document) for document in documents]


def _malformed(what: str) -> ApiError:
    text = f"The `json` payload provided is malformed. `Couldn't serialize document value: {what}`."
    return ApiError("malformed_payload", text)


def _line(document: Document) -> bytes:
    try:
        return as_line(document)
    except ValueError:
        return json.dumps(document, separators=(",", ":")).encode()


def check_storable(line: bytes, document: Document) -> None:
    """Refuse a document with half a surrogate pair, or with a number beyond all floats.

    Raises:
        ApiError: internal, as on the real server.
    """
    if _UNSTORABLE.search(line):
        try:
            as_line(document)
        except ValueError as error:
            raise ApiError("internal", f"An internal error has occurred. `{error}`.") from error


def _parse_int(text: str) -> int | float:
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def infer_primary_key(document: Document) -> str:
    """The primary key of an index whose first document this is: its only field that ends in `id`.

    Raises:
        ApiError: index_primary_key_no_candidate_found or index_primary_key_multiple_candidates_found.
    """
    candidates = sorted((name for name in document if name.lower().endswith("id")), key=lambda n: (len(n), n))
    if not candidates:
        raise ApiError(
            "index_primary_key_no_candidate_found",
            "The primary key inference failed as the engine did not find any field ending with `id` in its name. "
            "Please specify the primary key manually using the `primaryKey` query parameter.",
        )
    if len(candidates) > 1:
        raise ApiError(
            "index_primary_key_multiple_candidates_found",
            f"The primary key inference failed as the engine found {len(candidates)} fields ending with `id` in "
            f"their names: '{candidates[0]}' and '{candidates[1]}'. Please specify the primary key manually using "
            "the `primaryKey` query parameter.",
        )
    return candidates[0]


def document_id(document: Document, primary_key: str) -> str:
    """A document's identifier as text: `17` and `"17"` are the same document.

    Raises:
        ApiError: missing_document_id or invalid_document_id.
    """
    value = document.get(primary_key, _MISSING)
    if value is _MISSING:
        found = [leaf for item in values_at(document, primary_key) for leaf in leaves(item)]
        if len(found) != 1:
            code = "invalid_document_id" if found else "missing_document_id"
            problem = "have too many matching" if found else "doesn't have a"
            shown = as_line(document).decode()
            raise ApiError(code, f"Document {problem} `{primary_key}` attribute: `{shown}`.")
        value = found[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and _DOCUMENT_ID.fullmatch(value):
        return value
    raise ApiError(
        "invalid_document_id",
        f"Document identifier `{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}` is invalid. A "
        "document identifier can be of type integer or string, only composed of alphanumeric characters "
        "(a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than 511 bytes.",
    )


_MISSING: Any = object()

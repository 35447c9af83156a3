"""Documents on their way in: payload formats, the primary key, identifiers."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Literal

from harness.embedded.errors import ApiError
from harness.embedded.pointers import Document, leaves, values_at

Format = Literal["json", "ndjson", "csv"]

_FORMATS: dict[str, Format] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "text/csv": "csv",
}
_ACCEPTED = ", ".join(f"`{name}`" for name in _FORMATS)
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,511}")
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def format_of(content_type: str | None, delimiter: str | None) -> Format:
    """The payload format that a Content-Type names.

    Raises:
        ApiError: missing_content_type or invalid_content_type.
    """
    if content_type is None:
        raise ApiError(
            "missing_content_type",
            f"A Content-Type header is missing. Accepted values for the Content-Type header are: {_ACCEPTED}",
        )
    name = content_type.split(";")[0].strip().lower()
    if name not in _FORMATS:
        raise ApiError(
            "invalid_content_type",
            f"The Content-Type `{name}` is invalid. Accepted values for the Content-Type header are: {_ACCEPTED}",
        )
    if delimiter is not None and name != "text/csv":
        raise ApiError(
            "invalid_content_type",
            f"The Content-Type `{name}` does not support the use of a csv delimiter. The csv delimiter can only be "
            "used with the Content-Type `text/csv`.",
        )
    return _FORMATS[name]


def as_line(document: Document) -> bytes:
    """A document as one line of JSON, UTF-8, without the newline.

    Raises:
        ValueError: it holds what JSON cannot (a number that is not finite, half a surrogate pair).
    """
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def read_payload(body: bytes, format_: Format, delimiter: str = ",") -> list[bytes]:
    """Parse a payload.

    Returns:
        One line of JSON per document, as `as_line` writes it.

    Raises:
        ApiError: missing_payload or malformed_payload.
    """
    if not body.strip():
        raise ApiError("missing_payload", f"A {format_} payload is missing.")
    try:
        if format_ == "csv":
            return [as_line(document) for document in _csv(body.decode(), delimiter)]
        documents = _load(body, format_)
        return [as_line(document) for document in documents]
    except (ValueError, RecursionError) as error:
        shown = str(error)
        if format_ == "csv":
            text = f"The `csv` payload provided is malformed: `{shown}`."
        else:
            text = f"The `{format_}` payload provided is malformed. `Couldn't serialize document value: {shown}`."
        raise ApiError("malformed_payload", text) from error


def _load(body: bytes, format_: Format) -> list[Document]:
    # the two rare cases cost time, so they are looked for before they are handled
    parse_int = _parse_int if _LONG_NUMBER.search(body) else None
    if format_ == "json":
        value = json.loads(body, parse_constant=_no_constant, parse_int=parse_int)
        documents = value if isinstance(value, list) else [value]
    else:
        documents = [
            json.loads(line, parse_constant=_no_constant, parse_int=parse_int)
            for line in body.splitlines()
            if line.strip()
        ]
    for document in documents:
        if not isinstance(document, dict):
            raise ValueError("data are neither an object nor a list of objects")  # noqa: TRY004 # one way out
    if _SURROGATE.search(body):
        json.dumps(documents, ensure_ascii=False).encode()
    return documents


def _parse_int(text: str) -> int | float:
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _csv(text: str, delimiter: str) -> Iterator[Document]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [_column(name) for name in next(rows)]
        for record, row in enumerate(rows, 1):
            if not row:
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"CSV error: record {record} (line: {rows.line_num}): found record with {len(row)} fields, but "
                    f"the previous record has {len(header)} fields"
                )
            yield {name: _cell(value, kind, record) for (name, kind), value in zip(header, row, strict=True)}
    except csv.Error as error:
        raise ValueError(f"CSV error: {error}") from error


def _column(header: str) -> tuple[str, str]:
    name, colon, kind = header.rpartition(":")
    return (name, kind) if colon and kind in ("string", "number", "boolean") else (header, "string")


def _cell(text: str, kind: str, record: int) -> Any:
    if kind == "string":
        return text
    trimmed = text.strip()
    if not trimmed:
        return None
    if kind == "boolean":
        if trimmed not in ("true", "false"):
            raise ValueError(
                f'Error parsing boolean "{text}" at line {record}: provided string was not `true` or `false`'
            )
        return trimmed == "true"
    try:
        return int(trimmed)
    except ValueError:
        pass  # not whole; the next attempt decides
    try:
        number = float(trimmed)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'Error parsing number "{text}" at line {record}: invalid float literal')
    return number


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
        if not found:
            raise ApiError(
                "missing_document_id",
                f"Document doesn't have a `{primary_key}` attribute: `{as_line(document).decode()}`.",
            )
        if len(found) > 1:
            raise ApiError(
                "invalid_document_id",
                f"Document have too many matching `{primary_key}` attribute: `{as_line(document).decode()}`.",
            )
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


_MISSING = object()

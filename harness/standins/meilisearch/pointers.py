"""Paths into documents: `user.name` reaches into objects, through arrays, and to a key with a dot in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]


def select(document: Document, paths: Iterable[str]) -> Document:
    """What is left of a document when only these paths are kept; a star keeps everything."""
    wanted = list(paths)
    if "*" in wanted:
        return document
    if not any("." in path for path in wanted):  # nearly all of them, asked of every document
        return {key: value for key, value in document.items() if key in wanted}
    return _select(document, wanted)


def _select(document: Document, paths: list[str]) -> Document:
    kept: Document = {}
    for key, value in document.items():
        if key in paths:
            kept[key] = value
            continue
        below = [path[len(key) + 1 :] for path in paths if path.startswith(key + ".")]
        if not below:
            continue
        if isinstance(value, dict):
            inner = _select(value, below)
            if inner or not value:
                kept[key] = inner
        elif isinstance(value, list):
            items = [_select(item, below) for item in value if isinstance(item, dict)]
            if any(items):
                kept[key] = [item for item in items if item]
    return kept


def values_at(document: Document, path: str) -> Iterator[Any]:
    """Every value that stands at a path, arrays not yet opened."""
    if "." not in path:  # nearly every path, asked of every document
        if path in document:
            yield document[path]
        return
    for key, value in document.items():
        if key == path:
            yield value
        elif path.startswith(key + "."):
            rest = path[len(key) + 1 :]
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from values_at(item, rest)


def leaves(value: Any) -> Iterator[Any]:
    """The scalars of a value, arrays opened."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value

"""A search server: its indexes, documents by their keys, and tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdSet:
    """A set of document ids, small enough to keep: ranges of integers, and the texts that are none.

    `ranges` holds pairs (first, last), sorted and apart from each other.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[int | str]) -> IdSet:
        """Collect ids; integers that come in ascending order cost only their ranges."""
        ranges: list[tuple[int, int]] = []
        texts: set[str] = set()
        for value in ids:
            if isinstance(value, str):
                texts.add(value)
            elif ranges and value == ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], value)
            else:
                ranges.append((value, value))
        return cls(_merged(ranges), tuple(sorted(texts)))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges) + len(self.texts)

    def __iter__(self) -> Iterator[int | str]:
        for first, last in self.ranges:
            yield from range(first, last + 1)
        yield from self.texts

    def minus(self, other: IdSet) -> IdSet:
        """The ids that `other` does not have."""
        left: list[tuple[int, int]] = []
        theirs = iter(other.ranges)
        gap = next(theirs, None)
        for start, last in self.ranges:
            first = start
            while gap is not None and gap[1] < first:
                gap = next(theirs, None)
            while gap is not None and gap[0] <= last:
                if gap[0] > first:
                    left.append((first, gap[0] - 1))
                first = gap[1] + 1
                if gap[1] > last:
                    break
                gap = next(theirs, None)
            if first <= last:
                left.append((first, last))
        return IdSet(tuple(left), tuple(sorted(set(self.texts) - set(other.texts))))


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class IndexState:
    """One search index: its documents' ids and its settings as sorted pairs of setting and JSON text."""

    name: str
    primary_key: str | None
    documents: int
    ids: IdSet
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SearchTask:
    """A task of Meilisearch that did not succeed; `error` is its code."""

    uid: int
    index: str
    status: str
    kind: str
    error: str


@dataclass(frozen=True, slots=True)
class SearchState:
    """All of Meilisearch that a restore has to bring back.

    `pending` tasks were enqueued or being processed while it was looked at, or came meanwhile.
    """

    indexes: tuple[IndexState, ...]
    bad_tasks: tuple[SearchTask, ...]
    tasks: int
    not_applied: tuple[str, ...] = ()
    pending: int = 0


@dataclass(frozen=True, slots=True)
class SearchableRows:
    """The rows of a table that a complete index holds; `imported` is False where import-all leaves it out."""

    index: str
    ids: IdSet
    imported: bool = True

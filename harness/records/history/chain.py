"""The chain: an entry's bytes, always the same ones, and a digest over them and the digest of the entry before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from harness.base.errors import UsageError
from harness.records.history.entry import ENTRY_VERSION, Entry

BEGINNING = "0" * 64
"""What stands before the first entry."""

_ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the history.

    Args:
        number: 1, 2, 3, … in the order in which runs were recorded.
        recorded_at: when, UTC, as text.
        how: `drill` (the run recorded itself), `import`, or what an amendment does (`rename`, `forget`).
        body: the entry's bytes.
        previous: digest of the row before, hexadecimal.
        digest: of this row.
        name: of its backup since an amendment; empty where it is the entry's own.
    """

    number: int
    recorded_at: str
    how: str
    body: bytes
    previous: str
    digest: str
    name: str = ""

    def entry(self) -> Entry:
        """The run. Raises UsageError: the bytes are no entry, or one of a newer program."""
        try:
            entry = _ENTRY.validate_json(self.body)
            return replace(entry, backup=self.name) if self.name else entry
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "its beginning"
            raise UsageError(f"entry {self.number} of the history cannot be read at {where}") from None


def canonical(entry: Entry) -> bytes:
    """JSON with sorted keys, no spaces and all of its text in UTF-8: the same entry has the same bytes everywhere."""
    assert entry.format_version == ENTRY_VERSION
    return canonical_json(_ENTRY.dump_python(entry, mode="json"))


def canonical_json(value: object) -> bytes:
    """As `canonical`, for any value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def link(number: int, recorded_at: str, how: str, body: bytes, previous: str) -> Link:
    """The row that follows on the row with the digest `previous`."""
    return Link(number, recorded_at, how, body, previous, _digest(number, recorded_at, how, body, previous))


def broken_links(links: Iterable[Link], entries: int, head: str) -> Iterator[str]:
    """What was changed or removed, one sentence each.

    Args:
        links: all rows in the order of their numbers.
        entries: how many there are, and `head` the digest of the last one, as the last recording wrote it.
    """
    previous, number = BEGINNING, 0
    for found in links:
        number += 1
        if found.number != number:
            gone = f"entry {number}" if found.number == number + 1 else f"entries {number} to {found.number - 1}"
            yield f"{gone} {'is' if found.number == number + 1 else 'are'} missing: removed after being recorded"
            number = found.number
        elif found.previous != previous:
            yield f"entry {number} does not follow entry {number - 1}: one of them was replaced"
        if found.digest != _digest(found.number, found.recorded_at, found.how, found.body, found.previous):
            yield f"entry {number} was changed after it was recorded"
        previous = found.digest
    if number < entries:
        gone = f"entry {entries} is" if number + 1 == entries else f"entries {number + 1} to {entries} are"
        yield f"{gone} missing: removed after being recorded"
    elif number > entries or previous != head:
        yield f"the history ends with entry {number}, but another entry was recorded last"


def _digest(number: int, recorded_at: str, how: str, body: bytes, previous: str) -> str:
    digest = hashlib.sha256()
    for part in (previous, str(number), recorded_at, how):
        digest.update(part.encode() + b"\n")
    digest.update(body)
    return digest.hexdigest()

"""What is done with any store: the newest that a pattern matches, bytes over several connections, digests beside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.base.errors import BrokenArtifact, HarnessError, UsageError
from harness.base.private import private_file
from harness.base.wait import wait_until
from harness.inputs.sidecars import check_sidecars
from harness.inputs.sources.stores import GONE_HINT, ConnectionLost, RemoteStore, RemoteTree, StoreEntry, is_pattern

T = TypeVar("T")

PARTIAL = ".partial"
"""No pattern matches a name that ends so: it is being written."""

RETRY_S = 30.0
"""Without a byte or an answer for so long, a store is given up."""

PAUSE_S = 1.0
_BESIDE = (".sha256", ".sha512", ".sha1", ".md5", ".sha256sum", "SHA256SUMS", "SHA512SUMS", "MD5SUMS")
_MOST_BYTES = 1 << 20
_OLDEST = datetime.min.replace(tzinfo=UTC)


def newest_entry(store: RemoteStore, path: str) -> tuple[StoreEntry, list[StoreEntry]]:
    """What a path means, and all that a pattern matches, the newest first; of a path without one, an empty list.

    A directory is as new as the newest file in it.

    Raises:
        UsageError: nothing is there, or the two newest are equally new.
        HarnessError: the store cannot be reached.
    """
    if not is_pattern(path):
        return _there(store, path), []
    if not isinstance(store, RemoteTree):
        raise UsageError(f"{store.shown(path)}: a web server lists no files", "Name one file, without * and [.")
    found = [StoreEntry("", is_directory=True)]
    *folders, last = path.lstrip("/").split("/")
    for segment in folders:
        found = [each for one in found for each in _matching(store, one, segment) if each.is_directory]
    if not last:
        raise UsageError(f"{store.shown(path)} ends with a slash", "Leave it out: a directory matches as well.")
    matches = [each for one in found for each in _matching(store, one, last)]
    dated = sorted(((_time(store, each), each) for each in matches), key=lambda pair: pair[0], reverse=True)
    if not dated:
        raise UsageError(f"nothing matches {store.shown(path)}", GONE_HINT)
    best = [each for time, each in dated if time == dated[0][0]]
    if len(best) > 1:
        names = ", ".join(each.path for each in best)
        raise UsageError(
            f"{len(best)} candidates for {store.shown(path)} are equally new: {names}",
            "Give one of them, or make the pattern more specific.",
        )
    return _there(store, best[0].path), [each for _, each in dated]


def children(store: RemoteTree, path: str) -> list[StoreEntry]:
    """What a directory holds, without what is hidden or being written. Raises HarnessError, UsageError."""
    return [
        each
        for each in asked(store, path, lambda: list(store.children(path)))
        if not each.name.startswith(".") and not each.name.endswith(PARTIAL)
    ]


def content(store: RemoteStore, entry: StoreEntry) -> Iterator[bytes]:
    """All bytes of a file; after a cut connection the next one goes on where it ended.

    Raises:
        UsageError, HarnessError: the store refuses it, or cannot be reached any more.
    """
    offset, reason = 0, ""
    stream: Iterator[bytes] | None = None

    def piece() -> bytes | None:
        nonlocal stream, reason
        try:
            stream = stream or store.read(entry, offset)
            chunk = next(stream, b"")
        except ConnectionLost as error:
            stream, reason = None, str(error)
            return None
        if not chunk and entry.size_bytes is not None and offset < entry.size_bytes:
            stream, reason = None, "the connection ended early"
            return None
        return chunk

    what = f"the rest of {store.shown(entry.path)}"
    while chunk := wait_until(piece, what=what, timeout_s=RETRY_S, interval_s=PAUSE_S, details=lambda: reason):
        offset += len(chunk)
        if entry.size_bytes is not None and offset > entry.size_bytes:
            raise HarnessError(f"{store.shown(entry.path)} was replaced while it was read", "Drill again.")
        yield chunk


def asked(store: RemoteStore, path: str, question: Callable[[], T]) -> T:
    """The answer to a question, of another connection where the first was lost.

    Raises:
        UsageError, HarnessError: the store refuses it, or cannot be reached.
    """
    reason = ""

    def answer() -> tuple[T] | None:
        nonlocal reason
        try:
            return (question(),)
        except ConnectionLost as error:
            reason = str(error)
            return None

    what = f"{store.shown(path)} to answer"
    return wait_until(answer, what=what, timeout_s=RETRY_S, interval_s=PAUSE_S, details=lambda: reason)[0]


def check_digests(store: RemoteStore, entry: StoreEntry, directory: Path) -> tuple[str, ...]:
    """Compare a file that was fetched with what the store keeps beside it: digests of its own, digest files.

    Returns:
        What agreed with it.

    Raises:
        BrokenArtifact: a digest differs.
    """
    path = directory / entry.name
    agreed = []
    for algorithm, digest in entry.digests:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, algorithm).hexdigest()
        if actual != digest:
            raise BrokenArtifact(
                f"{store.shown(entry.path)} is not what its metadata say: its {algorithm} is {actual[:12]}…, "
                f"not {digest[:12]}…",
                "It was changed or cut on its way into the store: take another backup.",
            )
        agreed.append(f"{algorithm} of the store")
    for name in _BESIDE:
        beside = f"{entry.path}{name}" if name.startswith(".") else f"{entry.path.rpartition('/')[0]}/{name}"
        found = asked(store, beside, partial(store.stat, beside))
        if found is None or found.is_directory or (found.size_bytes or 0) > _MOST_BYTES:
            continue
        with private_file(directory / found.name) as file:
            for chunk in content(store, found):
                file.write(chunk)
    return (*agreed, *check_sidecars(directory, [path]))


def _there(store: RemoteStore, path: str) -> StoreEntry:
    found = asked(store, path, lambda: store.stat(path))
    if found is None:
        raise UsageError(f"there is no {store.shown(path)}", GONE_HINT)
    return found


def _matching(store: RemoteTree, directory: StoreEntry, segment: str) -> Iterator[StoreEntry]:
    path = f"{directory.path}/{segment}"
    if not is_pattern(segment):
        found = asked(store, path, lambda: store.stat(path))
        return iter([found] if found is not None else [])
    return (each for each in children(store, directory.path) if fnmatchcase(each.name, segment))


def _time(store: RemoteTree, entry: StoreEntry) -> datetime:
    if not entry.is_directory:
        return entry.modified_at or _OLDEST
    return max((each.modified_at or _OLDEST for each in children(store, entry.path)), default=_OLDEST)

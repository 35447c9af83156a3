"""Where the content of `storage/app` begins in what an operator names: operators copy more than that, with its path.

Only what leaves no doubt is taken: a directory `storage/app`, `app` beside `framework` or `logs`, or one directory that
holds everything and has Apiary's own directories in it. Two that are equally good are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.artifacts.storage.names import coded, is_below, printable
from harness.artifacts.storage.safety import LEADS_OUT, LINK_HINT, leads_outside
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError
from harness.base.model import FileState

KNOWN = frozenset((b"resumes", b"docusign", b"nova-exports", b"dompdf", b"meilisearch", b"public"))
"""What `storage/app` holds: these tell it from other directories (guide, "Backup and restore")."""

_REFERENCED = frozenset((b"resumes", b"docusign"))
_BESIDE = frozenset((b"framework", b"logs"))
"""What stands beside `app` in `storage`."""

_LARAVEL = [b"storage", b"app"]
_TWICE = [b"app", b"app"]


def root_inside(entries: Iterable[FileState]) -> bytes:
    """The directory below which the files of `storage/app` stand; empty where they stand at the top.

    Raises:
        UsageError: there are two, and nothing says which one is meant.
    """
    named: dict[bytes, bool] = {}  # with whether anything but directories is below
    holding: dict[bytes, None] = {}
    tops: set[bytes] = set()
    of_storage: set[bytes] = set()
    for entry in entries:
        if not entry.path:
            continue
        parts = entry.path.split(b"/")
        folders = parts if entry.kind == "directory" else parts[:-1]
        # `public` stands in `storage/app` and in the root of every Laravel application: it decides nothing.
        if parts[0] in KNOWN and parts[0] != b"public" and folders:
            return b""
        if folders and (parts[0] == b"app" or parts[0] in _BESIDE):
            of_storage.add(parts[0])
        if len(tops) < 2:
            tops.add(parts[0])
        for at in range(len(folders)):
            if folders[at : at + 2] == _LARAVEL:
                path = b"/".join(folders[: at + 2])
                named[path] = named.get(path, False) or entry.kind != "directory"
                break
            if folders[at] in _REFERENCED:
                # Of `app/app/resumes` the first is storage/app, and the second was copied into it.
                holding[b"/".join(folders[: at - 1] if folders[max(at - 2, 0) : at] == _TWICE else folders[:at])] = None
                break
    found = (
        [path for path, holds in named.items() if holds] or list(named) or [path for path in holding if len(tops) == 1]
    )
    if not found and b"app" in of_storage and len(of_storage) > 1:
        return b"app"
    if len(found) > 1:
        raise UsageError(
            f"it contains more than one storage directory: {', '.join(printable(path) for path in sorted(found)[:5])}",
            "Use the intended one: a directory, or an archive of its content.",
        )
    return found[0] if found else b""


def without_prefix(entries: Iterable[FileState], prefix: bytes) -> Iterator[FileState]:
    """The entries below a directory, named as if it were the root.

    Raises:
        BrokenArtifact: a hard link among them is a name of a file that is not.
        UnsafeArtifact: a symbolic link among them leads out of that directory.
    """
    for entry in entries:
        if entry.path == prefix or not is_below(entry.path, prefix):
            continue
        target, path = entry.target, entry.path[len(prefix) + 1 :]
        if entry.kind == "symlink" and leads_outside(path, target):
            raise UnsafeArtifact(
                f"{printable(prefix)} contains {coded(path)}, which {LEADS_OUT}, to {coded(target)}", LINK_HINT
            )
        if entry.kind == "hardlink":
            if not is_below(target, prefix):
                name = coded(path)
                raise BrokenArtifact(
                    f"{name} in {printable(prefix)} is a hard link to {coded(target)}, outside of it",
                    "Use the storage directory alone.",
                )
            target = target[len(prefix) + 1 :]
        yield replace(entry, path=path, target=target)

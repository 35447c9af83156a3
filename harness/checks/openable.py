"""Whether a file that rows refer to can be opened: what its content looks like, its link, the modes on its path.

Judged where nothing else knows the file. Where the source's own list does, `check_files` reports a difference, and
what was so at the source already is no damage of the backup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from harness.artifacts.storage import content
from harness.artifacts.storage.names import coded, is_below
from harness.base import guide
from harness.base.model import FileState, Severity
from harness.checks.collector import Collector

_WRONG = {
    content.EMPTY: "is empty",
    content.ZEROS: "contains only zeros",
    content.HTML: "is an HTML page, not a PDF",
    content.OTHER: "is not a PDF",
    content.PDF_WITHOUT_END: "is a truncated PDF",
}
_NESTED = re.compile(rb"((?:[^/]+/)*?app)/(?:%s)/" % "|".join(guide.REFERENCED_DIRECTORIES).encode())
CONTENT_KINDS = ("file", "hardlink", "symlink")
"""What the application can open by name."""

_OF_EVERY_TYPE = (content.EMPTY, content.ZEROS)
_HOPS = 40
"""As many links as Linux follows (path_resolution(7))."""


class Openable:
    """Judges files in the order of the inventory; keeps the directories above the present one, and damaged contents.

    Args:
        of_source: the files are compared with the source's own list elsewhere.
        owners_restored: False where owners are whoever ran the restore; then modes say nothing.
        broken: symbolic links that point at nothing (see `broken_links`).
    """

    def __init__(
        self, found: Collector, *, of_source: bool, owners_restored: bool, broken: Mapping[bytes, bytes]
    ) -> None:
        self._found = found
        self._of_source = of_source
        self._judges_access = owners_restored and not of_source
        self._broken = broken
        self._above: list[FileState] = []
        self._damaged: dict[bytes, str] = {}

    def enter(self, entry: FileState) -> None:
        """The next entry, whether a row refers to it or not."""
        while self._above and not is_below(entry.path, self._above[-1].path):
            self._above.pop()
        if entry.kind == "directory":
            self._above.append(entry)
        elif entry.kind == "file" and _is_wrong(entry):
            self._damaged[entry.path] = entry.content

    def judge_link(self, entry: FileState, before: FileState | None, label: str) -> None:
        """The present entry, if it is a link to nothing: an error where a row refers to it (`label`) and it was
        another one at the source, or nobody knows."""
        if entry.path not in self._broken:
            return
        shown = coded(entry.path)
        at_source = before is not None and before.target == entry.target
        self._found.add(
            "link-broken",
            shown,
            f"{shown}{(f', which {label} refers to,' if label else '')} is a symbolic link to "
            f"{coded(entry.target)}, which does not "
            f"exist{('; it was already so at the source when the backup was made' if at_source else '')}.",
            severity=Severity.ERROR if label and not at_source else Severity.WARNING,
            expected="a file",
            actual="nothing",
            remedy="Replace the link with the file itself, and take the backup again.",
        )

    def judge(self, entry: FileState, before: FileState | None, label: str) -> None:
        """The present entry, a file or one of its names, which a row refers to.

        Args:
            entry: as it came back.
            before: the same in the source's list.
            label: of the row.
        """
        shown = coded(entry.path)
        looks = self._damaged.get(entry.target if entry.kind == "hardlink" else entry.path)
        if looks is not None:
            self._content(shown, looks, entry, before, label)
        if self._judges_access:
            self._access(shown, entry, label)

    def _content(self, shown: str, looks: str, entry: FileState, before: FileState | None, label: str) -> None:
        at_source = before is not None and before.sha256 == entry.sha256
        if self._of_source and not at_source:
            return  # `check_files` names it
        message = f"{shown}, which {label} refers to, {_WRONG[looks]}"
        self._found.add(
            "file-content",
            shown,
            f"{message}; it was already so at the source when the backup was made." if at_source else f"{message}.",
            severity=Severity.WARNING if at_source else Severity.ERROR,
            expected="a file with content" if looks in _OF_EVERY_TYPE else "a PDF",
            actual=looks,
            remedy="Restore the file from an earlier backup or upload it again, and find out what wrote this one.",
        )

    def _access(self, shown: str, entry: FileState, label: str) -> None:
        closed = next((above for above in self._above if not _may(above, 0o1)), None)
        if closed is None and _may(entry, 0o4):
            return
        what = closed or entry
        name = "the storage directory" if not what.path else coded(what.path)
        self._found.add(
            "file-unreadable",
            coded(what.path),
            f"{shown}, which {label} refers to, cannot be read by the application's account (www-data, "
            f"{guide.STORAGE_UID}): {name} belongs to {what.uid}:{what.gid} and has mode {what.mode:04o}.",
            expected=f"{'x' if closed else 'r'} for {guide.STORAGE_UID}:{guide.STORAGE_UID}",
            actual=f"{what.uid}:{what.gid} {what.mode:04o}",
            remedy="After a restore: chown -R www-data:www-data storage/app && chmod -R u+rwX storage/app. Keep "
            "owners in the backup: run it as root, with tar or rsync -a.",
        )


class Nested:
    """Uploads that stand one `app` too deep, as a copy into a directory that was there already leaves them."""

    def __init__(self) -> None:
        self._files: dict[bytes, int] = {}

    def enter(self, entry: FileState) -> None:
        """The next entry of the restored directory."""
        if entry.kind in CONTENT_KINDS and (inner := _NESTED.match(entry.path)):
            self._files[inner[1]] = self._files.get(inner[1], 0) + 1

    def report(self, found: Collector, missing: int) -> None:
        """Add a finding for each such directory: an error where rows lack their files."""
        for directory, files in self._files.items():
            shown = coded(directory)
            found.add(
                "storage-nested",
                shown,
                f"{files} uploaded files are in {shown}, where the application does not look, and {missing} rows "
                "lack their file: the storage directory was copied into itself.",
                severity=Severity.ERROR if missing else Severity.WARNING,
                expected="no such directory",
                actual=f"{files} files",
                remedy=f"Move the content of storage/app/{shown} up into storage/app, and take the backup again.",
            )


def broken_links(files: Callable[[], Iterable[FileState]]) -> dict[bytes, bytes]:
    """Symbolic links of an inventory that point at nothing in it, each with its target as it stands there.

    Args:
        files: opens the inventory; it is read a second time where it holds links.
    """
    links = {entry.path: entry.target for entry in files() if entry.kind == "symlink"}
    ends = {path: _followed(path, links) for path in links}
    wanted = {end for end in ends.values() if end}
    there = {entry.path for entry in files() if entry.path in wanted} if wanted else set()
    return {path: links[path] for path, end in ends.items() if end is None or (end and end not in there)}


def _followed(path: bytes, links: Mapping[bytes, bytes]) -> bytes | None:
    """Where a link leads in the end, below the root; None for one that leads nowhere (a circle, out of the root)."""
    left, at, hops = path.split(b"/"), list[bytes](), 0
    while left:
        part = left.pop(0)
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not at:
                return None
            at.pop()
            continue
        at.append(part)
        target = links.get(b"/".join(at))
        if target is not None:
            hops += 1
            if hops > _HOPS or target.startswith(b"/"):
                return None
            at.pop()
            left = target.split(b"/") + left
    return b"/".join(at)


def _is_wrong(entry: FileState) -> bool:
    """Whether a file's content can't be what a row refers to: a PDF by its name, or anything with content."""
    pdf = entry.path[-4:].lower() == b".pdf"
    return entry.content in (_WRONG if pdf else _OF_EVERY_TYPE)


def _may(entry: FileState, permission: int) -> bool:
    """Whether the application's account has a permission (4 to read, 1 to go through a directory)."""
    if entry.uid == guide.STORAGE_UID:
        return bool(entry.mode & permission << 6)
    return bool(entry.mode & permission << (3 if entry.gid == guide.STORAGE_UID else 0))

"""The files that came back, against those that were expected and those that rows refer to.

Both sides come as streams in the order of `harness.artifacts.storage.names.order_key`; memory does not grow with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from harness.artifacts.storage.names import coded, is_below, order_key
from harness.artifacts.storage.order import pair
from harness.base.errors import HarnessError
from harness.base.model import PRIVILEGES, CheckResult, FileState, Severity
from harness.checks.collector import Collector
from harness.checks.openable import CONTENT_KINDS, Nested, Openable
from harness.checks.references import belongs_to_a_row
from harness.checks.unreferenced import Unreferenced


def check_files(
    expected: Iterable[FileState],
    actual: Iterable[FileState],
    *,
    excluded: Sequence[str],
    owners_comparable: bool,
    of_source: bool = True,
) -> CheckResult:
    """Every entry is back with its content, mode, owner and link target, and nothing else is there.

    What stands below an excluded directory is not compared. The root directory is compared where both sides
    have it, and counts for nothing. A directory that an archive does not list, but has files below, is not extra.
    Times are compared of files only, as a warning: those of directories change when anything is put into them.

    Args:
        expected: entries of the source or of the artifact, in order.
        actual: entries of the restored directory, in order.
        excluded: directories that the backup left out on purpose, below the root.
        owners_comparable: False where owners could not be restored; then they are not compared.
        of_source: False where `expected` is what the artifact holds: its setuid and setgid bits are not restored.
    """
    found = Collector("files", "Files match: content, mode, owner; none missing or extra")
    leave_out = _LeftOut(excluded)
    seen: Counter[str] = Counter()
    size_bytes = 0
    for before, after in _without_implied_directories(pair(expected, leave_out.kept(actual))):
        if before is not None and leave_out.matching(before.path) is not None:
            continue
        path = (before or after or _NOTHING).path
        if path:
            found.compared += 1
            if after is not None:
                seen[after.kind] += 1
                size_bytes += after.size_bytes
        if before is not None and before.privileged and not of_source:
            before = unprivileged(found, before)
        if before is None:
            assert after is not None
            _extra(found, after)
        elif after is None:
            _missing(found, before)
        else:
            _compare(found, before, after, owners_comparable, leave_out)
    for directory, (files, total) in leave_out.present.items():
        found.add(
            "excluded-present",
            directory,
            f"{directory} was excluded from the backup, but contains {files} files of {total} bytes.",
            severity=Severity.WARNING,
            expected=0,
            actual=files,
            remedy="These files did not come from this backup: find out where they came from.",
        )
    found.evidence("files", seen["file"])
    found.evidence("directories", seen["directory"])
    found.evidence("links", seen["symlink"] + seen["hardlink"])
    found.evidence("bytes", size_bytes)
    found.evidence("owners compared", "yes" if owners_comparable else "no, they were not restored")
    return found.result()


def check_file_references(
    references: Iterable[tuple[bytes, str]],
    files: Iterable[FileState],
    dumped_at: datetime | None = None,
    *,
    source: Iterable[FileState] | None = None,
    owners_restored: bool = True,
    broken: Mapping[bytes, bytes] | None = None,
) -> CheckResult:
    """Every file that a row refers to is there and can be opened, and every uploaded file belongs to a row.

    The application keeps documents of an envelope that no column is for, and lists of resumes among the resumes: one
    file without a row is a warning. A directory of an envelope of which no row knows anything is a lost row, unless
    its files came after the dump.

    Args:
        references: pairs of a path relative to the storage directory and the label of a row, such as
            `docusign_envelopes id=7 (summary_filename)`, in order of the path; several rows may share a file.
        files: entries of the restored directory, in order.
        dumped_at: when the database was dumped; None when nothing says so.
        source: entries of the source, in order; None for a backup that brings no such list.
        owners_restored: False where owners could not be restored; then nothing is reported of who may read what.
        broken: symbolic links that point at nothing, with their targets.
    """
    title = "Every referenced file exists and opens; every upload has its row"
    found = Collector("file-references", title)
    openable = Openable(found, of_source=source is not None, owners_restored=owners_restored, broken=broken or {})
    nested, unreferenced = Nested(), Unreferenced(found, dumped_at)
    rows = _in_order(references)
    row = next(rows, None)
    referred = missing = 0

    def lacking(found_at: list[bytes] | None) -> None:
        """Rows whose file would have come before this place; all that are left without one."""
        nonlocal row, referred, missing
        while row is not None and (found_at is None or row[0] < found_at):
            referred += 1
            missing += 1
            unreferenced.row(row[1])
            _reference_missing(found, row[1], row[2])
            row = next(rows, None)

    for before, entry in pair(source or (), files):
        if entry is None:
            continue
        openable.enter(entry)
        nested.enter(entry)
        key = order_key(entry.path)
        lacking(key)
        label = ""
        while row is not None and row[0] == key:
            referred += 1
            label = label or row[2]
            unreferenced.row(row[1])
            if entry.kind not in CONTENT_KINDS:
                _reference_missing(found, row[1], row[2], entry.kind)
            row = next(rows, None)
        if entry.kind == "symlink":
            openable.judge_link(entry, before, label)
        elif label and entry.kind in CONTENT_KINDS:
            openable.judge(entry, before, label)
        if not label and entry.kind in CONTENT_KINDS and belongs_to_a_row(entry.path):
            unreferenced.file(entry)
    lacking(None)
    unreferenced.end()
    nested.report(found, missing)
    found.compared = referred + unreferenced.count
    found.evidence("references", referred)
    found.evidence("files without a row", unreferenced.count)
    return found.result()


_NOTHING = FileState(b"", "", 0, "", 0, 0, 0, 0)


class _LeftOut:
    """The excluded directories, and what was found below them."""

    def __init__(self, excluded: Sequence[str]) -> None:
        self._directories = [(name, name.strip("/").encode("utf-8", "surrogateescape")) for name in excluded]
        self.present: dict[str, tuple[int, int]] = {}

    def matching(self, path: bytes) -> str | None:
        """The excluded directory at or below which a path stands."""
        return next((name for name, directory in self._directories if is_below(path, directory)), None)

    def kept(self, entries: Iterable[FileState]) -> Iterator[FileState]:
        """Take out entries that stand below an excluded directory; count the files among them."""
        for entry in entries:
            name = self.matching(entry.path)
            if name is None:
                yield entry
            elif entry.kind in CONTENT_KINDS:
                files, total = self.present.get(name, (0, 0))
                self.present[name] = (files + 1, total + entry.size_bytes)


_Pair = tuple[FileState | None, FileState | None]


def _without_implied_directories(pairs: Iterable[_Pair]) -> Iterator[_Pair]:
    """Drop directories that only the right side lists, where the left side has something below them.

    An archive need not list them. They wait here until the next entry of the left side, or the first one that
    does not stand below them, tells; there are never more of them than the tree is deep.
    """
    waiting: list[FileState] = []
    for before, after in pairs:
        path = (before or after or _NOTHING).path
        while waiting and not is_below(path, waiting[-1].path):
            yield None, waiting.pop()
        if before is not None:
            waiting.clear()
        if before is None and after is not None and after.kind == "directory":
            if after.path:  # a root that only one side lists is no difference
                waiting.append(after)
        elif path or after is not None:
            yield before, after
    for entry in reversed(waiting):
        yield None, entry


def _extra(found: Collector, entry: FileState) -> None:
    shown = coded(entry.path)
    found.add(
        "file-extra",
        shown,
        f"{shown} ({_described(entry)}) is present but not in the backup.",
        expected="nothing",
        actual=_described(entry),
        remedy="The target was not empty before the restore, or something wrote to it afterwards.",
    )


def _missing(found: Collector, entry: FileState) -> None:
    shown = coded(entry.path)
    found.add(
        "file-missing",
        shown,
        f"{shown} ({_described(entry)}) is missing after the restore.",
        expected=_described(entry),
        actual="nothing",
    )


def _compare(
    found: Collector, before: FileState, after: FileState, owners_comparable: bool, leave_out: _LeftOut
) -> None:
    shown = coded(before.path)
    if before.kind == "hardlink" and leave_out.matching(before.target) is not None:
        return  # its other name was left out: a backup without that one has this one as the file
    if before.kind != after.kind:
        message = f"{shown} was {_described(before)} and is now {_described(after)}."
        found.add("file-kind", shown, message, expected=before.kind, actual=after.kind)
        return
    if before.size_bytes != after.size_bytes:
        message = f"{shown} had {before.size_bytes} bytes and now has {after.size_bytes}."
        found.add("file-size", shown, message, expected=before.size_bytes, actual=after.size_bytes)
    elif before.sha256 != after.sha256:
        message = f"{shown} has the same size of {after.size_bytes} bytes but different content."
        found.add("file-checksum", shown, message, expected=before.sha256, actual=after.sha256)
    if before.target != after.target:
        targets = coded(before.target), coded(after.target)
        message = f"{shown} pointed to {targets[0]} and now points to {targets[1]}."
        found.add("link-target", shown, message, expected=targets[0], actual=targets[1])
    if before.mode != after.mode and before.kind != "symlink":  # Linux has no modes on symbolic links
        modes = f"{before.mode:04o}", f"{after.mode:04o}"
        message = f"{shown} had mode {modes[0]} and now has {modes[1]}."
        found.add("file-mode", shown, message, expected=modes[0], actual=modes[1])
    if owners_comparable and (before.uid, before.gid) != (after.uid, after.gid):
        owners = f"{before.uid}:{before.gid}", f"{after.uid}:{after.gid}"
        message = f"{shown} belonged to {owners[0]} and now belongs to {owners[1]}."
        remedy = "Restore as root and keep numeric owners (tar --numeric-owner)."
        found.add("file-owner", shown, message, expected=owners[0], actual=owners[1], remedy=remedy)
    if before.kind == "file" and before.mtime_s != after.mtime_s:
        message = f"{shown} has a different modification time."
        found.add(
            "file-time",
            shown,
            message,
            severity=Severity.WARNING,
            expected=f"{before.mtime_s} s since 1970",
            actual=f"{after.mtime_s} s since 1970",
        )


def _described(entry: FileState) -> str:
    if entry.kind == "file":
        return f"a file of {entry.size_bytes} bytes"
    if entry.target:
        return f"a {entry.kind} to {coded(entry.target)}"
    return f"a {entry.kind}"


def _reference_missing(found: Collector, path: bytes, label: str, kind: str = "") -> None:
    shown = coded(path)
    found.add(
        "file-reference-missing",
        label,
        f"{label} refers to {shown}, but {(f'that is a {kind}' if kind else 'there is no such file')}.",
        expected=shown,
        actual=f"a {kind}" if kind else "nothing",
        remedy="Look for the file in an earlier backup; back up the database before the files.",
    )


def _in_order(references: Iterable[tuple[bytes, str]]) -> Iterator[tuple[list[bytes], bytes, str]]:
    before: list[bytes] = []
    for path, label in references:
        key = order_key(path)
        if key < before:
            raise HarnessError(f"the list of file references is out of order at {coded(path)}")
        before = key
        yield key, path, label


def unprivileged(found: Collector, entry: FileState) -> FileState:
    """The entry as it is restored where nobody knows whether the source had it so."""
    if entry.kind == "file":
        shown, mode = coded(entry.path), entry.mode & ~PRIVILEGES
        found.add(
            "file-privileged",
            shown,
            f"{shown} is setuid or setgid (mode {entry.mode:04o} in the backup) and was restored with {mode:04o}: "
            "no evidence shows that the source had this mode.",
            severity=Severity.WARNING,
            expected=f"{mode:04o}",
            actual=f"{entry.mode:04o}",
            remedy="Uploads never need this: find out who set it.",
        )
    return replace(entry, mode=entry.mode & ~PRIVILEGES)

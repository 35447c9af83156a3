"""A backup that is one zip archive (spatie/laravel-backup): its script in `db-dumps/`, and the application's files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.artifacts.dump.source import ChunkStream, Composed, open_script
from harness.artifacts.storage.inside import KNOWN, root_inside
from harness.artifacts.storage.names import printable
from harness.artifacts.storage.zipped import ZipArchive
from harness.base.errors import UnsafeArtifact, UsageError

_DUMPS = re.compile(rb"(?:.*/)?db-dumps/[^/]+\.sql(?:\.\w+)?", re.DOTALL)
_AT_THE_TOP = re.compile(rb"(?:[^/]+/)?[^/]+\.sql(?:\.\w+)?", re.DOTALL)
_LARGEST_PASSWORD_BYTES = 1024
_LISTED = 6


@dataclass(frozen=True, slots=True)
class ZippedScript(Composed):
    """A script that is an entry of a zip archive, plain or compressed once more."""

    archive: ZipArchive

    @property
    def name(self) -> str:
        """Of the entry and of the archive."""
        return f"{printable(self.archive.script)} in {self.archive.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.archive.path,)

    def chunks(self) -> Iterator[bytes]:
        """The script; raises as `open_script` and `ZipArchive.content` do."""
        with io.BufferedReader(ChunkStream(self.archive.content(self.archive.script), self.name)) as stream:
            yield from open_script(stream)


def find_in_zip(path: Path, password: bytes | None) -> tuple[ZippedScript, ZipArchive]:
    """The script and the storage that a zip archive holds.

    Args:
        password: of its encrypted entries.

    Raises:
        UsageError: it lacks one of them, holds several scripts, or the password is missing or wrong.
        BrokenArtifact: it is cut or damaged.
        UnsafeArtifact: it holds its script twice, or too many entries.
    """
    archive = ZipArchive(path, password)
    archive.check_password()
    entries = archive.entries()
    files = [entry.path for entry in entries if entry.kind == "file"]
    scripts = [name for name in files if _DUMPS.fullmatch(name)]
    scripts = scripts or [name for name in files if _AT_THE_TOP.fullmatch(name)]
    program = f"unzip {path.name} -d DIRECTORY" if password is None else f"7z x {path.name}"
    by_hand = f"Extract it ({program}), then give the dump with --dump and the storage with --storage."
    if not scripts:
        raise UsageError(f"{path} is a zip archive without a mysqldump script in db-dumps/", by_hand)
    if len(set(scripts)) > 1:
        listed = ", ".join(printable(name) for name in scripts[:_LISTED])
        raise UsageError(f"{path} contains more than one mysqldump script: {listed}", by_hand)
    if len(scripts) > 1:
        raise UnsafeArtifact(
            f"{path} contains {printable(scripts[0])} twice",
            "Which one is extracted depends on the program; create the archive again in one run.",
        )
    try:
        inside = root_inside(entry for entry in entries if entry.path != scripts[0])
    except UsageError as error:
        raise UsageError(f"{path}: {error.fact}", by_hand) from None
    # `public` stands at the top of every application: see root_inside.
    if not inside and not any(entry.path.split(b"/")[0] in KNOWN - {b"public"} for entry in entries):
        raise UsageError(f"{path} contains no storage directory (storage/app), as after backup:run --only-db", by_hand)
    archive = replace(archive, script=scripts[0])
    return ZippedScript(archive), archive


def read_password(path: Path) -> bytes:
    """The password in a file: all of it but a line break at its end.

    Raises:
        UsageError: the file can't be read, or holds none; its content is never part of the text.
    """
    try:
        with path.open("rb") as file:
            password = file.read(_LARGEST_PASSWORD_BYTES + 1).rstrip(b"\r\n")
    except OSError as error:
        raise UsageError(f"--password-file: cannot read {path}: {error.strerror}") from None
    if not password or len(password) > _LARGEST_PASSWORD_BYTES or b"\n" in password:
        raise UsageError(
            f"--password-file: {path} does not contain a password: one line of at most {_LARGEST_PASSWORD_BYTES} bytes",
            "Write only the password into the file.",
        )
    return password

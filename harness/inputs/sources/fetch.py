"""Fetching files of a backup into a private directory, once each, with what is known of where they came from."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.base.errors import DISK_FULL, HarnessError, UsageError
from harness.base.model import Provenance
from harness.base.private import private_directory, private_file
from harness.base.settings import Settings
from harness.inputs.patterns import newest
from harness.inputs.sources.command import PLACEHOLDER, Snapshot, check_program, command_output, newest_snapshot
from harness.inputs.sources.encrypted import Decryption
from harness.inputs.sources.stores import RemoteStore, RemoteTree, StoreEntry, is_pattern, is_url, open_store
from harness.inputs.sources.transfer import check_digests, children, content, newest_entry
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
from harness.runtime.process.host import LocalHost

_ROOM = "Make room, or name a directory on another disk with --fetch-to or APIARY_DRILL_STATE_DIR."
_LISTED = 10


class Sources:
    """What one command of the harness fetches: gone when the block ends, unless it is to be kept.

    Args:
        settings: limits, the environment of commands, and where drills keep their data.
        drill_id: owner of the directory; a killed one's is swept by the next start.
        keep_in: an empty or new directory in which the files stay; None to delete them.

    Attributes:
        provenance: of what was fetched so far, and of what was chosen by a pattern.
    """

    def __init__(
        self, settings: Settings, drill_id: str, say: Callable[[str], None], keep_in: Path | None = None
    ) -> None:
        self.provenance: list[Provenance] = []
        self.settings = settings
        self._drill_id = drill_id
        self._say = say
        self._keep_in = keep_in
        self._held = ExitStack()
        self._root: Path | None = None
        self._known: dict[tuple[str, ...], Path] = {}
        self._snapshots: dict[tuple[str, ...], Snapshot] = {}

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *exc: object) -> None:
        self._held.close()

    def output(self, argv: Sequence[str], key: str, base: Path, snapshot_argv: Sequence[str] = ()) -> Path:
        """A file with what a command writes.

        Args:
            argv: program and arguments, without a shell; `{snapshot}` is replaced.
            key: `dump_command` or `storage_command`.
            base: work directory of the commands.
            snapshot_argv: lists snapshots as JSON; asked once, if a command wants one.

        Raises:
            UsageError: there is no such program.
            HarnessError: it failed, or there is no room: nothing of it is left.
        """
        if (known := self._known.get((key, *argv))) is not None:
            return known
        limit_s = self.settings.limits.step_s
        host = LocalHost({**self.settings.command_env, DRILL_ID_VARIABLE: self._drill_id}, cwd=str(base))
        check_program(argv, key, host)
        snapshot = Snapshot()
        if snapshot_argv and any(PLACEHOLDER in word for word in argv):
            check_program(snapshot_argv, "snapshot_command", host)
            snapshot = self._snapshots.get(tuple(snapshot_argv)) or newest_snapshot(
                host, snapshot_argv, key="snapshot_command", limit_s=limit_s
            )
            self._snapshots[tuple(snapshot_argv)] = snapshot
        self._say(f"running {key} ({argv[0]})")
        role = "database" if key == "dump_command" else "storage"
        named = [word.replace(PLACEHOLDER, snapshot.name) for word in argv]
        with self._place() as place:
            path = place / f"{role}-from-{Path(argv[0]).name}"
            size, sha256 = written(path, command_output(host, named, key=key, limit_s=limit_s))
        self.provenance.append(
            Provenance(role, f"{key} ({argv[0]})", snapshot.name, snapshot.made_at, size, sha256)
        )  # fmt: skip
        return self._known.setdefault((key, *argv), path)

    def located(self, location: str, base: Path, role: str) -> Path:
        """The file or directory that a path, a URL or a pattern means; raises as `url` and `newest` do."""
        if is_url(location):
            return self.url(location, role)
        found = newest(location, base)
        if is_pattern(location):
            modified = datetime.fromtimestamp(found[0].stat().st_mtime, UTC)
            among = tuple(str(path) for path in found[:_LISTED])
            origin = Provenance(role, str(found[0]), modified_at=modified, matched=len(found), among=among)
            if origin not in self.provenance:  # each drill of a matrix looks anew
                self.provenance.append(origin)
        return found[0]

    def url(self, url: str, role: str) -> Path:
        """A file, or a directory of files, of a store: of a pattern, the newest that it matches.

        Raises:
            UsageError: there is none, the store refuses it, or two are equally new.
            BrokenArtifact: it is not what a digest beside it says.
            HarnessError: the store cannot be reached, or there is no room: nothing of it is left.
        """
        if (known := self._known.get((url,))) is not None:
            return known
        store, path = open_store(url, self.settings.command_env)
        self._held.callback(store.close)
        entry, among = newest_entry(store, path)
        origin = Provenance(role, store.shown(entry.path), entry.version, entry.modified_at)
        if among:
            origin = replace(
                origin, matched=len(among), among=tuple(store.shown(each.path) for each in among[:_LISTED])
            )  # fmt: skip
        self._say(f"fetching {origin.location}")
        with self._place() as place:
            if not isinstance(store, RemoteTree) or not entry.is_directory:
                size, sha256 = self._file(store, entry, place / entry.name)
                origin = replace(origin, size_bytes=size, sha256=sha256, checked=check_digests(store, entry, place))
            else:
                files = [each for each in children(store, entry.path) if not each.is_directory]
                must_fit(place / entry.name, sum(each.size_bytes or 0 for each in files))
                private_directory(place / entry.name)
                for each in files:
                    self._file(store, each, place / entry.name / each.name)
                times = [each.modified_at for each in files if each.modified_at]
                origin = replace(origin, modified_at=max(times, default=None))
        self.provenance.append(origin)
        return self._known.setdefault((url,), place / entry.name)

    def _file(self, store: RemoteStore, entry: StoreEntry, path: Path) -> tuple[int, str]:
        known = written(path, content(store, entry), size_bytes=entry.size_bytes or 0)
        if entry.modified_at is not None:
            os.utime(path, (entry.modified_at.timestamp(),) * 2)  # of several in a directory the newest is meant
        return known

    def decryption(self, program: str, key_file: Path | None, options: tuple[str, ...] = ()) -> Decryption:
        """How files are decrypted, with the limits and the environment of this run."""
        settings = self.settings
        return Decryption(program, key_file, options, settings.command_env, settings.limits.step_s)

    @contextmanager
    def _place(self) -> Iterator[Path]:
        """A new directory for one artifact, which nobody else can read; after an error, nothing of it is left."""
        if self._root is None and self._keep_in is not None:
            if self._keep_in.exists() and (not self._keep_in.is_dir() or any(self._keep_in.iterdir())):
                raise UsageError(f"--fetch-to: {self._keep_in} is not an empty directory", "Name a new one.")
            private_directory(self._keep_in.absolute())
            self._root = self._keep_in.absolute()
        elif self._root is None:
            self._root = self._held.enter_context(workspace(self.settings.state_dir, self._drill_id)) / "fetched"
        place = self._root / str(len(self._known) + 1)
        private_directory(place)
        try:
            yield place
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise


def written(path: Path, chunks: Iterable[bytes], *, size_bytes: int = 0) -> tuple[int, str]:
    """Write a stream into a new file that only its owner reads; size and SHA-256 of it.

    Args:
        size_bytes: how much will come, where that is known: there has to be room for it.

    Raises:
        HarnessError: there is no room.
    """
    must_fit(path, size_bytes)
    digest, size = hashlib.sha256(), 0
    try:
        with private_file(path) as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise HarnessError(f"no room for {path.name} in {path.parent} after {size} bytes", _ROOM) from None
    return size, digest.hexdigest()


def must_fit(path: Path, size_bytes: int) -> None:
    """Raise HarnessError if there is no room for so many bytes where a file or directory is to be."""
    free = shutil.disk_usage(path.parent).free
    if size_bytes > free:
        raise HarnessError(f"{path.name} has {size_bytes} bytes, and {path.parent} has room for {free}", _ROOM)
